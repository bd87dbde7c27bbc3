"""What was left out between two parts of one identifier, and the other half of what a hyphen makes one word. Compiled."""

import cython

O = cython.declare(cython.int, 0)  # noqa: E741 - outside
NAME = cython.declare(cython.int, 1)
GEO = cython.declare(cython.int, 2)
FACILITY = cython.declare(cython.int, 3)
DATE = cython.declare(cython.int, 4)

P_TIME = cython.declare(cython.uint, 1024)
P_ZIP = cython.declare(cython.uint, 2048)

L_CAPITAL = cython.declare(cython.uint, 1 | 2)
L_UPPER = cython.declare(cython.uint, 2)
L_LETTERS = cython.declare(cython.uint, 1 | 2 | 4 | 16)
L_NUMBER = cython.declare(cython.uint, 8 | 16)
L_SIGN = cython.declare(cython.uint, 32)
L_AWAY = cython.declare(cython.uint, 64 | 128 | 256)
"""It begins not where the word before it ends."""
L_LINE = cython.declare(cython.uint, 64)
L_TEXT = cython.declare(cython.uint, 128)
L_GAP = cython.declare(cython.uint, 512)

B_PLAIN = cython.declare(cython.uint, 1 << 20)
B_FACILITY = cython.declare(cython.uint, 1 << 12)
B_NO_HALF = cython.declare(cython.uint, 1 << 22 | 1 << 23 | 1 << 24)
B_PARTICLE = cython.declare(cython.uint, 1 << 29)
B_NO_PART = cython.declare(cython.uint, 1 << 13 | 1 << 17 | 1 << 18 | 1 << 19 | 1 << 24)
B_PLACE = cython.declare(cython.uint, 1 << 9 | 1 << 10)

INSIDE = cython.declare(cython.int, 3)
"""How many words that were left out may stand between two parts of one identifier."""

# Words of two letters, as `two` has them.
W_AT = cython.declare(cython.int, 97 * 256 + 116)
W_ON = cython.declare(cython.int, 111 * 256 + 110)
W_OF = cython.declare(cython.int, 111 * 256 + 102)
W_TO = cython.declare(cython.int, 116 * 256 + 111)
W_DE = cython.declare(cython.int, 100 * 256 + 101)
W_LA = cython.declare(cython.int, 108 * 256 + 97)


@cython.cclass
class Parts:
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
    def two(self, i: cython.int) -> cython.int:
        """A word of two letters as a number, small letters: `at` is 97 * 256 + 116."""
        if self.end[i] - self.start[i] != 2:
            return 0
        return (self.p[self.start[i]] | 32) * 256 + (self.p[self.start[i] + 1] | 32)

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
    def fills(self, i: cython.int, tag: cython.int, short: cython.bint) -> cython.bint:
        """Whether word i may stand inside an identifier of this kind. `short`: one word of it is before."""
        c: cython.int = self.sign(i)
        two: cython.int = self.two(i)
        bits: cython.uint = self.bits[i]
        if tag == NAME:
            if c == 46:
                # Not the end of a sentence.
                return self.size(i - 1) <= 3
            if c:
                return c == 40 or c == 41 or c == 34 or c == 39 or c == 45 or c == 94 or (c == 44 and short)
            return bool(bits & B_PARTICLE) or (self.size(i) == 1 and bool(self.looks[i] & L_CAPITAL))
        if tag == DATE:
            if c:
                return c == 44 or c == 45 or c == 47 or c == 46 or c == 64 or c == 40 or c == 39
            # at, on, of, to
            return two == W_AT or two == W_ON or two == W_OF or two == W_TO or bool(self.pattern[i] & P_TIME)
        if tag == FACILITY:
            if c:
                return c == 38 or c == 45 or c == 39 or c == 46 or c == 44 or c == 47 or c == 64
            # of, de, la, at
            return (
                two == W_OF
                or two == W_DE
                or two == W_LA
                or two == W_AT
                or bool(bits & B_PARTICLE)
                or bool(self.looks[i] & L_CAPITAL and bits & (B_FACILITY | B_PLACE))
            )
        if tag == GEO:
            if c:
                # Not the end of a sentence, nor one of two places.
                if c == 46:
                    return self.size(i - 1) <= 4
                return c == 44 or c == 35 or c == 45 or c == 39 or (c == 47 and bool(self.looks[i - 1] & L_NUMBER))
            # QC, NSW: a state of elsewhere
            if self.size(i) <= 3 and self.looks[i] & L_UPPER:
                return True
            if bits & B_PLACE and self.looks[i] & L_CAPITAL:
                return True
            return bool(bits & B_PARTICLE) or bool(self.pattern[i] & P_ZIP)
        if c:
            return c == 45 or c == 46 or c == 47 or c == 40 or c == 41 or c == 43
        return False

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def mend(self) -> cython.void:
        """What was left out between two parts of one identifier."""
        i: cython.int
        j: cython.int
        tag: cython.int
        before: cython.int = 0
        for i in range(self.first, self.last):
            tag = self.tags[i]
            before = before + 1 if i > self.first and self.tags[i - 1] == tag else 0
            if tag == O or i + 1 >= self.last or self.tags[i + 1] != O:
                continue
            j = i + 1
            while j < self.last and j - i <= INSIDE and self.tags[j] == O:
                if (self.looks[j] & L_LINE and tag != GEO) or not self.fills(j, tag, before == 0):
                    break
                j += 1
            if (
                j < self.last
                and self.tags[j] == tag
                and (tag == GEO or not self.looks[j] & L_LINE)
                and not self.looks[j] & L_GAP
            ):
                self.paint(i + 1, j - 1, tag)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def become(self, i: cython.int, was: cython.int, tag: cython.int) -> cython.void:
        """From word i on, as far as the tag goes."""
        while i < self.last and self.tags[i] == was:
            self.tags[i] = tag
            i += 1

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def doubled(self, i: cython.int) -> cython.void:
        """The other half of what a hyphen or an apostrophe makes one: `Saint-Fleur`, `Passau-Ost`, `UMC-EP`."""
        c: cython.int = self.sign(i + 1)
        tag: cython.int = self.tags[i]
        other: cython.int
        both: cython.int
        if (c == 45 or c == 39) and self.touches(i + 1) and self.touches(i + 2) and self.looks[i + 2] & L_LETTERS:
            other = self.tags[i + 2]
            if other == O:
                if self.bits[i + 2] & B_NO_HALF:
                    return
                if (self.looks[i] & self.looks[i + 2] & L_CAPITAL and (c == 45 or self.size(i + 2) > 2)) or (
                    # Hye-won
                    tag == NAME and c == 45 and self.size(i + 2) < 7 and not self.bits[i + 2] & B_PLAIN
                ):
                    self.tags[i + 1] = tag
                    self.tags[i + 2] = tag
            elif other <= FACILITY and (other != tag or self.tags[i + 1] != tag):
                both = NAME if tag == NAME or other == NAME else GEO
                both = FACILITY if tag == FACILITY or other == FACILITY else both
                self.tags[i + 1] = both
                if other != both:
                    self.become(i + 2, other, both)
                while tag != both and i >= self.first and self.tags[i] == tag:
                    self.tags[i] = both
                    i -= 1
            return
        if self.touches(i) and self.sign(i - 1) == 45 and self.touches(i - 1) and self.tags[i - 2] == O:
            if (
                self.looks[i - 2] & self.looks[i] & L_CAPITAL
                and self.looks[i - 2] & L_LETTERS
                and not self.bits[i - 2] & (B_NO_PART | B_NO_HALF)
            ):
                self.tags[i - 1] = tag
                self.tags[i - 2] = tag

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def grow(self) -> cython.void:
        i: cython.int
        self.mend()
        for i in range(self.first, self.last):
            if O < self.tags[i] <= FACILITY and self.looks[i] & L_LETTERS:
                self.doubled(i)


def mended(text: bytes, words: object, tags: object) -> None:
    """Change `tags`, text by text."""
    count: cython.int = words.count
    one = Parts(text, words, tags)
    with cython.nogil:
        while one.first < count:
            one.last = one.first + 1
            while one.last < count and not one.looks[one.last] & L_TEXT:
                one.last += 1
            one.grow()
            one.first = one.last
