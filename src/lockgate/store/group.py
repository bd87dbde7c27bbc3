"""What a connection knows of its transaction: whether it sees its own writes, what units that share it remember."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection

_KEY = "lockgate_group"
_COMMITTED = "lockgate_committed"


@contextlib.contextmanager
def sees_committed(conn: Connection) -> Iterator[None]:
    """All that this transaction sees is committed, so nobody takes it back; until it writes (`writes_itself`)."""
    # Held: to ask a connection that died for it would raise, and hide that it died from whoever tries again then.
    info = conn.info
    info[_COMMITTED] = True
    try:
        yield
    finally:
        info.pop(_COMMITTED, None)


def writes_itself(conn: Connection) -> None:
    """From here on it may see what it wrote itself, and that may be undone."""
    conn.info.pop(_COMMITTED, None)


def is_committed(conn: Connection) -> bool:
    """Whether what this transaction sees is known to be committed. Units of a group see one another's: never there."""
    return bool(conn.info.get(_COMMITTED))


def begin_group(conn: Connection) -> None:
    """A transaction begins, or a unit of it was undone: whatever was remembered is forgotten."""
    conn.info[_KEY] = {}


def end_group(conn: Connection) -> None:
    """Outside of a group nothing is remembered."""
    conn.info.pop(_KEY, None)


def group_memo(conn: Connection) -> dict[str, bool]:
    """The group's memory; a fresh one, which nobody else sees, where units do not share a transaction.

    Whoever changes what it names takes the name out.
    """
    memo: dict[str, bool] = conn.info.get(_KEY, {})
    return memo
