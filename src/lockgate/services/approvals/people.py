"""Who may decide: the directory and the log's history turned into facts for the pure rule, in the
transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from lockgate.action import JSON, Action, Kind, Requester
from lockgate.approvals import (
    Account,
    Ballot,
    Conflicts,
    Facts,
    Quorum,
    barred,
    conflict_set,
    cooled_off,
    counted_groups,
    eligible,
    groups_of,
    human_of,
    link,
    satisfiable,
)
from lockgate.approvals.conflict import OWNED_SINCE_S, PREPARED_SINCE_S
from lockgate.approvals.model import SECOND
from lockgate.services.approvals import delegating
from lockgate.services.approvals.changes import is_host
from lockgate.services.approvals.desk import Desk
from lockgate.services.approvals.nouns import Voter


@dataclass(frozen=True, slots=True)
class People:
    """The directory at one instant of one transaction."""

    accounts: Mapping[str, Account]
    links: Mapping[str, frozenset[str]]
    now_at: int
    installed_at: int
    issuer: str
    cooling_s: int
    delegated: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Receiver → (giver, group), those in force now."""

    def groups(self, person: str) -> frozenset[str]:
        """Groups this person decides for now: their own, and those lent by somebody who still is a member."""
        own = self.own_groups(person)
        account = self.accounts.get(person)
        if account is None or barred(account, issuer=self.issuer):
            return own
        if not cooled_off(account, self.now_at, installed_at=self.installed_at, cooling_s=self.cooling_s):
            return own
        return own | {group for giver, group in self.delegated.get(person, ()) if group in self.own_groups(giver)}

    def lenders(self, person: str, place: str = "") -> frozenset[str]:
        """Accounts of those whose place this person takes, in this group or in any: their conflicts and their votes
        are this person's too.
        """
        own = self.own_groups(person)
        givers = {
            giver
            for giver, group in self.delegated.get(person, ())
            if group not in own and group in self.own_groups(giver) and place in ("", group)
        }
        return frozenset(i for giver in givers for i in self.links.get(giver, frozenset({giver})))

    def own_groups(self, person: str) -> frozenset[str]:
        """Groups whose membership counts now; none for an account that does not vote."""
        account = self.accounts.get(person)
        if account is None or barred(account, issuer=self.issuer):
            return frozenset()
        return counted_groups(account, self.now_at, installed_at=self.installed_at, cooling_s=self.cooling_s)

    def eligible(self, conflicts: Conflicts) -> dict[str, frozenset[str]]:
        """Human → the groups they could serve in, lent places included."""
        found = eligible(
            self.accounts,
            conflicts,
            self.now_at,
            issuer=self.issuer,
            installed_at=self.installed_at,
            cooling_s=self.cooling_s,
        )
        for person in self.delegated:
            around = self.links.get(person, frozenset({person})) | self.lenders(person)
            if not around & conflicts.keys() and self.groups(person):
                human = human_of(person, self.links)
                found[human] = found.get(human, frozenset()) | self.groups(person)
        return found

    def active(self, requester: Requester) -> bool:
        """Whether everyone who asks, acts or is acted for is still there, and every agent still has an
        owner.
        """
        behalf = requester.on_behalf_of
        everyone = [requester.principal, *requester.actors, *([] if behalf is None else [behalf])]
        for principal in everyone:
            account = self.accounts.get(principal.id)
            if account is None or not account.active:
                return False
        automatic = any(p.kind is not Kind.HUMAN for p in everyone)
        return not automatic or any(
            (owner := self.accounts.get(name)) is not None and owner.active for name in requester.owners
        )


def look(desk: Desk, conn: Connection, now_at: int) -> People:
    """Read the whole directory; it is small, and a rule about everybody needs everybody. StoreError: it, or what is
    lent, is not as Lockgate wrote it."""
    desk.lent.check(conn)
    delegated = delegating.in_force(conn, now_at)
    accounts = {
        person.id: Account(
            id=person.id,
            human=str(person.kind) == Kind.HUMAN.value,
            active=person.active,
            created_at=person.created_at,
            created_by=person.created_by or "",
            groups=dict(person.groups),
            changed_by=tuple((who, at, group) for who, at, group in person.changed_by),
            linked=frozenset(person.linked),
            lent=frozenset(group for _, group in delegated.get(person.id, ())),
        )
        for person in desk.directory.people(conn)
    }
    return People(
        accounts=accounts,
        links=link(accounts.values()),
        now_at=now_at,
        installed_at=min((a.created_at for a in accounts.values()), default=now_at),
        issuer=desk.rules.issuer,
        cooling_s=desk.rules.cooling_s,
        delegated=delegated,
    )


def conflicts_of(
    desk: Desk,
    conn: Connection,
    people: People,
    requester: Requester,
    connection: str,
    groups: frozenset[str],
    created_at: int,
    editors: Iterable[str] = (),
) -> dict[str, tuple[str, ...]]:
    """The conflict set as of now, from the directory and the history."""
    behalf = requester.on_behalf_of
    everyone = [requester.principal, *requester.actors, *([] if behalf is None else [behalf])]
    automatic = [p.id for p in everyone if p.kind is not Kind.HUMAN]
    since_at = created_at - OWNED_SINCE_S * SECOND
    past: set[str] = set()
    for name in automatic:
        past |= desk.directory.owners_since(conn, name, since_at)
    loosened = desk.changes(conn, connection, created_at - PREPARED_SINCE_S * SECOND)
    if any(is_host(name) for name in loosened):
        # Nobody's name is on it: whoever could have done it under theirs does not profit from that.
        loosened |= {id for id, account in people.accounts.items() if desk.rules.switch_group in account.groups}
    facts = Facts.of(
        requester,
        past_owners=past,
        holders=desk.directory.minters(conn, requester.credential_id) if requester.credential_id else (),
        editors=editors,
        loosened=loosened,
    )
    return conflict_set(facts, people.accounts, groups, created_at=created_at, issuer=people.issuer)


def conflicts_of_action(
    desk: Desk,
    conn: Connection,
    people: People,
    action: Action,
    quorums: tuple[Quorum, ...],
    created_at: int,
    editors: Iterable[str] = (),
) -> dict[str, tuple[str, ...]]:
    return conflicts_of(
        desk, conn, people, action.requester, action.connection, groups_of(quorums), created_at, editors
    )


def nobody_left(people: People, quorums: tuple[Quorum, ...], conflicts: Conflicts) -> str:
    """Who is excluded and why, when the quorum cannot be reached; empty when it can."""
    candidates = people.eligible(conflicts)
    if satisfiable(quorums, (), candidates):
        return ""
    wanted = groups_of(quorums)
    excluded = []
    for person, account in sorted(people.accounts.items()):
        if not wanted & account.groups.keys():
            continue
        reasons = list(conflicts.get(person, ())) or [
            barred(account, issuer=people.issuer) or "" if people.groups(person) & wanted == frozenset() else ""
        ]
        told = "; ".join(r for r in reasons if r).replace("you ", "they ").replace("your ", "their ")
        if not told and not people.groups(person) & wanted:
            told = "the account or its membership is too young to vote"
        if told:
            excluded.append(f"{person} ({told})")
    needed = Counter(dict.fromkeys(sorted(wanted), 0))
    for stage in (stage for quorum in quorums for stage in quorum.stages):
        needed[stage.group] += stage.count
    needs = ", ".join(f"{count} of {group}" for group, count in needed.items())
    return f"this needs {needs}; excluded: {', '.join(excluded) or 'nobody, the groups are too small'}"


@dataclass(frozen=True, slots=True)
class Panel:
    """Who could decide under one profile; `problem` says why nobody could, empty if they can."""

    eligible: tuple[str, ...]
    excluded: Mapping[str, tuple[str, ...]]
    problem: str


def panels(
    desk: Desk,
    conn: Connection,
    requester: Requester,
    connection: str,
    profiles: Mapping[str, JSON],
    now_at: int,
) -> dict[str, Panel]:
    """The panel of each profile, were this requester to ask now."""
    people = look(desk, conn, now_at)
    found = {}
    for name, body in profiles.items():
        quorum = Quorum.from_body(name, body)
        groups = groups_of([quorum])
        conflicts = conflicts_of(desk, conn, people, requester, connection, groups, now_at)
        candidates = people.eligible(conflicts)
        found[name] = Panel(
            eligible=tuple(sorted(human for human, own in candidates.items() if own & groups)),
            excluded=conflicts,
            problem=nobody_left(people, (quorum,), conflicts),
        )
    return found


def ballot(
    people: People,
    voter: Voter,
    *,
    approve: bool,
    reason: str,
    action_digest: str,
    view_digest: str,
) -> Ballot:
    """A voter's ballot with everything that the directory says of them now."""
    account = people.accounts.get(voter.person_id)
    return Ballot(
        person=voter.person_id,
        human=human_of(voter.person_id, people.links),
        ids=people.links.get(voter.person_id, frozenset({voter.person_id})) | people.lenders(voter.person_id),
        groups=people.groups(voter.person_id),
        approve=approve,
        action_digest=action_digest,
        view_digest=view_digest,
        interactive=voter.interactive,
        token_has_act=voter.token_has_act,
        step_up=voter.step_up,
        reason=reason,
        barred=barred(account, issuer=people.issuer),
    )
