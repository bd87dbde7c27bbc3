"""An error, an unknown word or an unanswered question is a deny."""

from __future__ import annotations

import pytest

from lockgate.action import Effect, Kind, Principal, Requester
from lockgate.policy import Context, Query

ALL = '@id("all") permit (principal is User, action, resource);'
SELECT = "sql.select clinic/public.patient"


def test_a_forbid_that_errors_denies_although_cedar_would_skip_it(policies, ask) -> None:
    ps = policies(
        ALL + '@id("no") forbid (principal, action == Action::"sql.select", resource)'
        " when { context.rows + 9223372036854775807 < 0 };"
    )
    assert ps.decide(ask(SELECT)).effect is Effect.ALLOW
    decision = ps.decide(ask(SELECT, context=Context(rows=1)))

    assert decision.effect is Effect.DENY
    assert [r.policy_id for r in decision.reasons] == ["not-evaluated"]


def test_a_reveal_that_errors_masks(policies, ask) -> None:
    ps = policies(
        ALL + '@id("no") forbid (principal, action == Action::"reveal.ssn", resource)'
        " when { context.rows + 9223372036854775807 < 0 };"
    )
    decision = ps.decide(ask(SELECT, classes={"ssn", "date"}, context=Context(rows=1)))

    assert (decision.effect, decision.masked, decision.revealed) == (Effect.ALLOW, {"ssn"}, {"date"})


def test_an_error_under_a_supposed_profile_is_no_way_to_an_allow(policies, ask) -> None:
    ps = policies(
        '@id("w") permit (principal is User, action == Action::"sql.write", resource)'
        ' when { context.satisfied.contains("light") };'
        '@id("no") forbid (principal, action == Action::"sql.write", resource)'
        ' when { context.satisfied.contains("light") && context.rows + 9223372036854775807 < 0 };'
    )
    assert ps.decide(ask("sql.write c/s.a", context=Context(rows=1))).effect is Effect.DENY


@pytest.mark.parametrize(
    "what",
    ["sql.unheard-of clinic/public.patient", "reveal clinic/public.patient", "sql clinic", "mcp.call clinic"],
)
def test_an_operation_outside_the_schema_is_denied(policies, ask, what: str) -> None:
    assert policies(ALL).decide(ask(what)).effect is Effect.DENY


@pytest.mark.parametrize("family", ["probes", "lookups"])
def test_an_unknown_class_is_denied_where_it_is_asked(policies, ask, family: str) -> None:
    assert policies(ALL).decide(ask(SELECT, **{family: {"shoe_size"}})).effect is Effect.DENY


def test_an_unknown_class_in_the_output_is_masked(policies, ask) -> None:
    decision = policies(ALL).decide(ask(SELECT, classes={"shoe_size", "date"}))

    assert (decision.masked, decision.revealed) == ({"shoe_size"}, {"date"})


@pytest.mark.parametrize(
    "context",
    [
        Context(hour=2**70),
        Context(purpose="\ud800"),
        Context(destination="\ud800"),
        Context(purpose=None),  # type: ignore[arg-type]
        Context(auth=7),  # type: ignore[arg-type]
    ],
)
def test_a_context_that_cedar_cannot_read_is_denied(policies, ask, context: Context) -> None:
    assert policies(ALL).decide(ask(SELECT, context=context)).effect is Effect.DENY


def test_one_name_with_two_sets_of_groups_is_believed_in_neither(policies, ask) -> None:
    one = Principal("local", "ana", Kind.HUMAN, frozenset({"a"}))
    other = Principal("local", "ana", Kind.HUMAN, frozenset({"b"}))
    query = ask(SELECT, by=Requester(one, "key", actors=(other,)))

    assert policies(ALL).decide(query).effect is Effect.DENY


def test_more_questions_than_can_be_answered_in_time_are_denied(policies, ask) -> None:
    tables = [f"sql.select c/s.t{i}" for i in range(300)]
    ps = policies(ALL)

    assert ps.decide(ask(*tables, classes={"date"})).effect is Effect.ALLOW
    decision = ps.decide(ask(*tables, probes={"date"}))
    assert decision.effect is Effect.DENY
    assert [r.policy_id for r in decision.reasons] == ["too-many-questions"]
    assert ps.decide(ask(*tables, classes={"date", "geo", "ssn"})).revealed == frozenset()


def test_names_are_data_and_never_syntax(policies, ask) -> None:
    ps = policies('@id("u") permit (principal == User::"local:ana", action == Action::"sql.select", resource);')
    sly = Principal("local", 'eve" || true || User::"local:ana', Kind.HUMAN)

    assert ps.decide(ask(SELECT, by=Requester(sly, "key"))).effect is Effect.DENY


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.0.0.7", True),
        ("10.1.0.7", False),
        ("", False),
        ("nonsense", False),
        ("10.0.0.0/8", False),
        ("::ffff:10.0.0.7", True),
    ],
)
def test_an_address_is_compared_in_any_spelling_and_what_is_none_is_inside_no_network(
    policies, ask, address: str, inside: bool
) -> None:
    ps = policies(
        '@id("n") permit (principal is User, action == Action::"sql.select", resource)'
        ' when { context has address && context.address.isInRange(ip("10.0.0.0/16")) };'
    )
    decision = ps.decide(ask(SELECT, context=Context(address=address)))

    assert decision.allowed is inside


def test_a_claimed_purpose_narrows_and_only_a_vouched_one_widens(policies, ask) -> None:
    ps = policies(
        '@id("v") permit (principal is User, action == Action::"sql.select", resource)'
        ' when { context has vouched_purpose && context.vouched_purpose == "treatment" };'
    )
    claimed = ask(SELECT, context=Context(purpose="treatment"))
    vouched = ask(SELECT, context=Context(purpose="treatment", purpose_vouched=True))

    assert ps.decide(claimed).effect is Effect.DENY
    assert ps.decide(vouched).effect is Effect.ALLOW


def test_what_the_client_wrote_is_not_repeated_in_the_reasons(policies, ask) -> None:
    """Cedar's errors quote the context, and a client may have put a patient into it."""
    query: Query = ask(SELECT, context=Context(purpose="for Jane Roe", hour=2**70))
    explanation = policies(ALL).explain(query)

    assert explanation.decision.effect is Effect.DENY
    assert "Jane" not in explanation.text()
    assert "Jane" not in repr(explanation.decision)
