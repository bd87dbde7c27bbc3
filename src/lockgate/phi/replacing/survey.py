"""A dataset's originals, made known before the first surrogate is drawn, so that none equals one that comes later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lockgate.phi.finding import Found, Span
from lockgate.phi.replacing.derived import Secrets, check
from lockgate.phi.replacing.profile import Profile
from lockgate.phi.replacing.replace import scribe_of
from lockgate.phi.replacing.scribe import Order
from lockgate.phi.replacing.spans import by_doc
from lockgate.phi.vault import MemoryVault, Originals, Vault


def survey(
    texts: Sequence[str],
    found: Iterable[Found],
    profile: Profile,
    originals: Originals,
    vault: Vault | None = None,
    patients: Sequence[str | None] | None = None,
    *,
    secrets: Secrets = Secrets(),  # noqa: B008 - frozen
) -> None:
    """Add what a vault would be asked surrogates for to `originals`, and tell the vault those that are a patient's.

    Give a dataset's batches one after the other, then replace them with the same `originals` (`replace`). Nothing is
    drawn here. Raises what `replace` raises for spans and secrets.
    """
    check(profile, secrets)
    surveyed(Order(profile, secrets), texts, by_doc(texts, found), originals, vault, patients)


def surveyed(
    order: Order,
    texts: Sequence[str],
    of_doc: Mapping[int, list[Span]],
    originals: Originals,
    vault: Vault | None,
    patients: Sequence[str | None] | None,
) -> None:
    """As `survey`, of spans that are in order and apart."""
    for is_kept in (False, True):
        docs = [doc for doc in of_doc if (patients is not None and patients[doc] is not None) is is_kept]
        if not docs:
            continue
        known = scribe_of(order, MemoryVault(), "", docs, texts, of_doc).originals()
        originals.add(known)
        if is_kept and vault is not None:
            vault.register(known)
