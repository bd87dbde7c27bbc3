"""Every word of the design's list of operations, with a statement for it, and what policy is asked.

First what the text alone says (`classify`), then what the server's analysis adds to it (functions, tables).
"""

from __future__ import annotations

import asyncio

import pytest

from lockgate.demo.hospital import CATALOG
from lockgate.demo.hospital import GATEWAY_ROLE as ROLE
from lockgate.gateways.postgres.classify import classify
from lockgate.gateways.postgres.classify.parse import parse
from lockgate.gateways.postgres.lineage import Analysis, analyse
from lockgate.gateways.postgres.resolve import SidePool, Statement
from lockgate.gateways.postgres.wire.target import parse_target
from lockgate.services.catalog.model import parse_catalog

BY_TEXT = {
    # definitions
    "CREATE TABLE t (id int DEFAULT nextval('s'), at timestamptz DEFAULT now())": {"sql.ddl"},
    "CREATE VIEW v AS SELECT f(x) FROM t": {"sql.ddl"},
    "CREATE INDEX ON t (lower(a))": {"sql.ddl"},
    "CREATE SCHEMA s": {"sql.ddl"},
    "ALTER TABLE t ALTER c TYPE int USING c::int": {"sql.ddl"},
    "ALTER TABLE t RENAME a TO b": {"sql.ddl"},
    "CREATE TYPE mood AS ENUM ('a')": {"sql.ddl"},
    "VACUUM t": {"sql.ddl"},
    # what is taken away
    "DROP TABLE t": {"sql.drop"},
    "TRUNCATE t": {"sql.drop"},
    "ALTER TABLE t DROP c": {"sql.ddl", "sql.drop"},
    "DROP OWNED BY r": {"sql.drop"},
    # a change of privileges
    "GRANT SELECT ON t TO r": {"sql.grant"},
    "REVOKE SELECT ON t FROM r": {"sql.grant"},
    "GRANT a TO b": {"sql.grant"},
    "CREATE ROLE r": {"sql.grant"},
    "ALTER ROLE r SUPERUSER": {"sql.grant"},
    "ALTER ROLE r SET role = 'x'": {"sql.grant"},
    "ALTER ROLE r RENAME TO q": {"sql.grant"},
    "DROP ROLE r": {"sql.grant"},
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO r": {"sql.grant"},
    "REASSIGN OWNED BY a TO b": {"sql.grant"},
    "ALTER TABLE t OWNER TO r": {"sql.ddl", "sql.grant"},
    "ALTER FUNCTION f() OWNER TO r": {"sql.grant"},
    "ALTER SCHEMA s OWNER TO r": {"sql.grant"},
    "CREATE SCHEMA s AUTHORIZATION r": {"sql.ddl", "sql.grant"},
    "ALTER TABLE t ENABLE ROW LEVEL SECURITY": {"sql.ddl", "sql.grant"},
    "ALTER TABLE t NO FORCE ROW LEVEL SECURITY": {"sql.ddl", "sql.grant"},
    "CREATE POLICY p ON t USING (a = 1)": {"sql.grant"},
    "CREATE POLICY p ON t USING (f(a))": {"sql.code", "sql.grant"},
    "ALTER POLICY p ON t TO r": {"sql.grant"},
    "DROP POLICY p ON t": {"sql.drop", "sql.grant"},
    "ALTER VIEW v SET (security_invoker = false)": {"sql.ddl", "sql.grant"},
    "ALTER VIEW v RESET (security_barrier)": {"sql.ddl", "sql.grant"},
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'select 1'": {"sql.code", "sql.grant"},
    "ALTER FUNCTION f() SECURITY DEFINER": {"sql.code", "sql.grant"},
    # code
    "DO 'begin end'": {"sql.code"},
    "CALL p()": {"sql.code"},
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1'": {"sql.code"},
    "CREATE EXTENSION dblink": {"sql.code"},
    "CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()": {"sql.code"},
    "ALTER TABLE t DISABLE TRIGGER ALL": {"sql.code", "sql.ddl"},
    "ALTER TABLE t ENABLE REPLICA TRIGGER g": {"sql.code", "sql.ddl"},
    "ALTER TABLE t DISABLE TRIGGER USER": {"sql.code", "sql.ddl"},
    "CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING": {"sql.code"},
    "CREATE OPERATOR = (FUNCTION = f, LEFTARG = text, RIGHTARG = text)": {"sql.code"},
    "CREATE AGGREGATE a (int) (SFUNC = f, STYPE = int)": {"sql.code"},
    "CREATE CAST (text AS int) WITH FUNCTION f(text)": {"sql.code"},
    "LOAD 'x'": {"sql.code"},
    # functions in definitions run while they are made, or when somebody else writes
    "CREATE TABLE t (a int DEFAULT f())": {"sql.code", "sql.ddl"},
    "CREATE TABLE t (a int DEFAULT public.now())": {"sql.code", "sql.ddl"},
    "ALTER TABLE t ADD c int DEFAULT f(1)": {"sql.code", "sql.ddl"},
    "ALTER TABLE t ADD CHECK (f(a))": {"sql.code", "sql.ddl"},
    "ALTER TABLE t ALTER c TYPE int USING f(c)": {"sql.code", "sql.ddl"},
    "CREATE INDEX ON t (f(a))": {"sql.code", "sql.ddl"},
    "CREATE DOMAIN d AS text CHECK (f(value))": {"sql.code", "sql.ddl"},
    "CREATE STATISTICS s ON (f(a)) FROM t": {"sql.code", "sql.ddl"},
    # another column's values under a name of which people said something else
    "ALTER TABLE t ALTER title TYPE text USING ssn": {"sql.ddl", "sql.declassify"},
    "ALTER TABLE t ALTER title TYPE text USING t::text": {"sql.ddl", "sql.declassify"},
    "ALTER TABLE t ALTER title SET EXPRESSION AS (ssn)": {"sql.ddl", "sql.declassify"},
    "ALTER TABLE t ATTACH PARTITION q DEFAULT": {"sql.ddl", "sql.declassify"},
    # export
    "COPY t TO STDOUT": {"sql.export"},
    "COPY (SELECT 1) TO STDOUT": {"sql.export"},
    # the server's files, and other servers
    "COPY t TO '/tmp/x'": {"sql.files"},
    "COPY t FROM '/tmp/x'": {"sql.files"},
    "COPY t TO PROGRAM 'cat'": {"sql.files"},
    "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw": {"sql.files"},
    "CREATE FOREIGN TABLE t (a int) SERVER s": {"sql.files"},
    "IMPORT FOREIGN SCHEMA s FROM SERVER r INTO q": {"sql.files"},
    "CREATE USER MAPPING FOR r SERVER s": {"sql.files"},
    "CREATE TABLESPACE s LOCATION '/tmp'": {"sql.files"},
    "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p": {"sql.files"},
    # administration
    "ALTER SYSTEM SET a = 1": {"sql.admin"},
    "CHECKPOINT": {"sql.admin"},
    "CREATE DATABASE d": {"sql.admin"},
    "CREATE PUBLICATION p FOR TABLE t": {"sql.admin"},
    # the session
    "LISTEN c": {"sql.session"},
    "CREATE TEMP TABLE t (a int)": {"sql.temp"},
    "CREATE TEMP VIEW v AS SELECT 1": {"sql.temp"},
    "LOCK TABLE t": {"sql.write"},
}
REFUSED = [
    "SET ROLE r",
    "SET SESSION AUTHORIZATION r",
    "CREATE SCHEMA s GRANT SELECT ON t TO r",
    "CREATE SCHEMA s CREATE TABLE t (a int)",
    "CREATE SCHEMA s CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()",
    "PREPARE TRANSACTION 'x'",
    "SELECT 1 INTO t UNION SELECT 2",
    "PREPARE q AS SELECT 1 INTO t",
]

MADE = f"""
CREATE FUNCTION unlisted(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1';
CREATE FUNCTION dblink(text, text) RETURNS SETOF record LANGUAGE sql AS 'SELECT 1';
CREATE VIEW picked AS SELECT id FROM task WHERE unlisted(id) = 1;
CREATE VIEW unpicked AS SELECT id, unlisted(id) AS other FROM task;
GRANT SELECT ON picked, unpicked TO {ROLE};
"""
DROPPED = """
DROP VIEW IF EXISTS picked, unpicked; DROP FUNCTION IF EXISTS unlisted(int), dblink(text, text)
"""
BY_ANALYSIS = {
    "SELECT title FROM task": {"sql.select"},
    "UPDATE task SET done = true": {"sql.write"},
    "INSERT INTO task (title) VALUES ('x')": {"sql.write"},
    "DELETE FROM task": {"sql.write"},
    "MERGE INTO task t USING ward w ON t.id = w.id WHEN MATCHED THEN DELETE": {"sql.select", "sql.write"},
    "COPY task TO STDOUT": {"sql.export"},
    "CREATE TABLE made AS SELECT title FROM task": {"sql.ddl", "sql.select"},
    "SELECT unlisted(1)": {"sql.code"},
    "SELECT id FROM picked": {"sql.code", "sql.select"},
    "SELECT id FROM unpicked": {"sql.code", "sql.select"},
    "EXPLAIN SELECT unlisted(1)": {"sql.code"},
    "EXPLAIN SELECT pg_read_file('x')": {"sql.files"},
    "SELECT pg_read_file('/etc/hostname')": {"sql.files"},
    "SELECT pg_ls_dir('.')": {"sql.files"},
    "SELECT lo_export(1, '/tmp/x')": {"sql.files"},
    "SELECT lo_import('/tmp/x')": {"sql.files"},
    "SELECT * FROM dblink('', 'select 1') AS t (a int)": {"sql.code", "sql.files"},
    "SELECT lo_get(1)": {"sql.code"},
    "SELECT pg_terminate_backend(1)": {"sql.admin"},
    "SELECT pg_cancel_backend(1)": {"sql.admin"},
    "SELECT pg_reload_conf()": {"sql.admin"},
    "UPDATE pg_settings SET setting = 'off'": {"sql.admin"},
}


@pytest.mark.parametrize(("text", "operations"), BY_TEXT.items())
def test_the_text_alone_says_so_much(text, operations):
    (statement,) = parse(text.encode())
    classified = classify(statement)
    assert not classified.refused
    assert set(classified.operations) == operations


@pytest.mark.parametrize("text", REFUSED)
def test_these_are_refused_whatever_policy_says(text):
    (statement,) = parse(text.encode())
    assert classify(statement).refused


@pytest.fixture(scope="module")
def asked(hospital):
    """The operations that policy is asked about, by text."""
    hospital.superuser(DROPPED)
    hospital.superuser(MADE)
    catalog = parse_catalog(CATALOG.read_text())

    async def all_of_them():
        pool = SidePool(parse_target(hospital.server.url(ROLE, "clinic"), hospital.password))
        found = {}
        async with pool.lend("public, pg_temp") as side:
            for text in BY_ANALYSIS:
                (parsed,) = parse(text.encode())
                classified = classify(parsed)
                analysis = await analyse(classified.inner, (), side, catalog, {}, "clinic")
                assert isinstance(analysis, Analysis), (text, analysis)
                statement = Statement(text, classified, analysis, 0, parsed)
                found[text] = {question.operation for question in statement.questions("clinic")}
        pool.close()
        return found

    yield asyncio.run(all_of_them())
    hospital.superuser(DROPPED)


@pytest.mark.parametrize(("text", "operations"), BY_ANALYSIS.items())
def test_what_the_server_makes_of_it_says_the_rest(asked, text, operations):
    assert asked[text] == operations
