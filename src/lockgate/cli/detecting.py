"""`lockgate detect`: identifiers in files or in JSON Lines, as JSON Lines. Everything happens on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from lockgate.errors import ConfigError

BATCH = 256
"""Texts searched together."""


def register(app: typer.Typer) -> None:
    app.command(
        help="Find identifiers in text, and print a line of JSON for each text: its id and spans in code points. "
        "Examples: `lockgate detect note.txt letter.txt`, `cat notes.jsonl | lockgate detect -`"
    )(detect)


def detect(
    files: Annotated[
        list[Path],
        typer.Argument(help='texts, `.jsonl` files of {"id", "text"}, or `-`: JSON Lines on standard input'),
    ],
    explain: Annotated[bool, typer.Option(help="say of each span what decided")] = False,
) -> None:
    from lockgate.phi.finding import Engine, engine
    from lockgate.phi.finding.naming import CLASSES

    found: Engine = engine()
    batch: list[tuple[str, str]] = []

    def write() -> None:
        spans: list[list[dict[str, Any]]] = [[] for _ in batch]
        for one in found.find([text for _, text in batch]):
            span: dict[str, Any] = {"start": one.start, "end": one.end, "label": one.label, "class": CLASSES[one.label]}
            spans[one.doc].append(span | {"score": one.score} | ({"rule": one.rule} if explain else {}))
        for (id, _), of_text in zip(batch, spans, strict=True):
            print(json.dumps({"id": id, "spans": of_text}, ensure_ascii=False))
        batch.clear()

    for item in _texts(files):
        batch.append(item)
        if len(batch) >= BATCH:
            write()
    write()


def _texts(files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for file in files:
        if str(file) == "-":
            yield from _lines("standard input", sys.stdin)
        elif file.suffix in (".jsonl", ".ndjson"):
            with _opened(file) as lines:
                yield from _lines(str(file), lines)
        else:
            with _opened(file) as whole:
                yield str(file), whole.read()


def _opened(file: Path) -> Any:
    try:
        return file.open(encoding="utf-8", errors="surrogateescape", newline="")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}", hint="name a file of text, or -") from error


def _lines(name: str, lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            yield str(item.get("id", number)), _text_of(item)
        except (ValueError, AttributeError, TypeError):
            # What stands in the line is not repeated: it may be anybody's.
            raise ConfigError(
                f"{name}, line {number}: not a JSON object with a text", hint='each line is {"id": …, "text": "…"}'
            ) from None


def _text_of(item: dict[str, Any]) -> str:
    text = item.get("text")
    if not isinstance(text, str):
        raise TypeError
    return text
