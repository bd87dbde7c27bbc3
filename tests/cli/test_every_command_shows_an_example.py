"""Whoever asks a command for help sees a line to copy."""

from __future__ import annotations

import click
import typer

from lockgate.cli import app


def without_example(command, name: tuple[str, ...] = ()) -> list[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        shown = f"{command.help}{command.epilog}"
        return [] if f"lockgate {' '.join(name)}" in shown and "Example" in shown else [" ".join(name)]
    return [found for word, one in inner.items() for found in without_example(one, (*name, word))]


def test_the_help_of_every_command_has_an_example_of_it():
    assert without_example(typer.main.get_command(app)) == []


def without_help(command, name: tuple[str, ...] = ()) -> list[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return [f"{' '.join(name)}: {one.name}" for one in command.params if not one.help]
    return [found for word, one in inner.items() for found in without_help(one, (*name, word))]


def test_every_argument_and_option_says_what_it_is():
    assert without_help(typer.main.get_command(app)) == []


def test_one_without_is_found():
    assert without_example(click.Command("bare", help="Do it."), ("bare",)) == ["bare"]
