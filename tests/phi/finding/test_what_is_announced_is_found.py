"""What a word beside it announces is found, though the tagger would leave it out; a cue alone masks nothing."""

from __future__ import annotations

import pytest

from lockgate.phi import deidentify, detect, redact_text


def found(text: str) -> list[str]:
    return [text[span.start : span.end] for span in detect([text])]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Phone: (72) 754-186", "(72) 754-186"),
        ("Desk: +46 (0)8 928 571 38", "+46 (0)8 928 571 38"),
        ("can you reach him, fax is 9472 7916 today", "9472 7916"),
        ("Fax: 345-899-3560x4587", "345-899-3560x4587"),
        ("her new one +447700 921 916 since", "+447700 921 916"),
        ("Phone: 1 (802) 555 - 0139 since then", "1 (802) 555 - 0139"),
        ("Phone: 802 . 555 . 0139 since then", "802 . 555 . 0139"),
        ("Phone: 802_555_0139 since then", "802_555_0139"),
        ("Phone: 802·555·0139 since then", "802·555·0139"),
    ],
)
def test_a_telephone_number_of_any_country(text, number):
    assert number in found(text)


@pytest.mark.parametrize(
    "text", ["Pager volume was 12 calls a day.", "Call back in 3 days.", "fax 2 pages", "Phone: none"]
)
def test_a_cue_without_a_number_announces_nothing(text):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "code"), [("ZIP: 3520", "3520"), ("My zip code is 880", "880"), ("Postcode: K1A 0B1", "K1A 0B1")]
)
def test_a_postal_code(text, code):
    assert code in found(text)


@pytest.mark.parametrize(
    "sign", [" - ", "_", "  ", "\t", "\n", "-\n", "·", " • ", "~", "*", ",", ":", "|", "–\r\n", "\u05be"]
)
@pytest.mark.parametrize("cue", ["SSN: ", "her SSN is ", "Social Security number: ", "Social Security No. "])
def test_a_social_security_number_whatever_stands_in_it(sign, cue):
    text = f"{cue}{sign.join(('219', '09', '9999'))} as before"
    for shown in (deidentify([text], profile="redact")[0], redact_text(text)):
        assert not any(c.isdigit() for c in shown) and shown.endswith(" as before")


@pytest.mark.parametrize(
    "text", ["SSN: 4 of 12 forms", "SSN on file, 12 pages", "SSN pending.\n\nGlucose 142, BP 120/80"]
)
def test_what_has_no_nine_digits_is_no_social_security_number(text):
    assert found(text) == []


@pytest.mark.parametrize("number", ["0041 8823", "0041_8823", "0041·8823", "0041 - 8823", "0041.8823", "0041/8823"])
@pytest.mark.parametrize("cue", ["MRN: ", "mrn ", "Medical record number "])
def test_a_medical_record_number_in_groups(cue, number):
    assert found(f"{cue}{number} was seen") == [number]


@pytest.mark.parametrize("text", ["MRN 7 days later", "MRN: pending, 12 pages", "MRN pending\nGlucose 142 118"])
def test_what_is_no_record_number(text):
    assert found(text) == []


def test_a_company_with_its_full_stop():
    assert found("I work for Quillon Apparel Inc. since last year.") == ["Quillon Apparel Inc."]


def test_two_streets_that_cross():
    said = "Meet me at the corner of 12 Wexler Street and Orrin Avenue please"
    assert found(said) == ["the corner of 12 Wexler Street and Orrin Avenue"]


def test_a_corner_is_none_of_the_next_text_and_none_of_the_next_line():
    street = "Retreat Avenue 3744, 12 Wexler Street"
    assert [(one.doc, one.start) for one in detect(["I was at the corner", street]) if one.doc == 0] == []
    assert not any("corner" in part for part in found(f"I was at the corner\n{street}"))


@pytest.mark.parametrize(
    "address",
    [
        "25615 Tawastintie 72 Apt. 004\nKNIVSTA, SE 18237",
        "213 Pilekrogen 53 Suite 263\nGrand-Leez\nBelgium 18431",
    ],
)
def test_the_lines_of_an_address_up_to_its_country_or_code(address):
    text = f"Please send it to\n{address}\nbefore noon."
    assert found(text) == [address]


def test_the_line_behind_an_address_is_not_one_of_its_own():
    text = "Lives at 25615 Tawastintie 72 Apt. 004\nBP 120/80, HR 72\nLungs clear."
    assert found(text) == ["25615 Tawastintie 72 Apt. 004"]
