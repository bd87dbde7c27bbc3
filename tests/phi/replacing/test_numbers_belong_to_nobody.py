"""Surrogates of numbers and addresses: the same form, from ranges that nobody has, with right check digits."""

from __future__ import annotations

import ipaddress
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.phi.replacing import MemoryVault
from lockgate.phi.replacing.check_digits import dea, iban, luhn, npi, vin
from lockgate.phi.replacing.numbers import parts
from lockgate.phi.replacing.pieces import Piece, canonical, joined


def surrogate(label: str, written: str, vault: MemoryVault | None = None, patient: str = "p") -> str:
    made = parts(label, written)
    wanted = [(part.kind, part.original, part.draw) for part in made if isinstance(part, Piece)]
    return joined(made, (vault or MemoryVault()).surrogates(patient, wanted))


def shape(text: str) -> str:
    return re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", text)))


@pytest.mark.parametrize("written", ["123-45-6789", "123 45 6789", "123456789"])
def test_an_ssn_is_one_that_is_never_given(written):
    """Nor is it an ITIN: those have 50 to 65, 70 to 88, 90 to 92 or 94 to 99 in the middle."""
    for _ in range(50):
        found = surrogate("ssn", written)
        assert shape(found) == shape(written)
        digits = canonical(found)
        assert digits[0] == "9" and 1 <= int(digits[3:5]) < 50 and digits[5:] != "0000"


@pytest.mark.parametrize(
    "written", ["(802) 765-4321", "802.765.4321", "8027654321", "+1 802 765 4321", "1-802-765-4321", "802-765-4321 x12"]
)
def test_a_phone_number_is_one_that_is_reserved_for_fiction(written):
    found = surrogate("phone", written)
    assert shape(found) == shape(written)
    digits = canonical(found.split("x")[0])[-10:]
    assert digits[3:8] == "55501" and digits[0] not in "01" and digits[1:3] != "11"


def test_without_area_code_it_is_too():
    assert re.fullmatch(r"555-01\d\d", surrogate("phone", "765-4321"))


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("+34 612 345 678", r"\+34 0\d\d \d{3} \d{3}"),
        ("+44 20 7946 0958", r"\+44 0\d \d{4} \d{4}"),
        ("612 345 678", r"0.*"),
    ],
)
def test_elsewhere_the_country_stays_and_the_number_begins_with_a_zero(written, form):
    assert re.fullmatch(form, surrogate("phone", written))


def test_a_number_is_one_number_however_it_is_written():
    vault = MemoryVault()
    first = surrogate("phone", "(802) 765-4321", vault)
    assert canonical(surrogate("phone", "+1-802-765-4321", vault)) == "1" + canonical(first)
    assert canonical(surrogate("phone", "802.765.4321 ext 7", vault)).startswith(canonical(first))
    mrn = surrogate("mrn", "00418823", vault)
    assert surrogate("mrn", "0041-8823", vault) == f"{mrn[:4]}-{mrn[4:]}"


@pytest.mark.parametrize("written", ["H-2250948", "00418823", "CT-19-338201", "ABC 12/345", "x9", "7"])
def test_other_numbers_have_a_digit_for_a_digit_and_a_letter_for_a_letter(written):
    found = surrogate("mrn", written)
    assert shape(found) == shape(written) and found != written


@pytest.mark.parametrize(
    ("label", "written", "check"),
    [
        ("account", "4111 1111 1111 1111", luhn),
        ("license", "1234567893", npi),
        ("license", "AB1234563", dea),
        ("vehicle", "1HGCM82633A004352", vin),
        ("account", "DE89 3704 0044 0532 0130 00", iban),
    ],
)
def test_a_right_check_digit_stays_right(label, written, check):
    for _ in range(20):
        code = canonical(surrogate(label, written))
        assert len(code) == len(canonical(written)) and check(code) == code


@given(st.text("0123456789", min_size=13, max_size=19))
def test_luhn_as_anybody_computes_it(digits):
    code = luhn(digits)
    doubled = [int(c) * (2 if place % 2 else 1) for place, c in enumerate(reversed(code))]
    assert sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


@pytest.mark.parametrize("written", ["J.Smith@Hospital.org", "smith_j+lab@mail.example.edu"])
def test_mail_goes_to_a_domain_that_is_for_examples(written):
    assert re.fullmatch(r"[a-z]+\d+@example\.(com|org|net)", surrogate("email", written))


@pytest.mark.parametrize("written", ["https://portal.mercy.org/p/12?mrn=4", "www.smithfamily.com", "mercy.org/x"])
def test_a_url_too(written):
    found = surrogate("url", written)
    assert "example." in found and found.startswith(written.split("portal")[0].split("www")[0].split("mercy")[0])


@pytest.mark.parametrize("written", ["10.1.2.3", "fe80::1", "10.1.2.3:8080", "[2620:0:2d0::1]"])
def test_an_ip_address_is_one_for_documentation(written):
    found = re.match(r"\[?((?:\d+\.){3}\d+|[0-9a-f:]+)", surrogate("ip", written))
    nets = "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32".split()
    assert found and any(ipaddress.ip_address(found[1]) in ipaddress.ip_network(net) for net in nets)


def test_a_hardware_address_is_no_makers():
    assert surrogate("device", "00:1A:2B:3C:4D:5E").startswith("02:")


@pytest.mark.parametrize("label", ["ssn", "phone", "email", "url", "ip", "mrn", "other_id"])
@given(st.text(min_size=1, max_size=40))
def test_whatever_stands_there_is_not_left(label, written):
    if not any(c.isalnum() for c in written):
        return
    found = surrogate(label, written, MemoryVault(random.Random(1)))
    assert found != written
    longest = max(re.findall(r"\w+", written), key=len)
    if len(longest) > 9 and not longest.isascii():
        assert longest not in found
