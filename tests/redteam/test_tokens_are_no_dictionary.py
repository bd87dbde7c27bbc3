"""A token tells two people apart and nothing else: never where a chosen value could get one, or where there are few."""

from __future__ import annotations

import re

import pytest

from lockgate.action import Decision, Effect
from lockgate.gateways.postgres.lineage.model import Output
from lockgate.gateways.postgres.masking.treatment import treat
from lockgate.services.catalog import propose
from support import start_gate, stop_gate

TOKEN = re.compile(r"\b[A-Z_]+-[0-9A-HJKMNP-TV-Z]{13}\b")


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    started = start_gate(hospital, tmp_path_factory.mktemp("redteam"), "ai-agents")
    yield started
    stop_gate(started)


def read(gate, query: str, user: str = "bot", binary: bool = False) -> list[tuple]:
    with gate.connect(user) as client:
        return client.execute(query, binary=binary).fetchall()


MADE = [
    "SELECT ssn FROM patient WHERE id < 4 UNION ALL SELECT lpad(i::text, 9, '0') FROM generate_series(1, 3) i",
    "SELECT ssn FROM patient WHERE id < 4 UNION ALL SELECT '911-11-1111'",
    "SELECT ssn FROM patient WHERE id < 4 UNION ALL SELECT ssn FROM patient WHERE id > 298",
    "SELECT v.s FROM patient p, LATERAL (VALUES (p.ssn), ('911-11-1111')) v(s) WHERE p.id < 4",
    "SELECT CASE WHEN id = 3 THEN ssn ELSE '911-11-1111' END FROM patient WHERE id < 4",
    "SELECT coalesce(ssn, '911-11-1111') FROM patient WHERE id < 4",
    "SELECT ssn || '' FROM patient WHERE id < 4",
    "SELECT s FROM (SELECT ssn AS s FROM patient WHERE id < 4 UNION ALL SELECT '911-11-1111') q",
    "WITH q(s) AS (SELECT ssn FROM patient WHERE id < 4 UNION ALL VALUES ('911-11-1111')) SELECT s FROM q",
]


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("query", MADE)
def test_what_a_chosen_value_could_stand_beside_is_redacted(gate, query, binary):
    shown = {row[0] for row in read(gate, query, binary=binary)}
    assert shown == {"[SSN]"}


def test_one_base_column_gets_tokens_that_are_the_same_for_one_principal_alone(gate):
    query = "SELECT ssn FROM patient WHERE id <= 5 ORDER BY id"
    mine, again = read(gate, query), read(gate, query)
    theirs = read(gate, query, "alf")
    through_a_join = read(gate, "SELECT p.ssn FROM patient p JOIN ward w ON w.id = p.id WHERE p.id <= 5 ORDER BY p.id")
    assert all(TOKEN.fullmatch(row[0]) for row in mine + theirs)
    assert mine == again == through_a_join, "so that it can join its own results"
    assert not {row[0] for row in mine} & {row[0] for row in theirs}, "two principals cannot compare theirs"
    assert len({row[0] for row in mine}) == 5


def shown_as(cls: str, label: str, operator: str) -> str:
    output = Output("c", 25, frozenset({cls}), (1, 1), label, frozenset({(1, 1)}))
    decision = Decision(Effect.ALLOW, frozenset({cls}), frozenset(), (), (), "")
    return treat([output], (), decision, {cls: operator}, False, bytes(16)).masked[0].operator


@pytest.mark.parametrize(
    ("cls", "label"),
    [
        ("date", ""),
        ("date", "birth"),
        ("date", "age"),
        ("geo", "zip"),
        ("geo", "state"),
        ("other_id", "sex"),
        ("text", ""),
    ],
)
def test_where_there_are_few_values_there_is_no_token_whatever_is_configured(cls, label):
    assert shown_as(cls, label, "token") == "redact"
    assert shown_as("ssn", "", "token") == "token"


@pytest.mark.parametrize("column", ["id", "encounter_id", "key", "number", "sequence"])
@pytest.mark.parametrize("type_name", ["integer", "bigint", "uuid"])
def test_a_generated_key_is_proposed_as_no_phi(column, type_name):
    made = propose("public.t", column, type_name, True, [])
    assert (made.entry.cls, made.sure) == ("none", True)


@pytest.mark.parametrize(("column", "cls"), [("mrn", "mrn"), ("account_no", "account"), ("member_id", "health_plan")])
def test_an_identifier_by_its_name_stays_one_though_a_sequence_gives_it(column, cls):
    assert propose("public.t", column, "bigint", True, []).entry.cls == cls
