"""`lockgate phi bench`: figures of a corpus that people marked, and never a word of it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from lockgate.cli import app
from lockgate.errors import ConfigError

run = CliRunner()
TEXT = "Seen by Dr. Ana Okonjo on 3/4/2024, age 44."


def mark(value: str, label: str) -> dict[str, object]:
    return {"start": TEXT.index(value), "end": TEXT.index(value) + len(value), "label": label}


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "notes.jsonl"
    marks = [mark("Ana Okonjo", "PERSON"), mark("3/4/2024", "DATE"), mark("44", "AGE")]
    path.write_text(
        json.dumps({"id": "a", "text": TEXT, "spans": marks})
        + "\n\n"
        + json.dumps({"id": "b", "text": "No pain. Foley placed.", "spans": []})
        + "\n"
    )
    return path


def figures(*words) -> dict[str, object]:
    done = run.invoke(app, ["phi", "bench", *map(str, words), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_what_is_found_is_counted(corpus):
    found = figures(corpus, "--no-speed")["corpora"]["notes"]
    assert (found["documents"], found["marks"], found["documents_without_marks"]) == (2, 3, 1)
    assert found["labels"]["DATE"]["covered"] == 1
    assert found["covered"] == pytest.approx(2 / 3)  # an age under 90 is no identifier


def test_labels_that_are_no_phi_are_ignored_and_others_have_classes(corpus, tmp_path):
    (tmp_path / "map.json").write_text(json.dumps({"PERSON": "NAME", "AGE": None}))
    mapped = figures(corpus, "--no-speed", "--map", tmp_path / "map.json")["corpora"]["notes"]
    assert (mapped["marks"], mapped["covered"], mapped["typed"]) == (2, 1, 1)
    ignored = figures(corpus, "--no-speed", "--ignore", "AGE")["corpora"]["notes"]
    assert (ignored["marks"], ignored["covered"], ignored["typed"]) == (2, 1, 0.5)


def test_the_table_says_on_which_machine_and_shows_no_text(corpus):
    done = run.invoke(app, ["phi", "bench", str(corpus), "--no-speed"])
    assert done.exit_code == 0
    assert "cores), Python 3" in done.output and "whole documents" in done.output
    assert not any(word in done.output for word in ("Okonjo", "3/4/2024", "Foley"))


def test_two_corpora_of_one_name_are_two(corpus, tmp_path):
    (tmp_path / "more").mkdir()
    again = tmp_path / "more" / corpus.name
    again.write_bytes(corpus.read_bytes())
    assert set(figures(corpus, again, "--no-speed")["corpora"]) == {"notes", str(again)}


def test_speed_is_measured_in_processes_of_their_own(corpus):
    found = figures(corpus, "--rounds", 1)
    assert 0 < found["start_s"] < 10
    speed = found["corpora"]["notes"]["speed"]
    assert speed["find_and_replace_in_batches_mb_s"] > 0 and 10 < speed["memory_mb"] < 1000


@pytest.mark.parametrize(
    "line",
    [
        "Okonjo",
        '["Okonjo"]',
        '{"text": "Okonjo"}',
        '{"text": "Okonjo", "spans": [{"start": 0, "end": 7, "label": "NAME"}]}',
        '{"text": "Okonjo", "spans": [{"start": "0", "end": 6, "label": "NAME"}]}',
        '{"text": ["Okonjo"], "spans": []}',
    ],
)
def test_a_line_that_is_no_marked_text_is_named_but_not_shown(tmp_path, line):
    path = tmp_path / "bad.jsonl"
    path.write_text(line)
    done = run.invoke(app, ["phi", "bench", str(path)])
    assert isinstance(done.exception, ConfigError)
    assert "line 1" in done.exception.message and "Okonjo" not in done.exception.message


def test_a_map_that_is_none_is_refused(corpus, tmp_path):
    (tmp_path / "map.json").write_text("[1]")
    done = run.invoke(app, ["phi", "bench", str(corpus), "--map", str(tmp_path / "map.json")])
    assert isinstance(done.exception, ConfigError) and "map.json" in done.exception.message


def test_a_map_to_a_label_that_is_none_of_ours_is_refused(corpus, tmp_path):
    (tmp_path / "map.json").write_text(json.dumps({"PERSON": "name"}))
    done = run.invoke(app, ["phi", "bench", str(corpus), "--no-speed", "--map", str(tmp_path / "map.json")])
    assert isinstance(done.exception, ConfigError)
    assert "map.json" in done.exception.message and "NAME" in (done.exception.hint or "")
