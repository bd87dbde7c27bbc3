"""What a text holds, seen in one pass over its bytes: enough to say which rules of `detect` could match it. Compiled.

A clue is necessary for the rules that name it, never sufficient: a rule is searched only in texts that show all its
clues, so that most texts are not searched at all. Texts are UTF-8; every clue is about ASCII bytes.
"""

import cython

AT = 1
LINK = 2
"""`//` or `w.`"""
YEAR = 4
"""four digits, `-`, a digit"""
RUN5 = 8
"""five digits on end"""
RUN7 = 16
PHONE = 32
"""three digits, one of ` -./`, four digits"""
SSN = 64
"""two digits, one of ` -./`, four digits"""
DOTTED = 128
"""digit, `.`, digit"""
TWICE = 256
"""digit, one of `-./`, digit: two of these"""
DIGIT = 512
MONTH = 1024
"""three letters that begin a month's name, the first a capital"""
CODE4 = 2048
"""four of `A-Z0-9-` on end"""
RECORD = 4096
"""`mrn` or `ord`, in any case"""
ACCOUNT = 8192
"""`acc`, `pol`, `mem` or `cla`, in any case"""
AGE = 16384
"""digit, one of ` -`, `y`"""
TITLED = 32768
"""the end of a title, then a space and a capital"""
RELATED = 65536
"""the end of `mother`, `contact`, `signed by` …, then a space and a capital"""
COMMA = 131072
"""a comma, a space and a capital"""
STREET = 262144
"""a digit, a space, a capital and a small letter"""


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _pair(a: cython.int, b: cython.int) -> cython.int:
    return (a << 8) | b


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _is_month(w: cython.int) -> cython.bint:
    """Of three bytes made small: jan, feb, …"""
    return (
        w == 0x6A616E
        or w == 0x666562
        or w == 0x6D6172
        or w == 0x617072
        or w == 0x6D6179
        or w == 0x6A756E
        or w == 0x6A756C
        or w == 0x617567
        or w == 0x736570
        or w == 0x6F6374
        or w == 0x6E6F76
        or w == 0x646563
    )


@cython.cfunc
@cython.exceptval(check=False)
def _behind_words(p: cython.p_uchar, at: cython.Py_ssize_t) -> cython.int:
    """For a capital at `at` with a space before it: clues from what stands before the space."""
    last: cython.Py_ssize_t = at - 2
    found: cython.int = 0
    w: cython.int
    if last < 0:
        return 0
    if 48 <= p[last] <= 57:
        found |= 262144
    if p[last] == 44:
        found |= 131072
        last -= 1
    if last >= 2:
        # daughter, sister; mother, father, brother; partner; caregiver; wife; husband; contact; named; … by; son, which
        # may be written with U+017F.
        w = (_pair(p[last - 2] | 32, p[last - 1] | 32) << 8) | p[last] | 32
        if (
            w == 0x746572
            or w == 0x686572
            or w == 0x6E6572
            or w == 0x766572
            or w == 0x696665
            or w == 0x616E64
            or w == 0x616374
            or w == 0x6D6564
            or w == 0x206279
            or w == 0x736F6E
            or (p[last - 2] >= 128 and w & 0xFFFF == 0x6F6E)
        ):
            found |= 65536
    last = at - 2
    if p[last] == 58:
        last -= 1
    if last >= 0 and p[last] == 46:
        last -= 1
    if last >= 1:
        # Dr, Mr, Mrs, Ms, Miss, Prof, Sr, Nurse, Doctor, Patient, Pt
        w = _pair(p[last - 1], p[last])
        if (
            w == 0x4472
            or w == 0x4D72
            or w == 0x7273
            or w == 0x4D73
            or w == 0x7373
            or w == 0x6F66
            or w == 0x5372
            or w == 0x7365
            or w == 0x6F72
            or w == 0x6E74
            or w == 0x5074
        ):
            found |= 32768
    return found


@cython.cfunc
@cython.exceptval(check=False)
def _clues(p: cython.p_uchar, size: cython.Py_ssize_t) -> cython.int:
    i: cython.Py_ssize_t
    c: cython.int
    before: cython.int = 0
    earlier: cython.int = 0
    window: cython.int = 0
    digits: cython.Py_ssize_t = 0
    ended: cython.Py_ssize_t = 0
    joined: cython.Py_ssize_t = 0
    code: cython.Py_ssize_t = 0
    pairs: cython.Py_ssize_t = 0
    w: cython.int
    found: cython.int = 0
    for i in range(size):
        c = p[i]
        window = ((window << 8) | (c | 32)) & 0xFFFFFF
        if 48 <= c <= 57:
            found |= 512
            code += 1
            if digits == 0:
                joined = 0
                if 48 <= earlier <= 57 and (before == 32 or 45 <= before <= 47):
                    joined = ended
                    if before != 32:
                        pairs += 1
                        if pairs >= 2:
                            found |= 256
                    if before == 45 and ended == 4:
                        found |= 4
                    elif before == 46:
                        found |= 128
            digits += 1
            if digits >= 4:
                if joined == 3:
                    found |= 32
                elif joined == 2:
                    found |= 64
                if digits >= 5:
                    found |= 8
                if digits >= 7:
                    found |= 16
        else:
            if digits:
                ended = digits
                digits = 0
            if 65 <= c <= 90:
                code += 1
                if before == 32:
                    w = _behind_words(p, i)
                    if w & 262144 and not (i + 1 < size and 97 <= p[i + 1] <= 122):
                        w ^= 262144
                    found |= w
            elif c == 45:
                code += 1
            else:
                code = 0
                if c == 64:
                    found |= 1
                elif (c == 47 and before == 47) or (c == 46 and before == 119):
                    found |= 2
                elif c == 121 and (before == 32 or before == 45) and 48 <= earlier <= 57:
                    found |= 16384
            if 65 <= earlier <= 90 and _is_month(window):
                found |= 1024
            if window == 0x6D726E or window == 0x6F7264:
                found |= 4096
            elif window == 0x616363 or window == 0x706F6C or window == 0x6D656D or window == 0x636C61:
                found |= 8192
        if code >= 4:
            found |= 2048
        earlier = before
        before = c
    return found


def clues(text: bytes) -> int:
    """All clues of one text, as bits."""
    p: cython.p_uchar = text
    return _clues(p, len(text))


def by_clues(texts: list) -> dict:
    """Where in `texts` which set of clues is found; most texts have one of few sets."""
    places: dict = {}
    text: bytes
    p: cython.p_uchar
    i: cython.Py_ssize_t
    for i in range(len(texts)):
        text = texts[i]
        p = text
        found = _clues(p, len(text))
        if found in places:
            places[found].append(i)
        else:
            places[found] = [i]
    return places
