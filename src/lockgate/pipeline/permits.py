"""Letting recur what people have approved once: the permit is drafted and tried here, decided by people, and kept in
force here until its date.

The policy set in force is the folder's files and, under `allowed/`, the permits that the approvals service vouches for.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from lockgate.action import JSON, Action, Decision, Effect, Question, digest
from lockgate.audit.event import Event
from lockgate.errors import LockgateError, PolicyError
from lockgate.pipeline.nouns import Facts, Wishes
from lockgate.pipeline.path import Pipeline
from lockgate.pipeline.questions import moment_of, query_of
from lockgate.policy import PolicyHolder
from lockgate.policy.permits import LONGEST_DAYS, NEVER, Allowance, cedar, date_of, words
from lockgate.services import policy_versions
from lockgate.services.approvals import Approvals, Opened, Proposal, Refusal, Repeatable, Voter
from lockgate.services.views import ViewFacts
from lockgate.store import Store, new_id

FORBIDDEN = "LG002"
AGAIN_S = 1.0
ROOM = 2
"""A permit allows twice the rows that were estimated for its example, unless its drafter says otherwise."""
ADDRESS = re.compile(r"[0-9A-Fa-f.:]*")


@dataclass(slots=True)
class Permits:
    """One a process. `changed` is called when the policy set in force is another."""

    policy: PolicyHolder
    approvals: Approvals
    pipeline: Pipeline
    store: Store
    changed: Callable[[], None]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever puts another policy set in force: a later reading must not be overtaken by an earlier."""

    async def draft(
        self, request_id: str, *, until: date, drafter: Voter, catalog_digest: str, most_rows: int = 0
    ) -> Opened | Refusal:
        """Put a permit for what this request did before those who decide on such a request."""
        found = await self.approvals.repeatable(request_id, drafter)
        if isinstance(found, Refusal):
            return found
        today = date_of(self.store.clock())
        if not today <= until <= today + timedelta(days=LONGEST_DAYS):
            last = (today + timedelta(days=LONGEST_DAYS)).isoformat()
            return Refusal(FORBIDDEN, "a permit ends within 90 days", f"--until {last} at the latest", request_id)
        allowance = allowance_of(found, id=new_id("req"), author=drafter.person_id, until=until, most_rows=most_rows)
        wrong = unfit(allowance, found)
        if wrong is not None:
            return wrong
        text = cedar(allowance)
        tried = self._try(found, allowance, text)
        if isinstance(tried, Refusal):
            return tried
        decision, profiles = tried
        return await self.approvals.propose_permit(
            allowance.id,
            _proposal(found, allowance, text, decision, profiles, self.policy.current.digest, catalog_digest),
            {
                "of": request_id,
                "author": drafter.person_id,
                "until": until.isoformat(),
                "file": allowance.file,
                "text": text,
                "lets": list(words(allowance)),
            },
            drafter=drafter,
            until_at=_end_of(until),
        )

    def _try(self, found: Repeatable, allowance: Allowance, text: str) -> tuple[Decision, Mapping[str, JSON]] | Refusal:
        """What policy says of it now, and the profiles to ask: those of now and those of then. Refused unless it asks
        people now and would not with the permit, showing no more."""
        facts, wishes = facts_of(found, allowance)
        query = query_of(found.requester, facts, wishes, False, moment_of(self.store.clock()))
        now = self.policy.current.decide(query)
        if now.effect is Effect.ALLOW:
            return Refusal(FORBIDDEN, "policy allows this unasked already", "", found.of)
        if now.effect is Effect.DENY:
            return Refusal(FORBIDDEN, "policy forbids this now, and no permit lifts that", "", found.of)
        try:
            then = self.policy.permitted({**self.policy.permits, allowance.file: text}).decide(query)
        except PolicyError as error:
            return Refusal(FORBIDDEN, f"the permit is no valid policy: {error.message}", error.hint, found.of)
        if not then.allowed or then.revealed - now.revealed:
            return Refusal(
                FORBIDDEN,
                "a forbid asks people about this each time, and no permit lifts that",
                "lockgate policy explain says which",
                found.of,
            )
        current = {name: self.policy.current.profiles[name].body() for name in now.profiles}
        return now, {**found.profiles, **current}

    async def begin(self) -> None:
        """At start: the folder's files with the permits in force; the version is kept by whoever starts."""
        self.policy.adopt(self.policy.permitted(await self._in_force()))

    async def refresh(self) -> None:
        """Make the policy set in force hold exactly the permits that are in force."""
        async with self.lock:
            permits = await self._in_force()
            if permits == dict(self.policy.permits):
                return
            fresh = self.policy.permitted(permits)

            def unit(conn: Connection) -> tuple[None, list[Event]]:
                policy_versions.keep(conn, fresh, now_at=self.store.clock())
                return None, []

            # Kept before it decides anything, as every version is; why it changed is logged with the votes.
            await self.store.transact(unit)
            self.policy.adopt(fresh)
            self.changed()

    async def refresh_soon(self) -> None:
        """`refresh`, again and again while the store fails: nothing is recorded then, so nothing runs either."""
        while True:
            try:
                return await self.refresh()
            except LockgateError:
                await asyncio.sleep(AGAIN_S)

    async def _in_force(self) -> dict[str, str]:
        return {one.file: one.text for one in await self.approvals.permits_in_force()}


def allowance_of(found: Repeatable, *, id: str, author: str, until: date, most_rows: int) -> Allowance:
    """No more than the request did: its terms are those that a standing grant would have had."""
    terms: Mapping[str, Any] = found.terms
    requester = found.requester
    behalf = requester.on_behalf_of
    members = (requester.principal, *requester.actors, *([] if behalf is None else [behalf]))
    return Allowance(
        id=id,
        of=found.of,
        author=author,
        until=until,
        acting=tuple({member.id: member for member in members}.values()),
        statement=terms["statement"],
        questions=tuple(Question(operation, resource) for operation, resource in terms["questions"]),
        classes=frozenset(terms["classes"]),
        probes=frozenset(terms["probes"]),
        lookups=frozenset(terms["lookups"]),
        reveal=frozenset(terms["reveal"]),
        masks=frozenset(f"{cls}={how}" for cls, how in terms["operators"].items()),
        address=requester.client_address,
        destination=terms["destination"],
        rows=most_rows or terms["rows"] * ROOM,
        row_cap=terms["row_cap"],
        byte_cap=terms["byte_cap"],
    )


def unfit(allowance: Allowance, found: Repeatable) -> Refusal | None:
    """Why no permit is drafted for what this does."""
    never = sorted({q.operation for q in allowance.questions} & NEVER)
    if never:
        return Refusal(FORBIDDEN, f"{', '.join(never)} is put before people each time", "", found.of)
    if not allowance.rows:
        return Refusal(
            FORBIDDEN,
            "how many rows it reaches is not known, and a permit has a bound",
            "ANALYZE the tables and have it approved once more",
            found.of,
        )
    if not ADDRESS.fullmatch(allowance.address):
        return Refusal(FORBIDDEN, "where the requester connects from is no address that policy compares", "", found.of)
    return None


def facts_of(found: Repeatable, allowance: Allowance) -> tuple[Facts, Wishes]:
    """The example, as policy is asked about it."""
    terms: Mapping[str, Any] = found.terms
    facts = Facts(
        questions=allowance.questions,
        classes=allowance.classes,
        probes=allowance.probes,
        lookups=allowance.lookups,
        estimated_rows=min(max(1, terms["rows"]), allowance.rows),
        destination=allowance.destination,
        statement=allowance.statement,
        masks=allowance.masks,
    )
    wishes = Wishes(
        reveal=allowance.reveal,
        purpose=terms["purpose"],
        most_rows=allowance.row_cap,
        most_bytes=allowance.byte_cap,
    )
    return facts, wishes


def _proposal(
    found: Repeatable,
    allowance: Allowance,
    text: str,
    decision: Decision,
    profiles: Mapping[str, JSON],
    policy_digest: str,
    catalog_digest: str,
) -> Proposal:
    """The change of policy as people are asked about it. Its attempt key is that of the terms alone, so that a denied
    permit does not come back with another date; the text and its date are bound by the fingerprint."""
    terms: Mapping[str, Any] = found.terms
    action = Action(
        tenant=found.tenant,
        connection=terms["connection"],
        upstream=terms["upstream"],
        requester=found.requester,
        questions=allowance.questions,
        payload=digest("permit-terms", dict(terms)).encode(),
        classes=allowance.classes,
        probes=allowance.probes,
        reveal=allowance.reveal,
        operators=dict(terms["operators"]),
        destination=allowance.destination,
        row_cap=allowance.row_cap,
        byte_cap=allowance.byte_cap,
        purpose=terms["purpose"],
        tool_fingerprint=digest("permit", text),
    )
    drafter, who, until = allowance.author, allowance.acting[0].id, allowance.until.isoformat()
    facts = ViewFacts(
        asks=f"{drafter} wants {who} to repeat {found.of} without asking anybody until {until}",
        statement_masked=found.statement,
        does=(f"change policy: {who} may do this again, as often as it likes", *words(allowance)),
        permit=text,
        classes=allowance.classes,
        estimated_rows=allowance.rows,
        destination=f"the client at {allowance.address or 'a local socket'}",
        flags=("it will run with other values than those that were approved", "nobody is asked while it is in force"),
        on_approve=f"this is policy until {until}: it runs unasked, is logged, and may be revoked at any time",
    )
    asked = Decision(
        Effect.REQUIRE,
        decision.masked,
        decision.revealed,
        tuple(profiles),
        decision.reasons,
        decision.policy_digest,
    )
    return Proposal(
        action=action,
        decision=asked,
        profiles=profiles,
        policy_digest=policy_digest,
        catalog_digest=catalog_digest,
        view_facts=facts,
        waiting=False,
        estimated_rows=allowance.rows,
    )


def _end_of(until: date) -> int:
    """The first instant after that day, UTC."""
    return int((datetime(until.year, until.month, until.day, tzinfo=UTC) + timedelta(days=1)).timestamp()) * 1_000_000
