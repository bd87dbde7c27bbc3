"""Keys by their fingerprints: shown, rotated without losing what they sealed, and their change is an event."""

from __future__ import annotations

import asyncio
import json
import stat

import pytest
from typer.testing import CliRunner

from lockgate.audit import SigningKey
from lockgate.cli import app
from lockgate.server.config import load_config
from lockgate.server.serve import read_signing_key
from lockgate.services import known_keys
from lockgate.services.log import Log
from lockgate.store import KeyRing, open_store

run = CliRunner()


@pytest.fixture
def installation(tmp_path):
    folder = tmp_path / "lockgate"
    made = run.invoke(app, ["init", str(folder), "--admin", "root", "--password-stdin"], input="a long test password\n")
    assert made.exit_code == 0, made.output
    return folder, made.output


def shown(folder):
    done = run.invoke(app, ["keys", "show", "--config", str(folder / "lockgate.yaml"), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_init_prints_the_fingerprints_that_are_shown_later(installation):
    folder, output = installation
    for fingerprint in shown(folder).values():
        assert fingerprint in output.replace("\n", "")


def test_no_key_is_ever_printed(installation):
    folder, output = installation
    key = (folder / "state" / "keys").read_text().partition(":")[2].strip()
    printed = run.invoke(app, ["keys", "rotate", "--config", str(folder / "lockgate.yaml")]).output
    fresh = (folder / "state" / "keys").read_text().partition(":")[2].partition("\n")[0]
    assert key not in output + printed and fresh not in printed


def test_after_a_rotation_a_new_key_seals_and_the_old_one_still_opens(installation):
    folder, _ = installation
    path = folder / "state" / "keys"
    before = KeyRing.from_file(path)
    sealed = before.seal(b"what waits", b"its place")
    old = shown(folder)["sealing"]
    done = run.invoke(app, ["keys", "rotate", "--config", str(folder / "lockgate.yaml")])
    assert done.exit_code == 0, done.output
    after = KeyRing.from_file(path)
    assert after.open(sealed, b"its place") == b"what waits"
    assert shown(folder)["sealing"] == after.fingerprint != old
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.glob("keys*")] == ["keys"], "nothing is left beside it"
    assert after.derive("attempt-key") == before.derive("attempt-key"), "an identical retry is still recognised"


def test_keys_in_the_environment_are_rotated_there(installation, monkeypatch):
    folder, _ = installation
    monkeypatch.setenv("LG_KEYS", (folder / "state" / "keys").read_text())
    config = folder / "lockgate.yaml"
    config.write_text(config.read_text() + "\nkeys: env:LG_KEYS\n")
    assert shown(folder)["sealing"]
    refused = run.invoke(app, ["keys", "rotate", "--config", str(config)])
    assert refused.exit_code == 1
    assert "in the environment" in str(refused.exception.message)


def test_a_change_of_key_is_an_event_and_a_second_start_is_none(tmp_path):
    async def starts(*fingerprints):
        async with open_store(f"sqlite:///{tmp_path}/keys.db", keys=KeyRing.generate()) as store:
            for one in fingerprints:
                await store.transact(lambda conn, one=one: known_keys.note(conn, {"sealing": one}))
            rows = await store.read(
                lambda conn: conn.exec_driver_sql("SELECT leaf FROM events ORDER BY seq").fetchall()
            )
            return [json.loads(row[0])["body"] for row in rows]

    told = asyncio.run(starts("k1", "k1", "k2"))
    assert told == [{"use": "sealing", "from": "", "to": "k1"}, {"use": "sealing", "from": "k1", "to": "k2"}]


async def serve_once(config):
    """As a start and a stop of the server: the log is signed to its end."""
    loaded = load_config(config)
    async with open_store(loaded.store, keys=KeyRing.from_file(config.parent / "state" / "keys")) as store:
        log = Log(store, read_signing_key(loaded.signing_key), store.clock, checkpoint_dir=loaded.checkpoint_dir)
        await log.start()
        assert log.halted == ""
        await log.stop()


@pytest.fixture
def signed(installation, tmp_path):
    """An installation whose log was signed, rotated, and signed again; and the public key of before."""
    folder, _ = installation
    config = folder / "lockgate.yaml"
    (tmp_path / "outside").mkdir()
    config.write_text(config.read_text() + "checkpoint_dir: ../outside\n")
    asyncio.run(serve_once(config))
    before = (folder / "log.pub").read_text()
    done = run.invoke(app, ["keys", "rotate", "--log", "--config", str(config)])
    assert done.exit_code == 0, done.output
    asyncio.run(serve_once(config))
    return folder, before


def verified(folder, *options):
    store = str(folder / "state" / "lockgate.db")
    return run.invoke(app, ["audit", "verify", store, *options, "--json"])


def test_after_a_rotation_of_the_logs_key_either_key_verifies_the_whole_log(signed, tmp_path):
    folder, before = signed
    after = (folder / "log.pub").read_text()
    assert before != after
    for key in (before, after):
        done = verified(folder, "--key", key, "--checkpoint", str(tmp_path / "outside"))
        assert done.exit_code == 0, done.output
        assert len(json.loads(done.output)["keys"]) == 2
    assert verified(folder).exit_code == 3
    stranger = SigningKey.from_seed("stranger", b"s" * 32).verifier.to_text()
    assert verified(folder, "--key", stranger).exit_code == 1


def test_a_change_of_the_logs_key_is_one_event_with_its_author(signed):
    folder, before = signed

    async def bodies():
        async with open_store(load_config(folder / "lockgate.yaml").store, keys=KeyRing.generate()) as store:
            query = "SELECT leaf FROM events WHERE type = 'log.key' ORDER BY seq"
            return [
                json.loads(row[0])["body"] for row in await store.read(lambda c: c.exec_driver_sql(query).fetchall())
            ]

    first, second = asyncio.run(bodies())
    assert (first["before"], first["after"]) == ("", before.strip())
    assert second["before"] == before.strip() and second["by"].startswith("host:")
    assert stat.S_IMODE((folder / "state" / "log.key").stat().st_mode) == 0o600
    assert [p.name for p in (folder / "state").glob("log.key*")] == ["log.key"]


def test_while_a_server_has_the_store_the_logs_key_is_not_changed(installation):
    folder, _ = installation
    config = load_config(folder / "lockgate.yaml")

    async def try_it():
        async with open_store(config.store, keys=KeyRing.from_file(folder / "state" / "keys")):
            return await asyncio.to_thread(
                run.invoke, app, ["keys", "rotate", "--log", "--config", str(folder / "lockgate.yaml")]
            )

    before = (folder / "state" / "log.key").read_text()
    refused = asyncio.run(try_it())
    assert refused.exit_code == 1 and "a server has this store open" in refused.exception.message
    assert (folder / "state" / "log.key").read_text() == before
