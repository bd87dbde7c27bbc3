"""The PHI map means the columns that people saw: renamed, or in a table made again, another of that name is hidden."""

from __future__ import annotations

import json
import threading

import pytest

from lockgate.demo.hospital import GATEWAY_ROLE as ROLE
from lockgate.errors import CatalogError, UpstreamError
from lockgate.server import phi_maps

MADE = f"""
DROP TABLE IF EXISTS ledger;
CREATE TABLE ledger (id int, code text, ssn text);
INSERT INTO ledger VALUES (1, 'A01', '123-45-6789');
GRANT SELECT ON ledger TO {ROLE};
"""
MAP = "public.ledger: {id: none, code: none, ssn: ssn}\n"


@pytest.fixture
def ledger(gate, hospital):
    hospital.superuser(MADE)
    gate.call(gate.assembly.maps.accept("clinic", MAP, by="local:root"))
    yield
    hospital.superuser(f"DROP TABLE IF EXISTS ledger; REVOKE CREATE ON SCHEMA public FROM {ROLE}")


def read(gate):
    """`(code, ssn)` as the agent sees them, once the gateway has noticed what changed."""
    gate.call(gate.assembly.connections["clinic"].check_schema())
    with gate.connect() as agent:
        return agent.execute("SELECT code, ssn FROM ledger").fetchone()


def followed(gate, shown) -> bool:
    """Whether the first column comes to be shown within a while."""
    for _ in range(60):
        if read(gate)[0] == shown:
            return True
        threading.Event().wait(0.05)
    return False


def differing(gate):
    for _ in range(60):
        if found := gate.assembly.maps.differing.get("clinic"):
            return list(found)
        threading.Event().wait(0.05)
    return []


def test_what_was_accepted_is_shown_and_the_rest_masked(gate, ledger):
    code, ssn = read(gate)
    assert code == "A01"
    assert ssn.startswith("SSN-")


def test_two_columns_that_swapped_names_are_both_hidden(gate, hospital, ledger):
    hospital.superuser(
        "ALTER TABLE ledger RENAME code TO x; ALTER TABLE ledger RENAME ssn TO code; ALTER TABLE ledger RENAME x TO ssn"
    )
    assert not any(value in ("A01", "123-45-6789") for value in read(gate))
    assert differing(gate) == ["public.ledger"]
    event = json.loads(gate.events("catalog.differs")[0]["leaf"])["body"]
    assert event == {"connection": "clinic", "tables": ["public.ledger"]}


def test_a_table_made_again_with_the_same_columns_keeps_its_classes(gate, hospital, ledger):
    """Nobody behind the gateway's role could have made it, and a scan finds nothing that people have not seen."""
    hospital.superuser(
        MADE.replace("(id int, code text, ssn text)", "(ssn text, id int, code text)").replace(
            "(1, 'A01', '123-45-6789')", "('123-45-6789', 1, 'A01')"
        )
    )
    assert followed(gate, "A01")
    assert read(gate)[1].startswith("SSN-")
    authors = [json.loads(event["leaf"])["body"]["by"] for event in gate.events("catalog.changed")]
    assert "lockgate" in authors


@pytest.mark.parametrize(
    "again",
    [
        MADE.replace("code text", "code varchar"),
        MADE.replace("'A01'", "'ssn 987-65-4321 of John Miller'"),
        MADE + f"GRANT CREATE ON SCHEMA public TO {ROLE};",
        MADE + f"ALTER TABLE ledger OWNER TO {ROLE};",
    ],
    ids=["another type", "other content", "who is masked may create there", "who is masked owns it"],
)
def test_a_table_made_again_otherwise_waits_for_people(gate, hospital, ledger, again):
    hospital.superuser(again)
    read(gate)
    assert differing(gate) == ["public.ledger"]
    assert not followed_soon(gate)
    gate.call(gate.assembly.maps.accept("clinic", MAP, by="local:root"))
    assert followed_soon(gate), "people have looked at it"


def followed_soon(gate) -> bool:
    for _ in range(10):
        if read(gate)[0] in ("A01", "ssn 987-65-4321 of John Miller"):
            return True
        threading.Event().wait(0.05)
    return False


def test_a_name_in_the_map_that_was_no_table_then_means_nothing_later(gate, hospital):
    hospital.superuser("DROP TABLE IF EXISTS ledger")
    gate.call(gate.assembly.maps.accept("clinic", MAP, by="local:root"))
    hospital.superuser(MADE)
    try:
        assert not any(value in ("A01", "123-45-6789") for value in read(gate))
    finally:
        hospital.superuser("DROP TABLE ledger")


def test_a_map_is_not_accepted_while_the_server_cannot_be_asked(gate, monkeypatch):
    async def away(*_):
        raise UpstreamError("the server is away")

    before = gate.assembly.catalog.current("clinic").digest
    monkeypatch.setattr(phi_maps, "places_of", away)
    with pytest.raises(UpstreamError):
        gate.call(gate.assembly.maps.accept("clinic", MAP, by="local:root"))
    assert gate.assembly.catalog.current("clinic").digest == before


def test_what_follows_a_server_never_replaces_what_people_accepted_meanwhile(gate, ledger):
    catalog = gate.assembly.catalog
    before = catalog.current("clinic")
    gate.call(gate.assembly.maps.accept("clinic", MAP.replace("code: none", "code: name"), by="local:root"))
    with pytest.raises(CatalogError, match="meanwhile"):
        gate.call(catalog.put("clinic", before, by="lockgate", instead_of=before))
    assert catalog.current("clinic").entry("public", "ledger", "code").cls == "name"
