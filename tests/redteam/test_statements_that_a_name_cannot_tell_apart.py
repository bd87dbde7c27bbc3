"""Where two statements go by one name, they are treated alike; where they must not be, they have two names.

Two names are used. `statement_key` is what a standing grant and a permit cover ("this statement with any values").
`key_of`, with the number of exchangeable literals, is what an analysis is kept under and the fast path goes by.
libpg_query's own fingerprint is neither: postgres.md names pairs of APART for which it is equal.

Each pair is of a class of differences. For each it is said whether a permit may cover both, and asserted that it does
or does not; and wherever either name is shared, that both statements, each looked at anew, ask policy the same and are
masked the same.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import psycopg
import pytest

from lockgate.gateways.postgres.lineage.model import Analysis
from lockgate.gateways.postgres.resolve.resolver import Problem
from lockgate.gateways.postgres.session.deciding.drafting import NewSession
from lockgate.gateways.postgres.session.deciding.facts import facts_of
from lockgate.gateways.postgres.session.deciding.keying import statement_key
from lockgate.gateways.postgres.session.deciding.shape_names import shape_name
from lockgate.gateways.postgres.settings.wishes import HOW_VALUES_ARE_READ, Settings
from lockgate.gateways.postgres.wire._literals import key_of
from lockgate.gateways.postgres.wire.upstream import SEARCH_PATH
from lockgate.pipeline import Facts, Wishes
from support import start_gate, stop_gate

B = "SELECT beds FROM ward"
P = "SELECT name FROM patient"

ALIKE = {
    "another number": (f"{B} WHERE id = 1", f"{B} WHERE id = 2"),
    "another text": (f"{P} WHERE mrn = 'M1'", f"{P} WHERE mrn = 'M2'"),
    "a number as a text": (f"{B} WHERE id = 1", f"{B} WHERE id = '1'"),
    "a number of eight bytes": (f"{B} WHERE id = 1", f"{B} WHERE id = 3000000000"),
    "a fraction": (f"{B} WHERE id > 1", f"{B} WHERE id > 1.5"),
    "a negative number": (f"{B} WHERE id > 1", f"{B} WHERE id > -1"),
    "members of a list, as many": (f"{B} WHERE id IN (1, 2)", f"{B} WHERE id IN (3, 4)"),
    "members of an array in a text": (f"{B} WHERE id = ANY ('{{1,2}}')", f"{B} WHERE id = ANY ('{{1,2,3}}')"),
    "a hidden column and a constant": (f"{P} WHERE ssn = '1'", f"{P} WHERE ssn = '900-00-0000'"),
    "a field of a document": ("SELECT detail ->> 'a' FROM claim", "SELECT detail ->> 'ssn' FROM claim"),
    "a value that is stored": ("UPDATE task SET title = 'a' WHERE id = 1", "UPDATE task SET title = 'b' WHERE id = 2"),
    "a truth that is stored": ("UPDATE task SET done = true", "UPDATE task SET done = false"),
    "a row that is stored": ("INSERT INTO task (title) VALUES ('a')", "INSERT INTO task (title) VALUES ('b')"),
    "case of keywords and names": (B, "select BEDS from WARD"),
    "quotes that change nothing": (B, 'SELECT "beds" FROM "ward"'),
    "white space": (B, "SELECT\n\tbeds\nFROM ward"),
    "a comment": (B, "SELECT beds /* FROM patient */ FROM ward -- ssn"),
    "spellings of not equal": (f"{B} WHERE id <> 1", f"{B} WHERE id != 1"),
    "spellings of a cast": (f"{B} WHERE id = '1'::int", f"{B} WHERE id = CAST('1' AS integer)"),
    "spellings of a text": (f"{P} WHERE mrn = 'a'", f"{P} WHERE mrn = E'\\x61'"),
    "code points in a text": (f"{P} WHERE mrn = 'a'", f"{P} WHERE mrn = U&'\\0061'"),
    "dollars around a text": (f"{P} WHERE mrn = 'a'", f"{P} WHERE mrn = $$a$$"),
    "a star behind a table": (B, "SELECT beds FROM ward *"),
    "AS before an alias": ("SELECT beds AS b FROM ward", "SELECT beds b FROM ward"),
}

APART = {
    "a literal and a parameter": (f"{B} WHERE id = 1", f"{B} WHERE id = $1"),
    "two parameters and one twice": (f"{B} WHERE id = $1 OR id = $2", f"{B} WHERE id = $1 OR id = $1"),
    "NULL and a value": (f"{B} WHERE name = NULL", f"{B} WHERE name = 'a'"),
    "IS NULL and = NULL": (f"{B} WHERE name IS NULL", f"{B} WHERE name = NULL"),
    "a truth and a text": (f"{P} WHERE active = true", f"{P} WHERE active = 'true'"),
    "lengths of lists": (f"{P} WHERE mrn IN ('a', 'b')", f"{P} WHERE mrn IN ('a', 'b', 'c')"),
    "lengths of arrays": (f"{B} WHERE id = ANY (ARRAY[1])", f"{B} WHERE id = ANY (ARRAY[1, 2])"),
    "IN and NOT IN": (f"{B} WHERE id IN (1)", f"{B} WHERE id NOT IN (1)"),
    "numbers of rows stored": ("INSERT INTO task (title) VALUES ('a')", "INSERT INTO task (title) VALUES ('a'), ('b')"),
    "DEFAULT and a value": ("UPDATE task SET done = DEFAULT", "UPDATE task SET done = true"),
    "a limit": (f"{B} LIMIT 10", f"{B} LIMIT 10000000"),
    "an offset": (f"{B} OFFSET 1", f"{B} OFFSET 2"),
    "ties": (f"{B} ORDER BY 1 FETCH FIRST 1 ROW ONLY", f"{B} ORDER BY 1 FETCH FIRST 1 ROW WITH TIES"),
    "an ordinal to sort by": ("SELECT id, beds FROM ward ORDER BY 1", "SELECT id, beds FROM ward ORDER BY 2"),
    "an ordinal to group by": ("SELECT id, 1 FROM ward GROUP BY 1", "SELECT id, 1 FROM ward GROUP BY 1, 2"),
    "directions": (f"{B} ORDER BY id", f"{B} ORDER BY id DESC"),
    "NULLs first": (f"{B} ORDER BY id", f"{B} ORDER BY id NULLS FIRST"),
    "a frame": (
        "SELECT sum(beds) OVER (ORDER BY id ROWS 1 PRECEDING) FROM ward",
        "SELECT sum(beds) OVER (ORDER BY id ROWS 2 PRECEDING) FROM ward",
    ),
    "a sample": (f"{B} TABLESAMPLE system (1)", f"{B} TABLESAMPLE system (99)"),
    "columns": ("SELECT name FROM patient", "SELECT ssn FROM patient"),
    "order of columns": ("SELECT id, beds FROM ward", "SELECT beds, id FROM ward"),
    "a column twice": (B, "SELECT beds, beds FROM ward"),
    "a star": ("SELECT id, name, beds FROM ward", "SELECT * FROM ward"),
    "tables": ("SELECT name FROM ward", "SELECT name FROM patient"),
    "order of tables": ("SELECT 1 FROM ward, task", "SELECT 1 FROM task, ward"),
    "a table of a schema": (B, "SELECT beds FROM public.ward"),
    "ONLY": (B, "SELECT beds FROM ONLY ward"),
    "aliases": ("SELECT beds AS a FROM ward", "SELECT beds AS b FROM ward"),
    "case of a quoted alias": ("SELECT beds AS a FROM ward", 'SELECT beds AS "A" FROM ward'),
    "aliases of tables": ("SELECT 1 FROM ward a, task b", "SELECT 1 FROM ward b, task a"),
    "lists of aliases": (
        "SELECT x FROM patient AS t (x, y, z, a, b, c)",
        "SELECT x FROM patient AS t (y, z, a, b, c, x)",
    ),
    "operators": (f"{B} WHERE id < 1", f"{B} WHERE id > 1"),
    "an operator of a schema": (f"{B} WHERE id = 1", f"{B} WHERE id OPERATOR(pg_catalog.=) 1"),
    "LIKE and ILIKE": (f"{B} WHERE name LIKE 'a'", f"{B} WHERE name ILIKE 'a'"),
    "AND and OR": (f"{B} WHERE id = 1 AND beds = 2", f"{B} WHERE id = 1 OR beds = 2"),
    "which side": (f"{B} WHERE id < 1", f"{B} WHERE 1 < id"),
    "casts": (f"{B} WHERE id = '1'::int", f"{B} WHERE id = '1'::bigint"),
    "a cast and none": (f"{B} WHERE id = 1", f"{B} WHERE id = 1::int"),
    "lengths in a cast": ("SELECT name::varchar(3) FROM ward", "SELECT name::varchar(30) FROM ward"),
    "a name in a text": (f"{B} WHERE id = 'ward'::regclass::int", f"{B} WHERE id = 'patient'::regclass::int"),
    "literals of types": (
        "SELECT id FROM encounter WHERE admitted > date '2024-01-01'",
        "SELECT id FROM encounter WHERE admitted > timestamp '2024-01-01'",
    ),
    "collations": (f"{B} ORDER BY name", f'{B} ORDER BY name COLLATE "C"'),
    "arguments": ("SELECT substr(name, 1) FROM ward", "SELECT substr(name, 2) FROM ward"),
    "functions": ("SELECT lower(name) FROM ward", "SELECT upper(name) FROM ward"),
    "DISTINCT in a count": ("SELECT count(beds) FROM ward", "SELECT count(DISTINCT beds) FROM ward"),
    "DISTINCT": (B, "SELECT DISTINCT beds FROM ward"),
    "UNION ALL": (f"{B} UNION {B}", f"{B} UNION ALL {B}"),
    "kinds of join": (
        "SELECT 1 FROM ward w JOIN task t ON w.id = t.id",
        "SELECT 1 FROM ward w LEFT JOIN task t ON w.id = t.id",
    ),
    "a lock": (B, f"{B} FOR UPDATE"),
    "a column that is stored": ("UPDATE task SET title = 'a'", "INSERT INTO task (title) VALUES ('a')"),
    "what a copy is written as": ("COPY ward TO STDOUT", "COPY ward TO STDOUT (FORMAT csv)"),
    "columns of a copy": ("COPY patient (id) TO STDOUT", "COPY patient (ssn) TO STDOUT"),
    "a role": ("GRANT SELECT ON ward TO a", "GRANT SELECT ON ward TO b"),
    "a table that is dropped": ("DROP TABLE ward", "DROP TABLE task"),
    "CASCADE": ("DROP TABLE task", "DROP TABLE task CASCADE"),
}

NAMELESS = ["SET work_mem = '4MB'", "BEGIN", "DISCARD ALL", "SHOW lockgate.requests", "SHOW lockgate.receipt"]


@dataclass(frozen=True)
class Seen:
    """A statement, looked at anew: by what names it goes, and what follows for its treatment."""

    permit: str
    shape: str
    kept: tuple[bytes, int] | None
    """Under what its analysis may be found by another text; None where by none."""
    analysis: Analysis | None
    facts: Facts
    effect: object

    def treatment(self) -> tuple[object, ...]:
        """All that decides and masks: everything that the analysis says but how many records it looks up."""
        analysis = None if self.analysis is None else replace(self.analysis, literals=-1)
        said = () if analysis is None else tuple(getattr(analysis, f.name) for f in fields(analysis))
        return said, self.facts, self.effect


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    started = start_gate(hospital, tmp_path_factory.mktemp("names"), "ai-agents")
    try:
        yield started
    finally:
        stop_gate(started)


@pytest.fixture(scope="module")
def look(gate):
    """Text, and search_path where it is another → `Seen`. The cache is emptied: no analysis is another's."""
    assembly = gate.assembly
    connection = assembly.gateway.connections["clinic"]

    async def seen(text: str, path: str) -> Seen:
        async with connection.resolver.pool.lend(SEARCH_PATH) as side:
            reading = tuple(value or "" for value in (await side.fetch(HOW_VALUES_ARE_READ))[0])
        who = await assembly.accounts.proposer("local:bot", "127.0.0.1", by="local:ana", key="", on_behalf=False)
        session = NewSession(assembly.gateway, connection, who, Settings(path, dirty=False, reading=reading))
        connection.resolver.forget()
        statements = await connection.resolver.resolve(session, text.encode(), ())
        assert not isinstance(statements, Problem), (text, statements)
        (one,) = statements
        facts = facts_of(session, statements)
        inner = (one.classified.inner or "").encode()
        plain = key_of(inner, 0, len(inner)) if inner and one.analysis is not None else None
        shared = plain is not None and plain[1] == one.analysis.literals
        return Seen(
            statement_key(session, statements),
            shape_name(connection.secret, statements),
            plain if shared else None,
            one.analysis,
            facts,
            assembly.gateway.pipeline.decide(who, facts, Wishes()),
        )

    return lambda text, path=SEARCH_PATH: gate.call(seen(text, path))


@pytest.mark.parametrize("difference", ALIKE)
def test_what_a_permit_covers_is_decided_and_masked_alike(look, difference):
    one, other = map(look, ALIKE[difference])
    assert one.permit == other.permit != ""
    assert one.treatment() == other.treatment()


@pytest.mark.parametrize("difference", APART)
def test_what_means_another_thing_has_another_name(look, difference):
    one, other = map(look, APART[difference])
    assert one.permit != other.permit
    assert one.permit and other.permit


@pytest.mark.parametrize("difference", {**ALIKE, **APART})
def test_where_an_analysis_is_shared_it_would_be_the_same(look, difference):
    one, other = map(look, {**ALIKE, **APART}[difference])
    if one.kept is not None and one.kept == other.kept:
        assert one.treatment() == other.treatment()


def test_one_text_under_two_search_paths(look):
    one, other = look(B), look(B, "public, pg_catalog, pg_temp")
    assert one.permit != other.permit


@pytest.mark.parametrize("text", NAMELESS)
def test_what_means_what_the_session_did_before_has_no_name(look, text):
    assert look(text).permit == ""


def test_the_name_in_the_log_is_coarser_and_nothing_rests_on_it(look):
    """It leaves out every constant; a limit that differs is of one kind there, and of two everywhere else."""
    one, other = map(look, APART["a limit"])
    assert one.shape == other.shape and one.permit != other.permit
    assert look("SELECT name FROM patient").shape != look("SELECT ssn FROM patient").shape


@pytest.mark.parametrize("difference", [name for name in ALIKE if ALIKE[name][0].startswith("SELECT")])
def test_through_the_gateway_the_second_reads_what_it_would_have_read_alone(gate, difference):
    """By the analysis and on the fast path of the first, in one session and one protocol."""
    one, other = ALIKE[difference]
    connection = gate.assembly.gateway.connections["clinic"]

    def rows(*texts):
        connection.resolver.forget()
        with gate.connect(cursor_factory=psycopg.ClientCursor) as agent:
            agent.autocommit = True
            agent.execute("SET lockgate.hold = 'fail'")
            for text in texts:
                try:
                    last = agent.execute(text).fetchall()
                except psycopg.Error as error:
                    last = error.sqlstate
            return last

    assert rows(one, one, other) == rows(other)
