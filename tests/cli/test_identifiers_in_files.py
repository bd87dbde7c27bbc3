"""`lockgate detect`: a line of JSON for each text, offsets in code points; what cannot be read is said, not shown."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from lockgate.cli import app
from lockgate.errors import ConfigError

run = CliRunner()
TEXT = "Señora Okonjo? Call (802) 555-0139 about the visit on 3/4/2024."


def spans(output: str) -> list[tuple[str, set[str]]]:
    found = []
    for line in output.splitlines():
        item = json.loads(line)
        found.append((item["id"], {TEXT[s["start"] : s["end"]] for s in item["spans"]}))
    return found


def test_files_and_lines_give_the_same(tmp_path):
    (tmp_path / "note.txt").write_text(TEXT)
    (tmp_path / "notes.jsonl").write_text(json.dumps({"id": "a", "text": TEXT}) + "\n\n")
    done = run.invoke(app, ["detect", str(tmp_path / "note.txt"), str(tmp_path / "notes.jsonl")])
    assert done.exit_code == 0, done.output
    (name, of_file), (id, of_line) = spans(done.output)
    assert (name, id) == (str(tmp_path / "note.txt"), "a")
    assert of_file == of_line >= {"(802) 555-0139", "3/4/2024"}


def test_standard_input_is_json_lines():
    done = run.invoke(app, ["detect", "-"], input=json.dumps({"id": 7, "text": TEXT}) + "\n")
    assert [id for id, _ in spans(done.output)] == ["7"]


def test_each_span_has_its_class_and_what_decided():
    done = run.invoke(app, ["detect", "--explain", "-"], input=json.dumps({"id": 1, "text": TEXT}) + "\n")
    of = {TEXT[s["start"] : s["end"]]: s for s in json.loads(done.output)["spans"]}
    assert (of["(802) 555-0139"]["class"], of["(802) 555-0139"]["rule"]) == ("phone", "form")
    assert (of["3/4/2024"]["class"], of["3/4/2024"]["score"]) == ("date", 1.0)


@pytest.mark.parametrize("line", ["{", "[]", '{"id": 1}', '{"text": 5, "secret": "911-22-3344"}'])
def test_a_bad_line_is_named_by_its_number_and_not_repeated(line):
    done = run.invoke(app, ["detect", "-"], input='{"id": 1, "text": ""}\n' + line + "\n")
    assert isinstance(done.exception, ConfigError)
    assert "line 2" in str(done.exception)
    assert "911" not in str(done.exception)


def test_a_file_that_is_not_there_is_said(tmp_path):
    done = run.invoke(app, ["detect", str(tmp_path / "none.txt")])
    assert isinstance(done.exception, ConfigError)


def test_the_text_may_stand_in_another_field():
    line = json.dumps({"id": "a", "note": TEXT}) + "\n"
    done = run.invoke(app, ["detect", "-", "--text-field", "note"], input=line)
    assert [id for id, of in spans(done.output) if "3/4/2024" in of] == ["a"]
    refused = run.invoke(app, ["detect", "-"], input=line)
    assert "--text-field" in str(refused.exception)


def test_the_working_point_is_an_option_as_in_python():
    line = json.dumps({"id": "a", "text": TEXT}) + "\n"
    found = [run.invoke(app, ["detect", "-", "--bias", bias], input=line).output for bias in ("-4000", "0", "200")]
    few, usual, more = (len(json.loads(one)["spans"]) for one in found)
    assert few < usual <= more
    assert run.invoke(app, ["detect", "-", "--bias", "99999999999"], input=line).exit_code == 2
