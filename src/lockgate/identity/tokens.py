"""Tokens: 256 random bits behind a prefix that says what they open. Only their SHA-256 is kept.

A plain hash is enough here and a slow one would add nothing: there is nothing to guess in 256 random bits.
"""

from __future__ import annotations

import hashlib
import secrets
from enum import StrEnum


class TokenKind(StrEnum):
    """`session` votes and administers (an interactive login), `connection` opens one connection, `key` fetches such."""

    SESSION = "lgs"
    CONNECTION = "lgt"
    KEY = "lgk"


def new_token(kind: TokenKind) -> str:
    return f"{kind.value}_{secrets.token_urlsafe(32)}"


def kind_of(token: str) -> TokenKind | None:
    prefix = token.partition("_")[0]
    return TokenKind(prefix) if prefix in TokenKind._value2member_map_ else None


def token_hash(token: str) -> str:
    return hashlib.sha256(b"lockgate/token/v1\0" + token.encode()).hexdigest()
