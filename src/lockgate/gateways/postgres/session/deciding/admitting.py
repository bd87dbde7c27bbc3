"""Whether a message may run: the action is built here, and the pipeline answers, after people where they are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockgate.action import Action
from lockgate.gateways.postgres.masking.tokens import any_token, column_of_token
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.session import replies
from lockgate.gateways.postgres.session.deciding.facts import facts_of, view_of
from lockgate.gateways.postgres.session.deciding.looked_up import looked_up
from lockgate.pipeline import Held, Refusal, Ticket

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session


async def admit(
    session: Session,
    statements: Sequence[Statement],
    payload: bytes,
    values: Sequence[bytes | None],
    formats: Sequence[int] = (),
) -> Ticket | Refusal:
    """Decide; hold where policy wants people. A Ticket is a promise that `redeem` checks again."""
    facts = facts_of(session, statements, looked_up(statements, values, formats))
    writes = any(q.operation in ("sql.write", "sql.temp") for q in facts.questions)
    if (writes or facts.lookups or facts.probes) and any_token(payload, values):
        named = (column_of_token(statement.parsed.tree, values) for statement in statements)
        return replies.masked_value(next(filter(None, named), ""))
    wrote = session.wrote
    hold_s = session.connection.hold_s(session.requester)
    may_wait = not wrote and session.connection.may_hold()
    wishes = session.settings.wishes(may_wait=may_wait, hold_s=hold_s)
    action = Action(
        tenant=session.gateway.tenant,
        connection=session.connection.name,
        upstream=session.connection.target.identity,
        requester=session.requester,
        questions=facts.questions,
        payload=payload,
        classes=facts.classes,
        probes=facts.probes,
        reveal=wishes.reveal & facts.classes,
        operators=session.connection.operators_for(facts.classes),
        preconditions=[s.preconditions for s in statements if s.preconditions is not None],
        purpose=wishes.purpose,
        row_cap=wishes.most_rows,
        byte_cap=wishes.most_bytes,
    )
    return await session.gateway.pipeline.ask(
        action,
        facts,
        wishes,
        caller=SessionCaller(session),
        describe=lambda: view_of(session, statements, facts),
        audit_each=session.connection.audit == "each",
    )


@dataclass(slots=True)
class SessionCaller:
    """The client as one who waits: told by a notice; gone when it cancels or hangs up."""

    session: Session

    async def told(self, held: Held) -> None:
        self.session.client.write(replies.held(held))

    async def gone(self) -> None:
        waits = [
            asyncio.ensure_future(self.session.cancelled.wait()),
            asyncio.ensure_future(self.session.ended.wait()),
        ]
        self.session.connection.held += 1
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.session.connection.held -= 1
            for wait in waits:
                wait.cancel()
