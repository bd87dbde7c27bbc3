"""Values that are no text, each replaced by one of its type: a shifted date is a date, an age a number.

What a type cannot hold (a redacted integer) is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from lockgate.errors import ConfigError
from lockgate.phi.replacing import ages
from lockgate.phi.replacing.dates import WRITTEN
from lockgate.phi.replacing.numbers import like
from lockgate.phi.replacing.places import zip3
from lockgate.phi.replacing.profile import Operator, Profile
from lockgate.phi.replacing.scribe import OLD
from lockgate.phi.vault import Vault

_NUMBERS = (int, float)


def kind_of(values: Sequence[Any], kind: str | None) -> str | None:
    """What a column holds: what is said, or what its type tells; None for text that is to be searched.

    Raises ConfigError where neither tells, and for values that are neither text nor numbers nor dates.
    """
    first = next((value for value in values if value is not None), None)
    if first is None or isinstance(first, str):
        return kind
    if isinstance(first, date):
        return kind or "date"
    if isinstance(first, bool) or not isinstance(first, _NUMBERS):
        raise ConfigError(
            f"values of type {type(first).__name__} cannot be replaced", hint="a column holds text, numbers or dates"
        )
    if kind is None:
        raise ConfigError(
            "a column of numbers does not say what it holds", hint="say it: kind='age', kind='mrn', kind='zip' …"
        )
    return kind


def replaced(value: Any, kind: str, profile: Profile, vault: Vault, patient: str, year: int | None, bits: int) -> Any:
    """One value of `kind` that is no text. `bits`: how wide the column's integers are."""
    operator = profile.operator(kind)
    if operator is Operator.KEEP:
        return value
    if isinstance(value, date):
        return _date(value, operator, vault, patient, year) if kind == "date" else None
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        raise ConfigError(f"a {type(value).__name__} in a column of numbers cannot be replaced")
    if kind == "age":
        return _age(value) if operator is Operator.GENERALISE else None
    if isinstance(value, float):
        # The 4.0 of a column of integers that had nulls.
        whole = replaced(int(value), kind, profile, vault, patient, year, 53) if value.is_integer() else None
        return None if whole is None else float(whole)
    if kind == "zip" and operator is Operator.GENERALISE:
        short = zip3(f"{value:05}")
        return None if short is None else int(short)
    return _number(value, kind, vault, patient, bits) if operator is Operator.SURROGATE and value >= 0 else None


def _age(value: float) -> float:
    # What is no number (NaN) stays none.
    return value if not value > ages.OLDEST else ages.capped(int(value)) if isinstance(value, int) else 90.0


def _date(value: date, operator: Operator, vault: Vault, patient: str, year: int | None) -> date | None:
    """Shifted, or the first of January of its year: a date has no other way to be only a year."""
    try:
        if operator is Operator.SHIFT:
            return value + timedelta(days=vault.offset(patient))
    except OverflowError:
        return None
    if operator is not Operator.GENERALISE or value.year <= max(year or 0, WRITTEN) - OLD:
        return None
    if isinstance(value, datetime):
        return value.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    return value.replace(month=1, day=1)


def _number(value: int, kind: str, vault: Vault, patient: str, bits: int) -> int | None:
    written = str(value)
    (drawn,) = vault.surrogates(patient, [(kind, written, like(written))])
    # As many digits may be more than the type holds: then the first is 1, as in the largest that it does.
    for number in (int(drawn), int("1" + drawn[1:])):
        if number < 1 << (bits - 1):
            return number
    return None
