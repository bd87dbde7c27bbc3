"""A value that the client wrote is nowhere in what reviewers read, whatever the statement and wherever it stood."""

from __future__ import annotations

from pathlib import Path

import postgast
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from postgast import pg_query_pb2

from lockgate.gateways.postgres.classify.literals import literal_fields
from lockgate.gateways.postgres.classify.parse import ParseError, parse
from lockgate.gateways.postgres.classify.render import Placeholders, render

TESTS = Path(__file__).parent.parent
KNOWN = frozenset({"patient", "public", "id", "name", "ssn", "ward"})
JANE = "Jane Roe 123-45-6789"

PLACES = f"""
COMMENT ON COLUMN patient.name IS '{JANE}'
COMMENT ON TABLE patient IS $x${JANE}$x$
SECURITY LABEL FOR sepgsql ON TABLE patient IS '{JANE}'
ALTER TYPE mood ADD VALUE '{JANE}' BEFORE '{JANE}'
ALTER TYPE mood RENAME VALUE '{JANE}' TO '{JANE}'
CREATE TYPE mood AS ENUM ('{JANE}', '{JANE}')
CREATE ROLE x PASSWORD '{JANE}' VALID UNTIL '{JANE}'
ALTER ROLE x SET application_name = '{JANE}'
ALTER DATABASE clinic SET application_name TO '{JANE}'
ALTER SYSTEM SET application_name = '{JANE}'
SET application_name = '{JANE}', '{JANE}'
SET search_path = '{JANE}'
SELECT 1 LIMIT (SELECT id FROM patient WHERE ssn = '{JANE}')
SELECT 1 OFFSET length('{JANE}')
SELECT 1 LIMIT '{JANE}'
SELECT 1 FETCH FIRST (SELECT 1 WHERE '{JANE}' = '') ROWS ONLY
COPY patient TO STDOUT WITH (FORMAT csv, NULL '{JANE}', DELIMITER '{JANE}', QUOTE '{JANE}')
COPY patient TO STDOUT WITH (FORMAT '{JANE}')
COPY patient TO STDOUT WITH (FORCE_QUOTE ('{JANE}'))
COPY patient TO STDOUT (ENCODING '{JANE}')
COPY patient FROM STDIN WHERE name = '{JANE}'
COPY patient TO '/tmp/{JANE}'
COPY patient TO PROGRAM 'cat > /tmp/{JANE}'
CREATE TABLE t (a text DEFAULT '{JANE}' CHECK (a <> '{JANE}'), b text GENERATED ALWAYS AS (a || '{JANE}') STORED)
CREATE TABLE t (a text) WITH (anything = '{JANE}')
CREATE TABLE t (a text) WITH (anything = "{JANE}")
CREATE TABLE t PARTITION OF patient FOR VALUES IN ('{JANE}')
CREATE TABLE t PARTITION OF patient FOR VALUES FROM ('{JANE}') TO ('{JANE}')
ALTER TABLE patient ADD COLUMN c text DEFAULT '{JANE}', ALTER name SET DEFAULT '{JANE}'
CREATE DOMAIN d AS text DEFAULT '{JANE}' CHECK (value <> '{JANE}')
ALTER DOMAIN d SET DEFAULT '{JANE}'
CREATE INDEX i ON patient (id) WHERE name = '{JANE}'
CREATE VIEW v AS SELECT '{JANE}' AS x
CREATE POLICY p ON patient USING (name = '{JANE}') WITH CHECK (name = '{JANE}')
CREATE RULE r AS ON INSERT TO patient WHERE new.name = '{JANE}' DO NOTIFY x, '{JANE}'
CREATE TRIGGER t BEFORE INSERT ON patient FOR EACH ROW WHEN (new.name = '{JANE}') EXECUTE FUNCTION f('{JANE}')
CREATE EVENT TRIGGER t ON ddl_command_start WHEN tag IN ('{JANE}') EXECUTE FUNCTION f()
CREATE STATISTICS s ON (name || '{JANE}'), id FROM patient
CREATE SUBSCRIPTION s CONNECTION '{JANE}' PUBLICATION p WITH (slot_name = '{JANE}')
ALTER SUBSCRIPTION s CONNECTION '{JANE}'
CREATE PUBLICATION p FOR TABLE patient WHERE (name = '{JANE}') WITH (publish = '{JANE}')
CREATE SERVER s TYPE '{JANE}' VERSION '{JANE}' FOREIGN DATA WRAPPER f OPTIONS (host '{JANE}')
ALTER SERVER s VERSION '{JANE}' OPTIONS (SET host '{JANE}')
CREATE USER MAPPING FOR x SERVER s OPTIONS (password '{JANE}')
CREATE FOREIGN TABLE t (a text OPTIONS (x '{JANE}')) SERVER s OPTIONS (x '{JANE}')
IMPORT FOREIGN SCHEMA s FROM SERVER x INTO y OPTIONS (a '{JANE}')
CREATE FOREIGN DATA WRAPPER f OPTIONS (a '{JANE}')
CREATE EXTENSION x VERSION '{JANE}'
CREATE DATABASE d LOCALE '{JANE}' TEMPLATE '{JANE}'
CREATE TABLESPACE t LOCATION '{JANE}'
CREATE COLLATION c (locale = '{JANE}')
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, stopwords = '{JANE}')
CREATE AGGREGATE a (int) (sfunc = f, stype = text, initcond = '{JANE}')
CREATE CONVERSION c FOR '{JANE}' TO '{JANE}' FROM f
CREATE FUNCTION f(a text DEFAULT '{JANE}') RETURNS text LANGUAGE sql RETURN '{JANE}'
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE '{JANE}'; END $$
CREATE PROCEDURE f() LANGUAGE sql BEGIN ATOMIC SELECT '{JANE}'; END
ALTER FUNCTION f() SET application_name = '{JANE}'
DO $$ BEGIN RAISE '{JANE}'; END $$
CALL f('{JANE}')
LOAD '{JANE}'
NOTIFY x, '{JANE}'
PREPARE TRANSACTION '{JANE}'
PREPARE p AS SELECT '{JANE}'
EXECUTE p('{JANE}')
DECLARE c CURSOR FOR SELECT '{JANE}'
EXPLAIN (FORMAT '{JANE}') SELECT '{JANE}'
VACUUM (INDEX_CLEANUP '{JANE}') patient
GRANT SELECT ON patient TO x /* {JANE} */
SELECT E'\\t{JANE}', U&'{JANE}', N'{JANE}', '{JANE}'::text, text '{JANE}', ARRAY['{JANE}'], ROW('{JANE}')
SELECT interval '{JANE}' hour to second, '{JANE}'::public.mood
SELECT xmlpi(name a, '{JANE}'), xmlelement(name a, xmlattributes('{JANE}' AS b)), xmlparse(DOCUMENT '{JANE}')
SELECT JSON_VALUE('{JANE}', '{JANE}' PASSING '{JANE}' AS q DEFAULT '{JANE}' ON EMPTY)
SELECT * FROM JSON_TABLE('{JANE}', '$' COLUMNS (s text PATH '{JANE}' DEFAULT '{JANE}' ON ERROR)) j
SELECT * FROM XMLTABLE('{JANE}' PASSING '{JANE}' COLUMNS s text PATH '{JANE}' DEFAULT '{JANE}') x
SELECT * FROM patient TABLESAMPLE system ('{JANE}') REPEATABLE ('{JANE}')
SELECT count(*) FILTER (WHERE name = '{JANE}'), '{JANE}' COLLATE "C" FROM patient GROUP BY '{JANE}' ORDER BY '{JANE}'
INSERT INTO patient (name) VALUES ('{JANE}') ON CONFLICT (id) WHERE name = '{JANE}' DO UPDATE SET name = '{JANE}'
UPDATE patient SET name = '{JANE}' WHERE name LIKE '{JANE}' ESCAPE '{JANE}' RETURNING name || '{JANE}'
MERGE INTO patient USING ward ON name = '{JANE}' WHEN MATCHED AND name = '{JANE}' THEN UPDATE SET name = '{JANE}'
""".strip().split("\n")


def seeds():
    everyday = yaml.safe_load((TESTS / "everyday" / "statements.yaml").read_text())
    attempts = yaml.safe_load((TESTS / "redteam" / "attempts.yaml").read_text())
    texts = [*PLACES, *(one["sql"] for one in everyday), *(sql for one in attempts for sql in one["do"])]
    return sorted({text for text in texts if isinstance(text, str) and _parses(text)})


def _parses(text):
    try:
        return bool(parse(text.encode()))
    except ParseError:
        return False


def with_values(text, value):
    """The statement with every string constant as this one."""
    data, out, done = text.encode(), b"", 0
    for token in postgast.scan(text).tokens:
        if pg_query_pb2.Token.Name(token.token) in ("SCONST", "USCONST"):
            out += data[done : token.start] + b" '" + value.replace("'", "''").encode() + b"'"
            done = token.end
    return (out + data[done:]).decode()


def shown(text):
    return render([(statement, KNOWN) for statement in parse(text.encode())]).text


@pytest.mark.parametrize("text", PLACES)
def test_no_value_is_shown(text):
    read = shown(text)
    assert "Jane" not in read and "6789" not in read


SEEDS = seeds()


def test_there_are_seeds_of_all_kinds():
    assert len(SEEDS) > 300
    assert len({statement.node for text in SEEDS for statement in parse(text.encode())}) > 50


@given(st.sampled_from(SEEDS), st.text(max_size=6), st.text(max_size=6))
def test_whatever_the_statement_and_the_value_it_is_not_shown(text, before, after):
    changed = with_values(text, f"{before}QXZ77{after}".replace("\0", ""))
    if _parses(changed):
        assert "qxz77" not in shown(changed).lower()


def test_which_strings_of_the_grammar_are_values_is_known():
    """A newer grammar may bring others: they are masked until somebody has looked at them."""
    values = """
        comment conninfo cooked_expr filename for_encoding_name gid idxcomment label location newVal newValNeighbor
        oldVal payload plan_name returningNewAlias returningOldAlias servertype source_text statementTypes stxcomment
        to_encoding_name truncatedQuery value version
    """
    assert sorted(literal_fields()) == values.split()


# what is shown --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("SELECT id FROM patient LIMIT 50000 OFFSET 3", "SELECT id FROM patient LIMIT 50000 OFFSET 3"),
        ("SELECT id FROM patient LIMIT 50000::bigint", "SELECT id FROM patient LIMIT 50000::bigint"),
        ("COPY patient TO STDOUT (FORMAT csv, HEADER)", "COPY patient TO STDOUT WITH (FORMAT CSV, HEADER)"),
        ("EXPLAIN (ANALYZE, BUFFERS off) SELECT id", "EXPLAIN (ANALYZE, BUFFERS OFF) SELECT id"),
        ("ALTER TABLE patient ALTER name TYPE varchar(80)", "ALTER TABLE patient ALTER COLUMN name TYPE varchar(80)"),
        ("GRANT SELECT (name) ON patient TO x", "GRANT select (name) ON patient TO x"),
        ("CREATE SEQUENCE s START 123456789", "CREATE SEQUENCE s START '[number 1]'"),
        ("SELECT 'a'::varchar(123456789)", "SELECT '[text 1]'::varchar('[number 2]')"),
    ],
)
def test_bounds_lengths_and_the_words_of_options_stay(text, read):
    assert shown(text) == read


def test_equal_values_are_alike_over_the_whole_message_and_others_are_not():
    read = shown(
        "UPDATE patient SET name = 'a' WHERE ssn = 'b'; UPDATE patient SET name = 'b'; COMMENT ON TABLE ward IS 'a'"
    )
    assert read == (
        "UPDATE patient SET name = '[text 1]' WHERE ssn = '[text 2]';\n"
        "UPDATE patient SET name = '[text 2]';\n"
        "COMMENT ON TABLE ward IS '[text 1]'"
    )


def test_a_name_forges_no_line():
    assert shown('CREATE TABLE "a\n\nrisk: low" (id int)').count("\n") == 0


def test_code_is_uninspectable():
    for text in ("DO $$ BEGIN END $$", "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1"):
        read = render([(statement, KNOWN) for statement in parse(text.encode())], Placeholders())
        assert read.hidden.endswith("code")
        assert read.text.startswith("uninspectable")


def test_nothing_is_cut():
    padded = "SELECT id FROM patient WHERE " + " AND ".join(["id <> 1"] * 2000) + " OR true"
    assert shown(padded).endswith("OR true")
