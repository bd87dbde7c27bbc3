"""Half of an identifier that is shown gives it away: what is written as one is found as one."""

from __future__ import annotations

import pytest

from lockgate.phi import detect


def found(text: str) -> list[str]:
    return [text[span.start : span.end] for span in detect([text])]


def covered(text: str, part: str) -> bool:
    """Whether each character of it that is no space lies in a span."""
    marked = {at for span in detect([text]) for at in range(span.start, span.end)}
    begin = text.index(part)
    return all(at in marked or text[at].isspace() for at in range(begin, begin + len(part)))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Paciente Luis Rey, CC 72.188.402, de Bogotá", "72.188.402"),
        ("pump serial PDM-H-00341188 was swapped today", "PDM-H-00341188"),
        ("off work 3/3-3/14, then light duty", "3/3-3/14"),
        ("Mr. Hugh Tarrant, case number 24-11804-NJ, was seen", "24-11804-NJ"),
        ("signed on 7.VI.2024 in Ljubljana", "7.VI.2024"),
    ],
)
def test_a_number_with_all_that_is_written_without_a_space(text, number):
    assert covered(text, number)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Pt: ESPINOZA-REED, TOBIAS seen in clinic today", "ESPINOZA-REED, TOBIAS"),
        ("Interpreter for Mrs. Guerda Saint-Fleur was on the phone", "Guerda Saint-Fleur"),
        ("Her uncle Seong-min Baek drove her in", "Seong-min Baek"),
        ("Ask her mother, Mrs. Eulalia Montes de la Oyarzun, about it", "Eulalia Montes de la Oyarzun"),
        ('Driver: Oleksiy "The Fridge" Marchuk, 44', 'Oleksiy "The Fridge" Marchuk'),
        ("PATIENT: ROSE, ALBERT (BERT)  DOB 3/4/1950", "ROSE, ALBERT (BERT)"),
        ("dictated by P. A. Okoth, MD for the team", "P. A. Okoth"),
        ("We spoke with Zeferino P. about the plan.", "Zeferino P."),
        ("Dr. Amos Petrakis's nurse called", "Amos Petrakis"),
    ],
)
def test_a_name_with_its_other_half(text, name):
    assert covered(text, name)


@pytest.mark.parametrize(
    "text",
    [
        "Seen by Leilani Rosewood, M.D., in clinic.",
        "Surgeon: Ann Lee, D.O.",
        "SURGEON: MARGUERITE O'SHEA, M.D., F.A.C.S.",
    ],
)
def test_what_somebody_is_stands_outside(text):
    assert found(text), "somebody is named"
    assert not any(title in one for one in found(text) for title in ("M.D", "D.O", "F.A"))


def test_two_people_are_two():
    assert found("cc: S. Farouk, I. Nwosu-Brand") == ["S. Farouk", "I. Nwosu-Brand"]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Seen M 10/9 in clinic", "M 10/9"),
        ("Next visit Th 4/10, bring films", "Th 4/10"),
        ("Night shift 2/11 11p-7a was quiet", "2/11 11p-7a"),
        ("Signed 2024-02-29 10:02 CST by the resident", "2024-02-29 10:02 CST"),
        ("On Feb 20, 2021, at 9:15 PM she fell", "Feb 20, 2021, at 9:15 PM"),
        ("on the twenty-second of October he left", "twenty-second of October"),
        ("Seen in clinic April of '19 for this", "April of '19"),
        ("on march third two thousand eighteen", "march third two thousand eighteen"),
    ],
)
def test_a_date_with_its_time_its_day_and_its_words(text, date):
    assert covered(text, date)


@pytest.mark.parametrize(
    "text", ["T 98.6, P 72, R 16", "M 54, F 31", "Take 7a-7p shifts", "two thousand units of heparin"]
)
def test_what_has_no_date_beside_it_is_none(text):
    assert found(text) == []


@pytest.mark.parametrize(
    "text", ["Dressing change on Tuesday and again Friday.", "Clinic is closed Mondays, call Tues"]
)
def test_a_day_of_the_week_alone_is_no_date(text):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("transferred from Tippecanoe Regional HS yesterday", "Tippecanoe Regional HS"),
        ("discharged from Lutheran General Hospital to her daughter", "Lutheran General Hospital"),
    ],
)
def test_a_place_with_what_it_is(text, place):
    assert covered(text, place)


def test_the_department_of_a_place_is_everybodys():
    (one, *_) = found("He was taken to Tippecanoe Memorial Hospital ICU at once")
    assert one == "Tippecanoe Memorial Hospital"
