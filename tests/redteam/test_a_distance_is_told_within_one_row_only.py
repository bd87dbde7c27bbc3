"""How long somebody stayed is no PHI; how far their date lies from another's is: with the years it tells every date.

Each query would subtract a date from one of another row, or by a clock that the client has chosen.
"""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from support import start_gate, stop_gate


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    started = start_gate(hospital, tmp_path_factory.mktemp("distance"), "ai-agents")
    yield started
    stop_gate(started)


ELSEWHERE = {
    "self-join": "SELECT a.admitted - b.discharged FROM encounter a JOIN encounter b ON b.id = 5",
    "cte": "WITH c AS (SELECT * FROM encounter) SELECT a.admitted - b.discharged FROM c a, c b WHERE b.id = 5",
    "subquery": "SELECT a.admitted - b.d FROM encounter a, (SELECT discharged AS d FROM encounter WHERE id = 5) b",
    "carried": "SELECT q.a - q.d FROM (SELECT a.admitted AS a, b.discharged AS d FROM encounter a, encounter b"
    " WHERE b.id = 5) q",
    "lateral": "SELECT a.admitted - l.d FROM encounter a, LATERAL (SELECT b.discharged AS d FROM encounter b"
    " WHERE b.id = 5 AND a.id > 0) l",
    "scalar": "SELECT admitted - (SELECT discharged FROM encounter WHERE id = 5) FROM encounter",
    "view": "SELECT a.admitted - b.discharged FROM pg_temp.stays a, pg_temp.stays b WHERE b.id = 5",
    "local-age": "SELECT age(discharged, admitted) FROM encounter",
}

WITHIN = {
    "plain": "SELECT discharged - admitted FROM encounter WHERE discharged IS NOT NULL",
    "cte": "WITH c AS (SELECT * FROM encounter) SELECT discharged - admitted FROM c WHERE discharged IS NOT NULL",
    "subquery": "SELECT q.b - q.a FROM (SELECT admitted AS a, discharged AS b FROM encounter) q WHERE q.b IS NOT NULL",
    "joined": "SELECT e.discharged - e.admitted FROM encounter e JOIN ward w ON w.id = e.ward_id"
    " WHERE e.discharged IS NOT NULL",
    "grouped": "SELECT discharged - admitted FROM encounter WHERE discharged IS NOT NULL GROUP BY admitted, discharged",
    "view": "SELECT discharged - admitted FROM pg_temp.stays WHERE discharged IS NOT NULL",
}


def told(gate, query):
    """The different distances that come back; None where people are asked."""
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        if "stays" in query:
            agent.execute("CREATE TEMP VIEW stays AS SELECT id, admitted, discharged FROM encounter")
        try:
            return {row[0] for row in agent.execute(query)}
        except psycopg.Error as refused:
            if refused.sqlstate != "LG001":
                raise
            return {None}


@pytest.mark.parametrize("query", ELSEWHERE.values(), ids=list(ELSEWHERE))
def test_no_distance_is_told_from_another_row(gate, query):
    assert len(told(gate, query)) == 1


@pytest.mark.parametrize("query", WITHIN.values(), ids=list(WITHIN))
def test_the_length_of_a_stay_is_told(gate, query):
    lengths = told(gate, query)
    assert len(lengths) > 20
    assert min(lengths) > timedelta(hours=1)


@pytest.mark.parametrize(
    "zone", ["<X>+167", "AAA0BBB-100,J100/0,J101/0", "AAA0BBB,M3.2.0,M11.1.0", "167", "-100:30", "posixrules"]
)
def test_a_time_zone_of_ones_own_making_is_refused(gate, zone):
    """Far enough from here it is another year already, and a change to summer time falls on any chosen day."""
    with gate.connect(cursor_factory=psycopg.ClientCursor) as agent:
        for statement in (f"SET timezone = '{zone}'", f"SELECT set_config('TimeZone', '{zone}', false)"):
            with pytest.raises(psycopg.Error) as refused:
                agent.execute(statement)
            assert refused.value.sqlstate in ("LG001", "LG002")
        with pytest.raises(psycopg.Error):
            agent.execute("SELECT set_config('TimeZone', 'U' || 'TC', false)")
        with pytest.raises(psycopg.Error):
            agent.execute("SET TIME ZONE INTERVAL '100:00' HOUR TO MINUTE")
    with pytest.raises(psycopg.Error):
        gate.connect(options=f"-c timezone={zone.replace(' ', '')}")


@pytest.mark.parametrize(
    "zone", ["Europe/Zurich", "UTC", "Etc/GMT+5", "GMT-2", "GMT+02:00", "-8", "5.5", "+05:30", "<+03>-3", "EST5", "CET"]
)
def test_the_time_zones_of_this_earth_are_set(gate, zone):
    with gate.connect(cursor_factory=psycopg.ClientCursor) as agent:
        agent.execute(f"SET timezone = '{zone}'")
        agent.execute(f"SELECT set_config('TimeZone', '{zone}', false)")
        agent.execute("SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE")
        agent.execute("SET TIME ZONE LOCAL")
        agent.execute("SET TIME ZONE -3.5")
