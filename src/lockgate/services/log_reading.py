"""What is read of the log inside of a transaction: the newest checkpoint, one event's receipt, a page of events."""

from __future__ import annotations

from sqlalchemy import Connection, select

from lockgate.audit import inclusion_proof, make_tlog_proof
from lockgate.errors import AuditError
from lockgate.services.log_tree import last_checkpoint, node_reader
from lockgate.store.tables import log as t


def newest_note(conn: Connection) -> str:
    """The newest signed checkpoint. AuditError: there is none."""
    last = last_checkpoint(conn)
    if last is None:
        raise AuditError("nothing is signed yet")
    return str(last.note)


def receipt(conn: Connection, event_id: str) -> str:
    """The tlog-proof of one event under the newest checkpoint. AuditError: no such event, or not signed yet."""
    row = conn.execute(select(t.events.c.leaf, t.events.c.leaf_index).where(t.events.c.id == event_id)).first()
    last = last_checkpoint(conn)
    if row is None:
        raise AuditError("no such event")
    if row.leaf_index is None or last is None:
        raise AuditError("the event is not signed yet", hint="try again in a second")
    path = inclusion_proof(row.leaf_index, int(last.size), node_reader(conn))
    return make_tlog_proof(bytes(row.leaf), row.leaf_index, path, str(last.note))


def page(
    conn: Connection, *, after: int = 0, kind: str = "", request: str = "", limit: int = 100
) -> list[dict[str, object]]:
    """Events after a sequence number, oldest first: `(seq, id, time_at, type, index, leaf)`."""
    query = select(t.events).where(t.events.c.seq > after).order_by(t.events.c.seq).limit(limit)
    if kind:
        query = query.where(t.events.c.type == kind)
    if request:
        query = query.where(t.events.c.request == request)
    return [
        {
            "seq": row.seq,
            "id": row.id,
            "time_at": row.time_at,
            "type": row.type,
            "index": row.leaf_index,
            "leaf": bytes(row.leaf).decode(),
        }
        for row in conn.execute(query)
    ]
