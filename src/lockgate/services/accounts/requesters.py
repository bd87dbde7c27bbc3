"""Who opens a connection, and whether that person, its owners and its credential are still what they were."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from lockgate.action import Kind, Principal, Requester
from lockgate.errors import AuthenticationError
from lockgate.identity import Person, TokenKind
from lockgate.services.accounts import credentials, directory
from lockgate.services.accounts.base import Part
from lockgate.store import KeyRing
from lockgate.store.sealed import is_row_genuine
from lockgate.store.tables import people as t

CREDENTIAL = "crd_"


class Requesters(Part):
    """From a token to a `Requester`."""

    async def connection_login(self, user: str, token: str, connection: str, address: str) -> Requester:
        """Who opens this connection. AuthenticationError for any reason, the same words for all of them."""

        def look(conn: Connection) -> Requester | None:
            row = credentials.find(conn, self._store.keys, token, TokenKind.CONNECTION, self._store.clock())
            if row is None or row.audience != f"connection:{connection}":
                return None
            if user not in (row.person, row.person.partition(":")[2]):
                return None
            return _requester(
                conn,
                self.people(conn),
                row.person,
                row.root,
                address,
                on_behalf_of=row.on_behalf_of,
                actors=credentials.actors_of(row),
            )

        found = await self._store.read(look)
        if found is None:
            raise AuthenticationError("login failed")
        return found

    async def proposer(
        self, account: str, address: str, *, by: str, key: str = "", on_behalf: bool = False
    ) -> Requester | None:
        """Who `account` will be when it opens a connection: with a token that `by` mints, for itself or as its owner;
        with a token in which it acts for `by`; or with a token fetched by its registered `key` (its id).

        None unless `by` is the account or owns it, everybody is active and the key is alive.
        """

        def look(conn: Connection) -> Requester | None:
            people = self.people(conn)
            if account != by and by not in directory.owners_now(conn, account):
                return None
            if key:
                row = conn.execute(select(t.credentials).where(t.credentials.c.id == key)).first()
                if row is None or row.kind != TokenKind.KEY.name.lower() or row.person != account:
                    return None
                if not _root_alive(conn, self._store.keys, key, self._store.clock()):
                    return None
            root = key or (f"delegated:{by}:{account}" if on_behalf else f"login:{by}")
            return _requester(conn, people, account, root, address, on_behalf_of=by if on_behalf else "", actors=())

        return await self._store.read(look)

    async def as_it_would_ask(self, account: str) -> Requester | None:
        """The account with its groups and owners of this moment; None for one that could not log in.

        For questions about policy: it holds no credential, so nothing can be executed as it.
        """

        def look(conn: Connection) -> Requester | None:
            return _requester(conn, self.people(conn), account, "", "", on_behalf_of="", actors=())

        return await self._store.read(look)

    async def still_valid(self, requester: Requester) -> bool:
        """Whether the credential, its person, owners and groups are what they were when the session opened."""

        def look(conn: Connection) -> bool:
            behalf = requester.on_behalf_of
            now = _requester(
                conn,
                self.people(conn),
                requester.principal.id,
                requester.credential_id,
                requester.client_address,
                on_behalf_of="" if behalf is None else behalf.id,
                actors=tuple(actor.id for actor in requester.actors),
            )
            return now == requester and _root_alive(
                conn, self._store.keys, requester.credential_id, self._store.clock()
            )

        return await self._store.read(look)


def _requester(
    conn: Connection,
    people: Sequence[Person],
    account: str,
    root: str,
    address: str,
    *,
    on_behalf_of: str,
    actors: Sequence[str],
) -> Requester | None:
    """Everybody named must be active; every agent and service must have an active owner."""
    known = {p.id: p for p in people}
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


def _root_alive(conn: Connection, keys: KeyRing, root: str, now_at: int) -> bool:
    """A registered key must be alive itself; of a login or a delegation at least one token must not be revoked. What
    was changed behind Lockgate, or is gone, is not alive."""
    query = select(t.credentials).where((t.credentials.c.id == root) | (t.credentials.c.root == root))
    rows = conn.execute(query).all()
    if not all(is_row_genuine(keys, t.credentials, row) for row in rows):
        return False
    own = [row for row in rows if row.id == root]
    if own or root.startswith(CREDENTIAL):
        return bool(own) and not own[0].revoked_at and own[0].expires_at > now_at
    return any(not row.revoked_at for row in rows)


def _principal(person: Person) -> Principal:
    issuer, _, subject = person.id.partition(":")
    return Principal(issuer, subject, Kind(person.kind), frozenset(person.groups))
