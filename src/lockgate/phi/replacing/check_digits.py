"""Numbers that end in a digit computed from the others: a surrogate of one that is right is right too."""

from __future__ import annotations

from collections.abc import Callable

_VIN_VALUES = dict(zip("abcdefghjklmnprstuvwxyz", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))  # fmt: skip  # noqa: E501
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_NPI_PREFIX = "80840"


def luhn(digits: str) -> str:
    """With its last digit as ISO/IEC 7812-1, annex B, has it."""
    total = 0
    for place, digit in enumerate(reversed(digits[:-1])):
        value = int(digit) * (1 if place % 2 else 2)
        total += value - 9 if value > 9 else value
    return digits[:-1] + str(-total % 10)


def npi(digits: str) -> str:
    """A National Provider Identifier: Luhn with 80840 before it (45 CFR 162.406)."""
    return luhn(_NPI_PREFIX + digits)[len(_NPI_PREFIX) :]


def dea(code: str) -> str:
    """A DEA registration: two letters, six digits, and the last digit of (1st+3rd+5th) + 2 · (2nd+4th+6th)."""
    digits = [int(digit) for digit in code[2:8]]
    return code[:8] + str((sum(digits[0::2]) + 2 * sum(digits[1::2])) % 10)


def vin(code: str) -> str:
    """A vehicle identification number: its ninth sign is a weighted sum of the others (49 CFR 565.15(c))."""
    total = sum(
        (int(c) if c.isdigit() else _VIN_VALUES[c]) * weight for c, weight in zip(code, _VIN_WEIGHTS, strict=True)
    )
    return code[:8] + "0123456789x"[total % 11] + code[9:]


def iban(code: str) -> str:
    """An account number with its two check digits (ISO 13616, ISO 7064 mod 97-10)."""
    number = "".join(str(int(c, 36)) for c in code[4:] + code[:2])
    return code[:2] + f"{98 - int(number + '00') % 97:02}" + code[4:]


def check_of(code: str) -> Callable[[str], str] | None:
    """What computes the check of a number in small letters and digits, or None where none comes out right."""
    if code.isdigit():
        if len(code) == 10 and npi(code) == code:
            return npi
        return luhn if 13 <= len(code) <= 19 and luhn(code) == code else None
    if len(code) == 9 and code[:2].isalpha() and code[2:].isdigit():
        return dea if dea(code) == code else None
    if len(code) == 17 and not set(code) & set("ioq") and vin(code) == code:
        return vin
    if 15 <= len(code) <= 34 and code[:2].isalpha() and code[2:4].isdigit() and iban(code) == code:
        return iban
    return None
