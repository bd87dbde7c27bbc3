"""Columns repeat themselves: a short text is searched once, and what it holds is told of every row that has it."""

from __future__ import annotations

import pytest

from lockgate.phi import detect, searching
from lockgate.phi.finding import engine

NAMED, CLEAN, NUMBER = "Seen by Dr. Ana Okonjo on 3/4/2024.", "No pain.", "SSN 219-09-9999"


class Counting:
    def __init__(self):
        self.searched: list[str] = []

    def find(self, texts, bias, doubt):
        self.searched += texts
        return engine().find(texts, bias, doubt=doubt)


@pytest.fixture
def counting(monkeypatch):
    counter = Counting()
    monkeypatch.setattr(searching, "engine", lambda: counter)
    return counter


def alone(texts: list[str]) -> list[tuple[int, int, int, str]]:
    return [(row, one.start, one.end, one.label) for row, text in enumerate(texts) for one in engine().find([text])]


def told(texts: list[str]) -> list[tuple[int, int, int, str]]:
    return [(one.doc, one.start, one.end, one.label) for one in detect(texts)]


def test_rows_are_told_what_each_would_be_told_alone():
    texts = [NAMED, CLEAN, NUMBER, NAMED, "", NUMBER, CLEAN, NAMED] * 300
    assert told(texts) == alone(texts)
    assert told(texts)


def test_a_short_text_is_searched_once_in_all_the_column(counting):
    detect([NAMED, CLEAN] * 5000)
    assert sorted(counting.searched) == sorted([NAMED, CLEAN])


def test_a_long_text_is_not_kept_from_one_batch_to_the_next(counting):
    long = CLEAN * 100
    detect([long] * (searching.BATCH + 1))
    assert counting.searched == [long, long]


def test_where_nothing_repeats_itself_not_all_is_kept(monkeypatch):
    monkeypatch.setattr(searching, "MOST_KEPT", 3)
    texts = [f"Dr. Ana Okonjo, room {n}." for n in range(10)] * 2
    monkeypatch.setattr(searching, "BATCH", 4)
    assert told(texts) == alone(texts)
