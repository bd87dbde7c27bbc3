"""Identifiers that what stands beside them announces: `Phone: 451 5986`, `ZIP: 3520`, `Acme Inc.`, the lines of an
address. Compiled.

A cue alone masks nothing: what it announces has a form of its own, so many digits, or capitals.
"""

import cython

from lockgate.phi.finding._words import hash_of

O = cython.declare(cython.int, 0)  # noqa: E741 - outside
GEO = cython.declare(cython.int, 2)
FACILITY = cython.declare(cython.int, 3)
PHONE = cython.declare(cython.int, 6)
ID = cython.declare(cython.int, 7)

P_OTHER = cython.declare(cython.uint, 1 | 16 | 128 | 256 | 512 | 1024 | 16384)
"""What is no telephone number, whatever announces it: a date, a time, an address of the net, a card."""

L_CAPITAL = cython.declare(cython.uint, 1 | 2)
L_DIGITS = cython.declare(cython.uint, 8)
L_MIXED = cython.declare(cython.uint, 16)
L_NUMBER = cython.declare(cython.uint, 8 | 16)
L_SIGN = cython.declare(cython.uint, 32)
L_LINE = cython.declare(cython.uint, 64)
L_TEXT = cython.declare(cython.uint, 128)
L_SPACED = cython.declare(cython.uint, 256)
L_PARAGRAPH = cython.declare(cython.uint, 1024)
L_APART = cython.declare(cython.uint, 64 | 128 | 512)
"""Another line or text, or a gap as between the cells of a table."""
L_ENDED = cython.declare(cython.uint, 64 | 128)

B_COUNTRY = cython.declare(cython.uint, 1 << 10)
B_STREET = cython.declare(cython.uint, 1 << 11)
B_PARTICLE = cython.declare(cython.uint, 1 << 29)
B_PHONE = cython.declare(cython.uint, 1 << 19)
B_MEDICAL = cython.declare(cython.uint, 1 << 14 | 1 << 22 | 1 << 23 | 1 << 25)

K_ZIP = cython.declare(cython.uint, hash_of(b"zip"))
K_ZIPCODE = cython.declare(cython.uint, hash_of(b"zipcode"))
K_POSTCODE = cython.declare(cython.uint, hash_of(b"postcode"))
K_POSTAL = cython.declare(cython.uint, hash_of(b"postal"))
K_CODE = cython.declare(cython.uint, hash_of(b"code"))
K_DESK = cython.declare(cython.uint, hash_of(b"desk"))
K_NUMBER = cython.declare(cython.uint, hash_of(b"number"))
K_NO = cython.declare(cython.uint, hash_of(b"no"))
K_IS = cython.declare(cython.uint, hash_of(b"is"))
K_AT = cython.declare(cython.uint, hash_of(b"at"))
K_ON = cython.declare(cython.uint, hash_of(b"on"))
K_ME = cython.declare(cython.uint, hash_of(b"me"))
K_SSN = cython.declare(cython.uint, hash_of(b"ssn"))
K_SOCIAL = cython.declare(cython.uint, hash_of(b"social"))
K_SECURITY = cython.declare(cython.uint, hash_of(b"security"))
K_MRN = cython.declare(cython.uint, hash_of(b"mrn"))
K_MEDICAL = cython.declare(cython.uint, hash_of(b"medical"))
K_RECORD = cython.declare(cython.uint, hash_of(b"record"))
K_CORNER = cython.declare(cython.uint, hash_of(b"corner"))
K_APT = cython.declare(cython.uint, hash_of(b"apt"))
K_APARTMENT = cython.declare(cython.uint, hash_of(b"apartment"))
K_SUITE = cython.declare(cython.uint, hash_of(b"suite"))
K_STE = cython.declare(cython.uint, hash_of(b"ste"))
K_INC = cython.declare(cython.uint, hash_of(b"inc"))
K_INCORPORATED = cython.declare(cython.uint, hash_of(b"incorporated"))
K_CORPORATION = cython.declare(cython.uint, hash_of(b"corporation"))
K_CORP = cython.declare(cython.uint, hash_of(b"corp"))
K_LLC = cython.declare(cython.uint, hash_of(b"llc"))
K_LTD = cython.declare(cython.uint, hash_of(b"ltd"))
K_PLC = cython.declare(cython.uint, hash_of(b"plc"))
K_GMBH = cython.declare(cython.uint, hash_of(b"gmbh"))

FEWEST = cython.declare(cython.int, 7)
"""Digits of a telephone number that only a cue announces."""
NATIONAL = cython.declare(cython.int, 10)
"""Of one with its area; a sign with a space before it is part of one that is not whole yet."""
MOST = cython.declare(cython.int, 15)
"""Of one at all (ITU-T E.164)."""
SECURITY = cython.declare(cython.int, 9)
"""Digits of a social security number."""
RECORD = cython.declare(cython.int, 6)
"""Of a medical record number that is written in groups, at least."""
CROSSING = cython.declare(cython.int, 10)
"""Words of two streets that cross."""


@cython.cclass
class Cued:
    """The words of a batch."""

    p = cython.declare(cython.p_uchar)
    kept = cython.declare(bytes)
    count = cython.declare(cython.int)
    start = cython.declare(cython.int[::1])
    end = cython.declare(cython.int[::1])
    key = cython.declare(cython.uint[::1])
    looks = cython.declare(cython.uint[::1])
    bits = cython.declare(cython.uint[::1])
    pattern = cython.declare(cython.uint[::1])
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
        self.pattern = words.pattern
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
    def goes_on(self, i: cython.int) -> cython.bint:
        """Whether word i stands in one line with the one before it."""
        return i < self.count and not self.looks[i] & L_APART

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def paint(self, low: cython.int, high: cython.int, tag: cython.int) -> cython.void:
        """Words low to high, the last included; what is found already stays what it is."""
        n: cython.int
        for n in range(low, high + 1):
            if self.tags[n] == O:
                self.tags[n] = tag

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def dialled(self, i: cython.int, fewest: cython.int) -> cython.int:
        """The last word of a telephone number that begins at word i, `(37) 788-063`, `+46 (0)157 548 89`; -1 for none."""
        digits: cython.int = 0
        last: cython.int = -1
        size: cython.int
        c: cython.int
        n: cython.int = i
        while n < self.count and (n == i or self.goes_on(n)) and not self.pattern[n] & P_OTHER:
            size = self.end[n] - self.start[n]
            if self.looks[n] & L_DIGITS:
                if digits and self.looks[n] & L_SPACED and size < 2:
                    break
                digits += size
                last = n
            elif self.looks[n] & L_MIXED:
                # 3621x0135: with its extension, at the end.
                if digits < 6 or self.looks[n] & L_SPACED or not 48 <= self.p[self.start[n]] <= 57:
                    break
                return n if digits <= MOST else -1
            else:
                c = self.sign(n)
                # ( ) + - . / _ and what is no sign of ASCII, a point in the middle of the line
                if not (
                    c == 40 or c == 41 or c == 43 or c == 45 or c == 46 or c == 47 or c == 95 or c == 0x83
                ):  # fmt: skip
                    break
                if c == 43 and n > i:
                    break
                # 802 - 555 - 0139, but not 802 555 0139 - 12 calls.
                if c > 43 and (not digits or (self.looks[n] & L_SPACED and digits >= NATIONAL)):
                    break
            n += 1
        return last if fewest <= digits <= MOST else -1

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def behind(self, i: cython.int) -> cython.int:
        """The first word behind a cue and what belongs to it: `: `, ` no. `, ` number is `."""
        n: cython.int = i + 1
        c: cython.int
        k: cython.uint
        while self.goes_on(n) and n < i + 5:
            c = self.sign(n)
            k = self.key[n]
            if not (
                c == 58 or c == 46 or c == 35 or c == 61
                or k == K_CODE or k == K_NUMBER or k == K_NO or k == K_IS or k == K_AT or k == K_ON or k == K_ME
            ):  # fmt: skip
                break
            n += 1
        return n if self.goes_on(n) or (n == i + 2 and n < self.count and not self.looks[n] & (L_TEXT | L_LINE)) else -1

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def telephone(self, i: cython.int) -> cython.void:
        begin: cython.int = self.behind(i)
        last: cython.int = self.dialled(begin, FEWEST) if begin > 0 else -1
        if last > 0 and self.tags[begin] != ID:
            self.paint(begin, last, PHONE)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def security(self, i: cython.int) -> cython.void:
        """Nine digits behind `SSN`, whatever one sign, space or line's end stands between two groups of them."""
        begin: cython.int = self.behind(i)
        n: cython.int = begin
        digits: cython.int = 0
        if begin < 0:
            return
        while n < self.count and n < begin + 2 * SECURITY:
            if n > begin and self.looks[n] & (L_TEXT | L_PARAGRAPH):
                return
            if self.looks[n] & L_DIGITS:
                digits += self.end[n] - self.start[n]
                if digits >= SECURITY:
                    break
            elif not digits or not self.looks[n] & L_SIGN or not self.looks[n - 1] & L_DIGITS:
                return
            n += 1
        if digits == SECURITY and n < self.count:
            self.paint(begin, n, ID)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def record(self, i: cython.int) -> cython.void:
        """`MRN: 0041 8823`: six digits or more in groups, one sign or space between each two, in one line."""
        begin: cython.int = self.behind(i)
        n: cython.int = begin
        digits: cython.int = 0
        if begin < 0:
            return
        while (n == begin or self.goes_on(n)) and n < begin + 2 * RECORD and not self.pattern[n] & P_OTHER:
            if self.looks[n] & L_DIGITS:
                digits += self.end[n] - self.start[n]
                if digits >= RECORD:
                    self.paint(begin, n, ID)
                    return
            elif not digits or not self.looks[n] & L_SIGN or not self.looks[n - 1] & L_DIGITS:
                return
            n += 1

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def postal(self, i: cython.int) -> cython.void:
        """`ZIP: 3520`, `postal code K1A 0B1`."""
        n: cython.int = self.behind(i)
        if n < 0 or not self.looks[n] & L_NUMBER or not 3 <= self.end[n] - self.start[n] <= 6:
            return
        self.paint(n, n, GEO)
        if (
            self.goes_on(n + 1)
            and self.looks[n + 1] & L_NUMBER
            and self.looks[n + 1] & L_SPACED
            and self.end[n + 1] - self.start[n + 1] <= 3
        ):
            self.paint(n + 1, n + 1, GEO)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def company(self, i: cython.int) -> cython.void:
        """The capitalised words before `Inc.`, its full stop too; not those of a drug or a disease."""
        n: cython.int = i
        if i > 0 and not self.looks[i] & L_APART and self.tags[i - 1] != O:
            self.paint(i, i, self.tags[i - 1])
            return
        while (
            n > 0
            and n > i - 5
            and not self.looks[n] & L_APART
            and self.tags[n - 1] == O
            and (self.looks[n - 1] & L_CAPITAL or self.sign(n - 1) == 38 or self.sign(n - 1) == 44)
            and not self.bits[n - 1] & B_MEDICAL
        ):
            n -= 1
        while n < i and self.looks[n] & L_SIGN:
            n += 1
        if n < i:
            self.paint(n, i, FACILITY)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def corner(self, i: cython.int) -> cython.void:
        """`the corner of 3744 Retreat Avenue and Elm`."""
        n: cython.int = i + 2
        last: cython.int = -1
        street: cython.bint = False
        if not self.goes_on(i + 1):
            return
        while self.goes_on(n) and n < i + CROSSING:
            if self.tags[n] != O:
                street = street or self.tags[n] == GEO
                last = n
            elif not self.looks[n] & (L_CAPITAL | L_NUMBER | L_SIGN) and self.end[n] - self.start[n] > 3:
                break
            n += 1
        if street:
            self.paint(i - 1 if i > 0 and self.goes_on(i) else i, last, GEO)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def house(self, i: cython.int) -> cython.void:
        """A number before a street: `224 4966 Bond Street`."""
        if (
            i > 0
            and not self.looks[i] & L_APART
            and self.looks[i] & L_SPACED
            and self.looks[i - 1] & L_DIGITS
            and self.tags[i - 1] == O
            and self.end[i - 1] - self.start[i - 1] <= 5
            and self.looks[i] & L_NUMBER
        ):
            self.tags[i - 1] = GEO

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def town(self, i: cython.int) -> cython.void:
        """The lines behind that of a street, up to one with a country or a postal code: `KNIVSTA, SE 18237`."""
        n: cython.int = i + 1
        last: cython.int = -1
        lines: cython.int = 0
        words: cython.int = 0
        size: cython.int
        c: cython.int
        if n >= self.count or not self.looks[n] & L_LINE:
            return
        while n < self.count and not self.looks[n] & L_TEXT:
            if self.looks[n] & L_LINE:
                lines += 1
                words = 0
            words += 1
            if lines > 3 or words > 6 or (self.tags[n] != O and self.tags[n] != GEO):
                break
            size = self.end[n] - self.start[n]
            c = self.sign(n)
            if self.looks[n] & L_DIGITS:
                if not 4 <= size <= 6 or (n + 1 < self.count and not self.looks[n + 1] & L_ENDED):
                    break
                last = n
            elif not self.looks[n] & L_CAPITAL and c != 44 and c != 45 and c != 46 and not self.bits[n] & B_PARTICLE:
                if size > 3 or self.looks[n] & (L_SIGN | L_MIXED):
                    break
            elif self.bits[n] & B_COUNTRY and self.looks[n] & L_CAPITAL:
                last = n
            n += 1
        if last > 0:
            self.paint(i + 1, last, GEO)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def door(self, i: cython.int) -> cython.void:
        """The line of an address that a door's number tells: `25615 Tawastintie 72 Apt. 004`."""
        n: cython.int = i + 1
        first: cython.int = -1
        if self.goes_on(n) and (self.sign(n) == 46 or self.sign(n) == 35):
            n += 1
        if not self.goes_on(n) or not self.looks[n] & L_NUMBER or self.end[n] - self.start[n] > 5:
            return
        k: cython.int = i
        while k > 0 and k > i - 9 and not self.looks[k] & L_APART:
            k -= 1
            if self.looks[k] & L_NUMBER:
                first = k
            elif not (
                self.tags[k] != O
                or self.looks[k] & L_CAPITAL
                or self.bits[k] & (B_STREET | B_PARTICLE)
                or self.sign(k) == 46
                or self.sign(k) == 44
                or self.sign(k) == 45
            ):
                break
        if first >= 0:
            self.paint(first, n, GEO)
            self.town(n)

    @cython.nogil
    @cython.cfunc
    @cython.exceptval(check=False)
    def look(self) -> cython.void:
        i: cython.int
        k: cython.uint
        last: cython.int
        for i in range(self.count):
            k = self.key[i]
            if k == K_APT or k == K_APARTMENT or k == K_SUITE or k == K_STE:
                self.door(i)
            elif self.tags[i] == GEO:
                if i == 0 or self.tags[i - 1] != GEO:
                    self.house(i)
                if self.looks[i] & L_NUMBER:
                    self.town(i)
            elif self.looks[i] & L_SIGN:
                if self.p[self.start[i]] == 43 and self.goes_on(i + 1) and not self.looks[i + 1] & L_SPACED:
                    last = self.dialled(i, FEWEST + 1)
                    if last > 0:
                        self.paint(i, last, PHONE)
            elif self.bits[i] & B_PHONE or k == K_DESK:
                self.telephone(i)
            elif k == K_ZIP or k == K_ZIPCODE or k == K_POSTCODE or k == K_POSTAL:
                self.postal(i)
            elif k == K_SSN or (k == K_SECURITY and i > 0 and self.goes_on(i) and self.key[i - 1] == K_SOCIAL):
                self.security(i)
            elif k == K_MRN or (k == K_RECORD and i > 0 and self.goes_on(i) and self.key[i - 1] == K_MEDICAL):
                self.record(i)
            elif k == K_CORNER:
                self.corner(i)
            elif self.looks[i] & L_CAPITAL and (
                k == K_INC or k == K_INCORPORATED or k == K_CORPORATION or k == K_CORP
                or k == K_LLC or k == K_LTD or k == K_PLC or k == K_GMBH
            ):  # fmt: skip
                self.company(i)


def announced(text: bytes, words: object, tags: object) -> None:
    """Change `tags`."""
    cued = Cued(text, words, tags)
    with cython.nogil:
        cued.look()
