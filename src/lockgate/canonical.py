"""Canonical JSON (RFC 8785), and what is made from it: domain-separated digests and salted commitments.

A payload is never in a digest, only a salted commitment to it: a bare hash of a statement with an SSN in it can be
guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

import orjson
import rfc8785

from lockgate.errors import NotCanonical

JSON: TypeAlias = "bool | int | str | Sequence[JSON] | Mapping[str, JSON] | None"

SCHEMA_VERSION = 1
MAX_SAFE_INTEGER = 2**53 - 1
MOST_NESTED = 64


def canonical(value: JSON, *, ascii_only: bool = False) -> bytes:
    """Canonical JSON (RFC 8785, JCS), or `NotCanonical` for what would not survive a round trip.

    Stricter than JCS on purpose: no floats at all (so no NaN and no rounding), integers within ±(2^53-1), string
    keys only, no lone surrogates. With `ascii_only` a key that is not ASCII is `NotCanonical` too.
    """
    ascii_keys = _keys_are_ascii(value, 0)
    if ascii_only and not ascii_keys:
        raise NotCanonical("an object has a key that is not ASCII")
    try:
        if ascii_keys:
            # With ASCII keys the orders of JCS (UTF-16 units) and orjson (bytes) are one; eight times faster.
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS)
    except orjson.JSONEncodeError:
        pass
    return rfc8785.dumps(cast("dict[str, str]", value))


def parse_canonical(data: bytes) -> JSON:
    """Read canonical JSON back; anything that is not its own canonical form is `NotCanonical`."""
    try:
        value = cast(JSON, json.loads(data, object_pairs_hook=_no_duplicates, parse_constant=_refuse_constant))
    except (ValueError, RecursionError) as error:
        raise NotCanonical("not JSON that Lockgate accepts", hint="send canonical JSON (RFC 8785)") from error
    if canonical(value) != data:
        raise NotCanonical("JSON is not in canonical form", hint="sort keys and drop white space (RFC 8785)")
    return value


def digest(domain: str, value: JSON) -> str:
    """Hex SHA-256 over `lockgate/<domain>/v1`, a zero byte and the canonical form of `value`."""
    return hashlib.sha256(f"lockgate/{domain}/v{SCHEMA_VERSION}\0".encode() + canonical(value)).hexdigest()


def commit(payload: bytes, salt: bytes) -> str:
    """Hex HMAC-SHA-256 of `payload` under a random 32-byte `salt`: binds without telling, and forgets with its salt."""
    if len(salt) != 32:
        raise NotCanonical("a commitment needs a salt of 32 bytes")
    return hmac.new(salt, b"lockgate/payload/v1\0" + payload, hashlib.sha256).hexdigest()


def _no_duplicates(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    seen = dict(pairs)
    if len(seen) != len(pairs):
        raise NotCanonical("a JSON object names a key twice")
    return seen


def _refuse_constant(name: str) -> JSON:
    raise NotCanonical(f"{name} is not JSON")


def _keys_are_ascii(value: JSON, depth: int) -> bool:
    """Whether every key in it is ASCII, found on the one walk that refuses what is ambiguous (NotCanonical)."""
    if depth > MOST_NESTED:
        raise NotCanonical(f"JSON is nested deeper than {MOST_NESTED} levels")
    if value is None or isinstance(value, str | int):  # asked first: asking whether it is a Mapping costs more
        _refuse_scalar(value)
        return True
    if isinstance(value, Mapping):
        ascii_keys = True
        for key, item in value.items():
            if not isinstance(key, str):
                raise NotCanonical("an object has a key that is no string")
            if not key.isascii():
                ascii_keys = False
                _refuse_scalar(key)
            if type(item) is str and depth < MOST_NESTED and item.isascii():  # what most of an event is
                continue
            ascii_keys &= _keys_are_ascii(item, depth + 1)
        return ascii_keys
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        ascii_keys = True
        for item in value:
            if type(item) is str and depth < MOST_NESTED and item.isascii():
                continue
            ascii_keys &= _keys_are_ascii(item, depth + 1)
        return ascii_keys
    _refuse_scalar(value)
    return True


def _refuse_scalar(value: object) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, int):
        if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
            raise NotCanonical("an integer exceeds 2^53-1", hint="write it as a string")
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise NotCanonical("a string holds a lone surrogate") from error
    else:
        raise NotCanonical(f"a {type(value).__name__} has no canonical form")
