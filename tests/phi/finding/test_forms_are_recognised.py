"""What is an identifier by its form is found whatever stands around it, and named."""

from __future__ import annotations

import pytest

from lockgate.phi.finding import engine


def found(text: str) -> list[tuple[str, str]]:
    return [(text[one.start : one.end], one.label) for one in engine().find([text])]


@pytest.mark.parametrize(
    ("text", "value", "label"),
    [
        ("reach her at rosa.petrov@example.org.", "rosa.petrov@example.org", "EMAIL"),
        ("see https://portal.example/visit?id=77120 for it", "https://portal.example/visit?id=77120", "URL"),
        ("see www.example.org/p/12, please", "www.example.org/p/12", "URL"),
        ("from 10.14.3.88 at night", "10.14.3.88", "IP"),
        ("SSN 911-22-3344", "911-22-3344", "SSN"),
        ("on 2024-03-04 he fell", "2024-03-04", "DATE"),
        ("on 3/4/2024 he fell", "3/4/2024", "DATE"),
        ("on 04-Mar-2024 he fell", "04-Mar-2024", "DATE"),
        ("on March 4, 2024 he fell", "March 4, 2024", "DATE"),
        ("seen 4 March 2024 again", "4 March 2024", "DATE"),
        ("call (802) 555-0139 today", "(802) 555-0139", "PHONE"),
        ("call 802-555-0139 today", "802-555-0139", "PHONE"),
        ("call 802.555.0139 today", "802.555.0139", "PHONE"),
        ("fax 802-555-0176", "802-555-0176", "FAX"),
    ],
)
def test_a_form_is_found_and_named(text, value, label):
    assert (value, label) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "BP 120/80, HR 72, temperature 37.2",
        "pain 6/10, strength 4/5, vision 20/40",
        "7.34/52/71 on 40 percent",
        "Take one tablet by mouth twice daily.",
        "Lungs are clear to auscultation.",
        "",
    ],
)
def test_measures_are_none(text):
    assert found(text) == []


def test_a_time_belongs_to_the_date_beside_it():
    assert ("02/23/2023 16:52", "DATE") in found("signed 02/23/2023 16:52 by the resident")


def test_a_name_met_once_with_a_title_is_met_again_without():
    text = "Mrs. Okonjo was seen in clinic. Later that day Okonjo left."
    assert [value for value, label in found(text) if label == "NAME"].count("Okonjo") == 2
