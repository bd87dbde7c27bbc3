"""Texts and spans in, new texts and the places of what was replaced out: nothing that was found is left."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.errors import ConfigError, LockgateError
from lockgate.phi.finding import Found
from lockgate.phi.finding.naming import CLASSES
from lockgate.phi.replacing import MemoryVault, Operator, Profile, Secrets, Standard, named, replace

NOTE = "Pt John Smith, MRN 00418823, seen 03/04/2019 and 5/6, is 93; f/u Mar 18."
SPANS = [
    ("John Smith", "NAME"),
    ("00418823", "MRN"),
    ("03/04/2019", "DATE"),
    ("5/6", "DATE"),
    ("93", "AGE"),
    ("Mar 18", "DATE"),
]


def found(text: str, spans: list[tuple[str, str]], doc: int = 0) -> list[Found]:
    return [Found(doc, text.index(value), text.index(value) + len(value), label, "test", 1.0) for value, label in spans]


def replaced(profile: Profile, vault: MemoryVault | None = None, patient: str | None = "p", **more) -> str:
    return replace([NOTE], found(NOTE, SPANS), profile, vault, [patient], **more)[0].text


def test_safe_harbor_keeps_years_and_what_is_between():
    text = replaced(named("safe-harbor"))
    assert text.endswith("seen 2019 and [DATE], is 90+; f/u [DATE].")
    assert "Smith" not in text and "00418823" not in text and ", MRN " in text


def test_redact_leaves_the_class_only():
    assert replaced(named("redact")) == ("Pt [NAME], MRN [MRN], seen [DATE] and [DATE], is [DATE]; f/u [DATE].")


def test_expert_determination_moves_all_dates_by_the_same_days():
    vault = MemoryVault()
    vault.offset = lambda patient: 10  # type: ignore[method-assign]
    assert replaced(named("expert-determination"), vault).endswith("seen 03/14/2019 and 5/16, is 90+; f/u Mar 28.")


def test_a_date_that_cannot_be_read_is_redacted():
    text = "born on the feast of St. John"
    spans = found(text, [("the feast of St. John", "DATE")])
    assert replace([text], spans, named("expert-determination"))[0].text == "born on [DATE]"


def test_a_year_90_years_before_tells_an_age_over_89():
    text = "DOB 05/03/1931, seen 1/2/2020"
    spans = found(text, [("05/03/1931", "DATE"), ("1/2/2020", "DATE")])
    assert replace([text], spans, named("safe-harbor"), written=2026)[0].text == "DOB [DATE], seen 2020"
    later = replace(["DOB 05/03/1945"], [Found(0, 4, 14, "DATE", "t", 1.0)], named("safe-harbor"), written=2035)
    assert later[0].text == "DOB [DATE]"


def test_places_say_where_each_replacement_stands():
    (done,) = replace([NOTE], found(NOTE, SPANS), named("safe-harbor"))
    rest_before, rest_after = NOTE, done.text
    for place in reversed(done.places):
        rest_before = rest_before[: place.start] + "|" + rest_before[place.end :]
        rest_after = rest_after[: place.new_start] + "|" + rest_after[place.new_end :]
    assert rest_before == rest_after
    assert [place.operator for place in done.places][:3] == ["surrogate", "surrogate", "generalise"]


def test_a_patient_is_the_same_in_all_texts_and_batches():
    vault = MemoryVault()
    assert replaced(named("expert-determination"), vault) == replaced(named("expert-determination"), vault)
    assert replaced(named("safe-harbor"), vault, "q") != replaced(named("safe-harbor"), vault)


def test_a_text_of_nobody_stands_for_itself():
    vault = MemoryVault()
    once, again = (replaced(named("expert-determination"), vault, None) for _ in range(2))
    assert once != again


def test_the_vault_is_asked_twice_a_patient_and_batch():
    calls = []

    class Counting(MemoryVault):
        def surrogates(self, patient, wanted):
            calls.append(patient)
            return super().surrogates(patient, wanted)

    spans = [one for doc in range(20) for one in found(NOTE, SPANS, doc)]
    replace([NOTE] * 20, spans, named("safe-harbor"), Counting(), ["a", "b"] * 10)
    assert sorted(calls) == ["a", "a", "b", "b"]


def test_overlapping_spans_become_one_and_what_is_two_things_is_redacted():
    text = "call John Smith-5551234 now"
    spans = [Found(0, 5, 15, "NAME", "t", 1.0), Found(0, 10, 23, "PHONE", "t", 1.0)]
    assert replace([text], spans, named("safe-harbor"))[0].text == "call [OTHER_ID] now"


def test_a_span_outside_of_its_text_is_an_error_without_the_text():
    with pytest.raises(ValueError, match="text 0") as refused:
        replace(["Smith"], [Found(0, 2, 9, "NAME", "t", 1.0)], named("safe-harbor"))
    assert "Smith" not in str(refused.value)


def test_hash_is_equal_for_equal_numbers_and_needs_a_key():
    mine = Profile("mine", Standard.EXPERT_DETERMINATION, {"mrn": Operator.HASH})
    with pytest.raises(ConfigError, match="secret key"):
        replaced(mine)
    text = "0041-8823 or 00418823"
    spans = found(text, [("0041-8823", "MRN"), ("00418823", "MRN")])
    one, other = replace([text], spans, mine, secrets=Secrets(b"k" * 32))[0].text.split(" or ")
    assert one == other and one.startswith("MRN-") and len(one) == 17
    assert replace([text], spans, mine, secrets=Secrets(b"j" * 32))[0].text.split(" or ")[0] != one


def test_encrypt_asks_the_cipher_and_redacts_what_it_will_not_take():
    class Reversing:
        def encrypt(self, values, cls):
            if min(map(len, values)) < 5:
                raise LockgateError("too short")
            return [value[0] + value[:0:-1] for value in values]

    mine = Profile("mine", Standard.EXPERT_DETERMINATION, {"mrn": Operator.ENCRYPT})
    with pytest.raises(ConfigError, match="cipher"):
        replaced(mine)
    text = "H-225094 or H-1"
    spans = found(text, [("H-225094", "MRN"), ("H-1", "MRN")])
    assert replace([text], spans, mine, secrets=Secrets(cipher=Reversing()))[0].text == "H490522- or [MRN]"


VALUES = st.one_of(
    st.text(min_size=1, max_size=30), st.from_regex(r"[A-Z][a-z]{2,8}[ ,.-]{1,2}[A-Z0-9][a-z0-9]{1,8}", fullmatch=True)
)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(CLASSES)), VALUES), max_size=6),
    st.sampled_from(["safe-harbor", "redact"]),
)
def test_whatever_is_found_nothing_of_it_is_left(spans, profile):
    """But what is no identifier: years, ages below 90, what says only what kind of place it is."""
    text, marked = "", []
    for label, value in spans:
        text += " | "
        marked.append(Found(0, len(text), len(text) + len(value), label, "test", 1.0))
        text += value
    (done,) = replace([text], marked, named(profile), MemoryVault(random.Random(5)), ["p"])
    assert len(done.places) == len(marked)
    for place in done.places:
        before, after = text[place.start : place.end], done.text[place.new_start : place.new_end]
        if place.label not in ("AGE", "DATE") and any(c.isalnum() for c in before):
            assert before != after


@given(st.text(max_size=200))
def test_a_text_in_which_nothing_is_found_stays(text):
    assert replace([text], [], named("safe-harbor"))[0].text == text


@pytest.mark.parametrize("label", sorted(CLASSES))
@pytest.mark.parametrize("bit", ["1", "5/", "May ", " ", "a,", "'", "12:00 ", "A.", "the ", "9-", "٣", "on 3 "])
def test_what_is_longer_than_any_identifier_is_redacted_at_once(label, bit):
    """Hostile text costs no more than honest text, and no number is too long to be computed with."""
    for length, left in ((200_000, True), (250, False)):
        text = (bit * length)[:length]
        for profile in ("safe-harbor", "expert-determination"):
            began = time.process_time()
            done = replace([text], [Found(0, 0, length, label, "test", 1.0)], named(profile), MemoryVault(), ["p"])
            assert time.process_time() - began < 0.25
            assert not left or done[0].text == f"[{CLASSES[label].upper()}]"
