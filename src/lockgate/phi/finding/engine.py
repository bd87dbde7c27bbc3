"""Many texts at once: folded, joined, scanned in batches, and what was found handed back text by text."""

from __future__ import annotations

import re
import threading
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp
from typing import NamedTuple, TypeAlias

from lockgate.phi.finding._patterns import mark
from lockgate.phi.finding._second import Second
from lockgate.phi.finding._spans import Spans, build, listed
from lockgate.phi.finding._tagger import Tagger
from lockgate.phi.finding._words import Lexicon, Words, scan
from lockgate.phi.finding.folding import IGNORED, fold
from lockgate.phi.finding.model import load_lexicon, load_second, load_tagger
from lockgate.phi.finding.naming import BEFORE, LABELS, LAST_PLAIN, label_of

BATCH_BYTES = 1 << 20
"""Texts are joined up to this, and cut into windows of about this."""
LONGEST_WORD = 4096
"""No identifier is as long; a sign of a word has to do with this many others at most."""
FROM_END = 512
_BREAKS = re.compile(rb"""[,;|&<>{}\[\]"]""")
"""Where a word that is too long is cut if it can be: minified JSON is such a word."""
_LETTERS = re.compile(rb"[A-Za-z]{2}")
"""Or else between two letters: no number is cut."""
BETWEEN = b"\0"
_NONE = array("Q")
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
    """`form` where its form proves it, `second look` where the tagger alone leaned away from a word of it, else
    `tagger`, also where a name is met again or a cue announced it."""
    score: float
    """1 where a form proves it; else how far its words lean to it, from 0 to 1: 0.5 is barely."""


Span: TypeAlias = tuple[int, int, str]
"""`(start, end, label)`: as much of a `Found` as who replaces it needs."""


class _Piece(NamedTuple):
    """A text, or a window of one that begins at `start` of what is seen of it."""

    doc: int
    start: int
    folded: bytes
    unseen: array[int]
    """For each sign that is not seen, how many that are stand before it; in order."""


def windows(folded: bytes) -> Iterator[tuple[int, int]]:
    """`[start, end)` of what is searched together: a text that is not long, or parts of one that is.

    A long text is cut where a text ends of several that are joined, else where a line does, or a word where lines are
    longer than half a window. Words longer than any identifier are cut, so that no sign of one has more than so many
    others to do with it.
    """
    start = at = 0
    while len(folded) - at > LONGEST_WORD:
        last = at + LONGEST_WORD
        space = max(folded.rfind(sign, at, last) for sign in (b" ", b"\n", BETWEEN)) + 1
        if not space:
            found = _BREAKS.search(folded, last - FROM_END, last) or _LETTERS.search(folded, last - FROM_END, last)
            at = found.start() + 1 if found else last
            yield start, at
            start = at
            continue
        at = space
        if at - start >= BATCH_BYTES:
            half = start + BATCH_BYTES // 2
            line = (folded.rfind(BETWEEN, half, at) + 1) or (folded.rfind(b"\n", half, at) + 1)
            yield start, line or at
            start = line or at
    yield start, len(folded)


def _unseen(folded: bytes) -> array[int]:
    before = array("Q")
    at = folded.find(IGNORED)
    while at >= 0:
        before.append(at - len(before))
        at = folded.find(IGNORED, at + 1)
    return before


def _batches(texts: Sequence[str]) -> Iterator[list[_Piece]]:
    batch: list[_Piece] = []
    size = 0
    for doc, text in enumerate(texts):
        folded = fold(text)
        unseen = _NONE
        if IGNORED in folded:
            # What cannot be seen hides nothing: the text is searched without it.
            unseen = _unseen(folded)
            folded = folded.replace(IGNORED, b"")
        for start, end in windows(folded):
            batch.append(_Piece(doc, start, folded[start:end], unseen))
            size += end - start
            if size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


class Engine:
    """One a thread: its rooms are used again from batch to batch."""

    def __init__(self, lexicon: Lexicon, tagger: Tagger, second: Second | None) -> None:
        """Without `second` every word has one look only."""
        self._lexicon = lexicon
        self._tagger = tagger
        self._second = second
        self._words = Words()

    def find(self, texts: Sequence[str], bias: int = 0, strict: bool = False, doubt: bool = False) -> Iterator[Found]:
        """Everything, in order of texts and of places, none overlapping.

        `bias` is the working point: more than 0 finds more, and more that is none. `strict`: a number of seven digits
        and more is an identifier whatever stands beside it, and no word has a second look. `doubt`: at a bias of 0
        what is in a text that has nothing but single names, each of them barely, is none (decision 41); never where
        texts are masked.

        Long texts are searched a window at a time (`windows`): memory is that of a window, whatever their length.
        """
        for pieces in _batches(texts):
            spans, located = self._located(pieces, bias, strict, doubt and bias <= 0)
            for n, (doc, start, end, label) in enumerate(located):
                assert spans is not None
                proven = bool(spans.proven[n])
                score = 1.0 if proven else round(1 / (1 + exp(-spans.lean[n] / SCALE)), 3)
                rule = "form" if proven else "second look" if spans.turned[n] else "tagger"
                yield Found(doc, start, end, label, rule, score)

    def spans(self, texts: Sequence[str], bias: int = 0) -> list[list[Span]]:
        """As `find`, by text."""
        out: list[list[Span]] = [[] for _ in texts]
        for pieces in _batches(texts):
            for doc, start, end, label in self._located(pieces, bias, False, False)[1]:
                out[doc].append((start, end, label))
        return out

    def _located(
        self, pieces: list[_Piece], bias: int, strict: bool, doubt: bool
    ) -> tuple[Spans | None, list[tuple[int, int, int, str]]]:
        """What was found, and of each `(doc, start, end, label)`."""
        joined = BETWEEN.join([piece.folded for piece in pieces])
        spans = self._spans(joined, bias, strict, doubt)
        if spans is None:
            return None, []
        located = []
        ends = list(accumulate(len(piece.folded) + 1 for piece in pieces))
        at = begin = 0
        piece = pieces[0]
        for start, end, tag in listed(spans):
            if start >= ends[at]:
                at = bisect_right(ends, start)
                piece, begin = pieces[at], ends[at - 1]
            label = LABELS[tag] if tag <= LAST_PLAIN else label_of(tag, joined, begin, start, end)
            start, end = start - begin + piece.start, end - begin + piece.start
            if piece.unseen:
                start = start + bisect_right(piece.unseen, start)
                end = end + bisect_right(piece.unseen, end - 1)
            located.append((piece.doc, start, end, label))
        return spans, located

    def _spans(self, joined: bytes, bias: int, strict: bool, doubt: bool = False) -> Spans | None:
        if not scan(joined, self._words, self._lexicon):
            return None
        mark(joined, self._words)
        self._tagger.score(self._words, bias)
        # A stream is faster than a second look; what it shows leans to recall instead.
        if self._second is not None and not strict:
            self._second.look(self._words, self._tagger.scores)
        self._tagger.decide(self._words)
        tagger = self._tagger
        scores = None if strict else tagger.scores
        return build(joined, self._words, tagger.tags, tagger.margins, strict, scores, doubt)

    def find_joined(self, joined: bytes, bias: int = 0, strict: bool = False) -> list[tuple[int, int, str]]:
        """`(start, end, label)` in ASCII texts that are joined by `BETWEEN`, in order, as offsets in `joined`."""
        found = []
        for at, end_at in windows(joined):
            spans = self._spans(joined[at:end_at], bias, strict)
            for start, end, tag in () if spans is None else listed(spans):
                start, end = start + at, end + at
                if tag <= LAST_PLAIN:
                    found.append((start, end, LABELS[tag]))
                    continue
                begin = joined.rfind(BETWEEN, max(0, start - BEFORE), start) + 1
                found.append((start, end, label_of(tag, joined, begin, start, end)))
        return found


_local = threading.local()


def engine() -> Engine:
    """This thread's, with the weights that the package ships."""
    if not hasattr(_local, "engine"):
        _local.engine = Engine(load_lexicon(), load_tagger(), load_second())
    found: Engine = _local.engine
    return found
