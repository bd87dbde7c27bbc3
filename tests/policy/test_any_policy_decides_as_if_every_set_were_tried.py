"""Shortcuts (what matters to which action, what is never shown unasked) must change no decision.

The oracle knows none of them: it asks Cedar about one thing at a time, for each set of profiles in order.
"""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.action import Decision, Effect, Kind, Principal, Question, Requester
from lockgate.policy import Context, PolicySet, Query, parse
from lockgate.policy.engine import Ask, Engine

NAMES = ("light", "middle", "heavy")
PROFILES = "profiles: {light: {stages: [{group: a}]}, middle: {stages: [{group: a}]}, heavy: {stages: [{group: a}]}}"
ANA = Principal("local", "ana", Kind.HUMAN, frozenset({"analysts"}))
BOT = Principal("local", "bot", Kind.AGENT)

atoms = st.sampled_from(
    [
        *(f'context.satisfied.contains("{name}")' for name in NAMES),
        'context.satisfied.containsAny(["light", "heavy"])',
        'context.satisfied.containsAll(["light", "middle"])',
        "context.satisfied.containsAll(context.reveal)",
        "context.satisfied.isEmpty()",
        'context.satisfied == ["middle"]',
        '["light", "middle"].containsAll(context.satisfied)',
        "context.asked",
        "context.break_glass",
        "context.rows > 10",
        "context.delegated",
        "true",
        "principal is Agent",
        "context.rows + 9223372036854775807 > 5",
    ]
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: f"({p[0]} && {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} || {p[1]})"),
        inner.map(lambda e: f"!({e})"),
        st.tuples(inner, inner, inner).map(lambda p: f"(if {p[0]} then {p[1]} else {p[2]})"),
    ),
    max_leaves=4,
)
policy = st.tuples(
    st.sampled_from(["permit", "permit", "permit", "forbid"]),
    st.sampled_from(["principal", "principal is User", "principal is Agent", 'principal in Group::"analysts"']),
    st.sampled_from(
        [
            "action",
            'action == Action::"sql.select"',
            'action in [Action::"sql.select", Action::"sql.write"]',
            'action in Action::"reveal"',
            'action == Action::"reveal.ssn"',
            'action in [Action::"probe", Action::"reveal.date"]',
        ]
    ),
    st.sampled_from(["when", "unless"]),
    conditions,
)
queries = st.builds(
    Query,
    requester=st.sampled_from(
        [
            Requester(ANA, "k"),
            Requester(BOT, "k"),
            Requester(BOT, "k", on_behalf_of=ANA),
            Requester(ANA, "k", actors=(BOT,)),
        ]
    ),
    questions=st.sampled_from(
        [
            (Question("sql.select", "c/s.a"),),
            (Question("sql.select", "c/s.a"), Question("sql.write", "c/s.b")),
            (Question("sql.write", "c"),),
        ]
    ),
    probes=st.sampled_from([frozenset(), frozenset({"ssn"})]),
    classes=st.sampled_from([frozenset(), frozenset({"ssn"}), frozenset({"ssn", "date"})]),
    reveal=st.sampled_from([frozenset(), frozenset({"ssn"})]),
    context=st.builds(Context, rows=st.sampled_from([0, 20]), break_glass=st.booleans()),
)


def written(parts: list[tuple[str, str, str, str, str]]) -> PolicySet:
    text = "\n".join(
        f'@id("p{i}") {effect} ({principal}, {action}, resource) {how} {{ {condition} }};'
        for i, (effect, principal, action, how, condition) in enumerate(parts)
    )
    return parse({"p.cedar": text, "profiles.yaml": PROFILES})


def oracle(policies: PolicySet, query: Query, satisfied: frozenset[str]) -> tuple[Effect, set[str], set[str]]:
    session = Engine(policies.policies).session(query)

    def yes(action: str, resource: str, met: frozenset[str], asked: bool) -> bool:
        return all(
            session.ask([(Ask(principal, action, resource, asked), met)])[0].allowed for principal in session.principals
        )

    resources = {q.resource for q in query.questions}
    needed = [(q.operation, q.resource) for q in query.questions]
    needed += [(f"probe.{c}", r) for c in query.probes for r in resources]
    needed += [(f"reveal.{c}", r) for c in query.reveal & query.classes for r in resources]
    shown = {
        c for c in query.classes - query.reveal if all(yes(f"reveal.{c}", r, frozenset(), False) for r in resources)
    } | (query.reveal & query.classes)
    others = [name for name in NAMES if name not in satisfied]
    for size in range(len(others) + 1):
        for some in sorted(combinations(others, size), key=lambda s: [NAMES.index(n) for n in reversed(s)]):
            if all(yes(a, r, satisfied | frozenset(some), True) for a, r in needed):
                return (Effect.REQUIRE if some else Effect.ALLOW), set(some), set(shown)
    return Effect.DENY, set(), set()


@settings(max_examples=150, deadline=None)
@given(st.lists(policy, min_size=1, max_size=4), queries, st.frozensets(st.sampled_from(NAMES), max_size=1))
def test_a_decision_is_the_oracles(
    parts: list[tuple[str, str, str, str, str]], query: Query, satisfied: frozenset[str]
) -> None:
    policies = written(parts)
    decision = policies.decide(query, satisfied)
    effect, profiles, shown = oracle(policies, query, satisfied)

    if effect is Effect.REQUIRE and decision.effect is Effect.DENY:
        # An error while asking what is so is a deny at once, though supposing more might have avoided it.
        assert "not-evaluated" in {r.policy_id for r in decision.reasons}
        return
    assert (decision.effect, set(decision.profiles), set(decision.revealed)) == (effect, profiles, shown)
    hold_together(policies, query, satisfied, decision)


def hold_together(policies: PolicySet, query: Query, satisfied: frozenset[str], decision: Decision) -> None:
    assert decision.masked | decision.revealed == query.classes
    assert not decision.masked & decision.revealed
    assert bool(decision.profiles) == (decision.effect is Effect.REQUIRE)
    assert decision.reasons, "every decision says why"
    if decision.effect is Effect.DENY:
        assert not decision.revealed
    if decision.effect is Effect.REQUIRE:
        after = policies.decide(query, satisfied | frozenset(decision.profiles))
        assert (after.effect, after.revealed) == (Effect.ALLOW, decision.revealed)
    assert policies.decide(query, satisfied) is decision, "asked again, it is the kept one"
