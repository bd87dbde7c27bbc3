"""The texts that the engine is trained and measured on: enough of them, a quarter held out, every mark well formed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def marks():
    sys.path.insert(0, str(ROOT))
    try:
        from training import marks
    finally:
        sys.path.remove(str(ROOT))
    return marks


def test_there_are_enough_and_a_quarter_is_held_out(marks):
    trained, held = len(marks.all_documents(False)), len(marks.all_documents(True))
    assert trained + held >= 400
    assert held >= (trained + held) / 4


@pytest.mark.parametrize("held", [False, True])
def test_marks_are_whole_and_in_order(marks, held):
    for doc in marks.all_documents(held):
        end = 0
        for start, stop, _ in doc.spans:
            assert end <= start < stop <= len(doc.text), doc.id
            assert doc.text[start:stop].strip(), doc.id
            end = stop


def test_no_two_texts_are_the_same(marks):
    docs = [doc.text for held in (False, True) for doc in marks.all_documents(held)]
    assert len(set(docs)) == len(docs)


def test_a_mark_that_is_not_closed_is_an_error(marks):
    with pytest.raises(ValueError, match="not closed"):
        marks.parse("x", "seen by [[NAME|Okonjo today")
    with pytest.raises(ValueError, match="no label"):
        marks.parse("x", "[[PERSON|Okonjo]]")
