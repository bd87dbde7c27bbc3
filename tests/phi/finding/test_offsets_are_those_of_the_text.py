"""Whatever signs a text holds, spans are its own, in code points and in order; and what is unseen hides nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lockgate.phi.finding import engine
from lockgate.phi.finding.folding import fold

PIECES = st.sampled_from(
    [
        "Mrs. Okonjo",
        "911-22-3344",
        "3/4/2024",
        " ",
        "\n",
        "é",
        "ß",
        "Жук",
        "張偉",
        "🙂",
        "\u200b",
        "\u0301",
        "\0",
        "\u202e",
        "MRN",
        "٣",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=12).map("".join)


@given(TEXTS)
def test_a_folded_text_has_one_byte_for_each_code_point(text):
    assert len(fold(text)) == len(text)


@given(st.lists(TEXTS, max_size=5))
@settings(deadline=None)
def test_spans_lie_in_their_text_and_do_not_overlap(texts):
    spans = list(engine().find(texts))
    for one, following in pairwise(spans):
        assert one.doc < following.doc or (one.doc == following.doc and one.end <= following.start)
    for span in spans:
        assert 0 <= span.start < span.end <= len(texts[span.doc])


BESIDE = st.sampled_from(
    "100|555-0100|802 555 0139|(802)|+1|1-|x|12|14:20|at|March|4|2021|Smith-|John|fax|MRN:|of|-|@x.com|http|\n".split(
        "|"
    )
)
"""What says something of what stands beside it, and must not where a text ends between them."""


@given(
    st.lists(st.one_of(TEXTS, st.lists(BESIDE, max_size=6).map(" ".join), st.lists(BESIDE).map("".join)), max_size=5)
)
@example(["\0", "fд"])  # the space of the one text stood before the other
@settings(deadline=None, max_examples=500)
def test_texts_are_found_together_as_each_is_alone(texts):
    together = [(s.doc, s.start, s.end, s.label, s.score) for s in engine().find(texts)]
    alone = [(n, s.start, s.end, s.label, s.score) for n, text in enumerate(texts) for s in engine().find([text])]
    assert together == alone


@pytest.mark.parametrize(
    "hidden",
    ["911\u200b-22-3344", "911-2\u00ad2-3344", "９11-22-3344", "911‑22‑3344", "911–22–3344"],
    ids=["zero-width space", "soft hyphen", "full-width digit", "non-breaking hyphens", "dashes"],
)
def test_nothing_unseen_and_no_look_alike_hides_a_number(hidden):
    text = f"her number is {hidden} as before"
    spans = list(engine().find([text]))
    assert any(text[s.start : s.end] == hidden for s in spans)


def test_look_alikes_do_not_hide_a_name():
    text = "Mrs. Оkоnjо was seen. Dr. Реtrоv agrees."  # with Cyrillic letters
    assert len([s for s in engine().find([text]) if s.label == "NAME"]) == 2


def test_a_long_text_is_one_text():
    text = "No complaints today. " * 100_000 + "Call Mrs. Okonjo at 802-555-0139."
    spans = list(engine().find([text, "Mrs. Okonjo"]))
    assert {text[s.start : s.end] for s in spans if s.doc == 0} >= {"802-555-0139"}
    assert [s.doc for s in spans][-1] == 1


def test_a_million_empty_texts_are_nothing():
    assert list(engine().find([""] * 1_000_000)) == []
