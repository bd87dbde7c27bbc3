"""People whom an identity provider vouches for: their accounts, their groups as it says, their links to local ones."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from lockgate.action import JSON, Kind
from lockgate.audit.event import Event
from lockgate.errors import AuthenticationError
from lockgate.identity import Claims, TokenKind
from lockgate.identity.oidc import account_of, issuer_name
from lockgate.services.accounts import credentials, membership
from lockgate.services.accounts.base import LOCAL, Part
from lockgate.services.accounts.credentials import SESSION_IDLE_S, SESSION_S, Minted
from lockgate.store.sealed import is_row_genuine
from lockgate.store.tables import people as t


@dataclass(frozen=True, slots=True)
class LinkWish:
    """The local account that asks to be linked, and the hash of the session in which it asked."""

    account: str
    session: str


class Federated(Part):
    """Logins that somebody else has proven."""

    async def login_by_provider(self, claims: Claims, groups: frozenset[str]) -> Minted:
        """An interactive session for this issuer's subject, made at the first login. `groups` are Lockgate's: it
        joins what is new and leaves what the provider no longer says; what an administrator gave stays.

        AuthenticationError: the account is deactivated.
        """

        def unit(conn: Connection) -> tuple[Minted, list[Event]]:
            account, events = self._account(conn, claims, groups)
            minted, event = credentials.mint(
                conn,
                self._store.keys,
                TokenKind.SESSION,
                account,
                audience="api",
                by=account,
                ttl_s=SESSION_S,
                now_at=self._store.clock(),
                root=f"login:{account}",
            )
            return minted, [*events, event]

        return await self._store.transact(unit)

    async def link_by_provider(self, claims: Claims, groups: frozenset[str], wish: LinkWish) -> str:
        """Link the subject's account to the local one that asked, both having logged in; the subject's account.

        Nothing but the two logins links them: no name and no e-mail address. AuthenticationError: the session that
        asked has ended, or an account is deactivated.
        """

        def unit(conn: Connection) -> tuple[str, list[Event]]:
            asking = self.person(conn, wish.account)
            if asking is None or not asking.active or not self._is_open(conn, wish):
                raise AuthenticationError("the session that asked for the link has ended", hint="log in again")
            account, events = self._account(conn, claims, groups)
            if account in asking.linked:
                return account, events
            one, other = sorted((account, wish.account))
            conn.execute(insert(t.links).values(one=one, other=other, at=self._store.clock()))
            number = self.register.reseal(conn)
            body: dict[str, JSON] = {
                "one": one,
                "other": other,
                "by": wish.account,
                "register": number,
                "topic": "accounts",
            }
            return account, [*events, Event("accounts.linked", body)]

        return await self._store.transact(unit)

    def _account(self, conn: Connection, claims: Claims, groups: frozenset[str]) -> tuple[str, list[Event]]:
        account, provider = account_of(claims.issuer, claims.subject), issuer_name(claims.issuer)
        now_at, found = self._store.clock(), self.person(conn, account)
        if found is not None and (not found.active or found.kind != Kind.HUMAN.value):
            raise AuthenticationError("login failed")
        if found is None:
            conn.execute(
                insert(t.people).values(
                    id=account, kind=Kind.HUMAN.value, created_at=now_at, created_by=provider, active=True, password=""
                )
            )
        c = t.memberships.c
        given = set(
            conn.execute(select(c.group).where(c.person == account, c.left_at == 0, c.joined_by == provider)).scalars()
        )
        join = groups - (frozenset() if found is None else found.groups.keys())
        leave = given - groups
        for group in sorted(join):
            membership.join(conn, account, group, provider, now_at)
        for group in sorted(leave):
            membership.leave(conn, account, group, provider, now_at)
        body: dict[str, JSON] = {"account": account, "by": provider, "topic": "accounts"}
        if found is None:
            body |= {"kind": Kind.HUMAN.value, "groups": sorted(join), "owners": []}
            return account, [Event("user.created", body | {"register": self.register.reseal(conn)})]
        if not join and not leave:
            return account, []
        body |= {"join": sorted(join), "leave": sorted(leave)}
        return account, [Event("groups.changed", body | {"register": self.register.reseal(conn)})]

    def _is_open(self, conn: Connection, wish: LinkWish) -> bool:
        """Whether the session is alive, is this local account's, and is as it was minted."""
        now_at = self._store.clock()
        row = conn.execute(select(t.credentials).where(t.credentials.c.hash == wish.session)).first()
        return (
            row is not None
            and is_row_genuine(self._store.keys, t.credentials, row)
            and row.kind == TokenKind.SESSION.name.lower()
            and row.person == wish.account
            and row.person.startswith(f"{LOCAL}:")
            and not row.revoked_at
            and row.expires_at > now_at
            and row.used_at + SESSION_IDLE_S * credentials.SECOND > now_at
        )
