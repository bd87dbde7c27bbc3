"""An alias can spell a patient's name: what a reviewer reads is called as the catalog calls it, or `name_1`."""

from __future__ import annotations

import pytest

from lockgate.gateways.postgres.classify.parse import parse
from lockgate.gateways.postgres.classify.render import render

KNOWN = frozenset({"patient", "public", "id", "name", "ssn", "ward"})
SPELLED = "Joao Silva"


def shown(text):
    return render([(statement, KNOWN) for statement in parse(text.encode())]).text


@pytest.mark.parametrize(
    "statement",
    [
        'SELECT name AS "Joao Silva" FROM patient',
        'SELECT "Joao Silva".name FROM patient AS "Joao Silva"',
        'SELECT x."Joao Silva" FROM patient AS x(id, "Joao Silva")',
        'WITH "Joao Silva" AS (SELECT 1 AS id) SELECT id FROM "Joao Silva"',
        'WITH c("Joao Silva") AS (SELECT 1) SELECT "Joao Silva" FROM c ORDER BY "Joao Silva"',
        'SELECT q."Joao Silva" FROM (SELECT name AS "Joao Silva" FROM patient) q WHERE q."Joao Silva" IS NULL',
        'SELECT rank() OVER "Joao Silva" FROM patient WINDOW "Joao Silva" AS (ORDER BY id)',
        'SELECT id FROM patient JOIN ward AS "Joao Silva" USING (id)',
        'SELECT * FROM unnest(ARRAY[1]) AS "Joao Silva"("Joao Silva")',
        'SELECT xmlelement(name "Joao Silva", name) FROM patient',
        "SELECT j.\"Joao Silva\" FROM JSON_TABLE('{}', '$' COLUMNS (\"Joao Silva\" text PATH '$.a')) j",
        'COPY (SELECT name AS "Joao Silva" FROM patient) TO STDOUT',
        "COPY patient TO STDOUT WITH (FORMAT csv, NULL 'Joao Silva')",
        "COPY patient FROM STDIN WITH (DEFAULT 'Joao Silva')",
        'DECLARE "Joao Silva" CURSOR FOR SELECT 1',
        'FETCH 1 FROM "Joao Silva"',
        'PREPARE "Joao Silva" AS SELECT 1',
        'EXECUTE "Joao Silva"',
        'SAVEPOINT "Joao Silva"',
        'EXPLAIN SELECT name AS "Joao Silva" FROM patient',
        "SELECT 'Joao Silva' /* Joao Silva */",
    ],
)
def test_no_made_up_name_is_shown(statement):
    assert SPELLED not in shown(statement)


def test_one_name_is_renamed_alike_and_what_the_catalog_names_stays():
    text = 'SELECT p.name, upper(p.ssn) AS "upper" FROM public.patient p WHERE p.id = 3 ORDER BY "upper" LIMIT 10'
    assert shown(text) == (
        "SELECT name_2.name, upper(name_2.ssn) AS name_1 FROM public.patient name_2"
        " WHERE name_2.id = '[number 1]' ORDER BY name_1 LIMIT 10"
    )


def test_an_alias_cannot_take_the_name_of_what_it_hides():
    """`count` as an alias must not rename the function in what the reviewer reads."""
    text = shown("SELECT count(*) AS count, ssn AS id FROM patient")
    assert "count(*) AS name_1" in text and "ssn AS id" in text
