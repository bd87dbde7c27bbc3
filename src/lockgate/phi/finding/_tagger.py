"""A linear-chain tagger with hashed features: integer scores, Viterbi; and its training. Compiled.

Each word has `FEATURES` features, each the number of a row of weights, one weight for each tag. A tag's score is the
sum of its weights and of the step from the tag before; the best path is found by Viterbi. Words that nobody would take
for an identifier (`_is_plain`, with such neighbours) are not scored: their tag is O.

Training is the averaged perceptron for sequences (Collins 2002) with a margin: before decoding, each wrong tag gets a
bonus, larger where an identifier would be missed.
"""

import array

import cython

FEATURES = cython.declare(cython.int, 42)
PLAIN = cython.declare(cython.uint, 1 << 20)
"""The lexicon's bit of words that are common and no name (`training.lexicons.BITS`)."""
UNIT = cython.declare(cython.uint, 1 << 25)
WORD = cython.declare(cython.uint, 1 << 20 | 1 << 21 | 1 << 22 | 1 << 23 | 1 << 25)
"""The bits of a word that is known, of a disease, a drug, a unit: nobody's name, and no place's."""
REACH = cython.declare(cython.int, 2)
"""How many words beside one that may be part of an identifier are looked at as well."""
DECIMAL = cython.declare(cython.uint, 8192)
# Typed: a literal beyond 31 bits is a Python object to the compiler.
M1 = cython.declare(cython.uint, 0x9E3779B1)
M2 = cython.declare(cython.uint, 0x85EBCA6B)
M3 = cython.declare(cython.uint, 0xC2B2AE35)
FULL = cython.declare(cython.uint, 0xFFFFFFFF)
LANES = cython.declare(cython.ulonglong, 0x00FF00FF00FF00FF)
FAR_DOWN = cython.declare(cython.int, -1000000000)
FURTHEST = cython.declare(cython.int, 20000)
"""How far a working point goes: two words' scores differ by less."""


@cython.nogil
@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _mix(a: cython.uint, b: cython.uint) -> cython.uint:
    """Of two values and the number of a feature one value; murmur's finaliser (Appleby, 2008)."""
    h: cython.uint = (a ^ ((b * M1) & FULL)) & FULL
    h = (h * M2) & FULL
    h ^= h >> 15
    h = (h * M3) & FULL
    h ^= h >> 13
    return h


SHIFTED = bytes((c + 128) & 255 for c in range(256))
"""Signed bytes with 128 added. Of those, 16 a row, two numbers of 64 bits are made a row: eight weights are then added
at once, in lanes of 16 bits, of which none can run over (42 features of at most 255)."""


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _uints(view: cython.uint[::1]) -> cython.p_uint:
    """Where a view's numbers are: handed on, a view is copied, two hundred bytes each time."""
    return cython.address(view[0]) if cython.compiled else view


@cython.cclass
class Tagger:
    """Weights of one byte for `rows` rows, a power of two, of 16 tags; `steps[a * 16 + b]` from tag a to tag b.

    `weights` are such numbers (`SHIFTED`), which taggers may share: they are only read.
    """

    kept = cython.declare(object, visibility="readonly")
    stepped = cython.declare(list, visibility="readonly")
    weights = cython.declare(cython.ulonglong[::1])
    steps = cython.declare(cython.int[::1])
    mask = cython.declare(cython.uint)
    rows = cython.declare(cython.uint[::1])
    coming_rows = cython.declare(cython.uint[::1])
    back = cython.declare(cython.uchar[::1])
    tags = cython.declare(cython.uchar[::1], visibility="public")
    margins = cython.declare(cython.int[::1], visibility="public")
    scores = cython.declare(cython.short[::1], visibility="public")

    def __init__(self, weights, steps):
        rows = len(weights) // 2
        if rows & (rows - 1) or rows == 0 or len(weights) % 2 or len(steps) != 256:
            raise ValueError("weights are a power of two of rows")
        self.kept = weights
        self.stepped = list(steps)
        self.weights = weights
        self.steps = array.array("i", steps)
        self.mask = rows - 1
        self.rows = array.array("I", bytes(4 * 64))
        self.coming_rows = array.array("I", bytes(4 * 64))
        self._room(64)

    @cython.cfunc
    def _room(self, words: cython.int):
        self.tags = array.array("B", bytes(words))
        self.back = array.array("B", bytes(16 * words))
        self.margins = array.array("i", bytes(4 * words))
        self.scores = array.array("h", bytes(2 * 16 * words))

    def tag(self, words, bias: int = 0) -> None:
        """Fill `tags`, one a word, and `margins`, as `score` and `decide` do."""
        self.score(words, bias)
        self.decide(words)

    def score(self, words, bias: int = 0) -> None:
        """Fill `scores`, 16 numbers a word: nine for the tags, then 1 if the word was passed by, then what `_second` says.

        `bias` is added to every tag but O: more is found, and more that is none.
        """
        count: cython.int = words.count
        if len(self.tags) < count:
            self._room(count + count // 4)
        if not count:
            return
        key: cython.p_uint = _uints(words.key)
        looks: cython.p_uint = _uints(words.looks)
        shape: cython.p_uint = _uints(words.shape)
        head: cython.p_uint = _uints(words.head)
        tail: cython.p_uint = _uints(words.tail)
        bits: cython.p_uint = _uints(words.bits)
        group: cython.p_uint = _uints(words.group)
        cue: cython.p_uint = _uints(words.cue)
        pattern: cython.p_uint = _uints(words.pattern)
        lean: cython.int = max(-FURTHEST, min(bias, FURTHEST))
        # Others run meanwhile: this is where the time goes.
        with cython.nogil:
            _score(self, count, key, looks, shape, head, tail, bits, group, cue, pattern, lean)

    def decide(self, words) -> None:
        """The best path through `scores`: `tags`, one a word, and `margins`: how far its own scores lean away from O."""
        count: cython.int = words.count
        if count:
            looks: cython.p_uint = _uints(words.looks)
            with cython.nogil:
                _decide(self, count, looks)


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _features(
    i: cython.int,
    count: cython.int,
    mask: cython.uint,
    key: cython.p_uint,
    looks: cython.p_uint,
    shape: cython.p_uint,
    head: cython.p_uint,
    tail: cython.p_uint,
    bits: cython.p_uint,
    group: cython.p_uint,
    cue: cython.p_uint,
    pattern: cython.p_uint,
    into: cython.p_uint,
    at: cython.Py_ssize_t,
) -> cython.void:
    """The rows of word i. What lies beyond a text's ends is a word of its own kind."""
    edge: cython.uint = 7
    w0: cython.uint = key[i]
    s0: cython.uint = _mix(shape[i], looks[i] & 63)
    b0: cython.uint = bits[i]
    p0: cython.uint = pattern[i]
    l0: cython.uint = looks[i]
    c0: cython.uint = cue[i]
    w1: cython.uint = edge
    w2: cython.uint = edge
    v1: cython.uint = edge
    v2: cython.uint = edge
    s1: cython.uint = edge
    s2: cython.uint = edge
    t1: cython.uint = edge
    t2: cython.uint = edge
    b1: cython.uint = 0
    b2: cython.uint = 0
    d1: cython.uint = 0
    d2: cython.uint = 0
    p1: cython.uint = 0
    q1: cython.uint = 0
    g0: cython.uint = group[i]
    g1: cython.uint = edge
    g2: cython.uint = edge
    h1: cython.uint = edge
    h2: cython.uint = edge
    # Before: w1, w2 …; behind: v1, v2 …. Across the end of a text nothing is seen, across that of a line that there is one.
    if not l0 & 128 and i > 0:
        w1 = _mix(key[i - 1], l0 & 64)
        s1 = _mix(shape[i - 1], (looks[i - 1] & 63) | (l0 & 64))
        b1 = bits[i - 1]
        p1 = pattern[i - 1]
        g1 = group[i - 1]
        if not looks[i - 1] & 128 and i > 1:
            w2 = _mix(key[i - 2], 5)
            s2 = _mix(shape[i - 2], looks[i - 2] & 63)
            b2 = bits[i - 2]
            g2 = group[i - 2]
    if i + 1 < count and not looks[i + 1] & 128:
        v1 = _mix(key[i + 1], looks[i + 1] & 64)
        t1 = _mix(shape[i + 1], looks[i + 1] & 127)
        d1 = bits[i + 1]
        q1 = pattern[i + 1]
        h1 = group[i + 1]
        if i + 2 < count and not looks[i + 2] & 128:
            v2 = _mix(key[i + 2], 6)
            t2 = _mix(shape[i + 2], looks[i + 2] & 63)
            d2 = bits[i + 2]
            h2 = group[i + 2]
    into[at + 0] = _mix(w0, 1)
    into[at + 1] = _mix(w1, 2)
    into[at + 2] = _mix(v1, 3)
    into[at + 3] = _mix(w2, 4)
    into[at + 4] = _mix(v2, 5)
    into[at + 5] = _mix(_mix(w1, w0), 6)
    into[at + 6] = _mix(_mix(w0, v1), 7)
    into[at + 7] = _mix(s0, 8)
    into[at + 8] = _mix(_mix(s1, s0), 9)
    into[at + 9] = _mix(_mix(s0, t1), 10)
    into[at + 10] = _mix(_mix(_mix(s1, s0), t1), 11)
    into[at + 11] = _mix(_mix(tail[i], l0 & 63), 12)
    into[at + 12] = _mix(_mix(head[i], l0 & 63), 13)
    into[at + 13] = _mix(_mix(b0, l0 & 63), 14)
    into[at + 14] = _mix(_mix(b1, l0 & 64), 15)
    into[at + 15] = _mix(d1, 16)
    into[at + 16] = _mix(_mix(b1, b0), 17)
    into[at + 17] = _mix(_mix(b0, d1), 18)
    into[at + 18] = _mix(_mix(b1, s0), 19)
    into[at + 19] = _mix(_mix(d1, s0), 20)
    into[at + 20] = _mix(_mix(c0, s0), 21)
    into[at + 21] = _mix(_mix(c0, b0), 22)
    into[at + 22] = _mix(_mix(p0, l0 & 63), 23)
    into[at + 23] = _mix(_mix(p0, w1), 24)
    into[at + 24] = _mix(_mix(p0, c0), 25)
    into[at + 25] = _mix(_mix(w1, s0), 26)
    into[at + 26] = _mix(_mix(v1, s0), 27)
    into[at + 27] = _mix(_mix(w2, w1), 28)
    into[at + 28] = _mix(_mix(_mix(b2, b1), _mix(b0, l0 & 63)), 29)
    into[at + 29] = _mix(_mix(_mix(b0, d1), _mix(d2, l0 & 63)), 30)
    into[at + 30] = _mix(_mix(l0 & 2047, p0), 31)
    into[at + 31] = _mix(_mix(w2, s0), 32)
    into[at + 32] = _mix(_mix(_mix(s2, s1), _mix(s0, p1)), 33)
    into[at + 33] = _mix(_mix(_mix(s0, t1), _mix(t2, q1)), 34)
    # A group is 10 bits of a fine one and 6 of a coarse one.
    into[at + 34] = _mix(_mix(g0, l0 & 63), 35)
    into[at + 35] = _mix(_mix(g1, s0), 36)
    into[at + 36] = _mix(_mix(h1, s0), 37)
    into[at + 37] = _mix(_mix(g1, g0), 38)
    into[at + 38] = _mix(_mix(g0, h1), 39)
    into[at + 39] = _mix(_mix(_mix(g1 >> 10, g0 >> 10), _mix(h1 >> 10, l0 & 63)), 40)
    into[at + 40] = _mix(_mix(_mix(g2, g1), l0 & 63), 41)
    into[at + 41] = _mix(_mix(_mix(h1, h2), l0 & 63), 42)
    f: cython.int
    for f in range(42):
        into[at + f] &= mask


@cython.nogil
@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _is_plain(looks: cython.uint, bits: cython.uint, pattern: cython.uint) -> cython.bint:
    """A dull word, or a common one in small letters or with a capital where a line begins, or in small letters one that
    nobody is called; a unit; a sign; a short number that is no more."""
    if looks & 2080:  # a sign, a dull word
        return True
    if looks & 8:
        return not pattern & ~DECIMAL
    if bits and not bits & ~WORD and not pattern and bool(looks & 4 or (looks & 16 and bits & UNIT)):
        return True
    return bool(bits & PLAIN) and bool(looks & 4 or looks & 65 == 65)


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _shorts(view: cython.short[::1]) -> cython.p_short:
    return cython.address(view[0]) if cython.compiled else view


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _longs(view: cython.ulonglong[::1]) -> cython.p_ulonglong:
    return cython.address(view[0]) if cython.compiled else view


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _score(
    tagger: Tagger,
    count: cython.int,
    key: cython.p_uint,
    looks: cython.p_uint,
    shape: cython.p_uint,
    head: cython.p_uint,
    tail: cython.p_uint,
    bits: cython.p_uint,
    group: cython.p_uint,
    cue: cython.p_uint,
    pattern: cython.p_uint,
    bias: cython.int,
) -> cython.void:
    rows: cython.p_uint = _uints(tagger.rows)
    coming_rows: cython.p_uint = _uints(tagger.coming_rows)
    weights: cython.p_ulonglong = _longs(tagger.weights)
    scores: cython.p_short = _shorts(tagger.scores)
    mask: cython.uint = tagger.mask
    i: cython.int
    f: cython.int
    to: cython.Py_ssize_t
    waiting: cython.Py_ssize_t = -1
    quiet: cython.int = REACH
    coming: cython.int = 0
    for i in range(count):
        to = cython.cast(cython.Py_ssize_t, i) * 16
        scores[to + 9] = 0
        scores[to + 10] = 0
        # How far it is to the last word that may be part of an identifier, and how far to the next.
        if looks[i] & 128:
            quiet = REACH  # a text does not reach into the next
        quiet = quiet + 1 if _is_plain(looks[i], bits[i], pattern[i]) else 0
        if coming <= i:
            coming = i + 1
        while (
            coming < count
            and coming <= i + REACH
            and not looks[coming] & 128
            and _is_plain(looks[coming], bits[coming], pattern[coming])
        ):
            coming += 1
        if quiet > REACH and (coming > i + REACH or coming >= count or looks[coming] & 128):
            scores[to + 9] = 1
            continue
        _features(i, count, mask, key, looks, shape, head, tail, bits, group, cue, pattern, coming_rows, 0)
        # Its rows lie far apart in memory: they are on their way while the word before is summed up.
        if cython.compiled:
            for f in range(42):
                tagger_fetch(weights + cython.cast(cython.Py_ssize_t, coming_rows[f]) * 2)
        if waiting >= 0:
            _weigh(weights, rows, scores, waiting, bias)
        waiting = to
        rows, coming_rows = coming_rows, rows
    if waiting >= 0:
        _weigh(weights, rows, scores, waiting, bias)


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _weigh(
    weights: cython.p_ulonglong, rows: cython.p_uint, scores: cython.p_short, to: cython.Py_ssize_t, bias: cython.int
) -> cython.void:
    """A word's nine scores: the sums of its rows, eight tags at once."""
    row: cython.ulonglong
    low_even: cython.ulonglong = 0
    low_odd: cython.ulonglong = 0
    high_even: cython.ulonglong = 0
    f: cython.int
    t: cython.int
    at: cython.Py_ssize_t
    for f in range(42):
        at = cython.cast(cython.Py_ssize_t, rows[f]) * 2
        row = weights[at]
        low_even += row & LANES
        low_odd += (row >> 8) & LANES
        high_even += weights[at + 1] & 255
    for t in range(4):
        scores[to + 2 * t] = cython.cast(cython.int, (low_even >> (16 * t)) & 65535) - 42 * 128
        scores[to + 2 * t + 1] = cython.cast(cython.int, (low_odd >> (16 * t)) & 65535) - 42 * 128
    scores[to + 8] = cython.cast(cython.int, high_even) - 42 * 128
    for t in range(1, 9):
        scores[to + t] += bias


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _decide(tagger: Tagger, count: cython.int, looks: cython.p_uint) -> cython.void:
    here = cython.declare(cython.int[16])
    best = cython.declare(cython.int[16])
    then = cython.declare(cython.int[16])
    scores: cython.p_short = _shorts(tagger.scores)
    steps: cython.int[::1] = tagger.steps
    back: cython.uchar[::1] = tagger.back
    tags: cython.uchar[::1] = tagger.tags
    margins: cython.int[::1] = tagger.margins
    i: cython.int
    t: cython.int
    u: cython.int
    score: cython.int
    top: cython.int
    argument: cython.int
    previous: cython.int = 0
    fresh: cython.bint = True
    inside: cython.bint
    at: cython.Py_ssize_t
    for t in range(16):
        best[t] = 0 if t == 0 else FAR_DOWN
    for i in range(count):
        margins[i] = 0
        at = cython.cast(cython.Py_ssize_t, i) * 16
        if scores[at + 9]:
            # O, whatever came before; the path goes on from the best end of it.
            if not fresh:
                # The step to O is counted within a text only: what ends with its text ends as well as it would alone.
                inside = not looks[i] & 128
                top = best[0] + (steps[0] if inside else 0)
                argument = 0
                for t in range(1, 9):
                    score = best[t] + (steps[t * 16] if inside else 0)
                    if score > top:
                        top = score
                        argument = t
                back[i * 16] = argument
                for t in range(9):
                    best[t] = FAR_DOWN
                best[0] = 0
                fresh = True
            else:
                back[i * 16] = 0
            tags[i] = 0
            continue
        for t in range(9):
            here[t] = scores[at + t]
        top = here[1]
        for t in range(2, 9):
            if here[t] > top:
                top = here[t]
        margins[i] = top - here[0]
        if looks[i] & 128 and not fresh:
            # A text begins: it knows nothing of the one before, whose best end is kept as the way back.
            top = best[0]
            argument = 0
            for t in range(1, 9):
                if best[t] > top:
                    top = best[t]
                    argument = t
            for t in range(9):
                back[i * 16 + t] = argument
                then[t] = here[t] + steps[t]
        elif fresh:
            # Only O lies behind.
            for u in range(9):
                back[i * 16 + u] = 0
                then[u] = best[0] + steps[u] + here[u]
        else:
            for u in range(9):
                top = best[0] + steps[u]
                argument = 0
                for t in range(1, 9):
                    score = best[t] + steps[t * 16 + u]
                    if score > top:
                        top = score
                        argument = t
                back[i * 16 + u] = argument
                then[u] = top + here[u]
        for t in range(9):
            best[t] = then[t]
        fresh = False
    top = best[0]
    previous = 0
    for t in range(1, 9):
        if best[t] > top:
            top = best[t]
            previous = t
    i = count - 1
    while i >= 0:
        tags[i] = previous
        previous = back[i * 16 + previous]
        i -= 1


@cython.cclass
class Learner:
    """Weights that are being learnt, as floats, and their sums for the average."""

    weights = cython.declare(cython.float[::1], visibility="public")
    sums = cython.declare(cython.double[::1])
    steps = cython.declare(cython.double[::1], visibility="public")
    step_sums = cython.declare(cython.double[::1])
    mask = cython.declare(cython.uint)
    clock = cython.declare(cython.double, visibility="public")
    rows = cython.declare(cython.uint[::1])
    dice = cython.declare(cython.uint)
    back = cython.declare(cython.uchar[::1])
    path = cython.declare(cython.uchar[::1])

    def __init__(self, rows: int):
        self.weights = array.array("f", bytes(4 * 16 * rows))
        self.sums = array.array("d", bytes(8 * 16 * rows))
        self.steps = array.array("d", bytes(8 * 256))
        self.step_sums = array.array("d", bytes(8 * 256))
        self.mask = rows - 1
        self.clock = 0
        self.dice = 1
        self.rows = array.array("I", bytes(4))
        self.back = array.array("B", bytes(1))
        self.path = array.array("B", bytes(1))

    def learn(self, words, gold: bytes, missed: float, wrong: float, dropped: int = 0) -> int:
        """One text: `missed` is the margin against O where an identifier is, `wrong` any other; `dropped` features in
        256 are left out, so that none is relied upon alone. How many words erred."""
        count: cython.int = words.count
        if len(self.path) < count:
            self.rows = array.array("I", bytes(4 * 42 * count * 2))
            self.back = array.array("B", bytes(16 * count * 2))
            self.path = array.array("B", bytes(count * 2))
        if count == 0:
            return 0
        return _learn(
            self, count, _uints(words.key), _uints(words.looks), _uints(words.shape), _uints(words.head),
            _uints(words.tail), _uints(words.bits), _uints(words.group), _uints(words.cue), _uints(words.pattern),
            gold, missed, wrong, dropped,
        )  # fmt: skip

    def averaged(self):
        """`(weights, steps)` as lists of floats: what was learnt, averaged over all texts."""
        n = max(self.clock, 1.0)
        weights = array.array("f", (w - s / n for w, s in zip(self.weights, self.sums, strict=True)))
        return weights, [w - s / n for w, s in zip(self.steps, self.step_sums, strict=True)]


@cython.cfunc
def _learn(
    learner: Learner,
    count: cython.int,
    key: cython.p_uint,
    looks: cython.p_uint,
    shape: cython.p_uint,
    head: cython.p_uint,
    tail: cython.p_uint,
    bits: cython.p_uint,
    group: cython.p_uint,
    cue: cython.p_uint,
    pattern: cython.p_uint,
    gold: bytes,
    missed: cython.double,
    wrong: cython.double,
    dropped: cython.uint,
) -> cython.int:
    g: cython.p_uchar = gold
    rows: cython.p_uint = _uints(learner.rows)
    w: cython.float[::1] = learner.weights
    sums: cython.double[::1] = learner.sums
    steps: cython.double[::1] = learner.steps
    step_sums: cython.double[::1] = learner.step_sums
    back: cython.uchar[::1] = learner.back
    path: cython.uchar[::1] = learner.path
    clock: cython.double = learner.clock
    here = cython.declare(cython.double[16])
    best = cython.declare(cython.double[16])
    then = cython.declare(cython.double[16])
    i: cython.int
    f: cython.int
    t: cython.int
    u: cython.int
    at: cython.Py_ssize_t
    top: cython.double
    score: cython.double
    argument: cython.int
    before: cython.int
    last: cython.int
    errors: cython.int = 0
    rate: cython.double = 1.0
    dice: cython.uint = learner.dice
    for t in range(10):
        best[t] = 0 if t == 0 else -1e18
    for i in range(count):
        _features(i, count, learner.mask, key, looks, shape, head, tail, bits, group, cue, pattern, rows, i * 42)
        for t in range(10):
            here[t] = 0 if t == g[i] else missed if t == 0 else wrong
        for f in range(42):
            dice = (dice * M3 + 12345) & FULL
            if dropped and (dice >> 16) & 255 < dropped:
                rows[i * 42 + f] = FULL
                continue
            at = cython.cast(cython.Py_ssize_t, rows[i * 42 + f]) * 16
            for t in range(10):
                here[t] += w[at + t]
        for u in range(10):
            top = best[0] + steps[u]
            argument = 0
            for t in range(1, 10):
                score = best[t] + steps[t * 16 + u]
                if score > top:
                    top = score
                    argument = t
            back[i * 16 + u] = argument
            then[u] = top + here[u]
        for t in range(10):
            best[t] = then[t]
    last = 0
    for t in range(1, 10):
        if best[t] > best[last]:
            last = t
    i = count - 1
    while i >= 0:
        path[i] = last
        last = back[i * 16 + last]
        i -= 1
    learner.clock = clock + 1
    learner.dice = dice
    for i in range(count):
        t = g[i]
        u = path[i]
        before = g[i - 1] if i else 0
        last = path[i - 1] if i else 0
        if t != u:
            errors += 1
            for f in range(42):
                if rows[i * 42 + f] == FULL:
                    continue
                at = cython.cast(cython.Py_ssize_t, rows[i * 42 + f]) * 16
                w[at + t] += rate
                sums[at + t] += rate * clock
                w[at + u] -= rate
                sums[at + u] -= rate * clock
        if t != u or before != last:
            steps[before * 16 + t] += rate
            step_sums[before * 16 + t] += rate * clock
            steps[last * 16 + u] -= rate
            step_sums[last * 16 + u] -= rate * clock
    return errors
