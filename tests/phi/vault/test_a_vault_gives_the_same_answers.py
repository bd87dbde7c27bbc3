"""A vault keeps its word: the same surrogate and the same offset ever after, whoever asks, on both databases."""

from __future__ import annotations

import itertools
import os
import random
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lockgate.errors import SealError, StoreError, VaultError
from lockgate.phi.columns import deidentify
from lockgate.phi.vault import MemoryVault, Want
from lockgate.store import KeyRing, write_key_file
from lockgate.store.vault import create_vault, open_vault, rotate_vault
from lockgate.store.vault.tables import entries, known

NAMES = [f"Name{i}" for i in range(100_000)]


def name(rng: random.Random) -> str:
    return rng.choice(NAMES)


def digit(rng: random.Random) -> str:
    return str(rng.randrange(10))


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing.generate()


@pytest.fixture
def vault_url(store_url: str, keys: KeyRing) -> str:
    create_vault(store_url, keys, now_at=1)
    return store_url


def ask(vault, patient, *originals, cls="name", draw=name):
    return vault.surrogates(patient, [(cls, original, draw) for original in originals])


# the same ever after ------------------------------------------------------------------------------------------------
def test_a_surrogate_is_the_same_in_the_next_run(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        first = ask(vault, "p1", "maria lopez", "john doe")
        days = vault.offset("p1")
        assert ask(vault, "p1", "john doe", "maria lopez", "john doe") == [first[1], first[0], first[1]]
    with open_vault(vault_url, keys) as vault:
        assert ask(vault, "p1", "maria lopez", "john doe") == first
        assert vault.offset("p1") == days


def test_patients_and_classes_are_apart(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        [one], [other], [place] = (
            ask(vault, "p1", "paris"),
            ask(vault, "p2", "paris"),
            ask(vault, "p1", "paris", cls="geo"),
        )
        assert len({one, other, place}) == 3
        assert ask(vault, "p1", "a", "bc") != ask(vault, "p1", "ab", "c"), "names of rows are framed"


def test_an_offset_is_within_a_year_and_never_zero(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        days = vault.offsets([f"p{i}" for i in range(2000)])
    assert 0 not in days
    assert -364 <= min(days) < -300 and 300 < max(days) <= 364
    assert abs(sum(1 for day in days if day > 0) - 1000) < 150


def test_many_patients_are_asked_about_at_once(vault_url, keys):
    wanted = [Want(f"p{i % 50}", "name", f"o{i}", name) for i in range(12_000)]
    with open_vault(vault_url, keys) as vault:
        answers = vault.surrogates_of(wanted)
    assert len(set(answers)) == 12_000
    with open_vault(vault_url, keys, most_cached=10) as vault:
        assert vault.surrogates_of(wanted) == answers
        assert len(vault._cache) == 10, "the cache is bounded"


# what is not given --------------------------------------------------------------------------------------------------
def test_no_two_originals_of_a_class_share_a_surrogate(vault_url, keys):
    """Each patient is offered the ten in the same order, so that the second is first offered the first one's."""
    with open_vault(vault_url, keys) as vault:
        given = []
        for patient in ("p1", "p2"):
            offered = itertools.cycle("0123456789")
            given.append(ask(vault, patient, *"abcde", draw=lambda _, offered=offered: next(offered)))
        assert len({*given[0], *given[1]}) == 10, "there were ten, and each was used once"


def test_where_a_class_is_too_small_those_of_a_patient_still_stay_apart(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        for patient in ("p1", "p2", "p3"):
            assert len(set(ask(vault, patient, *"abcdefgh", draw=digit))) == 8
        with pytest.raises(VaultError, match="no surrogate is left for class name") as refused:
            ask(vault, "p4", *"abcdefghijkl", draw=digit)
        assert "p4" not in str(refused.value)
        assert vault.status().surrogates == 24, "all of it or nothing"


def test_a_surrogate_is_no_known_original_of_anybody(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        ask(vault, "p1", "Five", "SIX", draw=lambda rng: rng.choice(["one", "two"]))
        drawn = ask(vault, "p2", "x", "y", cls="geo", draw=lambda rng: rng.choice(["five", " six", "Seven", "eight"]))
        assert set(drawn) == {"Seven", "eight"}


def test_originals_of_the_same_batch_are_known_too(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        assert set(ask(vault, "p1", *"01234", draw=digit)) == set("56789")


def test_so_are_those_of_a_batch_that_is_written_in_parts(vault_url, keys, monkeypatch):
    monkeypatch.setattr("lockgate.store.vault.vault.BATCH", 7)
    originals = [f"o{i}" for i in range(50)]
    with open_vault(vault_url, keys) as vault:
        drawn = ask(vault, "p1", *originals, draw=lambda rng: rng.choice(originals + NAMES[:200]))
        assert ask(vault, "p1", *originals) == drawn
    assert len(set(drawn) - set(originals)) == 50


# many at once -------------------------------------------------------------------------------------------------------
def test_threads_agree(vault_url, keys):
    def run(number: int) -> None:
        with open_vault(vault_url, keys) as vault:
            mine = [f"o{i}" for i in range(200)]
            random.Random(number).shuffle(mine)
            for start in range(0, 200, 20):
                part = mine[start : start + 20]
                answers[number].update(zip(part, ask(vault, "p1", *part), strict=True))
            offsets.add(vault.offset("p1"))

    answers: list[dict[str, str]] = [{} for _ in range(6)]
    offsets: set[int] = set()
    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(answer == answers[0] for answer in answers)
    assert len(set(answers[0].values())) == 200
    assert len(offsets) == 1


def test_processes_agree(vault_url, keys, tmp_path):
    (tmp_path / "keys").write_text(keys.rotated().splitlines()[1])
    program = (
        "import sys, random; from lockgate.store import KeyRing; from lockgate.store.vault import open_vault\n"
        "vault = open_vault(sys.argv[1], KeyRing.parse(open(sys.argv[2]).read()))\n"
        "draw = lambda rng: f'n{rng.randrange(10**9)}'\n"
        "for i in range(0, 300, 10):\n"
        "    print(*vault.surrogates('p1', [('name', f'o{j}', draw) for j in range(i, i + 10)]), vault.offset('p1'))\n"
    )
    command = [sys.executable, "-c", program, vault_url, str(tmp_path / "keys")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    one, other = (process.communicate(timeout=60)[0] for process in running)
    assert [process.returncode for process in running] == [0, 0]
    assert one == other and len(one.splitlines()) == 30


def test_a_vault_that_was_opened_before_a_fork_is_refused_at_once(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        ask(vault, "p1", "maria")
        read, write = os.pipe()
        if (child := os.fork()) == 0:
            try:
                ask(vault, "p1", "john")
            except VaultError as refused:
                os.write(write, refused.hint.encode())
            os._exit(0)
        os.waitpid(child, 0)
        assert os.read(read, 100) == b"open it in each process"
        assert ask(vault, "p1", "maria")


# nothing in clear ---------------------------------------------------------------------------------------------------
def test_the_file_holds_nothing_in_clear(tmp_path, keys):
    url = f"sqlite:///{tmp_path}/vault.db"
    create_vault(url, keys, now_at=1)
    with open_vault(url, keys) as vault:
        [given] = ask(vault, "patient-4711", "maria lopez", draw=lambda _: "surrogate-of-maria")
        days = vault.offset("patient-4711")
        written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert (tmp_path / "vault.db").stat().st_mode & 0o077 == 0
    for clear in ("patient-4711", "maria", "lopez", given, f'"{days}"'):
        assert clear.encode() not in written
    assert b"vault_entries" in written, "it was written at all"


def test_equal_originals_of_different_patients_look_different(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        for patient in ("p1", "p2", "p3"):
            ask(vault, patient, "james")
        rows = vault._engine.read(lambda conn: conn.execute(entries.select()).all())
        assert len({cell for row in rows for cell in row}) == 15, "no column ties one patient's name to another's"
        assert len(vault._engine.read(lambda conn: conn.execute(known.select()).all())) == 1, "nor says how often"
        assert len({len(row.sealed) for row in rows}) == 1


def test_a_row_that_was_changed_or_moved_does_not_open(vault_url, keys):
    def swap(conn):
        one, other = conn.execute(select(entries.c.entry, entries.c.sealed)).all()
        conn.execute(update(entries).where(entries.c.entry == one.entry).values(sealed=other.sealed))

    with open_vault(vault_url, keys) as vault:
        ask(vault, "p1", "maria", "john")
        vault._engine.write(swap)
    with open_vault(vault_url, keys) as vault, pytest.raises(SealError, match="changed behind Lockgate") as refused:
        ask(vault, "p1", "maria", "john")
    assert "maria" not in str(refused.value)


# keys ---------------------------------------------------------------------------------------------------------------
def test_a_foreign_key_is_refused_with_what_to_do(vault_url, keys):
    with pytest.raises(VaultError, match="which this vault is under") as refused:
        open_vault(vault_url, KeyRing.generate())
    assert "put back the key file" in refused.value.hint
    forged = KeyRing({keys.current: b"x" * 32}, keys.current, keys.current)
    with pytest.raises(VaultError, match="not this vault's"):
        open_vault(vault_url, forged)


def test_a_vault_that_is_not_there_is_not_made_by_opening_it(store_url, keys, tmp_path):
    with pytest.raises(VaultError, match="no vault here") as refused:
        open_vault(store_url, keys)
    assert "lockgate vault init" in refused.value.hint
    with pytest.raises(VaultError, match="no vault here"):
        rotate_vault(store_url, keys)
    assert list(tmp_path.iterdir()) == []
    create_vault(store_url, keys, now_at=1)
    with pytest.raises(VaultError, match="there is a vault already"):
        create_vault(store_url, keys, now_at=1)


def test_a_rotation_changes_every_row_and_no_answer(vault_url, keys):
    wanted = [Want(f"p{i % 7}", "name", f"o{i}", name) for i in range(5_000)]
    with open_vault(vault_url, keys) as vault:
        before, days = vault.surrogates_of(wanted), vault.offsets([f"p{i}" for i in range(7)])
        narrow = [ask(vault, p, *"abcdefgh", cls="digit", draw=digit) for p in ("p1", "p2")]
    both = KeyRing.parse(keys.rotated())
    assert rotate_vault(vault_url, both) == 5_000 + 16 + 7
    assert rotate_vault(vault_url, both) == 0
    only_new = KeyRing({both.current: both.keys[both.current]}, both.current, both.current)
    with open_vault(vault_url, only_new) as vault:
        assert vault.surrogates_of(wanted) == before
        assert vault.offsets([f"p{i}" for i in range(7)]) == days
        assert [ask(vault, p, *"abcdefgh", cls="digit", draw=digit) for p in ("p1", "p2")] == narrow
        assert ask(vault, "p9", "x", draw=lambda rng: rng.choice(["o17", "new"])) == ["new"], "originals stay known"
    with pytest.raises(VaultError, match="put back the key file"):
        open_vault(vault_url, keys)


def test_whoever_has_it_open_over_a_rotation_writes_nothing_under_the_old_key(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        ask(vault, "p1", "maria")
        rotate_vault(vault_url, KeyRing.parse(keys.rotated()))
        for attempt in (lambda: ask(vault, "p1", "john"), lambda: vault.offset("p1"), lambda: vault.forget("p1")):
            with pytest.raises(VaultError, match="another key since it was opened"):
                attempt()
        assert vault.status().surrogates == 1


def test_a_rotation_that_fails_leaves_everything_as_it_was(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        ask(vault, "p1", "maria")
        [first] = ask(vault, "p2", "john")
        where = entries.c.patient == vault._key.patient("p1")
        vault._engine.write(lambda conn: conn.execute(update(entries).where(where).values(sealed=b"\0" * 80)))
        with pytest.raises(SealError):
            rotate_vault(vault_url, KeyRing.parse(keys.rotated()))
    with open_vault(vault_url, keys) as vault:
        assert ask(vault, "p2", "john") == [first]


# the way back, and erasure ------------------------------------------------------------------------------------------
def test_a_surrogate_is_looked_up_for_its_patient_only(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        [given] = ask(vault, "p1", "maria lopez")
        [found] = vault.reveal("p1", [given.upper(), "Nobody"])
        assert (found.cls, found.surrogate, found.original) == ("name", given, "maria lopez")
        assert vault.reveal("p2", [given]) == []
        assert "maria" not in repr(found) and given not in repr(found)


def test_what_is_forgotten_is_gone(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        ask(vault, "p1", "maria lopez", "john")
        [johns] = ask(vault, "p2", "john")
        vault.offset("p1")
        assert vault.forget("p1") == 2
        assert vault.forget("p1") == 0
        assert vault.status().patients == 1
        assert ask(vault, "p2", "john") == [johns]
        names = vault._engine.read(lambda conn: [bytes(row.value) for row in conn.execute(known.select())])
        assert names == [vault._key.known("john")], "an original that somebody else has too stays known"
        assert vault.reveal("p1", [johns]) == []


def test_what_is_forgotten_leaves_no_bytes_in_the_file(tmp_path, keys):
    url = f"sqlite:///{tmp_path}/vault.db"
    create_vault(url, keys, now_at=1)
    with open_vault(url, keys) as vault:
        ask(vault, "p1", "maria")
        entry = vault._key.entry("p1", "name", "maria")
        assert entry in b"".join(path.read_bytes() for path in tmp_path.iterdir())
        vault.forget("p1")
        assert entry not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_a_database_that_is_away_is_said_without_what_was_asked(keys):
    with pytest.raises(StoreError, match="cannot be reached"):
        create_vault("sqlite:////nowhere/at/all/vault.db", keys, now_at=1)
    with pytest.raises(StoreError, match="cannot be reached"):
        open_vault("postgresql://nobody:nothing@127.0.0.1:9/none", keys)


# without a disk -----------------------------------------------------------------------------------------------------
def test_a_vault_in_memory_behaves_the_same_for_as_long_as_it_lives():
    vault = MemoryVault(random.Random(1))
    first = ask(vault, "p1", "maria lopez", "john doe", "maria lopez")
    assert ask(vault, "p1", "maria lopez", "john doe", "maria lopez") == first
    assert len(set(first)) == 2
    assert vault.offset("p1") == vault.offset("p1") != 0
    assert ask(vault, "p2", "x", draw=lambda rng: rng.choice(["John Doe", "else"])) == ["else"]
    assert len(set(ask(vault, "p3", *"abcdefghi", draw=digit))) == 9


def test_the_example_in_the_documentation_runs(tmp_path, monkeypatch):
    page = (Path(__file__).parents[3] / "docs/how-to/keep-a-vault.md").read_text()
    using, replacing, encrypting = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state").mkdir()
    create_vault("sqlite:///state/vault.db", write_key_file(tmp_path / "state" / "vault.keys"), now_at=1)
    seen: dict[str, object] = {}
    for _ in range(2):
        names: dict[str, object] = {}
        exec(using, names)
        assert seen in ({}, {"name": names["name"], "days": names["days"]})
        seen = {"name": names["name"], "days": names["days"]}
    exec(replacing, {})
    exec(encrypting, {})


def test_what_the_engine_replaces_is_the_same_in_the_next_run(vault_url, keys):
    text = ["Patient Maria Lopez, MRN 7000013, seen 03/05/2021 by Dr. John Smith. Call 617-555-0123."]
    runs = []
    for _ in range(2):
        with open_vault(vault_url, keys) as vault:
            runs.append(deidentify(text, "safe-harbor", patient="p1", vault=vault))
    assert runs[0] == runs[1]
    assert "Lopez" not in runs[0][0] and "7000013" not in runs[0][0]


def test_a_column_of_patients_is_the_same_in_another_run_in_another_order(vault_url, keys):
    notes = [f"Mrs. Maria Lopez saw Dr. Okonjo on 03/{day:02}/2021, MRN: 7000{day:03}." for day in range(1, 13)]
    patients = ["p1", "p2", "p3", None] * 3
    with open_vault(vault_url, keys) as vault:
        first = deidentify(notes, "expert-determination", patient=patients, vault=vault)
        asked = vault.status().surrogates
    with open_vault(vault_url, keys) as vault:
        again = deidentify(notes[::-1], "expert-determination", patient=patients[::-1], vault=vault)[::-1]
        assert vault.status().surrogates == asked, "of texts of nobody, nothing is kept"
    mine = [row for row, patient in enumerate(patients) if patient]
    assert [first[row] for row in mine] == [again[row] for row in mine]
    assert len({first[row].split(" saw ")[0] for row in mine}) == 3
    assert all("Lopez" not in text and "Okonjo" not in text for text in first + again)


def test_what_stands_in_the_new_text_leads_back_however_it_is_written(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        text = "Seen by Mrs. Maria LOPEZ. Call (617) 765-4321."
        [new] = deidentify([text], "safe-harbor", patient="p1", vault=vault)
        name, phone = new.removeprefix("Seen by Mrs. ").rstrip(".").split(". Call ")
        found = {(one.cls, one.original) for one in vault.reveal("p1", [name, phone])}
    assert found == {("name", "maria"), ("name", "lopez"), ("phone", "6177654321")}


def test_registered_originals_are_given_to_nobody_and_kept_as_hashes(vault_url, keys):
    with open_vault(vault_url, keys) as vault:
        vault.register(["Anna", "Berta", "anna"])
        vault.register(["Anna"])
        assert ask(vault, "p1", "x", draw=lambda rng: rng.choice(["anna", "berta", "carla"])) == ["carla"]
        rows = vault._engine.read(lambda conn: [bytes(row.value) for row in conn.execute(known.select())])
    assert len(rows) == 3 and all(len(row) == 32 for row in rows)
