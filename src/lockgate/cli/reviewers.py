"""Who could decide for each agent, profile by profile: `doctor` reads a copy of the store, without a login."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lockgate.action import Kind, Principal, Requester
from lockgate.errors import StoreError
from lockgate.policy import load
from lockgate.server.config import Config
from lockgate.services.accounts import Accounts
from lockgate.services.approvals import Approvals, Rules
from lockgate.store import KeyRing, open_store, system_clock

SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Bench:
    """Who may decide for one agent under one profile on one connection; `problem` is empty if that is enough."""

    agent: str
    profile: str
    connection: str
    eligible: tuple[str, ...]
    excluded: tuple[str, ...]
    problem: str


async def benches(config: Config, keys: KeyRing) -> list[Bench]:
    """One for each agent or service, profile and connection. StoreError: the store is no file that can be copied."""
    if not config.store.startswith(SQLITE):
        raise StoreError("who may decide is shown for a store in SQLite only", hint="look at lockgate user list")
    with tempfile.TemporaryDirectory(prefix="lockgate-doctor-") as folder:
        copy = Path(folder) / "copy.db"
        _copied(Path(config.store.removeprefix(SQLITE)), copy)
        async with open_store(f"{SQLITE}{copy}", keys=keys) as store:
            accounts = Accounts(store)
            approvals = Approvals(store, accounts, keys, system_clock, rules=Rules(cooling_s=config.cooling_s))
            profiles = {name: profile.body() for name, profile in load(config.policies).profiles.items()}
            found = []
            for person in await accounts.everybody():
                if person.kind == Kind.HUMAN or not person.active:
                    continue
                issuer, _, subject = person.id.partition(":")
                requester = Requester(
                    Principal(issuer, subject, Kind(person.kind), frozenset(person.groups)),
                    "",
                    owners=await accounts.owners_of(person.id),
                )
                for connection in config.connections:
                    panels = await approvals.reviewers_for(requester, connection, profiles)
                    found += [
                        Bench(person.id, name, connection, p.eligible, tuple(sorted(p.excluded)), p.problem)
                        for name, p in panels.items()
                    ]
            return found


def lines(found: list[Bench]) -> Iterator[tuple[bool, str]]:
    """(whether enough people are left, the line)."""
    for b in found:
        who = ", ".join(b.eligible) or "nobody"
        yield not b.problem, f"{b.connection}: {b.agent}, {b.profile}: {b.problem or who + ' may decide'}"


def _copied(source: Path, target: Path) -> None:
    if not source.is_file():
        raise StoreError(f"no store at {source.name}", hint="lockgate init makes one")
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
    except sqlite3.Error as error:
        raise StoreError("the store cannot be read", hint="is it a file of lockgate's, and yours to read?") from error
