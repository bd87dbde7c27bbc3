"""`checkpoint_dir` as somebody sets it: refused inside of the state, seen by doctor, taken by verify."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner

from lockgate.audit.event import Event
from lockgate.cli import app
from lockgate.errors import ConfigError
from lockgate.server.config import load_config
from lockgate.server.serve import read_signing_key
from lockgate.services.backup import copy_database
from lockgate.services.log import Log
from lockgate.store import KeyRing, open_store

run = CliRunner()


@pytest.fixture
def installation(tmp_path):
    """A new installation whose log has been signed and copied to `outside` once."""
    folder = tmp_path / "lg"
    run.invoke(app, ["init", str(folder), "--admin", "rita", "--password-stdin"], input="a long password\n")
    (tmp_path / "outside").mkdir()
    config = folder / "lockgate.yaml"
    config.write_text(config.read_text() + "checkpoint_dir: ../outside\n")
    asyncio.run(sequence(config))
    return folder


async def sequence(path):
    config = load_config(path)
    async with open_store(config.store, keys=KeyRing.from_file(folder_keys(path))) as store:
        log = Log(store, read_signing_key(config.signing_key), store.clock, checkpoint_dir=config.checkpoint_dir)
        await log.start()
        await log.stop()


def folder_keys(path):
    return path.parent / "state" / "keys"


def truncate(database):
    """As if the state had been put back to before anything was signed."""
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.execute("DELETE FROM events")
        conn.execute("DELETE FROM checkpoints")


def test_it_may_not_lie_inside_of_the_state(installation):
    config = installation / "lockgate.yaml"
    config.write_text(config.read_text().replace("../outside", "state/outside"))
    with pytest.raises(ConfigError, match="inside of the state folder"):
        load_config(config)


def test_doctor_says_whether_the_store_continues_it(installation):
    config = str(installation / "lockgate.yaml")
    good = run.invoke(app, ["doctor", "--config", config])
    assert good.exit_code == 0 and "continues the checkpoint over" in good.output
    truncate(installation / "state" / "lockgate.db")
    bad = run.invoke(app, ["doctor", "--config", config])
    assert bad.exit_code == 1
    assert "LG005, nothing is executed: the store is older" in bad.output


def test_doctor_warns_where_there_is_none(installation):
    config = installation / "lockgate.yaml"
    config.write_text(config.read_text().replace("checkpoint_dir: ../outside\n", ""))
    assert "nobody would notice" in run.invoke(app, ["doctor", "--config", str(config)]).output


def test_verify_takes_the_folder_or_a_file_and_has_a_status_for_having_neither(installation, tmp_path):
    store = str(installation / "state" / "lockgate.db")
    alone = run.invoke(app, ["audit", "verify", store])
    assert alone.exit_code == 3 and "consistent with its own key, and no more is known" in alone.output
    for kept in (tmp_path / "outside", tmp_path / "outside" / "checkpoint"):
        assert run.invoke(app, ["audit", "verify", store, "--checkpoint", str(kept)]).exit_code == 0
    (tmp_path / "empty").mkdir()
    nothing = run.invoke(app, ["audit", "verify", store, "--checkpoint", str(tmp_path / "empty")])
    assert nothing.exit_code not in (0, 3)
    truncate(store)
    shorter = run.invoke(app, ["audit", "verify", store, "--checkpoint", str(tmp_path / "outside"), "--json"])
    assert shorter.exit_code == 1
    assert json.loads(shorter.output)["verdict"] == "broken"


async def say(config_path, store, kind, **body):
    config = load_config(config_path)
    async with open_store(f"sqlite:///{store}", keys=KeyRing.from_file(folder_keys(config_path))) as opened:
        await opened.transact(lambda _: (None, [Event(kind, body)]))
        log = Log(opened, read_signing_key(config.signing_key), opened.clock)
        await log.sequence()
        return await log.checkpoint()


def test_an_execution_without_an_outcome_has_a_status_of_its_own(installation, tmp_path):
    config, store = installation / "lockgate.yaml", installation / "state" / "lockgate.db"
    (tmp_path / "kept").write_text(asyncio.run(say(config, store, "intent", execution="exe_1")))
    done = run.invoke(app, ["audit", "verify", str(store), "--checkpoint", str(tmp_path / "kept")])
    assert done.exit_code == 4 and "without an outcome: evt_" in done.output
    asyncio.run(say(config, store, "outcome", execution="exe_1"))
    assert run.invoke(app, ["audit", "verify", str(store), "--checkpoint", str(tmp_path / "kept")]).exit_code == 0


def test_a_recorded_restore_has_a_status_of_its_own_and_an_unrecorded_one_is_a_change(installation, tmp_path):
    config, store = installation / "lockgate.yaml", installation / "state" / "lockgate.db"
    copy_database(store, tmp_path / "backup.db")
    size = int(asyncio.run(say(config, store, "vote", approve=True)).splitlines()[1])
    (tmp_path / "kept").write_text(asyncio.run(say(config, store, "vote", approve=True)))
    verify = ["audit", "verify", str(tmp_path / "backup.db"), "--checkpoint", str(tmp_path / "kept")]
    assert run.invoke(app, verify).exit_code == 1
    asyncio.run(say(config, tmp_path / "backup.db", "store.restored", size=size - 1, given_up=size + 1))
    done = run.invoke(app, verify)
    assert done.exit_code == 5 and "were given up in the restore" in done.output
