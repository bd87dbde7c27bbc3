"""The outbox: `put` in the transaction that makes a message true, `claim` and `settle` by whoever sends."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from sqlalchemy import Connection, insert, select, update

from lockgate.action import JSON, canonical
from lockgate.store.tables.outbox import outbox

MOST_ATTEMPTS = 8
FIRST_WAIT_S = 5
LEASE_S = 60
SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    channel: str
    destination: str
    body: JSON
    attempts: int
    created_at: int


def put(conn: Connection, channel: str, destination: str, body: JSON, *, now_at: int) -> None:
    conn.execute(
        insert(outbox).values(
            id="msg_" + secrets.token_hex(12),
            channel=channel,
            destination=destination,
            body=canonical(body).decode(),
            created_at=now_at,
            attempts=0,
            due_at=now_at,
            state="waiting",
            error="",
        )
    )


def claim(conn: Connection, channel: str, *, now_at: int, most: int = 50) -> list[Message]:
    """Messages that are due. Each is leased for a minute: a sender that dies loses none."""
    rows = conn.execute(
        select(outbox)
        .where(outbox.c.state == "waiting", outbox.c.channel == channel, outbox.c.due_at <= now_at)
        .order_by(outbox.c.due_at)
        .limit(most)
    ).all()
    for row in rows:
        conn.execute(
            update(outbox)
            .where(outbox.c.id == row.id)
            .values(attempts=row.attempts + 1, due_at=now_at + LEASE_S * SECOND)
        )
    return [
        Message(r.id, r.channel, r.destination, cast(JSON, json.loads(r.body)), r.attempts + 1, r.created_at)
        for r in rows
    ]


def settle(
    conn: Connection,
    message: Message,
    *,
    error: str,
    now_at: int,
    most: int = MOST_ATTEMPTS,
    longest_s: int = 0,
    wait_s: int = 0,
) -> None:
    """Sent (`error` empty), to be tried again after a doubling wait, or dead after eight tries.

    `most` is another number of tries; with `longest_s` the wait grows no further than that. `wait_s` is what the
    service itself asks for: it is no shorter.
    """
    if not error:
        values: dict[str, object] = {"state": "sent", "error": ""}
    elif message.attempts >= most:
        values = {"state": "dead", "error": error[:200]}
    else:
        grown_s = FIRST_WAIT_S * 2 ** (message.attempts - 1)
        wait_s = max(wait_s, min(grown_s, longest_s) if longest_s else grown_s)
        values = {"due_at": now_at + wait_s * SECOND, "error": error[:200]}
    conn.execute(update(outbox).where(outbox.c.id == message.id).values(**values))


def dead_letters(conn: Connection) -> list[tuple[str, str, str]]:
    """`(id, channel, kind of failure)` of what was given up."""
    rows = conn.execute(select(outbox.c.id, outbox.c.channel, outbox.c.error).where(outbox.c.state == "dead"))
    return [(r.id, r.channel, r.error) for r in rows]


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What has not arrived: given up (`dead`), or tried in vain and due again at `due_at`."""

    id: str
    channel: str
    to: str
    """The destination's host: the rest of an address may be its secret."""
    state: str
    attempts: int
    error: str
    created_at: int
    due_at: int
    request: str


def undelivered(conn: Connection, *, most: int = 200) -> list[Undelivered]:
    """Newest first; the body is left where it is."""
    rows = conn.execute(
        select(outbox)
        .where((outbox.c.state == "dead") | ((outbox.c.state == "waiting") & (outbox.c.error != "")))
        .order_by(outbox.c.created_at.desc())
        .limit(most)
    )
    return [
        Undelivered(
            r.id,
            r.channel,
            urlsplit(r.destination).hostname or "",
            r.state,
            r.attempts,
            r.error,
            r.created_at,
            r.due_at,
            str(json.loads(r.body).get("request", "")),
        )
        for r in rows
    ]


def revive(conn: Connection, message_id: str, *, now_at: int) -> bool:
    """Try what was given up anew, from the first wait on; False when there is no such dead letter."""
    done = conn.execute(
        update(outbox)
        .where(outbox.c.id == message_id, outbox.c.state == "dead")
        .values(state="waiting", attempts=0, due_at=now_at)
    )
    return done.rowcount == 1
