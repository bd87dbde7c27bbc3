"""Versions of the PHI map: each as it was accepted, by whom and when."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from lockgate.store.tables import metadata

catalog_versions = Table(
    "catalog_versions",
    metadata,
    Column("connection", String(128), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),  # YAML
    Column("digest", String(64), nullable=False),
    Column("changed_by", String(256), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
