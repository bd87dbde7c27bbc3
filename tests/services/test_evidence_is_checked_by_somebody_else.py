"""An export: the population, a sample that anybody draws again, pages that run nothing, receipts that check offline."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import threading

import psycopg
import pytest
from typer.testing import CliRunner

from lockgate.audit import VerifierKey
from lockgate.cli import app
from lockgate.errors import AuditError
from lockgate.services.evidence import Wanted, check_folder, collect, write_evidence
from lockgate.services.evidence.collect import Evidence, Logged, Story
from lockgate.services.evidence.pages import population_csv, story_page
from lockgate.services.evidence.sample import draw
from lockgate.store.reading import read_store

run = CliRunner()
EXPORT = "COPY (SELECT id, name FROM patient WHERE mrn = '7000013') TO STDOUT"
ALWAYS = (0, 4_000_000_000_000_000)


def held_export(gate):
    """An export that rita approves, used once; its request's id."""
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error), agent.cursor().copy(EXPORT):
            pass
        request = gate.wait_pending()
        gate.vote(request, "rita", reason="needed for the monthly report")
        with agent.cursor().copy(EXPORT) as copy:
            assert sum(1 for _ in copy) > 0
    for _ in range(200):
        if any(request.id in event["leaf"] for event in gate.events("outcome")):
            break
        threading.Event().wait(0.05)
    return request.id


def evidence(gate, **options):
    gate.call(gate.assembly.log.sequence())
    wanted = Wanted(*ALWAYS, **{"types": frozenset(), "sample": 25, "seed": 7, **options})
    return asyncio.run(read_store(f"sqlite:///{gate.state}/lockgate.db", lambda conn: collect(conn, wanted)))


@pytest.fixture
def exported(gate, tmp_path):
    """An export of every grant that was consumed."""
    request = held_export(gate)
    found = evidence(gate, types=frozenset({"grant.consumed"}))
    write_evidence(found, tmp_path / "evidence")
    return request, found, tmp_path / "evidence"


def test_a_page_shows_view_votes_reasons_and_outcome(exported):
    request, found, folder = exported
    page = (folder / "pages" / f"{request}.html").read_text()
    for words in ("copy out", "local:rita", "needed for the monthly report", "SUCCEEDED", "approve"):
        assert words in page, words
    assert "do not rely on it" not in page
    assert found.missing == ()


def test_every_version_that_is_named_is_there(gate, exported):
    _, found, folder = exported
    assert gate.assembly.policy.current.digest in found.policies
    assert gate.assembly.catalog.digest in found.catalogs
    text = (folder / "policies" / f"{gate.assembly.policy.current.digest}.txt").read_text()
    assert "permit" in text and "=== profiles.yaml" in text


def test_the_folder_checks_offline_and_a_change_is_found(exported):
    _, found, folder = exported
    key = [VerifierKey.from_text((folder / "log.pub").read_text())]
    assert check_folder(folder, key) == len(found.proofs) > 3
    done = run.invoke(app, ["audit", "check", str(folder), "--key", str(folder / "log.pub")])
    assert done.exit_code == 0 and "receipts hold" in done.output
    done = run.invoke(app, ["audit", "check", str(folder), "--key", str(folder / "log.pub"), "--json"])
    assert json.loads(done.output) == {"receipts": len(found.proofs)}
    population = (folder / "population.csv").read_text()
    for change in (
        lambda: (folder / "population.csv").write_text(population.replace(",yes", ",")),
        lambda: (folder / "population.csv").write_text(population.replace("grant.consumed", "grant.refused")),
        lambda: next((folder / "proofs").iterdir()).unlink() or (folder / "population.csv").write_text(population),
    ):
        change()
        if change is not None and (folder / "population.csv").read_text() == population:
            break
        with pytest.raises(AuditError):
            check_folder(folder, key)


def test_a_receipt_of_another_event_or_key_does_not_pass(exported):
    _, _, folder = exported
    first, second = sorted((folder / "proofs").iterdir())[:2]
    key = [VerifierKey.from_text((folder / "log.pub").read_text())]
    kept = first.read_text()
    first.write_text(second.read_text())
    with pytest.raises(AuditError, match="another event"):
        check_folder(folder, key)
    first.write_text(kept.replace("index ", "index 1"))
    with pytest.raises(AuditError):
        check_folder(folder, key)


def test_a_view_that_was_changed_in_the_store_is_not_relied_on(gate, tmp_path):
    request = held_export(gate)

    def edit(conn):
        conn.exec_driver_sql("UPDATE requests SET view = replace(view, 'copy out', 'look at')")
        return None, []

    gate.call(gate.assembly.store.transact(edit))
    write_evidence(evidence(gate, types=frozenset({"grant.consumed"})), tmp_path / "evidence")
    assert "do not rely on it" in (tmp_path / "evidence" / "pages" / f"{request}.html").read_text()


def quiet(gate):
    """Nothing more is written once the session's end is in the log."""
    for _ in range(200):
        if len(gate.events("session.closed")) == len(gate.events("session.opened")) and gate.events("outcome"):
            return
        threading.Event().wait(0.05)
    raise AssertionError("the session's end never came")


def test_the_same_seed_draws_the_same_sample(gate):
    held_export(gate)
    quiet(gate)
    one, two, other = (evidence(gate, sample=5, seed=seed) for seed in (7, 7, 8))
    assert one.sampled == two.sampled != other.sampled
    assert len(one.sampled) == 5
    assert draw(reversed([e.id for e in one.population]), 5, 7) == one.sampled


def test_the_population_is_of_the_span_and_the_types(gate, tmp_path):
    held_export(gate)
    gate.call(gate.assembly.log.sequence())
    store = str(gate.state / "lockgate.db")
    folder = tmp_path / "evidence"
    base = ["audit", "export", store]
    done = run.invoke(app, [*base, str(folder), "--from", "2020-01-01", "--to", "2099-12-31", "--type", "vote"])
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader((folder / "population.csv").open()))
    assert [row["type"] for row in rows] == ["vote"]
    seed = json.loads((folder / "sample.json").read_text())["seed"]
    assert f"seed {seed}" in done.output
    none = run.invoke(app, [*base, str(tmp_path / "none"), "--from", "2020-01-01", "--to", "2020-01-02"])
    assert "0 events" in none.output
    again = run.invoke(app, [*base, str(folder), "--from", "2020-01-01", "--to", "2099-12-31"])
    assert isinstance(again.exception, AuditError) and "not empty" in again.exception.message


HOSTILE = {"principal": "=HYPERLINK(1)", "why": "<script>alert(1)</script>", "request": "", "list": ["<img src=x>"]}


def test_pages_and_tables_run_nothing_that_an_event_holds():
    event = Logged(0, "evt_00000000", 1, "+decision", HOSTILE)
    page = story_page(Story(event, "", (), True, ()))
    assert "<script" not in page and "<img" not in page and "&lt;script&gt;" in page
    assert not re.search(r"(src|href)=\"?(https?:|//)", page)
    assert "default-src 'none'" in page
    story = Evidence(Wanted(0, 1, frozenset(), 1, 1), (event,), frozenset(), (), {}, {}, {}, (), "", "", 0)
    row = population_csv(story).splitlines()[1]
    assert "'=HYPERLINK" in row and "'+decision" in row


async def test_a_changed_policy_is_kept_before_it_decides(gate):
    before = gate.assembly.policy.current
    file = next(gate.assembly.policy.folder.glob("*.cedar"))
    file.write_text(
        file.read_text() + '\n@id("extra")\nforbid (principal, action, resource) when { context.rows > 9000000 };\n'
    )
    _, after = await asyncio.to_thread(gate.call, gate.assembly.reload_policy(by="local:root"))
    assert after.digest != before.digest

    def look(conn):
        return set(conn.exec_driver_sql("SELECT digest FROM policy_versions").scalars())

    assert await asyncio.to_thread(gate.call, gate.assembly.store.read(look)) == {before.digest, after.digest}
