"""A date with all that is written with it: its time, its zone, its day of the week, the rest of its number. Compiled.

The tagger finds days and months word by word; a time alone is nobody's, but one beside a date belongs to it.
"""

import cython

from lockgate.phi.finding._words import hash_of

O = cython.declare(cython.int, 0)  # noqa: E741 - outside
DATE = cython.declare(cython.int, 4)

P_DATED = cython.declare(cython.uint, 1 | 2)
P_TIME = cython.declare(cython.uint, 1024)

L_CAPITAL = cython.declare(cython.uint, 1 | 2)
L_UPPER = cython.declare(cython.uint, 2)
L_LOWER = cython.declare(cython.uint, 4)
L_LETTERS = cython.declare(cython.uint, 1 | 2 | 4 | 16)
L_DIGITS = cython.declare(cython.uint, 8)
L_MIXED = cython.declare(cython.uint, 16)
L_NUMBER = cython.declare(cython.uint, 8 | 16)
L_SIGN = cython.declare(cython.uint, 32)
L_LINE = cython.declare(cython.uint, 64)
L_AWAY = cython.declare(cython.uint, 64 | 128 | 256)
"""It begins not where the word before it ends."""
L_TEXT = cython.declare(cython.uint, 128)
L_SPACED = cython.declare(cython.uint, 256)

B_MONTH = cython.declare(cython.uint, 1 << 15)
B_WEEKDAY = cython.declare(cython.uint, 1 << 16)
B_UNIT = cython.declare(cython.uint, 1 << 25)
B_NUMBER = cython.declare(cython.uint, 1 << 26)

# Words of two letters, as `two` has them.
W_AT = cython.declare(cython.int, 97 * 256 + 116)
W_ON = cython.declare(cython.int, 111 * 256 + 110)
W_OF = cython.declare(cython.int, 111 * 256 + 102)
W_TO = cython.declare(cython.int, 116 * 256 + 111)

K_THE = cython.declare(cython.uint, hash_of(b"the"))


@cython.cclass
class Dates:
    """The words of a batch, and the part of them that is one text."""

    p = cython.declare(cython.p_uchar)
    kept = cython.declare(bytes)
    start = cython.declare(cython.int[::1])
    end = cython.declare(cython.int[::1])
    key = cython.declare(cython.uint[::1])
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
        self.key = words.key
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
    @cython.inline
    @cython.exceptval(check=False)
    def before(self, i: cython.int) -> cython.bint:
        """Whether there is a word before word i, on its line, and not yet anybody's."""
        return i > self.first and not self.looks[i] & L_LINE and self.tags[i - 1] == O

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def paint(self, low: cython.int, high: cython.int) -> cython.void:
        """Words low to high, the last included."""
        n: cython.int
        for n in range(low, high + 1):
            self.tags[n] = DATE

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
        # 1200 mL, 1500 cal
        if i + 1 < self.last and not self.looks[i + 1] & L_LINE and self.p[at] != 48:
            if self.bits[i + 1] & B_UNIT or (self.looks[i + 1] & L_LOWER and self.half(i + 1) == i + 1):
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
        return self.two(i) == W_AT or self.two(i) == W_ON

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
        # h, hr, hrs
        if first != 104 or (self.size(i) > 1 and self.p[self.start[i] + 1] | 32 != 114):
            return i
        return i + 1 if self.size(i) < 3 or (self.size(i) == 3 and last == 115) else i

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def zone(self, i: cython.int) -> cython.bint:
        """EST, CST, MDT, PDT …, UTC, GMT, CET."""
        if not self.open(i) or not self.looks[i] & L_UPPER or self.size(i) != 3:
            return False
        at: cython.int = self.start[i]
        a: cython.int = self.p[at]
        b: cython.int = self.p[at + 1]
        if self.p[at + 2] == 84:
            if b == 83 or b == 68:
                return a == 69 or a == 67 or a == 77 or a == 80 or a == 72
            return (a == 71 and b == 77) or (a == 67 and b == 69)
        return a == 85 and b == 84 and self.p[at + 2] == 67

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def shift(self, i: cython.int) -> cython.bint:
        """7a, 11p, 7am."""
        if not self.looks[i] & L_MIXED or self.size(i) > 4:
            return False
        n: cython.int = self.start[i]
        end: cython.int = self.end[i]
        while n < end and 48 <= self.p[n] <= 57:
            n += 1
        if n == self.start[i] or n > self.start[i] + 2 or n == end:
            return False
        if self.p[n] | 32 != 97 and self.p[n] | 32 != 112:
            return False
        return n + 1 == end or (n + 2 == end and self.p[n + 1] | 32 == 109)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def hour(self, i: cython.int) -> cython.int:
        """Behind the time of day that begins at word i; i where there is none. `14:20`, `0346`, `1 pm`, `8:03:44 AM`,
        `7p-7a`, `10:02 CST`."""
        if not self.open(i):
            return i
        n: cython.int = i + 1
        if self.clock(i):
            while self.open(n) and self.pattern[n] & P_TIME:
                n += 1
            n = self.half(n)
            return n + 1 if self.zone(n) else n
        if self.shift(i):
            if self.open(i + 2) and self.sign(i + 1) == 45 and self.shift(i + 2):
                return i + 3
            return i + 1
        if self.looks[i] & L_DIGITS and self.size(i) <= 2:
            # 24 hrs is how long it took.
            if not self.open(i + 1) or (self.p[self.start[i + 1]] | 32 != 97 and self.p[self.start[i + 1]] | 32 != 112):
                return i
            n = self.half(i + 1)
            if n == i + 1:
                return i
            return n + 1 if self.zone(n) else n
        return i

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def dated(self, i: cython.int) -> cython.void:
        """A date's time and day of the week, behind it and before."""
        j: cython.int = i + 1
        n: cython.int
        end: cython.int
        if self.pattern[i] & P_TIME and self.zone(j):
            self.tags[j] = DATE
            j += 1
        if self.open(j):
            n = j + 1 if self.joins(j) else j
            # , at 9:15
            if n > j and self.open(n) and self.sign(j) == 44 and self.two(n) == W_AT:
                n += 1
            end = self.hour(n)
            if end > n:
                # to 2:55, - 14:00
                if self.open(end) and (self.two(end) == W_TO or self.sign(end) == 45):
                    n = self.hour(end + 1)
                    if n > end + 1:
                        end = n
                self.paint(j, end - 1)
        if i > self.first and not self.looks[i] & L_LINE and self.tags[i - 1] == O:
            n = i - 1
            if (self.joins(n) or self.sign(n) == 46) and n > self.first and not self.looks[n] & L_LINE:
                n -= 1
            if self.tags[n] != O:
                return
            if self.bits[n] & B_WEEKDAY:
                self.paint(n, i - 1)
            elif (
                self.clock(n)
                and self.sign(i - 1) != 46
                and (n < i - 1 or self.pattern[i] & P_DATED)
                # Ferritin 1240 on 3/4
                and (
                    self.pattern[n] & P_TIME
                    or not self.before(n)
                    or not self.looks[n - 1] & L_LETTERS
                    or self.two(n - 1) == W_AT
                )
            ):
                while (
                    n > self.first
                    and self.pattern[n] & P_TIME
                    and self.pattern[n - 1] & P_TIME
                    and self.tags[n - 1] == O
                ):
                    n -= 1
                self.paint(n, i - 1)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def far(self, i: cython.int) -> cython.bint:
        """Whether word i is no age: no number, no `yo`, `mo`, `y`, `old`."""
        if self.looks[i] & L_NUMBER:
            return False
        last: cython.int = self.p[self.end[i] - 1] | 32
        return not (self.size(i) <= 3 and (last == 111 or last == 121 or last == 100 or last == 114))

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def lettered(self, i: cython.int) -> cython.void:
        """A day of the week in a letter or two, before a date of numbers: `M 10/9`, `Th 4/10`."""
        n: cython.int = i - 1
        if not self.before(i) or not self.looks[i] & L_SPACED or not self.looks[n] & L_CAPITAL or self.size(n) > 2:
            return
        if i + 1 >= self.last or self.sign(i + 1) != 47 or (n > self.first and not self.looks[n] & L_AWAY):
            return
        # 72 yo F 3/14, T 10/2/18
        if self.sign(i + 3) == 47 or (n > self.first and not self.looks[n] & L_LINE and not self.far(n - 1)):
            return
        a: cython.int = self.p[self.start[n]]
        b: cython.int = self.p[self.start[n] + 1] | 32 if self.size(n) == 2 else 0
        if (
            (b == 0 and (a == 77 or a == 84 or a == 87 or a == 70))
            or (b == 104 and a == 84)
            or (b == 117 and (a == 84 or a == 83))
            or (b == 97 and a == 83)
        ):
            self.tags[n] = DATE

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def spelt(self, i: cython.int) -> cython.void:
        """The rest of what is written in words, and a year of two digits: `twenty-second of October`, `fourteen
        February`, `two thousand eighteen`, `April of '19`."""
        n: cython.int = i - 1
        if self.before(i) and self.bits[i] & (B_MONTH | B_NUMBER):
            if self.sign(n) == 45 and not self.looks[i] & L_SPACED and self.before(n):
                n -= 1
            if self.bits[n] & B_NUMBER and self.looks[n] & L_LETTERS:
                self.paint(n, i - 1)
        n = i + 1
        if self.bits[i] & B_NUMBER:
            while self.open(n) and self.bits[n] & B_NUMBER and self.looks[n] & L_LETTERS:
                self.tags[n] = DATE
                n += 1
        if not self.bits[i] & B_MONTH:
            return
        while (
            n < self.last and n < i + 3 and not self.looks[n] & L_LINE and (self.sign(n) == 46 or self.two(n) == W_OF)
        ):
            n += 1
        if (
            n + 1 < self.last
            and self.sign(n) == 39
            and self.open(n + 1)
            and self.looks[n + 1] & L_DIGITS
            and self.size(n + 1) == 2
        ):
            self.paint(i + 1, n + 1)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def alone(self, i: cython.int) -> cython.bint:
        """Whether this day of the week stands without a date: `on Tuesday` tells no day of the year, which is what
        45 CFR 164.514(b)(2)(i)(C) asks to be removed (decision 40)."""
        n: cython.int = i + 1
        if n < self.last and not self.looks[n] & L_LINE:
            # monday the sixteenth, thu 9.7
            if self.tags[n] == DATE or self.looks[n] & L_DIGITS or (n + 1 < self.last and self.key[n] == K_THE):
                return False
        return i == self.first or self.tags[i - 1] != DATE

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def grow(self) -> cython.void:
        i: cython.int
        for i in range(self.first, self.last):
            if self.tags[i] != DATE:
                continue
            if self.looks[i] & L_NUMBER or self.bits[i] & B_MONTH:
                self.dated(i)
            if self.looks[i] & L_DIGITS:
                self.lettered(i)
            elif self.looks[i] & L_LETTERS:
                self.spelt(i)
        for i in range(self.first, self.last):
            if self.tags[i] == DATE and self.bits[i] & B_WEEKDAY and self.alone(i):
                self.tags[i] = O


def dated(text: bytes, words: object, tags: object) -> None:
    """Change `tags`, text by text."""
    count: cython.int = words.count
    one = Dates(text, words, tags)
    with cython.nogil:
        while one.first < count:
            one.last = one.first + 1
            while one.last < count and not one.looks[one.last] & L_TEXT:
                one.last += 1
            one.grow()
            one.first = one.last
