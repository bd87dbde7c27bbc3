"""Versions of the policy set: each that was ever in force, by the digest that events name it with."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from lockgate.store.tables import metadata

policy_versions = Table(
    "policy_versions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("files", Text, nullable=False),  # canonical JSON: name to text, profiles.yaml among them
    Column("first_at", BigInteger, nullable=False),
)
