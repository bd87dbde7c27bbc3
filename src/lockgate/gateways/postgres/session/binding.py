"""Bind: where an action of the extended protocol is decided, held and, once redeemed, given its masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockgate.gateways.postgres.answers import Kind, Part, Step
from lockgate.gateways.postgres.masking.treatment import unproven
from lockgate.gateways.postgres.resolve.answered import ANSWERED, answer, receipt_as_sql
from lockgate.gateways.postgres.resolve.resolver import Problem
from lockgate.gateways.postgres.session import replies
from lockgate.gateways.postgres.session.deciding import Passed, admit, after, part_for, shape_only
from lockgate.gateways.postgres.session.item import Item
from lockgate.gateways.postgres.session.portals import is_taken
from lockgate.gateways.postgres.session.records import Cursor, Portal, frame
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.parsing import parse_bind
from lockgate.pipeline import Refusal

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session


async def bind(session: Session, raw: bytes) -> Item | bytes:
    """The item of an admitted Bind, or the ErrorResponse that refuses it."""
    bound = parse_bind(raw[5:])
    prepared = session.registry.prepared.get(bound.statement)
    if prepared is None:
        return replies.server_error("26000", "prepared statement does not exist")
    registry = session.registry
    declared = [s.classified.name for s in prepared.statements if s.classified.kind == "declare"]
    if is_taken(registry, bound.portal) or any(is_taken(registry, name.encode()) for name in declared):
        return replies.server_error("42P03", "portal already exists", hint="close it first")
    fresh = await session.connection.resolver.fresh(session, prepared)
    if isinstance(fresh, Problem):
        return replies.server_error(fresh.sqlstate, fresh.message, hint=fresh.hint)
    payload = frame(
        "extended",
        prepared.sql,
        {
            "oids": b"".join(oid.to_bytes(4, "big") for oid in session.connection.resolver.oids(prepared)),
            "formats": b"".join(f.to_bytes(2, "big") for f in bound.parameter_formats),
            "results": b"".join(f.to_bytes(2, "big") for f in bound.result_formats),
        },
        bound.values,
    )
    ticket = await admit(session, prepared.statements, payload, bound.values, bound.parameter_formats)
    if isinstance(ticket, Refusal):
        return replies.refusal(ticket)
    part = Part()
    before = registry.portals.get(bound.portal)
    fetched = next((s.classified.name for s in prepared.statements if s.classified.kind == "fetch"), "")
    registry.portals[bound.portal] = Portal(
        prepared,
        part,
        bound.result_formats,
        session.settings.search_path,
        registry.cursors.get(fetched),
        session.settings.under() if ticket.request_id else None,
    )
    for name in declared:
        registry.cursors[name] = Cursor(unproven(session.connection.mask_key(session.requester)))

    def undo() -> None:
        registry.portals.pop(bound.portal, None)
        if before is not None:
            registry.portals[bound.portal] = before

    item = Item(raw, [Step(Kind.BIND, undo=undo)], ticket, prepared.statements)
    kind = prepared.statements[0].classified.kind if prepared.statements else ""
    answered = ""
    if kind in ANSWERED:
        answered = await answer(kind, session.gateway.pipeline, session.requester, session.recorded)

    def admitted(passed: Passed) -> None:
        part.run, part.shape = passed.run, passed.shape
        item.steps[0].parts = [Part(run=part.run)]
        statement = prepared.statements[0] if prepared.statements else None
        if statement is None:
            return
        made = part_for(session, statement, passed)
        part.treatment, part.clear_errors = made.treatment, made.clear_errors
        part.copy_options, part.counted = made.copy_options, made.counted
        if statement.classified.kind != "deallocate":
            part.completed = after(session, statement)
        item.steps[0].parts[0].clear_errors = part.clear_errors
        if part.treatment is not None and part.treatment.fields is not None:
            part.plan = part.treatment.plan(part.treatment.fields, bound.result_formats)
        if part.treatment is not None and (not prepared.seen or part.treatment.fields is None):
            # The server must describe the result as the analysis did before its first row is believed.
            prepared.seen = True
            item.out += m.describe(b"P", bound.portal)
            item.steps.append(Step(Kind.DESCRIBE_PORTAL, [part], formats=bound.result_formats, hidden=True))
        if answered:
            # The server has it with the constants of when it was parsed; and what stands before it in the batch has
            # been recorded since.
            sql = receipt_as_sql(session.recorded) if kind == "receipt" else answered
            name = prepared.name.decode()
            item.out = m.close(b"S", name) + m.parse(name, sql.encode(), prepared.oids) + item.out
            item.steps[:0] = [Step(Kind.CLOSE, hidden=True), Step(Kind.PARSE, hidden=True)]
        if part.plan is not None and part.treatment is not None:
            session.client.write(session.masked_notice(part.treatment))
        shape = shape_only(statement, passed, part)
        reads = statement.classified.kind == "select"  # a SET must be seen each time
        if prepared.name and reads and shape is not None and not session.local_objects and not session.decisive:
            session.fast.prepared[prepared.name] = shape

    item.admitted = admitted
    return item
