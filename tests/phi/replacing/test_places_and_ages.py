"""Streets, towns, ZIP codes, institutions and ages: what kind of place it is stays, which one it is does not."""

from __future__ import annotations

import re

import pytest

from lockgate.phi.finding import Found
from lockgate.phi.replacing import MemoryVault, Profile, Standard, named, replace
from lockgate.phi.replacing.ages import capped, generalised


def place(written: str, label: str = "GEO", profile: Profile | None = None) -> str:
    spans = [Found(0, 0, len(written), label, "test", 1.0)]
    return replace([written], spans, profile or named("safe-harbor"), MemoryVault(), ["p"])[0].text


@pytest.mark.parametrize(
    ("written", "shape"),
    [
        ("18 Maple Terrace Apt 2B", r"\d\d [A-Z][a-z]+ Terrace Apt \d[A-Z]"),
        ("Montpelier", r"([A-Z][a-z]+ )?[A-Z][a-z]+"),
        ("MONTPELIER VT", r"[A-Z ]+ VT"),
        ("Montpelier, VT 05602", r"[A-Za-z ]+, VT 056"),
        ("18 Maple Ter, Montpelier, VT 05602-1234", r"\d\d [A-Z][a-z]+ Ter, [A-Za-z ]+, VT 056"),
        ("Concord, New Hampshire 03301", r"[A-Za-z ]+, New Hampshire 033"),
        ("PO Box 123, Barre", r"PO Box \d{3}, [A-Za-z ]+"),
        ("1200 N. Lake Shore Dr., Chicago IL", r"\d{4} N\. [A-Z][a-z]+ Dr\., [A-Za-z ]+ IL"),
        ("Calle Mayor 12", r"Calle [A-Z][a-z]+ \d\d"),
        ("12 Broadway", r"\d\d [A-Z][a-z]+"),
    ],
)
def test_addresses(written, shape):
    found = place(written)
    assert re.fullmatch(shape, found)
    assert not {"Maple", "Montpelier", "Lake", "Shore", "Mayor", "Broadway", "Barre", "Concord"} & set(found.split())


@pytest.mark.parametrize(
    ("written", "stays"),
    [
        ("Tamarack Internal Medicine Associates", "Internal Medicine Associates"),
        ("Granite Street Pharmacy", "Pharmacy"),
        ("St. Mary's Hospital", "Hospital"),
        ("Oakhollow Family Practice", "Family Practice"),
        ("Children's Hospital of Philadelphia", "Children's Hospital of"),
        ("General Hospital", "Hospital"),
        ("VA Medical Center", "Medical Center"),
    ],
)
def test_institutions(written, stays):
    found = place(written, "FACILITY")
    assert stays in found and found != written


@pytest.mark.parametrize(
    "written", ["New York", "Washington", "北京", "Elm & 5th", "Park", "12 Plaza", "MGH", "the Hills"]
)
def test_what_was_found_is_not_left(written):
    assert place(written) != written
    assert place(written, "FACILITY") != written


@pytest.mark.parametrize(
    ("written", "left"), [("05602", "056"), ("05602-1234", "056"), ("82101", "000"), ("03601", "000")]
)
def test_a_zip_code_keeps_three_digits_unless_few_live_there(written, left):
    """164.514(b)(2)(i)(B), by the list of 2020."""
    assert place(written) == left


def test_in_a_limited_data_set_town_and_zip_stay_and_the_street_does_not():
    found = place("18 Maple Ter, Montpelier, VT 05602", profile=named("limited-data-set"))
    assert re.fullmatch(r"\d\d [A-Z][a-z]+ Ter, Montpelier, VT 05602", found) and "Maple" not in found.split()


def test_a_profile_that_redacts_places_leaves_nothing_of_them():
    assert place("18 Maple Ter, Montpelier, VT 05602", profile=Profile("r", Standard.SAFE_HARBOR)) == "[GEO]"


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("93", "90+"),
        ("93-year-old", "90+-year-old"),
        ("90 y/o", "90+ y/o"),
        ("90s", "90+"),
        ("102 yo", "90+ yo"),
        ("ninety-three", "90+"),
        ("89", "89"),
        ("72-year-old", "72-year-old"),
        ("９３", "90+"),
        ("elderly", None),
        ("ninety-three years 2 months", "90+ years 2 months"),
        ("1934", None),
        ("3/4/34", None),
        ("3 May 1934", None),
        ("10.1.2.3", None),
    ],
)
def test_ages_over_89_are_one_group(written, left):
    assert generalised(written) == left


def test_in_a_column_of_numbers_it_is_90():
    assert [capped(age) for age in (5, 89, 90, 103)] == [5, 89, 90, 90]
