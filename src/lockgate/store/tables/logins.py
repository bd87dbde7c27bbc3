"""Logins that began at an identity provider and have not come back yet."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table, Text

from lockgate.store.tables import metadata

logins = Table(
    "logins",
    metadata,
    Column("id", String(64), primary_key=True),  # hash of the state
    Column("kind", String(8), nullable=False),  # browser | cli | device
    Column("handle", String(64), nullable=False),  # hash of what only whoever began it has
    Column("redirect", Text, nullable=False),
    Column("link_to", String(256), nullable=False),  # the account that asks to be linked, empty for a login
    Column("session", String(64), nullable=False),  # hash of the session that asked for that
    Column("address", String(64), nullable=False),
    Column("sealed", Text, nullable=False),  # base64: the device code (RFC 8628), under a key outside the store
    Column("interval_s", BigInteger, nullable=False),
    Column("asked_at", BigInteger, nullable=False),  # when the provider was last asked about it
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("mac", LargeBinary, nullable=True),  # over all the others, by a key outside the store
)
"""A row is taken away by the one who uses it: there is no second time."""
