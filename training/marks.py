"""Texts with inline marks, `[[NAME|Rosa Petrov]]`: how training texts are written; to text and spans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MARK = re.compile(r"\[\[([A-Z_]+)\|(.*?)\]\]", re.DOTALL)
TEXTS = Path(__file__).parent / "text"
LABELS = frozenset(
    "NAME FACILITY GEO DATE AGE PHONE FAX EMAIL SSN MRN PLAN ACCOUNT LICENSE VEHICLE DEVICE URL IP OTHER_ID".split()
)


@dataclass(frozen=True, slots=True)
class Marked:
    """`spans` are `(start, end, label)` in code points, in order."""

    id: str
    text: str
    spans: tuple[tuple[int, int, str], ...]


def parse(id: str, marked: str) -> Marked:
    pieces: list[str] = []
    spans = []
    size = at = 0
    for mark in MARK.finditer(marked):
        label, surface = mark.groups()
        if label not in LABELS:
            raise ValueError(f"{id}: {label} is no label")
        pieces += (marked[at : mark.start()], surface)
        begin = size + mark.start() - at
        size = begin + len(surface)
        spans.append((begin, size, label))
        at = mark.end()
    pieces.append(marked[at:])
    text = "".join(pieces)
    if "[[" in text and "|" in text[text.index("[[") :][:20]:
        raise ValueError(f"{id}: a mark is not closed, or stands in another")
    return Marked(id, text, tuple(spans))


def documents(path: Path) -> Iterator[Marked]:
    for part in re.split(r"^=== ", path.read_text(), flags=re.M)[1:]:
        id, _, text = part.partition("\n")
        yield parse(f"{path.stem}/{id.strip()}", text.strip("\n") + "\n")


def all_documents(held: bool, folder: Path = TEXTS) -> list[Marked]:
    """Those to train on, or those that are held out (`held-*.txt`)."""
    paths = sorted(
        path for path in folder.glob("*.txt") if path.stem.startswith("held") is held and path.stem.isascii()
    )
    return [doc for path in paths for doc in documents(path)]
