"""How well spans fit marks that people made: pure counting, in characters, spans and whole documents.

Figures are micro-averaged over all texts that were added. What separates words is not counted: a space within a name
is nobody's secret. *Covered* is the figure that matters for release, since half of a name is a leak; *overlap* is what
many publications call recall.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Span(NamedTuple):
    """`[start, end)` in code points."""

    start: int
    end: int
    label: str


@dataclass(slots=True)
class OfLabel:
    """What was found of the marks of one label. `characters` without white space."""

    marks: int = 0
    covered: int = 0
    overlapped: int = 0
    typed: int = 0
    characters: int = 0
    found_characters: int = 0


class Example(NamedTuple):
    """For a detector's author, never for a log: `value`, and `around` it 40 code points before and 30 behind."""

    id: str
    label: str
    value: str
    around: str


@dataclass
class Score:
    """Counts, and the figures made of them; a figure of nothing is None.

    `ignored` labels of marks are neither asked for nor punished: their characters count nowhere, and what only touches
    them was not found. `classes` says which class a label is of; by it `typed` compares a mark with what touches it
    (a label that it does not name is a class of its own). `keep` is how many misses and false alarms are kept.
    """

    ignored: Collection[str] = frozenset()
    classes: Mapping[str, str] = field(default_factory=dict)
    keep: int = 0
    documents: int = 0
    with_marks: int = 0
    whole: int = 0
    touched: int = 0
    found_spans: int = 0
    found_overlapping: int = 0
    marked_characters: int = 0
    found_characters: int = 0
    hit_characters: int = 0
    by_label: dict[str, OfLabel] = field(default_factory=dict)
    missed: list[Example] = field(default_factory=list)
    alarms: list[Example] = field(default_factory=list)

    def add(
        self, id: str, text: str, marks: Iterable[tuple[int, int, str]], found: Iterable[tuple[int, int, str]]
    ) -> None:
        """One text with its marks and with what was found in it, in any order. Raises ValueError for a mark that lies
        outside of its text: then the corpus is wrong, and so would the figures be."""
        gold, skipped = self._marks(id, text, marks)
        is_gold, is_skipped = _mask(len(text), gold), _mask(len(text), skipped)
        spans = _clipped(found, len(text))
        # Whatever touches only what is ignored was not found.
        spans = [s for s in spans if any(is_gold[s.start : s.end]) or not any(is_skipped[s.start : s.end])]
        is_found = _mask(len(text), spans)
        for at, c in enumerate(text):
            if c.isspace() or (is_skipped[at] and not is_gold[at]):
                continue
            self.marked_characters += is_gold[at]
            self.found_characters += is_found[at]
            self.hit_characters += is_gold[at] & is_found[at]
        self.found_spans += len(spans)
        for span in spans:
            if any(_touch(span, mark) for mark in gold):
                self.found_overlapping += 1
            elif len(self.alarms) < self.keep:
                self.alarms.append(_example(id, text, span))
        whole = True
        for mark in gold:
            whole &= self._mark(id, text, mark, is_found, [s for s in spans if _touch(s, mark)])
        self.documents += 1
        if gold:
            self.with_marks += 1
            self.whole += whole
        else:
            self.touched += bool(spans)

    def _marks(self, id: str, text: str, marks: Iterable[tuple[int, int, str]]) -> tuple[list[Span], list[Span]]:
        gold: list[Span] = []
        skipped: list[Span] = []
        for start, end, label in marks:
            if not 0 <= start <= end <= len(text):
                raise ValueError(f"a mark of text {id} lies outside of it")
            (skipped if label in self.ignored else gold).append(Span(start, end, label))
        return gold, skipped

    def _mark(self, id: str, text: str, mark: Span, is_found: bytearray, touching: list[Span]) -> bool:
        """Whether it is covered."""
        places = [at for at in range(mark.start, mark.end) if not text[at].isspace()]
        hit = sum(is_found[at] for at in places)
        row = self.by_label.setdefault(mark.label, OfLabel())
        row.marks += 1
        row.characters += len(places)
        row.found_characters += hit
        row.covered += hit == len(places)
        row.overlapped += bool(touching)
        row.typed += any(self._class(one.label) == self._class(mark.label) for one in touching)
        if hit < len(places) and len(self.missed) < self.keep:
            self.missed.append(_example(id, text, mark))
        return hit == len(places)

    def _class(self, label: str) -> str:
        return self.classes.get(label, label)

    @property
    def marks(self) -> int:
        return sum(row.marks for row in self.by_label.values())

    @property
    def without_marks(self) -> int:
        return self.documents - self.with_marks

    def figures(self) -> dict[str, int | float | None]:
        """By name; shares from 0 to 1."""
        rows = self.by_label.values()
        return {
            "documents": self.documents,
            "marks": self.marks,
            "found": self.found_spans,
            "covered": share(sum(row.covered for row in rows), self.marks),
            "overlap": share(sum(row.overlapped for row in rows), self.marks),
            "typed": share(sum(row.typed for row in rows), self.marks),
            "character_recall": share(self.hit_characters, self.marked_characters),
            "character_precision": share(self.hit_characters, self.found_characters),
            "span_precision": share(self.found_overlapping, self.found_spans),
            "whole_documents": share(self.whole, self.with_marks),
            "documents_without_marks": self.without_marks,
            "touched": share(self.touched, self.without_marks),
        }

    def labels(self) -> dict[str, dict[str, int | float | None]]:
        """The same by label of the marks, the most frequent first."""
        return {
            label: {
                "marks": row.marks,
                "covered": share(row.covered, row.marks),
                "overlap": share(row.overlapped, row.marks),
                "typed": share(row.typed, row.marks),
                "character_recall": share(row.found_characters, row.characters),
            }
            for label, row in sorted(self.by_label.items(), key=lambda item: (-item[1].marks, item[0]))
        }


def share(part: int, of: int) -> float | None:
    """None where there is nothing to have a share of."""
    return part / of if of else None


def _clipped(found: Iterable[tuple[int, int, str]], size: int) -> list[Span]:
    """Each once, within the text."""
    return [
        Span(*one)
        for one in sorted({(max(0, start), min(size, end), label) for start, end, label in found})
        if one[0] < one[1]
    ]


def _mask(size: int, spans: Iterable[Span]) -> bytearray:
    mask = bytearray(size)
    for span in spans:
        mask[span.start : span.end] = b"\1" * (span.end - span.start)
    return mask


def _touch(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _example(id: str, text: str, span: Span) -> Example:
    around = text[max(0, span.start - 40) : span.end + 30].replace("\n", "⏎")
    return Example(id, span.label, text[span.start : span.end], around)
