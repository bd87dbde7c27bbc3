"""People may think for hours while a transaction is open: one that has only read waits and says so, one that has
written does not wait, and what was approved does not run in it."""

from __future__ import annotations

import psycopg
import pytest

GRANT = "GRANT SELECT ON task TO reporting"
WRITE = "UPDATE task SET done = done WHERE id = 1"


def approve(gate):
    request = gate.wait_pending()
    gate.vote(request, "rita")
    gate.vote(request, "dora")


def states(gate):
    return [view.state for view in gate.call(gate.assembly.approvals.list())]


def test_a_wait_in_a_transaction_says_so(gate):
    def ask():
        with gate.connect(autocommit=False) as agent:
            agent.execute("SELECT count(*) FROM task")
            agent.execute(GRANT)
            agent.rollback()

    running = gate.in_background(ask)
    gate.wait_notice("held for approval", "your transaction stays open meanwhile")
    approve(gate)
    running.result()


def test_a_wait_outside_of_one_says_nothing_of_it(gate):
    running = gate.in_background(lambda: gate.connect().execute(GRANT))
    assert "transaction" not in gate.wait_notice("held for approval")
    approve(gate)
    running.result()


@pytest.mark.parametrize("first", [WRITE, "CREATE TEMP TABLE mine (a int)"])
def test_after_a_write_nothing_waits_and_nothing_approved_runs(gate, first):
    with gate.connect("alf", autocommit=False) as client:
        for state in ("PENDING", "APPROVED"):
            client.execute(first)
            with pytest.raises(psycopg.Error) as error:
                client.execute(GRANT)
            assert error.value.sqlstate == "LG001"
            assert f'"state":"{state}"' in error.value.diag.message_detail
            assert "before anything is written" in error.value.diag.message_hint
            client.rollback()
            assert states(gate) == [state]
            if state == "PENDING":
                approve(gate)
        client.execute("SELECT count(*) FROM task")
        client.execute(GRANT)
        client.execute(WRITE)
        client.commit()
    (request,) = gate.call(gate.assembly.approvals.list())
    assert gate.outcome(request.id)["status"] == "SUCCEEDED"


def test_no_more_sessions_wait_than_the_upstream_has_room_for(gate):
    connection = gate.assembly.gateway.connections["clinic"]

    async def room(most):
        connection._most_held = most

    held = gate.in_background(lambda: gate.connect().execute(GRANT))
    gate.wait_notice("held for approval")
    gate.call(room(1))
    with gate.connect() as agent, pytest.raises(psycopg.Error) as error:
        agent.execute("GRANT SELECT ON ward TO reporting")
    assert error.value.sqlstate == "LG001", "it is asked, and fails at once instead of waiting"
    assert len(gate.pending()) == 2
    for request in gate.pending():
        gate.vote(request, "rita")
        gate.vote(request, "dora")
    held.result()
