"""Seeing more than is shown by default, and what a held session may do meanwhile."""

from __future__ import annotations

import time

import psycopg
import pytest


def test_a_class_is_revealed_only_when_asked_for_and_approved(gate, hospital):
    query = "SELECT id, ssn, name FROM patient ORDER BY id LIMIT 3"
    with hospital.direct() as direct:
        real = direct.execute(query).fetchall()

    def ask() -> list[tuple[object, ...]]:
        with gate.connect() as agent:
            agent.execute("SET lockgate.reveal = 'ssn'")
            return agent.execute(query).fetchall()

    running = gate.in_background(ask)
    request = gate.wait_pending()
    assert "ssn" in str(request.lines)
    assert real[0][1] not in str(request)
    gate.vote(request, "rita")
    shown = running.result()
    assert [row[1] for row in shown] == [row[1] for row in real]
    assert all(row[2].startswith("NAME-") for row in shown), "what was not named stays masked"


def test_a_wish_to_reveal_ends_with_its_transaction(gate):
    with gate.connect(autocommit=False) as agent:
        agent.execute("SET LOCAL lockgate.reveal = 'ssn'")
        agent.rollback()
        assert agent.execute("SELECT ssn FROM patient LIMIT 1").fetchone()[0].startswith("SSN-")
        agent.rollback()


def test_hold_fail_answers_at_once_and_the_retry_runs(gate):
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error) as waiting:
            agent.execute("GRANT SELECT ON task TO reporting")
        assert waiting.value.sqlstate == "LG001"
        request = gate.wait_pending()
        assert request.id in waiting.value.diag.message_detail
        shown = agent.execute("SHOW lockgate.requests").fetchall()
        assert shown[0][:2] == (request.id, "PENDING")
        gate.vote(request, "rita")
        gate.vote(gate.pending()[0], "dora")
        assert agent.execute("GRANT SELECT ON task TO reporting").statusmessage == "GRANT"
        with pytest.raises(psycopg.Error) as again:
            agent.execute("GRANT SELECT ON task TO reporting")
        assert again.value.sqlstate == "LG001", "it ran once; a repeat asks again"


def test_a_changed_parameter_is_another_action(gate):
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error):
            agent.execute("UPDATE task SET done = true WHERE id = %s", (1,))
        first = gate.wait_pending()
        gate.vote(first, "rita")
        with pytest.raises(psycopg.Error) as other:
            agent.execute("UPDATE task SET done = true WHERE id = %s", (2,))
        assert other.value.sqlstate == "LG001"
        assert gate.pending()[0].id != first.id
        assert agent.execute("UPDATE task SET done = true WHERE id = %s", (1,)).rowcount == 1


def test_a_refusal_fails_the_transaction_so_that_nothing_of_it_commits(gate, hospital):
    with gate.connect(autocommit=False) as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        agent.execute("SELECT 1")
        with pytest.raises(psycopg.Error):
            agent.execute("DROP TABLE task")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            agent.execute("SELECT 1")
        agent.rollback()
        assert agent.execute("SELECT count(*) FROM task").fetchone() == (20,)
    with hospital.direct() as direct:
        assert direct.execute("SELECT to_regclass('task') IS NOT NULL").fetchone() == (True,)


def test_the_kill_switch_ends_sessions_and_lets_nobody_in(gate):
    from lockgate.services.approvals import Voter

    agent = gate.connect()
    root = Voter("local:root", interactive=True, token_has_act=False)
    gate.call(gate.assembly.approvals.kill_switch(True, by=root, reason="drill"))
    with pytest.raises(psycopg.Error):
        agent.execute("SELECT pg_sleep(10)")
    with pytest.raises(psycopg.OperationalError, match="kill switch"):
        gate.connect()


def test_a_revoked_credential_opens_nothing(gate):
    parameters = gate.parameters()
    gate.call(gate.assembly.accounts.deactivate("local:ana", by="local:root"))
    with pytest.raises(psycopg.OperationalError, match="login failed"):
        psycopg.connect(**parameters)


def test_a_token_opens_only_its_own_connection_and_user(gate):
    parameters = gate.parameters()
    for changed in ({"user": "alf"}, {"dbname": "billing"}, {"password": "lgt_wrong"}):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(**{**parameters, **changed})


def test_a_view_that_changes_while_people_think_voids_the_approval(gate, hospital):
    hospital.superuser("CREATE VIEW shifting AS SELECT id, title FROM task; GRANT SELECT ON shifting TO lockgate_gw")
    try:

        def export() -> bytes:
            with gate.connect() as agent, agent.cursor().copy("COPY (SELECT * FROM shifting) TO STDOUT") as copy:
                return b"".join(bytes(block) for block in copy)

        running = gate.in_background(export)
        request = gate.wait_pending()
        hospital.superuser("CREATE OR REPLACE VIEW shifting AS SELECT id, ssn AS title FROM patient")
        gate.vote(request, "rita")
        with pytest.raises(psycopg.Error) as void:
            running.result()
        assert void.value.sqlstate == "LG004"
    finally:
        hospital.superuser("DROP VIEW shifting")


def test_a_view_redefined_under_an_open_prepare_is_analysed_anew(gate, hospital):
    hospital.superuser("CREATE VIEW moving AS SELECT id, title FROM task; GRANT SELECT ON moving TO lockgate_gw")
    try:
        with gate.connect() as agent:
            for _ in range(3):
                assert agent.execute("SELECT title FROM moving LIMIT 1", prepare=True).fetchone()[0].startswith("Task")
            hospital.superuser("CREATE OR REPLACE VIEW moving AS SELECT id, ssn AS title FROM patient")
            time.sleep(1.6)
            for _ in range(3):
                shown = agent.execute("SELECT title FROM moving LIMIT 1", prepare=True).fetchone()[0]
                assert shown.startswith("SSN-") or shown == "[SSN]"
    finally:
        hospital.superuser("DROP VIEW moving")


def test_an_approved_statement_that_fails_quotes_no_value(gate, hospital):
    """CREATE UNIQUE INDEX names the duplicate key in its error."""
    hospital.superuser("CREATE TABLE twice AS SELECT ssn FROM patient UNION ALL SELECT ssn FROM patient")
    hospital.superuser("ALTER TABLE twice OWNER TO lockgate_gw; GRANT CREATE ON SCHEMA public TO lockgate_gw")
    folder = gate.assembly.policy.folder
    (folder / "ddl.cedar").write_text(
        '@id("ddl-asks")\n@title("Definitions are changed with a reviewer")\n'
        'permit (principal, action == Action::"sql.ddl", resource)\n'
        'when { context.satisfied.contains("one-reviewer") };\n'
    )
    gate.call(gate.assembly.reload_policy(by="init"))
    try:
        running = gate.in_background(lambda: gate.connect().execute("CREATE UNIQUE INDEX ON twice (ssn)"))
        gate.vote(gate.wait_pending(), "rita")
        with pytest.raises(psycopg.errors.UniqueViolation) as failed:
            running.result()
        with hospital.direct() as direct:
            secrets = [row[0] for row in direct.execute("SELECT ssn FROM patient")]
        assert not any(secret in str(failed.value) for secret in secrets)
        assert "withheld" in str(failed.value)
    finally:
        hospital.superuser("DROP TABLE twice; REVOKE CREATE ON SCHEMA public FROM lockgate_gw")
