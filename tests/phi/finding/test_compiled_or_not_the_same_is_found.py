"""The compiled passes and the same source run by the interpreter give the same words, forms, tags and spans."""

from __future__ import annotations

import array
import re
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.phi.finding import (
    _cued,
    _dated,
    _mended,
    _named,
    _numbered,
    _patterns,
    _placed,
    _signed,
    _spans,
    _tagger,
    _words,
)
from lockgate.phi.finding.folding import fold
from lockgate.phi.finding.model import load_lexicon, load_tagger
from uncompiled import plain

WORDS, PATTERNS, TAGGER, SPANS = (plain(module) for module in (_words, _patterns, _tagger, _spans))
PASSES = [
    (getattr(module, name), getattr(plain(module), name))
    for module, name in (
        (_cued, "announced"),
        (_signed, "signed"),
        (_dated, "dated"),
        (_numbered, "numbered"),
        (_named, "named"),
        (_placed, "placed"),
        (_mended, "mended"),
    )
]
WRITTEN = (
    "Mrs. O'Brien Smith, dose of 3/4/2024 04-Mar-21 March 4th 802-555-0139 (802) 911-22-3344 a@b.org "
    "http://x.y/z 10.1.2.3 mrn3398107 H23-0041877 4111 1111 E11.9 120/80 14:20 at 0346 SmithJohn \n \n\n : # "
    "-- .... é A Jr , ( ) Calle 3o s / n WA 98310 Spain 93 yo age: Tues . Suite 12 ext. Saint Hospital of ^ "
    "van Phone: fax + 451 5986 ZIP corner Avenue Apt 004 KNIVSTA 18237 Belgium Inc & NAME: PT UM K AKM vt / "
    "SSN: 219 09 9999 Saint-Fleur , A. K. de Oca M 10/9 Hye-won 72.188.402 PDM-H-0034 7.VI.2024 renata71 "
    "hprins_lb CST 7a-7p April of '19 thousand eighteen HS clinic 's Circle \" \""
).split(" ")
PIECES = st.sampled_from(WRITTEN)
TEXTS = st.lists(PIECES, max_size=14).map(" ".join)
FIELDS = ("start", "end", "key", "looks", "shape", "head", "tail", "bits", "group", "cue", "pattern")


@cache
def known_words() -> tuple[array.array, array.array, array.array]:
    """A lexicon of the pieces' words and the months, with what the one that ships knows of them."""
    whole, size = load_lexicon(), 1 << 10
    keys, bits, groups = (array.array("I", bytes(4 * size)) for _ in range(3))
    for word in {*re.findall(r"[a-z]+", " ".join(WRITTEN).lower()), "mar", "may", "apr"}:
        key = _words.hash_of(word.encode())
        at = key & (size - 1)
        while keys[at] and keys[at] != key:
            at = (at + 1) & (size - 1)
        keys[at], bits[at], groups[at] = key, whole.bits_of(word.encode()), whole.group_of(word.encode())
    return keys, bits, groups


def test_the_suite_runs_compiled():
    assert all(
        module.__file__.endswith(".so")
        for module in (_words, _patterns, _tagger, _spans, _cued, _signed, _dated, _numbered, _named, _placed, _mended)
    )


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_words_and_forms(text):
    folded = fold(text)
    known = known_words()
    compiled, other = _words.Words(), WORDS.Words()
    assert _words.scan(folded, compiled, _words.Lexicon(*known)) == WORDS.scan(folded, other, WORDS.Lexicon(*known))
    _patterns.mark(folded, compiled)
    PATTERNS.mark(folded, other)
    for field in FIELDS:
        assert list(getattr(compiled, field)[: compiled.count]) == list(getattr(other, field)[: other.count]), field


@given(TEXTS)
@settings(max_examples=25, deadline=None)
def test_tags_and_spans(text):
    folded = fold(text)
    words = _words.Words()
    _words.scan(folded, words, load_lexicon())
    _patterns.mark(folded, words)
    compiled = load_tagger()
    other = TAGGER.Tagger(compiled.kept, list(compiled.stepped))
    compiled.tag(words, 0)
    other.tag(words, 0)
    assert list(compiled.tags[: words.count]) == list(other.tags[: words.count])
    one, two = (
        module.build(folded, words, array.array("B", compiled.tags), compiled.margins) for module in (_spans, SPANS)
    )
    assert one.count == two.count
    for field in ("start", "end", "tag"):
        assert list(getattr(one, field)[: one.count]) == list(getattr(two, field)[: two.count])


@given(TEXTS, st.lists(st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 7]), min_size=80, max_size=80))
@settings(max_examples=100, deadline=None)
def test_what_tags_grow_to(text, tags):
    folded = fold(text)
    words = _words.Words()
    _words.scan(folded, words, load_lexicon())
    _patterns.mark(folded, words)
    given = (tags * (words.count // len(tags) + 1))[: words.count]
    compiled, other = array.array("B", given), array.array("B", given)
    for one, two in PASSES:
        one(folded, words, compiled)
        two(folded, words, other)
        assert compiled == other
