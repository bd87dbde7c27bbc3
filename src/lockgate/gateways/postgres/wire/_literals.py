"""A statement's text with its literals taken out: two texts that differ in nothing else have one key. Compiled.

Deliberately narrower than PostgreSQL's lexer (scan.l, with standard_conforming_strings on): whatever is not plainly
an identifier, an operator, an integer or a simple string has no key, and is then parsed and analysed by itself. The
key says of each literal only its kind, by which the grammar tells them apart: an integer that fits four bytes, one
that fits eight, a string.
"""

import cython

INTEGER = 1
BIGINT = 2
STRING = 3


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _is_word(c: cython.int) -> cython.bint:
    return (97 <= c <= 122) or (65 <= c <= 90) or (48 <= c <= 57) or c == 95 or c >= 128


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _is_space(c: cython.int) -> cython.bint:
    return c == 32 or c == 10 or c == 13 or c == 9


def key_of(data: bytes, start: cython.Py_ssize_t, end: cython.Py_ssize_t):
    """`(key, literals)` of data[start:end], or None where the text is not plain enough."""
    p: cython.p_uchar = data
    at: cython.Py_ssize_t = start
    copied: cython.Py_ssize_t = start
    first: cython.Py_ssize_t
    c: cython.int
    before: cython.int = 32
    kind: cython.int
    value: cython.longlong
    literals: cython.int = 0
    after_string: cython.bint = False
    pieces = []
    while at < end:
        c = p[at]
        if c == 39:
            # E'…', U&'…', and strings continued on another line or with '' in them are not for here.
            if _is_word(before) or before == 38 or after_string:
                return None
            first = at
            at += 1
            while at < end and p[at] != 39:
                if p[at] == 92 or p[at] == 0:
                    return None
                at += 1
            at += 1
            if at > end or (at < end and p[at] == 39):
                return None
            pieces.append(data[copied:first])
            pieces.append(b"\x03")
            copied = at
            literals += 1
            before = 39
            after_string = True
            continue
        if 48 <= c <= 57 and not _is_word(before):
            if before == 46:
                return None
            first = at
            value = 0
            while at < end and 48 <= p[at] <= 57:
                if at - first >= 18:
                    return None
                value = value * 10 + (p[at] - 48)
                at += 1
            # 1.5, 1e5, 0x1F, 1_000; and the one integer whose kind depends on a minus before it
            if (at < end and (p[at] == 46 or _is_word(p[at]))) or value - 1 == 2147483647:
                return None
            kind = 1 if value <= 2147483647 else 2
            pieces.append(data[copied:first])
            pieces.append(b"\x01" if kind == 1 else b"\x02")
            copied = at
            literals += 1
            before = 48
            after_string = False
            continue
        if c == 34:
            if before == 38:
                return None
            at += 1
            while at < end and p[at] != 34:
                if p[at] < 32:
                    return None
                at += 1
            if at >= end:
                return None
        elif c == 59:
            # One statement: nothing but space behind its semicolon.
            first = at
            while at < end:
                if at > first and not _is_space(p[at]):
                    return None
                at += 1
            break
        elif c == 36 or c == 92 or (c < 32 and not _is_space(c)):
            return None
        elif (c == 45 and before == 45) or (c == 42 and before == 47):
            return None
        if not _is_space(c):
            after_string = False
        before = c
        at += 1
    if not literals:
        return data[start:end], 0
    pieces.append(data[copied:end])
    return b"".join(pieces), literals
