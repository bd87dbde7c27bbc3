"""`lockgate deidentify`: text in, text out; JSON Lines in, JSON Lines out, with nothing that was not named."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from lockgate.cli import app
from lockgate.errors import ConfigError

run = CliRunner()
TEXT = "Seen by Dr. John Smith on 03/04/2019.\nCall (802) 765-4321.\n"


def lines(*records: dict) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def done(*words: str, input: str = "") -> list[dict]:
    result = run.invoke(app, ["deidentify", *words], input=input)
    assert result.exit_code == 0, result.exception
    return [json.loads(line) for line in result.output.splitlines()]


def test_one_file_gives_its_text(tmp_path):
    (tmp_path / "note.txt").write_text(TEXT)
    result = run.invoke(app, ["deidentify", str(tmp_path / "note.txt")])
    first, second = result.output.splitlines()
    assert first.startswith("Seen by Dr. ") and first.endswith(" on 2019.") and second.startswith("Call (")
    assert not {"John", "Smith", "765-4321"} & set(result.output.replace(".", " ").split())


def test_several_files_are_numbered_lines_without_their_names(tmp_path):
    for name in ("john-smith-1.txt", "john-smith-2.txt"):
        (tmp_path / name).write_text(TEXT)
    records = done(str(tmp_path / "john-smith-1.txt"), str(tmp_path / "john-smith-2.txt"), "--patient", "7")
    assert [sorted(record) for record in records] == [["id", "text"]] * 2
    assert [record["id"] for record in records] == [1, 2]
    assert records[0]["text"] == records[1]["text"]


def test_only_what_is_named_is_written():
    records = done("-", "--keep", "visit", input=lines({"id": "Smith", "name": "John Smith", "visit": 4, "text": TEXT}))
    assert [sorted(record) for record in records] == [["text", "visit"]]
    assert "Smith" not in json.dumps(records)


def test_a_patients_texts_agree_and_their_dates_move_together():
    notes = [
        {"mrn": mrn, "text": text}
        for mrn, text in (("88231", TEXT), ("77412", TEXT), ("88231", "John Smith, 03/05/2019"))
    ]
    mine, other, again = done("-", "--patient-field", "mrn", "--profile", "expert-determination", input=lines(*notes))
    assert mine["mrn"] == again["mrn"] != other["mrn"]
    assert mine["mrn"] not in ("88231", "77412") and mine["mrn"].isdigit() and len(mine["mrn"]) == 5
    name, day = again["text"].split(", ")
    assert name in mine["text"]
    assert name not in other["text"] and day != "03/05/2019"


def test_a_file_is_there_once_it_is_whole(tmp_path):
    out = tmp_path / "out.jsonl"
    assert done("-", "-o", str(out), input=lines({"text": TEXT})) == []
    assert len(out.read_text().splitlines()) == 1
    out.unlink()
    result = run.invoke(app, ["deidentify", "-", "-o", str(out)], input=lines({"text": TEXT}) + "{\n")
    assert isinstance(result.exception, ConfigError)
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_are_no_utf8_come_through(tmp_path):
    (tmp_path / "note.txt").write_bytes(b"caf\xe9 " + TEXT.encode())
    assert run.invoke(app, ["deidentify", str(tmp_path / "note.txt")]).stdout_bytes.startswith(b"caf\xe9 Seen")


def test_nothing_in_nothing_out(tmp_path):
    (tmp_path / "empty.jsonl").write_text("\n")
    assert done(str(tmp_path / "empty.jsonl")) == []


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("{", []),
        ('{"text": "911223344", "more": ' + "[" * 200_000 + "]" * 200_000 + "}", []),
        ("[911223344]", []),
        ('{"text": 911223344}', []),
        ('{"text": "911223344", "mrn": ["911223344"]}', ["--patient-field", "mrn"]),
        ('{"text": "911223344"}', ["--patient-field", "mrn"]),
        ('{"text": "911223344"}', ["--keep", "visit"]),
    ],
)
def test_a_bad_line_is_named_by_its_number_and_not_repeated(line, options):
    result = run.invoke(app, ["deidentify", "-", *options], input="\n" + line + "\n")
    assert isinstance(result.exception, ConfigError)
    assert "line 2" in str(result.exception)
    assert "911223344" not in str(result.exception) + result.output


def test_a_profile_that_there_is_not_is_said():
    result = run.invoke(app, ["deidentify", "-", "--profile", "hipaa"], input="")
    assert isinstance(result.exception, ConfigError) and "safe-harbor" in str(result.exception)


def test_a_profile_of_ones_own_from_a_file(tmp_path):
    (tmp_path / "ours.yaml").write_text("standard: expert-determination\noperators: {name: redact, phone: hash}\n")
    (tmp_path / "key").write_bytes(b"k" * 32)
    options = ["--profile", str(tmp_path / "ours.yaml"), "--key-file", str(tmp_path / "key")]
    (record,) = done("-", *options, input=lines({"text": TEXT}))
    assert record["text"].startswith("Seen by Dr. [NAME] on [DATE].\nCall PHONE-")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("standard: safe-harbor\noperators: {mrn: hash}\n", "expert determination only"),
        ("standard: hipaa\n", "one of safe-harbor, limited-data-set, expert-determination"),
        ("standard: safe-harbor\notherwise: mask\n", "one of redact, surrogate, shift"),
        ("operators: {mrn: redact}\n", "a standard"),
        ("standard: safe-harbor\noperator: {mrn: redact}\n", "nothing else"),
        ("standard: expert-determination\noperators: {mrn: hash}\n", "--key-file"),
        ("{", "no YAML"),
    ],
)
def test_a_profile_that_cannot_be_is_refused(tmp_path, content, says):
    (tmp_path / "ours.yaml").write_text(content)
    result = run.invoke(app, ["deidentify", "-", "--profile", str(tmp_path / "ours.yaml")], input=lines({"text": TEXT}))
    assert isinstance(result.exception, ConfigError) and says in str(result.exception)


@pytest.mark.parametrize("command", ["deidentify", "detect"])
def test_standard_input_that_is_no_utf8_is_searched_too(command):
    result = run.invoke(app, [command, "-"], input=b'{"text": "caf\xe9 Call (802) 765-4321"}\n')
    assert result.exit_code == 0, result.exception
    assert b"765-4321" not in result.stdout_bytes


@pytest.mark.parametrize("option", ["--patient-field", "--keep"])
def test_a_field_of_records_is_not_asked_of_a_file_of_text(tmp_path, option):
    """It was passed over: the text was nobody's, and a vault that was given remembered nothing."""
    (tmp_path / "note.txt").write_text(TEXT)
    (tmp_path / "notes.jsonl").write_text(lines({"mrn": 1, "text": TEXT}))
    files = [str(tmp_path / name) for name in ("notes.jsonl", "note.txt")]
    for given in (files, files[1:]):
        result = run.invoke(app, ["deidentify", *given, option, "mrn"])
        assert isinstance(result.exception, ConfigError) and option in str(result.exception)
        assert not result.stdout


def test_a_vault_whose_keys_are_not_there_says_who_makes_them(tmp_path):
    vault = ["--vault", f"sqlite:///{tmp_path}/vault.db", "--vault-keys", str(tmp_path / "vault.keys")]
    result = run.invoke(app, ["deidentify", "-", "--patient", "4711", *vault], input=lines({"text": TEXT}))
    assert "lockgate vault init makes one" in str(result.exception)


@pytest.mark.parametrize("command", ["deidentify", "detect"])
def test_a_byte_order_mark_is_no_part_of_the_first_record(command):
    result = run.invoke(app, [command, "-"], input="\ufeff" + lines({"text": TEXT}))
    assert result.exit_code == 0, result.exception
    assert "765-4321" not in result.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--keep", "visit"], "every record has what --keep names"),
        (["-o", "nowhere/clean.jsonl"], "-o names a file in a folder that is there"),
        (["--key-file", "no.key"], "openssl rand -hex 32"),
        (["--profile", "no.yaml"], "standard: expert-determination"),
        (["--profile", "registry"], "a file that ends in .yaml"),
    ],
)
def test_what_an_option_names_and_is_not_there_is_said_with_what_to_do(words, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run.invoke(app, ["deidentify", "-", *words], input=lines({"text": TEXT}))
    assert isinstance(result.exception, ConfigError)
    assert says in (result.exception.hint or "")
