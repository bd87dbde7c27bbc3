"""A second look at what the tagger does not rule out: a small network over a word and twelve on either side. Compiled.

The tagger sees two neighbours; whether `Jordan` is a person may stand further off. Each word is a sum of rows of a table
(its key, ends, shape, cue, group, form, bits and looks); then follow `LAYERS` layers, each a filter along the text for each channel
and a mixture of the channels (a depthwise separable convolution, Chollet 2017), added to what was (He et al. 2016); then a
score for each tag, which is added to the tagger's. Only words that the tagger leaves a chance are asked for, and only what
they can depend on is worked out, so that a text has the scores that it has alone.

All numbers are whole ones: values in 256ths, weights in 4096ths. Every machine finds the same, and eight products are one
instruction on most. Where x86 has wider ones, `_second_lanes.h` does the three loops over channels (decision 42).
"""

import array

import cython

from lockgate.phi.finding import lanes

CHANNELS = cython.declare(cython.int, 64)
LAYERS = cython.declare(cython.int, 4)
SIDE = cython.declare(cython.int, 3)
"""Words on either side that a layer looks at."""
REACH = cython.declare(cython.int, 12)
"""The same for all layers together."""
LONGEST = cython.declare(cython.int, 256)
"""Words that are worked out together, besides those that they depend on: what is kept of them stays near the core."""
CHANCE = cython.declare(cython.int, -250)
"""What a word's best tag may be behind O at most, to be looked at again."""
FEWEST = cython.declare(cython.int, 9)
"""Words that a text has at least: in the cell of a column the tagger sees nearly all there is."""
WIDE = cython.declare(cython.int, 16)
"""How many numbers the tagger's scores have for a word; where they say that it was passed by, and that the tagger's own
leaned to O before this added its own."""
PASSED = cython.declare(cython.int, 9)
AGAINST = cython.declare(cython.int, 10)
TOP = cython.declare(cython.int, 16383)
"""Where values end, so that no sum of products runs over (`training.second` sees to the weights); in `_second_lanes.h` too."""

# Where in the table the rows of each kind begin; sizes are powers of two.
HEAD = cython.declare(cython.uint, 1 << 14)
TAIL = cython.declare(cython.uint, (1 << 14) + (1 << 13))
SHAPE = cython.declare(cython.uint, 1 << 15)
CUE = cython.declare(cython.uint, (1 << 15) + (1 << 11))
FORM = cython.declare(cython.uint, (1 << 15) + (2 << 11))
GROUP = cython.declare(cython.uint, (1 << 15) + (3 << 11))
COARSE = cython.declare(cython.uint, (1 << 15) + (3 << 11) + 1024)
BITS = cython.declare(cython.uint, (1 << 15) + (3 << 11) + 1024 + 64)
PATTERN = cython.declare(cython.uint, (1 << 15) + (3 << 11) + 1024 + 96)
LOOKS = cython.declare(cython.uint, (1 << 15) + (3 << 11) + 1024 + 128)
ROWS = (1 << 15) + (3 << 11) + 1024 + 144

M1 = cython.declare(cython.uint, 0x9E3779B1)
M2 = cython.declare(cython.uint, 0x85EBCA6B)
M3 = cython.declare(cython.uint, 0xC2B2AE35)
FULL = cython.declare(cython.uint, 0xFFFFFFFF)
LANES = cython.declare(cython.ulonglong, 0x00FF00FF00FF00FF)

SIZES = (ROWS * 8, 4 * 7 * 64, 4 * 64, 4 * 64 * 64, 4 * 64, 16 * 64, 16)
"""How many numbers of each part there are: table, filters and their offsets, mixtures and theirs, scores and theirs."""


@cython.nogil
@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _mix(a: cython.uint, b: cython.uint) -> cython.uint:
    """Murmur's finaliser (Appleby, 2008), as the tagger's."""
    h: cython.uint = (a ^ ((b * M1) & FULL)) & FULL
    h = (h * M2) & FULL
    h ^= h >> 15
    h = (h * M3) & FULL
    h ^= h >> 13
    return h


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _uints(view: cython.uint[::1]) -> cython.p_uint:
    return cython.address(view[0]) if cython.compiled else view


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _shorts(view: cython.short[::1]) -> cython.p_short:
    return cython.address(view[0]) if cython.compiled else view


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _ints(view: cython.int[::1]) -> cython.p_int:
    return cython.address(view[0]) if cython.compiled else view


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _longs(view: cython.ulonglong[::1]) -> cython.p_ulonglong:
    return cython.address(view[0]) if cython.compiled else view


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _rows(
    key: cython.uint,
    looks: cython.uint,
    shape: cython.uint,
    head: cython.uint,
    tail: cython.uint,
    bits: cython.uint,
    group: cython.uint,
    cue: cython.uint,
    pattern: cython.uint,
    into: cython.p_uint,
) -> cython.int:
    """The rows of one word; how many."""
    n: cython.int = 8
    into[0] = _mix(key, 1) & 16383
    into[1] = HEAD + (_mix(head, 2) & 8191)
    into[2] = TAIL + (_mix(tail, 3) & 8191)
    into[3] = SHAPE + (_mix(shape, 4) & 2047)
    into[4] = CUE + (_mix(cue, 5) & 2047)
    into[5] = FORM + (_mix(_mix(pattern, looks & 31), 6) & 2047)
    into[6] = GROUP + (group & 1023)
    into[7] = COARSE + ((group >> 10) & 63)
    n = _bits(bits, BITS, into, n)
    n = _bits(pattern & 0xFFFFF, PATTERN, into, n)
    return _bits(looks & 0xFFF, LOOKS, into, n)


@cython.nogil
@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _bits(of: cython.uint, begin: cython.uint, into: cython.p_uint, n: cython.int) -> cython.int:
    """A row for each bit that is set, behind the `n` that are there."""
    while of:
        into[n] = begin + (lanes_lowest(of) if cython.compiled else (of & -of).bit_length() - 1)
        of &= of - 1
        n += 1
    return n


def rows_of(words):
    """`(rows, starts)` of all words, for whoever trains: those of word i begin at `starts[i]`."""
    into = array.array("I", bytes(4 * 96))
    rows = array.array("I")
    starts = array.array("i")
    i: cython.int
    count: cython.int
    for i in range(words.count):
        count = _rows(
            words.key[i], words.looks[i], words.shape[i], words.head[i], words.tail[i], words.bits[i], words.group[i],
            words.cue[i], words.pattern[i], _uints(into),
        )  # fmt: skip
        starts.append(len(rows))
        rows.extend(into[:count])
    return rows, starts


@cython.cclass
class Second:
    """The network, with room of its own: one a thread, which may share the numbers that it is given.

    `table` has signed bytes with 128 added, eight of a row in a number, each `times` / 65536 worth; the others are 16
    bits wide, offsets 32.
    """

    kept = cython.declare(tuple, visibility="readonly")
    times = cython.declare(cython.int)
    table = cython.declare(cython.ulonglong[::1])
    filters = cython.declare(cython.short[::1])
    shifts = cython.declare(cython.int[::1])
    mixtures = cython.declare(cython.short[::1])
    offsets = cython.declare(cython.int[::1])
    ends = cython.declare(cython.short[::1])
    leans = cython.declare(cython.int[::1])
    values = cython.declare(cython.short[::1])
    filtered = cython.declare(cython.short[::1])
    paired_filters = cython.declare(cython.short[::1])
    paired_mixtures = cython.declare(cython.short[::1])
    rows = cython.declare(cython.uint[::1])

    def __init__(self, times, table, filters, shifts, mixtures, offsets, ends, leans):
        if tuple(len(part) for part in (table, filters, shifts, mixtures, offsets, ends, leans)) != SIZES:
            raise ValueError("the network's numbers are not as many as they are")
        self.kept = times, table, filters, shifts, mixtures, offsets, ends, leans
        self.times = times
        self.table = table
        self.filters = filters
        self.shifts = shifts
        self.mixtures = mixtures
        self.offsets = offsets
        self.ends = ends
        self.leans = leans
        room = (LONGEST + 2 * REACH + 2 * SIDE) * CHANNELS
        self.values = lanes.aligned([0] * room)
        self.filtered = lanes.aligned([0] * room)
        self.rows = array.array("I", bytes(4 * 96))
        self.paired_filters = lanes.paired_filters(filters, LAYERS) if cython.compiled and LANES_WIDE else filters
        self.paired_mixtures = lanes.paired_mixtures(mixtures, LAYERS) if cython.compiled and LANES_WIDE else mixtures

    def look(self, words, scores) -> None:
        """Add to the tagger's `scores` (`Tagger.score`) what the network says of those words that have a chance."""
        count: cython.int = words.count
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
        into: cython.p_short = _shorts(scores)
        with cython.nogil:
            _look(self, count, key, looks, shape, head, tail, bits, group, cue, pattern, into)


@cython.nogil
@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _asked(scores: cython.p_short, i: cython.Py_ssize_t) -> cython.bint:
    at: cython.Py_ssize_t = i * WIDE
    least: cython.int = scores[at] + CHANCE
    t: cython.int
    if scores[at + PASSED]:
        return False
    for t in range(1, 9):
        if scores[at + t] > least:
            return True
    return False


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _look(
    second: Second,
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
    scores: cython.p_short,
) -> cython.void:
    # Taken once: a view that is handed on is copied, two hundred bytes each time.
    table: cython.p_ulonglong = _longs(second.table)
    filters: cython.p_short = _shorts(second.filters)
    shifts: cython.p_int = _ints(second.shifts)
    mixtures: cython.p_short = _shorts(second.mixtures)
    offsets: cython.p_int = _ints(second.offsets)
    paired_filters: cython.p_short = _shorts(second.paired_filters)
    paired_mixtures: cython.p_short = _shorts(second.paired_mixtures)
    ends: cython.p_short = _shorts(second.ends)
    leans: cython.p_int = _ints(second.leans)
    x: cython.p_short = _shorts(second.values)
    y: cython.p_short = _shorts(second.filtered)
    rows: cython.p_uint = _uints(second.rows)
    away = cython.declare(cython.int[288])
    times: cython.int = second.times
    i: cython.int = 0
    j: cython.int
    k: cython.int
    c: cython.int
    n: cython.int
    size: cython.int
    first: cython.int
    last: cython.int
    low: cython.int
    high: cython.int
    layer: cython.int
    beside: cython.int
    while i < count:
        if not _asked(scores, i):
            i += 1
            continue
        # Words that are asked for and whose neighbourhoods meet: nothing is worked out twice.
        first = last = i
        j = i + 1
        while j < count and j <= last + 2 * REACH and j < first + LONGEST and not looks[j] & 128:
            if _asked(scores, j):
                last = j
            j += 1
        # What they depend on, as far as their text goes; beyond it is nothing.
        low = first
        while low > 0 and low > first - REACH and not looks[low] & 128:
            low -= 1
        high = last + 1
        while high < count and high < last + 1 + REACH and not looks[high] & 128:
            high += 1
        size = high - low
        if size < FEWEST and looks[low] & 128 and (high >= count or looks[high] & 128):
            i = last + 1
            continue
        for k in range(size):
            away[k] = 0 if first <= low + k <= last and _asked(scores, low + k) else REACH + 1
        for k in range(1, size):
            away[k] = min(away[k], away[k - 1] + 1)
        for k in range(size - 2, -1, -1):
            away[k] = min(away[k], away[k + 1] + 1)
        for c in range(SIDE * CHANNELS):
            x[c] = 0
            x[(SIDE + size) * CHANNELS + c] = 0
        for k in range(size):
            j = low + k
            n = _rows(key[j], looks[j], shape[j], head[j], tail[j], bits[j], group[j], cue[j], pattern[j], rows)
            if cython.compiled and LANES_WIDE:
                lanes_sum(table, times, rows, n, x + (SIDE + k) * CHANNELS)
            else:
                _sum(table, times, rows, n, x, (SIDE + k) * CHANNELS)
        for layer in range(LAYERS):
            beside = REACH - (layer + 1) * SIDE
            for k in range(size):
                if away[k] > beside:
                    continue
                if cython.compiled and LANES_WIDE:
                    # Of each channel seven weights and a 0.
                    lanes_filter(paired_filters + layer * 512, shifts + layer * 64, x + k * 64, y + k * 64)
                else:
                    _filter(filters, shifts, layer, x, y, k)
            for k in range(size):
                if away[k] > beside:
                    continue
                if cython.compiled and LANES_WIDE:
                    lanes_blend(paired_mixtures + layer * 4096, offsets + layer * 64, y + k * 64, x + (SIDE + k) * 64)
                else:
                    _blend(mixtures, offsets, layer, y, x, k)
        for k in range(size):
            if away[k] == 0:
                _add(ends, leans, x, (SIDE + k) * CHANNELS, scores, cython.cast(cython.Py_ssize_t, low + k) * WIDE)
        i = last + 1


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _sum(
    table: cython.p_ulonglong,
    times: cython.int,
    rows: cython.p_uint,
    n: cython.int,
    x: cython.p_short,
    to: cython.Py_ssize_t,
) -> cython.void:
    """What is known of a word before its neighbours are: eight channels of a row at once, in lanes of 16 bits."""
    even = cython.declare(cython.ulonglong[8])
    odd = cython.declare(cython.ulonglong[8])
    at: cython.Py_ssize_t
    row: cython.ulonglong
    k: cython.int
    c: cython.int
    lane: cython.int
    v: cython.int
    for c in range(8):
        even[c] = 0
        odd[c] = 0
    for k in range(n):
        at = cython.cast(cython.Py_ssize_t, rows[k]) * 8
        for c in range(8):
            row = table[at + c]
            even[c] += row & LANES
            odd[c] += (row >> 8) & LANES
    for c in range(8):
        for lane in range(8):
            row = odd[c] if lane & 1 else even[c]
            v = cython.cast(cython.int, (row >> (8 * (lane & 6))) & 65535) - 128 * n
            v = (v * times) >> 8
            v = v if v > 0 else 0
            x[to + 8 * c + lane] = v if v < TOP else TOP


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _filter(
    w: cython.p_short, b: cython.p_int, layer: cython.int, x: cython.p_short, y: cython.p_short, word: cython.int
) -> cython.void:
    """Of each channel a sum along the text."""
    at: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, word) * 64
    f: cython.Py_ssize_t = layer * 7 * 64
    o: cython.Py_ssize_t = layer * 64
    c: cython.int
    v: cython.int
    for c in range(64):
        v = (
            b[o + c]
            + x[at + c] * w[f + c]
            + x[at + 64 + c] * w[f + 64 + c]
            + x[at + 128 + c] * w[f + 128 + c]
            + x[at + 192 + c] * w[f + 192 + c]
            + x[at + 256 + c] * w[f + 256 + c]
            + x[at + 320 + c] * w[f + 320 + c]
            + x[at + 384 + c] * w[f + 384 + c]
        ) >> 12
        v = v if v < TOP else TOP
        y[at + c] = v if v > -TOP else -TOP


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _blend(
    w: cython.p_short, b: cython.p_int, layer: cython.int, y: cython.p_short, x: cython.p_short, word: cython.int
) -> cython.void:
    """Of all channels a mixture for each, where it is more than nothing, on top of what is there."""
    at: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, word) * 64
    to: cython.Py_ssize_t = at + SIDE * 64
    m: cython.Py_ssize_t
    u: cython.int
    c: cython.int
    v: cython.int
    # A copy that nothing else can change stays in registers; sums first, then what is made of them, each eight at once.
    own = cython.declare(cython.short[64])
    sums = cython.declare(cython.int[64])
    for c in range(64):
        own[c] = y[at + c]
    for u in range(64):
        m = (layer * 64 + u) * 64
        v = 0
        for c in range(64):
            v += own[c] * w[m + c]
        sums[u] = v
    o: cython.Py_ssize_t = layer * 64
    for u in range(64):
        v = (sums[u] + b[o + u]) >> 12
        v = x[to + u] + (v if v > 0 else 0)
        x[to + u] = v if v < TOP else TOP


@cython.nogil
@cython.cfunc
@cython.exceptval(check=False)
def _add(
    w: cython.p_short,
    b: cython.p_int,
    x: cython.p_short,
    at: cython.Py_ssize_t,
    scores: cython.p_short,
    to: cython.Py_ssize_t,
) -> cython.void:
    t: cython.int
    c: cython.int
    v: cython.int
    against: cython.bint = True
    for t in range(1, 9):
        if scores[to + t] > scores[to]:
            against = False
    scores[to + AGAINST] = against
    for t in range(9):
        v = 0
        for c in range(64):
            v += x[at + c] * w[t * 64 + c]
        v = scores[to + t] + ((v + b[t]) >> 13)
        v = v if v < TOP else TOP
        scores[to + t] = v if v > -TOP else -TOP
