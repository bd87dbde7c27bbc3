"""Somebody with the machine, or an administrator, tries to use a restore to approve what is theirs."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from lockgate.errors import Refused
from lockgate.services.approvals import Refusal, Restore, Voter
from lockgate.services.logins import Begun, Logins
from support import PASSWORD, start_gate, stop_gate

RECORD = {"size": 1, "given_up": 2, "topic": "restore"}


@pytest.fixture
def restored(hospital, tmp_path):
    """A gate whose store was put back a moment ago."""
    gate = start_gate(hospital, tmp_path, "ai-agents")
    gate.call(gate.assembly.approvals.void(RECORD))
    yield gate
    stop_gate(gate)


def accept(gate, person, **session):
    voter = Voter(f"local:{person}", **{"interactive": True, "token_has_act": False, **session})
    return gate.call(gate.assembly.approvals.accept_restore(voter))


def still_open(gate) -> bool:
    return gate.call(gate.assembly.approvals.restored()).open


def test_logins_and_codes_that_were_on_their_way_are_void(hospital, tmp_path):
    """The store that is put back has them as they were before somebody used them."""
    gate = start_gate(hospital, tmp_path, "ai-agents")
    try:
        logins, accounts = Logins(gate.assembly.store), gate.assembly.accounts
        gate.call(logins.begin("state", "handle", Begun("browser", "https://gate.test/callback")))
        code = gate.call(accounts.chat_code("slack:T0CLINIC.URITA", "Rita"))
        assert gate.call(accounts.chat_code_of(code))
        gate.call(gate.assembly.approvals.void(RECORD))
        assert gate.call(logins.take("state", "handle", "browser")) is None
        with pytest.raises(Refused):
            gate.call(accounts.link_chat(code, by="local:rita"))
    finally:
        stop_gate(gate)


def test_one_person_does_not_count_twice(restored):
    assert isinstance(accept(restored, "root"), Restore)
    assert isinstance(accept(restored, "root"), Refusal)
    assert still_open(restored)


def test_two_accounts_of_one_human_count_once(hospital, tmp_path):
    gate = start_gate(hospital, tmp_path, "ai-agents")
    try:
        gate.call(gate.assembly.accounts.link("local:rita", "local:paul", by="local:root"))
        gate.call(gate.assembly.approvals.void(RECORD))
        assert isinstance(accept(gate, "rita"), Restore)
        assert "another person" in accept(gate, "paul").message
        assert still_open(gate)
    finally:
        stop_gate(gate)


def test_an_account_made_or_moved_after_the_restore_accepts_nothing(restored):
    accounts = restored.assembly.accounts
    restored.call(accounts.create_user("puppet", PASSWORD, by="local:root", groups=["admins"]))
    restored.call(accounts.change_groups("local:alf", join=["privacy"], by="local:root"))
    for person in ("puppet", "alf"):
        assert "before the restore" in accept(restored, person).message


def test_an_account_planted_before_the_restore_does_not_serve_who_planted_it(hospital, tmp_path):
    gate = start_gate(hospital, tmp_path, "ai-agents")
    try:
        gate.call(gate.assembly.accounts.create_user("puppet", PASSWORD, by="local:root", groups=["admins"]))
        gate.call(gate.assembly.approvals.void(RECORD))
        assert isinstance(accept(gate, "root"), Restore)
        assert "made or moved" in accept(gate, "puppet").message
        assert still_open(gate)
    finally:
        stop_gate(gate)


@pytest.mark.parametrize(
    ("person", "session"),
    [("bot", {}), ("ana", {}), ("rita", {"interactive": False}), ("rita", {"token_has_act": True})],
)
def test_agents_outsiders_and_tokens_accept_nothing(restored, person, session):
    assert isinstance(accept(restored, person, **session), Refusal)


def test_an_acceptance_written_into_the_store_counts_for_nothing(restored):
    accept(restored, "paul")
    with closing(sqlite3.connect(restored.state / "lockgate.db")) as conn, conn:
        copy = "INSERT INTO events (id, time_at, type, request, leaf, mac) SELECT ?, time_at, type, request, {}, mac"
        genuine = copy.format("leaf") + " FROM events WHERE type = 'restore.accepted'"
        conn.execute(genuine, ("evt_again",))
    assert still_open(restored), "the same acceptance twice"
    with closing(sqlite3.connect(restored.state / "lockgate.db")) as conn, conn:
        forged = (
            copy.format("CAST(replace(leaf, 'local:paul', 'local:root') AS BLOB)")
            + " FROM events WHERE type = 'restore.accepted'"
        )
        conn.execute(forged + " LIMIT 1", ("evt_forged",))
    assert still_open(restored), "another name in it"
