"""The MAC that an event is under until it is in a signed tree: HMAC-SHA-256 with a key that is outside of the store."""

from __future__ import annotations

import hashlib
import hmac

from lockgate.store.seal import KeyRing


def event_key(keys: KeyRing) -> bytes:
    return keys.derive("event-mac")


def event_mac(key: bytes, leaf: bytes) -> bytes:
    return hmac.digest(key, leaf, hashlib.sha256)


def is_genuine(key: bytes, leaf: bytes, mac: bytes) -> bool:
    """Whether this event is as it was written."""
    return hmac.compare_digest(event_mac(key, leaf), mac)
