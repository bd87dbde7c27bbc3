"""What the units of one group may remember for one another: facts that were read in the transaction that they share."""

from __future__ import annotations

from sqlalchemy import Connection

_KEY = "lockgate_group"


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
