"""Surrogates of names: one person stays one person in whatever form the name is written, and the form stays."""

from __future__ import annotations

import re

import pytest

from lockgate.phi.finding import Found
from lockgate.phi.replacing import MemoryVault, named, replace
from lockgate.phi.replacing.name_lists import genders, surnames

SAFE = named("safe-harbor")


def names(*written: str, vault: MemoryVault | None = None, patient: str = "p", before: str = "") -> list[str]:
    texts = [before + one for one in written]
    spans = [Found(doc, len(before), len(text), "NAME", "test", 1.0) for doc, text in enumerate(texts)]
    done = replace(texts, spans, SAFE, vault or MemoryVault(), [patient] * len(texts))
    return [one.text[len(before) :] for one in done]


def test_all_forms_of_a_name_are_forms_of_one_surrogate():
    whole, title, initial, last_first, small, initials, possessive, given = names(
        "John Smith", "Mr. Smith", "J. Smith", "SMITH, JOHN A.", "smith", "J.S.", "Smith's", "John"
    )
    first, last = whole.split()
    assert title == f"Mr. {last}"
    assert initial == f"{first[0]}. {last}"
    assert re.fullmatch(f"{last.upper()}, {first.upper()} [A-Z]\\.", last_first)
    assert small == last.lower()
    assert initials == f"{first[0]}.{last[0]}."
    assert possessive == f"{last}'s"
    assert given == first


def test_the_order_in_which_forms_are_met_does_not_matter():
    vault = MemoryVault()
    (initial,) = names("J. Smith", vault=vault)
    (whole,) = names("John Smith", vault=vault)
    assert initial == f"{whole[0]}. {whole.split()[1]}"


def test_another_patients_smith_is_another():
    vault = MemoryVault()
    mine = names("John Smith", "Ann Miller", "Peter Wagner", vault=vault, patient="a")
    assert names("John Smith", "Ann Miller", "Peter Wagner", vault=vault, patient="b") != mine


def test_sex_stays():
    for written, kind in (("Mary Kowalski", "female"), ("Robert Kowalski", "male")):
        assert genders()[names(written)[0].split()[0].lower()] == kind


@pytest.mark.parametrize(("title", "kind"), [("Mrs.", "female"), ("Mr.", "male")])
def test_a_title_tells_the_sex_of_a_name_that_is_not_in_the_lists(title, kind):
    assert genders()[names("Ngozichukwu Okonjo", before=f"{title} ")[0].split()[0].lower()] == kind


def test_what_stands_behind_a_title_is_a_surname():
    (found,) = names("Kim", before="Dr. ")
    assert found.lower() in surnames()


@pytest.mark.parametrize(
    ("written", "shape"),
    [
        ("Delacroix, Yvonne T.", r"[A-Z][a-z]+, [A-Z][a-z]+ [A-Z]\."),
        ("Okonjo,Brenda", r"[A-Z][a-z]+,[A-Z][a-z]+"),
        ("FROST, HAROLD JAMES", r"[A-Z]+, [A-Z]+ [A-Z]+"),
        ("Hsu-Lindqvist", r"[A-Z][a-z]+-[A-Z][a-z]+"),
        ("j.castellanos", r"[a-z]\.[a-z]+"),
        ("O'Brien", r"[A-Z][a-z]+"),
        ("María de la Cruz", r"[A-Z][a-z]+ de la [A-Z][a-z]+"),
        ("John Smith Jr., MD", r"[A-Z][a-z]+ [A-Z][a-z]+ Jr\., MD"),
        ("S. VENKATARAMAN, MD", r"[A-Z]\. [A-Z]+, MD"),
        ("M. Fontaine PA-C", r"[A-Z]\. [A-Z][a-z]+ PA-C"),
        ("Smith JA", r"[A-Z][a-z]+ [A-Z]{2}"),
        ("Smith\nJohn", r"[A-Z][a-z]+\n[A-Z][a-z]+"),
        ("李伟", r"[A-Z][a-z]+"),
        ("Иван Петров", r"[A-Z][a-z]+ [A-Z][a-z]+"),
        ("प्रिया शर्मा", r"[A-Z][a-z]+ [A-Z][a-z]+"),
        ("Jo\u00adhn", r"[A-Z][a-z]+"),
    ],
)
def test_shapes(written, shape):
    assert re.fullmatch(shape, names(written)[0])


@pytest.mark.parametrize(
    "written",
    [
        "KIM DO",
        "LE, DO",
        "Vang, Pa Houa",
        "VANG, PA HOUA",
        "Don Ito",
        "Anita Das",
        "ANITA DAS",
        "Wei Du",
        "DU WEI",
        "Du Wei",
        "wei du",
        "Pastor Otero",
        "Ana Abu",
        "Le Thi Do",
        "Bin Li",
        "ben carson",
        "Ben Carson",
        "Van Morrison",
        "Nurse",
        "Sr",
        "MD",
    ],
)
def test_a_name_that_is_also_a_title_or_a_particle_does_not_stay(written):
    kept = set(written.lower().split()) & set(names(written)[0].lower().split())
    assert kept == set()


def test_a_surrogate_is_no_name_of_the_same_patient():
    written = [f"{given} {family}" for given in list(genders())[:12] for family in list(surnames())[:12]]
    parts = {part.lower() for one in written for part in one.split()}
    assert {part.lower() for one in names(*written) for part in one.split()}.isdisjoint(parts)


def test_two_names_never_become_one():
    families = sorted(surnames())
    assert len(set(names(*(f"Ann {family.title()}" for family in families)))) == len(families)
