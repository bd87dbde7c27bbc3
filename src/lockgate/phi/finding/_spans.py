"""From a tag for each word to spans: what is proven by its form, times beside dates, names met again. Compiled.

Names that were found once are found everywhere in their text (document memory): a word that stands as a name where its
neighbours say so is that name where they say nothing. Not where the lexicon knows it as an eponym or a common word.
"""

import array

import cython

O = cython.declare(cython.int, 0)  # noqa: E741 - outside
NAME = cython.declare(cython.int, 1)
GEO = cython.declare(cython.int, 2)
FACILITY = cython.declare(cython.int, 3)
DATE = cython.declare(cython.int, 4)
AGE = cython.declare(cython.int, 5)
PHONE = cython.declare(cython.int, 6)
ID = cython.declare(cython.int, 7)
NET = cython.declare(cython.int, 8)

P_DATE = cython.declare(cython.uint, 1)
P_PHONE = cython.declare(cython.uint, 8)
P_SSN = cython.declare(cython.uint, 16)
P_NET = cython.declare(cython.uint, 128 | 256 | 512)
P_TIME = cython.declare(cython.uint, 1024)

L_TITLE = cython.declare(cython.uint, 1)
L_UPPER = cython.declare(cython.uint, 2)
L_LOWER = cython.declare(cython.uint, 4)
L_DIGITS = cython.declare(cython.uint, 8)
L_MIXED = cython.declare(cython.uint, 16)
L_SIGN = cython.declare(cython.uint, 32)
L_LINE = cython.declare(cython.uint, 64)
L_TEXT = cython.declare(cython.uint, 128)
L_SPACED = cython.declare(cython.uint, 256)

B_PLAIN = cython.declare(cython.uint, 1 << 20)
B_DISEASE = cython.declare(cython.uint, 1 << 22)
B_DRUG = cython.declare(cython.uint, 1 << 23)
B_EPONYM = cython.declare(cython.uint, 1 << 24)
B_MONTH = cython.declare(cython.uint, 1 << 15)
B_AMBIGUOUS = cython.declare(cython.uint, 0x80000000)

MEMORY = cython.declare(cython.int, 256)
"""Places of the set of names of one text."""


@cython.cclass
class Spans:
    """What was found in one batch: offsets in the folded text, a tag, whether a form proves it, and how far the words lean
    to it."""

    count = cython.declare(cython.int, visibility="readonly")
    start = cython.declare(cython.int[::1], visibility="readonly")
    end = cython.declare(cython.int[::1], visibility="readonly")
    tag = cython.declare(cython.uchar[::1], visibility="readonly")
    proven = cython.declare(cython.uchar[::1], visibility="readonly")
    lean = cython.declare(cython.int[::1], visibility="readonly")

    def __init__(self, room: int):
        self.count = 0
        self.start = array.array("i", bytes(4 * room))
        self.end = array.array("i", bytes(4 * room))
        self.lean = array.array("i", bytes(4 * room))
        self.proven = array.array("B", bytes(room))
        self.tag = array.array("B", bytes(room))


def build(text: bytes, words: object, tags: object, margins: object) -> Spans:
    """Spans in order, none overlapping. `tags` is changed."""
    count: cython.int = words.count
    found = Spans(count + 1)
    if count:
        _prove(text, count, words.start, words.end, words.looks, words.pattern, tags)
        _remember(count, words.key, words.looks, words.bits, tags)
        _widen(text, count, words.start, words.end, words.looks, words.bits, words.pattern, tags)
        _emit(text, found, count, words.start, words.end, words.looks, words.pattern, tags, margins)
    return found


@cython.cfunc
def _prove(
    text: bytes,
    count: cython.int,
    start: cython.int[::1],
    end: cython.int[::1],
    looks: cython.uint[::1],
    pattern: cython.uint[::1],
    tags: cython.uchar[::1],
):
    """What a form proves is found, and what only a form can prove is not without it."""
    i: cython.int
    p: cython.uint
    for i in range(count):
        p = pattern[i]
        if p & 896:
            tags[i] = 8
        elif tags[i] == 8:
            tags[i] = 7 if looks[i] & 24 else 0
        elif p & 16:
            tags[i] = 7
        elif p & 1 and tags[i] != 7:
            tags[i] = 4
        elif p & 8 and tags[i] != 7:
            tags[i] = 6


@cython.cfunc
def _remember(
    count: cython.int, key: cython.uint[::1], looks: cython.uint[::1], bits: cython.uint[::1], tags: cython.uchar[::1]
):
    known = cython.declare(cython.uint[256])
    size: cython.int = 0
    i: cython.int = 0
    j: cython.int
    n: cython.int
    at: cython.uint
    begin: cython.int
    uncertain: cython.uint = B_PLAIN | B_DISEASE | B_DRUG | B_EPONYM | B_AMBIGUOUS
    while i < count:
        begin = i
        for n in range(256):
            known[n] = 0
        size = 0
        j = i
        while j < count and (j == begin or not looks[j] & 128):
            if tags[j] == 1 and looks[j] & 7 and looks[j] & 3 and not bits[j] & uncertain and size < 128:
                at = key[j] & 255
                while known[at] and known[at] != key[j]:
                    at = (at + 1) & 255
                if known[at] == 0:
                    known[at] = key[j]
                    size += 1
            j += 1
        if size:
            for n in range(begin, j):
                if tags[n] == 0 and looks[n] & 7:
                    at = key[n] & 255
                    while known[at] and known[at] != key[n]:
                        at = (at + 1) & 255
                    if known[at] and (looks[n] & 3 or size < 64):
                        tags[n] = 1
        i = j


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _clock(
    p: cython.p_uchar,
    i: cython.int,
    start: cython.int[::1],
    end: cython.int[::1],
    looks: cython.uint[::1],
    pattern: cython.uint[::1],
) -> cython.bint:
    """A time: `14:20`, `0346`."""
    hour: cython.int
    minute: cython.int
    at: cython.int = start[i]
    if pattern[i] & 1024:
        return True
    if not looks[i] & 8 or end[i] - at != 4:
        return False
    hour = (p[at] - 48) * 10 + p[at + 1] - 48
    minute = (p[at + 2] - 48) * 10 + p[at + 3] - 48
    return hour < 24 and minute < 60


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _joins(p: cython.p_uchar, i: cython.int, start: cython.int[::1], end: cython.int[::1]) -> cython.bint:
    """`at`, `on`, `@`, `,`, `T`, `of`, `-`: between a date and a time."""
    size: cython.int = end[i] - start[i]
    a: cython.int = p[start[i]]
    b: cython.int
    if size == 1:
        return a == 64 or a == 44 or a == 84 or a == 45 or a == 47
    b = p[start[i] + 1] | 32
    a |= 32
    return size == 2 and ((a == 97 and b == 116) or (a == 111 and b == 110))


@cython.cfunc
def _widen(
    text: bytes,
    count: cython.int,
    start: cython.int[::1],
    end: cython.int[::1],
    looks: cython.uint[::1],
    bits: cython.uint[::1],
    pattern: cython.uint[::1],
    tags: cython.uchar[::1],
):
    p: cython.p_uchar = text
    i: cython.int
    j: cython.int
    n: cython.int
    for i in range(count):
        if tags[i] == 4 and looks[i] & 24:
            # Behind a date: a time, perhaps with a word between, and am or pm.
            j = i + 1
            if j < count and tags[j] == 0 and not looks[j] & 64:
                n = j + 1 if _joins(p, j, start, end) else j
                if n < count and not looks[n] & 64 and tags[n] == 0 and _clock(p, n, start, end, looks, pattern):
                    while n < count and pattern[n] & 1024 and tags[n] == 0:
                        n += 1
                    if n == j or not pattern[n - 1] & 1024:
                        n += 1
                    if n < count and not looks[n] & 64 and end[n] - start[n] <= 2 and (p[end[n] - 1] | 32) == 109:
                        n += 1
                    if n <= count:
                        while j < n:
                            tags[j] = 4
                            j += 1
            # Before it: a time, or the day of the week.
            if i > 0 and tags[i - 1] == 0 and not looks[i] & 64:
                n = i - 1
                if _joins(p, n, start, end) and n > 0 and not looks[n] & 64:
                    n -= 1
                if tags[n] == 0 and _clock(p, n, start, end, looks, pattern) and (n < i - 1 or pattern[i] & 3):
                    j = n
                    while j > 0 and pattern[j] & 1024 and pattern[j - 1] & 1024 and tags[j - 1] == 0:
                        j -= 1
                    while j < i:
                        tags[j] = 4
                        j += 1
                elif bits[n] & 65536 and tags[n] == 0:
                    while n < i:
                        tags[n] = 4
                        n += 1
        elif tags[i] == 6 and i + 2 < count and tags[i + 1] == 0:
            # x 12, ext. 12
            n = i + 1
            if (
                (p[start[n]] | 32) == 120
                and end[n] - start[n] == 1
                or (end[n] - start[n] == 3 and (p[start[n]] | 32) == 101 and (p[start[n] + 1] | 32) == 120)
            ):
                j = n + 1
                if j < count and p[start[j]] == 46:
                    j += 1
                if j < count and looks[j] & 8:
                    while n <= j:
                        tags[n] = 6
                        n += 1
        elif tags[i] == 1 or tags[i] == 3:
            # Halves of a name with a hyphen.
            if i + 2 < count and p[start[i + 1]] == 45 and end[i + 1] == start[i + 1] + 1 and start[i + 1] == end[i]:
                if looks[i + 2] & 3 and not looks[i + 2] & 256 and looks[i] & 3:
                    if tags[i + 1] == 0:
                        tags[i + 1] = tags[i]
                    if tags[i + 2] == 0:
                        tags[i + 2] = tags[i]


@cython.cfunc
def _emit(
    text: bytes,
    found: Spans,
    count: cython.int,
    start: cython.int[::1],
    end: cython.int[::1],
    looks: cython.uint[::1],
    pattern: cython.uint[::1],
    tags: cython.uchar[::1],
    margins: cython.int[::1],
):
    p: cython.p_uchar = text
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
    while i < count:
        t = tags[i]
        if t == 0:
            i += 1
            continue
        j = i + 1
        while j < count and tags[j] == t and not looks[j] & 128:
            j += 1
        # A sign at either end is nobody's, but for the ends of what is one word.
        k = i
        while (
            k < j
            and looks[k] & 32
            and t != 8
            and not (p[start[k]] == 40 and t == 6)
            and not (p[start[k]] == 35 and k + 1 < j)
        ):
            k += 1
        solid = k < j
        if solid:
            at = j
            while (
                at > k + 1
                and looks[at - 1] & 32
                and t != 8
                and not (p[start[at - 1]] == 46 and end[at - 2] - start[at - 2] <= 2 and t == 1)
            ):
                at -= 1
            starts[n] = start[k]
            ends[n] = end[at - 1]
            kinds[n] = t
            total = 0
            forms = 0
            for i in range(k, at):
                total += margins[i]
                forms |= pattern[i]
            leans[n] = total // (at - k)
            proven[n] = 1 if forms & (1 | 8 | 16 | 896) else 0
            n += 1
        i = j
    found.count = n
