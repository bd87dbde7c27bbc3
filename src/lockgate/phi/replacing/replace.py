"""Texts and their spans in; new texts out, and where in them each replacement stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lockgate.collecting import uncollected
from lockgate.phi.finding import Found, Span
from lockgate.phi.replacing.dates import Hints
from lockgate.phi.replacing.derived import Secrets, check
from lockgate.phi.replacing.pieces import Piece, asked, written
from lockgate.phi.replacing.profile import Operator, Profile
from lockgate.phi.replacing.scribe import Laid, Order, Scribe
from lockgate.phi.replacing.spans import by_doc
from lockgate.phi.vault import Avoiding, MemoryVault, Originals, Vault

FORGOTTEN = 1024
"""Texts of nobody that do not share surrogates: common names would be too few for more."""


class Place(NamedTuple):
    """What stood at `[start, end)` of the old text stands at `[new_start, new_end)` of the new one."""

    start: int
    end: int
    new_start: int
    new_end: int
    label: str
    operator: Operator


class Replaced(NamedTuple):
    """A text without its identifiers. Whoever verifies it knows by `places`, which are in order, what is no leak."""

    text: str
    places: tuple[Place, ...]


def replace(
    texts: Sequence[str],
    found: Iterable[Found],
    profile: Profile,
    vault: Vault | None = None,
    patients: Sequence[str | None] | None = None,
    *,
    secrets: Secrets = Secrets(),  # noqa: B008 - frozen
    written: int | None = None,
    hints: Hints | None = None,
    originals: Originals | None = None,
) -> list[Replaced]:
    """Each text with its spans replaced as the profile says.

    `patients` names whose text each is: surrogates and offsets are the vault's for that patient. A text of nobody
    (None) stands for itself: its surrogates are consistent within it, and forgotten. The vault is asked twice for each
    patient of the batch (first letters, then all else), not for each span. `written` is the year the texts are from:
    a date of birth 90 years before tells an age over 89, and does not keep its year. `hints` is what the dates of all
    texts say of one another, for a column of dates; without it each text speaks for itself.

    No surrogate is an original of any text of the call, nor one of `originals`: those of the dataset, which `survey`
    collects from what has not been replaced yet; those of this call are added.

    Spans may be in any order; those that overlap become one, which is redacted if their labels differ. Raises
    ConfigError where the profile wants a secret that is not given, and ValueError for spans outside of their text.
    """
    check(profile, secrets)
    of_doc = by_doc(texts, found)
    out = [Replaced(text, ()) for text in texts]
    order = Order(profile, secrets, written, hints)
    with uncollected():
        for doc, laid, parts in _rewritten(order, texts, of_doc, vault, patients, originals):
            out[doc] = Replaced("".join(parts), tuple(_places(of_doc[doc], laid, parts)))
    return out


def rewritten(
    order: Order,
    texts: Sequence[str],
    of_doc: Mapping[int, list[Span]],
    vault: Vault | None,
    patients: Sequence[str | None] | None,
    originals: Originals,
) -> list[str]:
    """As `replace`, for who wants the new texts only, of spans that are in order and apart."""
    out = list(texts)
    for doc, _, parts in _rewritten(order, texts, of_doc, vault, patients, originals):
        out[doc] = "".join(parts)
    return out


def _rewritten(
    order: Order,
    texts: Sequence[str],
    of_doc: Mapping[int, list[Span]],
    vault: Vault | None,
    patients: Sequence[str | None] | None,
    originals: Originals | None,
) -> Iterator[tuple[int, Laid, list[str]]]:
    """Each text that has spans: laid out, and its new parts."""
    of_vault = vault.originals if isinstance(vault, MemoryVault) else None
    known = originals or of_vault or Originals()
    shared = vault if vault is not None else MemoryVault(originals=known)
    if vault is not None and of_vault is not known:
        shared = Avoiding(vault, known)
    work = []
    mine: list[str] = []
    for number, (patient, docs) in enumerate(_groups(of_doc, patients)):
        if number % FORGOTTEN == 0:
            forgotten = MemoryVault(originals=known)
        memory = forgotten if patient is None else shared
        name = str(docs[0]) if patient is None else patient
        laid = scribe_of(order, memory, name, docs, texts, of_doc).laid()
        wanted: dict[_Key, Piece] = {}
        for one in laid:
            asked(one.parts, wanted)
        work.append((memory, name, docs, laid, wanted))
        known.add([original for _, original in wanted])
        # A vault that keeps what it is told is told nothing of texts of nobody.
        if patient is not None and vault is not None and of_vault is not known:
            mine += [original for _, original in wanted]
    if mine:
        shared.register(mine)
    for memory, name, docs, laid, wanted in work:
        surrogates = _asked(memory, name, wanted)
        for doc, one in zip(docs, laid, strict=True):
            yield doc, one, written(one.parts, surrogates)


_Key = tuple[str, str]
_Groups = Iterable[tuple[str | None, list[int]]]


def _groups(docs: Iterable[int], patients: Sequence[str | None] | None) -> _Groups:
    """The texts of each patient together; each text of nobody alone."""
    if patients is None:
        return [(None, [doc]) for doc in docs]
    groups: dict[str | None, list[int]] = {}
    for doc in docs:
        groups.setdefault(patients[doc], []).append(doc)
    nobodys = groups.pop(None, [])
    return [*((None, [doc]) for doc in nobodys), *groups.items()]


def scribe_of(
    order: Order, vault: Vault, patient: str, docs: list[int], texts: Sequence[str], of_doc: Mapping[int, list[Span]]
) -> Scribe:
    scribe = Scribe(order, vault, patient)
    for doc in docs:
        scribe.meet(texts[doc], of_doc[doc])
    return scribe


def _asked(vault: Vault, patient: str, wanted: dict[_Key, Piece]) -> dict[_Key, str]:
    if not wanted:
        return {}
    drawn = vault.surrogates(patient, [(kind, original, piece.draw) for (kind, original), piece in wanted.items()])
    return dict(zip(wanted, drawn, strict=True))


def _places(spans: list[Span], laid: Laid, parts: list[str]) -> Iterator[Place]:
    at = length = 0
    for (start, end, label), (first, last, operator) in zip(spans, laid.spans, strict=True):
        length += sum(map(len, parts[at:first]))
        begin = length
        length += sum(map(len, parts[first:last]))
        at = last
        yield Place(start, end, begin, length, label, operator)
