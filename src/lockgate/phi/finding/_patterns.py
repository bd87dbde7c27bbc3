"""What a run of words is by its form: dates, telephone numbers, codes, addresses of the net. Compiled, one pass.

Each word gets the patterns that it is part of, as bits in `words.pattern`. Some are proof: whatever the tagger says,
they are found (`_spans`). The others are what the tagger goes by.
"""

import cython

DATE = cython.declare(cython.uint, 1)
"""A whole date: `3/4/2021`, `2021-03-04`, `04-Mar-21`, `March 4, 2021`."""
DAY = cython.declare(cython.uint, 2)
"""Day and month: `3/4`, `March 4th`, `4 Mar`."""
MONTH_YEAR = cython.declare(cython.uint, 4)
PHONE = cython.declare(cython.uint, 8)
SSN = cython.declare(cython.uint, 16)
LONG = cython.declare(cython.uint, 32)
"""Six digits or more on end."""
CODE = cython.declare(cython.uint, 64)
"""Letters and digits mixed, at least three digits, perhaps in groups: `H23-0041877`."""
EMAIL = cython.declare(cython.uint, 128)
URL = cython.declare(cython.uint, 256)
IP = cython.declare(cython.uint, 512)
TIME = cython.declare(cython.uint, 1024)
ZIP = cython.declare(cython.uint, 2048)
OLD = cython.declare(cython.uint, 4096)
"""A number from 90 to 125."""
DECIMAL = cython.declare(cython.uint, 8192)
"""`4.2`, `120/80`, `1,200`: a number with a sign inside that is no date."""
CARD = cython.declare(cython.uint, 16384)
"""13 to 19 digits that satisfy Luhn, or an IBAN's form."""
YEAR = cython.declare(cython.uint, 32768)
"""Four digits from 1900 to 2099."""
VERSION = cython.declare(cython.uint, 65536)
"""Three groups of digits and more, of which no date can be made."""
KNOWN = cython.declare(cython.uint, 131072)
"""A diagnosis or procedure code by its form: `E11.9`, `I50.23`."""
PHONE7 = cython.declare(cython.uint, 262144)
"""Seven digits, three and four."""
GROUPS = cython.declare(cython.uint, 524288)
"""Groups of two to four digits with spaces between, eight to fifteen in all: `0490 75 40 81`."""

_DIGITS = cython.declare(cython.uint, 8)
_MIXED = cython.declare(cython.uint, 16)
_SIGN = cython.declare(cython.uint, 32)
_LINE = cython.declare(cython.uint, 64)
_TEXT = cython.declare(cython.uint, 128)
_SPACED = cython.declare(cython.uint, 256)
_MONTH_WORD = cython.declare(cython.uint, 1 << 15)
"""The lexicon's bit (`training.lexicons.BITS`)."""


BITS = {
    "date": DATE,
    "day": DAY,
    "month_year": MONTH_YEAR,
    "phone": PHONE,
    "ssn": SSN,
    "long": LONG,
    "code": CODE,
    "email": EMAIL,
    "url": URL,
    "ip": IP,
    "time": TIME,
    "zip": ZIP,
    "old": OLD,
    "decimal": DECIMAL,
    "card": CARD,
    "year": YEAR,
    "version": VERSION,
    "known": KNOWN,
    "phone7": PHONE7,
    "groups": GROUPS,
}
"""The same by name, for whoever is not compiled with this."""


@cython.nogil
@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _number(p: cython.p_uchar, start: cython.int, end: cython.int) -> cython.int:
    """Its value, at most six digits of it."""
    value: cython.int = 0
    i: cython.int
    for i in range(start, end if end - start <= 6 else start + 6):
        value = value * 10 + (p[i] - 48)
    return value


@cython.nogil
@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _ordinal(p: cython.p_uchar, start: cython.int, end: cython.int) -> cython.int:
    """The number of `4th`, `1st`; -1 for anything else."""
    size: cython.int = end - start
    a: cython.int
    b: cython.int
    if size < 3 or size > 4 or not 48 <= p[start] <= 57 or (size == 4 and not 48 <= p[start + 1] <= 57):
        return -1
    a = p[end - 2] | 32
    b = p[end - 1] | 32
    if not ((a == 116 and b == 104) or (a == 115 and b == 116) or (a == 110 and b == 100) or (a == 114 and b == 100)):
        return -1
    return _number(p, start, end - 2)


@cython.nogil
@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _luhn(p: cython.p_uchar, start: cython.int, end: cython.int) -> cython.bint:
    total: cython.int = 0
    twice: cython.bint = False
    i: cython.int
    d: cython.int
    for i in range(end - 1, start - 1, -1):
        if not 48 <= p[i] <= 57:
            continue
        d = p[i] - 48
        if twice:
            d *= 2
            if d > 9:
                d -= 9
        total += d
        twice = not twice
    return total % 10 == 0


def mark(text: bytes, words: object) -> None:
    """Fill `words.pattern`."""
    count: cython.int = words.count
    if not count:
        return
    p: cython.p_uchar = text
    start: cython.p_int = _ints(words.start)
    end: cython.p_int = _ints(words.end)
    looks: cython.p_uint = _uints(words.looks)
    bits: cython.p_uint = _uints(words.bits)
    pattern: cython.p_uint = _uints(words.pattern)
    with cython.nogil:
        _mark_texts(p, count, start, end, looks, bits, pattern)


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _mark_texts(
    p: cython.p_uchar,
    count: cython.int,
    start: cython.p_int,
    end: cython.p_int,
    looks: cython.p_uint,
    bits: cython.p_uint,
    pattern: cython.p_uint,
) -> cython.void:
    first: cython.int = 0
    last: cython.int
    while first < count:
        last = first + 1
        while last < count and not looks[last] & _TEXT:
            last += 1
        _mark(p, first, last, start, end, looks, bits, pattern)
        first = last


@cython.cfunc
def _ints(view: cython.int[::1]) -> cython.p_int:
    """Where a view's numbers are: handed on, a view is copied, two hundred bytes each time."""
    return cython.address(view[0]) if cython.compiled else view


@cython.cfunc
def _uints(view: cython.uint[::1]) -> cython.p_uint:
    return cython.address(view[0]) if cython.compiled else view


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _mark(
    p: cython.p_uchar,
    begin: cython.int,
    count: cython.int,
    start: cython.p_int,
    end: cython.p_int,
    looks: cython.p_uint,
    bits: cython.p_uint,
    pattern: cython.p_uint,
) -> cython.void:
    i: cython.int
    j: cython.int
    k: cython.int
    n: cython.int
    size: cython.int
    total: cython.int
    groups: cython.int
    first: cython.int
    second: cython.int
    third: cython.int
    value: cython.int
    sign: cython.int
    same: cython.bint
    found: cython.uint
    letters: cython.bint
    lengths: cython.int
    for i in range(begin, count):
        pattern[i] = 0
    i = begin
    while i < count:
        if looks[i] & _SIGN:
            if p[start[i]] == 64 and end[i] - start[i] == 1:
                _mail(p, count, i, start, end, looks, pattern)
            i += 1
            continue
        if bits[i] & _MONTH_WORD and not looks[i] & _DIGITS:
            _month(p, begin, count, i, start, end, looks, pattern)
        if not looks[i] & (_DIGITS | _MIXED):
            # Not within one: `www.www.www.` is looked at once.
            if not pattern[i] & URL and end[i] - start[i] <= 5 and (p[start[i]] | 32 == 104 or p[start[i]] | 32 == 119):
                _link(p, count, i, start, end, looks, pattern)
            i += 1
            continue
        # A chain of groups with one sign, or one space, between each two.
        j = i
        groups = 1
        total = 0
        letters = bool(looks[i] & _MIXED)
        lengths = end[i] - start[i]
        sign = 0
        same = True
        while j + 2 < count and looks[j + 1] & _SIGN and not looks[j + 1] & (_SPACED | _LINE):
            if (
                looks[j + 2] & (_SPACED | _LINE)
                or not looks[j + 2] & (_DIGITS | _MIXED)
                or end[j + 1] - start[j + 1] != 1
            ):
                break
            k = p[start[j + 1]]
            if not (45 <= k <= 47 or k == 58 or k == 44):
                break
            if sign == 0:
                sign = k
            elif sign != k:
                if k == 58 or sign == 58 or k == 44:
                    break
                same = False
            letters = letters or bool(looks[j + 2] & _MIXED)
            j += 2
            groups += 1
            lengths = lengths * 16 + (end[j] - start[j] if end[j] - start[j] < 15 else 15)
            if groups > 6:
                break
        for n in range(i, j + 1):
            if 48 <= p[start[n]] <= 57:
                total += end[n] - start[n]
        found = 0
        size = end[i] - start[i]
        first = _number(p, start[i], end[i]) if looks[i] & _DIGITS else -1
        second = _number(p, start[i + 2], end[i + 2]) if groups > 1 and looks[i + 2] & _DIGITS else -1
        third = _number(p, start[i + 4], end[i + 4]) if groups > 2 and looks[i + 4] & _DIGITS else -1
        if groups == 3 and not letters and sign != 58 and sign != 44:
            if lengths == 0x324 and sign == 45:
                found = SSN
            elif lengths == 0x334:
                found = PHONE
            elif (
                size <= 2
                and end[i + 2] - start[i + 2] <= 2
                and (end[j] - start[j] == 2 or end[j] - start[j] == 4)
                and 1 <= first <= 31
                and 1 <= second <= 31
                and (first <= 12 or second <= 12)
            ):
                found = DATE
            elif size == 4 and 1800 <= first <= 2199 and 1 <= second <= 12 and 1 <= third <= 31:
                found = DATE
            elif not same or sign == 45:
                found = CODE
            else:
                found = VERSION
        elif groups == 2 and not letters:
            if sign == 47 or sign == 45:
                if (
                    size <= 2
                    and end[j] - start[j] <= 2
                    and 1 <= first <= 31
                    and 1 <= second <= 31
                    and (first <= 12 or second <= 12)
                ):
                    found = DAY
                elif size <= 2 and end[j] - start[j] == 4 and 1 <= first <= 12 and 1900 <= second <= 2099:
                    found = MONTH_YEAR
                elif lengths == 0x34 and sign == 45:
                    found = PHONE7
                elif sign == 45 and lengths == 0x54:
                    found = ZIP
                elif sign == 45 and total >= 5:
                    found = CODE
                else:
                    found = DECIMAL
            elif sign == 58:
                found = TIME if first <= 24 and second < 60 else DECIMAL
            else:
                found = DECIMAL
        elif groups == 3 and sign == 58:
            found = TIME
        elif groups == 4 and same and sign == 46 and not letters and first <= 255 and second <= 255 and third <= 255:
            found = IP
        elif groups > 1 and letters:
            if sign == 46 and groups == 2 and size <= 3 and looks[i] & _MIXED and not 48 <= p[start[i]] <= 57:
                found = KNOWN
            elif total >= 3 and sign != 44 and sign != 58:
                found = CODE
        elif groups > 3:
            found = CODE if sign == 45 else VERSION
        elif looks[i] & _MIXED:
            n = 0
            for k in range(start[i], end[i]):
                n += 48 <= p[k] <= 57
            if n >= 3:
                found = CODE
            elif n == size - 1 and size == 3 and not 48 <= p[start[i]] <= 57:
                found = KNOWN
        else:
            if size >= 6:
                found = LONG
            elif size == 5:
                found = ZIP
            elif size == 4 and 1900 <= first <= 2099:
                found = YEAR
            elif 90 <= first <= 125 and size <= 3:
                found = OLD
        if 13 <= total <= 19 and not letters and found & (CODE | LONG | VERSION) and _luhn(p, start[i], end[j]):
            found |= CARD
        if found == 0 or found & (OLD | YEAR):
            # Groups with spaces between: 802 555 0139, 123 45 6789, 4111 1111 1111 1111.
            found |= _spaced(p, count, i, start, end, looks, pattern)
        for n in range(i, j + 1):
            pattern[n] |= found
        if groups == 3 and found & PHONE and i > begin + 1 and pattern[i - 2] == 0:
            _prefix(p, i, start, end, looks, pattern)
        if groups == 2 and found & PHONE7:
            _area(p, begin, i, j, start, end, looks, pattern)
        i = j + 1


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _spaced(
    p: cython.p_uchar,
    count: cython.int,
    i: cython.int,
    start: cython.p_int,
    end: cython.p_int,
    looks: cython.p_uint,
    pattern: cython.p_uint,
) -> cython.uint:
    lengths: cython.int = end[i] - start[i]
    j: cython.int = i
    total: cython.int = lengths
    shortest: cython.int = lengths
    found: cython.uint = 0
    if lengths > 4 or not looks[i] & _DIGITS:
        return 0
    while j + 1 < count and looks[j + 1] & _DIGITS and looks[j + 1] & 832 == 256 and total < 20:
        j += 1
        lengths = (lengths * 16 + (end[j] - start[j] if end[j] - start[j] < 15 else 15)) & 0xFFFFFF
        total += end[j] - start[j]
        if end[j] - start[j] < shortest:
            shortest = end[j] - start[j]
        if lengths == 0x334:
            found = PHONE
            break
        if lengths == 0x324:
            found = SSN
            break
    if found == 0 and 13 <= total <= 19 and j - i >= 2 and _luhn(p, start[i], end[j]):
        found = CARD
    if found == 0 and 8 <= total <= 15 and j - i >= 2 and shortest >= 2:
        found = GROUPS
    if found:
        while j > i:
            pattern[j] |= found
            j -= 1
    return found


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _prefix(
    p: cython.p_uchar,
    i: cython.int,
    start: cython.p_int,
    end: cython.p_int,
    looks: cython.p_uint,
    pattern: cython.p_uint,
) -> cython.void:
    """`1-`, `+1 ` before a number of three groups."""
    if p[start[i - 1]] == 45 and looks[i - 2] & _DIGITS and end[i - 2] - start[i - 2] == 1 and not looks[i] & _SPACED:
        pattern[i - 1] |= PHONE
        pattern[i - 2] |= PHONE
    elif looks[i - 1] & _DIGITS and end[i - 1] - start[i - 1] <= 2 and p[start[i - 2]] == 43:
        pattern[i - 1] |= PHONE
        pattern[i - 2] |= PHONE


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _area(
    p: cython.p_uchar,
    begin: cython.int,
    i: cython.int,
    j: cython.int,
    start: cython.p_int,
    end: cython.p_int,
    looks: cython.p_uint,
    pattern: cython.p_uint,
) -> cython.void:
    """`(802) ` before a number of seven digits, or `802 `."""
    n: cython.int
    low: cython.int = -1
    if i >= begin + 3 and p[start[i - 1]] == 41 and looks[i - 2] & _DIGITS and end[i - 2] - start[i - 2] == 3:
        low = i - 3 if p[start[i - 3]] == 40 else i - 2
    elif i > begin and looks[i - 1] & _DIGITS and end[i - 1] - start[i - 1] == 3:
        low = i - 1
    if low >= 0:
        for n in range(low, j + 1):
            pattern[n] |= PHONE


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _month(
    p: cython.p_uchar,
    begin: cython.int,
    count: cython.int,
    i: cython.int,
    start: cython.p_int,
    end: cython.p_int,
    looks: cython.p_uint,
    pattern: cython.p_uint,
) -> cython.void:
    """A month's name with what stands beside it: a day before it or behind it, a year."""
    before: cython.int = i - 1
    after: cython.int = i + 1
    day: cython.int = -1
    year: cython.int = -1
    value: cython.int
    low: cython.int = i
    high: cython.int = i
    n: cython.int
    found: cython.uint
    if after < count and p[start[after]] == 46 and end[after] - start[after] == 1:
        after += 1
    if before >= begin and (p[start[before]] == 45 or p[start[before]] == 47) and not looks[i] & _SPACED:
        before -= 1
    elif (
        before > begin
        and end[before] - start[before] == 2
        and (p[start[before]] | 32) == 111
        and (p[start[before] + 1] | 32) == 102
    ):
        before -= 1
    if before >= begin and not looks[before + 1] & _LINE:
        value = (
            _number(p, start[before], end[before])
            if looks[before] & _DIGITS
            else _ordinal(p, start[before], end[before])
        )
        if 1 <= value <= 31 and end[before] - start[before] <= 4:
            day = before
            low = before
    if (
        after < count
        and (p[start[after]] == 45 or p[start[after]] == 47 or p[start[after]] == 44)
        and after + 1 < count
    ):
        if end[after] - start[after] == 1:
            after += 1
    if after < count and not looks[after] & _LINE:
        if looks[after] & _DIGITS:
            value = _number(p, start[after], end[after])
            n = end[after] - start[after]
            if n == 4 and 1800 <= value <= 2199:
                year = after
                high = after
            elif n <= 2 and 1 <= value <= 31 and day < 0:
                day = after
                high = after
            elif n == 2 and day >= 0:
                year = after
                high = after
        else:
            value = _ordinal(p, start[after], end[after])
            if 1 <= value <= 31 and day < 0:
                day = after
                high = after
    if day == high and day > i and high + 1 < count:
        # March 4, 2021
        n = high + 1
        if (p[start[n]] == 44 or p[start[n]] == 45 or p[start[n]] == 47) and end[n] - start[n] == 1 and n + 1 < count:
            n += 1
        if looks[n] & _DIGITS and not looks[n] & _LINE:
            value = _number(p, start[n], end[n])
            if (end[n] - start[n] == 4 and 1800 <= value <= 2199) or (end[n] - start[n] == 2 and n > high + 1):
                year = n
                high = n
    if day < 0 and year < 0:
        return
    found = DATE if day >= 0 and year >= 0 else DAY if day >= 0 else MONTH_YEAR
    for n in range(low, high + 1):
        pattern[n] |= found


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _mail(
    p: cython.p_uchar,
    count: cython.int,
    i: cython.int,
    start: cython.p_int,
    end: cython.p_int,
    looks: cython.p_uint,
    pattern: cython.p_uint,
) -> cython.void:
    """Everything without a space around an @, where a point follows it."""
    low: cython.int = i
    high: cython.int = i
    dotted: cython.bint = False
    n: cython.int
    c: cython.int
    while low > 0 and not looks[low] & 320:
        c = p[start[low - 1]]
        if looks[low - 1] & _SIGN and not (c == 46 or c == 45 or c == 95 or c == 43 or c == 37):
            break
        low -= 1
    while high + 1 < count and not looks[high + 1] & 320:
        c = p[start[high + 1]]
        if looks[high + 1] & _SIGN:
            if not (c == 46 or c == 45):
                break
            if high + 2 >= count or looks[high + 2] & 320 or looks[high + 2] & _SIGN:
                break
            dotted = dotted or c == 46
        high += 1
    if low < i < high and dotted:
        for n in range(low, high + 1):
            pattern[n] |= EMAIL


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _link(
    p: cython.p_uchar,
    count: cython.int,
    i: cython.int,
    start: cython.p_int,
    end: cython.p_int,
    looks: cython.p_uint,
    pattern: cython.p_uint,
) -> cython.void:
    """`http://…` and `www.…`, to the next space."""
    at: cython.int = start[i]
    size: cython.int = end[i] - at
    high: cython.int = i
    n: cython.int
    c: cython.int
    web: cython.bint = size == 3 and (p[at] | 32) == 119 and (p[at + 1] | 32) == 119 and (p[at + 2] | 32) == 119
    if not web:
        if not (
            4 <= size <= 5
            and (p[at] | 32) == 104
            and (p[at + 1] | 32) == 116
            and (p[at + 2] | 32) == 116
            and (p[at + 3] | 32) == 112
            and i + 2 < count
            and p[start[i + 1]] == 58
            and p[start[i + 2]] == 47
        ):
            return
    elif i + 1 >= count or p[start[i + 1]] != 46 or looks[i + 1] & 320:
        return
    while high + 1 < count and not looks[high + 1] & 320:
        c = p[start[high + 1]]
        if c == 34 or c == 39 or c == 60 or c == 62 or c == 41 or c == 93:
            break
        high += 1
    while high > i and looks[high] & _SIGN and (p[start[high]] == 46 or p[start[high]] == 44 or p[start[high]] == 59):
        high -= 1
    if high > i + 1:
        for n in range(i, high + 1):
            pattern[n] |= URL
