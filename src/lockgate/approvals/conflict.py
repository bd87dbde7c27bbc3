"""Separation of duties: who may not approve a request, and why, as data that a verifier can evaluate again.

Nobody decides about what they asked for, act in, are acted for, own, edited, hold the credential of, or
prepared: by making or moving a voter, or by loosening a rule that the request rests on, in the day before
(NIST 800-53 AC-5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lockgate.action import JSON, Requester
from lockgate.approvals.model import SECOND, Conflicts

OWNED_SINCE_S = 30 * 24 * 3600
PREPARED_SINCE_S = 24 * 3600
COOLING_S = 3600
COOLING_FROM_S = 24 * 3600
CHATS = frozenset({"slack"})
"""What stands before the colon of a chat's account, where another has its issuer."""

ASKED, ACTS, BEHALF = "you asked for it", "you act in it", "it is done on your behalf"
OWNS, OWNED = "you own an agent or service in it", "you owned an agent or service in it within 30 days"
HELD, EDITED = "you issued or were shown the credential that it uses", "you edited it"
LENT = "you lent the place that it was done from"
LOOSENED = "you loosened a rule that it rests on within 24 hours"
CREATED = "you created a voter's account within 24 hours before it"
PLANTED = "your account or your group was given to you by a party to this, within 24 hours"
MOVED = "you changed a voter's groups within 24 hours before it"
UNLINKED = "a party to it has an account of another issuer that could be your own: it is linked to no voter's"


@dataclass(frozen=True, slots=True)
class Account:
    """What this rule needs to know of an account: its groups with the instant each was joined, those in which it
    holds somebody else's place (`lent`), and who made it so.

    `changed_by` is who put it into a group or took it out, when, and which: also of groups that it has left.
    """

    id: str
    human: bool
    active: bool
    created_at: int
    created_by: str = ""
    groups: Mapping[str, int] = field(default_factory=dict)
    changed_by: tuple[tuple[str, int, str], ...] = ()
    linked: frozenset[str] = frozenset()
    lent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everybody who has to do with a request, by how; ids only."""

    asked: str
    acts: frozenset[str] = frozenset()
    behalf: str = ""
    owners: frozenset[str] = frozenset()
    past_owners: frozenset[str] = frozenset()
    holders: frozenset[str] = frozenset()
    editors: frozenset[str] = frozenset()
    loosened: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        requester: Requester,
        *,
        past_owners: Iterable[str] = (),
        holders: Iterable[str] = (),
        editors: Iterable[str] = (),
        loosened: Iterable[str] = (),
    ) -> Facts:
        behalf = requester.on_behalf_of
        return cls(
            asked=requester.principal.id,
            acts=frozenset(actor.id for actor in requester.actors),
            behalf="" if behalf is None else behalf.id,
            owners=requester.owners,
            past_owners=frozenset(past_owners),
            holders=frozenset(holders),
            editors=frozenset(editors),
            loosened=frozenset(loosened),
        )


def link(accounts: Iterable[Account]) -> dict[str, frozenset[str]]:
    """Account → all accounts of the same human, itself included; a link holds in both directions and
    onwards.
    """
    sets: dict[str, set[str]] = {}
    for account in accounts:
        joined = {account.id, *account.linked}
        for known in list(joined):
            joined |= sets.get(known, set())
        for member in joined:
            sets[member] = joined
    return {member: frozenset(joined) for member, joined in sets.items()}


def human_of(person: str, links: Mapping[str, frozenset[str]]) -> str:
    """One name for the human behind an account, whichever account is used."""
    return min(links.get(person, frozenset({person})))


def conflict_set(
    facts: Facts,
    accounts: Mapping[str, Account],
    voting_groups: frozenset[str],
    *,
    created_at: int,
    issuer: str = "",
) -> dict[str, tuple[str, ...]]:
    """Person → reasons, for the request created at `created_at`, linked accounts included.

    Voters come from one `issuer`. A human in the set whose account is of another, and linked to none of this one, may
    be any of the voters: then nobody votes, until that account is linked by logging in on both sides.

    `voting_groups` are those that its profiles ask: whoever made or moved one of their members in the day
    before the request, or since, has chosen a judge; so has whoever took one away. Who holds a lent place counts
    as a member.
    """
    reasons: dict[str, set[str]] = {}

    def add(people: Iterable[str], reason: str) -> None:
        for person in people:
            if person:
                reasons.setdefault(person, set()).add(reason)

    add([facts.asked], ASKED)
    add(facts.acts, ACTS)
    add([facts.behalf], BEHALF)
    add(facts.owners, OWNS)
    add(facts.past_owners - facts.owners, OWNED)
    add(facts.holders, HELD)
    add(facts.editors, EDITED)
    asking = frozenset(reasons)
    add(facts.loosened, LOOSENED)
    since_at = created_at - PREPARED_SINCE_S * SECOND
    for account in accounts.values():
        votes = bool(voting_groups & (account.groups.keys() | account.lent))
        recent = {who for who, at, group in account.changed_by if at >= since_at and (votes or group in voting_groups)}
        add(recent, MOVED)
        if not votes:
            continue
        if account.created_at >= since_at:
            add([account.created_by], CREATED)
        # A judge who was made or moved by a party is no judge, whoever sits behind the account.
        if recent & asking or (account.created_at >= since_at and account.created_by in asking):
            add([account.id], PLANTED)
    links = link(accounts.values())
    if issuer and any(_could_be_anybody(accounts.get(person), links, issuer) for person in reasons):
        add([account.id for account in accounts.values() if not barred(account, issuer=issuer)], UNLINKED)
    for person in list(reasons):
        for other in links.get(person, frozenset()) - {person}:
            reasons.setdefault(other, set()).update(reasons[person])
    return {person: tuple(sorted(reasons[person])) for person in sorted(reasons)}


def issuers(ids: Iterable[str]) -> frozenset[str]:
    """Who vouches for these accounts. A chat vouches for nobody: one human may have many accounts there, or a code that
    was another's, so that to have one tells nobody apart."""
    return frozenset(id.partition(":")[0] for id in ids) - CHATS


def may_be_one(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two people, each known by the ids of their linked accounts, may be one human with another account that
    nobody has linked. A human has one account of an issuer (or links the others): of a shared one they are two."""
    return not issuers(one) & issuers(other)


def _could_be_anybody(account: Account | None, links: Mapping[str, frozenset[str]], issuer: str) -> bool:
    """Whether a human is behind it of whom nobody knows which voter that is, if any."""
    if account is None or not account.human:
        return False
    return may_be_one(links.get(account.id, frozenset({account.id})), {f"{issuer}:"})


def counted_groups(account: Account, now_at: int, *, installed_at: int, cooling_s: int = COOLING_S) -> frozenset[str]:
    """Groups whose membership has cooled off; none for a young account.

    Cooling-off begins one day after installation, so that a first evening works.
    """
    if not cooled_off(account, now_at, installed_at=installed_at, cooling_s=cooling_s):
        return frozenset()
    if now_at < installed_at + COOLING_FROM_S * SECOND:
        return frozenset(account.groups)
    cool_at = now_at - cooling_s * SECOND
    return frozenset(group for group, joined_at in account.groups.items() if joined_at <= cool_at)


def cooled_off(account: Account, now_at: int, *, installed_at: int, cooling_s: int = COOLING_S) -> bool:
    """Whether this is the account of a person, active, and old enough to decide, in their own place or a lent one."""
    if not account.active or not account.human:
        return False
    first_evening = now_at < installed_at + COOLING_FROM_S * SECOND
    return first_evening or account.created_at <= now_at - cooling_s * SECOND


def barred(account: Account | None, *, issuer: str) -> str:
    """Why this account never votes; empty if it may."""
    if account is None:
        return "nobody knows this account"
    if not account.human:
        return "agents and services never vote"
    if not account.active:
        return "the account is not active"
    if not account.id.startswith(f"{issuer}:"):
        return "voters come from another issuer"
    return ""


def eligible(
    accounts: Mapping[str, Account],
    conflicts: Conflicts,
    now_at: int,
    *,
    issuer: str,
    installed_at: int,
    cooling_s: int = COOLING_S,
) -> dict[str, frozenset[str]]:
    """Human → the groups they could serve in; linked accounts are one human, and one in conflict bars all."""
    links = link(accounts.values())
    people: dict[str, frozenset[str]] = {}
    for account in accounts.values():
        ids = links.get(account.id, frozenset({account.id}))
        if ids & conflicts.keys() or barred(account, issuer=issuer):
            continue
        groups = counted_groups(account, now_at, installed_at=installed_at, cooling_s=cooling_s)
        if groups:
            human = min(ids)
            people[human] = people.get(human, frozenset()) | groups
    return people


def conflicts_json(conflicts: Conflicts) -> dict[str, JSON]:
    """The evaluated set, as an event records it."""
    return {person: list(reasons) for person, reasons in conflicts.items()}
