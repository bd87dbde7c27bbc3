"""The table of the ablation: what is found without a part, of texts held out and of texts that are made."""

from __future__ import annotations

from training.ablation import VARIANTS, WHOLE, row
from training.measure import Score

TEXT = "Rosa Petrov called on 3/4/2024"


def test_a_row_says_what_its_two_sources_hold():
    held, of_generator = Score(), Score()
    held.add("a", TEXT, [(0, 11, "NAME"), (22, 30, "DATE")], [(0, 11, ""), (12, 18, "")])
    held.add("b", TEXT, [(0, 11, "NAME")], [(0, 11, "")])
    of_generator.add("c", TEXT, [(0, 11, "NAME"), (22, 30, "DATE")], [(22, 30, "")])
    # Two of three covered, 20 of 26 letters right, one of two documents whole; one of two covered, all right.
    assert row("without x", [held, of_generator]) == "| without x | 0.667 | 0.769 | 0.50 | 0.500 | 1.000 |"


def test_a_variant_that_finds_nothing_has_a_row_too():
    nothing = Score()
    nothing.add("a", TEXT, [(0, 11, "NAME")], [])
    assert row("nothing", [nothing, nothing]) == "| nothing | 0.000 | 0.000 | 0.00 | 0.000 | 0.000 |"


def test_each_variant_leaves_something_out_or_adds_the_second_look():
    kept = [name for name, parts in VARIANTS.items() if parts == WHOLE]
    assert kept == ["everything", "everything, and the second look"]
