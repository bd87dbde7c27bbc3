"""Rewriting of DataRow messages: walk, gather, replace; compiled, with no Python object for a value.

A plan says for each masked column which operator applies. Everything else is copied in the longest runs possible, so
that the cost is one pass over the bytes. Every length is checked against what is there: malformed rows raise
ProtocolError and nothing of the chunk passes.

Tokens are SipHash-2-4 (Aumasson and Bernstein, 2012) under a key of 16 bytes, 64 bits wide.
"""

import cython

from lockgate.errors import ProtocolError

NULL: cython.int = 1
CONSTANT: cython.int = 2
TOKEN_TEXT: cython.int = 3
TOKEN_INTEGER_TEXT: cython.int = 4
TOKEN_INTEGER_BINARY: cython.int = 5
KEEP_FIRST: cython.int = 6
CALL: cython.int = 7
CONSTANT_EVEN_NULL: cython.int = 8
BATCH: cython.int = 9

BASE32 = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Typed, or each use in a loop would convert a Python integer: a literal beyond 32 bits is an object to the compiler.
MASK64 = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
INIT0 = cython.declare(cython.ulonglong, 0x736F6D6570736575)
INIT1 = cython.declare(cython.ulonglong, 0x646F72616E646F6D)
INIT2 = cython.declare(cython.ulonglong, 0x6C7967656E657261)
INIT3 = cython.declare(cython.ulonglong, 0x7465646279746573)


@cython.cclass
class Column:
    """One masked column: `op` with its argument (a constant, a token's prefix, a suffix) or a callable.

    CALL is given one value and returns another, or None for NULL. BATCH is given every value of a run of rows that is
    not NULL, and returns as many, with None for a value that stays as it is.
    """

    index = cython.declare(cython.int, visibility="readonly")
    op = cython.declare(cython.int, visibility="readonly")
    argument = cython.declare(bytes, visibility="readonly")
    keep = cython.declare(cython.int, visibility="readonly")
    call = cython.declare(object, visibility="readonly")
    key = cython.declare(bytes)
    k0 = cython.declare(cython.ulonglong)
    k1 = cython.declare(cython.ulonglong)

    def __init__(self, index, op, argument=b"", key=b"\0" * 16, keep=0, call=None):
        if len(key) != 16:
            raise ValueError("a token key has 16 bytes")
        self.index = index
        self.op = op
        self.argument = argument
        self.keep = keep
        self.call = call
        self.key = key
        self.k0 = int.from_bytes(key[:8], "little")
        self.k1 = int.from_bytes(key[8:], "little")


@cython.cclass
class RowPlan:
    """Masked columns of a result of `width` columns, in order."""

    columns = cython.declare(list, visibility="readonly")
    width = cython.declare(cython.int, visibility="readonly")
    growth = cython.declare(cython.Py_ssize_t, visibility="readonly")
    batches = cython.declare(list)
    searches = cython.declare(cython.bint, visibility="readonly")

    def __init__(self, columns, width):
        self.columns = sorted(columns, key=lambda c: c.index)
        self.width = width
        self.growth = sum(len(c.argument) + 24 for c in columns)
        self.batches = [c for c in self.columns if c.op == BATCH]
        self.searches = bool(self.batches)
        if any(not 0 <= c.index < width for c in columns):
            raise ValueError("a masked column lies outside of the result")


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _rotl(x: cython.ulonglong, b: cython.int) -> cython.ulonglong:
    if cython.compiled:
        return (x << b) | (x >> (64 - b))
    return ((x << b) | (x >> (64 - b))) & MASK64


@cython.cfunc
@cython.exceptval(check=False)
def _siphash(
    p: cython.p_uchar, start: cython.Py_ssize_t, size: cython.Py_ssize_t, k0: cython.ulonglong, k1: cython.ulonglong
) -> cython.ulonglong:
    full: cython.ulonglong = MASK64
    v0: cython.ulonglong = k0 ^ INIT0
    v1: cython.ulonglong = k1 ^ INIT1
    v2: cython.ulonglong = k0 ^ INIT2
    v3: cython.ulonglong = k1 ^ INIT3
    word: cython.ulonglong
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    _r: cython.int
    rounds: cython.int
    blocks: cython.Py_ssize_t = size // 8
    for i in range(blocks + 2):
        if i < blocks:
            word = 0
            for j in range(8):
                word |= cython.cast(cython.ulonglong, p[start + i * 8 + j]) << (8 * j)
        elif i == blocks:
            word = cython.cast(cython.ulonglong, size & 0xFF) << 56
            for j in range(size - blocks * 8):
                word |= cython.cast(cython.ulonglong, p[start + blocks * 8 + j]) << (8 * j)
        else:
            word = 0
            v2 ^= 0xFF
        v3 ^= word
        rounds = 4 if i == blocks + 1 else 2
        for _r in range(rounds):
            v0 = (v0 + v1) & full
            v1 = _rotl(v1, 13) ^ v0
            v0 = _rotl(v0, 32)
            v2 = (v2 + v3) & full
            v3 = _rotl(v3, 16) ^ v2
            v0 = (v0 + v3) & full
            v3 = _rotl(v3, 21) ^ v0
            v2 = (v2 + v1) & full
            v1 = _rotl(v1, 17) ^ v2
            v2 = _rotl(v2, 32)
        v0 ^= word
    return v0 ^ v1 ^ v2 ^ v3


def siphash(data: bytes, key: bytes) -> int:
    """SipHash-2-4 of `data` under 16 bytes of key, as an unsigned 64-bit integer."""
    p: cython.p_uchar = data
    return _siphash(p, 0, len(data), int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little"))


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _be32(p: cython.p_uchar, at: cython.Py_ssize_t) -> cython.longlong:
    return (
        (cython.cast(cython.longlong, p[at]) << 24)
        | (cython.cast(cython.longlong, p[at + 1]) << 16)
        | (cython.cast(cython.longlong, p[at + 2]) << 8)
        | cython.cast(cython.longlong, p[at + 3])
    )


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _size_of(p: cython.p_uchar, at: cython.Py_ssize_t) -> cython.longlong:
    """A value's length: -1 for NULL."""
    n: cython.longlong = _be32(p, at)
    return n - 2147483647 - 2147483647 - 2 if n > 2147483647 else n


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _put32(o: cython.p_uchar, at: cython.Py_ssize_t, value: cython.Py_ssize_t) -> cython.Py_ssize_t:
    o[at] = (value >> 24) & 0xFF
    o[at + 1] = (value >> 16) & 0xFF
    o[at + 2] = (value >> 8) & 0xFF
    o[at + 3] = value & 0xFF
    return at + 4


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _copy(
    o: cython.p_uchar, at: cython.Py_ssize_t, p: cython.p_uchar, start: cython.Py_ssize_t, end: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Bytes `[start, end)` of p to o; the compiler makes a memcpy of it."""
    i: cython.Py_ssize_t
    for i in range(end - start):
        o[at + i] = p[start + i]
    return at + end - start


@cython.cfunc
@cython.exceptval(check=False)
def _put_token(
    o: cython.p_uchar,
    at: cython.Py_ssize_t,
    prefix: cython.p_uchar,
    size: cython.Py_ssize_t,
    letters: cython.p_uchar,
    value: cython.ulonglong,
) -> cython.Py_ssize_t:
    """Length, prefix and 13 characters of base 32 (Crockford's alphabet: no I, L, O, U)."""
    i: cython.int
    at = _put32(o, at, size + 13)
    at = _copy(o, at, prefix, 0, size)
    for i in range(13):
        o[at + 12 - i] = letters[value & 31]
        value >>= 5
    return at + 13


def _integer(digits: bytes, column: Column) -> bytes:
    """A negative integer of the column's width: it meets no real key. Hashed over the decimal digits, so that the same
    number gets the same token in either format."""
    width = column.keep
    if column.op == TOKEN_INTEGER_BINARY:
        digits = str(int.from_bytes(digits, "big", signed=True)).encode()
    limit = (1 << (8 * width - 1)) - 2
    number = -2 - siphash(digits, column.key) % limit
    return number.to_bytes(width, "big", signed=True) if column.op == TOKEN_INTEGER_BINARY else str(number).encode()


@cython.cfunc
def _gather(data: bytes, start: cython.Py_ssize_t, width: cython.int, wanted: cython.int) -> list:
    """The values of one column in the run of whole rows at `start`, without NULLs."""
    p: cython.p_uchar = data
    size: cython.Py_ssize_t = len(data)
    at: cython.Py_ssize_t = start
    position: cython.Py_ssize_t
    end: cython.Py_ssize_t
    length: cython.longlong
    n: cython.longlong
    _i: cython.int
    values: list = []
    while size - at >= 7 and p[at] == 68:
        length = _be32(p, at + 1)
        end = at + 1 + length
        if length < 6 or end > size:
            break
        if ((p[at + 5] << 8) | p[at + 6]) != width:
            raise ProtocolError("a row has another number of columns than its description")
        position = at + 7
        for _i in range(wanted + 1):
            if end - position < 4:
                raise ProtocolError("a row is shorter than it says")
            n = _size_of(p, position)
            if n < -1 or (n > 0 and n > end - position - 4):
                raise ProtocolError("a value is longer than its row")
            position += 4 + (n if n > 0 else 0)
        if n >= 0:
            values.append(data[position - n : position])
        at = end
    return values


@cython.cfunc
def _changed(data: bytes, start: cython.Py_ssize_t, width: cython.int, column: Column) -> list:
    """What the column's callable makes of all its values in the run; as many as there are, or nothing passes."""
    values = _gather(data, start, width, column.index)
    changed = column.call(values)
    if len(changed) != len(values):
        raise ProtocolError("a masked column has another number of values than it had")
    return changed


def rewrite(data: bytes, start: cython.Py_ssize_t, plan: RowPlan):
    """Rewrite the run of whole DataRow messages at `start`: `(bytes for the client, where the run ended, rows)`."""
    p: cython.p_uchar = data
    size: cython.Py_ssize_t = len(data)
    at: cython.Py_ssize_t = start
    end: cython.Py_ssize_t
    position: cython.Py_ssize_t
    copied: cython.Py_ssize_t
    head: cython.Py_ssize_t
    w: cython.Py_ssize_t = 0
    capacity: cython.Py_ssize_t
    length: cython.longlong
    n: cython.longlong
    rows: cython.Py_ssize_t = 0
    i: cython.int
    op: cython.int
    index: cython.int = -1
    next_masked: cython.int
    count: cython.int = len(plan.columns)
    width: cython.int = plan.width
    growth: cython.Py_ssize_t = plan.growth
    columns: list = plan.columns
    column: Column = None
    argument: bytes = b""
    prefix: cython.p_uchar
    hashed: cython.ulonglong
    letters: cython.p_uchar = BASE32
    # Looked up once, since they are the module's names for Python too.
    batch: cython.int = BATCH
    token: cython.int = TOKEN_TEXT
    constant: cython.int = CONSTANT
    even_null: cython.int = CONSTANT_EVEN_NULL
    # Whatever an operator writes is bounded but for CALL, which asks for room of its own.
    capacity = (size - start) + ((size - start) // (7 + 4 * width) + 1) * growth + 64
    replaced: dict = {}
    taken: dict = {}
    for column in plan.batches:
        replaced[column.index] = _changed(data, start, width, column)
        taken[column.index] = 0
        for masked in replaced[column.index]:
            if masked is not None:
                capacity += len(masked)
    out: bytearray = bytearray(capacity)
    o: cython.p_uchar = out
    while size - at >= 7 and p[at] == 68:
        length = _be32(p, at + 1)
        if length < 6:
            raise ProtocolError("a row has an impossible length")
        end = at + 1 + length
        if end > size:
            break
        if ((p[at + 5] << 8) | p[at + 6]) != width:
            raise ProtocolError("a row has another number of columns than its description")
        head = w
        o[w] = 68
        w += 5
        copied = at + 5
        position = at + 7
        next_masked = 0
        if count:
            column = columns[0]
            index = column.index
        for i in range(width):
            if end - position < 4:
                raise ProtocolError("a row is shorter than it says")
            n = _size_of(p, position)
            if n < -1 or (n > 0 and n > end - position - 4):
                raise ProtocolError("a value is longer than its row")
            if i == index and next_masked < count:
                op = column.op
                if op == batch:
                    masked = None
                    if n >= 0:
                        masked = replaced[i][taken[i]]
                        taken[i] += 1
                    if masked is not None:
                        w = _copy(o, w, p, copied, position)
                        copied = position + 4 + n
                        prefix = masked
                        w = _put32(o, w, len(masked))
                        w = _copy(o, w, prefix, 0, len(masked))
                elif n >= 0 or op == even_null:
                    w = _copy(o, w, p, copied, position)
                    copied = position + 4 + (n if n > 0 else 0)
                    argument = column.argument
                    prefix = argument
                    if op == token:
                        hashed = _siphash(p, position + 4, n, column.k0, column.k1)
                        w = _put_token(o, w, prefix, len(argument), letters, hashed)
                    elif op == constant or op == even_null:
                        w = _put32(o, w, len(argument))
                        w = _copy(o, w, prefix, 0, len(argument))
                    else:
                        masked = _by_hand(data[position + 4 : position + 4 + n], column)
                        if masked is None:
                            w = _put32(o, w, -1)
                        else:
                            if len(masked) > n:
                                out.extend(bytes(len(masked)))
                                o = out
                            prefix = masked
                            w = _put32(o, w, len(masked))
                            w = _copy(o, w, prefix, 0, len(masked))
                next_masked += 1
                if next_masked < count:
                    column = columns[next_masked]
                    index = column.index
            position += 4 + (n if n > 0 else 0)
        if position != end:
            raise ProtocolError("a row is longer than it says")
        w = _copy(o, w, p, copied, end)
        _put32(o, head + 1, w - head - 1)
        at = end
        rows += 1
    del out[w:]
    return out, at, rows


def _by_hand(value: bytes, column: Column):
    """The operators that are rare enough for Python objects: a keyed integer, a few leading bytes, a callable."""
    if column.op == CALL:
        return column.call(value)
    if column.op == TOKEN_INTEGER_TEXT or column.op == TOKEN_INTEGER_BINARY:
        return _integer(value, column)
    if column.op == KEEP_FIRST:
        return value[: column.keep] + column.argument
    return None
