"""Where the identifiers of texts stand: checked, apart from one another, and kept until they are needed again."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence

from lockgate.phi.finding import Found, Span

MIXED = "MIXED"
"""The label of overlapping spans that do not agree what they are."""


def by_doc(texts: Sequence[str], found: Iterable[Found]) -> dict[int, list[Span]]:
    """In order, none overlapping. Raises ValueError for a span outside of its text."""
    of_doc: dict[int, list[Span]] = {}
    for doc, start, end, label in ((one.doc, one.start, one.end, one.label) for one in found):
        if not 0 <= start < end <= len(texts[doc]):
            raise ValueError(f"a span of text {doc} lies outside of it")
        of_doc.setdefault(doc, []).append((start, end, label))
    return {doc: _apart(spans) for doc, spans in of_doc.items()}


def _apart(spans: list[Span]) -> list[Span]:
    spans.sort(key=_start)
    kept: list[Span] = []
    for span in spans:
        if kept and span[0] < kept[-1][1]:
            start, end, label = kept[-1]
            kept[-1] = (start, max(end, span[1]), label if label == span[2] else MIXED)
        else:
            kept.append(span)
    return kept


def _start(span: Span) -> int:
    return span[0]


class Kept:
    """The spans of many texts in 16 bytes each."""

    def __init__(self, of_doc: Mapping[int, Sequence[Span]]) -> None:
        self._labels: dict[str, int] = {}
        self._numbers = array("I")
        number = self._labels.setdefault
        for doc, spans in of_doc.items():
            for start, end, label in spans:
                self._numbers.extend((doc, start, end, number(label, len(self._labels))))

    def by_doc(self) -> dict[int, list[Span]]:
        of_doc: dict[int, list[Span]] = {}
        labels, numbers = list(self._labels), iter(self._numbers)
        for doc, start, end, label in zip(numbers, numbers, numbers, numbers, strict=True):
            of_doc.setdefault(doc, []).append((start, end, labels[label]))
        return of_doc
