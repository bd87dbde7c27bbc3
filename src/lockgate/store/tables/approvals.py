"""Tables of approvals: requests with their whole state, their events, sealed payloads, votes,
executions, the switch.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from lockgate.store.tables import metadata

requests = Table(
    "requests",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(16), nullable=False),  # action | glass | standing | lift
    Column("status", String(24), nullable=False),
    Column("version", Integer, nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("principal", String(256), nullable=False),
    Column("connection", String(128), nullable=False),
    Column("operation", String(64), nullable=False),
    Column("risk", String(8), nullable=False),
    Column("attempt_key", String(64), nullable=False),
    Column("action_digest", String(64), nullable=False),
    Column("commitment", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("decide_by_at", BigInteger, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # canonical JSON of approvals.Request
    Column("envelope", Text, nullable=False),  # canonical JSON of the action envelope
    Column("view", Text, nullable=False),  # canonical JSON of the rendered view
    Column("facts", Text, nullable=False),  # canonical JSON: revealed, people, parent, child, batch, standing
    Column("batch", String(40), nullable=False),
)
Index("requests_by_key", requests.c.attempt_key, requests.c.created_at)
_OPEN = requests.c.status.in_(["PENDING", "APPROVED"]) & (requests.c.kind == "action")
Index("requests_open_once", requests.c.attempt_key, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
"""Two processes that open the identical action at once: one of them fails, and joins when it tries again."""
Index("requests_by_status", requests.c.status, requests.c.principal)

request_events = Table(
    "request_events",
    metadata,
    Column("request", String(40), ForeignKey("requests.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),  # canonical JSON of approvals.history, each naming the one before
    Column("mac", LargeBinary, nullable=False),  # by a key outside the store
)
"""What a request's state is rebuilt from; the row in `requests` is a cache of it."""

payloads = Table(
    "payloads",
    metadata,
    Column("request", String(40), ForeignKey("requests.id"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

commitment_salts = Table(
    "commitment_salts",
    metadata,
    Column("commitment", String(64), primary_key=True),
    Column("salt", LargeBinary, nullable=False),
)
"""Apart, so that erasing a salt forgets the payload and leaves the log whole."""

ballots = Table(
    "ballots",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("request", String(40), ForeignKey("requests.id"), nullable=False),
    Column("person", String(256), nullable=False),
    Column("approve", Boolean, nullable=False),
    Column("counted", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("opened_at", BigInteger, nullable=False),  # when this person first saw the view, 0 if never
)
Index("ballots_by_person", ballots.c.person, ballots.c.at)

viewings = Table(
    "viewings",
    metadata,
    Column("request", String(40), ForeignKey("requests.id"), primary_key=True),
    Column("person", String(256), primary_key=True),
    Column("at", BigInteger, nullable=False),
)

executions = Table(
    "executions",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("request", String(40), nullable=False),  # empty when no people were needed
    Column("instance", String(64), nullable=False),
    Column("principal", String(256), nullable=False),
    Column("connection", String(128), nullable=False),
    Column("operation", String(64), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, nullable=False),
    Column("status", String(24), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("code", String(64), nullable=False),
    # The upstream's name for the transaction, known before the effect; empty where it has none.
    Column("transaction", String(32), nullable=False, server_default=""),
)
# How many records a principal looked up in a minute (of the epoch); kept for an hour.
lookups = Table(
    "lookups",
    metadata,
    Column("principal", String(256), primary_key=True),
    Column("minute", BigInteger, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

Index("executions_open", executions.c.status, executions.c.instance)

delegations = Table(
    "delegations",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("giver", String(256), nullable=False),
    Column("receiver", String(256), nullable=False),
    Column("group", String(128), nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False),
    Column("revoked", Boolean, nullable=False),
)

kill_switch = Table(
    "kill_switch",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("on", Boolean, nullable=False),
    Column("by", String(256), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("lifts", Text, nullable=False),  # canonical JSON: who agreed to lift it, and when
)
