"""What somebody is called here whom the provider calls something else: the account's id, and the groups."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@|=-]{0,126}")
"""Subjects that are shown, logged and written in addresses as they are."""


def issuer_name(issuer: str) -> str:
    """`oidc-` and 16 hexadecimal digits: the part of an account's id before the colon, and `by` whom the provider's
    groups are given. Never an account's id itself."""
    return f"oidc-{hashlib.sha256(b'lockgate/issuer/v1' + issuer.encode()).hexdigest()[:16]}"


def account_of(issuer: str, subject: str) -> str:
    """One id for each subject of each issuer. Only these two say who somebody is: they alone never change hands, as
    an e-mail address or a name does (OpenID Connect Core 5.7).

    A subject with other characters than `PLAIN` stands there as its hash, behind a sign that no plain one has.
    """
    shown = subject if PLAIN.fullmatch(subject) else f"~{hashlib.sha256(subject.encode()).hexdigest()}"
    return f"{issuer_name(issuer)}:{shown}"


def mapped_groups(claimed: Iterable[str], mapping: Mapping[str, str]) -> frozenset[str]:
    """Lockgate's groups for the provider's; what nobody has mapped gives nothing."""
    return frozenset(mapping[name] for name in claimed if name in mapping)
