"""Messages to send, written in the transaction that makes them true."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from lockgate.store.tables import metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("destination", Text, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON, no PHI
    Column("created_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),  # waiting, sent, dead
    Column("error", Text, nullable=False),  # the kind of failure, never a body
)
Index("outbox_due", outbox.c.state, outbox.c.due_at)
