"""Many texts at once: folded, joined, scanned in batches, and what was found handed back text by text."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp

from lockgate.phi.finding._patterns import mark
from lockgate.phi.finding._spans import build
from lockgate.phi.finding._tagger import Tagger
from lockgate.phi.finding._words import Lexicon, Words, scan
from lockgate.phi.finding.folding import IGNORED, fold
from lockgate.phi.finding.model import load_lexicon, load_tagger
from lockgate.phi.finding.naming import label_of

BETWEEN = b"\0"
SCALE = 120.0
"""Of the tagger's scores, to a score from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Found:
    """An identifier at `[start, end)`, in code points of text `doc`."""

    doc: int
    start: int
    end: int
    label: str
    rule: str
    """`form` where its form proves it, else `tagger`."""
    score: float
    """1 where a form proves it; else how far its words lean to it, from 0 to 1: 0.5 is barely."""


class Engine:
    """One a thread: its rooms are used again from batch to batch."""

    def __init__(self, lexicon: Lexicon, tagger: Tagger, bias: int = 0) -> None:
        self._lexicon = lexicon
        self._tagger = tagger
        self._words = Words()
        self.bias = bias
        """The working point: more than 0 finds more, and more that is none."""

    def find(self, texts: Sequence[str]) -> Iterator[Found]:
        """Everything, in order of texts and of places, none overlapping."""
        # One by one: joined texts are not yet always found as each is alone.
        for doc, text in enumerate(texts):
            if text:
                yield from self._batch(doc, [fold(text)])

    def _batch(self, first: int, folded: list[bytes]) -> Iterator[Found]:
        places: dict[int, list[int]] = {}
        for n, text in enumerate(folded):
            if IGNORED in text:
                # What cannot be seen hides nothing: the text is searched without it.
                places[n] = [at for at, c in enumerate(text) if c != IGNORED[0]]
                folded[n] = text.replace(IGNORED, b"")
        joined = BETWEEN.join(folded)
        starts = [0]
        for text in folded[:-1]:
            starts.append(starts[-1] + len(text) + 1)
        if not scan(joined, self._words, self._lexicon):
            return
        mark(joined, self._words)
        self._tagger.tag(self._words, self.bias)
        spans = build(joined, self._words, self._tagger.tags, self._tagger.margins)
        for n in range(spans.count):
            start, end = spans.start[n], spans.end[n]
            doc = bisect_right(starts, start) - 1
            label = label_of(spans.tag[n], joined, start, end)
            start, end = start - starts[doc], end - starts[doc]
            if doc in places:
                start, end = places[doc][start], places[doc][end - 1] + 1
            proven = bool(spans.proven[n])
            score = 1.0 if proven else round(1 / (1 + exp(-spans.lean[n] / SCALE)), 3)
            yield Found(first + doc, start, end, label, "form" if proven else "tagger", score)


_local = threading.local()


def engine() -> Engine:
    """This thread's, with the weights that the package ships."""
    if not hasattr(_local, "engine"):
        _local.engine = Engine(load_lexicon(), load_tagger())
    found: Engine = _local.engine
    return found
