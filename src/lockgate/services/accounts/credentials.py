"""Credentials inside of a transaction: mint, find, revoke. The text of a token exists only in the answer to `mint`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, insert, select

from lockgate.action import canonical
from lockgate.audit.event import Event
from lockgate.identity import TokenKind, new_token, token_hash
from lockgate.store import KeyRing, new_id
from lockgate.store.sealed import change_row, is_row_genuine, row_mac
from lockgate.store.tables import people as t

SECOND = 1_000_000
SESSION_S = 12 * 3600
SESSION_IDLE_S = 3600
CONNECTION_S = 3600
KEY_S = 90 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Minted:
    """A new credential; `token` is shown once, here."""

    id: str
    person: str
    audience: str
    expires_at: int
    token: str = field(repr=False)


def mint(
    conn: Connection,
    keys: KeyRing,
    kind: TokenKind,
    person: str,
    *,
    audience: str,
    by: str,
    ttl_s: int,
    now_at: int,
    root: str = "",
    on_behalf_of: str = "",
    actors: Sequence[str] = (),
) -> tuple[Minted, Event]:
    credential, token = new_id("crd"), new_token(kind)
    expires_at = now_at + ttl_s * SECOND
    values = {
        "id": credential,
        "kind": kind.name.lower(),
        "person": person,
        "hash": token_hash(token),
        "audience": audience,
        "root": root or credential,
        "minted_by": by,
        "on_behalf_of": on_behalf_of,
        "actors": canonical(list(actors)).decode(),
        "created_at": now_at,
        "expires_at": expires_at,
        "used_at": now_at,
        "revoked_at": 0,
    }
    conn.execute(insert(t.credentials).values(**values, mac=row_mac(keys, t.credentials, values)))
    event = Event(
        "credential.registered",
        {"credential": credential, "kind": kind.name.lower(), "person": person, "audience": audience, "by": by},
    )
    return Minted(credential, person, audience, expires_at, token), event


def find(conn: Connection, keys: KeyRing, token: str, kind: TokenKind, now_at: int) -> Row[tuple[object, ...]] | None:
    """The credential of this kind that the token is, if it is alive and as it was minted."""
    row = conn.execute(select(t.credentials).where(t.credentials.c.hash == token_hash(token))).first()
    if row is None or row.kind != kind.name.lower() or row.revoked_at or row.expires_at <= now_at:
        return None
    if not is_row_genuine(keys, t.credentials, row):
        return None
    if kind is TokenKind.SESSION and row.used_at + SESSION_IDLE_S * SECOND <= now_at:
        return None
    return row


def revoke_shown_to(conn: Connection, keys: KeyRing, person: str, *, now_at: int, of: str = "") -> int:
    """Revoke what this person minted, and so was shown, for others (`of` one account alone), with all that comes from
    it; how many."""
    where = (
        t.credentials.c.minted_by == person,
        t.credentials.c.person == of if of else t.credentials.c.person != person,
    )
    shown = conn.execute(select(t.credentials.c.id).where(*where, t.credentials.c.revoked_at == 0)).scalars().all()
    return sum(revoke(conn, keys, now_at=now_at, credential=one) for one in shown)


def actors_of(row: Row[tuple[object, ...]]) -> tuple[str, ...]:
    return tuple(json.loads(row.actors))


def use(conn: Connection, keys: KeyRing, row: Row[tuple[object, ...]], now_at: int) -> None:
    """Write down that it was used now."""
    change_row(conn, keys, t.credentials, row, used_at=now_at)


def revoke(conn: Connection, keys: KeyRing, *, now_at: int, credential: str = "", person: str = "") -> int:
    """Revoke one credential with all that comes from it, or everything of a person; how many."""
    where = (
        (t.credentials.c.id == credential) | (t.credentials.c.root == credential)
        if credential
        else t.credentials.c.person == person
    )
    rows = conn.execute(select(t.credentials).where(where, t.credentials.c.revoked_at == 0)).all()
    return sum(change_row(conn, keys, t.credentials, row, revoked_at=now_at) for row in rows)
