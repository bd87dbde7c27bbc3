"""`lockgate phi bench`: how well and how fast the engine does on texts of one's own, marked by people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from lockgate.cli.detecting import Bias, loaded, opened_text
from lockgate.cli.phi_speed import machine, speeds, start_s
from lockgate.cli.show import Json, console, dump, table
from lockgate.errors import ConfigError

if TYPE_CHECKING:
    from lockgate.phi.scoring import Score

app = typer.Typer(
    no_args_is_help=True,
    help="The engine that finds PHI, measured. To use it: `lockgate detect`, `lockgate deidentify`.",
)


class Marked(NamedTuple):
    id: str
    text: str
    marks: list[tuple[int, int, str]]


@app.callback()
def about() -> None:
    pass


@app.command(
    help="Measure the engine on marked texts: what it covers, how much of what it marks is PHI, documents without a "
    "leak, and megabytes a second on one core. No text is printed. "
    "Examples: `lockgate phi bench notes.jsonl`, "
    "`lockgate phi bench synth.jsonl --ignore TITLE --ignore NRP --map labels.json --no-speed --json`"
)
def bench(
    corpora: Annotated[
        list[Path],
        typer.Argument(help='JSON Lines: {"id", "text", "spans": [{"start", "end", "label"}]}, offsets in code points'),
    ],
    ignore: Annotated[
        list[str], typer.Option(help="a label of marks that is neither asked for nor punished; may be repeated")
    ] = [],  # noqa: B006 - never changed; typer wants a list
    map: Annotated[
        Path | None,
        typer.Option(
            help="a JSON object: your label to ours (NAME), null where Safe Harbor asks for nothing (then ignored)"
        ),
    ] = None,
    bias: Bias = 0,
    speed: Annotated[bool, typer.Option(help="measure time and memory too, in processes of their own")] = True,
    rounds: Annotated[int, typer.Option(min=1, help="of which the best is taken, for speed")] = 3,
    as_json: Json = False,
) -> None:
    from lockgate import __version__

    classes = {} if map is None else _classes(map)
    ignored = {*ignore, *(label for label, cls in classes.items() if cls is None)}
    told = {label: cls for label, cls in classes.items() if cls is not None}
    figures: dict[str, Any] = {"version": __version__, "machine": machine(), "bias": bias, "corpora": {}}
    for path in corpora:
        marked = list(read(path))
        score = scored(marked, ignored, told, bias)
        figures["corpora"][_name(path, figures["corpora"])] = {
            **score.figures(),
            "labels": score.labels(),
            **({"speed": speeds([one.text for one in marked], rounds)} if speed else {}),
        }
    if speed:
        figures["start_s"] = start_s()
    if as_json:
        dump(figures)
    else:
        _show(figures)


def read(path: Path) -> Iterator[Marked]:
    """The texts of a corpus. Raises ConfigError for a line that is none, without repeating what stands in it."""
    with opened_text(path) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield _marked(loaded(line), number)
                except (ValueError, KeyError, TypeError, AttributeError):
                    raise ConfigError(
                        f"{path}, line {number}: not a text with its marks",
                        hint='each line is {"id": …, "text": "…", "spans": [{"start": 0, "end": 4, "label": "NAME"}]}',
                    ) from None


def scored(corpus: list[Marked], ignored: set[str], classes: Mapping[str, str], bias: int) -> Score:
    """What the engine finds in a corpus, against its marks. `classes` says which label of ours (`NAME`) one of the
    marks' stands for; labels that it does not name are compared as they are."""
    from lockgate.phi import detect
    from lockgate.phi.scoring import Score

    found: list[list[tuple[int, int, str]]] = [[] for _ in corpus]
    for one in detect([document.text for document in corpus], bias=bias):
        found[one.doc].append((one.start, one.end, one.label))
    score = Score(ignored=ignored, classes=classes)
    for document, spans in zip(corpus, found, strict=True):
        score.add(document.id, document.text, document.marks, spans)
    return score


def _marked(item: dict[str, Any], number: int) -> Marked:
    text = item["text"]
    marks = [(span["start"], span["end"], span["label"]) for span in item["spans"]]
    for start, end, label in marks:
        if type(start) is not int or type(end) is not int or not isinstance(label, str):
            raise TypeError
        if not 0 <= start <= end <= len(text):
            raise ValueError
    if not isinstance(text, str):
        raise TypeError
    return Marked(str(item.get("id", number)), text, marks)


def _classes(path: Path) -> dict[str, str | None]:
    with opened_text(path) as file:
        try:
            classes = json.load(file)
        except ValueError:
            classes = None
    if not isinstance(classes, dict) or not all(cls is None or isinstance(cls, str) for cls in classes.values()):
        raise ConfigError(f"{path} is no JSON object of labels", hint='{"PERSON": "NAME", "TITLE": null}')
    from lockgate.phi.finding.naming import CLASSES

    if not {cls for cls in classes.values() if cls is not None} <= CLASSES.keys():
        raise ConfigError(f"{path} maps to a label that is none of ours", hint="one of " + ", ".join(CLASSES))
    return classes


def _name(path: Path, taken: Mapping[str, object]) -> str:
    return path.stem if path.stem not in taken else str(path)


def _show(figures: dict[str, Any]) -> None:
    where = figures["machine"]
    console.print(
        f"lockgate {figures['version']} on {where['processor']} ({where['machine']}, {where['cpus']} cores), "
        f"Python {where['python']}"
    )
    table([_quality(name, of) for name, of in figures["corpora"].items()], _QUALITY, empty="No corpus.")
    for name, of in figures["corpora"].items():
        console.print(f"\n{name}, by label")
        rows = [{"label": label, **_percent(row)} for label, row in of["labels"].items()]
        table(rows, ("label", "marks", "covered", "overlap", "typed"), empty="No marks.")
    if "start_s" in figures:
        console.print("\nMegabytes a second on one core")
        rows = [{"corpus": name, **_speed(of["speed"])} for name, of in figures["corpora"].items()]
        table(rows, _SPEED, empty="No corpus.")
        console.print(f"Import and first text: {figures['start_s']:.2f} s")


_QUALITY = ("corpus", "texts", "marks", "covered", "precision", "whole documents", "touched")
_SPEED = ("corpus", "find", "find, one at a time", "and replace", "and replace, one at a time", "memory")


def _quality(name: str, of: Mapping[str, Any]) -> dict[str, str]:
    shares = _percent(of)
    return {
        "corpus": name,
        "texts": shares["documents"],
        "marks": shares["marks"],
        "covered": shares["covered"],
        "precision": shares["character_precision"],
        "whole documents": shares["whole_documents"],
        "touched": f"{shares['touched']} of {shares['documents_without_marks']}",
    }


def _percent(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
        for name, value in row.items()
    }


def _speed(of: Mapping[str, float]) -> dict[str, str]:
    return {
        "find": f"{of['find_in_batches_mb_s']:.1f}",
        "find, one at a time": f"{of['find_one_at_a_time_mb_s']:.1f}",
        "and replace": f"{of['find_and_replace_in_batches_mb_s']:.1f}",
        "and replace, one at a time": f"{of['find_and_replace_one_at_a_time_mb_s']:.1f}",
        "memory": f"{of['memory_mb']:.0f} MB",
    }
