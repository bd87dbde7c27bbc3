"""How a statement's rows and errors are shown under the decision it got."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockgate.action import Decision
from lockgate.gateways.postgres.answers import Part
from lockgate.gateways.postgres.lineage.model import Analysis
from lockgate.gateways.postgres.masking.treatment import Treatment, harmless, treat, unproven
from lockgate.gateways.postgres.resolve.answered import ANSWERED
from lockgate.gateways.postgres.resolve.statement import Prepared, Statement
from lockgate.gateways.postgres.session.deciding.redeeming import Passed
from lockgate.gateways.postgres.session.records import Cursor
from lockgate.services.shapes import Shape

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

READS_NOTHING = frozenset(
    "transaction set reset show requests receipt discard deallocate close notify temp lock select".split()
)
"""Kinds of statement whose errors can quote nothing but the client's own words, when there is nothing to analyse."""


def part_for(session: Session, statement: Statement, passed: Passed) -> Part:
    """How this statement's rows and errors are shown under the decision it got."""
    decision = passed.admission.decision
    connection = session.connection
    kind = statement.classified.kind
    analysis = statement.analysis
    # What is not analysed may read anything: CREATE UNIQUE INDEX quotes the value that stands twice.
    # Behind a write even COMMIT may: a deferred constraint or trigger speaks only then.
    readable = kind in READS_NOTHING and not session.wrote if analysis is None else not statement.quotes
    part = Part(clear_errors=readable, copy_options=statement.classified.copy)
    key = connection.mask_key(session.requester)
    if kind == "fetch":
        cursor = session.registry.cursors.get(statement.classified.name, Cursor(unproven(key)))
        part.treatment, part.counted, part.clear_errors = cursor.treatment, cursor.counted, False
    elif kind == "show" or kind in ANSWERED:
        part.treatment = harmless(key)
    elif kind == "explain" and analysis is not None:
        # A plan quotes the client's own constants and estimates; with ANALYZE or a search it counts real rows.
        told = statement.classified.runs or analysis.probes or analysis.lookups
        # What a function said while it was planned stands there as a constant.
        part.treatment = unproven(key) if statement.code or (analysis.touches and told) else harmless(key)
    elif analysis is not None and kind != "declare":
        part.treatment = _treated(session, analysis, decision)
    elif analysis is not None:
        # Known from here on, so that a FETCH in the same batch never meets an older cursor's treatment.
        part.treatment = _treated(session, analysis, decision)
        session.registry.cursors[statement.classified.name] = Cursor(part.treatment, passed.run)
    return part


def description(session: Session, prepared: Prepared) -> Treatment | None:
    """What the server must say of a statement's result; nothing is shown by it, so it needs no decision."""
    key = session.connection.mask_key(session.requester)
    if not prepared.statements:
        return None
    statement = prepared.statements[0]
    if statement.analysis is None or statement.classified.kind in ("explain", "execute", "declare", "prepare"):
        return harmless(key)
    return Treatment(statement.analysis.fields, (), key)


def _treated(session: Session, analysis: Analysis, decision: Decision) -> Treatment:
    connection = session.connection
    return treat(
        analysis.outputs,
        analysis.fields,
        decision,
        connection.operators,
        analysis.own or session.gateway.pipeline.may_write(session.requester, analysis.relations),
        connection.mask_key(session.requester),
    )


def shape_only(statement: Statement, passed: Passed, part: Part) -> Shape | None:
    """The shape to count on, where no further run needs a look: nothing masked, nothing to learn, errors readable, and
    no parameter decides anything."""
    if statement.analysis is not None and statement.analysis.settings:
        return None
    plain = part.plan is None and part.completed is None and (part.treatment is None or not part.treatment.masks)
    return passed.shape if plain and part.clear_errors else None
