"""Values with what was found in them replaced. Compiled: no step of the interpreter for a value that stays as it is."""

import cython


def spliced(values: list, joined: bytes, found: list) -> list:
    """Each value with its parts replaced, None for one that stays as it is.

    `joined` are the values with one byte between each two; `found` are `(start, end, what stands there instead)` in it,
    in order, none over the end of a value.
    """
    out: list = [None] * len(values)
    place: cython.Py_ssize_t = -1
    begin: cython.Py_ssize_t = 0
    after: cython.Py_ssize_t = 0
    position: cython.Py_ssize_t = 0
    start: cython.Py_ssize_t
    end: cython.Py_ssize_t
    value: bytes
    pieces: list = []
    for start, end, word in found:
        if start >= after:
            if pieces:
                pieces.append(joined[position : after - 1])
                out[place] = b"".join(pieces)
                pieces = []
            while start >= after:
                begin = after
                place += 1
                value = values[place]
                after = begin + len(value) + 1
            position = begin
        pieces.append(joined[position:start])
        pieces.append(word)
        position = end
    if pieces:
        pieces.append(joined[position : after - 1])
        out[place] = b"".join(pieces)
    return out
