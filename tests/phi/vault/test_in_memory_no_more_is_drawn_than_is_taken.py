"""A vault in memory tries one candidate at a time, by the rounds that a vault on disk asks for in bulk."""

from __future__ import annotations

from itertools import count

import pytest

from lockgate.errors import VaultError
from lockgate.phi.vault import MemoryVault
from lockgate.phi.vault.drawing import ROUNDS


def drawing(*candidates: str):
    """What is drawn, in that order, and how often it was asked."""
    asked = count()
    return lambda rng: candidates[min(next(asked), len(candidates) - 1)], asked


def test_a_candidate_that_is_free_is_the_only_one_that_is_drawn():
    draw, asked = drawing("rossi", "tanaka")
    assert MemoryVault().surrogates("a", [("name", "okonjo", draw)]) == ["rossi"]
    assert next(asked) == 1


def test_originals_their_parts_and_what_is_taken_are_passed_by():
    vault = MemoryVault()
    assert vault.surrogates("a", [("name", "maria", lambda rng: "rossi")]) == ["rossi"]
    draw, asked = drawing("rossi", "", "okonjo", "anna-maria", "tanaka")
    assert vault.surrogates("b", [("name", "okonjo", draw)]) == ["tanaka"]
    assert next(asked) == 5


def test_where_few_are_left_two_patients_may_share_one_but_never_one_patient():
    vault = MemoryVault()
    assert vault.surrogates("a", [("name", "okonjo", lambda rng: "rossi")]) == ["rossi"]
    assert vault.surrogates("b", [("name", "petrov", lambda rng: "rossi")]) == ["rossi"]
    draw, asked = drawing("rossi")
    with pytest.raises(VaultError):
        vault.surrogates("a", [("name", "haddad", draw)])
    assert next(asked) == sum(tries for _, tries in ROUNDS)
