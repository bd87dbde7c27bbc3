"""Where tables are no longer those that people reviewed, one message a day lists them until somebody has looked."""

from __future__ import annotations

import json

import pytest

from lockgate.demo.hospital import GATEWAY_ROLE as ROLE
from lockgate.services.approvals import Rules
from lockgate.store import system_clock
from lockgate.store.outbox import claim, settle
from support import start_gate, stop_gate

MADE = f"""
DROP TABLE IF EXISTS ledger; CREATE TABLE ledger (id int, code text, ssn text);
INSERT INTO ledger VALUES (1, 'A01', '123-45-6789'); GRANT SELECT ON ledger TO {ROLE};
"""
MAP = "public.ledger: {id: none, code: none, ssn: ssn}\n"
HOOKS = ("https://one.example/hook", "https://two.example/hook")
HOUR_US = 3600 * 1_000_000


class World:
    def __init__(self, hospital, folder):
        self.later = 0
        self.hospital = hospital
        self.gate = start_gate(
            hospital,
            folder,
            "ai-agents",
            rules=Rules(cooling_s=0, webhooks=HOOKS),
            clock=lambda: system_clock() + self.later,
        )
        self.assembly = self.gate.assembly
        hospital.superuser(MADE)
        self.gate.call(self.assembly.maps.accept("clinic", MAP, by="local:root"))

    def look(self):
        """As each hour does, and each change of the schema."""
        self.gate.call(self.assembly.maps.look_again("clinic"))

    def sent(self):
        """What has gone out since it was asked last: `(to, body)`."""

        def take(conn):
            taken = claim(conn, "webhook", now_at=self.assembly.store.clock(), most=1000)
            for message in taken:
                settle(conn, message, error="", now_at=0)
            return taken, []

        return [(m.destination, m.body) for m in self.gate.call(self.assembly.store.transact(take))]

    def events(self):
        return [json.loads(event["leaf"])["body"] for event in self.gate.events("catalog.differs")]


@pytest.fixture
def world(hospital, tmp_path):
    made = World(hospital, tmp_path)
    yield made
    stop_gate(made.gate)
    hospital.superuser("DROP TABLE IF EXISTS ledger, ledger_too")


def differ(world):
    world.hospital.superuser("ALTER TABLE ledger ALTER code TYPE varchar")


def test_every_webhook_is_told_which_tables_and_columns_and_what_to_do(world):
    world.look()
    assert world.sent() == [], "nothing differs"
    differ(world)
    world.look()
    sent = world.sent()
    assert sorted(to for to, _ in sent) == sorted(HOOKS)
    for _, body in sent:
        assert body == {
            "type": "catalog.differs",
            "connection": "clinic",
            "tables": {"public.ledger": ["code"]},
            "accept": "lockgate catalog review clinic",
        }


def test_a_table_made_again_is_told_with_all_of_its_columns(world):
    world.hospital.superuser(MADE.replace("'A01'", "'ssn 987-65-4321 of John Miller'"))
    world.look()
    (_, body), _ = world.sent()
    assert body["tables"] == {"public.ledger": ["code", "id", "ssn"]}
    assert "987-65" not in json.dumps(body)


def test_it_is_told_once_a_day_until_somebody_has_looked(world):
    differ(world)
    for _ in range(3):
        world.look()
    assert len(world.sent()) == 2
    world.later += 23 * HOUR_US
    world.look()
    assert world.sent() == [], "not yet a day"
    world.later += 2 * HOUR_US
    world.look()
    assert len([1 for _, body in world.sent() if body["type"] == "catalog.differs"]) == 2
    world.gate.call(world.assembly.maps.accept("clinic", MAP, by="local:root"))
    world.later += 25 * HOUR_US
    world.look()
    assert world.sent() == []
    assert len(world.events()) == 2


def test_another_process_does_not_tell_it_again(world, tmp_path):
    """What was told stands in the store, not in the memory of whoever told it."""
    differ(world)
    world.look()
    assert len(world.sent()) == 2
    world.assembly.maps.differing.clear()
    world.look()
    other = type(world.assembly.maps)(world.assembly.catalog, world.assembly.connections, world.assembly.store, HOOKS)
    world.gate.call(other.look_again("clinic"))
    assert world.sent() == []


def test_another_table_is_told_at_once(world):
    differ(world)
    world.look()
    world.sent()
    world.hospital.superuser("CREATE TABLE ledger_too (id int)")
    too = MAP + "public.ledger_too: {id: none}\n"
    world.gate.call(world.assembly.maps.accept("clinic", too, by="local:root"))
    world.hospital.superuser("ALTER TABLE ledger_too ALTER id TYPE bigint")
    world.look()
    assert world.sent()[0][1]["tables"] == {"public.ledger_too": ["id"]}
