"""Two texts share an analysis only if they differ in literals of one kind, each compared with a plain column."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lockgate.gateways.postgres.wire import _literals
from lockgate.gateways.postgres.wire._literals import key_of
from uncompiled import plain

PLAIN = plain(_literals)


def key(text: str) -> tuple[bytes, int] | None:
    data = text.encode()
    return key_of(data, 0, len(data))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t WHERE id = 1", "SELECT a FROM t WHERE id = 2147483647"),
        ("SELECT a FROM t WHERE b='x' AND c>-5", "SELECT a FROM t WHERE b='' AND c>-77"),
        ('SELECT "a1" FROM t2 WHERE id=9999999999', 'SELECT "a1" FROM t2 WHERE id=3000000000'),
        ("SELECT 1;", "SELECT 2; \n"),
    ],
)
def test_texts_that_differ_in_literals_alone_share_a_key(one, other):
    assert key(one)[0].rstrip(b"; \n") == key(other)[0].rstrip(b"; \n")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t WHERE id = 1", "SELECT a FROM t WHERE id = '1'"),
        ("SELECT a FROM t WHERE id = 1", "SELECT a FROM t WHERE id = 3000000000"),
        ("SELECT a FROM t1 WHERE id = 1", "SELECT a FROM t2 WHERE id = 1"),
        ('SELECT "x1" FROM t', 'SELECT "x2" FROM t'),
        ("SELECT a, b FROM t", "SELECT b, a FROM t"),
    ],
)
def test_texts_that_mean_something_else_do_not(one, other):
    assert key(one) != key(other)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT E'a'",
        "SELECT U&'a'",
        'SELECT U&"a"',
        "SELECT 'a''b'",
        "SELECT 'a'\n'b'",
        "SELECT 'a\\'",
        "SELECT $1",
        "SELECT $$a$$",
        "SELECT 1.5",
        "SELECT .5",
        "SELECT 1e5",
        "SELECT 0x1F",
        "SELECT 1_000",
        "SELECT 2147483648",
        "SELECT 99999999999999999999",
        "SELECT 1 -- x",
        "SELECT 1 /* x */",
        "SELECT 1; SELECT 2",
        "SELECT 'a",
        'SELECT "a',
        "SELECT 1\x00",
    ],
)
def test_what_is_not_plain_has_no_key(text):
    assert key(text) is None


@given(st.text(alphabet="ab1_'\"$.;-/*\\ \n\tEUé&0", max_size=40))
@example("1 é'x'")
def test_compiled_and_plain_agree(text):
    data = text.encode()
    assert key_of(data, 0, len(data)) == PLAIN.key_of(data, 0, len(data))


EXCHANGED = [
    ("SELECT beds FROM ward WHERE id = {}", "1", "2"),
    ("SELECT beds FROM ward WHERE name = {} AND id > {}", "'a'", "'b'"),
    ("SELECT w.beds FROM ward w JOIN ward v ON v.id = w.id WHERE {} <= v.beds", "1", "30"),
]
KEPT_APART = [
    ("SELECT beds FROM ward ORDER BY {}", "1", "1"),
    ("SELECT {} AS a FROM ward", "1", "2"),
    ("SELECT beds FROM ward LIMIT {}", "1", "2"),
    ("SELECT beds + {} FROM ward", "1", "2"),
    ("SELECT name::varchar({}) FROM ward", "1", "2"),
    ("SELECT beds FROM ward WHERE substr(name, {}) = 'a'", "1", "2"),
    ("SELECT beds FROM ward WHERE id = 1 AND true ORDER BY {}", "1", "1"),
    ("SELECT beds FROM ward WHERE name = NULL ORDER BY {}", "1", "1"),
    ("SELECT beds FROM (SELECT beds, id + 1 AS id FROM ward) w WHERE id = {}", "1", "2"),
    ("SELECT to_jsonb(ward) ->> {} FROM ward", "'name'", "'beds'"),
]


def analyses(gate, text, *values):
    """How often the side connection was asked about statements that differ only in these."""
    resolver = gate.assembly.gateway.connections["clinic"].resolver
    with gate.connect() as client:
        resolver.forget()
        for value in values:
            client.execute(text.format(*[value] * text.count("{}")))
        return len(resolver._cache)


@pytest.mark.parametrize(("text", "one", "other"), EXCHANGED)
def test_one_analysis_serves_both(gate, text, one, other):
    numbers = text.replace("> {}", "> 3")
    assert analyses(gate, numbers, one, other) == 1


@pytest.mark.parametrize(("text", "one", "other"), KEPT_APART)
def test_each_is_analysed_by_itself(gate, text, one, other):
    assert analyses(gate, text, one, other) == len({one, other})
    resolver = gate.assembly.gateway.connections["clinic"].resolver
    assert all(isinstance(key[0], str) for key in resolver._cache._kept), "kept under the exact text"
