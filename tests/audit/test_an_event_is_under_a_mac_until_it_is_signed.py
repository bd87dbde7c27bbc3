"""Between its transaction and the signed tree an event has only its MAC: who changes it then is found out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from typer.testing import CliRunner

from lockgate.audit import SigningKey, Verdict
from lockgate.audit.event import Event
from lockgate.cli import app
from lockgate.errors import AuditError
from lockgate.services.log import Log
from lockgate.services.log_copy import LogCopy
from lockgate.services.log_keys import earlier_keys
from lockgate.store import KeyRing, open_store, system_clock, write_key_file
from lockgate.store.tables import log as t

SIGNER = SigningKey.from_seed("test.lockgate", b"t" * 32)


@pytest.fixture
def keys(tmp_path) -> KeyRing:
    return write_key_file(tmp_path / "keys")


@pytest.fixture
async def store(tmp_path, keys):
    async with open_store(f"sqlite:///{tmp_path}/lockgate.db", keys=keys) as opened:
        yield opened


async def say(store, *bodies) -> list[str]:
    done = await store.commit(lambda conn: (None, [Event("kill_switch", body) for body in bodies]))
    return list(done.event_ids)


async def change(store, event_id: str, **values) -> None:
    def unit(conn):
        conn.execute(update(t.events).where(t.events.c.id == event_id).values(**values))
        return None, []

    await store.transact(unit)


async def forge(store, tmp_path) -> str:
    """Two events, the second of which is changed before anybody signs it; its name."""
    _, second = await say(store, {"on": True}, {"on": False})
    await change(store, second, leaf=b'{"body":{"on":true},"id":"x","time":1,"type":"kill_switch","v":1}')
    return second


async def test_the_sequencer_refuses_it_and_signs_nothing(store, tmp_path):
    name = await forge(store, tmp_path)
    log = Log(store, SIGNER, system_clock)
    with pytest.raises(AuditError, match=name):
        await log.sequence()
    with pytest.raises(AuditError, match="nothing is signed"):
        await log.checkpoint()


async def test_verify_names_it_to_whoever_has_the_keys(store, tmp_path, keys):
    name = await forge(store, tmp_path)
    copy = LogCopy(Path(tmp_path / "lockgate.db"))
    assert copy.verify([SIGNER.verifier], [], keys).problems == [f"event {name} was changed before it was signed"]
    assert copy.verify([SIGNER.verifier], []).pending == 2, "without the keys it is only said to be unsigned"


async def test_an_unchanged_event_passes(store, tmp_path, keys):
    await say(store, {"on": True})
    report = LogCopy(tmp_path / "lockgate.db").verify([SIGNER.verifier], [], keys)
    assert (report.verdict, report.problems) == (Verdict.SELF_CONSISTENT, [])


@pytest.mark.parametrize("filed", [{"request": "req_other"}, {"type": "vote"}])
async def test_an_event_that_is_hidden_under_another_name_is_found(store, tmp_path, filed):
    """Its bytes are as signed; where it is filed decides who looks at it."""
    name, *_ = await say(store, {"on": True})
    await Log(store, SIGNER, system_clock).sequence()
    await change(store, name, **filed)
    report = LogCopy(tmp_path / "lockgate.db").verify([SIGNER.verifier], [])
    assert report.verdict is Verdict.BROKEN
    assert "stored under another type or request" in report.problems[0]


async def test_the_command_takes_the_key_file(store, tmp_path):
    name = await forge(store, tmp_path)
    store_file, key = str(tmp_path / "lockgate.db"), SIGNER.verifier.to_text()
    done = CliRunner().invoke(app, ["audit", "verify", store_file, "--key", key, "--keys", str(tmp_path / "keys")])
    assert done.exit_code == 1, done.output
    assert name in done.output


def test_the_log_of_a_store_of_either_kind_is_verified(store_url, tmp_path):
    """`lockgate audit verify` reads PostgreSQL as it reads a file."""
    keys = write_key_file(tmp_path / "keys")

    async def made():
        async with open_store(store_url, keys=keys) as opened:
            log = Log(opened, SIGNER, system_clock)
            await log.start()
            await say(opened, {"on": True})
            await log.stop()
            return await log.checkpoint()

    (tmp_path / "kept").write_text(asyncio.run(made()))
    place = store_url.removeprefix("sqlite:///")
    command = ["audit", "verify", place, "--keys", str(tmp_path / "keys")]
    assert CliRunner().invoke(app, [*command, "--key", SIGNER.verifier.to_text()]).exit_code == 3
    assert CliRunner().invoke(app, [*command, "--checkpoint", str(tmp_path / "kept")]).exit_code == 0

    def forge(conn):
        last = conn.execute(select(func.max(t.events.c.leaf_index))).scalar()
        conn.execute(update(t.events).where(t.events.c.leaf_index.is_(None)).values(leaf_index=last + 1))
        return None, []

    async def place_it():
        async with open_store(store_url, keys=keys) as opened:
            await say(opened, {"on": False})
            await opened.transact(forge)

    asyncio.run(place_it())
    assert CliRunner().invoke(app, [*command, "--checkpoint", str(tmp_path / "kept")]).exit_code == 1


async def test_an_event_of_a_change_of_key_that_is_not_genuine_names_no_key(store):
    other = SigningKey.from_seed("test.lockgate", b"o" * 32).verifier
    await store.commit(lambda conn: (None, [Event("log.key", {"before": other.to_text(), "after": ""})]))
    assert await store.read(lambda conn: earlier_keys(conn, store.mac_key)) == [other]

    def forge(conn):
        conn.execute(update(t.events).values(mac=b"0" * 32))
        return None, []

    await store.transact(forge)
    assert await store.read(lambda conn: earlier_keys(conn, store.mac_key)) == []
