"""The stored tree inside of a transaction: its head, its nodes, and whether it continues what was seen before."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, insert, select, update

from lockgate.audit import Checkpoint, consistency_proof, verify_consistency
from lockgate.errors import AuditError
from lockgate.store.tables import log as t
from lockgate.store.tables.settings import settings

HEAD = "log_head"


class Contradicted(AuditError):
    """The store is older than, or different from, what is known of the log from outside of it."""


@dataclass(frozen=True, slots=True)
class Head:
    """A size of the log and its root."""

    size: int
    root: bytes

    def to_text(self) -> str:
        return f"{self.size}:{self.root.hex()}"


def last_checkpoint(conn: Connection) -> Row[tuple[object, ...]] | None:
    return conn.execute(select(t.checkpoints).order_by(t.checkpoints.c.size.desc()).limit(1)).first()


def node_reader(conn: Connection):  # type: ignore[no-untyped-def]
    """`(level, position)` to the stored hash of a complete subtree. AuditError: it is not there."""

    def node(level: int, position: int) -> bytes:
        found = conn.execute(
            select(t.nodes.c.hash).where(t.nodes.c.level == level, t.nodes.c.position == position)
        ).scalar()
        if found is None:
            raise AuditError("the tree has a hole")
        return bytes(found)

    return node


def must_continue(conn: Connection, known: Head | Checkpoint, whose: str) -> None:
    """Raise Contradicted unless the stored tree begins with the one that `known` states (a consistency proof)."""
    last = last_checkpoint(conn)
    if last is None or last.size < known.size:
        raise Contradicted(
            f"the store is older than {whose}: it has {0 if last is None else last.size} signed events,"
            f" there were {known.size}",
            hint="an old copy was put back; use the newest, or lockgate restore",
        )
    try:
        proof = consistency_proof(known.size, last.size, node_reader(conn))
        verify_consistency(known.size, last.size, known.root, bytes(last.root), proof)
    except AuditError as error:
        raise Contradicted(
            f"the store is different from {whose}: its first {known.size} events are others",
            hint="another copy was put in its place; use the right one, or lockgate restore",
        ) from error


def move_head(conn: Connection, before: Head | None, after: Head) -> None:
    """Compare-and-set on (size, root), in the transaction that places the leaves. AuditError: it was moved before."""
    moved = conn.execute(
        update(settings)
        .where(settings.c.name == HEAD, settings.c.value == (before.to_text() if before else ""))
        .values(value=after.to_text())
    ).rowcount
    if moved == 1:
        return
    if conn.execute(select(settings.c.value).where(settings.c.name == HEAD)).first() is not None:
        raise AuditError("the log's head is not where its newest checkpoint says")
    conn.execute(insert(settings).values(name=HEAD, value=after.to_text()))


def waiting_events(conn: Connection) -> int:
    """Events that no signed tree covers yet."""
    return int(
        conn.execute(select(func.count()).select_from(t.events).where(t.events.c.leaf_index.is_(None))).scalar_one()
    )
