"""Leave to run, used: the last step before bytes go upstream consumes the grant or writes the intent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockgate.errors import StoreError
from lockgate.gateways.postgres.answers import Run
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.session.transaction_id import wants_id
from lockgate.pipeline import Pass, Refusal, Ticket
from lockgate.services.shapes import Shape

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

WRITES = frozenset({"sql.write", "sql.ddl", "sql.drop", "sql.grant", "sql.code", "sql.admin", "sql.files", "sql.temp"})

TELL_AGAIN_S = 1.0


@dataclass(slots=True)
class Passed:
    """A redeemed ticket: the decision's masks apply, and `run` tells the log what became of it."""

    admission: Pass
    run: Run | None
    shape: Shape | None


async def redeem(
    session: Session, ticket: Ticket, statements: Sequence[Statement], begin: Callable[[], Awaitable[str]]
) -> Passed | Refusal:
    """Consume the grant or write the intent; what is returned may be sent at once, and only that.

    `begin` begins and names the transaction that a held write will run in (`transaction_id`).
    People may have taken hours: what the statement's meaning rests on is looked at again before the grant is used.
    """
    if ticket.request_id and not await session.gateway.watch.holds(session):
        return Refusal("LG004", "this credential, its owner or its groups are no longer valid", "", ticket.request_id)
    if ticket.request_id and await _meaning_changed(session, statements):
        return Refusal(
            "LG004",
            "a table, view or function that this rests on changed while it waited",
            "repeat the statement; it will be asked for anew",
            ticket.request_id,
            "INVALIDATED",
        )
    transaction = ""
    if ticket.request_id and wants_id(statements):
        transaction = await begin()
    passed = await session.gateway.pipeline.redeem(ticket, session.shapes, transaction)
    if isinstance(passed, Refusal):
        return passed
    writes = any(q.operation in WRITES for q in ticket.action.questions)
    if writes:
        session.wrote = True
        session.fast.clear()
    if passed.shape is not None:
        shape = passed.shape
        shape.runs += 1
        return Passed(passed, None, shape)
    caps = ticket.action.row_cap, ticket.action.byte_cap
    return Passed(passed, Run(_finisher(session, passed), writes, *caps), None)


async def _meaning_changed(session: Session, statements: Sequence[Statement]) -> bool:
    """Whether any relation, view or function reached is no longer what it was when people were asked."""
    resolver = session.connection.resolver
    if await session.connection.check_schema():
        session.gateway.schema_or_policy_changed()
    for statement in statements:
        if statement.analysis is None or statement.generation == resolver.generation:
            continue
        again = await resolver.resolve(session, statement.text.encode(), statement.analysis.parameter_oids)
        if not isinstance(again, tuple) or again[0].analysis is None:
            return True
        if again[0].analysis.preconditions != statement.analysis.preconditions:
            return True
    return False


def _finisher(session: Session, passed: Pass) -> Callable[[str, int, int, str], None]:
    async def until_kept(outcome: str, rows: int, bytes_: int, code: str) -> None:
        # What has happened has happened: a store that is full or away now is told later.
        while True:
            try:
                return await passed.finish(outcome, rows, bytes_, code)
            except StoreError:
                await asyncio.sleep(TELL_AGAIN_S)

    def finish(outcome: str, rows: int, bytes_: int, code: str) -> None:
        session.gateway.in_background(until_kept(outcome, rows, bytes_, code))
        if outcome == "UNKNOWN":
            session.connection.settle_soon()

    return finish
