"""Profiles: by which operator each kind of identifier is replaced, and what the law lets a profile of its name do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from lockgate.errors import ConfigError
from lockgate.phi.finding.naming import CLASSES


class Operator(StrEnum):
    """How an identifier in text is replaced. (Columns behind the gateway have operators of their own.)"""

    REDACT = "redact"
    SURROGATE = "surrogate"
    SHIFT = "shift"
    GENERALISE = "generalise"
    HASH = "hash"
    ENCRYPT = "encrypt"
    KEEP = "keep"


class Standard(StrEnum):
    """By which rule of HIPAA what leaves is judged."""

    SAFE_HARBOR = "safe-harbor"
    """45 CFR 164.514(b)(2): all eighteen classes go, and no code is derived from one (164.514(c)(1))."""
    LIMITED_DATA_SET = "limited-data-set"
    """45 CFR 164.514(e)(2): dates, ages, town, state and ZIP may stay, under a data use agreement."""
    EXPERT_DETERMINATION = "expert-determination"
    """45 CFR 164.514(b)(1): what a statistician has determined; shifted dates and derived codes are among it."""


REDACT, SURROGATE, SHIFT, GENERALISE, HASH, ENCRYPT, KEEP = Operator
_DERIVED = frozenset({SHIFT, HASH, ENCRYPT})
_KINDS = {"street": "geo", "city": "geo", "zip": "geo", "facility": "geo", "age": "date"}
"""What a text's classes are told apart into; the operator of the finer kind goes before that of its class."""
_CLASSES = frozenset(CLASSES.values())
_LIMITED = frozenset({"date", "age", "city", "zip"})
_POSSIBLE: Mapping[str, frozenset[Operator]] = {
    "date": frozenset({REDACT, SHIFT, GENERALISE, KEEP}),
    "age": frozenset({REDACT, GENERALISE, KEEP}),
    "zip": frozenset(set(Operator) - {SHIFT}),
}
_ELSE = frozenset(set(Operator) - {SHIFT, GENERALISE})


PLACES = ("GEO", "STREET", "CITY", "ZIP")
"""Labels of what is taken apart as a place."""


def kind_of(label: str) -> str:
    """What a profile calls it: finer than its class where profiles tell it apart."""
    return label.lower() if label.lower() in _KINDS else CLASSES.get(label, "other_id")


@dataclass(frozen=True)
class Profile:
    """`operators` by class (`name`, `geo`, `date`, `phone` …) or kind (`street`, `city`, `zip`, `facility`, `age`).

    What is not named is replaced by `otherwise`. Raises ConfigError where an operator cannot be applied to a class, or
    where the standard does not allow it: codes that are derived from the identifier (`hash`, `encrypt`) and dates
    shifted by a secret are for expert determination only, and what stays is for those who may have it.
    """

    name: str
    standard: Standard
    operators: Mapping[str, Operator] = field(default_factory=dict)
    otherwise: Operator = REDACT
    bias: int = 0
    """The finder's working point: more than 0 finds more, and more that is none."""

    def __post_init__(self) -> None:
        for key in self.operators:
            if key not in _CLASSES and key not in _KINDS:
                raise ConfigError(f"profile {self.name}: there is no class {key}", hint=f"one of {_listed()}")
        for kind in (*_CLASSES, *_KINDS):
            self._check(kind, self.operator(kind))

    @cached_property
    def by_label(self) -> Mapping[str, Operator]:
        """The operator of each of the finder's labels, and of the labels of the columns of a table."""
        return {label: self.operator(kind_of(label)) for label in (*CLASSES, *PLACES)}

    def operator(self, kind: str) -> Operator:
        """For a class or a finer kind."""
        found = self.operators.get(kind) or self.operators.get(_KINDS.get(kind, ""))
        if found is None:
            return self.otherwise
        # A class that is named with an operator that one of its kinds cannot have leaves that kind to redaction.
        return found if kind in self.operators or found in _POSSIBLE.get(kind, _ELSE | {found}) else REDACT

    def _check(self, kind: str, operator: Operator) -> None:
        if operator not in _POSSIBLE.get(kind, _ELSE):
            raise ConfigError(f"profile {self.name}: {kind} cannot be replaced by {operator}", hint=_hint(kind))
        if self.standard is Standard.EXPERT_DETERMINATION:
            return
        if operator in _DERIVED:
            raise ConfigError(
                f"profile {self.name}: {operator} for {kind} is for expert determination only",
                hint="what is derived from an identifier is no Safe Harbor (45 CFR 164.514(c)(1)): take surrogate, "
                "redact or generalise, or a profile whose standard is expert-determination",
            )
        if operator is KEEP and not (self.standard is Standard.LIMITED_DATA_SET and kind in _LIMITED):
            raise ConfigError(
                f"profile {self.name}: {kind} may not stay by {self.standard}",
                hint="date, age, city and zip may stay in a limited data set (45 CFR 164.514(e)(2))",
            )


def _hint(kind: str) -> str:
    return "one of " + ", ".join(sorted(_POSSIBLE.get(kind, _ELSE)))


def _listed() -> str:
    return ", ".join(sorted(_CLASSES | set(_KINDS)))


RECALL, DISPLAY = 60, 200
"""Working points: who releases data leans to finding, and who only shows it leans further."""

PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            "safe-harbor",
            Standard.SAFE_HARBOR,
            {"date": GENERALISE, "age": GENERALISE, "zip": GENERALISE},
            SURROGATE,
            RECALL,
        ),
        Profile(
            "limited-data-set",
            Standard.LIMITED_DATA_SET,
            {"date": KEEP, "age": KEEP, "city": KEEP, "zip": KEEP},
            SURROGATE,
            RECALL,
        ),
        Profile(
            "expert-determination",
            Standard.EXPERT_DETERMINATION,
            {"date": SHIFT, "age": GENERALISE, "zip": GENERALISE},
            SURROGATE,
            RECALL,
        ),
        Profile("redact", Standard.SAFE_HARBOR, bias=RECALL),
        Profile("display", Standard.SAFE_HARBOR, bias=DISPLAY),
    )
}
"""By name. `display` is for whoever only needs to see: it leans further to masking. The gateway does not use it
(`phi.freetext`)."""


def named(name: str) -> Profile:
    """Raises ConfigError where there is none of that name."""
    if name not in PROFILES:
        raise ConfigError(f"there is no profile {name}", hint="one of " + ", ".join(PROFILES))
    return PROFILES[name]
