"""`make bench-phi`: the same texts for all, and whoever cannot be had is skipped, not guessed."""

from __future__ import annotations

import subprocess

import pytest
from bench.peers import measured, others
from bench.peers.texts import Corpus, absent, corpora, sample
from bench.table import of_peers

from lockgate.cli.phi import Marked

TEXT = "Seen by Dr. Ana Okonjo on 3/4/2024, age 44."
NOTE = Marked("a", TEXT, [(12, 22, "NAME"), (26, 34, "DATE"), (40, 42, "AGE")])
SAID = {"what": "other 1.0, its regex engine", "seconds": 1e-3, "memory_mb": 40, "failed": 0}


def test_a_sample_is_spread_over_the_corpus_and_the_same_each_time():
    marked = [Marked(str(n), "x" * 100, []) for n in range(50)]
    assert [one.id for one in sample(marked, 1000)] == ["0", "5", "10", "15", "20", "25", "30", "35", "40", "45"]
    assert sample(marked, 10**6) == marked


def test_our_own_held_out_texts_are_always_there_and_what_is_not_is_said(tmp_path):
    assert [corpus.name for corpus in corpora(tmp_path, 2000)] == ["held"]
    assert absent(tmp_path) == ["handwritten", "aci_bench_train_phi", "presidio_synth_v2"]


def test_the_others_are_scored_as_we_are(monkeypatch):
    monkeypatch.setattr(measured, "asked", lambda other, marked: (SAID, [[(26, 34, "DATE_TIME"), (40, 42, "AGE")]]))
    monkeypatch.setattr(measured, "speeds", lambda texts: SPEEDS)
    engines = measured.compared(Corpus("c", "notes", [NOTE], frozenset({"AGE"})), others.OTHERS[:1])["engines"]
    assert (engines["lockgate"]["marks"], engines["lockgate"]["covered"]) == (2, 1)
    presidio = engines["presidio"]
    assert (presidio["covered"], presidio["character_precision"]) == (0.5, 1)
    assert presidio["mb_s"] == pytest.approx(len(TEXT) / 1000, abs=1e-4)
    assert presidio["times_slower"] == pytest.approx(4 / (len(TEXT) / 1000), abs=0.1)


SPEEDS = {"find_one_at_a_time_mb_s": 4.0, "find_in_batches_mb_s": 5.0, "memory_mb": 100.0}


def test_one_that_cannot_be_installed_is_skipped_and_its_last_word_is_told(monkeypatch, tmp_path):
    def refused(command, **_):
        raise subprocess.CalledProcessError(1, command, stderr=b"looking\nERROR: No matching distribution found")

    monkeypatch.setattr(others, "ROOT", tmp_path)
    monkeypatch.setattr(others.subprocess, "run", refused)
    monkeypatch.setattr(measured, "speeds", lambda texts: SPEEDS)
    figures = measured.compared(Corpus("c", "notes", [NOTE]), others.OTHERS[1:2])
    shown = of_peers({"machine": {}, "absent": ["handwritten"], "corpora": {"c": figures}})
    assert "scrubadub is skipped: scrubadub==2.0.1 cannot be installed here (ERROR: No matching distr" in shown
    assert "not there, so not measured: handwritten" in shown
