"""A written name taken apart: which of its words are somebody's, and what each is. Compiled.

Titles, suffixes and particles stay. Whether a part is a given name or a surname, of a woman or of a man, is told by
where it stands, by its title and by how frequent it is as one.
"""

import re

import cython

from lockgate.phi.replacing.name_lists import (
    ARTICLES,
    DOUBTFUL,
    FEMALE_TITLES,
    GENERATIONS,
    MALE_TITLES,
    PARTICLES,
    SUFFIXES,
    TITLES,
    genders,
    surnames,
)
from lockgate.phi.replacing.pieces import SIGN, canonical

NEAR = cython.declare(cython.int, 12)
"""Signs before a name in which its title stands."""
_TOKEN = re.compile(rf"{SIGN}(?:{SIGN}|['’ʼ](?=[^\W\d_]))*")
_STAYING = TITLES | PARTICLES | ARTICLES | GENERATIONS
_PIECES = SUFFIXES | {"p", "c", "pc"}
_TOLD = _STAYING | _PIECES
"""A name without any of these is all somebody's."""
_POSSESSIVE = re.compile(r"['’ʼ]s$", re.IGNORECASE)


@cython.cclass
class Token:
    """A part of a name: `role` is `given`, `family`, `initials`, `number`, or empty for what stays.

    `key` is its canonical form, `low` its small letters, `kind` by what it is replaced (`given` and `family` only), and
    `sure` says that the name has more parts: its roles are told by places. `repr` shows nothing of it.
    """

    text = cython.declare(str, visibility="readonly")
    start = cython.declare(cython.Py_ssize_t, visibility="readonly")
    end = cython.declare(cython.Py_ssize_t, visibility="readonly")
    role = cython.declare(str, visibility="readonly")
    key = cython.declare(str, visibility="readonly")
    low = cython.declare(str, visibility="readonly")
    kind = cython.declare(str, visibility="readonly")
    sure = cython.declare(cython.bint, visibility="readonly")


@cython.no_gc
@cython.cclass
class Name:
    written = cython.declare(str, visibility="readonly")
    tokens = cython.declare(tuple, visibility="readonly")


def read(written: str, title: str = "") -> Name:
    """The parts of a name and what each is. `title`: the word before it, in small letters."""
    tokens: list = _ascii_tokens(written) if written.isascii() and written.isprintable() else _any_tokens(written)
    token: Token
    told: cython.bint = False
    for token in tokens:
        if token.low in _TOLD:
            told = True
    if told:
        _keep_what_is_no_name(written, tokens)
    named: list = [token for token in tokens if token.role == "name"]
    if len(named) == 1:
        _alone(written, tokens, named[0], title)
    elif named:
        _by_places(written, tokens, named)
    if named:
        _kinds(named, _gender(tokens, title), len(named) > 1)
    name: Name = Name()
    name.written = written
    name.tokens = tuple(tokens)
    return name


def title_before(whole, start: cython.Py_ssize_t) -> str:
    """The title right before a name, in small letters, or nothing."""
    text: str = str(whole)
    least: cython.Py_ssize_t = max(0, start - NEAR)
    at: cython.Py_ssize_t = start
    while at > least and text[at - 1].isspace():
        at -= 1
    if at > least and (text[at - 1] == "." or text[at - 1] == ":"):
        at -= 1
    end: cython.Py_ssize_t = at
    while at > least and text[at - 1].isalnum() and not text[at - 1].isdecimal():
        at -= 1
    word: str = text[at:end].lower()
    return word if word in TITLES else ""


@cython.cfunc
def _ascii_tokens(written: str) -> list:
    """Letters and digits, with an apostrophe between them that a letter follows."""
    tokens: list = []
    size: cython.Py_ssize_t = len(written)
    at: cython.Py_ssize_t = 0
    start: cython.Py_ssize_t
    joined: cython.bint
    while at < size:
        if not written[at].isalnum():
            at += 1
            continue
        start = at
        joined = False
        while at < size:
            if not written[at].isalnum():
                if written[at] != "'" or at + 1 >= size or not written[at + 1].isalpha():
                    break
                joined = True
            at += 1
        tokens.append(_token(written, start, at, joined))
    return tokens


@cython.cfunc
def _any_tokens(written: str) -> list:
    return [_token(written, found.start(), found.end(), True) for found in _TOKEN.finditer(written)]


@cython.cfunc
def _token(written: str, start: cython.Py_ssize_t, end: cython.Py_ssize_t, joined: cython.bint) -> Token:
    token: Token = Token()
    text: str = written[start:end]
    shown: cython.Py_ssize_t = end
    possessive = _POSSESSIVE.search(text) if joined and not text.isalnum() else None
    if possessive is not None:
        shown = end - (len(text) - possessive.start())
        text = text[: possessive.start()]
    if text[0].isdigit():
        token.role = "number"
    elif len(text) == 1 or (len(text) <= 3 and text.isupper() and _initials(written, start, end)):
        token.role = "initials"
    else:
        token.role = "name"
    token.text = text
    token.start = start
    token.end = shown
    token.low = text.lower()
    token.key = (canonical(text) or text) if joined else token.low
    token.kind = ""
    token.sure = False
    return token


@cython.cfunc
def _alone(written: str, tokens: list, token: Token, title: str):
    """The one name, beside titles or initials."""
    first: Token = tokens[0]
    one: Token
    beside: cython.bint = False
    for one in tokens:
        if one.role == "initials":
            beside = True
    titled: cython.bint = title in TITLES or (first.role == "" and first.low in TITLES)
    token.role = "family" if beside or titled or token.key not in genders() else "given"
    if beside and first is token and "," not in written:
        token.role = "given" if token.key in genders() else "family"


@cython.cfunc
def _by_places(written: str, tokens: list, named: list):
    token: Token
    first: Token = named[0]
    last: Token = named[len(named) - 1]
    known: dict = genders()
    comma: cython.Py_ssize_t = written.find(",")
    split: cython.Py_ssize_t = comma if comma > 0 and first.start < comma < last.start else -1
    surname: cython.Py_ssize_t = len(written)
    for token in tokens:
        if token.role == "" and token.low in PARTICLES:
            surname = token.start
            break
    double: cython.bint = not any(c.isspace() or c == "." for c in written)
    for token in named:
        if split > 0:
            token.role = "family" if token.start < split else "given"
        elif double or token.start > surname:
            token.role = "family"
        elif token is first or token is last:
            token.role = "given" if token is first else "family"
        else:
            token.role = "given" if token.key in known else "family"
    if split < 0 and len(named) == 2 and first.key not in known and last.key in known:
        first.role = "family"
        last.role = "given"


@cython.cfunc
def _kinds(named: list, gender: str, sure: cython.bint):
    token: Token
    for token in named:
        token.sure = sure
        token.kind = "family" if token.role == "family" else gender or genders().get(token.key, "given")


@cython.cfunc
def _gender(tokens: list, title: str) -> str:
    """As titles say it; empty where none does."""
    said: list = [title]
    token: Token
    for token in tokens:
        if token.role == "":
            said.append(token.low)
    if len(said) == 1 and not title:
        return ""
    if not FEMALE_TITLES.isdisjoint(said):
        return "female"
    return "" if MALE_TITLES.isdisjoint(said) else "male"


@cython.cfunc
def _keep_what_is_no_name(written: str, tokens: list):
    """Titles, credentials and particles stay, but *Don Ito*, *BEN HO* and *KIM DO* are names: in doubt, it is one."""
    mixed: cython.bint = not written.isupper() and not written.islower()
    first_suffix: cython.Py_ssize_t = len(tokens)
    place: cython.Py_ssize_t
    token: Token
    while first_suffix > 1 and _is_suffix(written, tokens[first_suffix - 1], tokens[first_suffix - 2], mixed):
        first_suffix -= 1
    for place in range(len(tokens)):
        token = tokens[place]
        low: str = token.low
        if place < first_suffix and low not in _STAYING:
            continue
        after: str = written[token.end : token.end + 1]
        named: cython.bint = low in genders() or low in surnames()
        behind: str = written[tokens[place - 1].end : token.start] if place else ""
        if (
            (low in TITLES and place == 0 and len(tokens) > 1 and (not named or after == "."))
            or (low in PARTICLES and place + 1 < len(tokens) and mixed and token.text.islower())
            or (low in ARTICLES and place + 1 < len(tokens) and not named)
            or (low in GENERATIONS and place)
            or (place >= first_suffix and (low not in DOUBTFUL or place > 1 or mixed))
            or (place >= first_suffix and low in "pc" and behind == "-")
        ):
            token.role = ""


@cython.cfunc
def _is_suffix(written: str, token: Token, before: Token, mixed: cython.bint) -> cython.bint:
    """A credential at the end: in capitals behind a comma or a name that is not in capitals; *PhD* anyhow."""
    low: str = token.low
    if low not in _PIECES:
        return False
    behind: str = written[before.end : token.start]
    if low in "pc" and behind == "-":
        return before.low in SUFFIXES
    if low not in SUFFIXES:
        return False
    named: cython.bint = low in genders() or low in surnames()
    return (token.text.isupper() and (mixed or "," in behind)) or (len(low) > 2 and not named)


@cython.cfunc
def _initials(written: str, start: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.bint:
    """Two or three capitals that stand alone, or beside words that are not in capitals."""
    rest: str = written[:start] + written[end:]
    if end - start < 3 and any(c.islower() for c in rest):
        return True
    key: str = canonical(written[start:end])
    if key in genders() or key in surnames():
        return False
    return not any(c.isalpha() for c in rest) or not rest.isupper()
