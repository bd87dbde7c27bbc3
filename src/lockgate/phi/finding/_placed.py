"""The rest of a place: what kind of house it is, the other words of its name; a door, a ZIP, a country behind an address. Compiled."""

import cython

from lockgate.phi.finding._words import hash_of

O = cython.declare(cython.int, 0)  # noqa: E741 - outside
GEO = cython.declare(cython.int, 2)
FACILITY = cython.declare(cython.int, 3)

P_ZIP = cython.declare(cython.uint, 2048)

L_CAPITAL = cython.declare(cython.uint, 1 | 2)
L_UPPER = cython.declare(cython.uint, 2)
L_DIGITS = cython.declare(cython.uint, 8)
L_NUMBER = cython.declare(cython.uint, 8 | 16)
L_SIGN = cython.declare(cython.uint, 32)
L_SPACED = cython.declare(cython.uint, 256)
L_BROKEN = cython.declare(cython.uint, 64 | 128 | 512)
"""Another line, text or cell."""
L_MIXED = cython.declare(cython.uint, 16)
L_LINE = cython.declare(cython.uint, 64)
L_TEXT = cython.declare(cython.uint, 128)
L_GAP = cython.declare(cython.uint, 512)

B_PLAIN = cython.declare(cython.uint, 1 << 20)
B_FACILITY = cython.declare(cython.uint, 1 << 12)
B_PARTICLE = cython.declare(cython.uint, 1 << 29)
B_BESIDE_PLACE = cython.declare(
    cython.uint, 1 << 13 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 18 | 1 << 19 | 1 << 22 | 1 << 23 | 1 << 24 | 1 << 27
)
B_PLACE = cython.declare(cython.uint, 1 << 9 | 1 << 10)
B_COUNTRY = cython.declare(cython.uint, 1 << 10)
B_STREET = cython.declare(cython.uint, 1 << 11)
B_BEFORE_PLACE = cython.declare(
    cython.uint,
    1 << 13 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 18 | 1 << 19 | 1 << 20 | 1 << 22 | 1 << 23 | 1 << 24 | 1 << 27,
)

K_HS = cython.declare(cython.uint, hash_of(b"hs"))
K_SNF = cython.declare(cython.uint, hash_of(b"snf"))
K_IMC = cython.declare(cython.uint, hash_of(b"imc"))
K_EMS = cython.declare(cython.uint, hash_of(b"ems"))
K_FD = cython.declare(cython.uint, hash_of(b"fd"))
K_PD = cython.declare(cython.uint, hash_of(b"pd"))
K_SO = cython.declare(cython.uint, hash_of(b"so"))
K_VA = cython.declare(cython.uint, hash_of(b"va"))
K_CHC = cython.declare(cython.uint, hash_of(b"chc"))
K_PC = cython.declare(cython.uint, hash_of(b"pc"))
K_LLC = cython.declare(cython.uint, hash_of(b"llc"))
K_LTAC = cython.declare(cython.uint, hash_of(b"ltac"))
K_ALF = cython.declare(cython.uint, hash_of(b"alf"))
K_THE = cython.declare(cython.uint, hash_of(b"the"))
K_CLINIC = cython.declare(cython.uint, hash_of(b"clinic"))
K_PLANT = cython.declare(cython.uint, hash_of(b"plant"))
K_HOSPITAL = cython.declare(cython.uint, hash_of(b"hospital"))
K_PHARMACY = cython.declare(cython.uint, hash_of(b"pharmacy"))
K_SCHOOL = cython.declare(cython.uint, hash_of(b"school"))
K_CENTER = cython.declare(cython.uint, hash_of(b"center"))


@cython.cclass
class Places:
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
    def follows(self, i: cython.int) -> cython.bint:
        """Whether word i is on the line, and in the cell, of the one before it."""
        return self.first < i < self.last and not self.looks[i] & L_BROKEN

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def short(self, i: cython.int) -> cython.bint:
        """What kind of place it is, in capitals beside small letters: HS, SNF, IMC."""
        k: cython.uint = self.key[i]
        if not self.looks[i] & L_UPPER or self.looks[i - 1] & L_UPPER:
            return False
        return (
            k == K_HS
            or k == K_SNF
            or k == K_IMC
            or k == K_EMS
            or k == K_FD
            or k == K_PD
            or k == K_SO
            or k == K_VA
            or k == K_CHC
            or k == K_PC
            or k == K_LLC
            or k == K_LTAC
            or k == K_ALF
        )

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def owned(self, i: cython.int) -> cython.int:
        """The last word of `Sarah's Circle`, where it is one; else i."""
        n: cython.int = i + 3
        if self.sign(i + 1) != 39 or not self.open(i + 1) or not self.open(i + 2) or not self.open(n):
            return i
        if self.size(i + 2) != 1 or self.p[self.start[i + 2]] | 32 != 115 or not self.looks[i] & L_CAPITAL:
            return i
        if (self.looks[i + 1] | self.looks[i + 2]) & L_SPACED or not self.looks[n] & L_SPACED or self.looks[n] & L_GAP:
            return i
        if not self.looks[n] & L_CAPITAL or (self.bits[n] & B_BESIDE_PLACE and not self.bits[n] & B_STREET):
            return i
        self.paint(i + 1, n, FACILITY)
        return n

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def housed(self, i: cython.int) -> cython.void:
        """The rest of the name, and what kind of place it is: `Kestrel Bottling`, `Gallup IMC`, `Roche Harbor clinic`."""
        j: cython.int = self.owned(i) + 1
        while self.open(j) and self.looks[j] & L_CAPITAL and self.bits[j] & B_FACILITY:
            self.tags[j] = FACILITY
            j += 1
        while (
            j < i + 4
            and self.open(j)
            and self.looks[i] & L_CAPITAL
            and self.looks[j] & L_SPACED
            and not self.looks[j] & L_GAP
            and self.size(j) > 1
            and not self.bits[j] & B_BESIDE_PLACE
            and (
                # Mercy Hospital Temp 101 is whole without Temp.
                (
                    self.looks[j] & 3 == 1
                    and self.looks[i] & 3 == 1
                    and self.size(j) > 2
                    and not self.bits[j - 1] & B_FACILITY
                )
                or self.short(j)
            )
        ):
            self.tags[j] = FACILITY
            j += 1
        if self.open(j) and self.looks[j] & L_SPACED and not self.looks[j] & L_GAP:
            k: cython.uint = self.key[j]
            if k == K_CLINIC or k == K_PLANT or k == K_HOSPITAL or k == K_PHARMACY or k == K_SCHOOL or k == K_CENTER:
                self.tags[j] = FACILITY

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def led(self, i: cython.int) -> cython.void:
        """`Tilquin Wall`, of which the tagger took the last word only."""
        n: cython.int = i - 1
        if n < 1 or self.tags[n] != O or self.looks[i] & 3 != 1 or self.looks[n] & 3 != 1 or not self.follows(i):
            return
        if (
            self.size(n) < 3
            or self.bits[i] & B_FACILITY
            or self.bits[n - 1] & B_PARTICLE
            or self.bits[n] & B_BEFORE_PLACE
            or self.looks[n] & L_BROKEN
            or self.sign(n - 1) == 46
        ):
            return
        self.tags[n] = FACILITY

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def dwelling(self, i: cython.int, alone: cython.bint) -> cython.bint:
        """A number of a house, a floor, a door: `3`, `2B`, `3o`, `piso`; `alone`: with no sign before it."""
        if self.looks[i] & L_DIGITS:
            # Not what counts something: `, 3 days`.
            if alone or self.size(i) > 4:
                return False
            if i + 1 >= self.last or self.looks[i + 1] & L_LINE:
                return True
            # 98% RA, 72 M
            if self.sign(i + 1) == 37 or (self.looks[i + 1] & L_CAPITAL and self.size(i + 1) == 1):
                return False
            return bool(self.looks[i + 1] & (L_SIGN | L_CAPITAL | L_NUMBER))
        if self.looks[i] & L_MIXED:
            # 2B, 3o; not B12, T2DM
            return self.size(i) <= 4 and self.p[self.start[i]] <= 57
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
            if c == 44 or c == 45 or c == 47 or c == 35:
                n = j + 1
                if not self.open(n):
                    return
            if (
                (self.p[self.start[n]] | 32) == 115
                and self.size(n) == 1
                and n + 2 < self.last
                and self.sign(n + 1) == 47
                and self.open(n + 2)
                and self.size(n + 2) == 1
                and self.p[self.start[n + 2]] | 32 == 110
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
    def anybodys(self, i: cython.int) -> cython.bint:
        """`the street`, and nothing else of it."""
        n: cython.int = i + 1
        if self.key[i] != K_THE or n >= self.last or self.tags[n] != GEO or self.looks[n] & (L_CAPITAL | L_NUMBER):
            return False
        if not self.bits[n] & B_STREET or (i > self.first and self.tags[i - 1] == GEO):
            return False
        return n + 1 >= self.last or self.tags[n + 1] != GEO

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def grow(self) -> cython.void:
        i: cython.int
        tag: cython.int
        street: cython.bint = False
        for i in range(self.first, self.last):
            tag = self.tags[i]
            if tag == FACILITY:
                self.housed(i)
                if not self.looks[i] & L_SIGN:
                    self.led(i)
            elif tag == GEO and self.anybodys(i):
                self.tags[i] = O
                self.tags[i + 1] = O
            elif tag == GEO:
                self.zipped(i)
                self.abroad(i)
                # Behind a street or a number only: `San Antonio, 54 M` is a town and somebody's age.
                zip: cython.bint = bool(self.pattern[i] & P_ZIP)
                street = (street and self.tags[i - 1] == GEO and not zip) or bool(
                    (self.looks[i] & L_NUMBER and not zip) or self.bits[i] & B_STREET
                )
                if street:
                    self.housed_at(i)


def placed(text: bytes, words: object, tags: object) -> None:
    """Change `tags`, text by text."""
    count: cython.int = words.count
    one = Places(text, words, tags)
    with cython.nogil:
        while one.first < count:
            one.last = one.first + 1
            while one.last < count and not one.looks[one.last] & L_TEXT:
                one.last += 1
            one.grow()
            one.first = one.last
