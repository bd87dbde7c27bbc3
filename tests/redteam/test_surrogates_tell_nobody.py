"""Somebody who has the output, the errors, or the machine's leftovers tries to learn who is who. Each must fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from lockgate.cli import app
from lockgate.errors import LockgateError
from lockgate.phi.columns import deidentify
from lockgate.phi.finding import engine
from lockgate.phi.replacing import MemoryVault, named, replace, survey
from lockgate.phi.replacing.names import read
from lockgate.phi.replacing.pieces import Piece
from lockgate.phi.vault import Originals, Want
from lockgate.store import KeyRing, write_key_file
from lockgate.store.vault import create_vault, open_vault
from lockgate.store.vault.tables import known

SECRETS = ("Okonkwo", "Marguerite", "219-09-9999", "00418823", "patient-4711", "okonkwo", "marguerite")
TEXT = "Seen by Dr. Marguerite Okonkwo, SSN 219-09-9999, MRN: 00418823, on 03/04/2019."


def lines(*notes: dict) -> str:
    return "".join(json.dumps(note) + "\n" for note in notes)


# linking ------------------------------------------------------------------------------------------------------------
def test_one_clinician_of_many_patients_is_another_person_in_each():
    patients = [f"p{n}" for n in range(400)]
    new = deidentify(["Dr. Marguerite Okonkwo, ext. 4417"] * 400, patient=patients)
    assert max(Counter(one.split(",")[0] for one in new).values()) == 1
    assert max(Counter(one.split()[1] for one in new).values()) <= 3, "not by one part of the name either"
    assert len({one.split()[1][0] for one in new}) > 8, "nor by its first letter"


def test_two_runs_without_a_vault_share_nothing():
    notes = [TEXT] * 50
    patients = [str(n) for n in range(50)]
    one, other = (deidentify(notes, "expert-determination", patient=patients) for _ in range(2))
    assert not set(one) & set(other)


def test_what_the_data_calls_a_patient_is_not_in_the_output_nor_computed_from_it(tmp_path):
    outs = []
    for _ in range(2):
        done = CliRunner().invoke(
            app, ["deidentify", "-", "--patient-field", "mrn"], input=lines({"mrn": "patient-4711", "text": TEXT})
        )
        outs.append(json.loads(done.output)["mrn"])
    assert outs[0] != outs[1] and "4711" not in outs[0] + outs[1]


# dates --------------------------------------------------------------------------------------------------------------
def test_the_offset_of_one_patient_says_nothing_of_anothers():
    patients = [f"p{n}" for n in range(600)]
    moved = deidentify([date(2019, 3, 4)] * 600, "expert-determination", patient=patients)
    days = [(one - date(2019, 3, 4)).days for one in moved]
    assert 0 not in days and max(map(abs, days)) <= 364
    assert len(set(days)) > 300 and abs(sum(days)) / 600 < 50
    following = [(b - a) % 729 for a, b in pairwise(days)]
    assert len(set(following)) > 300, "nor does the order in which they were drawn"


def test_a_date_without_a_year_never_stays_and_the_weekday_moves_with_it():
    text = "Seen Monday, March 4, 2019 and again on 03/05."
    for n in range(60):
        [new] = deidentify([text], "expert-determination", patient=f"p{n}")
        assert "03/05" not in new and "March 4" not in new
    vault = MemoryVault()
    vault.offset = lambda patient: 3  # type: ignore[method-assign]
    [new] = deidentify(["Seen Monday, March 4, 2019."], "expert-determination", patient="p", vault=vault)
    assert new == "Seen Thursday, March 7, 2019."


def test_dates_at_the_ends_of_the_calendar_are_no_errors():
    ends = [date.min, date.max, date.min + timedelta(1)]
    new = deidentify(ends, "expert-determination", patient="p")
    assert len(new) == 3 and None in new
    assert "9999" not in deidentify(["DOB 12/31/9999 and 01/01/0001"], "redact")[0]


# leftovers ----------------------------------------------------------------------------------------------------------
def test_nothing_but_the_output_and_the_vault_is_written_and_neither_tells(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "tmp").mkdir()
    (tmp_path / "in" / "notes.jsonl").write_text(lines(*({"mrn": "patient-4711", "text": TEXT} for _ in range(300))))
    url, keys = f"sqlite:///{tmp_path}/vault.db", tmp_path / "vault.keys"
    create_vault(url, write_key_file(keys), now_at=1)
    words = [str(tmp_path / "in" / "notes.jsonl"), "--patient-field", "mrn", "-o", str(tmp_path / "out.jsonl")]
    done = subprocess.run(
        [sys.executable, "-m", "lockgate", "deidentify", *words, "--vault", url, "--vault-keys", str(keys)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(tmp_path / "tmp"), "HOME": str(tmp_path / "tmp")},
    )
    left = {path for path in tmp_path.rglob("*") if path.is_file()} - {tmp_path / "in" / "notes.jsonl"}
    assert {path.name.removesuffix("-wal").removesuffix("-shm") for path in left} == {
        "vault.db",
        "vault.keys",
        "out.jsonl",
    }
    for told in [path.read_bytes() for path in left] + [done.stdout.encode(), done.stderr.encode()]:
        assert not [secret for secret in SECRETS if secret.encode() in told]


@pytest.mark.parametrize("broken", ["replace", "survey", "drawing", "writing"])
def test_an_error_in_the_middle_says_no_identifier(broken, tmp_path):
    """As the installed command shows it: whole traceback, locals and all, if there were any."""
    (tmp_path / "notes.jsonl").write_text(lines({"mrn": "patient-4711", "text": TEXT}))
    where = {
        "replace": "lockgate.phi.replacing.scribe.Scribe._of_text",
        "survey": "lockgate.phi.replacing.scribe.Scribe.meet",
        "drawing": "lockgate.phi.vault.memory.MemoryVault._drawn",
        "writing": "lockgate.cli.deidentifying._line",
    }[broken]
    program = (
        "import importlib, sys\n"
        f"module, _, name = {where!r}.rpartition('.')\n"
        "try: holder = importlib.import_module(module)\n"
        "except ImportError:\n"
        "    outer, _, cls = module.rpartition('.')\n"
        "    holder = getattr(importlib.import_module(outer), cls)\n"
        "def fail(*given, **more): raise RuntimeError('broken')\n"
        "setattr(holder, name, fail)\n"
        "sys.argv = ['lockgate', *sys.argv[1:]]\n"
        "import runpy; runpy.run_module('lockgate', run_name='__main__')\n"
    )
    words = ["deidentify", str(tmp_path / "notes.jsonl"), "--patient-field", "mrn", "-o", str(tmp_path / "out.jsonl")]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "broken" in done.stderr
    assert not [secret for secret in SECRETS if secret in done.stdout + done.stderr]
    assert not list(tmp_path.glob("out*"))


def test_no_noun_of_the_engine_shows_what_it_holds():
    piece = Piece("name", "okonkwo", lambda rng: "x", "Okonkwo", "word")
    want = Want("patient-4711", "name", "okonkwo", lambda rng: "x")
    known = Originals()
    known.add(["okonkwo"])
    vault = MemoryVault()
    vault.surrogates("patient-4711", [("name", "okonkwo", lambda rng: "x")])
    for noun in (piece, want, [want], read("Marguerite Okonkwo"), known, vault, vars(known)):
        assert not [secret for secret in SECRETS if secret in repr(noun)]


def test_a_class_that_runs_out_says_neither_whose_nor_what(tmp_path):
    url, keys = f"sqlite:///{tmp_path}/vault.db", KeyRing.generate()
    create_vault(url, keys, now_at=1)
    with open_vault(url, keys) as kept:
        for vault in (kept, MemoryVault()):
            with pytest.raises(LockgateError) as refused:
                vault.surrogates("patient-4711", [("name", "okonkwo", lambda rng: "okonkwo")])
            told = str(refused.value) + str(refused.value.hint) + repr(refused.value)
            assert not [secret for secret in SECRETS if secret in told]


# collisions that point at somebody ----------------------------------------------------------------------------------
def test_a_surrogate_points_at_nobody_of_the_dataset_even_where_every_common_name_is_somebodys():
    from lockgate.phi.replacing.name_lists import COMMON, lists

    known = Originals()
    for kind, names in lists().items():
        known.add(names[: COMMON[kind]])
    texts = ["Mrs. Marguerite Okonkwo and Mr. John Smith were seen."] * 40
    found = list(engine().find(texts, 60))
    done = replace(texts, found, named("safe-harbor"), None, [f"p{n}" for n in range(40)], originals=known)
    for one in done:
        for place in one.places:
            for word in one.text[place.new_start : place.new_end].replace("-", " ").split():
                assert word.lower() not in known, "no part of it either"


def test_a_patient_who_is_forgotten_leaves_nothing_in_the_vault(tmp_path):
    (tmp_path / "note.txt").write_text(TEXT)
    url, path = f"sqlite:///{tmp_path}/vault.db", tmp_path / "vault.keys"
    create_vault(url, write_key_file(path), now_at=1)
    words = [str(tmp_path / "note.txt"), "--patient", "patient-4711", "--vault", url, "--vault-keys", str(path)]
    done = CliRunner().invoke(app, ["deidentify", *words])
    assert done.exit_code == 0, done.exception
    with open_vault(url, KeyRing.from_file(path)) as vault:
        assert vault._engine.read(lambda conn: conn.execute(known.select()).all())
        assert vault.forget("patient-4711") > 0
        assert vault._engine.read(lambda conn: conn.execute(known.select()).all()) == []


def test_texts_of_nobody_are_not_told_to_a_vault_that_is_kept(tmp_path):
    url, keys = f"sqlite:///{tmp_path}/vault.db", KeyRing.generate()
    create_vault(url, keys, now_at=1)
    texts, patients = [TEXT, "Mrs. Keller called."], [None, "p"]
    found = list(engine().find(texts, 60))
    with open_vault(url, keys) as vault:
        survey(texts, found, named("safe-harbor"), Originals(), vault, patients)
        replace(texts, found, named("safe-harbor"), vault, patients)
        assert vault.status().patients == 1
        assert vault.surrogates("q", [("name", "x", lambda rng: "okonkwo")]) == ["okonkwo"], "it does not know it"
