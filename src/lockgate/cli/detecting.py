"""`lockgate detect`: identifiers in files or in JSON Lines, as JSON Lines. Everything happens on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Annotated, Any, TextIO

import typer

from lockgate.errors import ConfigError

BATCH = 256
"""Texts searched together."""
LINES = (".jsonl", ".ndjson")
"""How files of JSON Lines are called; any other is one text."""


Bias = Annotated[
    int, typer.Option(min=-10_000, max=10_000, help="the working point: more finds more, and more that is none")
]


def register(app: typer.Typer) -> None:
    app.command(
        help="Find identifiers in text, and print a line of JSON for each text: its id and spans in code points. "
        "Examples: `lockgate detect note.txt letter.txt`, `cat notes.jsonl | lockgate detect -`"
    )(detect)


def detect(
    files: Annotated[
        list[Path],
        typer.Argument(
            help='texts, `.jsonl` or `.ndjson` files of {"id", "text"}, or `-`: JSON Lines on standard input; '
            "any other file is one text"
        ),
    ],
    text_field: Annotated[str, typer.Option(help="where in a record the text is")] = "text",
    bias: Bias = 0,
    explain: Annotated[bool, typer.Option(help="say of each span what decided")] = False,
) -> None:
    from lockgate.phi.finding import Engine, engine
    from lockgate.phi.finding.naming import CLASSES

    found: Engine = engine()
    batch: list[tuple[str, str]] = []

    def write() -> None:
        spans: list[list[dict[str, Any]]] = [[] for _ in batch]
        for one in found.find([text for _, text in batch], bias, doubt=True):
            span: dict[str, Any] = {"start": one.start, "end": one.end, "label": one.label, "class": CLASSES[one.label]}
            spans[one.doc].append(span | {"score": one.score} | ({"rule": one.rule} if explain else {}))
        for (id, _), of_text in zip(batch, spans, strict=True):
            print(json.dumps({"id": id, "spans": of_text}, ensure_ascii=False))
        batch.clear()

    for item in _texts(files, text_field):
        batch.append(item)
        if len(batch) >= BATCH:
            write()
    write()


def _texts(files: Iterable[Path], text_field: str) -> Iterator[tuple[str, str]]:
    for file in files:
        if str(file) == "-":
            yield from _lines("standard input", standard_input(), text_field)
        elif file.suffix in LINES:
            with opened_text(file) as lines:
                yield from _lines(str(file), lines, text_field)
        else:
            with opened_text(file) as whole:
                yield str(file), whole.read()


def standard_input() -> TextIO:
    """In UTF-8 wherever this runs; bytes that are none come through unharmed."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    return sys.stdin


def opened_text(file: Path) -> IO[str]:
    """For reading; bytes that are no UTF-8 come through unharmed."""
    try:
        return file.open(encoding="utf-8", errors="surrogateescape", newline="")
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read: {error.strerror}", hint="name a file that is there and that you may read"
        ) from error


def loaded(line: str) -> Any:
    """What stands in a line. Some programs begin a file with a byte order mark: it is none of it. Raises ValueError."""
    return json.loads(line.removeprefix("\ufeff"))


def _lines(name: str, lines: Iterable[str], text_field: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = loaded(line)
            yield str(item.get("id", number)), _text_of(item, text_field)
        except (ValueError, AttributeError, TypeError, RecursionError):
            # What stands in the line is not repeated: it may be anybody's.
            raise ConfigError(
                f"{name}, line {number}: not a JSON object with a text in {text_field}",
                hint='each line is {"id": …, "text": "…"}; see --text-field',
            ) from None


def _text_of(item: dict[str, Any], field: str) -> str:
    text = item.get(field)
    if not isinstance(text, str):
        raise TypeError
    return text
