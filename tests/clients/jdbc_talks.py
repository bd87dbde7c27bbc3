"""What PostgreSQL's JDBC driver does with a connection, in a process of its own: a Java machine takes over signals.

`python jdbc_talks.py TALK URL USER` with the password in PGPASSWORD and the driver's archive in CLASSPATH; what the
talk found goes to standard output as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import jpype


def rows(result: Any) -> list[list[Any]]:
    width = result.getMetaData().getColumnCount()
    return [[plain(result.getObject(n + 1)) for n in range(width)] for _ in iter(result.next, False)]


def plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def prepared_until_the_server_prepares(connection: Any) -> Any:
    """From its fifth use on a statement is prepared by the server, and its results come in binary."""
    statement = connection.prepareStatement("SELECT id, name, born, active FROM patient WHERE id = ?")
    seen = []
    for number in range(1, 10):
        statement.setInt(1, number)
        seen += rows(statement.executeQuery())
    return seen


def fetched_by_a_cursor(connection: Any) -> Any:
    connection.setAutoCommit(False)
    statement = connection.createStatement()
    statement.setFetchSize(50)
    found = rows(statement.executeQuery("SELECT id, name FROM patient ORDER BY id"))
    connection.commit()
    return found


def what_the_schema_says(connection: Any) -> Any:
    about = connection.getMetaData()
    columns = about.getColumns(None, "public", "patient", None)
    keys = about.getPrimaryKeys(None, "public", "patient")
    tables = about.getTables(None, "public", "%", None)
    return {
        "product": str(about.getDatabaseProductName()),
        "columns": [str(columns.getString("COLUMN_NAME")) for _ in iter(columns.next, False)],
        "keys": [str(keys.getString("COLUMN_NAME")) for _ in iter(keys.next, False)],
        "tables": [str(tables.getString("TABLE_NAME")) for _ in iter(tables.next, False)],
    }


def copied_out(connection: Any) -> Any:
    writer = jpype.JClass("java.io.StringWriter")()
    copying = connection.unwrap(jpype.JClass("org.postgresql.PGConnection")).getCopyAPI()
    count = copying.copyOut("COPY (SELECT id, beds FROM ward ORDER BY id LIMIT 3) TO STDOUT", writer)
    return [int(count), str(writer).splitlines()]


def refused(connection: Any) -> Any:
    """An error of the gate is the driver's exception, and the connection lives on."""
    statement = connection.createStatement()
    try:
        statement.executeQuery("SELECT pg_read_file('/etc/passwd')")
    except jpype.JException as error:
        state = str(error.getSQLState())
    else:
        state = ""
    return [state, rows(statement.executeQuery("SELECT 7")), bool(connection.isValid(5))]


def a_batch_and_a_savepoint(connection: Any) -> Any:
    connection.setAutoCommit(False)
    connection.createStatement().execute("CREATE TEMPORARY TABLE seen (id int)")
    point = connection.setSavepoint("before")
    insert = connection.prepareStatement("INSERT INTO seen VALUES (?)")
    for number in range(20):
        insert.setInt(1, number)
        insert.addBatch()
    counts = list(insert.executeBatch())
    count = rows(connection.createStatement().executeQuery("SELECT count(*) FROM seen"))
    connection.rollback(point)
    left = rows(connection.createStatement().executeQuery("SELECT count(*) FROM seen"))
    connection.commit()
    return [sum(counts), count, left]


def cut_off_by_its_timeout(connection: Any) -> Any:
    """The driver cancels over a second connection."""
    statement = connection.createStatement()
    statement.setQueryTimeout(1)
    try:
        statement.executeQuery("SELECT count(*) FROM generate_series(1, 2000000000)")
    except jpype.JException as error:
        return [str(error.getSQLState()), rows(connection.createStatement().executeQuery("SELECT 1"))]
    return ["", []]


def held(connection: Any) -> Any:
    """A write that people have to approve: the driver waits, gets its count, and a notice that names the request."""
    statement = connection.createStatement()
    changed = statement.executeUpdate("UPDATE task SET done = true WHERE id = 1")
    notices: list[str] = []
    warning = statement.getWarnings()
    while warning is not None:
        notices.append(str(warning.getMessage()))
        warning = warning.getNextWarning()
    return [int(changed), notices]


TALKS: dict[str, Callable[[Any], Any]] = {
    talk.__name__: talk
    for talk in (
        prepared_until_the_server_prepares,
        fetched_by_a_cursor,
        what_the_schema_says,
        copied_out,
        refused,
        a_batch_and_a_savepoint,
        cut_off_by_its_timeout,
        held,
    )
}


def main(talk: str, url: str, user: str) -> Iterator[Any]:
    jpype.startJVM(classpath=[os.environ["CLASSPATH"]])
    connection = jpype.JClass("org.postgresql.Driver")().connect(url, properties(user))
    try:
        yield TALKS[talk](connection)
    finally:
        connection.close()


def properties(user: str) -> Any:
    given = jpype.JClass("java.util.Properties")()
    given.setProperty("user", user)
    given.setProperty("password", os.environ["PGPASSWORD"])
    return given


if __name__ == "__main__":
    for found in main(*sys.argv[1:]):
        print(json.dumps(found))
