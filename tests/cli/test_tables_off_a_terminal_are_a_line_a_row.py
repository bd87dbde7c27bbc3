"""A table in a pipe or a file is for grep: however long a sentence is, its row is one line."""

from __future__ import annotations

from lockgate.cli.show import table


def test_a_long_sentence_stays_in_its_line(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    sentence = "billing-bot (agent) wants to copy out " + ", ".join(f"public.table_{n}" for n in range(20))
    table([{"id": "req_1", "sentence": sentence}], ("id", "sentence"), empty="")
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["id", "sentence"]
    assert row.rstrip() == f"req_1  {sentence}"
