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

BASE32 = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MASK64 = 0xFFFFFFFFFFFFFFFF


@cython.cclass
class Column:
    """One masked column: `op` with its argument (a constant, a token's prefix, a suffix) or a callable."""

    index = cython.declare(cython.int, visibility="readonly")
    op = cython.declare(cython.int, visibility="readonly")
    argument = cython.declare(bytes, visibility="readonly")
    keep = cython.declare(cython.int, visibility="readonly")
    call = cython.declare(object, visibility="readonly")
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
        self.k0 = int.from_bytes(key[:8], "little")
        self.k1 = int.from_bytes(key[8:], "little")


@cython.cclass
class RowPlan:
    """Masked columns of a result of `width` columns, in order."""

    columns = cython.declare(list, visibility="readonly")
    width = cython.declare(cython.int, visibility="readonly")

    def __init__(self, columns, width):
        self.columns = sorted(columns, key=lambda c: c.index)
        self.width = width
        if any(not 0 <= c.index < width for c in columns):
            raise ValueError("a masked column lies outside of the result")


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _rotl(x: cython.ulonglong, b: cython.int) -> cython.ulonglong:
    return ((x << b) | (x >> (64 - b))) & cython.cast(cython.ulonglong, MASK64)


@cython.cfunc
@cython.exceptval(check=False)
def _siphash(
    p: cython.p_uchar, start: cython.Py_ssize_t, size: cython.Py_ssize_t, k0: cython.ulonglong, k1: cython.ulonglong
) -> cython.ulonglong:
    full: cython.ulonglong = cython.cast(cython.ulonglong, MASK64)
    v0: cython.ulonglong = k0 ^ cython.cast(cython.ulonglong, 0x736F6D6570736575)
    v1: cython.ulonglong = k1 ^ cython.cast(cython.ulonglong, 0x646F72616E646F6D)
    v2: cython.ulonglong = k0 ^ cython.cast(cython.ulonglong, 0x6C7967656E657261)
    v3: cython.ulonglong = k1 ^ cython.cast(cython.ulonglong, 0x7465646279746573)
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
@cython.locals(i=cython.int)
def _append_token(out: bytearray, prefix: bytes, value: cython.ulonglong):
    text: bytearray = bytearray(13)
    for i in range(13):
        text[12 - i] = BASE32[value & 31]
        value >>= 5
    out += (len(prefix) + 13).to_bytes(4, "big")
    out += prefix
    out += text


@cython.cfunc
def _append_integer(
    out: bytearray,
    p: cython.p_uchar,
    start: cython.Py_ssize_t,
    size: cython.Py_ssize_t,
    column: Column,
    width: cython.int,
):
    """A negative integer of the column's width: it meets no real key. Hashed over the decimal digits, so that the
    same number gets the same token in either format."""
    limit: cython.ulonglong
    value: cython.longlong
    if column.op == TOKEN_INTEGER_BINARY:
        digits = str(int.from_bytes(bytes(p[start : start + size]), "big", signed=True)).encode()
    else:
        digits = bytes(p[start : start + size])
    hashed = siphash_column(digits, column)
    if width == 2:
        limit = 0x7FFE
    elif width == 4:
        limit = 0x7FFFFFFE
    else:
        limit = 0x7FFFFFFFFFFFFFFE
    number = -1 - (hashed % limit) - 1
    if column.op == TOKEN_INTEGER_BINARY:
        out += width.to_bytes(4, "big")
        out += number.to_bytes(width, "big", signed=True)
    else:
        text = str(number).encode()
        out += len(text).to_bytes(4, "big")
        out += text


@cython.cfunc
def siphash_column(data: bytes, column: Column):
    p: cython.p_uchar = data
    return _siphash(p, 0, len(data), column.k0, column.k1)


@cython.cfunc
def _mask(
    out: bytearray, data: bytes, p: cython.p_uchar, at: cython.Py_ssize_t, size: cython.Py_ssize_t, column: Column
):
    """Append one masked value with its length; `size` is at least 0 (NULL never comes here)."""
    op: cython.int = column.op
    keep: cython.Py_ssize_t
    if op == TOKEN_TEXT:
        _append_token(out, column.argument, _siphash(p, at, size, column.k0, column.k1))
    elif op == CONSTANT:
        out += len(column.argument).to_bytes(4, "big")
        out += column.argument
    elif op == KEEP_FIRST:
        keep = column.keep if column.keep < size else size
        out += (keep + len(column.argument)).to_bytes(4, "big")
        out += data[at : at + keep]
        out += column.argument
    elif op == TOKEN_INTEGER_TEXT or op == TOKEN_INTEGER_BINARY:
        _append_integer(out, p, at, size, column, column.keep)
    elif op == CALL:
        masked = column.call(data[at : at + size])
        if masked is None:
            out += b"\xff\xff\xff\xff"
        else:
            out += len(masked).to_bytes(4, "big")
            out += masked
    else:
        out += b"\xff\xff\xff\xff"


def rewrite(data: bytes, start: cython.Py_ssize_t, plan: RowPlan):
    """Rewrite the run of whole DataRow messages at `start`: `(bytes for the client, where the run ended, rows)`."""
    p: cython.p_uchar = data
    size: cython.Py_ssize_t = len(data)
    at: cython.Py_ssize_t = start
    end: cython.Py_ssize_t
    position: cython.Py_ssize_t
    copied: cython.Py_ssize_t
    head: cython.Py_ssize_t
    length: cython.longlong
    value: cython.longlong
    rows: cython.Py_ssize_t = 0
    i: cython.int
    next_masked: cython.int
    count: cython.int = len(plan.columns)
    width: cython.int = plan.width
    columns: list = plan.columns
    column: Column
    out: bytearray = bytearray()
    while size - at >= 7 and p[at] == 68:
        length = _be32(p, at + 1)
        if length < 6:
            raise ProtocolError("a row has an impossible length")
        end = at + 1 + length
        if end > size:
            break
        if ((p[at + 5] << 8) | p[at + 6]) != width:
            raise ProtocolError("a row has another number of columns than its description")
        head = len(out)
        out += b"D\0\0\0\0"
        copied = at + 5
        position = at + 7
        next_masked = 0
        column = columns[0] if count else None
        for i in range(width):
            if end - position < 4:
                raise ProtocolError("a row is shorter than it says")
            value = _be32(p, position)
            if value >= 0x80000000:
                value -= 0x100000000
            if value < -1 or (value > 0 and value > end - position - 4):
                raise ProtocolError("a value is longer than its row")
            if next_masked < count and column.index == i:
                if column.op == 8:
                    # Computed from PHI: even whether it is NULL could tell (`nullif(ssn, …)`).
                    out += data[copied:position]
                    out += len(column.argument).to_bytes(4, "big")
                    out += column.argument
                    copied = position + 4 + (value if value > 0 else 0)
                elif value >= 0:
                    out += data[copied:position]
                    _mask(out, data, p, position + 4, value, column)
                    copied = position + 4 + value
                next_masked += 1
                if next_masked < count:
                    column = columns[next_masked]
            position += 4 + (value if value > 0 else 0)
        if position != end:
            raise ProtocolError("a row is longer than it says")
        out += data[copied:end]
        out[head + 1 : head + 5] = (len(out) - head - 1).to_bytes(4, "big")
        at = end
        rows += 1
    return out, at, rows
