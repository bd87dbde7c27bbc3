"""What must be answered before anything behind it is looked at: a pipelining client is judged by nothing stale.

A statement that moves the search_path, makes or drops an object, or changes what a name stands for is *decisive*: the
statements behind it mean something else. The gateway forwards it, and looks at what follows only once the server has
answered. Where it cannot wait (in the same string, or before the Sync of the same pipeline) what follows is refused.
"""

from __future__ import annotations

from lockgate.gateways.postgres.classify.classified import Classified
from lockgate.gateways.postgres.settings.allowed import READING

OBJECTS = frozenset({"ddl", "drop", "temp", "code", "files", "grant"})
"""What may make, change or drop an object."""
READS_ROWS = "copy_in"
"""While COPY FROM STDIN reads rows the server swallows other messages: none may be on its way to it."""
NAMES = frozenset({"prepare", "deallocate", "discard"})
SETTINGS = frozenset({"set", "reset", "discard"})

BEHIND = "a statement behind one that changes what it means is sent once that one has been answered"
BEHIND_HINT = "send it in a message of its own, after Sync"


def moves_settings(classified: Classified, *, code: bool, unsettled: bool) -> bool:
    """Whether the search_path or `lockgate.*` may be another afterwards.

    `code`: it calls functions that are not known. `unsettled`: a setting was changed in the open transaction, so that
    its end (or that of a savepoint) changes it back.
    """
    if classified.kind == "set" or (classified.kind == "reset" and not classified.whole):
        name = (classified.set or ("", None))[0]
        return name == "search_path" or name.startswith("lockgate.")
    if classified.kind == "transaction":
        return unsettled
    return code or classified.kind in SETTINGS or classified.kind in OBJECTS


def varies(classified: Classified, *, varied: bool) -> bool:
    """Whether values may be read otherwise afterwards.

    `varied`: that was changed in the open transaction, so that its end (or that of a savepoint) changes it back.
    """
    if classified.kind in ("set", "reset"):
        return (classified.set or ("", None))[0] in READING
    return varied and classified.kind == "transaction"


def is_decisive(classified: Classified, *, code: bool, unsettled: bool) -> bool:
    """Whether what follows must not be looked at before this is answered."""
    kind = classified.kind
    return (
        kind in OBJECTS
        or kind in NAMES
        or kind == READS_ROWS
        or moves_settings(classified, code=code, unsettled=unsettled)
    )
