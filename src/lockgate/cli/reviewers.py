"""Who could decide for each agent, profile by profile: `doctor` reads the store, without a login."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from lockgate.action import JSON, Kind, Principal, Requester
from lockgate.identity import Person
from lockgate.policy import load
from lockgate.server.config import Config
from lockgate.services.accounts.reading import ReadOnly
from lockgate.services.approvals import Rules
from lockgate.services.approvals.changes import loosened_since
from lockgate.services.approvals.desk import Desk
from lockgate.services.approvals.people import panels
from lockgate.store import KeyRing, system_clock
from lockgate.store.reading import read_store


@dataclass(frozen=True, slots=True)
class Bench:
    """Who may decide for one agent under one profile on one connection; `problem` is empty if that is enough.

    `key` names a key of the agent's whose use leaves fewer than without: whoever was shown it may not decide.
    """

    agent: str
    profile: str
    connection: str
    eligible: tuple[str, ...]
    excluded: tuple[str, ...]
    problem: str
    key: str = ""


async def benches(config: Config, keys: KeyRing) -> list[Bench]:
    """One for each agent or service, profile and connection, and for each key that makes a difference. StoreError: the
    store cannot be read, or is not as Lockgate wrote it."""
    profiles = {name: profile.body() for name, profile in load(config.policies).profiles.items()}
    directory = ReadOnly(keys)
    desk = Desk(
        directory,
        keys,
        system_clock,
        "",
        Rules(issuer=config.voters, cooling_s=config.cooling_s),
        partial(loosened_since, keys=keys),
        mask=str,
        notify=lambda *_: None,
        instance="doctor",
    )

    def look(conn: Connection) -> list[Bench]:
        automatic = [p for p in directory.people(conn) if p.kind != Kind.HUMAN and p.active]
        return [
            bench
            for person in automatic
            for connection in config.connections
            for bench in _benches(desk, directory, conn, person, connection, profiles)
        ]

    return await read_store(config.store, look)


def _benches(
    desk: Desk, directory: ReadOnly, conn: Connection, person: Person, connection: str, profiles: dict[str, JSON]
) -> Iterator[Bench]:
    issuer, _, subject = person.id.partition(":")
    principal = Principal(issuer, subject, Kind(person.kind), frozenset(person.groups))
    owners, now_at = directory.owners_now(conn, person.id), desk.clock()

    def seats(credential: str) -> dict[str, Bench]:
        requester = Requester(principal, credential, owners=owners)
        found = panels(desk, conn, requester, connection, profiles, now_at)
        return {
            name: Bench(person.id, name, connection, p.eligible, tuple(sorted(p.excluded)), p.problem, credential)
            for name, p in found.items()
        }

    without = seats("")
    yield from without.values()
    for key in directory.keys_of(conn, person.id, now_at):
        for name, bench in seats(key).items():
            if (bench.eligible, bench.problem) != (without[name].eligible, without[name].problem):
                yield bench


def lines(found: list[Bench]) -> Iterator[tuple[bool, str]]:
    """(whether enough people are left, the line)."""
    for b in found:
        who = ", ".join(b.eligible) or "nobody"
        agent = f"{b.agent} with {b.key}" if b.key else b.agent
        yield not b.problem, f"{b.connection}: {agent}, {b.profile}: {b.problem or who + ' may decide'}"
