"""What the last logged actions would have got under another policy, as far as the log says what was asked.

The log holds no statement: it holds who asked, what was asked of policy, and what came out. Each action is asked again
under the policy of its time, which is kept: where that does not give what was recorded, or where the new policy reads
what the log does not say (the statement's key; of older events look-ups, the estimate of rows and more), the action is
*unsure*, not guessed at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from lockgate.action import Decision, Effect, Kind, Principal, Question, Requester
from lockgate.errors import PolicyError
from lockgate.identity import Person
from lockgate.policy import Context, PolicySet, Query, parse
from lockgate.policy.model import UNKNOWN_ROWS
from lockgate.policy.permits import date_of, day
from lockgate.services.accounts import directory
from lockgate.services.policy_versions import version
from lockgate.store.tables import approvals, log

TOLD = {
    "purpose": "purpose",
    "lookups": "lookups",
    "rows": "rows",
    "address": "address",
    "auth": "auth",
    "row_cap": "caps",
    "byte_cap": "caps",
    "statement": "",
    "masks": "",
}
"""Facts of the context that an event may lack, and where in it they are; "" is nowhere."""
HOUR_US = 3600 * 1_000_000
SAME, CHANGED, UNSURE = "same", "changed", "unsure"
RECORDED = {"require": Effect.REQUIRE, "refused": Effect.REQUIRE, "deny": Effect.DENY}


@dataclass(frozen=True, slots=True)
class Replayed:
    """One action: what it got, and what it would get; `why` says what makes it unsure."""

    event: str
    at: int
    principal: str
    questions: tuple[str, ...]
    verdict: str
    before: str
    after: str
    why: str = ""


def replay(conn: Connection, fresh: PolicySet, *, last: int) -> list[Replayed]:
    """The last actions that policy decided, newest first, each asked again. Reads only."""
    t = log.events
    query = select(t).where(t.c.type.in_(["decision", "intent"])).order_by(t.c.seq.desc())
    people = {person.id: person for person in directory.people(conn)}
    sets: dict[str, PolicySet | None] = {}
    found: list[Replayed] = []
    for row in conn.execute(query):
        if len(found) >= last:
            break
        event = json.loads(bytes(row.leaf))
        body: dict[str, Any] = event["body"]
        if event["type"] == "intent" and body.get("request"):
            continue  # people decided that one, or a broken glass: its decision is an event of its own
        found.append(_again(conn, event, body, fresh, people, sets))
    return found


def _again(
    conn: Connection,
    event: Mapping[str, Any],
    body: Mapping[str, Any],
    fresh: PolicySet,
    people: Mapping[str, Person],
    sets: dict[str, PolicySet | None],
) -> Replayed:
    questions = tuple(f"{operation} {resource}" for operation, resource in body.get("questions", ()))
    recorded = RECORDED.get(str(body.get("decision", "")), Effect.ALLOW)
    named = str(body.get("policy", ""))
    if named not in sets:
        sets[named] = _set_of(conn, named)
    then = sets[named]
    base = (str(event["id"]), int(event["time"]), str(body.get("principal", "")), questions)
    asked = _query(conn, event, body, people)
    if then is None or asked is None:
        why = "the policy of its time is not kept" if then is None else "who asked is no longer in the directory"
        return Replayed(*base, UNSURE, recorded.value, "", why)
    before, after = then.decide(asked), fresh.decide(asked)
    if before.effect is not recorded:
        return Replayed(*base, UNSURE, recorded.value, "", "the log does not hold all that this decision rested on")
    unknown = sorted(fact for fact, told in TOLD.items() if told not in body and fresh.reads(fact))
    if unknown:
        why = f"the new policy reads what the log does not say: {', '.join(unknown)}"
        return Replayed(*base, UNSURE, _words(before), "", why)
    verdict = SAME if _gist(before) == _gist(after) else CHANGED
    return Replayed(*base, verdict, _words(before), _words(after))


def _set_of(conn: Connection, digest: str) -> PolicySet | None:
    files = version(conn, digest)
    try:
        return None if files is None else parse(files)
    except PolicyError:
        return None


def _query(
    conn: Connection, event: Mapping[str, Any], body: Mapping[str, Any], people: Mapping[str, Person]
) -> Query | None:
    """From the envelope where people were asked, else from the event and today's directory."""
    stored = None
    if body.get("request"):
        t = approvals.requests
        stored = conn.execute(select(t.c.envelope, t.c.view).where(t.c.id == body["request"])).first()
    if stored is not None:
        known = json.loads(stored.envelope)
        requester: Requester | None = _from_envelope(known["requester"])
        reveal = frozenset(known["reveal"])
    else:
        requester = _from_directory(conn, body, people)
        reveal = frozenset(body.get("revealed", ()))
    if requester is None:
        return None
    classes = frozenset(body.get("classes", ()))
    when, rows, caps = int(event["time"]), body.get("rows", 0), body.get("caps", {})
    return Query(
        requester=requester,
        questions=tuple(Question(str(o), str(r)) for o, r in body.get("questions", ())),
        probes=frozenset(body.get("probes", ())),
        lookups=frozenset(body.get("lookups", ())),
        classes=classes,
        reveal=reveal & classes,
        context=Context(
            purpose=str(body.get("purpose", "")),
            classes=classes,
            rows=UNKNOWN_ROWS if rows is None else int(rows),
            destination=str(body.get("destination", "client")),
            address=requester.client_address,
            hour=when // HOUR_US % 24,
            today=day(date_of(when)),
            auth=str(body.get("auth", "")),
            row_cap=int(caps.get("rows", 0)),
            byte_cap=int(caps.get("bytes", 0)),
        ),
        clean=frozenset(body.get("clean", ())),
    )


def _from_envelope(told: Mapping[str, Any]) -> Requester:
    behalf = told["on_behalf_of"]
    return Requester(
        _principal(told["principal"]),
        str(told["credential"]),
        str(told["address"]),
        tuple(_principal(actor) for actor in told["actors"]),
        None if behalf is None else _principal(behalf),
        frozenset(told["owners"]),
    )


def _principal(told: Mapping[str, Any]) -> Principal:
    issuer, _, subject = str(told["id"]).partition(":")
    return Principal(issuer, subject, Kind(told["kind"]), frozenset(told["groups"]))


def _from_directory(conn: Connection, body: Mapping[str, Any], people: Mapping[str, Person]) -> Requester | None:
    behalf = body.get("on_behalf_of")
    ids = [str(body.get("principal", "")), *(str(a) for a in body.get("actors", ()))]
    if any(name not in people for name in [*ids, *([str(behalf)] if behalf else [])]):
        return None
    everyone = [_of(people[name]) for name in ids]
    owners = body.get("owners")
    if owners is None:
        owners = [o for p in everyone if p.kind is not Kind.HUMAN for o in directory.owners_now(conn, p.id)]
    return Requester(
        everyone[0],
        str(body.get("credential", "")),
        str(body.get("address", "")),
        tuple(everyone[1:]),
        _of(people[str(behalf)]) if behalf else None,
        frozenset(owners),
    )


def _of(person: Person) -> Principal:
    issuer, _, subject = person.id.partition(":")
    return Principal(issuer, subject, Kind(person.kind), frozenset(person.groups))


def _gist(decision: Decision) -> tuple[object, ...]:
    return decision.effect, tuple(decision.profiles), decision.masked, decision.revealed


def _words(decision: Decision) -> str:
    text = decision.effect.value
    if decision.profiles:
        text += f" {'+'.join(decision.profiles)}"
    if decision.effect is not Effect.DENY and decision.masked:
        text += f", masked: {', '.join(sorted(decision.masked))}"
    if decision.effect is not Effect.DENY and decision.revealed:
        text += f", shown: {', '.join(sorted(decision.revealed))}"
    return text
