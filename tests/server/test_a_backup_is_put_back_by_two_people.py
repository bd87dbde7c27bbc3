"""Backup while it runs, restore while it does not: the gap is recorded, all that waited is void, two people accept."""

from __future__ import annotations

import base64
import json
import shutil

import psycopg
import pytest

from lockgate.audit import VerifierKey
from lockgate.errors import ConfigError, StoreError
from lockgate.server import keeping
from lockgate.services.approvals import Refusal, Voter
from lockgate.services.backup import check_backup
from lockgate.services.log_copy import LogCopy
from support import PASSWORD


def ask(installation, agent):
    """Ask for the export without waiting."""
    agent.execute("SET lockgate.hold = 'fail'")
    with pytest.raises(psycopg.Error) as held:
        installation.export(agent)
    assert held.value.sqlstate == "LG001", held.value
    return installation.gate.wait_pending()


def accept(gate, person):
    voter = Voter(f"local:{person}", interactive=True, token_has_act=False)
    return gate.call(gate.assembly.approvals.accept_restore(voter))


def bodies(gate, kind):
    return [json.loads(event["leaf"])["body"] for event in gate.events(kind)]


def test_a_backup_is_whole_closed_and_holds_neither_keys_nor_values(installation):
    gate = installation.start()
    with gate.connect() as agent:
        ask(installation, agent)
        backup = installation.backup(keys=installation.folder / "apart")
        assert installation.gate.pending(), "the server runs on"
    manifest = check_backup(backup, keeping.key_ring(installation.config))
    assert manifest.size > 0
    assert backup.stat().st_mode & 0o777 == 0o700
    assert (backup / "lockgate.db").stat().st_mode & 0o777 == 0o600
    everything = b"".join(path.read_bytes() for path in backup.rglob("*") if path.is_file())
    for key in keeping.key_ring(installation.config).keys.values():
        assert key not in everything and base64.b64encode(key) not in everything
    assert b"PRIVATE+KEY" not in everything
    assert b"7000013" not in everything
    assert {path.name for path in (installation.folder / "apart").iterdir()} == {"keys", "log.key"}


def test_keys_do_not_go_where_the_backup_goes(installation):
    installation.start()
    with pytest.raises(ConfigError, match="keys do not go where"):
        installation.backup(keys=installation.folder / "backup" / "keys")


def test_a_restore_needs_the_server_stopped(installation):
    installation.start()
    backup = installation.backup()
    with pytest.raises(StoreError, match="a server has this store open"):
        installation.restore(backup)
    assert installation.gate.events("store.restored") == []


def test_what_was_approved_before_is_void_and_what_is_approved_after_waits_for_two_people(installation):
    gate = installation.start()
    with gate.connect() as agent:
        granted = ask(installation, agent)
        gate.vote(granted, "rita")
        backup = installation.backup()
        assert installation.export(agent) > 0
        used = gate.token()
    newest = (installation.outside / "checkpoint").read_text()
    installation.stop()

    done = installation.restore(backup)
    assert done.given_up > done.size
    assert done.voided["grants"] == 1 and done.voided["credentials"] > 0

    gate = installation.start()
    assert gate.assembly.log.halted == ""
    assert gate.call(gate.assembly.approvals.get(granted.id)).state == "INVALIDATED"
    with pytest.raises(psycopg.OperationalError, match="login failed"):
        psycopg.connect(host="127.0.0.1", port=gate.port, user="bot", password=used, dbname="clinic")
    (record,) = bodies(gate, "store.restored")
    assert (record["size"], record["given_up"]) == (done.size, done.given_up)

    with gate.connect() as agent:
        assert agent.execute("SELECT count(*) FROM patient").fetchone()[0] == 300
        again = ask(installation, agent)
        gate.vote(again, "rita")
        for person in ("", "paul"):
            if person:
                assert accept(gate, person).open
            with pytest.raises(psycopg.Error, match="older store was put back") as refused:
                installation.export(agent)
            assert refused.value.sqlstate == "LG005"
        assert not accept(gate, "root").open
        assert installation.export(agent) > 0
    assert [body["by"] for body in bodies(gate, "restore.accepted")] == ["local:paul", "local:root"]
    recovered = [body for body in bodies(gate, "outcome") if body["code"] == "recovered"]
    assert recovered, "what ran when the backup was made has its outcome in what was given up"
    assert {body["status"] for body in recovered} == {"UNKNOWN"}
    installation.stop()
    key = [VerifierKey.from_text(LogCopy(installation.folder / "state" / "lockgate.db").public_key())]
    store = LogCopy(installation.folder / "state" / "lockgate.db")
    assert store.verify(key, [newest]).verdict.name == "RESTORED"
    report = store.verify(key, [(installation.outside / "checkpoint").read_text()])
    assert (report.problems, report.given_up, report.witnessed) == ([], [], report.size)
    assert report.unmatched == []


def test_nothing_is_lost_by_a_restore(installation):
    gate = installation.start()
    backup = installation.backup()
    with gate.connect() as agent:
        ask(installation, agent)
    installation.stop()
    kept = (installation.outside / "checkpoint").read_text()
    done = installation.restore(backup)
    aside = installation.folder / "state" / done.aside
    assert LogCopy(aside).verify([VerifierKey.from_text(LogCopy(aside).public_key())], [kept]).size >= done.given_up
    (given_up,) = installation.outside.glob("given-up-*")
    assert (given_up / "checkpoint").read_text() == kept


def test_what_waited_is_void_and_glasses_are_due_for_review(installation):
    gate = installation.start()
    gate.call(gate.assembly.accounts.prove("eva", PASSWORD))
    with gate.connect() as agent:
        request = ask(installation, agent)
        backup = installation.backup()
    installation.stop()
    done = installation.restore(backup)
    assert done.voided["requests"] == 1
    gate = installation.start()
    assert gate.call(gate.assembly.approvals.get(request.id)).state == "INVALIDATED"


def test_a_restore_does_not_lift_the_kill_switch(installation):
    gate = installation.start()
    backup = installation.backup()
    root = Voter("local:root", interactive=True, token_has_act=False)
    gate.call(gate.assembly.approvals.kill_switch(True, by=root))
    installation.stop()
    installation.restore(backup)
    gate = installation.start()
    assert gate.call(gate.assembly.approvals.stopped()).on


@pytest.mark.parametrize("damage", ["edited", "cut", "manifest", "other-keys"])
def test_a_backup_that_was_changed_is_not_put_back(installation, damage):
    installation.start()
    backup = installation.backup()
    installation.stop()
    before = (installation.folder / "state" / "lockgate.db").read_bytes()
    store, manifest = backup / "lockgate.db", backup / "manifest.json"
    if damage == "edited":
        store.write_bytes(store.read_bytes().replace(b"local:rita", b"local:riti"))
    elif damage == "cut":
        store.write_bytes(store.read_bytes()[:-4096])
    elif damage == "manifest":
        manifest.write_text(manifest.read_text().replace('"unsigned": ', '"unsigned": 1'))
    else:
        shutil.copy(installation.folder / "state" / "keys", installation.folder / "old-keys")
        (installation.folder / "state" / "keys").write_text(
            "kother:" + base64.b64encode(b"another key ring, made elsewhere"[:32]).decode()
        )
    with pytest.raises(StoreError):
        installation.restore(backup)
    assert (installation.folder / "state" / "lockgate.db").read_bytes() == before
    assert [path.name for path in (installation.folder / "state").glob("*.before-restore-*")] == []


def test_nobody_accepts_where_nothing_was_restored(installation):
    gate = installation.start()
    assert isinstance(accept(gate, "root"), Refusal)
