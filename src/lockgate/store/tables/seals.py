"""Seals over sets of tables. Not in `settings`: there the log's head moves, and readers of one would meet the other."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table

from lockgate.store.tables import metadata

seals = Table(
    "seals",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("number", BigInteger, nullable=False),  # grows by one with each change
    Column("mac", LargeBinary, nullable=False),  # over the number and all rows of the set, by a key outside the store
)
