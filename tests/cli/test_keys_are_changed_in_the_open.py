"""Keys by their fingerprints: shown, rotated without losing what they sealed, and their change is an event."""

from __future__ import annotations

import asyncio
import json
import stat

import pytest
from typer.testing import CliRunner

from lockgate.cli import app
from lockgate.services import known_keys
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
