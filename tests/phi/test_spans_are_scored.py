"""What is found against what people marked: figures that can be worked out by hand from four short texts."""

from __future__ import annotations

import pytest

from lockgate.phi.scoring import Score

TEXTS = {
    # id: (text, marks, found); places are given as what stands there
    "a": (
        "Seen by Ana Okonjo on 3/4/2024 at Elm.",
        [("Ana Okonjo", "NAME"), ("3/4/2024", "DATE"), ("Elm", "FACILITY")],
        [("Okonjo", "NAME"), ("on ", "NAME"), ("3/4/2024", "DATE"), ("Elm", "GEO")],
    ),
    "b": ("Dr. Ruiz, age 44", [("Ruiz", "NAME"), ("44", "AGE")], [("Dr. Ruiz", "NAME"), ("44", "AGE")]),
    "c": ("Foley placed.", [], [("Foley", "NAME")]),
    "d": ("No pain.", [], []),
}


def spans(text: str, places: list[tuple[str, str]]) -> list[tuple[int, int, str]]:
    return [(text.rindex(value), text.rindex(value) + len(value), label) for value, label in places]


def scored(**options) -> Score:
    score = Score(**options)
    for id, (text, marks, found) in TEXTS.items():
        score.add(id, text, spans(text, marks), spans(text, found))
    return score


def test_the_figures_are_those_of_a_count_by_hand():
    assert scored(ignored={"AGE"}).figures() == {
        "documents": 4,
        "marks": 4,  # Ana Okonjo, 3/4/2024, Elm, Ruiz; the age is ignored, and so is what was found of it
        "found": 6,  # Okonjo, on, 3/4/2024, Elm, Dr. Ruiz, Foley
        "covered": 3 / 4,  # of Ana Okonjo only a part
        "overlap": 4 / 4,
        "typed": 3 / 4,  # Elm was taken for a place of another label
        "character_recall": 21 / 24,  # 6 + 8 + 3 + 4 of 9 + 8 + 3 + 4: spaces do not count
        "character_precision": 21 / 31,  # and on, Dr., Foley: 2 + 3 + 5
        "span_precision": 4 / 6,
        "whole_documents": 1 / 2,
        "documents_without_marks": 2,
        "touched": 1 / 2,
    }


def test_an_age_that_is_not_ignored_counts():
    figures = scored().figures()
    assert (figures["marks"], figures["found"]) == (5, 7)
    assert figures["covered"] == 4 / 5
    assert figures["character_precision"] == 23 / 33


def test_labels_of_one_class_are_of_one_type():
    assert scored(classes={"FACILITY": "geo", "GEO": "geo"}).labels()["FACILITY"]["typed"] == 1


def test_by_label_the_most_frequent_first():
    labels = scored().labels()
    assert list(labels) == ["NAME", "AGE", "DATE", "FACILITY"]
    assert labels["NAME"] == {"marks": 2, "covered": 0.5, "overlap": 1, "typed": 1, "character_recall": 10 / 13}


def test_a_document_whose_marks_are_all_ignored_is_one_without():
    score = Score(ignored={"AGE"})
    score.add("b", "Age 44", [(4, 6, "AGE")], [(4, 6, "AGE")])
    assert (score.figures()["documents_without_marks"], score.touched) == (1, 0)


def test_what_touches_a_mark_and_what_is_ignored_is_judged_by_the_mark_alone():
    score = Score(ignored={"AGE"})
    score.add("b", "Ruiz, 44", [(0, 4, "NAME"), (6, 8, "AGE")], [(0, 8, "NAME")])
    assert (score.marked_characters, score.hit_characters, score.found_characters) == (4, 4, 5)  # Ruiz and its comma


def test_what_is_found_beyond_the_text_or_twice_is_cut_and_counted_once():
    score = Score()
    score.add("a", "Ana", [(0, 3, "NAME")], [(0, 99, "NAME"), (-4, 3, "NAME"), (2, 2, "NAME")])
    assert (score.found_spans, score.hit_characters) == (1, 3)


def test_a_mark_outside_of_its_text_is_refused_without_showing_either():
    with pytest.raises(ValueError, match="a mark of text a lies outside of it") as refused:
        Score().add("a", "Ana Okonjo", [(4, 11, "NAME")], [])
    assert "Okonjo" not in str(refused.value)


def test_figures_of_nothing_are_none():
    figures = Score().figures()
    assert figures["covered"] is None and figures["touched"] is None


def test_misses_and_false_alarms_are_kept_when_asked_for():
    score = scored(keep=1)
    assert [one.value for one in score.missed] == ["Ana Okonjo"]
    assert [one.value for one in score.alarms] == ["on "]
    assert scored().missed == []
