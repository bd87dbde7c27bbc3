"""Proving who one is: logins and their sessions, keys of agents, and the tokens that open one connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, select

from lockgate.action import JSON, Kind
from lockgate.audit.event import Event
from lockgate.errors import AuthenticationError, ConfigError
from lockgate.identity import Person, TokenKind
from lockgate.services.accounts import credentials
from lockgate.services.accounts.base import LOCAL, Part
from lockgate.services.accounts.credentials import CONNECTION_S, KEY_S, SECOND, SESSION_S, Minted
from lockgate.store.tables import people as t


class Proofs(Part):
    """Credentials: minted, exchanged, found and revoked."""

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
            self.register.check(conn)
            row = conn.execute(select(t.people).where(t.people.c.id == account)).first()
            return (row.password, row.active) if row is not None and row.password else (self._nobody, False)

        hashed, alive = await self._store.read(look)
        try:
            await self._hashed(self._hasher.verify, hashed, password)
        except (VerificationError, InvalidHashError) as error:
            raise AuthenticationError("login failed") from error
        if not alive:
            raise AuthenticationError("login failed")
        return account

    async def session(self, token: str) -> Person:
        """Who an interactive session belongs to; it is kept alive by being used."""

        def unit(conn: Connection) -> tuple[Person | None, list[Event]]:
            now_at = self._store.clock()
            row = credentials.find(conn, self._store.keys, token, TokenKind.SESSION, now_at)
            if row is None:
                return None, []
            if now_at - row.used_at > 60 * SECOND:
                credentials.use(conn, self._store.keys, row, now_at)
            found = self.person(conn, row.person)
            return (found if found is not None and found.active else None), []

        found = await self._store.transact(unit)
        if found is None:
            raise AuthenticationError("no such session", hint="log in again: lockgate login")
        return found

    async def peek(self, token: str) -> Person:
        """As `session`, without keeping it alive: for what a page asks by itself, with nobody at the screen."""

        def look(conn: Connection) -> Person | None:
            row = credentials.find(conn, self._store.keys, token, TokenKind.SESSION, self._store.clock())
            found = None if row is None else self.person(conn, row.person)
            return found if found is not None and found.active else None

        found = await self._store.read(look)
        if found is None:
            raise AuthenticationError("no such session", hint="log in again: lockgate login")
        return found

    async def logout(self, token: str) -> None:
        def unit(conn: Connection) -> tuple[None, list[Event]]:
            row = credentials.find(conn, self._store.keys, token, TokenKind.SESSION, self._store.clock())
            if row is None:
                return None, []
            count = credentials.revoke(conn, self._store.keys, now_at=self._store.clock(), credential=row.id)
            return None, [Event("credential.revoked", {"credential": row.id, "by": row.person, "count": count})]

        await self._store.transact(unit)

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
            row = credentials.find(conn, self._store.keys, key, TokenKind.KEY, self._store.clock())
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
            found = self.known_in(conn, account)
            if not found.active:
                raise ConfigError(f"{account} is deactivated")
            if check is not None:
                check(found)
            minted, event = credentials.mint(
                conn,
                self._store.keys,
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
            count = credentials.revoke(conn, self._store.keys, now_at=self._store.clock(), credential=credential)
            body: dict[str, JSON] = {"credential": credential, "by": by, "count": count, "topic": "accounts"}
            return count, [Event("credential.revoked", body)]

        return await self._store.transact(unit)
