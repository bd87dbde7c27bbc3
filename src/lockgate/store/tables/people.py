"""Tables of people, agents and services: accounts, memberships and owners with their history, credentials."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from lockgate.store.tables import metadata

people = Table(
    "people",
    metadata,
    Column("id", String(256), primary_key=True),  # issuer:subject
    Column("kind", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(256), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("password", Text, nullable=False),  # argon2id, empty where there is none
)

memberships = Table(
    "memberships",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("person", String(256), nullable=False),
    Column("group", String(128), nullable=False),
    Column("joined_at", BigInteger, nullable=False),
    Column("joined_by", String(256), nullable=False),
    Column("left_at", BigInteger, nullable=False),  # 0 while a member
    Column("left_by", String(256), nullable=False),
)
Index("memberships_by_person", memberships.c.person)

owners = Table(
    "owners",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("agent", String(256), nullable=False),
    Column("owner", String(256), nullable=False),
    Column("since_at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False),  # 0 while an owner
)
Index("owners_by_agent", owners.c.agent)

links = Table(
    "links",
    metadata,
    Column("one", String(256), primary_key=True),
    Column("other", String(256), primary_key=True),
    Column("at", BigInteger, nullable=False),
)

credentials = Table(
    "credentials",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(16), nullable=False),  # session | connection | key
    Column("person", String(256), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("audience", String(128), nullable=False),
    Column("root", String(300), nullable=False),  # the registered key or login that it comes from
    Column("minted_by", String(256), nullable=False),
    Column("on_behalf_of", String(256), nullable=False),
    Column("actors", Text, nullable=False),  # canonical JSON: ids, outermost first
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger, nullable=False),
    Column("mac", LargeBinary, nullable=True),  # over all the others, by a key outside the store
)
Index("credentials_by_root", credentials.c.root)
