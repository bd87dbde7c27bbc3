"""A declared dump: one action, held when the session begins; each of its tables is then copied once, in that session.

The payload is the list of COPY statements with their columns, computed from the server's catalog, never from what the
client sends. The grant is consumed before the session is ready. A statement that is not on the list, or is there and
has run, is decided like any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lockgate.action import JSON
from lockgate.gateways.postgres.answers import CAP_REACHED, Kind, Part, Run, Step
from lockgate.gateways.postgres.classify.dumps import Member, member_of, preparation_of, schema_of
from lockgate.gateways.postgres.classify.parse import ParseError, parse
from lockgate.gateways.postgres.lineage.side import ServerError
from lockgate.gateways.postgres.masking.treatment import harmless
from lockgate.gateways.postgres.resolve.members import members_of
from lockgate.gateways.postgres.resolve.resolver import Problem
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.session import replies
from lockgate.gateways.postgres.session.deciding import DUMP, Passed, admit, finisher, part_for
from lockgate.gateways.postgres.session.outcomes import CONNECTION_LOST
from lockgate.gateways.postgres.session.own_transaction import OwnTransaction
from lockgate.gateways.postgres.session.records import frame
from lockgate.gateways.postgres.session.unsettled import settle
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.messages import IDLE
from lockgate.pipeline import Refusal

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

AGAIN = "connect again with the same lockgate.plan once it is approved"
MOVED = "a table of this dump is no longer what was approved"


class Dump:
    """A dump that may run: what is left of its list, and what has left by it."""

    def __init__(self, left: dict[Member, JSON], passed: Passed) -> None:
        self._left = left
        self._passed = passed
        self._runs: list[Run] = []

    async def takes(self, session: Session, text: bytes) -> bool:
        """Run a simple query that is a member or a setting of pg_dump's; False: it is decided like any other."""
        try:
            parsed = parse(text)
        except ParseError:
            return False
        if len(parsed) != 1:
            return False
        preparation = preparation_of(parsed[0])
        if preparation is not None:
            if preparation.moves_path:
                session.decisive = session.settings.dirty = session.settings.unsettled = True
            answer = Part(treatment=harmless(session.connection.mask_key(session.requester)))
            session.forward(m.query(preparation.text.encode()), [Step(Kind.QUERY, [answer])])
            return True
        member = member_of(parsed[0])
        if member is None or member not in self._left:
            return False
        await self._copy(session, member)
        return True

    async def _copy(self, session: Session, member: Member) -> None:
        """Forward our own words for it, once: what was a member is none from here on, whatever becomes of it."""
        approved = self._left.pop(member)
        await session.answers.drained()
        resolver, text = session.connection.resolver, member.text.encode()
        resolved = await resolver.resolve(session, text, ())
        if not isinstance(resolved, Problem) and session.status != IDLE:
            # pg_dump has locked its tables; whoever has not does it here.
            own = OwnTransaction(session, resolved, extended=False)
            await own.enter()
            await own.lock()
        await session.connection.check_schema()
        if isinstance(resolved, Problem) or resolved[0].generation != resolver.generation:
            resolved = await resolver.resolve(session, text, ())
        if isinstance(resolved, Problem):
            self._refuse(session, replies.server_error(resolved.sqlstate, resolved.message, hint=resolved.hint))
            return
        if _rests_on(resolved[0]) != approved:
            moved = Refusal("LG004", MOVED, "begin the dump again; it will be asked for anew", state="INVALIDATED")
            self._refuse(session, replies.refusal(moved))
            return
        caps = self._caps()
        if caps is None:
            reached = Refusal(
                CAP_REACHED, "the dump has reached the cap that was set for it", "raise lockgate.max_rows"
            )
            self._refuse(session, replies.refusal(reached))
            return
        part = part_for(session, resolved[0], self._passed)
        part.run = Run(lambda *_: None, False, *caps)
        self._runs.append(part.run)
        session.forward(m.query(member.text.encode()), [Step(Kind.QUERY, [part])])

    def _caps(self) -> tuple[int, int] | None:
        """What may still leave, of rows and of bytes (0: no cap); None where nothing may."""
        whole = self._passed.run
        if whole is None:
            return 0, 0
        left = []
        for cap, gone in (
            (whole.row_cap, sum(run.rows for run in self._runs)),
            (whole.byte_cap, sum(run.bytes for run in self._runs)),
        ):
            if cap and gone >= cap:
                return None
            left.append(cap - gone if cap else 0)
        return left[0], left[1]

    def _refuse(self, session: Session, error: bytes) -> None:
        session.forward(m.query(replies.REFUSED), [Step(Kind.QUERY, refusal=error)])

    def ended(self) -> None:
        """Tell the log: it has succeeded where every table of the list was copied to its end."""
        whole = self._passed.run
        if whole is None:
            return
        code = next((run.code for run in self._runs if run.code), "")
        done = not self._left and all(run.completed for run in self._runs) and not code
        rows, bytes_ = sum(run.rows for run in self._runs), sum(run.bytes for run in self._runs)
        whole.finish("SUCCEEDED" if done else "FAILED", rows, bytes_, "" if done else code or CONNECTION_LOST)


async def declared(session: Session, plan: str) -> Dump | bytes:
    """Decide the dump that a client has declared, and hold where people are asked; bytes: the FATAL that ends it."""
    await settle(session)
    schema = schema_of(plan)
    statements = await _statements(session, schema)
    if isinstance(statements, bytes):
        return statements
    words = f"a dump of the schema {schema}: every row of {len(statements)} tables"
    ticket = await admit(
        session,
        list(statements.values()),
        _payload(plan, statements),
        (),
        flags=[words.encode("ascii", "backslashreplace").decode()],
        destination=DUMP,
    )
    if isinstance(ticket, Refusal):
        return _fatal(ticket)
    if ticket.request_id:
        # People may have taken hours: the list is made anew, and must be the one that they saw.
        await session.connection.check_schema()
        now = await _statements(session, schema)
        if isinstance(now, bytes):
            return now
        if _payload(plan, now) != ticket.action.payload or _all(now) != _all(statements):
            await session.gateway.pipeline.invalidate(ticket.request_id, MOVED)
            return _fatal(Refusal("LG004", MOVED, "connect again; it will be asked for anew", ticket.request_id))
    if ticket.request_id and not await session.gateway.watch.holds(session):
        return _fatal(Refusal("LG004", "this credential is no longer valid", "log in again", ticket.request_id))
    # No transaction is begun for it: pg_dump begins its own, and each table is looked at again before it is copied.
    passed = await session.gateway.pipeline.redeem(ticket, session.shapes)
    if isinstance(passed, Refusal):
        return _fatal(passed)
    session.recorded = passed.receipt
    run = Run(finisher(session, passed), False, ticket.action.row_cap, ticket.action.byte_cap)
    return Dump(_all(statements), Passed(passed, run, None))


async def _statements(session: Session, schema: str) -> dict[Member, Statement] | bytes:
    resolver = session.connection.resolver
    try:
        members = await members_of(session.connection.standby or resolver.pool, schema)
    except ServerError:
        members = ()
    if not members:
        return m.error("FATAL", "3F000", "there is no such schema, or no table in it", hint="lockgate.plan=dump:SCHEMA")
    found: dict[Member, Statement] = {}
    for member in members:
        resolved = await resolver.resolve(session, member.text.encode(), ())
        if isinstance(resolved, Problem):
            return m.error("FATAL", resolved.sqlstate, resolved.message, hint=resolved.hint)
        found[member] = resolved[0]
    return found


def _payload(plan: str, statements: dict[Member, Statement]) -> bytes:
    return frame("dump", plan.encode(), {}, tuple(member.text.encode() for member in statements))


def _all(statements: dict[Member, Statement]) -> dict[Member, JSON]:
    return {member: _rests_on(statement) for member, statement in statements.items()}


def _rests_on(statement: Statement) -> JSON:
    return statement.preconditions


def _fatal(refused: Refusal) -> bytes:
    hint = AGAIN if refused.code == "LG001" else refused.hint
    return replies.refusal(replace(refused, hint=hint), severity="FATAL")
