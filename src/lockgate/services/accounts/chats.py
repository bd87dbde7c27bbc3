"""Accounts in a chat: linked to a person by being logged in on both sides, and by nothing that the chat says of them.

The chat's user is shown a code, and enters it in an interactive session of Lockgate. What comes of it is an account
`slack:TEAM.USER` without a password, linked to the person: it is in the register, under its seal, and shares every
conflict of the person. A link is never undone, only closed (`deactivate`): nobody leaves a conflict by unlinking.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from lockgate.action import JSON, Kind
from lockgate.approvals.conflict import CHATS
from lockgate.audit.event import Event
from lockgate.errors import Refused
from lockgate.identity import Person, TokenKind
from lockgate.services.accounts.base import LOCAL, Part
from lockgate.services.accounts.credentials import SECOND, SESSION_S
from lockgate.store.sealed import change_row, is_row_genuine, row_mac
from lockgate.store.tables import people as t
from lockgate.store.tables.chat import chat_codes

CODE_S = 600
CODE_CHARS = 12
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without I, O, 0 and 1, which are read for one another: 60 bits a code."""
NO_CODE = "no such code, or its ten minutes are over"


class Chats(Part):
    """Codes, links, and who is behind an account of a chat."""

    async def chat_code(self, account: str, called: str) -> str:
        """A code that links this account of a chat, once, within ten minutes; the one before it is void. Show it to
        that user alone."""
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARS))

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            now_at = self._store.clock()
            over = (chat_codes.c.account == account) | (chat_codes.c.expires_at <= now_at)
            conn.execute(delete(chat_codes).where(over))
            values = {
                "id": _hash(code),
                "account": account,
                "called": called[:200],
                "expires_at": now_at + CODE_S * SECOND,
                "used_at": 0,
            }
            mac = row_mac(self._store.keys, chat_codes, values)
            conn.execute(insert(chat_codes).values(**values, mac=mac))
            return None, []

        await self._store.transact(unit)
        return "-".join(code[at : at + 4] for at in range(0, CODE_CHARS, 4))

    async def chat_code_of(self, code: str) -> tuple[str, str]:
        """The account that a code would link, and what the chat calls them: shown before it is. Refused: none."""

        def look(conn: Connection) -> tuple[str, str] | None:
            row = self._code(conn, code)
            return None if row is None else (row.account, row.called)

        found = await self._store.read(look)
        if found is None:
            raise Refused(NO_CODE, hint="/lockgate link shows another")
        return found

    async def link_chat(self, code: str, *, by: str) -> str:
        """Link the account behind the code to `by`, who is logged in; its id. Refused: nothing was linked."""

        def unit(conn: Connection) -> tuple[str, list[Event]]:
            now_at = self._store.clock()
            row = self._code(conn, code)
            if row is None:
                raise Refused(NO_CODE, hint="/lockgate link shows another")
            people = {one.id: one for one in self.people(conn)}
            me, account = people.get(by), str(row.account)
            if me is None or not me.active or me.kind != Kind.HUMAN.value or is_chat(by):
                raise Refused("only a person who is logged in links an account")
            if account in people:
                raise Refused(f"{account} is linked already, or was closed", hint="ask an administrator")
            chat = account.partition(":")[0]
            if any(other.startswith(f"{chat}:") and people[other].active for other in me.linked):
                raise Refused(f"you have an account of {chat} already", hint="an administrator closes it: deactivate")
            change_row(conn, self._store.keys, chat_codes, row, used_at=now_at)
            conn.execute(
                insert(t.people).values(
                    id=account, kind=Kind.HUMAN.value, created_at=now_at, created_by=by, active=True, password=""
                )
            )
            conn.execute(insert(t.links).values(one=min(account, by), other=max(account, by), at=now_at))
            register = self.register.reseal(conn)
            made: dict[str, JSON] = {
                "account": account,
                "kind": Kind.HUMAN.value,
                "by": by,
                "groups": [],
                "owners": [],
                "register": register,
            }
            linked: dict[str, JSON] = {
                "one": min(account, by),
                "other": max(account, by),
                "by": by,
                "register": register,
                "topic": "accounts",
            }
            return account, [Event("user.created", made), Event("accounts.linked", linked)]

        return await self._store.transact(unit)

    async def behind_chat(self, account: str) -> Person | None:
        """The person whom this account of a chat is linked to; None unless both are active.

        Whom an identity provider vouches for has logged in there within the life of a session: the chat is no way
        around its saying that somebody, or their place in a group, is gone.
        """

        def look(conn: Connection) -> Person | None:
            people = {one.id: one for one in self.people(conn)}
            found = people.get(account)
            if found is None or not found.active or not is_chat(account):
                return None
            mine = [people[other] for other in found.linked if not is_chat(other)]
            if len(mine) != 1 or not mine[0].active or mine[0].kind != Kind.HUMAN.value:
                return None
            return mine[0] if self._is_vouched_for(conn, mine[0].id) else None

        return await self._store.read(look)

    def _is_vouched_for(self, conn: Connection, account: str) -> bool:
        """Whether the account is Lockgate's own, or its issuer has proved it lately."""
        if account.startswith(f"{LOCAL}:"):
            return True
        c, since_at = t.credentials.c, self._store.clock() - SESSION_S * SECOND
        mine = (c.person == account, c.kind == TokenKind.SESSION.name.lower(), c.created_at > since_at)
        rows = conn.execute(select(t.credentials).where(*mine)).all()
        return any(is_row_genuine(self._store.keys, t.credentials, row) for row in rows)

    def _code(self, conn: Connection, code: str) -> Row[Any] | None:
        row = conn.execute(select(chat_codes).where(chat_codes.c.id == _hash(code))).first()
        if row is None or row.used_at or row.expires_at <= self._store.clock():
            return None
        return row if is_row_genuine(self._store.keys, chat_codes, row) else None


def is_chat(account: str) -> bool:
    """Whether the account is one of a chat: it has no password, opens nothing and is in no group."""
    return account.partition(":")[0] in CHATS


def _hash(code: str) -> str:
    plain = "".join(c for c in code.upper() if c in ALPHABET)
    return hashlib.sha256(b"lockgate/chat-code/v1\0" + plain.encode()).hexdigest()
