"""Tags grown to what belongs to them: a time to its date, an initial to its name, a state between a city and its ZIP. Compiled.

The tagger decides word by word; what it leaves out inside of an identifier, or at its edge, would be shown. Each rule
looks only at the same text.
"""

import cython

O = cython.declare(cython.int, 0)  # noqa: E741 - outside
NAME = cython.declare(cython.int, 1)
GEO = cython.declare(cython.int, 2)
FACILITY = cython.declare(cython.int, 3)
DATE = cython.declare(cython.int, 4)
AGE = cython.declare(cython.int, 5)
PHONE = cython.declare(cython.int, 6)
ID = cython.declare(cython.int, 7)

P_DATED = cython.declare(cython.uint, 1 | 2)
P_TIME = cython.declare(cython.uint, 1024)
P_OLD = cython.declare(cython.uint, 4096)
P_ZIP = cython.declare(cython.uint, 2048)

L_CAPITAL = cython.declare(cython.uint, 1 | 2)
L_UPPER = cython.declare(cython.uint, 2)
L_LETTERS = cython.declare(cython.uint, 1 | 2 | 4 | 16)
L_DIGITS = cython.declare(cython.uint, 8)
L_MIXED = cython.declare(cython.uint, 16)
L_NUMBER = cython.declare(cython.uint, 8 | 16)
L_SIGN = cython.declare(cython.uint, 32)
L_LINE = cython.declare(cython.uint, 64)
L_TEXT = cython.declare(cython.uint, 128)
L_SPACED = cython.declare(cython.uint, 256)
L_GAP = cython.declare(cython.uint, 512)

B_GIVEN = cython.declare(cython.uint, 1 | 2 | 16)
B_PLACE = cython.declare(cython.uint, 1 << 9 | 1 << 10)
B_BESIDE_NAME = cython.declare(
    cython.uint,
    1 << 12
    | 1 << 13
    | 1 << 14
    | 1 << 15
    | 1 << 16
    | 1 << 17
    | 1 << 18
    | 1 << 19
    | 1 << 20
    | 1 << 22
    | 1 << 23
    | 1 << 24
    | 1 << 9
    | 1 << 10
    | 1 << 27
    | 1 << 30,
)
"""What a capitalised word beside a name is that is none: a title, a month, a drug, an eponym …"""
B_BESIDE_PLACE = cython.declare(
    cython.uint, 1 << 13 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 18 | 1 << 19 | 1 << 22 | 1 << 23 | 1 << 24 | 1 << 27
)
B_COUNTRY = cython.declare(cython.uint, 1 << 10)
B_STREET = cython.declare(cython.uint, 1 << 11)
B_PLAIN = cython.declare(cython.uint, 1 << 20)
B_FACILITY = cython.declare(cython.uint, 1 << 12)
B_WEEKDAY = cython.declare(cython.uint, 1 << 16)
B_UNIT = cython.declare(cython.uint, 1 << 25)
B_NO_NAME = cython.declare(cython.uint, 1 << 14 | 1 << 20 | 1 << 22 | 1 << 23)
B_PARTICLE = cython.declare(cython.uint, 1 << 29)

INSIDE = cython.declare(cython.int, 3)
"""How many words that were left out may stand between two parts of one identifier."""


@cython.cclass
class Text:
    """The words of a batch, and the part of them that is one text."""

    p = cython.declare(cython.p_uchar)
    kept = cython.declare(bytes)
    start = cython.declare(cython.int[::1])
    end = cython.declare(cython.int[::1])
    looks = cython.declare(cython.uint[::1])
    bits = cython.declare(cython.uint[::1])
    pattern = cython.declare(cython.uint[::1])
    tags = cython.declare(cython.uchar[::1])
    first = cython.declare(cython.int)
    last = cython.declare(cython.int)

    def __init__(self, text, words, tags):
        self.kept = text
        self.p = self.kept
        self.start = words.start
        self.end = words.end
        self.looks = words.looks
        self.bits = words.bits
        self.pattern = words.pattern
        self.tags = tags
        self.first = 0
        self.last = 0

    @cython.nogil
    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def size(self, i: cython.int) -> cython.int:
        return self.end[i] - self.start[i]

    @cython.nogil
    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def sign(self, i: cython.int) -> cython.int:
        """The sign that word i is; 0 for none."""
        return self.p[self.start[i]] if self.looks[i] & L_SIGN and self.end[i] - self.start[i] == 1 else 0

    @cython.nogil
    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def two(self, i: cython.int) -> cython.int:
        """A word of two letters as a number, small letters: `at` is 97 * 256 + 116."""
        if self.end[i] - self.start[i] != 2:
            return 0
        return (self.p[self.start[i]] | 32) * 256 + (self.p[self.start[i] + 1] | 32)

    @cython.nogil
    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def open(self, i: cython.int) -> cython.bint:
        """Whether word i is of this text, on the line of the one before it, and not yet anybody's."""
        return i < self.last and not self.looks[i] & L_LINE and self.tags[i] == O

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def paint(self, low: cython.int, high: cython.int, tag: cython.int) -> cython.void:
        """Words low to high, the last included."""
        n: cython.int
        for n in range(low, high + 1):
            self.tags[n] = tag

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def clock(self, i: cython.int) -> cython.bint:
        """A time: `14:20`, `0346`."""
        at: cython.int = self.start[i]
        if self.pattern[i] & P_TIME:
            return True
        if not self.looks[i] & L_DIGITS or self.end[i] - at != 4:
            return False
        return (self.p[at] - 48) * 10 + self.p[at + 1] - 48 < 24 and self.p[at + 2] < 54

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def joins(self, i: cython.int) -> cython.bint:
        """`at`, `on`, `@`, `,`, `T`, `-`, `/`: between a date and a time."""
        c: cython.int = self.p[self.start[i]]
        if self.end[i] - self.start[i] == 1:
            return c == 64 or c == 44 or c == 84 or c == 45 or c == 47
        return self.two(i) == 97 * 256 + 116 or self.two(i) == 111 * 256 + 110

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def half(self, i: cython.int) -> cython.int:
        """Behind `am`, `p.m.`, `h`, `hrs`, `a` where they begin at word i; else i."""
        if not self.open(i) or not self.looks[i] & L_LETTERS:
            return i
        first: cython.int = self.p[self.start[i]] | 32
        last: cython.int = self.p[self.end[i] - 1] | 32
        if self.size(i) == 1 and (first == 97 or first == 112):
            if (
                self.open(i + 2)
                and self.sign(i + 1) == 46
                and self.p[self.start[i + 2]] | 32 == 109
                and self.size(i + 2) == 1
            ):
                return i + 4 if self.open(i + 3) and self.sign(i + 3) == 46 else i + 3
            return i + 1
        if self.size(i) == 2 and last == 109 and (first == 97 or first == 112):
            return i + 1
        return i + 1 if first == 104 and self.size(i) <= 3 and (last == 104 or last == 114 or last == 115) else i

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def hour(self, i: cython.int) -> cython.int:
        """Behind the time of day that begins at word i; i where there is none. `14:20`, `0346`, `1 pm`, `8:03:44 AM`."""
        if not self.open(i):
            return i
        n: cython.int = i + 1
        if self.clock(i):
            while self.open(n) and self.pattern[n] & P_TIME:
                n += 1
            return self.half(n)
        if self.looks[i] & L_DIGITS and self.size(i) <= 2:
            n = self.half(i + 1)
            return n if n > i + 1 else i
        return i

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def dated(self, i: cython.int) -> cython.void:
        """A date's time and day of the week, behind it and before."""
        j: cython.int = i + 1
        n: cython.int
        end: cython.int
        if self.open(j):
            n = j + 1 if self.joins(j) else j
            end = self.hour(n)
            if end > n:
                # to 2:55, - 14:00
                if self.open(end) and (self.two(end) == 29807 or self.sign(end) == 45):
                    n = self.hour(end + 1)
                    if n > end + 1:
                        end = n
                self.paint(j, end - 1, DATE)
        if i > self.first and not self.looks[i] & L_LINE and self.tags[i - 1] == O:
            n = i - 1
            if (self.joins(n) or self.sign(n) == 46) and n > self.first and not self.looks[n] & L_LINE:
                n -= 1
            if self.tags[n] != O:
                return
            if self.bits[n] & B_WEEKDAY:
                self.paint(n, i - 1, DATE)
            elif self.clock(n) and self.sign(i - 1) != 46 and (n < i - 1 or self.pattern[i] & P_DATED):
                while (
                    n > self.first
                    and self.pattern[n] & P_TIME
                    and self.pattern[n - 1] & P_TIME
                    and self.tags[n - 1] == O
                ):
                    n -= 1
                self.paint(n, i - 1, DATE)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def dialled(self, i: cython.int) -> cython.void:
        """x 12, ext. 12 behind a telephone number."""
        n: cython.int = i + 1
        if not self.open(n):
            return
        c: cython.int = self.p[self.start[n]] | 32
        if (c == 120 and self.size(n) == 1) or (
            self.size(n) == 3 and c == 101 and self.p[self.start[n] + 1] | 32 == 120
        ):
            j: cython.int = n + 1
            if self.open(j) and self.sign(j) == 46:
                j += 1
            if self.open(j) and self.looks[j] & L_DIGITS:
                self.paint(n, j, PHONE)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def numbered(self, i: cython.int) -> cython.void:
        """The further groups of a number that is written with spaces: `QHT 2100 4471 8821`; not `500 mg`."""
        j: cython.int = i + 1
        if not self.open(j) or not self.looks[j] & L_SPACED or self.looks[j] & L_GAP or not self.looks[j] & L_NUMBER:
            return
        if self.size(j) < 3 or self.p[self.start[j]] > 57:
            return
        if (
            j + 1 < self.last
            and not self.looks[j + 1] & L_LINE
            and (self.bits[j + 1] & B_UNIT or self.sign(j + 1) == 47)
        ):
            return
        self.tags[j] = ID

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def fills(self, i: cython.int, tag: cython.int, short: cython.bint) -> cython.bint:
        """Whether word i may stand inside an identifier of this kind. `short`: one word of it is before."""
        c: cython.int = self.sign(i)
        two: cython.int = self.two(i)
        bits: cython.uint = self.bits[i]
        if tag == NAME:
            if c:
                return c == 40 or c == 41 or c == 34 or c == 39 or c == 45 or c == 46 or c == 94 or (c == 44 and short)
            return bool(bits & B_PARTICLE) or (self.size(i) == 1 and bool(self.looks[i] & L_CAPITAL))
        if tag == DATE:
            if c:
                return c == 44 or c == 45 or c == 47 or c == 46 or c == 64 or c == 58 or c == 40 or c == 39
            # at, on, of, to
            return two == 24948 or two == 28526 or two == 28518 or two == 29807 or self.clock(i)
        if tag == FACILITY:
            if c:
                return c == 38 or c == 45 or c == 39 or c == 46 or c == 44 or c == 47 or c == 64
            # of, de, la, at
            return (
                two == 28518
                or two == 25701
                or two == 27745
                or two == 24948
                or bool(bits & B_PARTICLE)
                or bool(self.looks[i] & L_CAPITAL and bits & (B_FACILITY | B_PLACE))
            )
        if tag == GEO:
            if c:
                return c == 44 or c == 35 or c == 46 or c == 45 or c == 39 or c == 47
            # QC, NSW: a state of elsewhere
            if self.size(i) <= 3 and self.looks[i] & L_UPPER:
                return True
            return bool(bits & B_PLACE) or bool(bits & B_PARTICLE) or bool(self.pattern[i] & P_ZIP)
        if c:
            return c == 45 or c == 46 or c == 47 or c == 40 or c == 41 or c == 43
        return False

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def between(self, i: cython.int) -> cython.bint:
        """One of `, - / & ' @`."""
        c: cython.int = self.sign(i)
        return c == 44 or c == 45 or c == 47 or c == 38 or c == 39 or c == 64

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def mend(self) -> cython.void:
        """What was left out between two parts of one identifier."""
        i: cython.int = self.first
        j: cython.int
        n: cython.int
        tag: cython.int
        run: cython.int = 0
        while i < self.last:
            tag = self.tags[i]
            if tag == O or i + 1 >= self.last or self.tags[i + 1] != O:
                run = run + 1 if tag != O and (i == self.first or self.tags[i - 1] == tag) else 0
                i += 1
                continue
            j = i + 1
            while j < self.last and j - i <= INSIDE and self.tags[j] == O:
                if (self.looks[j] & L_LINE and tag != GEO) or not self.fills(j, tag, run == 0):
                    break
                j += 1
            if (
                j < self.last
                and self.tags[j] == tag
                and j - i <= INSIDE + 1
                and (tag == GEO or not self.looks[j] & L_LINE)
                and not self.looks[j] & L_GAP
            ):
                self.paint(i + 1, j - 1, tag)
            elif self.tags[i + 1] == O and tag <= FACILITY and i + 2 < self.last and O < self.tags[i + 2] <= FACILITY:
                # A name of which the tagger took one part for a place.
                if (
                    self.tags[i + 2] != tag
                    and self.between(i + 1)
                    and not (self.looks[i + 1] | self.looks[i + 2]) & (L_LINE | L_GAP)
                ):
                    self.tags[i + 1] = tag
            run = 0
            i += 1

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def suffix(self, i: cython.int) -> cython.bint:
        """Jr, Sr, II, III, IV."""
        two: cython.int = self.two(i)
        if two == 106 * 256 + 114 or two == 115 * 256 + 114:
            return True
        if not self.looks[i] & L_UPPER:
            return False
        if two == 105 * 256 + 105 or two == 105 * 256 + 118:
            return True
        at: cython.int = self.start[i]
        return self.size(i) == 3 and self.p[at] == 73 and self.p[at + 1] == 73 and self.p[at + 2] == 73

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def initial(self, i: cython.int) -> cython.bint:
        return self.size(i) == 1 and bool(self.looks[i] & L_CAPITAL)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def named(self, i: cython.int) -> cython.void:
        """A name's suffix and initials, `, Given` behind a surname, a nickname, the other half of a double one."""
        j: cython.int = i + 1
        n: cython.int
        c: cython.int
        capital: cython.bint = bool(self.looks[i] & L_CAPITAL)
        if capital and i > self.first and not self.looks[i] & L_LINE and self.tags[i - 1] == O:
            n = i - 1
            if self.sign(n) == 46 and n > self.first and not self.looks[n] & L_LINE:
                n -= 1
            if self.initial(n) and self.tags[n] == O and self.looks[i] & L_SPACED and self.size(i) > 1:
                self.paint(n, i - 1, NAME)
        if (
            capital
            and i > self.first
            and not self.looks[i] & L_LINE
            and self.looks[i] & L_SPACED
            and not self.looks[i] & L_GAP
        ):
            n = i - 1
            if self.tags[n] == O and self.looks[n] & 3 == 1 and self.size(n) > 2 and not self.bits[n] & B_BESIDE_NAME:
                self.tags[n] = NAME
        if not self.open(j) or not capital:
            return
        c = self.sign(j)
        n = j + 1 if c == 44 or c == 46 else j
        if self.open(n) and self.suffix(n):
            self.paint(j, n, NAME)
            return
        if self.initial(j) and self.looks[j] & L_SPACED and self.size(i) > 1:
            if (
                j + 1 >= self.last
                or self.looks[j + 1] & (L_SPACED | L_LINE)
                or self.sign(j + 1) == 46
                or self.sign(j + 1) == 44
            ):
                self.tags[j] = NAME
                if (
                    j + 1 < self.last
                    and self.sign(j + 1) == 46
                    and self.tags[j + 1] == O
                    and not self.looks[j + 1] & (L_SPACED | L_LINE)
                ):
                    self.tags[j + 1] = NAME
                return
        if (
            c == 44
            and self.open(n)
            and self.looks[n] & L_CAPITAL
            and not self.bits[n] & B_NO_NAME
            and self.bits[n] & B_GIVEN
            and (i == self.first or self.tags[i - 1] != NAME)
        ):
            self.paint(j, n, NAME)
            return
        if (c == 40 or c == 34) and self.open(n + 1) and self.open(n + 2):
            # Patricia (Pat), Patricia "Pat" O'Day
            if (
                self.looks[n + 1] & L_CAPITAL
                and not self.bits[n + 1] & B_NO_NAME
                and self.size(n + 1) > 2
                and self.sign(n + 2) == (41 if c == 40 else 34)
            ):
                self.paint(j, n + 2, NAME)
            return
        if c == 45 and not self.looks[j] & L_SPACED and self.open(n + 1):
            if self.looks[n + 1] & L_CAPITAL and not self.looks[n + 1] & L_SPACED:
                self.paint(j, n + 1, NAME)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def housed(self, i: cython.int) -> cython.void:
        """What kind of place it is, behind its name."""
        j: cython.int = i + 1
        while self.open(j) and self.looks[j] & L_CAPITAL and self.bits[j] & B_FACILITY:
            self.tags[j] = FACILITY
            j += 1
        if (
            j == i + 1
            and self.open(j)
            and self.looks[i] & 3 == 1
            and self.looks[j] & 3 == 1
            and self.looks[j] & L_SPACED
            and not self.looks[j] & L_GAP
            and self.size(j) > 2
            and not self.bits[j] & B_BESIDE_PLACE
        ):
            self.tags[j] = FACILITY

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def dwelling(self, i: cython.int, alone: cython.bint) -> cython.bint:
        """A number of a house, a floor, a door: `3`, `2B`, `3o`, `piso`; `alone`: with no sign before it."""
        if self.looks[i] & L_DIGITS:
            # Not what counts something: `, 3 days`.
            if alone or self.size(i) > 4:
                return False
            return i + 1 >= self.last or bool(self.looks[i + 1] & (L_SIGN | L_LINE | L_CAPITAL | L_NUMBER))
        if self.looks[i] & L_MIXED:
            return self.size(i) <= 4
        if self.size(i) == 1:
            return bool(self.looks[i] & L_CAPITAL) and (
                i + 1 >= self.last or bool(self.looks[i + 1] & (L_SIGN | L_LINE | L_NUMBER))
            )
        return bool(self.bits[i] & B_STREET) and not self.bits[i] & B_PLAIN and (not alone or self.size(i) <= 6)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def housed_at(self, i: cython.int) -> cython.void:
        """What follows a street and its number: `, 3, 2B`, ` 2o dcha`, ` s/n`."""
        j: cython.int = i + 1
        n: cython.int
        c: cython.int
        while self.open(j):
            c = self.sign(j)
            n = j
            if c == 44 or c == 45 or c == 46 or c == 47 or c == 35:
                n = j + 1
                if not self.open(n):
                    return
            if (
                (self.p[self.start[n]] | 32) == 115
                and self.size(n) == 1
                and n + 2 < self.last
                and self.sign(n + 1) == 47
                and self.size(n + 2) == 1
            ):
                self.paint(j, n + 2, GEO)
                return
            if not self.dwelling(n, n == j):
                return
            self.paint(j, n, GEO)
            j = n + 1

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def zipped(self, i: cython.int) -> cython.void:
        """A city's ZIP behind its state: `Bremerton, WA 98310`."""
        j: cython.int = i + 1
        if j < self.last and self.sign(j) == 44 and self.tags[j] == O:
            j += 1
        if j + 1 < self.last and self.tags[j] == O and self.bits[j] & B_PLACE and self.looks[j] & L_CAPITAL:
            if self.pattern[j + 1] & P_ZIP and self.tags[j + 1] == O and not self.looks[j + 1] & L_LINE:
                self.paint(i + 1, j + 1, GEO)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def abroad(self, i: cython.int) -> cython.void:
        """The country at the end of an address that has a number: it is written as a part of it."""
        j: cython.int = i + 1
        n: cython.int
        if j < self.last and self.tags[j] == GEO:
            return
        if j < self.last and self.sign(j) == 44 and self.tags[j] == O:
            j += 1
        n = j
        while (
            n < self.last and n < j + 3 and self.tags[n] == O and self.looks[n] & L_CAPITAL and self.bits[n] & B_COUNTRY
        ):
            n += 1
        if n == j:
            return
        at: cython.int = i
        while at > self.first and at > i - 12 and (self.tags[at] == GEO or self.looks[at] & L_SIGN):
            if self.tags[at] == GEO and self.looks[at] & L_NUMBER:
                self.paint(i + 1, n - 1, GEO)
                return
            at -= 1

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def years(self, i: cython.int) -> cython.bint:
        """yo, y, y/o, yr, yrs, year, years, anos."""
        if i >= self.last or self.looks[i] & L_LINE:
            return False
        at: cython.int = self.start[i]
        size: cython.int = self.size(i)
        if self.p[at] | 32 == 121:
            if size == 1:
                return (
                    i + 2 < self.last
                    and (self.sign(i + 1) == 47 or self.sign(i + 1) == 46)
                    and self.p[self.start[i + 2]] | 32 == 111
                )
            second: cython.int = self.p[at + 1] | 32
            return (
                (size == 2 and (second == 111 or second == 114))
                or (size == 3 and second == 114)
                or (3 < size < 6 and second == 101)
            )
        return size == 4 and self.p[at] | 32 == 97 and self.p[at + 1] | 32 == 110 and self.p[at + 2] | 32 == 111

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def aged(self, i: cython.int) -> cython.void:
        """An age over 89 that says it is one: `93 yo`, `101-year-old`, `age: 94`, `93yo`."""
        n: cython.int = i + 1
        if self.looks[i] & L_MIXED:
            at: cython.int = self.start[i]
            end: cython.int = self.end[i]
            if 4 <= end - at <= 5 and self.p[end - 1] | 32 == 111 and self.p[end - 2] | 32 == 121:
                if (end - at == 4 and self.p[at] == 57) or (
                    end - at == 5 and self.p[at] == 49 and self.p[at + 1] <= 50
                ):
                    self.tags[i] = AGE
            return
        if n < self.last and self.sign(n) == 45:
            n += 1
        if self.years(n):
            self.tags[i] = AGE
            return
        n = i - 1
        if n > self.first and (self.sign(n) == 58 or self.sign(n) == 61):
            n -= 1
        if n >= self.first and self.p[self.start[n]] | 32 == 97 and (self.size(n) == 3 or self.size(n) == 4):
            if self.p[self.start[n] + 1] | 32 == 103 and self.p[self.start[n] + 2] | 32 == 101:
                self.tags[i] = AGE

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def grow(self) -> cython.void:
        i: cython.int
        tag: cython.int
        for i in range(self.first, self.last):
            tag = self.tags[i]
            if tag == O:
                if self.pattern[i] & P_OLD or self.looks[i] & L_MIXED:
                    self.aged(i)
                continue
            if tag == NAME:
                self.named(i)
            elif tag == DATE:
                if self.looks[i] & L_NUMBER or self.bits[i] & (1 << 15):
                    self.dated(i)
            elif tag == PHONE:
                self.dialled(i)
            elif tag == ID:
                self.numbered(i)
            elif tag == FACILITY:
                self.housed(i)
            elif tag == GEO:
                self.zipped(i)
                self.abroad(i)
                if self.looks[i] & L_NUMBER or self.bits[i] & B_STREET or (i > self.first and self.tags[i - 1] == GEO):
                    self.housed_at(i)
        self.mend()


def widen(text: bytes, words: object, tags: object) -> None:
    """Change `tags`, text by text."""
    count: cython.int = words.count
    one = Text(text, words, tags)
    with cython.nogil:
        while one.first < count:
            one.last = one.first + 1
            while one.last < count and not one.looks[one.last] & L_TEXT:
                one.last += 1
            one.grow()
            one.first = one.last
