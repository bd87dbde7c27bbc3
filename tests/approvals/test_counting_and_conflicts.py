"""The two pure rules under the machine, against slow and obvious versions of themselves."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.action import Kind, Principal, Requester
from lockgate.approvals import (
    Account,
    Facts,
    Quorum,
    Stage,
    Vote,
    conflict_set,
    human_of,
    link,
    satisfiable,
    satisfied,
)

GROUPS = ["privacy", "owner", "legal"]
people = st.dictionaries(st.sampled_from("abcde"), st.frozensets(st.sampled_from(GROUPS)), max_size=5)
stages = st.lists(st.builds(Stage, st.integers(1, 2), st.sampled_from(GROUPS)), min_size=1, max_size=3)


def vote(person, groups, human=""):
    return Vote(person, human or person, frozenset({person}), groups, True, 0)


@settings(max_examples=150, deadline=None)
@given(stages, people)
def test_satisfiable_means_that_some_order_of_votes_satisfies(asked, members):
    quorum = Quorum("q", tuple(asked))
    orders = permutations(members)
    slow = any(satisfied((quorum,), [vote(p, members[p]) for p in order]) for order in orders)
    assert satisfiable((quorum,), (), members) == slow


@given(stages, st.lists(st.tuples(st.sampled_from("abc"), st.frozensets(st.sampled_from(GROUPS))), max_size=6))
def test_a_human_never_fills_two_slots(asked, cast):
    quorum = Quorum("q", tuple(asked))
    votes = [vote(f"{person}{n}", groups, human=person) for n, (person, groups) in enumerate(cast)]
    if satisfied((quorum,), votes):
        assert len({person for person, _ in cast}) >= sum(stage.count for stage in asked)


@settings(max_examples=150, deadline=None)
@given(st.lists(stages, min_size=1, max_size=3), people)
def test_several_profiles_are_satisfied_like_one_with_all_their_stages(asked, members):
    apart = tuple(Quorum(f"q{n}", tuple(one)) for n, one in enumerate(asked))
    together = (Quorum("all", tuple(stage for one in asked for stage in one)),)
    votes = [vote(p, members[p]) for p in members]
    assert satisfied(apart, votes) == satisfied(together, votes)
    assert satisfiable(apart, (), members) == satisfiable(together, (), members)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=8))
def test_links_hold_in_both_directions_and_onwards(pairs):
    accounts = [Account(a, True, True, 0, linked=frozenset({b})) for a, b in pairs]
    links = link(accounts)
    for a, b in pairs:
        assert links[a] == links[b]
        assert {a, b} <= links[a]
        assert human_of(a, links) == human_of(b, links)
    for members in links.values():
        assert all(links[m] == members for m in members)


@given(st.frozensets(st.sampled_from("abcd")), st.frozensets(st.sampled_from("abcd")), st.sampled_from("abcd"))
def test_everyone_around_the_request_is_in_the_set_with_a_reason(owners, editors, asked):
    facts = Facts.of(
        Requester(Principal("x", asked, Kind.HUMAN), "key", owners=owners),
        editors=editors,
        holders={"holder"},
    )
    found = conflict_set(facts, {}, frozenset(), created_at=0)
    assert found.keys() == {f"x:{asked}", *owners, *editors, "holder"}
    assert all(found.values())


def test_a_party_of_another_issuer_may_be_any_voter_until_it_is_linked():
    def human(id, *groups, linked=()):
        return Account(id, True, True, 0, groups=dict.fromkeys(groups, 0), linked=frozenset(linked))

    voters = [human("idp:ana", "privacy"), human("idp:rita", "privacy")]
    bot = Account("local:bot", False, True, 0)
    facts = Facts("local:bot", owners=frozenset({"local:ana"}))

    def found(*accounts, issuer):
        known = {account.id: account for account in (*voters, bot, *accounts)}
        return conflict_set(facts, known, frozenset({"privacy"}), created_at=10**12, issuer=issuer).keys()

    assert found(human("local:ana"), issuer="idp") == {"local:bot", "local:ana", "idp:ana", "idp:rita"}
    assert found(human("local:ana", linked=["idp:ana"]), issuer="idp") == {"local:bot", "local:ana", "idp:ana"}
    assert found(human("local:ana"), issuer="local") == {"local:bot", "local:ana"}
