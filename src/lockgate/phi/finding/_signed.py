"""Persons in the places that forms and dictations have for them: `AKM/vt` below a note, `PT NAME: UM, DARARITH`. Compiled."""

import cython

from lockgate.phi.finding._words import hash_of

O = cython.declare(cython.int, 0)  # noqa: E741 - outside
NAME = cython.declare(cython.int, 1)

L_UPPER = cython.declare(cython.uint, 2)
L_CAPITAL = cython.declare(cython.uint, 1 | 2)
L_LOWER = cython.declare(cython.uint, 4)
L_SIGN = cython.declare(cython.uint, 32)
L_ENDED = cython.declare(cython.uint, 64 | 128)
L_SPACED = cython.declare(cython.uint, 256)
L_APART = cython.declare(cython.uint, 64 | 128 | 512)
"""Another line or text, or a gap as between the cells of a table."""

B_CREDENTIAL = cython.declare(cython.uint, 1 << 14)
B_PLAIN = cython.declare(cython.uint, 1 << 20)
B_MEDICAL = cython.declare(cython.uint, 1 << 14 | 1 << 22 | 1 << 23 | 1 << 25)
B_WORD = cython.declare(cython.uint, 1 << 18 | 1 << 20 | 1 << 22 | 1 << 23 | 1 << 25)
"""A cue of a number, a common word, a disease, a drug, a unit."""

K_NAME = cython.declare(cython.uint, hash_of(b"name"))
K_NM = cython.declare(cython.uint, hash_of(b"nm"))
K_PATIENT = cython.declare(cython.uint, hash_of(b"patient"))
K_PT = cython.declare(cython.uint, hash_of(b"pt"))

LONGEST = cython.declare(cython.int, 4)
"""Letters of somebody's initials."""


@cython.cclass
class Signed:
    """The words of a batch."""

    p = cython.declare(cython.p_uchar)
    kept = cython.declare(bytes)
    count = cython.declare(cython.int)
    start = cython.declare(cython.int[::1])
    end = cython.declare(cython.int[::1])
    key = cython.declare(cython.uint[::1])
    looks = cython.declare(cython.uint[::1])
    bits = cython.declare(cython.uint[::1])
    tags = cython.declare(cython.uchar[::1])

    def __init__(self, text, words, tags):
        self.kept = text
        self.p = self.kept
        self.count = words.count
        self.start = words.start
        self.end = words.end
        self.key = words.key
        self.looks = words.looks
        self.bits = words.bits
        self.tags = tags

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
    def ends(self, i: cython.int) -> cython.bint:
        """Whether the line, or the cell, ends before word i."""
        return i >= self.count or bool(self.looks[i] & L_APART)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def initials(self, i: cython.int, looks: cython.uint, none: cython.uint) -> cython.bint:
        return (
            2 <= self.end[i] - self.start[i] <= LONGEST
            and bool(self.looks[i] & looks)
            and not self.bits[i] & none
            # One of the two may be found already.
            and (self.tags[i] == O or self.tags[i] == NAME)
        )

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def typed(self, i: cython.int) -> cython.void:
        """Who dictated and who typed it, at the end of a line or in a cell of its own: `AKM/vt`, `SF: wm`."""
        c: cython.int = self.sign(i)
        if i == 0 or i + 1 >= self.count or (c != 47 and c != 58) or self.looks[i] & (L_SPACED | L_ENDED):
            return
        if self.looks[i + 1] & L_ENDED or (c == 47 and self.looks[i + 1] & L_SPACED):
            return
        if (
            not self.ends(i + 2)
            or not self.initials(i + 1, L_LOWER, B_MEDICAL)
            or self.end[i + 1] - self.start[i + 1] > 3
        ):
            return
        if not self.initials(i - 1, L_UPPER if c == 58 else L_UPPER | L_LOWER, B_WORD):
            return
        if (
            self.looks[i - 1] & L_APART
            or (i > 1 and self.bits[i - 2] & B_CREDENTIAL)
            or (i > 1 and self.sign(i - 2) == 46)
        ):
            self.tags[i - 1] = NAME
            self.tags[i] = NAME
            self.tags[i + 1] = NAME

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def filled(self, i: cython.int) -> cython.void:
        """A form's field of a name, surname first: `PATIENT NAME: UM, DARARITH K`."""
        n: cython.int = i + 1
        comma: cython.int = -1
        rare: cython.bint = False
        if self.ends(n) or self.sign(n) != 58:
            return
        n += 1
        while n < self.count and n < i + 9 and (n == i + 2 or not self.ends(n)):
            if self.looks[n] & L_ENDED:
                return
            if self.sign(n) == 44:
                if comma >= 0:
                    break
                comma = n
            elif self.looks[n] & L_CAPITAL and not self.bits[n] & B_MEDICAL:
                rare = rare or not self.bits[n] & B_PLAIN
            else:
                if self.sign(n) != 45 and self.sign(n) != 46 and self.sign(n) != 39:
                    break
            n += 1
        while n > comma and self.looks[n - 1] & L_SIGN:
            n -= 1
        if rare and comma > i + 2 and n > comma + 1:
            while n > i + 2:
                n -= 1
                if self.tags[n] == O:
                    self.tags[n] = NAME

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def look(self) -> cython.void:
        i: cython.int
        k: cython.uint
        for i in range(self.count):
            k = self.key[i]
            if self.looks[i] & L_SIGN:
                self.typed(i)
            elif k == K_NAME or k == K_NM or k == K_PATIENT or k == K_PT:
                self.filled(i)


def signed(text: bytes, words: object, tags: object) -> None:
    """Change `tags`."""
    persons = Signed(text, words, tags)
    with cython.nogil:
        persons.look()
