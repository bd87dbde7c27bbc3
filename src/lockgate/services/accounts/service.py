"""Accounts: people log in, agents have owners and keys, groups have a history. Each method is one unit of the store."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, insert, select, update

from lockgate.action import JSON, Kind, Principal, Requester
from lockgate.audit.event import Event
from lockgate.errors import AuthenticationError, ConfigError
from lockgate.identity import Person, TokenKind
from lockgate.services.accounts import credentials, directory
from lockgate.services.accounts.credentials import CONNECTION_S, KEY_S, SECOND, SESSION_S, Minted
from lockgate.store import Store
from lockgate.store.tables import people as t

T = TypeVar("T")
NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")
SHORTEST_PASSWORD = 12
LOCAL = "local"


class Accounts:
    """The directory and its credentials. `by` is always the id of who does it; it is logged and it counts later."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash("nobody has this password")

    # the directory, for whoever is inside of a transaction --------------------------------------------------------
    people = staticmethod(directory.people)
    person = staticmethod(directory.person)
    owners_since = staticmethod(directory.owners_since)
    minters = staticmethod(directory.minters)

    # accounts ---------------------------------------------------------------------------------------------------
    async def create_user(self, name: str, password: str, *, by: str, groups: Sequence[str] = ()) -> Person:
        """A local user. Raises ConfigError for a taken name or a weak password."""
        if len(password) < SHORTEST_PASSWORD:
            raise ConfigError(f"a password has at least {SHORTEST_PASSWORD} characters")
        hashed = await asyncio.to_thread(self._hasher.hash, password)
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
            known = {p.id: p for p in directory.people(conn)}
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
                _join(conn, account, group, by, now_at)
            for owner in sorted(set(owners)):
                conn.execute(insert(t.owners).values(agent=account, owner=owner, since_at=now_at, until_at=0))
            kind_of_event = "user.created" if kind is Kind.HUMAN else "agent.registered"
            body: dict[str, JSON] = {
                "account": account,
                "kind": kind.value,
                "by": by,
                "groups": sorted(groups),
                "owners": sorted(owners),
            }
            made = directory.person(conn, account)
            assert made is not None
            return made, [Event(kind_of_event, body)]

        return await self._store.transact(unit)

    async def change_groups(
        self, account: str, *, join: Sequence[str] = (), leave: Sequence[str] = (), by: str
    ) -> Person:
        def unit(conn: Connection) -> tuple[Person, list[Event]]:
            now_at = self._store.clock()
            found = _known(conn, account)
            for group in sorted(set(join) - set(found.groups)):
                _join(conn, account, group, by, now_at)
            for group in sorted(set(leave) & set(found.groups)):
                conn.execute(
                    update(t.memberships)
                    .where(
                        t.memberships.c.person == account, t.memberships.c.group == group, t.memberships.c.left_at == 0
                    )
                    .values(left_at=now_at, left_by=by)
                )
            body: dict[str, JSON] = {"account": account, "by": by, "join": sorted(join), "leave": sorted(leave)}
            return _known(conn, account), [Event("groups.changed", body)]

        return await self._store.transact(unit)

    async def change_owners(
        self, agent: str, *, add: Sequence[str] = (), remove: Sequence[str] = (), by: str
    ) -> frozenset[str]:
        """A former owner stays in the conflict set for thirty days; the last owner cannot be removed."""

        def unit(conn: Connection) -> tuple[frozenset[str], list[Event]]:
            now_at = self._store.clock()
            _known(conn, agent)
            for owner in add:
                if _known(conn, owner).kind != Kind.HUMAN.value:
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
            body: dict[str, JSON] = {"agent": agent, "by": by, "add": sorted(add), "remove": sorted(remove)}
            return left, [Event("owners.changed", body)]

        return await self._store.transact(unit)

    async def link(self, one: str, other: str, *, by: str) -> None:
        """Two accounts of one human: together they count once, and share every conflict."""

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            _known(conn, one)
            _known(conn, other)
            conn.execute(insert(t.links).values(one=min(one, other), other=max(one, other), at=self._store.clock()))
            return None, [Event("accounts.linked", {"one": one, "other": other, "by": by})]

        await self._store.transact(unit)

    async def deactivate(self, account: str, *, by: str) -> None:
        """No login, no vote, no session from now on; every credential is revoked."""

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            _known(conn, account)
            conn.execute(update(t.people).where(t.people.c.id == account).values(active=False))
            credentials.revoke(conn, now_at=self._store.clock(), person=account)
            return None, [Event("account.deactivated", {"account": account, "by": by})]

        await self._store.transact(unit)

    async def everybody(self) -> list[Person]:
        return await self._store.read(directory.people)

    async def owners_of(self, agent: str) -> frozenset[str]:
        return await self._store.read(lambda conn: directory.owners_now(conn, agent))

    # logging in -------------------------------------------------------------------------------------------------
    async def login(self, name: str, password: str) -> Minted:
        """An interactive session (audience `api`). AuthenticationError says nothing of which half was wrong."""
        account = await self.prove(name, password)
        return await self._mint(
            TokenKind.SESSION, account, audience="api", by=account, ttl_s=SESSION_S, root=f"login:{account}"
        )

    async def prove(self, name: str, password: str) -> str:
        """The account whose password this is. AuthenticationError says nothing of which half was wrong."""
        account = name if ":" in name else f"{LOCAL}:{name}"

        def look(conn: Connection) -> tuple[str, bool]:
            row = conn.execute(select(t.people).where(t.people.c.id == account)).first()
            return (row.password, row.active) if row is not None and row.password else (self._nobody, False)

        hashed, alive = await self._store.read(look)
        try:
            await asyncio.to_thread(self._hasher.verify, hashed, password)
        except (VerificationError, InvalidHashError) as error:
            raise AuthenticationError("login failed") from error
        if not alive:
            raise AuthenticationError("login failed")
        return account

    async def session(self, token: str) -> Person:
        """Who an interactive session belongs to; it is kept alive by being used."""

        def unit(conn: Connection) -> tuple[Person | None, list[Event]]:
            now_at = self._store.clock()
            row = credentials.find(conn, token, TokenKind.SESSION, now_at)
            if row is None:
                return None, []
            if now_at - row.used_at > 60 * SECOND:
                conn.execute(update(t.credentials).where(t.credentials.c.id == row.id).values(used_at=now_at))
            found = directory.person(conn, row.person)
            return (found if found is not None and found.active else None), []

        found = await self._store.transact(unit)
        if found is None:
            raise AuthenticationError("no such session", hint="log in again: lockgate login")
        return found

    async def logout(self, token: str) -> None:
        def unit(conn: Connection) -> tuple[None, list[Event]]:
            row = credentials.find(conn, token, TokenKind.SESSION, self._store.clock())
            if row is not None:
                credentials.revoke(conn, now_at=self._store.clock(), credential=row.id)
            return None, []

        await self._store.transact(unit)

    # keys and tokens --------------------------------------------------------------------------------------------
    async def register_key(self, agent: str, *, by: str) -> Minted:
        """The key of an agent or service, good for 90 days; it fetches one-hour tokens and opens nothing itself."""

        def check(found: Person) -> None:
            if found.kind == Kind.HUMAN.value:
                raise ConfigError("keys are for agents and services; people log in")

        return await self._mint(TokenKind.KEY, agent, audience="tokens", by=by, ttl_s=KEY_S, check=check)

    async def connection_token(
        self, account: str, connection: str, *, by: str, ttl_s: int = CONNECTION_S, root: str = ""
    ) -> Minted:
        """A token that opens one connection and nothing else."""
        return await self._mint(
            TokenKind.CONNECTION,
            account,
            audience=f"connection:{connection}",
            by=by,
            ttl_s=min(ttl_s, CONNECTION_S),
            root=root or f"login:{by}",
        )

    async def token_for_key(
        self, key: str, connection: str, *, on_behalf_of: str = "", actors: Sequence[str] = ()
    ) -> Minted:
        """Exchange a registered key for a connection token."""

        def look(conn: Connection) -> tuple[str, str] | None:
            row = credentials.find(conn, key, TokenKind.KEY, self._store.clock())
            return None if row is None else (row.id, row.person)

        found = await self._store.read(look)
        if found is None:
            raise AuthenticationError("no such key", hint="register a new one: lockgate agent key")
        root, agent = found
        return await self._mint(
            TokenKind.CONNECTION, agent, audience=f"connection:{connection}", by=agent, ttl_s=CONNECTION_S, root=root
        )

    async def delegate(self, session: str, agent: str, connection: str, *, actors: Sequence[str] = ()) -> Minted:
        """A human lets an agent act for them: the token names the agent as actor and the human as on behalf of."""
        human = await self.session(session)

        def check(found: Person) -> None:
            if found.kind == Kind.HUMAN.value:
                raise ConfigError("a person delegates to an agent or service")

        return await self._mint(
            TokenKind.CONNECTION,
            agent,
            audience=f"connection:{connection}",
            by=human.id,
            ttl_s=CONNECTION_S,
            root=f"delegated:{human.id}:{agent}",
            on_behalf_of=human.id,
            actors=actors,
            check=check,
        )

    async def _mint(
        self,
        kind: TokenKind,
        account: str,
        *,
        audience: str,
        by: str,
        ttl_s: int,
        root: str = "",
        on_behalf_of: str = "",
        actors: Sequence[str] = (),
        check: Callable[[Person], None] | None = None,
    ) -> Minted:
        def unit(conn: Connection) -> tuple[Minted, list[Event]]:
            found = _known(conn, account)
            if not found.active:
                raise ConfigError(f"{account} is deactivated")
            if check is not None:
                check(found)
            minted, event = credentials.mint(
                conn,
                kind,
                account,
                audience=audience,
                by=by,
                ttl_s=ttl_s,
                now_at=self._store.clock(),
                root=root,
                on_behalf_of=on_behalf_of,
                actors=actors,
            )
            return minted, [event]

        return await self._store.transact(unit)

    async def revoke(self, credential: str, *, by: str) -> int:
        def unit(conn: Connection) -> tuple[int, list[Event]]:
            count = credentials.revoke(conn, now_at=self._store.clock(), credential=credential)
            return count, [Event("credential.revoked", {"credential": credential, "by": by, "count": count})]

        return await self._store.transact(unit)

    # connections ------------------------------------------------------------------------------------------------
    async def connection_login(self, user: str, token: str, connection: str, address: str) -> Requester:
        """Who opens this connection. AuthenticationError for any reason, the same words for all of them."""

        def look(conn: Connection) -> Requester | None:
            row = credentials.find(conn, token, TokenKind.CONNECTION, self._store.clock())
            if row is None or row.audience != f"connection:{connection}":
                return None
            if user not in (row.person, row.person.partition(":")[2]):
                return None
            return _requester(
                conn, row.person, row.root, address, on_behalf_of=row.on_behalf_of, actors=credentials.actors_of(row)
            )

        found = await self._store.read(look)
        if found is None:
            raise AuthenticationError("login failed")
        return found

    async def still_valid(self, requester: Requester) -> bool:
        """Whether the credential, its person, owners and groups are what they were when the session opened."""

        def look(conn: Connection) -> bool:
            behalf = requester.on_behalf_of
            now = _requester(
                conn,
                requester.principal.id,
                requester.credential_id,
                requester.client_address,
                on_behalf_of="" if behalf is None else behalf.id,
                actors=tuple(actor.id for actor in requester.actors),
            )
            return now == requester and _root_alive(conn, requester.credential_id, self._store.clock())

        return await self._store.read(look)


def _requester(
    conn: Connection, account: str, root: str, address: str, *, on_behalf_of: str, actors: Sequence[str]
) -> Requester | None:
    """Everybody named must be active; every agent and service must have an active owner."""
    known = {p.id: p for p in directory.people(conn)}
    names = [account, *actors, *([on_behalf_of] if on_behalf_of else [])]
    owners: set[str] = set()
    for name in names:
        found = known.get(name)
        if found is None or not found.active:
            return None
        if found.kind != Kind.HUMAN.value:
            living = {owner for owner in directory.owners_now(conn, name) if known[owner].active}
            if not living:
                return None
            owners |= directory.owners_now(conn, name)
    return Requester(
        principal=_principal(known[account]),
        credential_id=root,
        client_address=address,
        actors=tuple(_principal(known[name]) for name in actors),
        on_behalf_of=_principal(known[on_behalf_of]) if on_behalf_of else None,
        owners=frozenset(owners),
    )


def _root_alive(conn: Connection, root: str, now_at: int) -> bool:
    """A registered key must be alive itself; of a login or a delegation at least one token must not be revoked."""
    rows = conn.execute(
        select(t.credentials.c.id, t.credentials.c.revoked_at, t.credentials.c.expires_at).where(
            (t.credentials.c.id == root) | (t.credentials.c.root == root)
        )
    ).all()
    own = [row for row in rows if row.id == root]
    if own:
        return not own[0].revoked_at and own[0].expires_at > now_at
    return any(not row.revoked_at for row in rows)


def _principal(person: Person) -> Principal:
    issuer, _, subject = person.id.partition(":")
    return Principal(issuer, subject, Kind(person.kind), frozenset(person.groups))


def _known(conn: Connection, account: str) -> Person:
    found = directory.person(conn, account)
    if found is None:
        raise ConfigError(f"{account} is not in the directory")
    return found


def _join(conn: Connection, account: str, group: str, by: str, now_at: int) -> None:
    conn.execute(
        insert(t.memberships).values(person=account, group=group, joined_at=now_at, joined_by=by, left_at=0, left_by="")
    )
