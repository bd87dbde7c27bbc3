"""The register: people, agents with their owners, groups with a history, linked accounts. Who did it counts later."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Connection, insert, update

from lockgate.action import JSON, Kind
from lockgate.approvals.conflict import issuers
from lockgate.audit.event import Event
from lockgate.errors import ConfigError
from lockgate.identity import Person
from lockgate.services.accounts import credentials, directory, membership
from lockgate.services.accounts.base import LOCAL, Part
from lockgate.store.tables import people as t

NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")
SHORTEST_PASSWORD = 12


class Register(Part):
    """Changes to the directory."""

    async def create_user(self, name: str, password: str, *, by: str, groups: Sequence[str] = ()) -> Person:
        """A local user. Raises ConfigError for a taken name or a weak password."""
        if len(password) < SHORTEST_PASSWORD:
            raise ConfigError(f"a password has at least {SHORTEST_PASSWORD} characters")
        hashed = await self._hashed(self._hasher.hash, password)
        return await self._create(name, Kind.HUMAN, hashed, by, groups, ())

    async def create_agent(
        self, name: str, owners: Sequence[str], *, by: str, kind: Kind = Kind.AGENT, groups: Sequence[str] = ()
    ) -> Person:
        """An agent or service; without an owner it could not log in, so it is not made."""
        if not owners:
            raise ConfigError("an agent has an owner: the human who answers for it")
        return await self._create(name, kind, "", by, groups, owners)

    async def _create(
        self, name: str, kind: Kind, password: str, by: str, groups: Sequence[str], owners: Sequence[str]
    ) -> Person:
        if not NAME.fullmatch(name):
            raise ConfigError("a name is made of a-z, 0-9 and . _ @ -")
        account = f"{LOCAL}:{name}"

        def unit(conn: Connection) -> tuple[Person, list[Event]]:
            now_at = self._store.clock()
            known = {p.id: p for p in self.people(conn)}
            if account in known:
                raise ConfigError(f"{account} exists already")
            for owner in owners:
                if owner not in known or known[owner].kind != Kind.HUMAN.value:
                    raise ConfigError(f"{owner} is no human of this directory, so cannot own an agent")
            conn.execute(
                insert(t.people).values(
                    id=account, kind=kind.value, created_at=now_at, created_by=by, active=True, password=password
                )
            )
            for group in sorted(set(groups)):
                membership.join(conn, account, group, by, now_at)
            for owner in sorted(set(owners)):
                conn.execute(insert(t.owners).values(agent=account, owner=owner, since_at=now_at, until_at=0))
            kind_of_event = "user.created" if kind is Kind.HUMAN else "agent.registered"
            body: dict[str, JSON] = {
                "account": account,
                "kind": kind.value,
                "by": by,
                "groups": sorted(groups),
                "owners": sorted(owners),
                "register": self.register.reseal(conn),
            }
            made = self.person(conn, account)
            assert made is not None
            return made, [Event(kind_of_event, body)]

        return await self._store.transact(unit)

    async def change_groups(
        self, account: str, *, join: Sequence[str] = (), leave: Sequence[str] = (), by: str
    ) -> Person:
        def unit(conn: Connection) -> tuple[Person, list[Event]]:
            now_at = self._store.clock()
            found = self.known_in(conn, account)
            for group in sorted(set(join) - set(found.groups)):
                membership.join(conn, account, group, by, now_at)
            for group in sorted(set(leave) & set(found.groups)):
                membership.leave(conn, account, group, by, now_at)
            body: dict[str, JSON] = {
                "account": account,
                "by": by,
                "join": sorted(join),
                "leave": sorted(leave),
                "register": self.register.reseal(conn),
                "topic": "accounts",
            }
            return self.known_in(conn, account), [Event("groups.changed", body)]

        return await self._store.transact(unit)

    async def change_owners(
        self, agent: str, *, add: Sequence[str] = (), remove: Sequence[str] = (), by: str
    ) -> frozenset[str]:
        """A former owner stays in the conflict set for thirty days, and the keys and tokens that they were shown open
        nothing any more; the last owner cannot be removed."""

        def unit(conn: Connection) -> tuple[frozenset[str], list[Event]]:
            now_at = self._store.clock()
            self.known_in(conn, agent)
            for owner in add:
                if self.known_in(conn, owner).kind != Kind.HUMAN.value:
                    raise ConfigError(f"{owner} is no human, so cannot own an agent")
            left = (directory.owners_now(conn, agent) | set(add)) - set(remove)
            if not left:
                raise ConfigError("an agent without an owner could not log in", hint="name another owner first")
            conn.execute(
                update(t.owners)
                .where(t.owners.c.agent == agent, t.owners.c.owner.in_(list(remove)), t.owners.c.until_at == 0)
                .values(until_at=now_at)
            )
            for owner in sorted(set(add) - directory.owners_now(conn, agent)):
                conn.execute(insert(t.owners).values(agent=agent, owner=owner, since_at=now_at, until_at=0))
            keys = self._store.keys
            revoked = [credentials.revoke_shown_to(conn, keys, gone, now_at=now_at, of=agent) for gone in set(remove)]
            body: dict[str, JSON] = {
                "agent": agent,
                "by": by,
                "add": sorted(add),
                "remove": sorted(remove),
                "revoked": sum(revoked),
                "register": self.register.reseal(conn),
                "topic": "accounts",
            }
            return left, [Event("owners.changed", body)]

        return await self._store.transact(unit)

    async def link(self, one: str, other: str, *, by: str) -> None:
        """Two accounts of one human: together they count once, and share every conflict.

        Accounts of two issuers are linked by logging in to both, and by nobody's word: who asks by the one votes by
        the other, unless the link says which voter they are. ConfigError: this link would say so.
        """

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            self.known_in(conn, one)
            self.known_in(conn, other)
            if one == other:
                raise ConfigError("an account is not linked to itself")
            if other in self.known_in(conn, one).linked:
                raise ConfigError(f"{one} and {other} are linked already")
            if len({issuers(self.linked_to(conn, account)) for account in (one, other)}) > 1:
                raise ConfigError(
                    "accounts of two issuers are linked by logging in to both",
                    hint="they do it themselves: lockgate login, then lockgate login --link",
                )
            conn.execute(insert(t.links).values(one=min(one, other), other=max(one, other), at=self._store.clock()))
            body: dict[str, JSON] = {"one": one, "other": other, "by": by, "register": self.register.reseal(conn)}
            return None, [Event("accounts.linked", body)]

        await self._store.transact(unit)

    async def deactivate(self, account: str, *, by: str) -> None:
        """No login, no vote, no session from now on; every credential is revoked, also those of agents that this
        person was shown, and every group is left: whoever takes a voter away is on record like one who moves them."""

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            now_at = self._store.clock()
            self.known_in(conn, account)
            conn.execute(update(t.people).where(t.people.c.id == account).values(active=False))
            membership.leave(conn, account, None, by, now_at)
            revoked = credentials.revoke(conn, self._store.keys, now_at=now_at, person=account)
            revoked += credentials.revoke_shown_to(conn, self._store.keys, account, now_at=now_at)
            body: dict[str, JSON] = {
                "account": account,
                "by": by,
                "revoked": revoked,
                "register": self.register.reseal(conn),
                "topic": "accounts",
            }
            return None, [Event("account.deactivated", body)]

        await self._store.transact(unit)

    async def everybody(self) -> list[Person]:
        return await self._store.read(self.people)

    async def owners_of(self, agent: str) -> frozenset[str]:
        def look(conn: Connection) -> frozenset[str]:
            self.register.check(conn)
            return directory.owners_now(conn, agent)

        return await self._store.read(look)
