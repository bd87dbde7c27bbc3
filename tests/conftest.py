"""Real parts for every test: one embedded PostgreSQL with a small hospital, and gates in front of it.

`hospital` is shared by the whole session; `gate` is a fresh Lockgate (own store, own users) with the policies of
`ai-agents`, listening on a free loopback port in a thread of its own, so that blocking clients can be used.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from api import Api
from lockgate.demo import hospital as hospital_data
from lockgate.demo.embedded import EmbeddedPostgres
from lockgate.services.accounts import base as accounts_base
from support import PATIENTS, Gate, Hospital, start_gate, stop_gate


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=20, help="draws schedules of faults and mutated conversations")
    parser.addoption("--schedules", type=int, default=10, help="how many schedules of faults; 0 runs all of them")
    parser.addoption("--runs", type=int, default=0, help="how many mutated conversations; 0 is the short run")


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Seven people are made for each of thousands of gates, and what hides their passwords is slow by design: here it
    is the same, made cheap. Whoever measures what an attempt costs takes `slow_passwords`."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(accounts_base, "PasswordHasher", cheap)
        yield


@pytest.fixture
def slow_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """As people's are."""
    monkeypatch.setattr(accounts_base, "PasswordHasher", PasswordHasher)


@pytest.fixture(scope="session")
def hospital() -> Iterator[Hospital]:
    with EmbeddedPostgres() as server:
        yield Hospital(server, hospital_data.build(server, PATIENTS))


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: Any, tmp_path: Path) -> Iterator[str]:
    """An empty store of each kind: what is promised, is promised on both."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'lockgate.db'}"
        return
    server = request.getfixturevalue("hospital").server
    name = f"store_{secrets.token_hex(6)}"
    server.psql(f"CREATE DATABASE {name}")
    yield f"postgresql://postgres:{server.password}@127.0.0.1:{server.port}/{name}"
    server.psql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def gate(hospital: Hospital, tmp_path: Path) -> Iterator[Gate]:
    # The hospital is everybody's: what an earlier test was allowed to do must not look like this one's doing.
    hospital.superuser("UPDATE task SET done = false WHERE done")
    started = start_gate(hospital, tmp_path, "ai-agents")
    try:
        yield started
    finally:
        stop_gate(started)


@pytest.fixture
def api(gate: Gate) -> Api:
    """The HTTP API in front of that gate, as people call it."""
    return Api(gate)
