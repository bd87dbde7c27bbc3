"""Words of a folded text: where each begins and ends, what it looks like, what the lexicon says of it. Compiled.

A folded text has one byte for each code point (`folding`), so that offsets are those of the text; texts of a batch are
joined by a zero byte. A word is a run of letters and digits, cut where a digit meets three letters, three letters a
digit, or four letters a capital (`mrn3398107`, `SmithJohn`); any other sign is a word of its own, and so is a line of
equal signs.

Every hash is FNV-1a (Fowler, Noll, Vo) of 32 bits over small letters.
"""

import array

import cython

# What a word looks like (`looks`). Typed twice over would cost a conversion in the loop, so they are declared.
TITLE = cython.declare(cython.uint, 1)
UPPER = cython.declare(cython.uint, 2)
LOWER = cython.declare(cython.uint, 4)
DIGITS = cython.declare(cython.uint, 8)
MIXED = cython.declare(cython.uint, 16)
SIGN = cython.declare(cython.uint, 32)
LINE = cython.declare(cython.uint, 64)
TEXT = cython.declare(cython.uint, 128)
SPACED = cython.declare(cython.uint, 256)
GAP = cython.declare(cython.uint, 512)
PARAGRAPH = cython.declare(cython.uint, 1024)
DULL = cython.declare(cython.uint, 2048)
"""Written so it was never part of an identifier in what the engine learnt from."""

GROUP = cython.declare(cython.uint, 0xFFFF)
DULL_LOWER = cython.declare(cython.uint, 1 << 16)
DULL_TITLE = cython.declare(cython.uint, 1 << 17)
DULL_UPPER = cython.declare(cython.uint, 1 << 18)
"""Above a word's group: how it is written where it is dull."""

FNV_OFFSET = cython.declare(cython.uint, 2166136261)
FNV_PRIME = cython.declare(cython.uint, 16777619)
FULL = cython.declare(cython.uint, 0xFFFFFFFF)

SMALL, CAPITAL, DIGIT, SPACE, NEWLINE, OTHER, END = 1, 2, 3, 4, 5, 0, 6


def _classes() -> bytes:
    table = bytearray(256)
    for c in range(256):
        if 97 <= c <= 122 or c in (0x81, 0x82):
            table[c] = SMALL
        elif 65 <= c <= 90 or c == 0x80:
            table[c] = CAPITAL
        elif 48 <= c <= 57:
            table[c] = DIGIT
        elif c in (9, 11, 12, 32):
            table[c] = SPACE
        elif c in (10, 13):
            table[c] = NEWLINE
    table[0] = END
    return bytes(table)


CLASSES = _classes()


@cython.cclass
class Words:
    """Room for the words of one batch; `count` of them after `scan`. Offsets are bytes of the folded text."""

    count = cython.declare(cython.int, visibility="public")
    room = cython.declare(cython.int)
    start = cython.declare(cython.int[::1], visibility="public")
    end = cython.declare(cython.int[::1], visibility="public")
    key = cython.declare(cython.uint[::1], visibility="public")
    looks = cython.declare(cython.uint[::1], visibility="public")
    shape = cython.declare(cython.uint[::1], visibility="public")
    head = cython.declare(cython.uint[::1], visibility="public")
    tail = cython.declare(cython.uint[::1], visibility="public")
    bits = cython.declare(cython.uint[::1], visibility="public")
    group = cython.declare(cython.uint[::1], visibility="public")
    cue = cython.declare(cython.uint[::1], visibility="public")
    pattern = cython.declare(cython.uint[::1], visibility="public")

    def __init__(self, room: int = 1024):
        self.count = 0
        self.make_room(room)

    def make_room(self, room):
        self.room = room
        self.start = array.array("i", bytes(4 * room))
        self.end = array.array("i", bytes(4 * room))
        self.key = array.array("I", bytes(4 * room))
        self.looks = array.array("I", bytes(4 * room))
        self.shape = array.array("I", bytes(4 * room))
        self.head = array.array("I", bytes(4 * room))
        self.tail = array.array("I", bytes(4 * room))
        self.bits = array.array("I", bytes(4 * room))
        self.group = array.array("I", bytes(4 * room))
        self.cue = array.array("I", bytes(4 * room))
        self.pattern = array.array("I", bytes(4 * room))


@cython.cclass
class Lexicon:
    """What is known of words: open addressing over their hashes. A word that is not there has no bits and is in no group."""

    keys = cython.declare(cython.uint[::1])
    bits = cython.declare(cython.uint[::1])
    groups = cython.declare(cython.uint[::1])
    mask = cython.declare(cython.uint)

    def __init__(self, keys, bits, groups):
        size = len(keys)
        if size == 0 or size & (size - 1) or size != len(bits) or size != len(groups):
            raise ValueError("a lexicon has a power of two of places")
        self.keys = keys
        self.bits = bits
        self.groups = groups
        self.mask = size - 1

    @cython.nogil
    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def place(self, key: cython.uint) -> cython.Py_ssize_t:
        """Where the word is, or would be: what is there has no bits then, and no group."""
        at: cython.uint = key & self.mask
        while self.keys[at] and self.keys[at] != key:
            at = (at + 1) & self.mask
        return at

    def bits_of(self, word: bytes) -> int:
        return self.bits[self.place(hash_of(word))]

    def group_of(self, word: bytes) -> int:
        return self.groups[self.place(hash_of(word))] & GROUP


def hash_of(word: bytes) -> int:
    """The key of a word in a lexicon: FNV-1a over its small letters, never 0."""
    h: cython.uint = FNV_OFFSET
    c: cython.uint
    for c in word:
        if 65 <= c <= 90:
            c += 32
        elif c == 0x80:
            c = 0x81
        h = ((h ^ c) * FNV_PRIME) & FULL
    return h or 1


def scan(text: bytes, words: Words, lexicon: Lexicon) -> int:
    """Fill `words`; how many there are."""
    size: cython.int = len(text)
    if words.room < size // 3 + 64:
        words.make_room(size // 2 + 64)
    p: cython.p_uchar = text
    classes: cython.p_uchar = CLASSES
    found: cython.int
    with cython.nogil:
        found = _scan(p, size, classes, words, lexicon)
    if found < 0:
        words.make_room(size + 1)
        found = _scan(p, size, classes, words, lexicon)
    words.count = found
    return found


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _scan(p: cython.p_uchar, size: cython.int, classes: cython.p_uchar, words: Words, lexicon: Lexicon) -> cython.int:
    """-1 where there is too little room."""
    room: cython.int = words.room
    count: cython.int = 0
    i: cython.int = 0
    begin: cython.int
    c: cython.uint
    kind: cython.uint
    before: cython.uint
    looks: cython.uint
    place: cython.uint = LINE | TEXT | PARAGRAPH
    h: cython.uint
    shape: cython.uint
    last: cython.uint
    letters: cython.int
    smalls: cython.int
    capitals: cython.int
    digits: cython.int
    prime: cython.uint = FNV_PRIME
    offset: cython.uint = FNV_OFFSET
    full: cython.uint = FULL
    run: cython.int
    head: cython.uint
    tail: cython.uint
    cue: cython.uint = 0
    cue_age: cython.int = 0
    lines: cython.int = 0
    start: cython.int[::1] = words.start
    end: cython.int[::1] = words.end
    key: cython.uint[::1] = words.key
    look: cython.uint[::1] = words.looks
    shapes: cython.uint[::1] = words.shape
    heads: cython.uint[::1] = words.head
    tails: cython.uint[::1] = words.tail
    bits: cython.uint[::1] = words.bits
    group: cython.uint[::1] = words.group
    known: cython.uint[::1] = lexicon.bits
    together: cython.uint[::1] = lexicon.groups
    at: cython.Py_ssize_t
    cues: cython.uint[::1] = words.cue
    while i < size:
        c = p[i]
        kind = classes[c]
        if kind == 4:
            if c == 9 or place & 256:
                place |= 512
            place |= 256
            i += 1
            continue
        if kind == 5:
            lines += 1
            if lines >= 2 and not (c == 10 and i > 0 and p[i - 1] == 13 and lines == 2):
                place |= 1024
            place |= 64
            cue = 0
            i += 1
            continue
        if kind == 6:
            place = LINE | TEXT | PARAGRAPH
            cue = 0
            lines = 0
            i += 1
            continue
        if count >= room:
            return -1
        lines = 0
        begin = i
        looks = place
        place = 0
        h = offset
        if kind == 0:
            # A sign; equal ones on end are one word.
            run = 1
            if c == 45 or c == 95 or c == 42 or c == 61 or c == 35 or c == 46 or c == 126:
                while i + run < size and p[i + run] == c:
                    run += 1
            i += run
            h = ((h ^ c) * prime) & full
            if run > 2:
                h = ((h ^ 1) * prime) & full
            start[count] = begin
            end[count] = i
            key[count] = h
            look[count] = looks | 32
            shapes[count] = h
            heads[count] = h
            tails[count] = h
            bits[count] = 0
            group[count] = 0
            if (c == 58 or c == 61 or c == 35) and count > 0 and not looks & 64:
                # What stands before a colon names what follows it.
                if not look[count - 1] & 32:
                    cue = key[count - 1]
                    cue_age = 0
            cues[count] = cue
            count += 1
            continue
        letters = 0
        smalls = 0
        capitals = 0
        digits = 0
        shape = offset
        last = 0
        run = 0
        while i < size:
            c = p[i]
            kind = classes[c]
            if kind == 3:
                if letters >= 3 and last != 3:
                    break
                digits += 1
            elif kind == 1 or kind == 2:
                if kind == 2 and last == 1 and smalls >= 4 and letters == smalls + capitals and digits == 0:
                    break
                if last == 3 and i + 2 < size:
                    if (classes[p[i + 1]] == 1 or classes[p[i + 1]] == 2) and (
                        classes[p[i + 2]] == 1 or classes[p[i + 2]] == 2
                    ):
                        break
                letters += 1
                if kind == 1:
                    smalls += 1
                    # Most words go on so to their end, and nothing more is to be known of them.
                    while last == 1 and i + 1 < size and classes[p[i + 1]] == 1:
                        h = ((h ^ c) * prime) & full
                        i += 1
                        c = p[i]
                        letters += 1
                        smalls += 1
                else:
                    capitals += 1
                    c = 0x81 if c == 0x80 else c + 32
            elif c == 39 and (last == 1 or last == 2) and i + 2 < size:
                # O'Brien and D'Souza are one word, the patient's is not.
                if not (
                    (classes[p[i + 1]] == 1 or classes[p[i + 1]] == 2)
                    and (classes[p[i + 2]] == 1 or classes[p[i + 2]] == 2)
                    and letters <= 2
                ):
                    break
                kind = 7
            else:
                break
            h = ((h ^ c) * prime) & full
            if kind != last:
                shape = ((shape ^ kind) * prime) & full
                run = 1
            elif run < 4 and kind != 1:
                shape = ((shape ^ kind) * prime) & full
                run += 1
            last = kind
            i += 1
        if digits == 0:
            if capitals == 0:
                looks |= 4
            elif smalls == 0:
                looks |= 2 if capitals > 1 else 3
            else:
                looks |= 1 if classes[p[begin]] == 2 else 16
        elif letters == 0:
            looks |= 8
        else:
            looks |= 16
        # The first three and the last three signs.
        head = offset
        for run in range(begin, begin + 3 if i - begin > 3 else i):
            c = p[run]
            if 65 <= c <= 90:
                c += 32
            head = ((head ^ c) * prime) & full
        tail = offset
        for run in range(i - 3 if i - begin > 3 else begin, i):
            c = p[run]
            if 65 <= c <= 90:
                c += 32
            tail = ((tail ^ c) * prime) & full
        if h == 0:
            h = 1
        start[count] = begin
        end[count] = i
        key[count] = h
        look[count] = looks
        if digits:
            # Of numbers the length says more than the digits.
            shape = ((shape ^ (i - begin)) * prime) & full
        shapes[count] = shape
        heads[count] = head
        tails[count] = tail
        at = lexicon.place(h)
        bits[count] = known[at]
        h = together[at]
        group[count] = h & GROUP
        if (h & DULL_LOWER and looks & 4) or (h & DULL_TITLE and looks & 3 == 1) or (h & DULL_UPPER and looks & 18):
            look[count] |= 2048
        cue_age += 1
        if cue_age > 10:
            cue = 0
        cues[count] = cue
        count += 1
    return count
