"""What policy and people are told of a message: the facts of all its statements, and the view of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lockgate.action import Question
from lockgate.gateways.postgres.classify.render import render
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.session.deciding.sampling import sample_of
from lockgate.pipeline import Facts
from lockgate.services.views import ViewFacts

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session


def facts_of(session: Session, statements: Sequence[Statement], records: int = 0) -> Facts:
    """The union over the statements of one message."""
    questions: set[Question] = set()
    classes: set[str] = set()
    probes: set[str] = set()
    lookups: set[str] = set()
    clean: set[str] = set()
    code: set[str] = set()
    joined: set[str] = set()
    relations: set[str] = set()
    own = False
    rows = 0
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
        looked_up=records,
    )


async def view_of(
    session: Session, statements: Sequence[Statement], facts: Facts, flags: Sequence[str] = ()
) -> ViewFacts:
    """What a reviewer may see of it: rendered from the tree, with no literal in it, and a masked sample."""
    said = list(flags)
    if facts.probes:
        said.append(f"searches by hidden values: {', '.join(sorted(facts.probes))}")
    if len(statements) > 1 and not flags:
        said.append(f"{len(statements)} statements in one message")
    return ViewFacts(
        statement_masked=";\n".join(render(statement.parsed, statement.names) for statement in statements),
        resources=tuple(sorted({q.resource for q in facts.questions})),
        classes=facts.classes,
        estimated_rows=facts.estimated_rows,
        destination=f"the client at {session.requester.client_address or 'a local socket'}",
        sample=await sample_of(session, statements, facts),
        flags=tuple(said),
        reason=session.settings.reason,
    )
