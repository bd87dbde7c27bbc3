"""A profile names an operator for each class; what its standard does not allow cannot be made."""

from __future__ import annotations

import pytest

from lockgate.errors import ConfigError
from lockgate.phi.finding.naming import CLASSES
from lockgate.phi.replacing import PROFILES, Operator, Profile, Standard, named

EVERYTHING = sorted({*CLASSES.values(), "street", "city", "zip", "facility", "age"})


@pytest.mark.parametrize("operator", [Operator.SHIFT, Operator.HASH, Operator.ENCRYPT])
@pytest.mark.parametrize("standard", [Standard.SAFE_HARBOR, Standard.LIMITED_DATA_SET])
def test_codes_that_are_derived_are_for_expert_determination_only(standard, operator):
    """45 CFR 164.514(c)(1): a code is not derived from or related to information about the individual."""
    key = "date" if operator is Operator.SHIFT else "mrn"
    with pytest.raises(ConfigError, match="for expert determination only"):
        Profile("mine", standard, {key: operator})
    assert Profile("mine", Standard.EXPERT_DETERMINATION, {key: operator}).operator(key) is operator


@pytest.mark.parametrize("kind", EVERYTHING)
def test_nothing_stays_by_safe_harbor(kind):
    with pytest.raises(ConfigError, match="may not stay"):
        Profile("mine", Standard.SAFE_HARBOR, {kind: Operator.KEEP})


def test_in_a_limited_data_set_dates_ages_towns_and_zips_may_stay_and_nothing_else():
    """45 CFR 164.514(e)(2)."""
    may = []
    for kind in EVERYTHING:
        try:
            Profile("mine", Standard.LIMITED_DATA_SET, {kind: Operator.KEEP})
            may.append(kind)
        except ConfigError:
            continue
    assert may == ["age", "city", "date", "zip"]


@pytest.mark.parametrize(
    ("kind", "operator"),
    [("name", Operator.SHIFT), ("date", Operator.SURROGATE), ("mrn", Operator.GENERALISE), ("age", Operator.HASH)],
)
def test_an_operator_that_a_class_has_not_is_refused(kind, operator):
    with pytest.raises(ConfigError, match="cannot be replaced by"):
        Profile("mine", Standard.EXPERT_DETERMINATION, {kind: operator})


def test_a_class_that_there_is_not_is_refused():
    with pytest.raises(ConfigError, match="no class nmae"):
        Profile("mine", Standard.SAFE_HARBOR, {"nmae": Operator.REDACT})


def test_the_finer_kind_goes_before_its_class():
    mine = Profile("mine", Standard.SAFE_HARBOR, {"geo": Operator.SURROGATE, "zip": Operator.GENERALISE})
    assert (mine.operator("zip"), mine.operator("city"), mine.operator("name")) == ("generalise", "surrogate", "redact")


def test_an_age_is_not_shifted_with_the_dates_but_redacted_unless_it_is_named():
    mine = Profile("mine", Standard.EXPERT_DETERMINATION, {"date": Operator.SHIFT})
    assert mine.operator("age") is Operator.REDACT


def test_the_named_ones():
    assert set(PROFILES) == {"safe-harbor", "limited-data-set", "expert-determination", "redact", "display"}
    assert named("safe-harbor").operator("date") is Operator.GENERALISE
    assert named("expert-determination").operator("date") is Operator.SHIFT
    assert named("limited-data-set").operator("date") is Operator.KEEP
    assert {named("display").operator(kind) for kind in EVERYTHING} == {Operator.REDACT}
    assert named("display").bias > 0
    with pytest.raises(ConfigError, match="no profile hipaa"):
        named("hipaa")
