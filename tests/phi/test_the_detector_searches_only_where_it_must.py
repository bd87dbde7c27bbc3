"""Many texts are searched at once, and each only by rules whose clues it shows: the result is that of every rule over
every text by itself."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.phi import _sift, redact_text, redact_values
from lockgate.phi.detect import _COMPILED, _RULES, detect
from lockgate.phi.operators import redacted
from uncompiled import plain

PLAIN_SIFT = plain(_sift)


def python_pattern(pattern: str) -> str:
    """The rule in Python's dialect, to make texts that match it."""
    return pattern.replace(r"[\p{L}'’-]", r"[a-zA-Zéß'’-]").replace(r"\d", "[0-9]")


MATCHES = st.one_of([st.from_regex(re.compile(python_pattern(rule[3])), fullmatch=True) for rule in _RULES])
WORDS = st.sampled_from(
    "a Mr. Dr: Smith, Ana née May mar 12 2024-01-02 555-0101 (555) 1/2/24 MRN acct 7 year old 90 SPRINGFIELD IL 62701 "
    "// www. @ É ſon, wife O’Neil ' \t \n - . 1.2.3.4 Oak Street signed by mother".split(" ")
)
TEXTS = st.lists(st.one_of(WORDS, MATCHES, st.text(max_size=6).filter(lambda t: "\0" not in t)), max_size=8).map(
    " ".join
)


def one_by_one(text: str) -> str:
    """What the rules say without clues and without neighbours."""
    spans = [(m.start(), m.start() - m.end(), label) for _, label, _, rule in _COMPILED for m in rule.finditer(text)]
    out, position = [], 0
    for start, negative, label in sorted(spans, key=lambda s: s[:2]):
        end = start - negative
        if start < position:
            position = max(position, end)
            continue
        out += (text[position:start], redacted(label))
        position = end
    return "".join(out) + text[position:]


@pytest.mark.parametrize("rule", range(len(_RULES)), ids=[rule[0] for rule in _RULES])
def test_whatever_matches_a_rule_shows_its_clues(rule):
    needs, pattern = _RULES[rule][2], _COMPILED[rule][3]

    @given(st.from_regex(re.compile(python_pattern(_RULES[rule][3]))), TEXTS, TEXTS)
    @settings(max_examples=150, deadline=None)
    def check(matching, before, after):
        for text in (matching, before + matching + after, f"{before} {matching} {after}"):
            if pattern.search(text):
                assert _sift.clues(text.encode()) & needs == needs

    check()


@given(st.lists(TEXTS, max_size=6))
@settings(max_examples=400, deadline=None)
def test_many_texts_are_redacted_as_each_is_alone(texts):
    changed = redact_values([text.encode() for text in texts])
    for text, after in zip(texts, changed, strict=True):
        assert (text if after is None else after.decode()) == one_by_one(text) == redact_text(text)


@given(st.lists(TEXTS, max_size=4))
@settings(deadline=None)
def test_spans_are_counted_in_code_points_and_never_overlap(texts):
    spans = detect(texts)
    for one, following in pairwise(spans):
        assert (one.doc, one.end) <= (following.doc, following.start) or one.doc < following.doc
    for span in spans:
        assert 0 <= span.start < span.end <= len(texts[span.doc])
        assert texts[span.doc][span.start : span.end] == texts[span.doc][span.start : span.end].strip()


@given(st.binary(max_size=60) | TEXTS.map(str.encode))
@settings(max_examples=400, deadline=None)
def test_compiled_and_plain_see_the_same_clues(text):
    assert _sift.clues(text) == PLAIN_SIFT.clues(text)


def test_the_suite_runs_compiled():
    assert _sift.__file__.endswith(".so")
