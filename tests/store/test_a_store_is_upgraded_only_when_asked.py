"""A store of the first version: refused as it is, backed up and migrated by `lockgate upgrade`."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, select
from typer.testing import CliRunner

from lockgate.action import Action, Decision, Effect, Kind, Principal, Question, Requester
from lockgate.audit import SigningKey
from lockgate.cli import app
from lockgate.errors import ConfigError, StoreError
from lockgate.identity import token_hash
from lockgate.services.accounts import Accounts
from lockgate.services.approvals import Approvals, Refusal, Rules, Voter
from lockgate.store import KeyRing, open_store
from lockgate.store.schema import newest_revision, prepare
from lockgate.store.tables import metadata
from lockgate.store.tables.all import log  # noqa: F401 - registers every table
from lockgate.store.tables.log import events

KEY = "kfirst:" + base64.b64encode(b"first schema, a key for one test"[:32]).decode()
NOW_AT = 1_800_000_000_000_000
FIRST = Path(__file__).with_name("first_schema.sql")
run = CliRunner()


@pytest.fixture
def installation(tmp_path):
    """Lockgate's files around a store as the first version left it."""
    state = tmp_path / "state"
    state.mkdir()
    for name, text in (("keys", KEY), ("log.key", SigningKey.from_seed("first.lockgate", b"f" * 32).to_text())):
        (state / name).touch(mode=0o600)
        (state / name).write_text(text)
    with closing(sqlite3.connect(state / "lockgate.db")) as conn:
        conn.executescript(FIRST.read_text())
    (tmp_path / "lockgate.yaml").write_text("connections: {}\n")
    return tmp_path


def url(installation):
    return f"sqlite:///{installation / 'state' / 'lockgate.db'}"


def upgrade(installation, *options):
    return run.invoke(app, ["upgrade", "--config", str(installation / "lockgate.yaml"), *options])


async def test_an_older_store_is_refused_with_what_to_do(installation):
    with pytest.raises(StoreError) as refused:
        async with open_store(url(installation), keys=KeyRing.parse(KEY)):
            pass
    assert "schema 0001" in refused.value.message
    assert refused.value.hint == "stop the server, then: lockgate upgrade"


def test_doctor_says_so_too(installation):
    served = run.invoke(app, ["doctor", "--config", str(installation / "lockgate.yaml")])
    assert served.exit_code == 1 and "lockgate upgrade" in served.output


def test_upgrade_backs_up_first_and_leaves_the_schema_of_this_version(installation):
    before = (installation / "state" / "lockgate.db").read_bytes()
    done = upgrade(installation)
    assert done.exit_code == 0, done.output
    assert f"Migrated from schema 0001 to {newest_revision()}" in done.output
    (saved,) = (installation / "backups").iterdir()
    with closing(sqlite3.connect(saved / "lockgate.db")) as old, closing(sqlite3.connect(":memory:")) as first:
        first.executescript(FIRST.read_text())
        assert list(old.iterdump()) == list(first.iterdump())
    assert before != (installation / "state" / "lockgate.db").read_bytes()
    engine = create_engine(url(installation))
    found = inspect(engine)
    for table in metadata.sorted_tables:
        assert {c["name"] for c in found.get_columns(table.name)} == set(table.columns.keys()), table.name
    engine.dispose()
    assert "fits this version already" in upgrade(installation).output
    with closing(sqlite3.connect(installation / "state" / "lockgate.db")) as conn:
        (leaf,) = conn.execute("SELECT leaf FROM events WHERE type = 'store.upgraded'").fetchone()
    assert json.loads(leaf)["body"]["from"] == "0001"


def test_a_migrated_store_has_the_columns_of_a_new_one(installation, tmp_path):
    assert upgrade(installation).exit_code == 0
    new = f"sqlite:///{tmp_path / 'new.db'}"
    asyncio.run(prepare(new))
    shapes = []
    for where in (url(installation), new):
        engine = create_engine(where)
        found = inspect(engine)
        shapes.append(
            {
                name: (
                    sorted((c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)),
                    sorted(str(i["name"]) for i in found.get_indexes(name)),
                )
                for name in found.get_table_names()
            }
        )
        engine.dispose()
    assert shapes[0] == shapes[1]


async def test_what_waited_without_a_history_is_void_and_asked_for_anew(installation):
    """The first version kept no history under a MAC: nobody could tell its waiting request from a row put there."""
    done = await asyncio.to_thread(upgrade, installation)
    assert done.exit_code == 0, done.output
    keys = KeyRing.parse(KEY)
    async with open_store(url(installation), clock=lambda: NOW_AT + 60_000_000, keys=keys) as store:
        approvals = Approvals(
            store, Accounts(store), keys, store.clock, rules=Rules(cooling_s=0), changes=lambda *_: frozenset()
        )
        waiting = (await approvals.list())[0]
        action = Action(
            tenant="default",
            connection="clinic",
            upstream="pg:clinic",
            requester=Requester(
                Principal("local", "bot", Kind.AGENT, frozenset({"agents"})),
                "crd_1",
                "10.2.0.7",
                owners=frozenset({"local:ana"}),
            ),
            questions=(Question("sql.export", "clinic/public.patient"),),
            payload=b"COPY patient TO STDOUT",
            classes=frozenset({"name"}),
        )
        voted = await approvals.vote(
            waiting.id,
            voter=Voter("local:rita", interactive=True, token_has_act=False),
            approve=True,
            reason="as agreed",
            action_digest=waiting.action_digest,
            view_digest=waiting.view_digest,
        )
        assert isinstance(voted, Refusal), voted
        allowed = Decision(Effect.ALLOW, frozenset({"name"}), frozenset(), (), (), "p" * 64)
        assert isinstance(await approvals.consume(waiting.id, action, lambda _: allowed), Refusal)
        found = await approvals.get(waiting.id)
        assert found.state == "INVALIDATED"
        disbelieved = select(events.c.id).where(events.c.type == "store.disbelieved")
        assert await store.read(lambda conn: conn.execute(disbelieved).first()), "and the log says so"
        approvals.close()


def test_a_store_from_a_newer_version_is_left_alone(installation):
    with closing(sqlite3.connect(installation / "state" / "lockgate.db")) as conn, conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
    done = upgrade(installation)
    assert isinstance(done.exception, StoreError) and "newer" in done.exception.message


async def test_postgresql_is_backed_up_by_its_own_tools_and_migrated_when_that_is_said(hospital, installation):
    name = f"store_{secrets.token_hex(4)}"
    hospital.server.psql(f"CREATE DATABASE {name}")
    address = f"postgresql://postgres:{hospital.server.password}@127.0.0.1:{hospital.server.port}/{name}"
    keys = KeyRing.parse(KEY)
    async with open_store(address, keys=keys):
        pass
    hospital.server.psql("UPDATE alembic_version SET version_num = '0001'", database=name)
    (installation / "lockgate.yaml").write_text(f"store: {address}\nconnections: {{}}\n")
    refused = await asyncio.to_thread(upgrade, installation)
    assert isinstance(refused.exception, ConfigError) and "pg_dump" in refused.exception.hint
    async with open_session(address):
        busy = await asyncio.to_thread(upgrade, installation, "--backed-up")
        assert isinstance(busy.exception, StoreError) and "open" in busy.exception.message
    done = await asyncio.to_thread(upgrade, installation, "--backed-up")
    assert done.exit_code == 0, (done.output, done.exception)
    async with open_store(address, keys=keys):
        pass


def open_session(address):
    """The session alone, as a server that was started before would hold it."""
    from lockgate.store.presence import Presence

    class Open:
        async def __aenter__(self):
            self.presence = Presence(
                address, lambda: "ins_old", lambda _: None, lambda: None, lambda: None, alone=False
            )
            await self.presence.start()

        async def __aexit__(self, *_):
            await self.presence.close()

    return Open()


async def test_what_an_earlier_version_did_not_sign_is_signed_as_it_is(installation):
    with closing(sqlite3.connect(installation / "state" / "lockgate.db")) as conn, conn:
        conn.execute(
            "INSERT INTO credentials VALUES ('crd_first', 'connection', 'local:bot', ?, 'connection:clinic',"
            " 'login:local:ana', 'local:ana', '', '[]', 1, ?, 1, 0)",
            (token_hash("lgc_first"), NOW_AT * 2),
        )
    assert (await asyncio.to_thread(upgrade, installation)).exit_code == 0
    async with open_store(url(installation), keys=KeyRing.parse(KEY)) as store:
        accounts = Accounts(store)
        await accounts.check_with_log()
        assert {person.id for person in await accounts.everybody()} == {"local:rita", "local:ana", "local:bot"}
        requester = await accounts.connection_login("bot", "lgc_first", "clinic", "10.0.0.1")
        assert requester.owners == {"local:ana"}


@pytest.mark.parametrize(
    "edit",
    [
        "INSERT INTO memberships VALUES (9, 'local:ana', 'privacy', 1, 'init', 0, '')",
        "INSERT INTO credentials VALUES ('x', 'key', 'local:bot', 'h', 'tokens', 'x', 'x', '', '', 1, 9, 1, 0, NULL)",
    ],
)
@pytest.mark.parametrize("hidden", ["", "DELETE FROM seals"])
async def test_an_edited_store_is_not_signed_because_it_says_that_it_is_old(installation, edit, hidden):
    assert (await asyncio.to_thread(upgrade, installation)).exit_code == 0
    with closing(sqlite3.connect(installation / "state" / "lockgate.db")) as conn, conn:
        conn.executescript(f"{edit}; {hidden}; UPDATE alembic_version SET version_num = '0005'")
    again = await asyncio.to_thread(upgrade, installation)
    assert isinstance(again.exception, StoreError), again.output

    async def served():
        async with open_store(url(installation), keys=KeyRing.parse(KEY)):
            pass

    with pytest.raises(StoreError, match="older"):
        await served()
