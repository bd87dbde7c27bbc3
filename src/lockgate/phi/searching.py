"""A column's texts, searched: what repeats itself is searched once.

Each text is found as it is alone, so what a text holds is the same in every row that has it. Long texts are notes, and
notes do not repeat themselves: they are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Generic, TypeVar

from lockgate.phi.finding import Found, Span, engine

One = TypeVar("One", Found, Span)

LONG = 256
"""Code points. What is longer is searched each time."""
BATCH = 1024
"""Texts searched together."""
MOST_KEPT = 1 << 16
"""Texts. Then all are forgotten: where nothing repeats itself, memory stays what it is."""


class Search(Generic[One]):
    """For one column and one working point; forgotten with it. `found` or `spans` says what is wanted of a batch."""

    def __init__(self, of: Callable[[list[str]], list[list[One]]]) -> None:
        self._of: Callable[[list[str]], list[list[One]]] = of
        self._known: dict[str, list[One]] = {}

    def batches(self, texts: Iterable[str]) -> Iterator[tuple[list[str], list[list[One]]]]:
        """Batches of the texts in their order, and what is in each text, in order and none overlapping."""
        rows = iter(texts)
        while batch := list(islice(rows, BATCH)):
            yield batch, self.batch(batch)

    def batch(self, texts: list[str]) -> list[list[One]]:
        known = self._known
        if len(known) > MOST_KEPT:
            known.clear()
        new = [text for text in dict.fromkeys(texts) if text not in known]
        found = dict(zip(new, self._of(new), strict=True))
        out = [found[text] if text in found else known[text] for text in texts]
        known.update((text, spans) for text, spans in found.items() if len(text) <= LONG)
        return out


def found(bias: int, doubt: bool = False) -> Search[Found]:
    """With what is known of each; `doc` is not the row's."""

    def of(texts: list[str]) -> list[list[Found]]:
        out: list[list[Found]] = [[] for _ in texts]
        for one in engine().find(texts, bias, doubt=doubt):
            out[one.doc].append(one)
        return out

    return Search(of)


def spans(bias: int) -> Search[Span]:
    return Search(lambda texts: engine().spans(texts, bias))
