"""The rest of a number: its further groups, what is written on without a space, an extension, an age over 89. Compiled.

Part of a number that is shown gives it away: `72.188.402`, `PDM-H-00341188`, `FV/118/03/2024`.
"""

import cython

O = cython.declare(cython.int, 0)  # noqa: E741 - outside
DATE = cython.declare(cython.int, 4)
AGE = cython.declare(cython.int, 5)
PHONE = cython.declare(cython.int, 6)
ID = cython.declare(cython.int, 7)

P_OLD = cython.declare(cython.uint, 4096)

L_UPPER = cython.declare(cython.uint, 2)
L_DIGITS = cython.declare(cython.uint, 8)
L_NUMBER = cython.declare(cython.uint, 8 | 16)
L_SIGN = cython.declare(cython.uint, 32)
L_SPACED = cython.declare(cython.uint, 256)
L_AWAY = cython.declare(cython.uint, 64 | 128 | 256)
"""It begins not where the word before it ends."""
L_MIXED = cython.declare(cython.uint, 16)
L_LINE = cython.declare(cython.uint, 64)
L_TEXT = cython.declare(cython.uint, 128)
L_GAP = cython.declare(cython.uint, 512)

B_NO_PART = cython.declare(cython.uint, 1 << 13 | 1 << 17 | 1 << 18 | 1 << 19 | 1 << 24)
B_UNIT = cython.declare(cython.uint, 1 << 25)


@cython.cclass
class Numbers:
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
        """The sign that word i is; 0 for none, and where there is no such word."""
        if i < self.first or i >= self.last:
            return 0
        return self.p[self.start[i]] if self.looks[i] & L_SIGN and self.end[i] - self.start[i] == 1 else 0

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
    @cython.inline
    @cython.exceptval(check=False)
    def touches(self, i: cython.int) -> cython.bint:
        """Whether word i begins where the one before it ends."""
        return self.first < i < self.last and not self.looks[i] & L_AWAY

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
            self.size(n) == 3
            and c == 101
            and self.p[self.start[n] + 1] | 32 == 120
            and self.p[self.start[n] + 2] | 32 == 116
        ):
            j: cython.int = n + 1
            if self.open(j) and self.sign(j) == 46:
                j += 1
            if self.open(j) and self.looks[j] & L_DIGITS:
                self.paint(n, j, PHONE)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def grouped(self, i: cython.int) -> cython.void:
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
                or (3 < size < 6 and second == 101 and self.p[at + 2] | 32 == 97 and self.p[at + 3] | 32 == 114)
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
                # age 92 % predicted, age 95 percentile
                n = i + 1
                if n < self.last and (self.sign(n) == 37 or (self.size(n) > 7 and self.p[self.start[n]] | 32 == 112)):
                    return
                self.tags[i] = AGE

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def links(self, c: cython.int) -> cython.bint:
        """One of `- . / : _`."""
        return c == 45 or c == 46 or c == 47 or c == 58 or c == 95

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def roman(self, i: cython.int) -> cython.bint:
        n: cython.int
        c: cython.int
        if not self.looks[i] & L_UPPER or self.size(i) > 4:
            return False
        for n in range(self.start[i], self.end[i]):
            c = self.p[n]
            if c != 73 and c != 86 and c != 88:
                return False
        return True

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def month(self, i: cython.int) -> cython.int:
        """The value of a Roman number of I, V and X."""
        n: cython.int
        value: cython.int
        sum: cython.int = 0
        highest: cython.int = 0
        for n in range(self.end[i] - 1, self.start[i] - 1, -1):
            value = 1 if self.p[n] == 73 else 5 if self.p[n] == 86 else 10
            sum += value if value >= highest else -value
            highest = max(highest, value)
        return sum

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def day(self, i: cython.int) -> cython.int:
        """The value of a word of one digit or two."""
        at: cython.int = self.start[i]
        return self.p[at] - 48 if self.size(i) == 1 else (self.p[at] - 48) * 10 + self.p[at + 1] - 48

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def romanic(self, i: cython.int) -> cython.void:
        """A date whose month is a Roman number: `7.VI.2024`, `3-V-16`."""
        c: cython.int = self.sign(i + 1)
        n: cython.int
        if not self.looks[i] & L_DIGITS or self.size(i) > 2 or (c != 46 and c != 45 and c != 47):
            return
        if self.sign(i + 3) != c or i + 4 >= self.last or not self.roman(i + 2) or not self.looks[i + 4] & L_DIGITS:
            return
        for n in range(i, i + 5):
            if (n > i and not self.touches(n)) or (self.tags[n] != O and self.tags[n] != DATE):
                return
        if self.touches(i) or self.touches(i + 5) or self.month(i + 2) > 12 or self.day(i) > 31:
            return
        if self.size(i + 4) == 4 or self.size(i + 4) == 2:
            self.paint(i, i + 4, DATE)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def part(self, i: cython.int, sign: cython.int, tag: cython.int) -> cython.bint:
        """Whether word i, beside this sign (0: none), is of the number that has this tag."""
        if i < self.first or i >= self.last or self.tags[i] == tag or self.looks[i] & L_SIGN:
            return False
        if tag == DATE:
            if self.tags[i] != O or sign == 0 or sign == 58:
                return False
            return (bool(self.looks[i] & L_DIGITS) and self.size(i) <= 4) or self.roman(i)
        if self.tags[i] != O and self.tags[i] != DATE and self.tags[i] != PHONE and self.tags[i] != ID:
            return False
        if self.looks[i] & L_NUMBER:
            return True
        return (
            (sign == 45 or sign == 0)
            and bool(self.looks[i] & L_UPPER)
            and self.size(i) <= 4
            and not self.bits[i] & B_NO_PART
        )

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def run(self, i: cython.int, tag: cython.int) -> cython.void:
        """The rest of what is written without a space: `72.188.402`, `PDM-H-00341188`, `FV/118/03/2024`, `3/3-3/14`."""
        c: cython.int
        n: cython.int = i
        while self.touches(n + 1):
            c = self.sign(n + 1)
            if self.links(c) and self.touches(n + 2) and self.part(n + 2, c, tag):
                self.tags[n + 1] = tag
                self.tags[n + 2] = tag
                n += 2
            elif c == 0 and tag != DATE and self.part(n + 1, 0, tag):
                self.tags[n + 1] = tag
                n += 1
            else:
                break
        n = i
        while self.touches(n):
            c = self.sign(n - 1)
            if self.links(c) and self.touches(n - 1) and self.part(n - 2, c, tag):
                self.tags[n - 1] = tag
                self.tags[n - 2] = tag
                n -= 2
            elif c == 0 and tag != DATE and self.part(n - 1, 0, tag):
                self.tags[n - 1] = tag
                n -= 1
            else:
                break

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def grow(self) -> cython.void:
        i: cython.int
        tag: cython.int
        for i in range(self.first, self.last):
            if self.looks[i] & L_UPPER and i > self.first + 1 and self.roman(i):
                self.romanic(i - 2)
            tag = self.tags[i]
            if tag == O:
                if self.pattern[i] & P_OLD or self.looks[i] & L_MIXED:
                    self.aged(i)
                continue
            if tag == PHONE:
                self.dialled(i)
            elif tag == ID:
                self.grouped(i)
            elif tag != DATE:
                continue
            if self.looks[i] & L_NUMBER:
                self.run(i, tag)


def numbered(text: bytes, words: object, tags: object) -> None:
    """Change `tags`, text by text."""
    count: cython.int = words.count
    one = Numbers(text, words, tags)
    with cython.nogil:
        while one.first < count:
            one.last = one.first + 1
            while one.last < count and not one.looks[one.last] & L_TEXT:
                one.last += 1
            one.grow()
            one.first = one.last
