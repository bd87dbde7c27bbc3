"""What a reviewer sees: built from the action, bounded, escaped, and bound by its digest."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.action import Action, Decision, Effect, Kind, Principal, Question, Reason, Requester
from lockgate.services import risk, views
from lockgate.services.views import ViewFacts, mask_words, plain, render

ANA = Principal("local", "ana", Kind.HUMAN)
BOT = Principal("local", "billing-bot", Kind.AGENT)
ACTION = Action(
    tenant="t",
    connection="clinic",
    upstream="pg",
    requester=Requester(BOT, "key", "10.2.0.7", on_behalf_of=ANA, owners=frozenset({"local:ana"})),
    questions=(Question("sql.export", "clinic/public.patients"),),
    payload=b"secret 123-45-6789",
    classes=frozenset({"name", "ssn"}),
)
DECISION = Decision(
    Effect.REQUIRE,
    frozenset({"ssn"}),
    frozenset({"name"}),
    ("one",),
    (Reason("p1", "Exports need a reviewer"),),
    "d",
)
FACTS = ViewFacts(
    statement_masked="COPY patients TO STDOUT", resources=("clinic/public.patients",), estimated_rows=41200
)


def view(facts=FACTS, action=ACTION, decision=DECISION, profiles=None, **more):
    return render(facts, action, decision, profiles or {}, mask=mask_words, **more)


def test_the_first_line_is_one_sentence():
    assert view().sentence == (
        "billing-bot (agent), for ana, wants to copy out public.patients (about 41,200 rows there) with name"
        " unmasked, to 10.2.0.7"
    )


@pytest.mark.parametrize(
    ("destination", "said"),
    [
        ("client", "unmasked, to 10.2.0.7"),
        ("copy", "unmasked, as a file to 10.2.0.7"),
        ("dump", "unmasked, as a dump to 10.2.0.7"),
        ("s3://bucket", "unmasked, to s3://bucket"),
    ],
)
def test_the_sentence_ends_with_where_it_goes(destination, said):
    assert view(action=replace(ACTION, destination=destination)).sentence.endswith(said)


def test_the_sentence_names_what_is_changed_apart_from_what_is_read():
    asked = replace(
        ACTION,
        requester=replace(ACTION.requester, on_behalf_of=None),
        questions=tuple(Question(f"sql.{o}", f"clinic/public.{t}") for o, t in [("select", "ward"), ("write", "task")]),
        classes=frozenset(),
    )
    masked = replace(DECISION, revealed=frozenset())
    assert view(replace(FACTS, estimated_rows=20), asked, masked).sentence == (
        "billing-bot (agent of ana) wants to change rows in public.task (about 20 rows there), reading public.ward"
    )
    assert "would: change rows in public.task (sql.write)" in view(action=asked).lines
    everywhere = replace(asked, questions=(Question("sql.grant", "clinic"),))
    assert view(action=everywhere, decision=masked).sentence.endswith(
        "wants to change who may use clinic (about 41,200 rows there)"
    )


def test_the_payload_is_nowhere_in_it():
    assert "6789" not in repr(view())


def test_the_reason_is_masked_bounded_and_called_unverified():
    shown = view(replace(FACTS, reason="for Jane Doe 555-12-3456 " + "x" * 10_000))
    line = next(line for line in shown.lines if "reason" in line)
    assert "unverified" in line
    assert "Jane" not in line
    assert "3456" not in line
    assert len(line) < 600


def test_a_name_in_small_letters_after_a_word_that_names_is_hidden():
    assert mask_words("audit of patient smith, room 12") == "audit of patient [...] room [...]"


def test_what_cannot_be_rendered_is_uninspectable_and_high_risk():
    shown = view(ViewFacts())
    assert shown.risk == "high"
    assert any("uninspectable" in line for line in shown.lines)


def test_what_does_not_fit_says_so():
    shown = view(replace(FACTS, statement_masked="SELECT 1 " * 10_000))
    assert "too long to be shown whole" in shown.body["flags"]


def test_what_does_not_fit_is_not_whole_and_high_risk():
    for facts in (
        replace(FACTS, statement_masked="SELECT 1 " * 10_000),
        replace(FACTS, parameters=tuple(f"${i} is [text {i}]" for i in range(2000))),
        replace(FACTS, permit="permit (" * 10_000),
    ):
        shown = view(facts)
        assert (shown.whole, shown.body["whole"], shown.risk) == (False, False, "high")
    assert view().whole


def test_what_has_room_to_hide_something_is_to_be_read_to_its_end():
    shown = view(replace(FACTS, statement_masked="SELECT 1 " * 500 + "OR true"))
    assert shown.whole and shown.body["statement"].endswith("OR true")
    assert "attention: the statement has 4,507 characters: read it to its end" in shown.lines[:8]


def test_the_first_screen_comes_first():
    shown = view(
        replace(FACTS, uninspectable="it runs code", flags=("2 statements in one message",)),
        new=["reaches public.notes; the last did not"],
        asks=["1 of privacy, then 1 of data-owner"],
        decide_by_at=1_800_000_000_000_000,
    )
    assert shown.lines[:7] == (
        shown.sentence,
        "risk: high",
        "new: reaches public.notes; the last did not",
        "attention: uninspectable: it runs code",
        "attention: 2 statements in one message",
        "asked: 1 of privacy, then 1 of data-owner",
        "decide by: 2027-01-15 08:00 UTC; silence denies",
    )


@pytest.mark.parametrize("name", ["RENDERER", "MASKING", "CHANNEL"])
def test_a_vote_binds_to_renderer_masking_and_channel(monkeypatch, name):
    before = view()
    monkeypatch.setattr(views, name, "another")
    assert view().digest != before.digest
    assert view().sentence == before.sentence


def test_look_alike_characters_are_escaped_and_flagged():
    shown = view(replace(FACTS, statement_masked="SELECT * FROM p\u0430tients \u202e"))
    assert "\\u0430" in shown.body["statement"]
    assert any("not ASCII" in str(flag) for flag in shown.body["flags"])


def test_an_answer_to_whoever_asked_raises_no_risk_however_it_is_called():
    """What the view calls the client is words; the action says where the rows go."""
    masked = replace(DECISION, revealed=frozenset())
    read = replace(ACTION, questions=(Question("sql.select", "clinic/public.patients"),))
    said = replace(FACTS, destination="the client at 10.2.0.7")
    assert view(said, action=read, decision=masked).risk == "low"
    assert view(said, action=replace(read, destination="s3://elsewhere"), decision=masked).risk == "medium"


def test_the_table_of_risks_is_the_one_that_is_printed():
    printed = (Path(__file__).parents[2] / "docs" / "reference" / "policy.md").read_text()
    rows = re.findall(r"^\| `(sql\.\w+)` \| (\w+) \|$", printed, re.MULTILINE)
    assert dict(rows) == dict(risk.BY_OPERATION)


def test_risk_rises_with_what_is_shown_where_it_goes_and_the_profile():
    masked = replace(DECISION, revealed=frozenset())
    read = replace(ACTION, questions=(Question("sql.select", "clinic/public.patients"),))
    assert view(action=read, decision=masked).risk == "low"
    assert view(action=read, decision=masked, new=["first time"]).risk == "medium"
    assert view(action=read, decision=masked, profiles={"p": {"risk": "high"}}).risk == "high"
    assert view(action=read).risk == "high", "41,200 rows with names"
    assert view(action=replace(ACTION, questions=(Question("sql.grant", "clinic"),)), decision=masked).risk == "high"


@given(st.text())
def test_escaped_text_is_ascii_and_loses_nothing_visible(text):
    shown = plain(text)
    assert shown.isascii()
    assert all(c == "\n" or " " <= c <= "~" for c in shown)


@given(
    st.sampled_from(["statement_masked", "reason", "destination"]),
    st.text(alphabet="abc", min_size=1, max_size=8),
)
def test_any_difference_in_what_is_shown_changes_the_digest(name, text):
    changed = replace(FACTS, **{name: text})
    assert view(changed).digest != view().digest
    assert view(changed).digest == view(changed).digest
