"""Masked values must not come back as data: a program that writes every field it read would store `[NAME]`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lockgate.action import PHI_CLASSES

_CLASSES = "|".join(cls.upper() for cls in PHI_CLASSES)
_MASKED = re.compile(rf"\[(?:{_CLASSES})\]|\b(?:{_CLASSES})-[0-9A-HJKMNP-TV-Z]{{13}}\b".encode())


def holds_token(text: bytes) -> bool:
    """Whether a text holds what Lockgate itself puts in a masked value's place."""
    return _MASKED.search(text) is not None


def any_token(text: bytes, values: Sequence[bytes | None]) -> bool:
    return holds_token(text) or any(value is not None and holds_token(value) for value in values)
