"""The compiled parts of replacing and the same source run by the interpreter read and write the same."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.phi.replacing import _draws, _names, _pieces, _places, _roles
from lockgate.phi.vault import _chance, _free
from uncompiled import plain

NAMES, PIECES, DRAWS, PLACES, FREE = (plain(module) for module in (_names, _pieces, _draws, _places, _free))
WORDS = st.sampled_from(
    "Dr. Mrs. Maria ana SMITH, John Q. J.R. O'Brien smith's García-Núñez van der de la Jr. III MD PhD, RN-C LE DO Ng "
    "Anne-Marie 7th x2 हरि Ωmega d'Arc IKEA ab 'S ’s ( ) - \n".split(" ")
)
PLACE_WORDS = st.sampled_from(
    "12 14B Elm St. Street, Salem New York , NY 02139-4307 01970 Apt B Box 5th Calle Mayor 3 N Mercy General Hospital "
    "of Ward \u00c1ngeles \u0645\u062f\u064a\u0646\u0629 St-Denis ( ) - Oregon OR or x \n".split(" ")
)
TEXTS = st.lists(WORDS, max_size=7).map(" ".join)
FIELDS = ("text", "start", "end", "role", "key", "low", "kind", "sure")


def test_the_suite_runs_compiled():
    assert all(module.__file__.endswith(".so") for module in (_names, _roles, _pieces, _draws, _places, _free, _chance))


@given(TEXTS, st.sampled_from(["", "mrs", "dr", "mr"]))
@settings(deadline=None)
def test_names_are_read_alike(text, title):
    one, other = (module.read(text, title) for module in (_names, NAMES))
    for field in FIELDS:
        assert [getattr(t, field) for t in one.tokens] == [getattr(t, field) for t in other.tokens], field


@given(TEXTS, st.integers(0, 60))
@settings(deadline=None)
def test_so_are_titles(text, at):
    at = min(at, len(text))
    assert _names.title_before(text, at) == NAMES.title_before(text, at)


@given(st.lists(PLACE_WORDS, max_size=9).map(" ".join), st.sampled_from(["geo", "street", "city", "facility"]))
@settings(deadline=None)
def test_places_are_read_alike(text, what):
    assert _places.runs(text, what) == PLACES.runs(text, what)


@given(st.one_of(TEXTS, st.text()))
def test_values_are_spelt_alike(text):
    assert _free.normal(text) == FREE.normal(text) and _free.words(text) == FREE.words(text)


@given(st.text(), st.sampled_from(["word", "signs", "whole"]), st.sampled_from(["rossi", "a", "0099", "anna-lena b"]))
@settings(deadline=None)
def test_pieces_are_written_alike(like, how, surrogate):
    assert _pieces.canonical(like) == PIECES.canonical(like)
    new = []
    for module in (_pieces, PIECES):
        parts = ["<", module.Piece("name", "x", None, like, how), ">"]
        wanted: dict = {}
        module.asked(parts, wanted)
        assert list(wanted) == [("name", "x")]
        new.append(module.written(parts, {("name", "x"): surrogate}))
    assert new[0] == new[1]


def test_draws_widen_alike():
    for module in (_draws, DRAWS):
        draw = module.widening((("a", "b"), lambda rng: "two", lambda rng: "three"))
        drawn = [draw(random.Random(1)) for _ in range(20)]
        assert set(drawn[:9]) <= {"a", "b"} and drawn[9:] == ["two"] * 6 + ["three"] * 5
