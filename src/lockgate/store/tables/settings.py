"""Small facts about the installation: when it was made, its public key, its schema."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from lockgate.store.tables import metadata

settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
