"""A command in a printed line is copied into the shell, so the line is not broken before the terminal's own edge."""

from __future__ import annotations

from lockgate.cli.show import console


def test_a_long_line_is_printed_whole(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    said = "Nothing held executes until two people have run: lockgate restore accept"
    console.print(said)
    assert capsys.readouterr().out == f"{said}\n"
