"""A patient's names together: what each part of them is, and what stands in its place. Compiled."""

import cython

from lockgate.phi.replacing.draws import widening
from lockgate.phi.replacing.numbers import like
from lockgate.phi.replacing.pieces import Piece

NAME = "name"
"""What the vault calls a part of a name."""


@cython.cclass
class Roles:
    """What each part of a patient's names is, as the name says that tells it best; and with what letters they begin:
    those that surrogates are needed for."""

    letters = cython.declare(set, visibility="readonly")
    _of = cython.declare(dict)

    def __init__(self):
        self.letters = set()
        self._of = {}

    def learn(self, name) -> None:
        for token in name.tokens:
            if token.kind:
                known = self._of.get(token.text)
                if known is None or (token.sure and not known.sure):
                    self._of[token.text] = token
                self.letters.add(token.key[0])
            elif token.role == "initials":
                self.letters.update(token.key)

    @cython.cfunc
    def of(self, token) -> str:
        return self._of[token.text].kind


def parts(name, roles: Roles, letter: dict, ladder) -> list:
    """The name in parts; `letter` says which letter stands for which, `ladder` what is drawn for a kind and a letter."""
    out: list = []
    at: cython.Py_ssize_t = 0
    written: str = name.written
    for token in name.tokens:
        if not token.role:
            continue
        if at < token.start:
            out.append(written[at : token.start])
        at = token.end
        if token.kind:
            draw = widening(ladder(roles.of(token), letter[token.key[0]]))
            out.append(Piece(NAME, token.key, draw, token.text, "word"))
        elif token.role == "initials":
            initials: str = "".join([letter[one] for one in token.key])
            out.append(initials if token.text.islower() else initials.upper())
        else:
            out.append(Piece("number", token.key, like("1" * len(token.key)), token.text, "signs"))
    if at < len(written):
        out.append(written[at:])
    return out
