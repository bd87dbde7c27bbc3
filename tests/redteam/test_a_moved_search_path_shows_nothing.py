"""Two schemas hold a table of one name, one harmless, one with PHI: whatever moves `search_path`, and however fast
the next statement follows, what is read is judged by where it is really read."""

from __future__ import annotations

import pytest

from lockgate.demo import hospital as hospital_data
from support import start_gate, stop_gate
from wire import SYNC, Wire, bind, execute, parse, query

SECRET = b"Wilhelmina"
READ = "SELECT v || '' AS v FROM plain"


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    started = start_gate(hospital, tmp_path_factory.mktemp("redteam"), "ai-agents")
    yield started
    stop_gate(started)


@pytest.fixture(scope="module")
def schemas(hospital, gate):
    hospital.superuser(
        "CREATE SCHEMA s1; CREATE SCHEMA s2;"
        "CREATE TABLE s1.plain (v text); INSERT INTO s1.plain VALUES ('nothing');"
        "CREATE TABLE s2.plain (v text); INSERT INTO s2.plain VALUES ('Wilhelmina');"
        f"GRANT USAGE ON SCHEMA s1, s2 TO {hospital_data.GATEWAY_ROLE};"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA s1, s2 TO {hospital_data.GATEWAY_ROLE}"
    )
    catalog = hospital_data.CATALOG.read_text()
    gate.call(gate.assembly.catalog.accept("clinic", catalog + "s1.plain: {v: none}\ns2.plain: {v: name}\n", by="init"))
    yield
    gate.call(gate.assembly.catalog.accept("clinic", catalog, by="init"))
    hospital.superuser("DROP SCHEMA s1, s2 CASCADE")


@pytest.fixture
def wire(gate, schemas):
    made = Wire(gate)
    made.say(query("SET search_path = s1"))
    made.hear(1)
    yield made
    made.close()


def shown(heard):
    return b"".join(body for _, body in heard)


def test_the_harmless_table_is_readable(wire):
    wire.say(query(READ))
    assert b"nothing" in shown(wire.hear(1))


MOVES = [
    ["SET search_path = s2"],
    ["BEGIN", "SET LOCAL search_path = s2"],
    ["BEGIN", "SAVEPOINT a", "SET search_path = s2"],
]


@pytest.mark.parametrize("move", MOVES, ids=lambda m: ";".join(m))
@pytest.mark.parametrize("how", ["simple", "prepared", "fast"])
@pytest.mark.parametrize("packets", ["one packet", "two packets", "after the answer"])
def test_moved_by_set(wire, move, how, packets):
    wire.say(parse("p", READ) + bind("p") + execute() + SYNC)
    wire.hear(1)
    if how == "fast":
        wire.say(bind("p") + execute() + SYNC)
        assert b"nothing" in shown(wire.hear(1))
    first = b"".join(map(query, move))
    then = query(READ) if how == "simple" else bind("p") + execute() + SYNC
    heard = []
    if packets == "one packet":
        wire.say(first + then)
    elif packets == "two packets":
        wire.say(first)
        wire.say(then)
    else:
        wire.say(first)
        heard += wire.hear(len(move))
        wire.say(then)
    heard += wire.hear(len(move) + 1 if packets != "after the answer" else 1)
    assert SECRET not in shown(heard)


@pytest.mark.parametrize("how", ["simple", "prepared"])
def test_moved_by_a_prepared_set_that_looked_decided(wire, how):
    """Bound once without a run: nothing was moved by that, and its next run is one that only looks decided."""
    wire.say(parse("m", "SET search_path = s2") + bind("m") + SYNC + parse("p", READ) + bind("p") + execute() + SYNC)
    wire.hear(2)
    wire.say(bind("m") + execute() + SYNC)
    wire.hear(1)
    wire.say(query(READ) if how == "simple" else bind("p") + execute() + SYNC)
    assert SECRET not in shown(wire.hear(1))


@pytest.mark.parametrize("how", ["simple", "prepared"])
@pytest.mark.parametrize("end", ["ROLLBACK", "COMMIT", "ROLLBACK TO a"])
def test_moved_back_by_the_end_of_a_transaction(wire, how, end):
    """The harmless table is what SET LOCAL shows; the end of the transaction brings the other back."""
    wire.say(query("SET search_path = s2"))
    wire.hear(1)
    wire.say(query("BEGIN") + query("SAVEPOINT a") + query("SET LOCAL search_path = s1"))
    wire.hear(3)
    for _ in range(2):
        wire.say(parse("p", READ) + bind("p") + execute() + SYNC if _ == 0 else bind("p") + execute() + SYNC)
        assert b"nothing" in shown(wire.hear(1))
    then = query(READ) if how == "simple" else bind("p") + execute() + SYNC
    wire.say(query(end) + then)
    assert SECRET not in shown(wire.hear(2))


def test_moved_back_in_the_same_string(wire):
    wire.say(query("SET search_path = s2"))
    wire.hear(1)
    wire.say(query("BEGIN") + query("SET LOCAL search_path = s1") + query(READ))
    assert b"nothing" in shown(wire.hear(3))
    wire.say(query(f"ROLLBACK; {READ}"))
    heard = shown(wire.hear(1))
    assert SECRET not in heard and b"LG002" in heard


@pytest.mark.parametrize("inside", ["RESET ALL", "DISCARD ALL", "RESET search_path"])
def test_moved_by_reset(gate, schemas, inside):
    with gate.connect(options="-c search_path=s2", autocommit=True) as client:
        client.execute("SET search_path = s1")
        for _ in range(8):
            assert client.execute(READ, prepare=True).fetchone() == ("nothing",)
        client.execute(inside)
        assert client.execute(READ).fetchone() != (SECRET.decode(),)


def test_a_prepared_text_goes_with_the_path_to_and_fro(gate, schemas):
    """As where each tenant has a schema: under each path it means what it means there, and is masked as that is."""
    with gate.connect(autocommit=True) as client:
        for _ in range(3):
            for path, expected in (("s1", "nothing"), ("s2", None)):
                client.execute(f"SET search_path = {path}")
                row = client.execute(READ, prepare=True).fetchone()
                assert row != (SECRET.decode(),)
                assert expected is None or row == (expected,)


def test_a_name_prepared_anew_in_one_packet(wire):
    wire.say(query("PREPARE q AS SELECT 'nothing' || '' AS v"))
    wire.hear(1)
    wire.say(
        query("DEALLOCATE q")
        + query("PREPARE q AS SELECT v || '' AS v FROM s2.plain")
        + query("EXECUTE q")
        + query("EXECUTE q")
    )
    heard = wire.hear(4)
    assert SECRET not in shown(heard)
    assert sum(kind == b"D" for kind, _ in heard) == 2, "both rows come, masked"


def test_behind_a_decisive_statement_a_pipeline_is_refused(wire):
    wire.say(parse("", "SET search_path = s2") + bind("") + execute() + parse("", READ) + bind("") + execute() + SYNC)
    heard = shown(wire.hear(1))
    assert SECRET not in heard and b"after Sync" in heard


def test_a_temporary_table_that_could_not_be_made_changes_no_class(wire):
    """The second CREATE fails; the first one's PHI must not be read under the second one's harmless classes."""
    wire.say(
        query("CREATE TEMP TABLE copy AS SELECT v FROM s2.plain")
        + query("CREATE TEMP TABLE copy AS SELECT 'x'::text AS v")
        + query("SELECT v || '' FROM copy")
    )
    assert SECRET not in shown(wire.hear(3))


@pytest.mark.parametrize("packets", ["after the answer", "in one pipeline"])
def test_what_is_resolved_when_executed_is_decided_anew(gate, wire, packets):
    """COPY looks its table up when it runs: bound for the harmless one, approved for it, and run for the other."""
    first = parse("p", "COPY plain TO STDOUT") + parse("m", "SET LOCAL search_path = s2") + SYNC
    wire.say(query("SET lockgate.hold = 'fail'") + query("BEGIN") + first + bind("p", "p") + SYNC)
    heard = shown(wire.hear(4))
    if b"LG001" in heard:
        gate.vote(gate.wait_pending(), "rita")
        wire.say(query("ROLLBACK") + query("BEGIN") + bind("p", "p") + SYNC)
        wire.hear(3)
    if packets == "in one pipeline":
        wire.say(bind("m", "m") + execute("m") + execute("p") + SYNC)
    else:
        wire.say(query("SET LOCAL search_path = s2"))
        wire.hear(1)
        wire.say(execute("p") + SYNC)
    heard = shown(wire.hear(1))
    assert SECRET not in heard and b"SERROR" in heard
