"""Detector, masker, renderer: whichever of them fails, nothing that needed it runs, and nothing unmasked leaves."""

from __future__ import annotations

import psycopg
import pytest

from lockgate.gateways.postgres.answers import walk
from lockgate.gateways.postgres.masking import masks
from lockgate.gateways.postgres.session.deciding import facts

SECRET = "Unmistakable Zacharias"


def broken(*_, **__):
    raise RuntimeError(f"cannot go on at {SECRET}")


@pytest.fixture
def notes(hospital):
    with hospital.direct() as direct:
        before = direct.execute("SELECT id, body FROM note ORDER BY id LIMIT 3").fetchall()
        direct.execute(
            "UPDATE note SET body = %s WHERE id = ANY (%s)",
            (f"Patient {SECRET}, call 555-123-4567", [id for id, _ in before]),
        )
        yield
        for id, body in before:
            direct.execute("UPDATE note SET body = %s WHERE id = %s", (body, id))


def all_that_came(gate, statement, **options):
    """Every byte of an answer or an error that a client can print."""
    told = []
    with psycopg.connect(**gate.parameters(), autocommit=True, **options) as agent:
        agent.add_notice_handler(lambda notice: told.append(str(notice.message_primary)))
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error) as failed:
            told.append(str(agent.execute(statement).fetchall()))
        told.append(str(failed.value))
    return " ".join(told)


@pytest.mark.parametrize("cursor", [psycopg.Cursor, psycopg.ClientCursor])
@pytest.mark.parametrize("part", ["detector", "masker"])
def test_rows_that_cannot_be_masked_do_not_leave(gate, notes, hospital, monkeypatch, part, cursor):
    if part == "masker":
        monkeypatch.setattr(walk, "rewrite", broken)
    else:
        monkeypatch.setattr(masks, "redact_values", broken)
    with hospital.direct() as direct:
        names = [row[0] for row in direct.execute("SELECT name FROM patient").fetchall()]
    column, table = ("name", "patient") if part == "masker" else ("body", "note")
    told = all_that_came(gate, f"SELECT {column} FROM {table} ORDER BY id LIMIT 3", cursor_factory=cursor)
    assert SECRET not in told and "555" not in told
    assert not [name for name in names if name in told]


def test_what_cannot_be_shown_to_reviewers_is_not_asked_and_not_run(gate, hospital, monkeypatch):
    monkeypatch.setattr(facts, "render", broken)
    told = all_that_came(gate, "UPDATE task SET done = true WHERE id = 11")
    assert SECRET not in told
    assert gate.pending() == []
    with hospital.direct() as direct:
        assert direct.execute("SELECT done FROM task WHERE id = 11").fetchone()[0] is False
