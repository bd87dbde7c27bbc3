"""From a tag for each word to spans: what is proven by its form, names met again, what a cue announces (`_cued`),
who signed (`_signed`), and the rest of each (`_dated`, `_numbered`, `_named`, `_placed`, `_mended`). Compiled.

Names that were found once are found everywhere in their text (document memory): a word that stands as a name where its
neighbours say so is that name where they say nothing. Not where the lexicon knows it as an eponym or a common word.
"""

import array

import cython

from lockgate.phi.finding._cued import announced
from lockgate.phi.finding._dated import dated
from lockgate.phi.finding._mended import mended
from lockgate.phi.finding._named import named
from lockgate.phi.finding._numbered import numbered
from lockgate.phi.finding._placed import placed
from lockgate.phi.finding._signed import signed

O = cython.declare(cython.int, 0)  # noqa: E741 - outside
NAME = cython.declare(cython.int, 1)
FACILITY = cython.declare(cython.int, 3)
DATE = cython.declare(cython.int, 4)
PHONE = cython.declare(cython.int, 6)
ID = cython.declare(cython.int, 7)
NET = cython.declare(cython.int, 8)

P_DATE = cython.declare(cython.uint, 1)
P_PHONE = cython.declare(cython.uint, 8)
P_SSN = cython.declare(cython.uint, 16)
P_LONG = cython.declare(cython.uint, 32)
P_GROUPS = cython.declare(cython.uint, 524288)
P_CARD = cython.declare(cython.uint, 16384)
P_NET = cython.declare(cython.uint, 128 | 256 | 512)

L_TITLE = cython.declare(cython.uint, 1)
L_UPPER = cython.declare(cython.uint, 2)
L_LOWER = cython.declare(cython.uint, 4)
L_DIGITS = cython.declare(cython.uint, 8)
L_MIXED = cython.declare(cython.uint, 16)
L_SIGN = cython.declare(cython.uint, 32)
L_LINE = cython.declare(cython.uint, 64)
L_TEXT = cython.declare(cython.uint, 128)

B_PLAIN = cython.declare(cython.uint, 1 << 20)
B_DISEASE = cython.declare(cython.uint, 1 << 22)
B_DRUG = cython.declare(cython.uint, 1 << 23)
B_EPONYM = cython.declare(cython.uint, 1 << 24)
B_AMBIGUOUS = cython.declare(cython.uint, 0x80000000)

SHORTEST = cython.declare(cython.int, 3)
"""Letters of a name that is met again."""
SENTENCE = cython.declare(cython.int, 5)
"""Words and signs that a text has at least, for what it does not have to say something."""
BARELY = cython.declare(cython.int, 467)
"""Scores that a name is ahead by: a certainty of 0.98 (`engine.SCALE`)."""


@cython.cclass
class Spans:
    """What was found in one batch: offsets in the folded text, a tag, whether a form proves it, whether the tagger alone
    leaned away from a word of it, and how far the words lean to it."""

    count = cython.declare(cython.int, visibility="readonly")
    start = cython.declare(cython.int[::1], visibility="readonly")
    end = cython.declare(cython.int[::1], visibility="readonly")
    tag = cython.declare(cython.uchar[::1], visibility="readonly")
    proven = cython.declare(cython.uchar[::1], visibility="readonly")
    turned = cython.declare(cython.uchar[::1], visibility="readonly")
    lean = cython.declare(cython.int[::1], visibility="readonly")

    def __init__(self, room: int):
        self.count = 0
        self.start = array.array("i", bytes(4 * room))
        self.end = array.array("i", bytes(4 * room))
        self.lean = array.array("i", bytes(4 * room))
        self.proven = array.array("B", bytes(room))
        self.turned = array.array("B", bytes(room))
        self.tag = array.array("B", bytes(room))


@cython.ccall
def listed(spans: Spans) -> list:
    """`(start, end, tag)` of all, without a look from outside at each."""
    found: list = []
    n: cython.int
    for n in range(spans.count):
        found.append((spans.start[n], spans.end[n], spans.tag[n]))
    return found


def build(
    text: bytes,
    words: object,
    tags: object,
    margins: object,
    strict: bool = False,
    scores: object = None,
    doubt: bool = False,
) -> Spans:
    """Spans in order, none overlapping. `tags` is changed. `strict`: a long number is an identifier, whosever.

    `scores` are the tagger's, to tell what was found at the second look only (`Spans.turned`). `doubt`: a text in which
    nothing but single names was found, each of them barely, has none.
    """
    count: cython.int = words.count
    found = Spans(count + 1)
    if not count:
        return found
    p: cython.p_uchar = text
    start: cython.int[::1] = words.start
    end: cython.int[::1] = words.end
    looks: cython.uint[::1] = words.looks
    pattern: cython.uint[::1] = words.pattern
    key: cython.uint[::1] = words.key
    bits: cython.uint[::1] = words.bits
    tagged: cython.uchar[::1] = tags
    leans: cython.int[::1] = margins
    long_is_found: cython.bint = strict
    doubtful: cython.bint = doubt
    with cython.nogil:
        _prove(count, start, end, looks, pattern, tagged, long_is_found)
        _remember(count, start, end, key, looks, bits, tagged)
    announced(text, words, tags)
    signed(text, words, tags)
    dated(text, words, tags)
    numbered(text, words, tags)
    named(text, words, tags)
    placed(text, words, tags)
    mended(text, words, tags)
    with cython.nogil:
        _emit(p, found, count, start, end, looks, pattern, tagged, leans)
        if doubtful:
            _doubt(found, count, start, end, looks)
    if scores is not None:
        _tell(found, count, start, scores)
    return found


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _prove(
    count: cython.int,
    start: cython.int[::1],
    end: cython.int[::1],
    looks: cython.uint[::1],
    pattern: cython.uint[::1],
    tags: cython.uchar[::1],
    strict: cython.bint,
) -> cython.void:
    """What a form proves is found, and what only a form can prove is not without it."""
    i: cython.int
    p: cython.uint
    for i in range(count):
        p = pattern[i]
        if p & P_NET:
            tags[i] = NET
        elif tags[i] == NET:
            tags[i] = ID if looks[i] & (L_DIGITS | L_MIXED) else 0
        elif p & (P_SSN | P_CARD):
            tags[i] = ID
        elif strict and tags[i] == O and (p & P_GROUPS or (p & P_LONG and end[i] - start[i] >= 7)):
            tags[i] = ID
        elif p & P_DATE and tags[i] != ID:
            tags[i] = DATE
        elif p & P_PHONE and tags[i] != ID:
            tags[i] = PHONE


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _remember(
    count: cython.int,
    start: cython.int[::1],
    end: cython.int[::1],
    key: cython.uint[::1],
    looks: cython.uint[::1],
    bits: cython.uint[::1],
    tags: cython.uchar[::1],
) -> cython.void:
    known = cython.declare(cython.uint[256])
    size: cython.int = 0
    i: cython.int = 0
    j: cython.int
    n: cython.int
    at: cython.uint
    begin: cython.int
    uncertain: cython.uint = B_PLAIN | B_DISEASE | B_DRUG | B_AMBIGUOUS
    while i < count:
        begin = i
        for n in range(256):
            known[n] = 0
        size = 0
        j = i
        while j < count and (j == begin or not looks[j] & L_TEXT):
            if (
                tags[j] == NAME
                and looks[j] & (L_TITLE | L_UPPER)
                # Somebody's initial is also a pulse, a side, a temperature; Ng and Li are met again as they are.
                and (end[j] - start[j] >= SHORTEST or (end[j] - start[j] == 2 and looks[j] & 3 == L_TITLE))
                and not bits[j] & uncertain
                # Gleason alone may be the score, Ann Gleason is somebody.
                and (
                    not bits[j] & B_EPONYM
                    or (j > begin and tags[j - 1] == NAME)
                    or (j + 1 < count and not looks[j + 1] & L_TEXT and tags[j + 1] == NAME)
                )
                and size < 128
            ):
                at = key[j] & 255
                while known[at] and known[at] != key[j]:
                    at = (at + 1) & 255
                if known[at] == 0:
                    known[at] = key[j]
                    size += 1
            j += 1
        if size:
            for n in range(begin, j):
                if (
                    tags[n] == O
                    and looks[n] & (L_TITLE | L_UPPER | L_LOWER)
                    and (end[n] - start[n] >= SHORTEST or looks[n] & 3 == L_TITLE)
                ):
                    at = key[n] & 255
                    while known[at] and known[at] != key[n]:
                        at = (at + 1) & 255
                    if known[at] and (looks[n] & (L_TITLE | L_UPPER) or size < 64):
                        tags[n] = NAME
        i = j


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _emit(
    p: cython.p_uchar,
    found: Spans,
    count: cython.int,
    start: cython.int[::1],
    end: cython.int[::1],
    looks: cython.uint[::1],
    pattern: cython.uint[::1],
    tags: cython.uchar[::1],
    margins: cython.int[::1],
) -> cython.void:
    starts: cython.int[::1] = found.start
    ends: cython.int[::1] = found.end
    leans: cython.int[::1] = found.lean
    proven: cython.uchar[::1] = found.proven
    kinds: cython.uchar[::1] = found.tag
    i: cython.int = 0
    j: cython.int
    k: cython.int
    n: cython.int = 0
    t: cython.int
    at: cython.int = 0
    total: cython.longlong
    forms: cython.uint
    solid: cython.bint
    opened: cython.int
    quotes: cython.int
    sign: cython.int
    behind: cython.int = 0
    while i < count:
        t = tags[i]
        if t == 0:
            i += 1
            continue
        j = i + 1
        while j < count and tags[j] == t and not looks[j] & L_TEXT:
            j += 1
        # A sign at either end is nobody's, but for the ends of what is one word.
        k = i
        while (
            k < j
            and looks[k] & L_SIGN
            and t != 8
            and not (p[start[k]] == 40 and t == 6)
            and not ((p[start[k]] == 35 or (p[start[k]] == 43 and t == PHONE)) and k + 1 < j)
        ):
            k += 1
        solid = k < j
        if solid:
            at = j
            while (
                at > k + 1
                and looks[at - 1] & L_SIGN
                and t != 8
                and not (
                    p[start[at - 1]] == 46
                    and end[at - 2] - start[at - 2] <= (1 if t == DATE else 2 if t == NAME else 4)
                    and (t <= FACILITY or (t == DATE and looks[at - 2] & L_LOWER))
                )
            ):
                at -= 1
            # What is opened within it is closed within it: `Rose, Albert (Bert)`, `"Chip" Deluca`.
            if t <= FACILITY:
                opened = quotes = 0
                for i in range(k, at):
                    if looks[i] & L_SIGN:
                        sign = p[start[i]]
                        opened += (sign == 40) - (sign == 41)
                        quotes += sign == 34
                if at < count and looks[at] & L_SIGN and not looks[at] & (L_TEXT | L_LINE):
                    sign = p[start[at]]
                    if (opened == 1 and sign == 41) or (quotes == 1 and sign == 34):
                        at += 1
                        quotes -= sign == 34
                if (
                    quotes == 1
                    # Not what the span before has closed with.
                    and k > behind
                    and not looks[k] & (L_TEXT | L_LINE)
                    and looks[k - 1] & L_SIGN
                    and p[start[k - 1]] == 34
                ):
                    k -= 1
            starts[n] = start[k]
            ends[n] = end[at - 1]
            kinds[n] = t
            total = 0
            forms = 0
            for i in range(k, at):
                total += margins[i]
                forms |= pattern[i]
            leans[n] = total // (at - k) if total >= 0 else -(-total // (at - k))
            behind = at
            proven[n] = 1 if forms & (P_DATE | P_PHONE | P_SSN | P_CARD | P_NET) else 0
            n += 1
        i = j
    found.count = n


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _doubt(
    found: Spans, count: cython.int, start: cython.int[::1], end: cython.int[::1], looks: cython.uint[::1]
) -> cython.void:
    """Leave out the single words that are names by a hair, where their text has nothing else: an eponym or a brand in a
    question about nobody. Somebody's text has more than that."""
    starts: cython.int[::1] = found.start
    ends: cython.int[::1] = found.end
    leans: cython.int[::1] = found.lean
    proven: cython.uchar[::1] = found.proven
    kinds: cython.uchar[::1] = found.tag
    i: cython.int = 0
    n: cython.int = 0
    first: cython.int
    begin: cython.int = 0
    last: cython.int
    kept: cython.int = 0
    barely: cython.bint
    while n < found.count:
        while start[i] < starts[n]:
            i += 1
            if looks[i] & L_TEXT:
                begin = i
        last = i + 1
        while last < count and not looks[last] & L_TEXT:
            last += 1
        first = n
        # The cell of a column is its own proof.
        barely = last - begin >= SENTENCE
        while n < found.count and (last == count or starts[n] < start[last]):
            while start[i] < starts[n]:
                i += 1
            if kinds[n] != NAME or leans[n] >= BARELY or end[i] != ends[n]:
                barely = False
            n += 1
        while first < n and not barely:
            starts[kept] = starts[first]
            ends[kept] = ends[first]
            leans[kept] = leans[first]
            proven[kept] = proven[first]
            kinds[kept] = kinds[first]
            kept += 1
            first += 1
    found.count = kept


@cython.cfunc
def _tell(found: Spans, count: cython.int, start: cython.int[::1], scores: cython.short[::1]):
    """Which spans have a word that the tagger alone took for none."""
    i: cython.int = 0
    n: cython.int
    for n in range(found.count):
        while i < count and start[i] < found.start[n]:
            i += 1
        while i < count and start[i] < found.end[n]:
            if scores[cython.cast(cython.Py_ssize_t, i) * 16 + 10]:
                found.turned[n] = 1
            i += 1
