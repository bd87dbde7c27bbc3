"""From a tag for each word to spans: what is proven by its form, times beside dates, names met again. Compiled.

Names that were found once are found everywhere in their text (document memory): a word that stands as a name where its
neighbours say so is that name where they say nothing. Not where the lexicon knows it as an eponym or a common word.
"""

import array

import cython

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
B_WEEKDAY = cython.declare(cython.uint, 1 << 16)
B_AMBIGUOUS = cython.declare(cython.uint, 0x80000000)


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
        if p & P_NET:
            tags[i] = NET
        elif tags[i] == NET:
            tags[i] = ID if looks[i] & (L_DIGITS | L_MIXED) else 0
        elif p & P_SSN:
            tags[i] = ID
        elif p & P_DATE and tags[i] != ID:
            tags[i] = DATE
        elif p & P_PHONE and tags[i] != ID:
            tags[i] = PHONE


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
        while j < count and (j == begin or not looks[j] & L_TEXT):
            if (
                tags[j] == NAME
                and looks[j] & (L_TITLE | L_UPPER | L_LOWER)
                and looks[j] & (L_TITLE | L_UPPER)
                and not bits[j] & uncertain
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
                if tags[n] == O and looks[n] & (L_TITLE | L_UPPER | L_LOWER):
                    at = key[n] & 255
                    while known[at] and known[at] != key[n]:
                        at = (at + 1) & 255
                    if known[at] and (looks[n] & (L_TITLE | L_UPPER) or size < 64):
                        tags[n] = NAME
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
    if pattern[i] & P_TIME:
        return True
    if not looks[i] & L_DIGITS or end[i] - at != 4:
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
        if tags[i] == DATE and looks[i] & (L_DIGITS | L_MIXED):
            # Behind a date: a time, perhaps with a word between, and am or pm.
            j = i + 1
            if j < count and tags[j] == O and not looks[j] & L_LINE:
                n = j + 1 if _joins(p, j, start, end) else j
                if n < count and not looks[n] & L_LINE and tags[n] == O and _clock(p, n, start, end, looks, pattern):
                    while n < count and pattern[n] & P_TIME and tags[n] == O:
                        n += 1
                    if n == j or not pattern[n - 1] & P_TIME:
                        n += 1
                    if n < count and not looks[n] & L_LINE and end[n] - start[n] <= 2 and (p[end[n] - 1] | 32) == 109:
                        n += 1
                    if n <= count:
                        while j < n:
                            tags[j] = DATE
                            j += 1
            # Before it: a time, or the day of the week.
            if i > 0 and tags[i - 1] == O and not looks[i] & L_LINE:
                n = i - 1
                if _joins(p, n, start, end) and n > 0 and not looks[n] & L_LINE:
                    n -= 1
                if tags[n] == O and _clock(p, n, start, end, looks, pattern) and (n < i - 1 or pattern[i] & 3):
                    j = n
                    while j > 0 and pattern[j] & P_TIME and pattern[j - 1] & P_TIME and tags[j - 1] == O:
                        j -= 1
                    while j < i:
                        tags[j] = DATE
                        j += 1
                elif bits[n] & B_WEEKDAY and tags[n] == O:
                    while n < i:
                        tags[n] = DATE
                        n += 1
        elif tags[i] == PHONE and i + 2 < count and tags[i + 1] == O:
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
                if j < count and looks[j] & L_DIGITS:
                    while n <= j:
                        tags[n] = PHONE
                        n += 1
        elif tags[i] == NAME or tags[i] == FACILITY:
            # Halves of a name with a hyphen.
            if i + 2 < count and p[start[i + 1]] == 45 and end[i + 1] == start[i + 1] + 1 and start[i + 1] == end[i]:
                if (
                    looks[i + 2] & (L_TITLE | L_UPPER)
                    and not looks[i + 2] & L_SPACED
                    and looks[i] & (L_TITLE | L_UPPER)
                ):
                    if tags[i + 1] == O:
                        tags[i + 1] = tags[i]
                    if tags[i + 2] == O:
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
        while j < count and tags[j] == t and not looks[j] & L_TEXT:
            j += 1
        # A sign at either end is nobody's, but for the ends of what is one word.
        k = i
        while (
            k < j
            and looks[k] & L_SIGN
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
                and looks[at - 1] & L_SIGN
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
            proven[n] = 1 if forms & (P_DATE | P_PHONE | P_SSN | P_NET) else 0
            n += 1
        i = j
    found.count = n
