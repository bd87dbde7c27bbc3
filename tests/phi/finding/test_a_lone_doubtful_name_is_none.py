"""A sentence with nothing but names by a hair is about nobody (decision 41); where anything is masked, doubt masks."""

from __future__ import annotations

import array

import pytest
from training.marks import all_documents

from lockgate.phi import deidentify, detect
from lockgate.phi.finding import engine
from lockgate.phi.finding._patterns import mark
from lockgate.phi.finding._spans import build, listed
from lockgate.phi.finding._words import Words, scan
from lockgate.phi.finding.engine import BETWEEN
from lockgate.phi.finding.folding import fold
from lockgate.phi.finding.model import load_lexicon

NAME, DATE = 1, 4
SURE, BARELY = 2000, 300


def spans(texts: list[str], given: dict[str, tuple[int, int]], doubt: bool = True) -> list[str]:
    """What is found where these words have this tag and this margin."""
    folded, words = BETWEEN.join(fold(text) for text in texts), Words()
    scan(folded, words, load_lexicon())
    mark(folded, words)
    tags, margins = array.array("B", bytes(words.count)), array.array("i", [SURE] * words.count)
    for i in range(words.count):
        word = folded[words.start[i] : words.end[i]].decode()
        if word in given:
            tags[i], margins[i] = given[word]
    found = build(folded, words, tags, margins, False, None, doubt)
    return [folded[start:end].decode() for start, end, _ in listed(found)]


ASKED = "is it worth doing a fick here today"
TOLD = "told quillfeather on march about it again"


def test_a_name_by_a_hair_alone_is_none():
    assert spans([ASKED], {"fick": (NAME, BARELY)}) == []
    assert spans([ASKED], {"fick": (NAME, SURE)}) == ["fick"]
    assert spans([ASKED], {"fick": (NAME, BARELY)}, doubt=False) == ["fick"]


def test_with_anything_else_it_stands():
    assert spans([TOLD], {"quillfeather": (NAME, BARELY), "march": (DATE, BARELY)}) == ["quillfeather", "march"]
    assert spans([TOLD], {"quillfeather": (NAME, BARELY), "again": (NAME, SURE)}) == ["quillfeather", "again"]


def test_two_words_are_more_than_one():
    assert spans(["told rosa quillfeather about it"], {"rosa": (NAME, BARELY), "quillfeather": (NAME, BARELY)}) == [
        "rosa quillfeather"
    ]


@pytest.mark.parametrize("before", [[], [ASKED], ["nothing here"], [TOLD]])
@pytest.mark.parametrize("behind", [[], [TOLD], ["nothing here"]])
def test_each_text_is_judged_by_itself(before, behind):
    given = {"fick": (NAME, BARELY), "quillfeather": (NAME, BARELY), "march": (DATE, BARELY)}
    alone = [span for text in (*before, ASKED, *behind) for span in spans([text], given)]
    assert spans([*before, ASKED, *behind], given) == alone


def test_the_cell_of_a_column_is_not_doubted():
    assert spans(["fick"], {"fick": (NAME, BARELY)}) == ["fick"]


def test_what_masks_does_not_go_by_it():
    texts = [doc.text for doc in all_documents(True) if not doc.spans]
    doubted = [text for text in texts if engine().spans([text])[0] and not detect([text])]
    assert len(doubted) > 5
    for text in doubted:
        assert deidentify([text])[0] != text, "whatever is doubted is masked"
