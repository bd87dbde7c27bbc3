"""How long a decision takes: fresh, where people must be asked, denied, and asked again.

Run: python -m bench.policy
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import replace

from lockgate.action import Kind, Principal, Question, Requester
from lockgate.policy import PolicySet, Query, load, parse, read_folder, starter

ROUNDS = 400
BOT = Requester(Principal("local", "billing-bot", Kind.AGENT), "key-1", "10.0.0.7", owners=frozenset({"local:ana"}))
SIX = frozenset({"name", "ssn", "mrn", "date", "phone", "email"})


def run() -> dict[str, object]:
    """Medians in milliseconds, each over queries never asked before (but for `cached_ms`)."""
    policies = load(starter("ai-agents"))
    read = Query(BOT, (Question("sql.select", "clinic/public.patient"),), classes=SIX)
    export = replace(read, questions=(*read.questions, Question("sql.export", "clinic/public.patient")))
    grant = Query(BOT, (Question("sql.grant", "clinic/public.patient"),))
    drop = Query(BOT, (Question("sql.drop", "clinic/public.patient"),))
    policies.decide(read)
    return {
        "masked_read_ms": _median(policies, read),
        "export_asks_one_ms": _median(policies, export),
        "grant_asks_two_ms": _median(policies, grant),
        "drop_denied_ms": _median(policies, drop),
        "masked_read_200_policies_ms": _median(_many(200), read),
        "cached_ms": _cached(policies, read),
        "load_ms": _load(),
    }


def _median(policies: PolicySet, query: Query) -> float:
    times = []
    for i in range(ROUNDS):
        fresh = replace(query, context=replace(query.context, rows=i))
        start = time.perf_counter()
        policies.decide(fresh)
        times.append(time.perf_counter() - start)
    return round(statistics.median(times) * 1000, 4)


def _cached(policies: PolicySet, query: Query) -> float:
    start = time.perf_counter()
    for _ in range(ROUNDS):
        policies.decide(query)
    return round((time.perf_counter() - start) / ROUNDS * 1000, 5)


def _many(count: int) -> PolicySet:
    """The starter set among permits for `count` other people, as a folder grows over the years."""
    files = read_folder(starter("ai-agents"))
    files["others.cedar"] = "\n".join(
        f'@id("other-{i}") @title("Other {i}")\n'
        f'permit (principal == User::"local:u{i}", action == Action::"sql.select", '
        f'resource in Connection::"c{i}");'
        for i in range(count)
    )
    return parse(files)


def _load() -> float:
    start = time.perf_counter()
    for _ in range(10):
        load(starter("ai-agents"))
    return round((time.perf_counter() - start) / 10 * 1000, 3)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
