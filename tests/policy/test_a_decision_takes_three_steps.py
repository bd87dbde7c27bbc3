"""What is so, what people could change, and never the one for the other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lockgate.action import Effect, Kind, Principal, Requester
from lockgate.policy import Context

READ = '@id("read") @title("May read") permit (principal is User, action == Action::"sql.select", resource);'
SELECT = "sql.select clinic/public.patient"


def test_a_permitted_read_is_allowed_and_masks_everything(policies, ask) -> None:
    decision = policies(READ).decide(ask(SELECT, classes={"name", "ssn"}))

    assert decision.effect is Effect.ALLOW
    assert (decision.masked, decision.revealed) == ({"name", "ssn"}, frozenset())
    assert [(r.policy_id, r.title) for r in decision.reasons] == [("read", "May read")]


def test_what_nobody_permits_is_denied_and_nobody_is_asked(policies, ask) -> None:
    decision = policies(READ).decide(ask("sql.write clinic/public.patient", classes={"name"}))

    assert (decision.effect, decision.profiles) == (Effect.DENY, ())
    assert decision.masked == {"name"}
    assert decision.reasons[0].policy_id == "no-permit"
    assert "sql.write on clinic/public.patient" in decision.reasons[0].title


def test_every_question_must_be_allowed(policies, ask) -> None:
    both = policies(READ).decide(ask(SELECT, "sql.write clinic/public.visit"))

    assert both.effect is Effect.DENY


def test_nothing_asked_is_nothing_allowed(policies, ask) -> None:
    decision = policies(READ).decide(ask(classes={"ssn"}, reveal={"ssn"}))

    assert decision.effect is Effect.DENY
    assert decision.masked == {"ssn"}


def test_the_weakest_profile_that_turns_it_is_the_one_required(policies, ask) -> None:
    ps = policies(
        '@id("w") permit (principal is User, action == Action::"sql.write", resource)'
        ' when { context.satisfied.containsAny(["heavy", "middle"]) };'
    )
    decision = ps.decide(ask("sql.write clinic/public.patient"))

    assert (decision.effect, decision.profiles) == (Effect.REQUIRE, ("middle",))
    assert [r.policy_id for r in decision.reasons] == ["w"]


TWO = """
@id("w") permit (principal is User, action == Action::"sql.write", resource)
when { context.satisfied.contains("light") };
@id("e") permit (principal is User, action == Action::"sql.export", resource)
when { context.satisfied.contains("heavy") };
"""


def test_every_profile_that_is_asked_for_must_be_met(policies, ask) -> None:
    ps = policies(TWO)
    query = ask("sql.write c/s.a", "sql.export c/s.a")

    assert ps.decide(query).profiles == ("light", "heavy")
    assert ps.decide(query, frozenset({"light"})).profiles == ("heavy",)
    assert ps.decide(query, frozenset({"heavy"})).profiles == ("light",)
    assert ps.decide(query, frozenset({"light", "heavy"})).effect is Effect.ALLOW


def test_satisfied_profiles_count_from_the_context_and_from_the_argument_alike(policies, ask) -> None:
    ps = policies(TWO)
    query = ask("sql.write c/s.a", "sql.export c/s.a", context=Context(satisfied=frozenset({"light"})))

    assert ps.decide(query, frozenset({"heavy"})).effect is Effect.ALLOW


def test_a_profile_that_policy_no_longer_knows_satisfies_nothing(policies, ask) -> None:
    ps = policies(
        '@id("w") permit (principal is User, action == Action::"sql.write", resource)'
        " when { !context.satisfied.isEmpty() };"
    )
    query = ask("sql.write c/s.a")

    assert ps.decide(query, frozenset({"retired"})).effect is Effect.REQUIRE
    assert ps.decide(query, frozenset({"light"})).effect is Effect.ALLOW


def test_a_forbid_that_people_lift_is_asked_for_and_given_as_the_reason(policies, ask) -> None:
    ps = policies(
        READ + '@id("hours") @title("Not at night") forbid (principal, action, resource)'
        ' unless { context.hour >= 8 || context.satisfied.contains("light") };'
    )
    decision = ps.decide(ask(SELECT, context=Context(hour=3)))

    assert (decision.effect, decision.profiles) == (Effect.REQUIRE, ("light",))
    assert [r.policy_id for r in decision.reasons] == ["hours", "read"]
    assert ps.decide(ask(SELECT, context=Context(hour=9))).effect is Effect.ALLOW


def test_people_are_not_asked_for_what_a_forbid_keeps_forbidden(policies, ask) -> None:
    ps = policies(TWO + '@id("no") forbid (principal, action == Action::"sql.export", resource);')
    decision = ps.decide(ask("sql.write c/s.a", "sql.export c/s.a"))

    assert (decision.effect, decision.profiles) == (Effect.DENY, ())
    assert "no" in [r.policy_id for r in decision.reasons]


def test_a_profile_that_would_forbid_something_else_is_passed_over(policies, ask) -> None:
    """Satisfying `light` allows the write but forbids the read beside it, so a stronger profile is found."""
    ps = policies(
        READ + '@id("w") permit (principal is User, action == Action::"sql.write", resource)'
        ' when { context.satisfied.containsAny(["light", "middle"]) };'
        '@id("x") forbid (principal, action == Action::"sql.select", resource)'
        ' when { context.satisfied.contains("light") };'
    )
    assert ps.decide(ask(SELECT, "sql.write c/s.a")).profiles == ("middle",)


# ---- what is shown ----

SEE = """
@id("see") permit (principal is User, action == Action::"reveal.ssn", resource)
when { context.satisfied.contains("light") };
@id("name") permit (principal is User, action == Action::"reveal.name", resource) when { context.asked };
@id("dates") permit (principal is User, action == Action::"reveal.date", resource);
"""


def test_a_named_class_takes_the_same_steps_as_any_operation(policies, ask) -> None:
    ps = policies(READ + SEE)
    query = ask(SELECT, classes={"ssn", "mrn"}, reveal={"ssn"})

    before = ps.decide(query)
    after = ps.decide(query, frozenset({"light"}))

    assert (before.effect, before.profiles) == (Effect.REQUIRE, ("light",))
    assert (after.effect, after.revealed, after.masked) == (Effect.ALLOW, {"ssn"}, {"mrn"})


def test_an_approval_never_unmasks_what_nobody_named(policies, ask) -> None:
    """The profile was met for something else; that it would also open `reveal.ssn` changes nothing."""
    decision = policies(READ + SEE).decide(ask(SELECT, classes={"ssn"}), frozenset({"light"}))

    assert (decision.effect, decision.masked) == (Effect.ALLOW, {"ssn"})


def test_what_policy_shows_to_everybody_is_shown_unasked(policies, ask) -> None:
    decision = policies(READ + SEE).decide(ask(SELECT, classes={"date", "name", "ssn"}))

    assert (decision.revealed, decision.masked) == ({"date"}, {"name", "ssn"})


def test_a_class_that_is_only_for_the_asking_is_masked_until_it_is_named(policies, ask) -> None:
    ps = policies(READ + SEE)

    assert ps.decide(ask(SELECT, classes={"name"})).masked == {"name"}
    assert ps.decide(ask(SELECT, classes={"name"}, reveal={"name"})).revealed == {"name"}


def test_a_named_class_that_nobody_may_see_is_a_deny(policies, ask) -> None:
    decision = policies(READ + SEE).decide(ask(SELECT, classes={"mrn"}, reveal={"mrn"}))

    assert (decision.effect, decision.masked) == (Effect.DENY, {"mrn"})


def test_a_named_class_that_is_not_in_play_is_not_asked_about(policies, ask) -> None:
    decision = policies(READ).decide(ask(SELECT, classes={"name"}, reveal={"mrn"}))

    assert (decision.effect, decision.revealed) == (Effect.ALLOW, frozenset())


def test_a_class_is_shown_only_if_every_relation_shows_it(policies, ask) -> None:
    ps = policies(
        READ + '@id("here") permit (principal is User, action == Action::"reveal.date",'
        ' resource == Relation::"clinic/public.visit");'
    )
    one = ask("sql.select clinic/public.visit", classes={"date"})
    joined = ask("sql.select clinic/public.visit", "sql.select clinic/public.zz", classes={"date"})

    assert ps.decide(one).revealed == {"date"}
    assert ps.decide(joined).masked == {"date"}


def test_the_glass_shows_only_what_is_named_and_only_to_humans(policies, ask) -> None:
    ps = policies(
        '@id("r") permit (principal, action == Action::"sql.select", resource);'
        '@id("g") permit (principal, action in Action::"reveal", resource) when { context.break_glass };'
    )
    broken = Context(break_glass=True)
    agent = Requester(Principal("local", "bot", Kind.AGENT), "key")

    assert ps.decide(ask(SELECT, classes={"ssn"}, context=broken)).masked == {"ssn"}
    assert ps.decide(ask(SELECT, classes={"ssn"}, reveal={"ssn"}, context=broken)).revealed == {"ssn"}
    assert ps.decide(ask(SELECT, by=agent, classes={"ssn"}, reveal={"ssn"}, context=broken)).effect is Effect.DENY


# ---- probes and look-ups ----


def test_a_probe_and_a_look_up_are_questions_on_every_relation(policies, ask) -> None:
    ps = policies(
        READ + '@id("p") permit (principal is User, action == Action::"probe.ssn",'
        ' resource == Relation::"c/s.a") when { context.satisfied.contains("light") };'
        '@id("l") permit (principal is User, action == Action::"lookup.mrn", resource);'
    )
    assert ps.decide(ask("sql.select c/s.a", lookups={"mrn"})).effect is Effect.ALLOW
    assert ps.decide(ask("sql.select c/s.a", lookups={"ssn"})).effect is Effect.DENY
    assert ps.decide(ask("sql.select c/s.a", probes={"ssn"})).profiles == ("light",)
    assert ps.decide(ask("sql.select c/s.a", "sql.select c/s.b", probes={"ssn"})).effect is Effect.DENY


# ---- who is asked about ----


def test_whoever_acts_and_whoever_is_acted_for_must_both_be_allowed(policies, ask) -> None:
    ps = policies(
        '@id("u") permit (principal == User::"local:ana", action == Action::"sql.select", resource);'
        '@id("a") permit (principal is Agent, action == Action::"sql.select", resource);'
    )
    ana, eve = (Principal("local", name, Kind.HUMAN) for name in ("ana", "eve"))
    bot, job = Principal("local", "bot", Kind.AGENT), Principal("local", "job", Kind.SERVICE)
    alone = Requester(bot, "key")

    assert ps.decide(ask(SELECT, by=alone)).effect is Effect.ALLOW
    assert ps.decide(ask(SELECT, by=replace(alone, on_behalf_of=ana))).effect is Effect.ALLOW
    assert ps.decide(ask(SELECT, by=replace(alone, on_behalf_of=eve))).effect is Effect.DENY
    assert ps.decide(ask(SELECT, by=replace(alone, actors=(job,)))).effect is Effect.DENY
    assert ps.decide(ask(SELECT, by=Requester(ana, "key", actors=(bot,)))).effect is Effect.ALLOW
    assert ps.decide(ask(SELECT, by=Requester(eve, "key", actors=(bot,)))).effect is Effect.DENY


def test_owners_answer_for_an_agent_and_lend_it_nothing(policies, ask) -> None:
    ps = policies('@id("u") permit (principal is User, action == Action::"sql.select", resource);')
    bot = Requester(Principal("local", "bot", Kind.AGENT), "key", owners=frozenset({"local:ana"}))

    assert ps.decide(ask(SELECT, by=bot)).effect is Effect.DENY


# ---- shortcuts that must not be taken ----


@pytest.mark.parametrize(
    "condition",
    [
        'context.satisfied == ["middle"]',
        "!context.satisfied.isEmpty() && !context.satisfied.contains(context.destination)",
        '["middle", "heavy"].containsAny(context.satisfied)',
        '!(context.satisfied == ["light"]) && !context.satisfied.isEmpty()',
        'if context.satisfied.contains("middle") then true else false',
    ],
)
def test_however_a_policy_asks_for_people_they_are_found(policies, ask, condition: str) -> None:
    ps = policies(
        '@id("w") permit (principal is User, action == Action::"sql.write", resource)'
        f" when {{ {condition} }};"
        '@id("l") forbid (principal, action, resource) when { context.satisfied.contains("light") };'
    )
    assert ps.decide(ask("sql.write c/s.a")).profiles == ("middle",)


@pytest.mark.parametrize(
    ("condition", "shown"),
    [
        ('when { context.rows < 9 || context.satisfied.contains("light") }', True),
        ('when { context.rows < 9 && context.satisfied.contains("light") }', False),
        ('when { !context.satisfied.contains("light") }', True),
        ('unless { !context.satisfied.contains("light") }', False),
        ("unless { context.satisfied.isEmpty() }", False),
        ("unless { context.satisfied.isEmpty() && context.rows > 9 }", True),
        ("unless { context.satisfied.isEmpty() || context.rows > 9 }", False),
        ("unless { context.asked }", True),
        ("when { context.asked || context.rows < 9 }", True),
        ("when { context.asked && context.rows < 9 }", False),
        ('when { if context.rows < 9 then true else context.satisfied.contains("light") }', True),
        ('when { if context.asked then true else context.satisfied.contains("light") }', False),
        ("when { context.break_glass }", False),
        ("when { !context.break_glass }", True),
    ],
)
def test_a_class_that_nobody_named_is_shown_exactly_where_policy_shows_it(
    policies, ask, condition: str, shown: bool
) -> None:
    ps = policies(READ + f'@id("r") permit (principal is User, action in Action::"reveal", resource) {condition};')
    query = ask(SELECT, classes={"ssn"}, context=Context(break_glass=True))

    assert ps.decide(query, frozenset({"light"})).revealed == ({"ssn"} if shown else frozenset())
