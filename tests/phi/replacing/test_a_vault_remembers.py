"""What was drawn once for a patient's identifier stands for it ever after; the vault in memory is such a vault."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.errors import VaultError
from lockgate.phi.replacing.numbers import like
from lockgate.phi.vault import MemoryVault, Originals, SecretRandom, draw_offset

SIX = like("123456")


def test_the_same_ever_after_and_another_for_another_patient():
    vault = MemoryVault()
    mine = vault.surrogates("a", [("mrn", "123456", SIX), ("mrn", "654321", SIX)])
    assert vault.surrogates("a", [("mrn", "654321", SIX), ("mrn", "123456", SIX)]) == mine[::-1]
    assert vault.surrogates("b", [("mrn", "123456", SIX)]) != mine[:1]


def test_what_is_asked_twice_in_one_call_is_one():
    assert len(set(MemoryVault().surrogates("a", [("mrn", "123456", SIX)] * 3))) == 1


@given(st.lists(st.text("0123456789", min_size=2, max_size=2), unique=True, min_size=1, max_size=30), st.integers())
def test_no_surrogate_is_an_original_of_the_same_call_and_no_two_are_equal(originals, seed):
    vault = MemoryVault(random.Random(seed))
    found = vault.surrogates("a", [("mrn", one, lambda rng: f"{rng.randrange(100):02}") for one in originals])
    assert not set(found) & set(originals)
    assert len(set(found)) == len(found)


def test_an_original_of_anybody_is_no_surrogate():
    vault = MemoryVault()
    for patient in range(300):
        vault.surrogates(str(patient), [("mrn", f"{patient:03}", like("123"))])
    found = [vault.surrogates(f"new{n}", [("mrn", "999", like("123"))])[0] for n in range(900)]
    assert not {f"{number:03}" for number in range(300)} & set(found)
    assert max(map(len, found)) > 3, "where numbers of three digits run out, they become longer"


def test_nor_one_that_was_registered_before_it_was_asked_for():
    vault = MemoryVault()
    vault.register([f"{number:02}" for number in range(99)])
    assert vault.surrogates("a", [("mrn", "00", lambda rng: f"{rng.randrange(100):02}")]) == ["99"]


def test_a_part_of_a_surrogate_is_no_original_either():
    vault = MemoryVault()
    vault.register(["maria"])
    assert vault.surrogates("a", [("name", "x", lambda rng: rng.choice(["anna-maria", "anna-lena"]))]) == ["anna-lena"]


def test_a_draw_that_gives_only_the_original_is_refused_without_saying_it():
    with pytest.raises(VaultError) as refused:
        MemoryVault().surrogates("a", [("mrn", "7341906", lambda rng: "7341906")])
    assert "7341906" not in str(refused.value) + refused.value.hint


def test_what_is_known_of_a_dataset_stays_flat_in_memory_and_forgets_nothing(monkeypatch):
    monkeypatch.setattr("lockgate.phi.vault.originals.MOST_EXACT", 1000)
    monkeypatch.setattr("lockgate.phi.vault.originals.BITS", 1 << 17)
    known = Originals()
    for start in range(0, 10_000, 500):
        known.add(f"Name-{n}" for n in range(start, start + 500))
    assert all(f"name {n}" in known for n in range(10_000)), "however it is written"
    assert sum(f"other{n}" in known for n in range(10_000)) < 1000


def test_kinds_have_nothing_to_do_with_one_another():
    vault = MemoryVault(random.Random(3))
    assert vault.surrogates("a", [("mrn", "12", like("12"))]) != vault.surrogates("a", [("account", "12", like("12"))])


@given(st.integers())
def test_an_offset_is_never_nothing_nor_a_year(seed):
    days = draw_offset(random.Random(seed))
    assert 0 < abs(days) < 365


def test_a_patients_offset_stays():
    vault = MemoryVault()
    assert len({vault.offset("a") for _ in range(5)}) == 1
    assert len({vault.offset(str(n)) for n in range(50)}) > 10


def test_threads_agree():
    vault = MemoryVault()
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda n: tuple(vault.surrogates("a", [("mrn", "123456", SIX)])), range(200)))
    assert len(found) == 1


def test_randomness_that_is_fetched_ahead_is_even():
    rng = SecretRandom()
    counts = [0] * 10
    for _ in range(20_000):
        counts[rng.randrange(10)] += 1
    assert min(counts) > 1700 and max(counts) < 2300
