"""What an export holds, read from the store in one snapshot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from lockgate.action import digest
from lockgate.errors import AuditError
from lockgate.services.evidence.sample import draw
from lockgate.services.log_keys import in_force
from lockgate.services.log_reading import newest_note, receipt
from lockgate.services.log_tree import waiting_events
from lockgate.services.policy_versions import version
from lockgate.store.tables import approvals, catalog, log

MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Events from `from_at` up to and without `to_at` (microseconds UTC), of these types (all, if empty)."""

    from_at: int
    to_at: int
    types: frozenset[str]
    sample: int
    seed: int


@dataclass(frozen=True, slots=True)
class Logged:
    """One signed event, decoded."""

    index: int
    id: str
    at: int
    type: str
    body: Mapping[str, Any]

    def text(self, key: str) -> str:
        value = self.body.get(key)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Story:
    """A sampled event with all that belongs to it: the request's view, and every event of the request."""

    event: Logged
    request: str
    view: tuple[str, ...]
    view_holds: bool
    """Whether the stored view is the one that the log's own event names by digest."""
    events: tuple[Logged, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    wanted: Wanted
    population: tuple[Logged, ...]
    sampled: frozenset[str]
    stories: tuple[Story, ...]
    proofs: Mapping[str, str]
    policies: Mapping[str, Mapping[str, str]]
    catalogs: Mapping[str, Mapping[str, str]]
    missing: tuple[str, ...]
    """Versions that an event names and the store does not have."""
    checkpoint: str
    key: str
    unsigned: int


def collect(conn: Connection, wanted: Wanted) -> Evidence:
    """The population, the sample with its stories and receipts, and every version that the sample names. AuditError:
    nothing is signed, or too many events for one export."""
    t = log.events
    query = (
        select(t)
        .where(t.c.time_at >= wanted.from_at, t.c.time_at < wanted.to_at, t.c.leaf_index.is_not(None))
        .order_by(t.c.leaf_index)
        .limit(MOST + 1)
    )
    if wanted.types:
        query = query.where(t.c.type.in_(sorted(wanted.types)))
    population = tuple(_logged(row) for row in conn.execute(query))
    if len(population) > MOST:
        raise AuditError(f"more than {MOST} events", hint="narrow --from, --to or --type")
    sampled = draw((event.id for event in population), wanted.sample, wanted.seed)
    stories = tuple(_story(conn, event) for event in population if event.id in sampled)
    told = {event.id: event for story in stories for event in (story.event, *story.events)}
    policies: dict[str, Mapping[str, str]] = {}
    catalogs: dict[str, Mapping[str, str]] = {}
    missing = []
    known = _catalogs(conn)
    for name in sorted({event.text("policy") for event in told.values()} - {""}):
        files = version(conn, name)
        if files is None:
            missing.append(f"policy {name}")
        else:
            policies[name] = files
    for name in sorted({event.text("catalog") for event in told.values()} - {""}):
        if name in known:
            catalogs[name] = known[name]
        else:
            missing.append(f"catalog {name}")
    return Evidence(
        wanted=wanted,
        population=population,
        sampled=sampled,
        stories=stories,
        proofs={id_: receipt(conn, id_) for id_ in sorted(told)},
        policies=policies,
        catalogs=catalogs,
        missing=tuple(missing),
        checkpoint=newest_note(conn),
        key=in_force(conn),
        unsigned=waiting_events(conn),
    )


def _logged(row: Any) -> Logged:
    leaf = json.loads(bytes(row.leaf))
    return Logged(int(row.leaf_index), str(leaf["id"]), int(leaf["time"]), str(leaf["type"]), leaf["body"])


def _story(conn: Connection, event: Logged) -> Story:
    request, t = event.text("request"), log.events
    if not request:
        return Story(event, "", (), True, ())
    query = select(t).where(t.c.request == request, t.c.leaf_index.is_not(None)).order_by(t.c.leaf_index)
    events = tuple(_logged(row) for row in conn.execute(query))
    stored = conn.execute(select(approvals.requests.c.view).where(approvals.requests.c.id == request)).scalar()
    if stored is None:
        return Story(event, request, (), False, events)
    view = json.loads(stored)
    named = next((e.text("view_digest") for e in events if e.text("view_digest")), "")
    lines = tuple(str(line) for line in view.get("lines", ()))
    holds = digest("view", {"body": view.get("body", {}), "lines": list(lines)}) == named
    return Story(event, request, lines, holds, events)


def _catalogs(conn: Connection) -> dict[str, dict[str, str]]:
    """Digest over all connections, as events name it, to the text of each connection's PHI map at that moment."""
    t = catalog.catalog_versions
    now: dict[str, tuple[str, str]] = {}
    found: dict[str, dict[str, str]] = {hashlib.sha256(b"").hexdigest(): {}}
    for row in conn.execute(select(t).order_by(t.c.changed_at, t.c.version)):
        now[row.connection] = (row.digest, row.body)
        joined = "\n".join(f"{name}:{value[0]}" for name, value in sorted(now.items()))
        found[hashlib.sha256(joined.encode()).hexdigest()] = {name: value[1] for name, value in now.items()}
    return found
