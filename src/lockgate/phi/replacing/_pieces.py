"""Pieces of written identifiers, and texts put together again from what stays and from surrogates. Compiled."""

import cython

from lockgate.phi.finding.folding import fold

_NO_SIGNS = bytes(code for code in range(256) if not (code < 128 and chr(code).isalnum()))
_SMALL = bytes(range(256)).lower()


@cython.no_gc
@cython.cclass
class Piece:
    """`kind`, `original` and `draw` are what a vault is asked; `like` is how the original was written. `repr` shows
    neither. `how`: `word` takes its capitals, `signs` its separators too, `whole` neither."""

    kind = cython.declare(str, visibility="readonly")
    original = cython.declare(str, visibility="readonly")
    draw = cython.declare(object, visibility="readonly")
    like = cython.declare(str, visibility="readonly")
    how = cython.declare(str, visibility="readonly")

    def __init__(self, kind, original, draw, like, how):
        self.kind = kind
        self.original = original
        self.draw = draw
        self.like = like
        self.how = how

    def __repr__(self):
        return f"Piece({self.kind})"


@cython.ccall
def canonical(written: str) -> str:
    """Small letters and digits only, without marks: how two ways to write one number are equal."""
    if not written.isascii():
        return fold(written).translate(_SMALL, _NO_SIGNS).decode()
    return written.lower() if written.isalnum() else written.encode().translate(_SMALL, _NO_SIGNS).decode()


@cython.ccall
def write(piece: Piece, surrogate: str) -> str:
    """The surrogate in the original's place, as the original was written."""
    if piece.how == "word":
        return _worded(surrogate, piece.like)
    if piece.how == "signs":
        return _signed(surrogate, piece.like)
    return surrogate


@cython.cfunc
def _worded(surrogate: str, like: str) -> str:
    if like.islower():
        return surrogate
    if like.isupper() and (len(like) > 1 or len(surrogate) == 1):
        return surrogate.upper()
    return surrogate.title()


@cython.cfunc
def _signed(surrogate: str, like: str) -> str:
    if len(like) == len(surrogate) and like.isdigit():
        return surrogate
    out: list = []
    at: cython.Py_ssize_t = 0
    for c in like:
        if not (c.isalnum() if c.isascii() else canonical(c)):
            out.append(c)
        elif at < len(surrogate):
            out.append(surrogate[at].upper() if c.isupper() else surrogate[at])
            at += 1
    return "".join(out) + surrogate[at:]


def asked(parts: list, wanted: dict) -> None:
    """Adds the pieces among the parts to what is `wanted`, by kind and original, each once."""
    for part in parts:
        if isinstance(part, Piece):
            piece: Piece = part
            wanted.setdefault((piece.kind, piece.original), piece)


def written(parts: list, surrogates: dict) -> list:
    """The parts as they are written in the new text; `surrogates` by kind and original."""
    out: list = []
    for part in parts:
        if isinstance(part, Piece):
            piece: Piece = part
            part = write(piece, surrogates[(piece.kind, piece.original)])
        out.append(part)
    return out
