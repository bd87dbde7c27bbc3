"""Lockgate, PostgreSQL or the client is killed (-9) at each step of a held write; then everything comes back.

Whoever died: nothing has run twice, nothing has run without its intent, no vote that was acknowledged is lost, what
was UNKNOWN is settled by the server, and the log verifies. A failure prints the seed and the schedule; run it again
with `--seed`. All schedules: `make faults`.
"""

from __future__ import annotations

import itertools
import random

import pytest
from crashing import MOMENTS, STEPS, VICTIMS
from world import World, until

from lockgate.audit.verify import Verdict

WAYS = ("simple", "extended", "transaction", "copy")
OVER = ("SUCCEEDED", "FAILED", "RECONCILED_DONE", "RECONCILED_NO_EFFECT", "UNKNOWN")
DONE = ("SUCCEEDED", "RECONCILED_DONE")


def script(way: str, title: str) -> str:
    if way == "simple":
        return f"INSERT INTO task (title) VALUES ('{title}');\n"
    if way == "extended":
        return f"INSERT INTO task (title) VALUES ($1) \\bind {title} \\g\n"
    if way == "transaction":
        return f"BEGIN;\nINSERT INTO task (title) VALUES ('{title}');\nCOMMIT;\n"
    # What people approve of a COPY is its text, so the text names the schedule.
    return f"COPY task (title) FROM STDIN (NULL '{title}?');\n{title}\n\\.\n"


def schedules(seed: int, drawn: int) -> list[tuple[str, str, str, str]]:
    """Every step with Lockgate dying at it, in a way that the seed draws; then others, drawn."""
    rng = random.Random(seed)
    always = [("lockgate", step, moment, rng.choice(WAYS)) for step in STEPS for moment in MOMENTS]
    others = [s for s in itertools.product(VICTIMS, STEPS, MOMENTS, WAYS) if s not in always]
    return rng.sample(always, k=len(always))[: max(drawn // 2, 1)] + rng.sample(others, k=drawn - max(drawn // 2, 1))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    seed, drawn = metafunc.config.getoption("--seed"), metafunc.config.getoption("--schedules")
    if "schedule" in metafunc.fixturenames:
        chosen = list(itertools.product(VICTIMS, STEPS, MOMENTS, WAYS)) if drawn == 0 else schedules(seed, drawn)
        metafunc.parametrize("schedule", chosen, ids=["-".join(s) for s in chosen])


@pytest.fixture
def numbered(request: pytest.FixtureRequest, world: World) -> str:
    count = world.__dict__.setdefault("_count", itertools.count())
    return f"effect-{next(count)}"


@pytest.mark.timeout(180)
@pytest.mark.xdist_group("faults")
def test_whoever_dies(world: World, schedule: tuple[str, str, str, str], numbered: str, pytestconfig) -> None:
    victim, step, moment, way = schedule
    print(f"--seed {pytestconfig.getoption('--seed')} -k {'-'.join(schedule)}")
    title = numbered
    world.revive()
    world.forget_requests()
    world.plan(step, moment, victim)
    client = world.client(script(way, title))
    acknowledged = False
    request = None

    def asked() -> bool:
        nonlocal request
        request = None if world.carried_out() else world.request(title)
        assert client.poll() is None or world.carried_out(), client.stdout.read()
        return request is not None or world.carried_out()

    until(asked, "the request")
    if request is not None and step not in ("propose", "told"):
        acknowledged = world.vote(request)
    until(world.carried_out, "the crash")
    client.wait(60)
    world.revive()

    request = until(lambda: world.api("GET", "/requests").is_success and (world.request(title) or "none"), "an answer")
    if request == "none":
        assert (step, moment) == ("propose", "before"), "what was proposed is not forgotten"
        assert world.effects(title) == []
    elif acknowledged:
        assert [v["person"] for v in request["votes"]] == ["local:rita"], "an acknowledged vote is not lost"
    state = "NONE"
    if request != "none":
        state = settled(world, request["id"], way)
        before = world.effects(title)
        if state != "UNKNOWN":
            assert len(before) == (1 if state in DONE else 0), f"the log says {state}"
        if state == "PENDING":
            assert world.vote(world.api("GET", f"/requests/{request['id']}").json())
            state = "APPROVED"
        # The identical statement again: an approval that is left is used, one that was used gives nothing.
        again = world.client("SET lockgate.hold = 'fail';\n" + script(way, title))
        said, _ = again.communicate(timeout=60)
        assert len(world.effects(title)) == (1 if state == "APPROVED" else len(before)), said
    has_intent(world, title, way)
    assert world.verify().verdict is not Verdict.BROKEN
    for left in world.api("GET", "/requests?state=PENDING").json():
        world.vote(left, approve=False)


def settled(world: World, request_id: str, way: str) -> str:
    """Where the request stands once nothing is under way any more."""

    def state() -> str:
        found = str(world.api("GET", f"/requests/{request_id}").json()["state"])
        if found == "EXECUTING" or (found == "UNKNOWN" and way != "copy"):
            return ""
        return found

    return until(state, "an end of what was under way")


def has_intent(world: World, title: str, way: str) -> None:
    """Each transaction that left a row is named by an intent; rows that a client sends have at least an intent."""
    intents = world.events("intent")
    named = {body.get("transaction") for body in intents}
    for transaction in world.effects(title):
        if way == "copy":
            assert any(body["operation"] == "sql.write" for body in intents)
        else:
            assert transaction in named
