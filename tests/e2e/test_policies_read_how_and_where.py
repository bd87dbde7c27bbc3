"""`context.auth`, `destination` and `rows` as policies of an installation read them, through the gateway."""

from __future__ import annotations

import psycopg
import pytest

TEMPLATE = '@id("mine") @title("mine")\nforbid (principal, action, resource) {};\n'


@pytest.fixture
def forbid(gate):
    """Put one more forbid in force."""

    def put(condition):
        (gate.state / "policies" / "mine.cedar").write_text(TEMPLATE.format(condition))
        gate.call(gate.assembly.reload_policy(by="local:root"))

    return put


def tried(gate, text, **options):
    with gate.connect(**options) as agent:
        try:
            if text.startswith("COPY"):
                with agent.cursor().copy(text) as copy:
                    list(copy)
            else:
                agent.execute(text)
        except psycopg.Error as error:
            return error.sqlstate
    return ""


def test_how_one_came_in(gate, forbid):
    forbid('when { context.auth == "login" }')
    assert tried(gate, "SELECT beds FROM ward") == "LG002"
    forbid('unless { context.auth == "login" }')
    assert tried(gate, "SELECT beds FROM ward") == ""


def test_where_it_goes(gate, forbid):
    forbid('when { context.destination == "copy" }')
    assert tried(gate, "COPY ward TO STDOUT") == "LG002"
    assert tried(gate, "SELECT beds FROM ward") == ""


def test_rows_that_nobody_has_counted_are_within_no_bound(gate, forbid, hospital):
    forbid('when { action == Action::"sql.select" && context.rows > 1000000 }')
    hospital.superuser("CREATE TABLE uncounted (id int); GRANT SELECT ON uncounted TO PUBLIC; ANALYZE ward")
    try:
        assert tried(gate, "SELECT count(*) FROM uncounted") == "LG002"
        assert tried(gate, "SELECT count(*) FROM ward JOIN uncounted USING (id)") == "LG002"
        assert tried(gate, "SELECT count(*) FROM ward") == ""
        assert tried(gate, "SELECT 1") == ""
        hospital.superuser("INSERT INTO uncounted VALUES (1); ANALYZE uncounted")
        gate.assembly.connections["clinic"].resolver.forget()
        assert tried(gate, "SELECT count(*) FROM uncounted") == "", "now it is known to be one"
    finally:
        hospital.superuser("DROP TABLE uncounted")
