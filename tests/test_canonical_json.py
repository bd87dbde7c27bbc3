"""Canonical JSON is RFC 8785's, however it is made; what would not survive a round trip has none."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from lockgate.audit import Event, leaf_bytes
from lockgate.canonical import MAX_SAFE_INTEGER, canonical, parse_canonical
from lockgate.errors import NotCanonical

scalars = st.none() | st.booleans() | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) | st.text()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_it_is_what_the_reference_makes(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(values)
def test_it_comes_back(value):
    assert parse_canonical(canonical(value)) == value


@pytest.mark.parametrize("key", ["\U0001f600", "\ufb33", "é", "\r", "\x80"])
def test_keys_are_in_the_order_of_utf_16(key):
    value = {key: 1, "\ue000": 2, "a": 3}
    assert canonical(value) == rfc8785.dumps(value)


def nested(depth: int) -> object:
    value: object = "innermost"
    for _ in range(depth):
        value = {"a": value}
    return value


def test_it_is_nested_64_levels_deep_at_most():
    assert canonical(nested(64)).endswith(b"}" * 64)
    with pytest.raises(NotCanonical):
        canonical(nested(65))


@pytest.mark.parametrize(
    "value",
    [
        1.5, float("nan"), 2**53, "\ud800", {1: 2}, b"x", {"a": object()}, {"a": "\ud800"}, {"\ud800": "a"},
        [{"é": 1}, 1.5], [[{"é": 1}], {"a": [None, 2**53]}],
    ],
)  # fmt: skip
def test_what_does_not_round_trip_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical(value)


@pytest.mark.parametrize(
    "text", [b'{"a":1,"a":1}', b'{"b":1,"a":1}', b"[1, 2]", b"[1.0]", b"[NaN]", b"\xff", b"[" * 9999]
)
def test_what_is_not_its_own_canonical_form_is_refused(text):
    with pytest.raises(NotCanonical):
        parse_canonical(text)


@pytest.mark.parametrize("body", [{"größe": 1}, {"a": {"é": 1}}, {"a": [{"ß": None}]}])
def test_an_event_has_ascii_keys_only(body):
    """Beyond ASCII the orders of UTF-16 units and of bytes differ, and not every reader takes the same."""
    with pytest.raises(NotCanonical):
        leaf_bytes(Event("vote", body), id="evt_1", time_at=1)
    assert leaf_bytes(Event("vote", {"name": "größe"}), id="evt_1", time_at=1)
