"""The inbox: which open requests are whose, quick with ten thousand of them.

Whose a request is follows from its state and the directory, which no index of a database knows. So what matters of
each open request is kept in memory by its row's version: a look reads the versions, and only rows that have changed.
Nothing is believed for it: who opens or decides a request looks at that one again (`desk.look`, `desk.take`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, and_, or_, select

from lockgate.approvals import Request, Status, asked, groups_of
from lockgate.approvals.codec import from_text
from lockgate.approvals.machine import settle
from lockgate.errors import LockgateError
from lockgate.services.approvals import people as who
from lockgate.services.approvals.desk import Desk
from lockgate.services.approvals.entries import load_where, texts
from lockgate.services.approvals.nouns import RequestView
from lockgate.services.approvals.showing import shown
from lockgate.store.tables import approvals as t

OPEN = (Status.PENDING.value, Status.APPROVED.value, Status.REVIEW_DUE.value)
AT_ONCE = 400
"""Rows that are read by one statement: databases bound its parameters."""


class Box(StrEnum):
    """`decide`: it is this person's turn; `waiting`: they, or an agent of theirs, asked; `all`: also what is over."""

    DECIDE = "decide"
    WAITING = "waiting"
    ALL = "all"


Cursor = tuple[int, str]
"""The last one of the page before: when it was created, and its id."""


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Newest first; `next` leads on, `decide` and `waiting` count what is in those boxes."""

    items: tuple[RequestView, ...]
    next: Cursor | None
    decide: int
    waiting: int


@dataclass(frozen=True, slots=True)
class _Open:
    """What says whose an open request is: the groups whose turn it is, the accounts that may not decide it or have
    done so, and who asked."""

    version: int
    created_at: int
    request: Request
    asks: frozenset[str]
    settled: frozenset[str]
    parties: frozenset[str]


class Inbox:
    """One for a process; its memory grows with the requests that are open, and shrinks with them."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def page(self, desk: Desk, conn: Connection, person: str, box: Box, after: Cursor | None, limit: int) -> InboxPage:
        """In a read. At most `limit` of the box, from after the cursor."""
        now_at = desk.clock()
        people = who.look(desk, conn, now_at)
        boxes = self._boxes(conn, people, person, now_at)
        if box is Box.ALL:
            found = _newest(conn, after, limit + 1)
        else:
            mine = sorted(boxes[box], reverse=True)
            found = [id for at, id in mine if after is None or (at, id) < after][: limit + 1]
        entries = {entry.request.id: entry for entry in load_where(conn, t.requests.c.id.in_(found), limit=limit + 1)}
        items = tuple(shown(desk, entries[id], now_at) for id in found if id in entries)
        more = len(items) > limit
        items = items[:limit]
        last = (items[-1].created_at, items[-1].id) if more and items else None
        return InboxPage(items, last, len(boxes[Box.DECIDE]), len(boxes[Box.WAITING]))

    def _boxes(self, conn: Connection, people: who.People, person: str, now_at: int) -> dict[Box, list[Cursor]]:
        accounts = people.links.get(person, frozenset({person}))
        groups, judged = people.groups(person), accounts | people.lenders(person)
        boxes: dict[Box, list[Cursor]] = {Box.DECIDE: [], Box.WAITING: []}
        for id, one in self._look(conn).items():
            decide = bool(one.asks & groups) and not one.settled & judged
            waiting = bool(one.parties & accounts)
            if (not decide and not waiting) or settle(one.request, now_at).status is not one.request.status:
                continue
            if decide:
                boxes[Box.DECIDE].append((one.created_at, id))
            if waiting:
                boxes[Box.WAITING].append((one.created_at, id))
        return boxes

    def _look(self, conn: Connection) -> dict[str, _Open]:
        known = self._open
        versions = select(t.requests.c.id, t.requests.c.version).where(t.requests.c.status.in_(OPEN))
        now = {row.id: row.version for row in conn.execute(versions)}
        found = {id: one for id, one in known.items() if now.get(id) == one.version}
        found |= _read(conn, [id for id in now if id not in found])
        self._open = found
        return found


def _read(conn: Connection, ids: list[str]) -> dict[str, _Open]:
    found = {}
    c = t.requests.c
    for start in range(0, len(ids), AT_ONCE):
        query = select(c.id, c.version, c.created_at, c.state, c.facts).where(c.id.in_(ids[start : start + AT_ONCE]))
        for row in conn.execute(query):
            try:
                request, facts = from_text(row.state), json.loads(row.facts)
            except (LockgateError, KeyError, TypeError, ValueError):
                continue  # it cannot be read: whoever decides or sweeps finds that out
            parties = frozenset(texts(facts.get("everyone")))
            found[row.id] = _Open(row.version, row.created_at, request, *_asks(request), parties)
    return found


def _asks(request: Request) -> tuple[frozenset[str], frozenset[str]]:
    """The groups that may say something now, and the accounts of those who may not, or have said it."""
    if request.status is Status.PENDING:
        return frozenset(asked(request)), _named(request, (name for vote in request.votes for name in vote.ids))
    if request.status is Status.REVIEW_DUE:
        return groups_of(request.quorums), _named(request, (name for vote in request.reviews for name in vote.ids))
    return frozenset(), frozenset()


def _named(request: Request, voted: Iterable[str]) -> frozenset[str]:
    return frozenset(request.conflicts) | frozenset(voted)


def _newest(conn: Connection, after: Cursor | None, limit: int) -> list[str]:
    c = t.requests.c
    query = select(c.id).order_by(c.created_at.desc(), c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(or_(c.created_at < after[0], and_(c.created_at == after[0], c.id < after[1])))
    return list(conn.execute(query).scalars())
