"""Every word of the design's list of operations, with a statement for it, and what policy is asked.

First what the text alone says (`classify`), then what the server's analysis adds to it (functions, tables).
"""

from __future__ import annotations

import pytest

from lockgate.gateways.postgres.classify import classify
from lockgate.gateways.postgres.classify.parse import parse

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
