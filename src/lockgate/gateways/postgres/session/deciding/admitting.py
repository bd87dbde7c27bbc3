"""Whether a message may run: the action is built here, and the pipeline answers, after people where they are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lockgate.action import Action, Effect, Kind
from lockgate.errors import StoreError
from lockgate.gateways.postgres.classify.barriers import BEHIND, BEHIND_HINT, READS_ROWS
from lockgate.gateways.postgres.classify.dumps import DECLARE_IT
from lockgate.gateways.postgres.masking.tokens import any_token, column_of_token
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.session import replies
from lockgate.gateways.postgres.session.deciding.facts import CLIENT, facts_of, view_of
from lockgate.gateways.postgres.session.deciding.keying import statement_key
from lockgate.gateways.postgres.session.deciding.looked_up import looked_up
from lockgate.gateways.postgres.session.deciding.settings_named import NOT_SHOWN, NOT_SHOWN_HINT, settings_are_shown
from lockgate.gateways.postgres.wire.messages import IDLE
from lockgate.pipeline import Facts, Held, Refusal, Ticket, Wishes, circumstances_of, unrecorded

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session


ROWS_UNKNOWN = "people would have to approve rows that have not been sent yet"
ROWS_UNKNOWN_HINT = "send COPY … FROM STDIN alone, as a simple query"
READ_OTHERWISE = "dates, times or numbers are read otherwise now than when this was prepared"
READ_OTHERWISE_HINT = "prepare the statement again"
SETS = frozenset({"pg_catalog.set_config"})
"""With it pg_dump begins."""


def wishes_of(session: Session) -> Wishes:
    """What the session asks for, and whether it may wait now."""
    connection = session.connection
    return session.settings.wishes(
        may_wait=not session.wrote and connection.may_hold(),
        hold=connection.hold,
        person=session.requester.principal.kind is Kind.HUMAN,
        wrote=session.wrote,
    )


def question_of(session: Session, statements: Sequence[Statement]) -> tuple[Facts, Wishes]:
    """What policy would be asked of a message without values."""
    wishes = wishes_of(session)
    return known_by_name(session, statements, facts_of(session, statements), wishes), wishes


def known_by_name(session: Session, statements: Sequence[Statement], facts: Facts, wishes: Wishes) -> Facts:
    """The facts with the statement's key, where somebody reads it."""
    if not session.gateway.pipeline.names_statement(session.requester, facts, wishes):
        return facts
    masks = session.connection.operators_for(facts.classes)
    return replace(
        facts,
        statement=statement_key(session, statements),
        masks=frozenset(f"{cls}={how}" for cls, how in masks.items()),
    )


async def admit(
    session: Session,
    statements: Sequence[Statement],
    payload: bytes,
    values: Sequence[bytes | None],
    formats: Sequence[int] = (),
    *,
    rows: str = "",
    flags: Sequence[str] = (),
    destination: str = CLIENT,
) -> Ticket | Refusal:
    """Decide; hold where policy wants people. A Ticket is a promise that `redeem` checks again.

    `rows` is what reviewers are told of the rows that came with it, which the payload binds; `flags` are said to them
    besides what the statements say of themselves.
    """
    wishes = wishes_of(session)
    built = action_of(session, statements, payload, values, formats, wishes, rows=rows, destination=destination)
    if isinstance(built, Refusal):
        return built
    action, facts = built
    try:
        answer = await session.gateway.pipeline.ask(
            action,
            facts,
            wishes,
            caller=SessionCaller(session),
            describe=lambda: view_of(
                session, statements, facts, (rows,) if rows else flags, values=values, formats=formats
            ),
            audit_each=session.connection.audit == "each",
        )
    except StoreError as error:
        return unrecorded(error)
    if isinstance(answer, Refusal) and answer.code == "LG002" and facts.code == SETS:
        return replace(answer, hint=f"use SET for a setting; {DECLARE_IT}")
    return answer


def action_of(
    session: Session,
    statements: Sequence[Statement],
    payload: bytes,
    values: Sequence[bytes | None],
    formats: Sequence[int],
    wishes: Wishes,
    *,
    rows: str = "",
    destination: str = CLIENT,
) -> tuple[Action, Facts] | Refusal:
    """The action that these statements are, and what is known of it; refused where a masked value would go back, and
    where people would be asked about something that is not known (`in_doubt`)."""
    facts = known_by_name(
        session, statements, facts_of(session, statements, looked_up(statements, values, formats), destination), wishes
    )
    writes = any(q.operation in ("sql.write", "sql.temp") for q in facts.questions)
    if (writes or facts.lookups or facts.probes) and any_token(payload, values):
        named = (column_of_token(statement.parsed.tree, values) for statement in statements)
        return replies.masked_value(next(filter(None, named), ""))
    if not all(settings_are_shown(statement, values) for statement in statements):
        return Refusal("LG002", NOT_SHOWN, NOT_SHOWN_HINT, classes=facts.classes)
    doubt = in_doubt(session, statements, rows)
    if doubt and session.gateway.pipeline.decide(session.requester, facts, wishes).effect is Effect.REQUIRE:
        return Refusal("LG002", *doubt, classes=facts.classes)
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
        destination=facts.destination,
        circumstances=circumstances_of(facts),
        operators=session.connection.operators_for(facts.classes),
        preconditions=[
            session.settings.under(),
            *(s.preconditions for s in statements if s.preconditions is not None),
        ],
        purpose=wishes.purpose,
        row_cap=wishes.most_rows,
        byte_cap=wishes.most_bytes,
    )
    return action, facts


def in_doubt(session: Session, statements: Sequence[Statement], rows: str) -> tuple[str, str] | tuple[()]:
    """Why people cannot be asked about this, and what to do: something that decides what it means is not known here."""
    if not rows and any(s.classified.kind == READS_ROWS for s in statements):
        return ROWS_UNKNOWN, ROWS_UNKNOWN_HINT
    settings = session.settings
    if settings.dirty or any(s.brings_back(settings.unsettled, settings.varied) for s in statements[:-1]):
        return BEHIND, BEHIND_HINT
    if any(s.reading != settings.reading for s in [*statements, *filter(None, (s.executes for s in statements))]):
        return READ_OTHERWISE, READ_OTHERWISE_HINT
    return ()


@dataclass(slots=True)
class SessionCaller:
    """The client as one who waits: told by a notice; gone when it cancels or hangs up."""

    session: Session

    async def told(self, held: Held) -> None:
        open_too = self.session.status != IDLE or self.session.unsynced
        self.session.client.write(replies.held(held, in_transaction=open_too))

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
