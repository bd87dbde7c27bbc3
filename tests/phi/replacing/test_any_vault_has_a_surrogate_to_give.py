"""However few values a kind has, and however strict a vault is, drawing on gives a surrogate that nobody has."""

from __future__ import annotations

import random

import pytest

from lockgate.phi.columns import deidentify


class Strict:
    """No surrogate is anybody's original, of whatever kind, and no two originals of a kind share one."""

    def __init__(self) -> None:
        self.rng = random.Random(7)
        self.originals: set[str] = set()
        self.given: dict[tuple[str, str, str], str] = {}
        self.taken: set[tuple[str, str]] = set()

    def surrogates(self, patient, wanted):
        self.originals |= {original for _, original, _ in wanted}
        return [self.one(patient, *want) for want in wanted]

    def one(self, patient, kind, original, draw):
        key = (patient, kind, original)
        for _ in range(300):
            if key in self.given:
                break
            candidate = draw(self.rng)
            if candidate not in self.originals and (kind, candidate) not in self.taken:
                self.given[key] = candidate
                self.taken.add((kind, candidate))
        return self.given[key]

    def offset(self, patient):
        return 1

    def register(self, originals):
        self.originals |= set(originals)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("mrn", [str(n) for n in range(400)]),
        ("phone", [f"555-{n:04}" for n in range(400)]),
        ("ip", [f"10.1.{n // 250}.{n % 250 + 1}" for n in range(1000)]),
        ("street", [f"{n} Oak St" for n in range(1, 120)]),
        ("facility", ["A", "BC", "MGH", "UVM", *(f"{c}H" for c in "ABCDEFGHIJKLMNOP")]),
        ("name", [f"{a}. {b}. Smith" for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABC"]),
        ("name", [f"{name} Jones" for name in ("Ann", "Amy", "Ada", "Ava", "Abe", "Al")] * 3),
        ("zip", [f"{n:05}" for n in range(100)]),
    ],
)
def test_for_one_patient_and_for_many(kind, values):
    vault = Strict()
    one = deidentify(values, kind=kind, patient="p", vault=vault)
    many = deidentify(values, kind=kind, patient=[str(n) for n in range(len(values))], vault=vault)
    assert all(before != after for before, after in zip(values, one, strict=True))
    assert all(before != after for before, after in zip(values, many, strict=True))


def test_a_common_name_of_a_thousand_patients():
    vault = Strict()
    names = deidentify(["John Smith"] * 1000, kind="name", patient=[str(n) for n in range(1000)], vault=vault)
    assert len(set(names)) == 1000
