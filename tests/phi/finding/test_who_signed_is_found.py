"""Persons where forms and dictations have a place for them, and what looks like it but is none."""

from __future__ import annotations

import pytest

from lockgate.phi import detect

LETTER = "Thank you for the referral. The wound has healed well and I will see him again in six weeks.\n\n"


def found(text: str) -> list[str]:
    return [text[span.start : span.end] for span in detect([text])]


@pytest.mark.parametrize("line", ["AKM/vt", "pns/ag", "SF: wm", "mts/vn    fax 775-555-0147"])
def test_the_initials_of_who_dictated_and_who_typed(line):
    assert line.split("    ")[0] in found(LETTER + line + "\n")


@pytest.mark.parametrize("line", ["mg/dl", "bid/tid", "BP/hr stable", "Rx: po", "SpO2: ra"])
def test_units_and_routes_are_nobody(line):
    assert found(LETTER + line + "\n") == []


@pytest.mark.parametrize("field", ["PATIENT NAME:  UM, DARARITH", "PT NM: LEJEUNE, EVANGELINE MAE", "Name: Ly, Bo"])
def test_a_field_for_a_name(field):
    name = field.partition(":")[2].strip()
    assert name in found(f"DISCHARGE SUMMARY\n{field}     MR NO: 8820174\n")


@pytest.mark.parametrize("field", ["Name: lisinopril, oral tablet", "Patient: stable, afebrile"])
def test_a_field_that_holds_no_name(field):
    assert found(field + "\n") == []
