"""A clinic with people, a store and the service over it; time stands still until a test moves it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from lockgate.action import Action, Decision, Effect, Kind, Principal, Question, Reason, Requester
from lockgate.services.approvals import Approvals, Opened, Proposal, Refusal, RequestView, Rules, Voter
from lockgate.services.views import ViewFacts
from lockgate.store import KeyRing, open_store
from lockgate.store.tables.log import events

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
START = 1_800_000_000 * SECOND
ONE = {"stages": [{"count": 1, "group": "privacy"}], "decision_ttl_s": 28800, "grant_ttl_s": 3600}
TWO = {
    "stages": [{"count": 1, "group": "privacy"}, {"count": 1, "group": "data-owner"}],
    "decision_ttl_s": 28800,
    "grant_ttl_s": 3600,
}


@dataclass(frozen=True)
class Person:
    id: str
    kind: Kind
    groups: Mapping[str, int]
    created_at: int = START - 60 * DAY
    created_by: str = "local:root"
    changed_by: tuple[tuple[str, int, str], ...] = ()
    active: bool = True
    linked: frozenset[str] = frozenset()


@dataclass
class Directory:
    """The directory's contract, in memory."""

    everyone: dict[str, Person]
    past_owners: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    credentials: dict[str, frozenset[str]] = field(default_factory=dict)

    def people(self, conn: object) -> list[Person]:
        return list(self.everyone.values())

    def owners_since(self, conn: object, agent_id: str, since_at: int) -> frozenset[str]:
        return frozenset(who for who, until_at in self.past_owners.get(agent_id, []) if until_at >= since_at)

    def minters(self, conn: object, credential_id: str) -> frozenset[str]:
        return self.credentials.get(credential_id, frozenset())

    def change(self, name: str, **changes: Any) -> None:
        self.everyone[f"local:{name}"] = replace(self.everyone[f"local:{name}"], **changes)


def human(name: str, *groups: str) -> Person:
    return Person(f"local:{name}", Kind.HUMAN, dict.fromkeys(groups, START - 60 * DAY))


@dataclass
class World:
    approvals: Approvals
    store: Any
    directory: Directory
    clock: Clock
    loosened: set[str]
    events: Callable[[], Any]

    def action(self, payload: bytes = b"copy patients to stdout", **changes: Any) -> Action:
        bot = Principal("local", "bot", Kind.AGENT)
        made = Action(
            tenant="clinic",
            connection="clinic",
            upstream="pg:clinic",
            requester=Requester(bot, "key-1", "10.2.0.7", owners=frozenset({"local:ana"})),
            questions=(Question("sql.export", "clinic/public.patients"),),
            payload=payload,
            classes=frozenset({"name", "ssn"}),
        )
        return replace(made, **changes)

    def proposal(self, action: Action | None = None, *, waiting: bool = True, **profiles: Any) -> Proposal:
        profiles = profiles or {"one-reviewer": ONE}
        action = action or self.action()
        return Proposal(
            action=action,
            decision=Decision(
                Effect.REQUIRE,
                action.classes - action.reveal,
                action.reveal,
                tuple(profiles),
                (Reason("exports", "Exports need a reviewer"),),
                "p" * 64,
            ),
            profiles=profiles,
            policy_digest="p" * 64,
            catalog_digest="c" * 64,
            view_facts=ViewFacts(statement_masked="COPY patients TO STDOUT", resources=("clinic/public.patients",)),
            waiting=waiting,
            estimated_rows=41200,
            statement="5" * 64,
        )

    async def opened(self, proposal: Proposal | None = None) -> Opened:
        result = await self.approvals.propose(proposal or self.proposal())
        assert isinstance(result, Opened), result
        return result

    async def vote(
        self, name: str, request_id: str, *, approve: bool = True, reason: str = "ok", **session: Any
    ) -> RequestView | Refusal:
        shown = await self.approvals.get(request_id)
        assert isinstance(shown, RequestView)
        voter = Voter(f"local:{name}", **{"interactive": True, "token_has_act": False, **session})
        return await self.approvals.vote(
            request_id,
            voter=voter,
            approve=approve,
            reason=reason,
            action_digest=shown.action_digest,
            view_digest=shown.view_digest,
        )

    async def approved(self, proposal: Proposal | None = None) -> Opened:
        opened = await self.opened(proposal)
        done = await self.vote("rita", opened.request_id)
        assert isinstance(done, RequestView)
        assert done.state == "APPROVED"
        return opened

    def allow(self, action: Action) -> Callable[[frozenset[str]], Decision]:
        """A policy that allows once anything is satisfied, as an approval would make it."""

        def decide(satisfied: frozenset[str]) -> Decision:
            effect = Effect.ALLOW if satisfied else Effect.DENY
            return Decision(effect, action.classes - action.reveal, action.reveal, (), (), "p" * 64)

        return decide

    async def consume(self, request_id: str, action: Action | None = None) -> Any:
        action = action or self.action()
        return await self.approvals.consume(request_id, action, self.allow(action))

    async def state(self, request_id: str) -> str:
        shown = await self.approvals.get(request_id)
        assert isinstance(shown, RequestView)
        return shown.state


@dataclass
class Clock:
    now_at: int = START

    def __call__(self) -> int:
        return self.now_at

    def sleep(self, seconds: float) -> None:
        self.now_at += int(seconds * SECOND)


@contextlib.asynccontextmanager
async def open_world(url: str, keys: KeyRing, clock: Clock) -> AsyncIterator[World]:
    """The clinic over the store at `url`."""
    people = [
        human("root", "admins"),
        human("ana", "privacy", "analysts"),
        human("rita", "privacy"),
        human("omar", "data-owner"),
        human("petra", "privacy", "data-owner", "admins"),
        human("doc", "break-glass"),
        Person("local:bot", Kind.AGENT, {}),
    ]
    directory = Directory({person.id: person for person in people})
    loosened: set[str] = set()
    async with open_store(url, clock=clock, keys=keys) as store:
        approvals = Approvals(
            store,
            directory,
            keys,
            clock,
            "https://gate:8443",
            rules=Rules(webhooks=("ops",)),
            changes=lambda conn, connection, since_at: frozenset(loosened),
        )
        yield World(approvals, store, directory, clock, loosened, lambda: read_events(store))
        approvals.close()


async def read_events(store: Any) -> list[tuple[str, dict[str, Any]]]:
    """Every event so far, in order, as the log holds it."""
    query = select(events.c.type, events.c.leaf).order_by(events.c.seq)
    rows = await store.read(lambda conn: list(conn.execute(query)))
    return [(row.type, json.loads(bytes(row.leaf))["body"]) for row in rows]
