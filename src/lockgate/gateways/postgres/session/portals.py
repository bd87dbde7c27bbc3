"""What a name stands for now: whether a portal may be bound or declared, and whether a bound one still means the same.

The server keeps portals and cursors under one roof, cuts names at 63 bytes, and looks up some names only when a portal
is executed. Whatever the gateway could take for another than the server does is refused.
"""

from __future__ import annotations

from lockgate.gateways.postgres.classify.barriers import OBJECTS
from lockgate.gateways.postgres.classify.named import RESERVED
from lockgate.gateways.postgres.session.records import Portal, Registry
from lockgate.gateways.postgres.settings.wishes import Settings

LONGEST_NAME_BYTES = 63
"""NAMEDATALEN - 1: two names that differ behind it are one to the server."""
RESOLVED_WHEN_EXECUTED = OBJECTS | {"export", "copy_in", "execute"}
"""Their names are looked up only when their portal is executed: another search_path would give them another meaning."""


def names(kind: int, raw: bytes) -> list[bytes]:
    """The names of statements and portals in a message of the extended protocol."""
    if kind in b"DC":
        return [raw[6:].partition(b"\0")[0]]
    if kind in b"PE":
        return [raw[5:].partition(b"\0")[0]]
    return raw[5:].split(b"\0", 2)[:2] if kind == ord("B") else []


def too_long(kind: int, raw: bytes) -> bool:
    return any(len(name) > LONGEST_NAME_BYTES for name in names(kind, raw))


def reserved(kind: int, raw: bytes) -> bool:
    """Whether this names a statement or portal as the gateway names its own: the server takes one for the other."""
    return any(name.startswith(RESERVED.encode()) for name in names(kind, raw))


def is_taken(registry: Registry, name: bytes) -> bool:
    """Whether a portal or a cursor of that name may be there; the unnamed portal gives way to the next."""
    return bool(name) and registry.has(name.decode("utf-8", "replace"))


def is_stale(registry: Registry, portal: Portal, settings: Settings, behind: bool) -> bool:
    """Whether what this portal was decided as may be another now. `behind`: something decisive is on its way."""
    if not portal.prepared.statements:
        return False
    if portal.under is not None and (settings.dirty or settings.under() != portal.under):
        return True
    statement = portal.prepared.statements[0]
    kind, name = statement.classified.kind, statement.classified.name
    if kind == "fetch":
        return registry.cursors.get(name) is not portal.cursor
    if kind == "execute":
        known = registry.prepared.get(name.encode())
        if known is None or not known.statements or known.statements[0].analysis is not statement.analysis:
            return True
    return kind in RESOLVED_WHEN_EXECUTED and (behind or portal.search_path != settings.search_path)
