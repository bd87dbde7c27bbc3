"""Leave to run, used: the last step before bytes go upstream consumes the grant or writes the intent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockgate.errors import StoreError
from lockgate.gateways.postgres.answers import Run
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.session.deciding import meaning
from lockgate.gateways.postgres.session.deciding.shape_names import shape_name
from lockgate.gateways.postgres.session.own_transaction import OwnTransaction
from lockgate.pipeline import Pass, Refusal, Ticket
from lockgate.services.shapes import Shape

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

MANAGES = frozenset("transaction set reset show requests receipt discard deallocate close".split())
"""Kinds of statement that only manage the session: nobody asks for a receipt of them."""

WRITES = frozenset({"sql.write", "sql.ddl", "sql.drop", "sql.grant", "sql.code", "sql.admin", "sql.files", "sql.temp"})

TELL_AGAIN_S = 1.0


@dataclass(slots=True)
class Passed:
    """A redeemed ticket: the decision's masks apply, and `run` tells the log what became of it."""

    admission: Pass
    run: Run | None
    shape: Shape | None
    watched: meaning.Watched | None = None
    """Of a held write: what must not have moved when it has run."""


async def redeem(
    session: Session, ticket: Ticket, statements: Sequence[Statement], *, extended: bool, rows_known: bool = False
) -> Passed | Refusal:
    """Consume the grant or write the intent; what is returned may be sent at once, and only that.

    People may have taken hours: whoever asked, and what the statement's meaning rests on, are looked at again before
    the grant is used, in the transaction that it then runs in.
    """
    writes = any(q.operation in WRITES for q in ticket.action.questions)
    transaction, before, watch = "", "", False
    if ticket.request_id:
        if not await session.gateway.watch.holds(session):
            why = "this credential, its owner or its groups are no longer valid"
            return Refusal("LG004", why, "", ticket.request_id)
        own = OwnTransaction(session, statements, extended=extended, rows_known=rows_known)
        before = await meaning.stamp(session, statements) if writes else ""
        if not await _stands_still(session, own, statements):
            await session.gateway.pipeline.invalidate(ticket.request_id, meaning.CHANGED)
            return Refusal("LG004", meaning.CHANGED, meaning.AGAIN, ticket.request_id, "INVALIDATED")
        transaction = await own.name()
        watch = bool(before) and own.entered and not own.sends_rows
    name = shape_name(session.connection.secret, statements) if ticket.by_shape else ""
    passed = await session.gateway.pipeline.redeem(ticket, session.shapes, transaction, name)
    if isinstance(passed, Refusal):
        return passed
    if any(statement.classified.kind not in MANAGES for statement in statements):
        session.recorded = passed.receipt
    if writes:
        session.wrote = True
        session.fast.clear()
    if passed.shape is not None:
        return Passed(passed, None, passed.shape)
    caps = ticket.action.row_cap, ticket.action.byte_cap
    run = Run(finisher(session, passed), writes, *caps)
    watched = meaning.Watched(session, statements, before, run, ticket.request_id) if watch else None
    run.held_back = watched is not None
    return Passed(passed, run, None, watched)


async def _stands_still(session: Session, own: OwnTransaction, statements: Sequence[Statement]) -> bool:
    """Begin, lock, compare; False when what was approved is not what would run."""
    if session.local_objects:
        # Its objects are analysed in the session itself, by messages with a Sync: that would give the locks back.
        if await meaning.changed(session, statements):
            return False
        await own.enter()
        return await own.lock()
    await own.enter()
    return await own.lock() and not await meaning.changed(session, statements)


def finisher(session: Session, passed: Pass) -> Callable[[str, int, int, str], None]:
    """What tells the log how it ended: `(outcome, rows, bytes, code)`, at once and until the store takes it."""

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
