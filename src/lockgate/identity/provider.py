"""The door for an identity provider (OIDC): what it must prove before somebody counts as logged in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Claims:
    """Verified claims of one login: issuer and subject name the person; groups as the provider says them."""

    issuer: str
    subject: str
    groups: frozenset[str]


class IdentityProvider(Protocol):
    """Turns the answer of a login into verified claims, or raises AuthenticationError."""

    async def verify(self, answer: str, nonce: str) -> Claims: ...
