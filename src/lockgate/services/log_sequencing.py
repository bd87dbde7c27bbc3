"""One step of the sequencer, in one transaction: what is durable and has no place in the tree gets one, under a new
checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import BindParameter, Connection, bindparam, insert, select, update

from lockgate.audit import Frontier, SigningKey, leaf_hash, make_checkpoint
from lockgate.errors import AuditError
from lockgate.services.log_tree import Head, last_checkpoint, move_head
from lockgate.store import Clock
from lockgate.store.event_mac import is_genuine
from lockgate.store.tables import log as t

LARGEST_STEP = 5000
"""Events that one step takes at most."""
ADVISORY_LOCK = 7155113


def step(
    conn: Connection,
    *,
    mac_key: bytes,
    signers: tuple[SigningKey, SigningKey | None],
    clock: Clock,
    must_continue: Callable[[Head | None], None],
) -> tuple[int, Head | None]:
    """How many events got a place, and the tree's head now; None while there is no event at all.

    `must_continue` is asked before anything is signed, with the head in the store, and raises where the store
    contradicts what is known from outside. AuditError: the newest checkpoint or an event was changed.
    """
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
    last = last_checkpoint(conn)
    before = None if last is None else Head(int(last.size), bytes(last.root))
    frontier = Frontier() if last is None else Frontier.from_bytes(bytes(last.frontier))
    rows = conn.execute(
        select(t.events.c.seq, t.events.c.id, t.events.c.leaf, t.events.c.mac)
        .where(t.events.c.leaf_index.is_(None))
        .order_by(t.events.c.seq)
        .limit(LARGEST_STEP)
    ).all()
    if not rows:
        return 0, before
    must_continue(before)
    if before is not None and (frontier.size, frontier.root()) != (before.size, before.root):
        raise AuditError("the newest checkpoint contradicts itself")
    made: list[tuple[int, int, bytes]] = []
    places = []
    for row in rows:
        if not is_genuine(mac_key, row.leaf, row.mac):
            raise AuditError(f"event {row.id} was changed before it was signed")
        places.append({"b_seq": row.seq, "b_index": frontier.size})
        frontier, complete = frontier.append(leaf_hash(row.leaf))
        made += complete
    after = Head(frontier.size, frontier.root())
    move_head(conn, before, after)
    conn.execute(update(t.events).where(t.events.c.seq == _bind("b_seq")).values(leaf_index=_bind("b_index")), places)
    conn.execute(insert(t.nodes), [{"level": lv, "position": p, "hash": h} for lv, p, h in made])
    note = make_checkpoint(frontier.size, frontier.root(), *signers)
    conn.execute(
        insert(t.checkpoints).values(
            size=frontier.size,
            root=frontier.root(),
            frontier=frontier.to_bytes(),
            note=note,
            signed_at=clock(),
        )
    )
    return len(rows), after


def _bind(name: str) -> BindParameter[object]:
    return bindparam(name)
