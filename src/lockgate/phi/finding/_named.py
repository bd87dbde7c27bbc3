"""The rest of a name: initials, a suffix, the given name behind a surname, a nickname, a particle, a user name. Compiled."""

import cython

from lockgate.phi.finding._words import hash_of

O = cython.declare(cython.int, 0)  # noqa: E741 - outside
NAME = cython.declare(cython.int, 1)

L_CAPITAL = cython.declare(cython.uint, 1 | 2)
L_UPPER = cython.declare(cython.uint, 2)
L_LETTERS = cython.declare(cython.uint, 1 | 2 | 4 | 16)
L_DIGITS = cython.declare(cython.uint, 8)
L_SIGN = cython.declare(cython.uint, 32)
L_SPACED = cython.declare(cython.uint, 256)
L_AWAY = cython.declare(cython.uint, 64 | 128 | 256)
"""It begins not where the word before it ends."""
L_BROKEN = cython.declare(cython.uint, 64 | 128 | 512)
"""Another line, text or cell."""
L_LINE = cython.declare(cython.uint, 64)
L_TEXT = cython.declare(cython.uint, 128)
L_GAP = cython.declare(cython.uint, 512)

B_GIVEN = cython.declare(cython.uint, 1 | 2 | 16)
B_PLAIN = cython.declare(cython.uint, 1 << 20)
B_PARTICLE = cython.declare(cython.uint, 1 << 29)
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
B_NO_NAME = cython.declare(cython.uint, 1 << 14 | 1 << 20 | 1 << 22 | 1 << 23)
B_PERSON = cython.declare(cython.uint, 63)
"""Given names and surnames."""
B_KNOWN = cython.declare(cython.uint, 1 << 21)
B_FACILITY = cython.declare(cython.uint, 1 << 12)
B_KINDS = cython.declare(cython.uint, 1 << 22 | 1 << 23)
"""Diseases and drugs."""

K_THE = cython.declare(cython.uint, hash_of(b"the"))
K_TWIN = cython.declare(cython.uint, hash_of(b"twin"))
K_BABY = cython.declare(cython.uint, hash_of(b"baby"))
K_TYPE = cython.declare(cython.uint, hash_of(b"type"))
K_GRADE = cython.declare(cython.uint, hash_of(b"grade"))
K_STAGE = cython.declare(cython.uint, hash_of(b"stage"))
K_GROUP = cython.declare(cython.uint, hash_of(b"group"))
K_CLASS = cython.declare(cython.uint, hash_of(b"class"))
K_LEVEL = cython.declare(cython.uint, hash_of(b"level"))
K_VITAMIN = cython.declare(cython.uint, hash_of(b"vitamin"))
K_HEPATITIS = cython.declare(cython.uint, hash_of(b"hepatitis"))
K_FACTOR = cython.declare(cython.uint, hash_of(b"factor"))
W_OF = cython.declare(cython.int, 111 * 256 + 102)


@cython.cclass
class Names:
    """The words of a batch, and the part of them that is one text."""

    p = cython.declare(cython.p_uchar)
    kept = cython.declare(bytes)
    start = cython.declare(cython.int[::1])
    end = cython.declare(cython.int[::1])
    key = cython.declare(cython.uint[::1])
    looks = cython.declare(cython.uint[::1])
    bits = cython.declare(cython.uint[::1])
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
    @cython.exceptval(check=False)
    def paint(self, low: cython.int, high: cython.int) -> cython.void:
        """Words low to high, the last included."""
        n: cython.int
        for n in range(low, high + 1):
            self.tags[n] = NAME

    @cython.nogil
    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def touches(self, i: cython.int) -> cython.bint:
        """Whether word i begins where the one before it ends."""
        return self.first < i < self.last and not self.looks[i] & L_AWAY

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
    def led(self, i: cython.int) -> cython.void:
        """An initial before a name, or a capitalised word that is nothing else: `H. Tarrant`, `Autumn Yellowtail`."""
        n: cython.int = i - 1
        begins: cython.bint
        if not self.looks[i] & L_CAPITAL or not self.looks[i] & L_SPACED or i == self.first or self.looks[i] & L_LINE:
            return
        if self.tags[n] == O and self.size(i) > 1:
            if self.sign(n) == 46 and n > self.first and not self.looks[n] & L_LINE:
                n -= 1
            if self.initial(n) and self.tags[n] == O and not self.graded(n - 1):
                self.paint(n, i - 1)
        n = i - 1
        if self.tags[n] == O and not self.looks[i] & L_GAP and self.looks[n] & 3 == 1 and self.size(n) > 2:
            begins = n == self.first or bool(self.looks[n] & L_LINE) or self.sign(n - 1) == 46
            # At the beginning of a sentence every word has a capital.
            if not self.bits[n] & B_BESIDE_NAME and (not begins or self.bits[n] & B_PERSON):
                self.tags[n] = NAME

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def ends(self, i: cython.int) -> cython.bint:
        """Whether nothing is said on behind word i: the line or the cell ends, or a sign stands there, or a name."""
        n: cython.int = i + 1
        if n >= self.last or self.looks[n] & L_BROKEN or self.tags[n] == NAME:
            return True
        return bool(self.looks[n] & L_SIGN) and self.sign(n) != 47 and self.sign(n) != 45 and self.sign(n) != 37

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def graded(self, i: cython.int) -> cython.bint:
        """Whether the letter behind word i is a kind of what word i says: hepatitis C, twin A, vitamin K."""
        if i < self.first:
            return False
        k: cython.uint = self.key[i]
        return bool(self.bits[i] & B_KINDS) or (
            k == K_TWIN
            or k == K_BABY
            or k == K_TYPE
            or k == K_GRADE
            or k == K_STAGE
            or k == K_GROUP
            or k == K_CLASS
            or k == K_LEVEL
            or k == K_VITAMIN
            or k == K_HEPATITIS
            or k == K_FACTOR
        )

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def suffixed(self, i: cython.int) -> cython.bint:
        """`Lee, Jr.`, `Lee III`; not `Lee IV fluids`."""
        n: cython.int = i + 2 if self.sign(i + 1) == 44 else i + 1
        if not self.open(n) or not self.suffix(n) or (self.looks[n] & L_UPPER and not self.ends(n)):
            return False
        self.paint(i + 1, n)
        return True

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def lettered(self, i: cython.int) -> cython.bint:
        """An initial behind a name, with its dot; not a side, a pulse, a blood group: `Mr. Lee R hip`."""
        n: cython.int = i + 1
        if not self.initial(n) or not self.looks[n] & L_SPACED or self.size(i) == 1 or not self.ends(n):
            return False
        if n + 1 < self.last and not self.looks[n + 1] & (L_SPACED | L_LINE):
            if self.sign(n + 1) != 46 and self.sign(n + 1) != 44:
                return False
            if self.sign(n + 1) == 46 and self.tags[n + 1] == O:
                self.tags[n + 1] = NAME
        self.tags[n] = NAME
        return True

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def given(self, i: cython.int) -> cython.bint:
        """`, Rosa` behind a surname that stands alone."""
        n: cython.int = i + 2
        if self.sign(i + 1) != 44 or not self.open(n) or (i > self.first and self.tags[i - 1] == NAME):
            return False
        if not self.looks[n] & L_CAPITAL or self.bits[n] & B_NO_NAME or not self.bits[n] & B_GIVEN:
            return False
        self.paint(i + 1, n)
        return True

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def nicknamed(self, i: cython.int) -> cython.void:
        """`Patricia (Pat)`, `Patricia "Pat" O'Day`."""
        n: cython.int = i + 2
        c: cython.int = self.sign(i + 1)
        if (c != 40 and c != 34) or not self.open(n) or not self.open(n + 1):
            return
        if self.looks[n] & L_UPPER and not self.looks[i] & L_UPPER:
            return
        # In brackets stands also what somebody is, or has.
        if c == 40 and not self.bits[n] & B_GIVEN and self.bits[n] & (B_KNOWN | B_FACILITY):
            return
        if self.looks[n] & L_CAPITAL and not self.bits[n] & B_NO_NAME and self.size(n) > 2:
            if self.sign(n + 1) == (41 if c == 40 else 34):
                self.paint(i + 1, n + 1)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def dotted(self, i: cython.int) -> cython.void:
        """Initials written together: `A.K.`, `R.McD.`; and the dot of the last, also behind a name: `Anoush D.`."""
        if self.size(i) == 1 or (
            self.size(i) == 2 and self.looks[i] & L_CAPITAL and self.p[self.end[i] - 1] | 32 == 114
        ):
            if self.sign(i + 1) == 46 and self.touches(i + 1) and self.tags[i + 1] == O:
                self.tags[i + 1] = NAME
            if (
                self.touches(i + 2)
                and self.tags[i + 1] == NAME
                and self.looks[i + 2] & L_CAPITAL
                and self.tags[i + 2] == O
            ):
                self.tags[i + 2] = NAME
        if (
            self.touches(i)
            and self.sign(i - 1) == 46
            and self.touches(i - 1)
            and self.initial(i - 2)
            and self.tags[i - 2] == O
        ):
            self.tags[i - 1] = NAME
            self.tags[i - 2] = NAME

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def inverted(self, i: cython.int) -> cython.void:
        """A surname first: `Espinoza-Reed, Tobias`, `Petrakis, C`, `Blue Thunder, J.`"""
        n: cython.int = i + 2
        if (
            self.sign(i + 1) != 44
            or not self.follows(i + 1)
            or not self.follows(n)
            or not self.looks[i] & self.looks[n] & L_CAPITAL
        ):
            return
        if self.tags[i + 1] != O:
            return
        if self.initial(n):
            # `Dr. Lee, I am`, `Mrs. Lee, F, 67`, `Dr. Lee, L foot`.
            if not self.ends(n) or self.p[self.start[n]] == 73:
                return
            if (self.p[self.start[n]] == 70 or self.p[self.start[n]] == 77) and self.sign(n + 1) != 46:
                return
            # Not what somebody is, nor the next of several: `Lee, M.D.`, `S. Lee, I. Moe`.
            if (
                self.sign(n + 1) == 46
                and n + 2 < self.last
                and ((self.touches(n + 2) and self.initial(n + 2)) or self.tags[n + 2] == NAME)
            ):
                return
            if i > 0 and not self.looks[i] & L_BROKEN and self.tags[i - 1] == NAME and not self.touches(i):
                return
            if self.tags[n] == O or self.tags[n] == NAME:
                self.tags[i + 1] = NAME
                self.tags[n] = NAME
            return
        # A double name is one word.
        if self.tags[n] == NAME and self.touches(i) and self.sign(i - 1) == 45:
            self.tags[i + 1] = NAME

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def initialled(self, i: cython.int) -> cython.void:
        """`P. A. Okoth`."""
        n: cython.int = i - 1
        while (
            self.sign(n) == 46
            and self.follows(n + 1)
            and self.touches(n)
            and self.initial(n - 1)
            and self.looks[n + 1] & L_SPACED
        ):
            if self.tags[n - 1] != O and (self.tags[n - 1] != NAME or self.tags[n] == NAME):
                return
            if self.graded(n - 2):
                return
            self.tags[n] = NAME
            self.tags[n - 1] = NAME
            n -= 2

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def called(self, i: cython.int) -> cython.void:
        """A nickname between two parts of a name: `Oleksiy "The Fridge" Marchuk`."""
        n: cython.int = i + 2
        k: cython.int
        if self.sign(i + 1) != 34 or not self.follows(i + 1) or not self.looks[i + 1] & L_SPACED or not self.touches(n):
            return
        while n < i + 6 and self.follows(n) and self.sign(n) != 34:
            n += 1
        for k in range(i + 2, n):
            # Not what somebody said.
            if not self.looks[k] & L_CAPITAL and self.key[k] != K_THE and self.two(k) != W_OF:
                return
        if n > i + 2 and self.sign(n) == 34 and self.follows(n) and self.follows(n + 1) and self.tags[n + 1] == NAME:
            self.paint(i + 1, n)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def signed_on(self, i: cython.int) -> cython.void:
        """A user name, of which a part was found: `dubois.renata71`, `hprins_lb`."""
        c: cython.int
        n: cython.int = i
        while self.touches(n + 1):
            c = self.sign(n + 1)
            if c == 0 and self.looks[n + 1] & L_DIGITS:
                n += 1
            elif (
                (c == 95 or (c == 46 and not self.looks[n] & L_CAPITAL))
                and self.touches(n + 2)
                and not self.looks[n + 2] & (L_SIGN | L_CAPITAL)
            ):
                if c == 46 and self.bits[n + 2] & B_PLAIN:
                    break
                n += 2
            else:
                break
            if self.tags[n] == NAME and self.tags[n - 1] == NAME:
                break
            self.tags[n] = NAME
            self.tags[n - 1] = NAME
        n = i
        while self.touches(n) and self.sign(n - 1) == 95 and self.touches(n - 1) and not self.looks[n - 2] & L_SIGN:
            n -= 2
            if self.tags[n] == NAME and self.tags[n + 1] == NAME:
                break
            self.tags[n] = NAME
            self.tags[n + 1] = NAME

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def of_house(self, i: cython.int) -> cython.void:
        """`de Oca` behind a name."""
        n: cython.int = i + 1
        while self.follows(n) and self.tags[n] == O and self.bits[n] & B_PARTICLE and self.size(n) > 1 and n < i + 4:
            n += 1
        if (
            n > i + 1
            and self.follows(n)
            and self.looks[n] & L_CAPITAL
            and self.looks[n] & L_LETTERS
            and self.size(n) > 1
            # la TA, del ICU
            and (self.looks[i] & L_UPPER or not self.looks[n] & L_UPPER)
        ):
            if self.tags[n] == NAME or (self.tags[n] == O and not self.bits[n] & B_PLAIN):
                self.paint(i + 1, n)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def grow(self) -> cython.void:
        i: cython.int
        for i in range(self.first, self.last):
            if self.tags[i] == NAME and not self.looks[i] & L_SIGN:
                self.led(i)
                if self.looks[i] & L_CAPITAL and self.open(i + 1):
                    if not self.suffixed(i) and not self.lettered(i) and not self.given(i):
                        self.nicknamed(i)
        for i in range(self.first, self.last):
            if self.tags[i] == NAME and self.looks[i] & L_LETTERS:
                self.dotted(i)
                self.inverted(i)
                self.initialled(i)
                self.of_house(i)
                self.called(i)
                self.signed_on(i)


def named(text: bytes, words: object, tags: object) -> None:
    """Change `tags`, text by text."""
    count: cython.int = words.count
    one = Names(text, words, tags)
    with cython.nogil:
        while one.first < count:
            one.last = one.first + 1
            while one.last < count and not one.looks[one.last] & L_TEXT:
                one.last += 1
            one.grow()
            one.first = one.last
