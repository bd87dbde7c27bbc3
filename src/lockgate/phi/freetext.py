"""Free text as the gateway shows it: each identifier replaced by its class.

A door to the engine (`finding`) that leans to recall: what stands here is shown to whoever asked, so that a number that
could be somebody's is masked though nothing says whose.
"""

from __future__ import annotations

from collections.abc import Iterable

from lockgate.phi._splicing import spliced
from lockgate.phi.finding import engine
from lockgate.phi.finding.engine import BETWEEN
from lockgate.phi.finding.folding import CONTROLS
from lockgate.phi.finding.naming import CLASSES
from lockgate.phi.operators import redacted

LEAN = 25
"""The working point: how much more than even the tagger leans to an identifier."""
_WORDS = {label: redacted(cls).encode() for label, cls in CLASSES.items()}


def load() -> None:
    """Read the engine's files, which every thread then shares. Raises ConfigError where one is missing or not whole."""
    engine()


def redact_text(text: str) -> str:
    """The text with every span replaced by its class, `[NAME]`."""
    changed = redact_values([text.encode()])[0]
    return text if changed is None else changed.decode()


def redact_values(values: list[bytes]) -> list[bytes | None]:
    """Many texts in UTF-8 at once, each with its spans replaced; None for a text that stays as it is.

    Raises UnicodeDecodeError where a value is not UTF-8: it is not shown then.
    """
    joined = BETWEEN.join(values)
    if joined.isascii() and len(joined) - len(joined.translate(None, CONTROLS)) == len(values) - 1:
        return _redact_joined(values, joined)
    out: list[bytes | None] = [None] * len(values)
    plain = [
        place for place, value in enumerate(values) if value.isascii() and value == value.translate(None, CONTROLS)
    ]
    texts = [values[place] for place in plain]
    for place, changed in zip(plain, _redact_joined(texts, BETWEEN.join(texts)), strict=True):
        out[place] = changed
    _redact_decoded(values, sorted(set(range(len(values))).difference(plain)), out)
    return out


def _redact_joined(values: list[bytes], joined: bytes) -> list[bytes | None]:
    """ASCII with nothing in it that is not seen is as it is when folded: the bytes are searched where they are."""
    found = engine().find_joined(joined, LEAN, strict=True)
    return spliced(values, joined, [(start, end, _WORDS[label]) for start, end, label in found])


def _redact_decoded(values: list[bytes], places: list[int], out: list[bytes | None]) -> None:
    texts = [values[place].decode() for place in places]
    of_text: dict[int, list[tuple[int, int, str]]] = {}
    for one in engine().find(texts, LEAN, strict=True):
        of_text.setdefault(one.doc, []).append((one.start, one.end, one.label))
    for doc, found in of_text.items():
        out[places[doc]] = _spliced(texts[doc], found)


def _spliced(text: str, found: Iterable[tuple[int, int, str]]) -> bytes:
    pieces: list[bytes] = []
    position = 0
    for start, end, label in found:
        pieces += (text[position:start].encode(), _WORDS[label])
        position = end
    pieces.append(text[position:].encode())
    return b"".join(pieces)
