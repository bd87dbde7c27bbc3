"""Tables of the log: events as they were committed, the tree over them, and signed checkpoints."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from lockgate.store.tables import metadata

events = Table(
    "events",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("time_at", BigInteger, nullable=False),
    Column("type", String(64), nullable=False),
    Column("request", String(40), nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),  # until a signed tree covers it, an event is under a MAC
    Column("leaf_index", BigInteger, nullable=True, unique=True),
)
Index("events_by_request", events.c.request, events.c.seq)
Index("events_by_type", events.c.type, events.c.time_at)

nodes = Table(
    "nodes",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)
"""Hashes of complete subtrees: `(level, position)` covers leaves `position·2^level` and the next 2^level - 1."""

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("signed_at", BigInteger, nullable=False),
)
