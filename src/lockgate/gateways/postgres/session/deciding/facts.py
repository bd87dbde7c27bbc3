"""What policy and people are told of a message: the facts of all its statements, and the view of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lockgate.action import Question
from lockgate.apart import apart
from lockgate.gateways.postgres.classify.render import Placeholders, render
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.session.deciding.bound import parameters_of
from lockgate.gateways.postgres.session.deciding.sampling import sample_of
from lockgate.pipeline import Facts
from lockgate.services.views import ViewFacts

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

LONG_CHARS = 1 << 14
"""What is longer is rendered in a thread of its own: others must not wait for it."""


CLIENT, COPY, DUMP = "client", "copy", "dump"
"""Where it goes: rows as an answer, a COPY stream, the tables of a declared dump."""


def facts_of(session: Session, statements: Sequence[Statement], records: int = 0, destination: str = CLIENT) -> Facts:
    """The union over the statements of one message."""
    if destination == CLIENT and any(statement.classified.kind == "export" for statement in statements):
        destination = COPY
    questions: set[Question] = set()
    classes: set[str] = set()
    probes: set[str] = set()
    lookups: set[str] = set()
    clean: set[str] = set()
    code: set[str] = set()
    joined: set[str] = set()
    relations: set[str] = set()
    own = False
    rows, unknown = 0, False
    for statement in statements:
        questions.update(statement.questions(session.connection.name))
        if statement.analysis is not None:
            classes |= statement.analysis.classes
            probes |= statement.analysis.probes
            lookups |= statement.analysis.lookups
            clean |= statement.analysis.clean
            code |= statement.analysis.code
            joined |= statement.analysis.joined
            relations |= statement.analysis.relations
            own = own or statement.analysis.own
            rows += statement.analysis.estimated_rows
            unknown = unknown or statement.analysis.rows_unknown
    if joined and (own or session.gateway.pipeline.may_write(session.requester, frozenset(relations))):
        # Whoever can write one side of a comparison can search the other by it.
        probes |= joined
    return Facts(
        questions=tuple(sorted(questions or {Question("sql.session", session.connection.name)})),
        classes=frozenset(classes),
        probes=frozenset(probes),
        lookups=frozenset(lookups),
        clean=frozenset(clean),
        code=frozenset(code),
        estimated_rows=rows,
        rows_unknown=unknown,
        looked_up=records,
        destination=destination,
    )


async def view_of(
    session: Session,
    statements: Sequence[Statement],
    facts: Facts,
    flags: Sequence[str] = (),
    *,
    values: Sequence[bytes | None] = (),
    formats: Sequence[int] = (),
) -> ViewFacts:
    """What a reviewer may see of it: rendered from the tree, with no value in it, and a masked sample."""
    said = list(flags)
    if facts.probes:
        said.append(f"searches by hidden values: {', '.join(sorted(facts.probes))}")
    if len(statements) > 1 and not flags:
        said.append(f"{len(statements)} statements in one message")
    if any(s.analysis is None and s.classified.operations for s in statements):
        said.append("known by its words alone: nothing beneath them was looked at")
    placeholders = Placeholders()
    asked = [(s.parsed, s.names) for s in _with_prepared(statements)]
    long = sum(len(parsed.text) for parsed, _ in asked) > LONG_CHARS
    shown = await apart(lambda: render(asked, placeholders), long)
    return ViewFacts(
        statement_masked=shown.text,
        resources=tuple(sorted({q.resource for q in facts.questions})),
        classes=facts.classes,
        estimated_rows=facts.estimated_rows,
        destination=f"the client at {session.requester.client_address or 'a local socket'}",
        sample=await sample_of(session, statements, facts),
        flags=tuple(said),
        uninspectable=shown.hidden or _code(facts),
        parameters=parameters_of(statements, values, formats, placeholders),
        reason=session.settings.reason,
    )


def _with_prepared(statements: Sequence[Statement]) -> Iterator[Statement]:
    """An EXECUTE says nothing without what was prepared."""
    for statement in statements:
        if statement.executes is not None:
            yield statement.executes
        yield statement


def _code(facts: Facts) -> str:
    """What runs code can do whatever its owner may; no statement shows that."""
    if not any(question.operation == "sql.code" for question in facts.questions):
        return ""
    named = ", ".join(sorted(facts.code)[:5])
    return f"it runs code: {named}" if named else "it runs code"
