"""From a text to what it does: parse, classify, analyse; cached by everything that could change the answer.

An analysis runs on a side connection with the session's search_path, or in the session itself under a savepoint once
it may see objects that the side cannot (temporary tables, uncommitted DDL).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lockgate.apart import apart
from lockgate.gateways.postgres.classify import Classified, classify
from lockgate.gateways.postgres.classify.barriers import BEHIND, BEHIND_HINT, OBJECTS
from lockgate.gateways.postgres.classify.parse import TOO_COMPLEX, ParseError, has_positions, parse, too_long
from lockgate.gateways.postgres.classify.parse import Statement as Parsed
from lockgate.gateways.postgres.classify.sessions import in_our_words
from lockgate.gateways.postgres.lineage import Analysis, AnalysisError, By, Side, analyse
from lockgate.gateways.postgres.resolve.analyses import Analyses
from lockgate.gateways.postgres.resolve.answered import ANSWERED, answer, receipt_as_sql
from lockgate.gateways.postgres.resolve.insession import InSession
from lockgate.gateways.postgres.resolve.kept import may_be_kept
from lockgate.gateways.postgres.resolve.side import SidePool
from lockgate.gateways.postgres.resolve.statement import Prepared, Statement
from lockgate.gateways.postgres.resolve.targets import targets
from lockgate.gateways.postgres.settings import wishes
from lockgate.gateways.postgres.wire._literals import key_of
from lockgate.services.catalog import CatalogHolder

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

MOST_PATHS = 100
"""A statement is prepared again after it was used under more values of `search_path`."""
LONG_TEXT_BYTES = 1 << 15
"""Longer texts are read in a thread, and analysed one at a time: they take long, and must leave a side connection to
the others."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text is not run: an SQLSTATE and words that hold no more than names in the client's own text."""

    sqlstate: str
    message: str
    position: str = ""
    hint: str = ""

    @staticmethod
    def of(error: ParseError) -> Problem:
        return Problem(error.sqlstate, error.message, error.position, error.hint)


KEPT = "a name in it means another table or function than when it was prepared"
TOO_LONG_TEXT = Problem.of(too_long())
TOO_MANY_PREPARED = Problem(
    "54000", "this session keeps too many prepared statements, or too long ones", hint="DEALLOCATE those not used"
)


class Resolver:
    """One a connection: the catalog in force, the side connections, and the cache of analyses."""

    def __init__(self, connection: str, pool: SidePool, catalog: CatalogHolder, by: By = By.FUNCTION) -> None:
        self.connection = connection
        self.by = by
        self.pool = pool
        self.catalog = catalog
        self.generation = 0
        """Grows whenever the schema or the catalog changed: what was known before is analysed again."""
        self.unusable = ""
        """Why nothing may be analysed now; empty when it may."""
        self._cache = Analyses()
        self._long = asyncio.Lock()

    def forget(self) -> None:
        self.generation += 1
        self._cache.clear()

    async def resolve(
        self, session: Session, text: bytes, oids: Sequence[int], *, anew: bool = False
    ) -> tuple[Statement, ...] | Problem:
        """Every statement of the text, each analysed; a Problem refuses all of them. `anew`: the server is asked even
        of what is known already."""
        try:
            understood = await apart(lambda: _understood(text), len(text) > LONG_TEXT_BYTES)
        except ParseError as error:
            return Problem.of(error)
        statements: list[Statement] = []
        reading = None if session.settings.dirty else session.settings.reading
        behind = False
        kinds: set[str] = set()
        declared: set[str] = set()
        for one, classified in understood:
            refused = classified.refused or _refuse(classified, len(understood))
            if not refused and behind and (classified.inner is not None or classified.kind == "execute"):
                return Problem("LG002", BEHIND, hint=BEHIND_HINT)
            if classified.kind == "execute" and kinds & {"prepare", "deallocate", "discard"}:
                refused = "EXECUTE is sent on its own, after PREPARE has been answered"
            if classified.kind == "declare" and (classified.name in declared or session.registry.has(classified.name)):
                return Problem("42P03", "cursor already exists", hint="close it first, in a message of its own")
            if classified.kind == "prepare" and session.registry.is_full(len(text)):
                return TOO_MANY_PREPARED
            kinds.add(classified.kind)
            if classified.kind == "declare":
                declared.add(classified.name)
            if refused:
                return Problem("LG002", refused, hint=classified.hint)
            if classified.kind in ANSWERED:
                pipeline = session.gateway.pipeline
                listed = await answer(classified.kind, pipeline, session.requester, session.recorded)
                statements.append(Statement(listed, classified, None, self.generation, one, reading=reading))
                continue
            try:
                analysis = await self._analysis(session, classified, oids, anew)
            except RecursionError:
                return Problem(TOO_COMPLEX, "a statement is nested too deeply")
            if isinstance(analysis, Problem):
                return analysis
            executes = session.registry.executed(classified)
            statement = Statement(one.text, classified, analysis, self.generation, one, executes, reading=reading)
            reading = None if statement.varies(session.settings.varied) else reading
            if analysis is None and classified.kind in OBJECTS:
                async with self.pool.lend(session.settings.search_path) as side:
                    statement.targets = await targets(side, one.tree)
            behind = behind or statement.moves_settings(session.settings.unsettled) or classified.kind in OBJECTS
            statements.append(statement)
        return tuple(statements)

    def rewritten(self, session: Session, statements: Sequence[Statement], text: bytes) -> bytes:
        """What goes upstream in place of the client's text; the same bytes but for a few of our own statements."""
        instead = [_instead(session, statement) for statement in statements]
        if not any(instead):
            return text
        whole = (own or statement.text for own, statement in zip(instead, statements, strict=True))
        return "\n;".join(whole).encode()

    async def fresh(self, session: Session, prepared: Prepared, *, anew: bool = False) -> Problem | None:
        """Analyse a prepared statement again if the schema, the catalog or the search_path has moved since.

        The server resolves names at Parse and plans again when objects change, so what was true may not be now.
        """
        if not prepared.statements or (
            not anew
            and prepared.statements[0].generation == self.generation
            and prepared.search_path == session.settings.search_path
        ):
            return None
        text = prepared.sql or prepared.statements[0].text.encode()
        again = await self.resolve(session, text, prepared.oids, anew=anew)
        if isinstance(again, Problem):
            return again
        before, now = prepared.statements[0], again[0]
        if before.analysis is not None and now.analysis is not None and before.analysis.fields != now.analysis.fields:
            return Problem("0A000", "cached plan must not change result type", hint="prepare the statement again")
        path = session.settings.search_path
        # Under a path that is new to it the server reads the text anew; under a known one it may keep what it found.
        rested_on = prepared.rested_on.get(path, now.preconditions)
        if len(prepared.rested_on) > MOST_PATHS:
            return Problem("0A000", KEPT, hint="prepare the statement again")
        if rested_on != now.preconditions:
            async with self.pool.lend(path) as side:
                if await may_be_kept(side, rested_on, now.preconditions):
                    return Problem("0A000", KEPT, hint="prepare the statement again")
        prepared.rested_on[path] = now.preconditions
        # The server has parsed it anew, or has not: only where values are read as they were is it known how.
        now.reading = before.reading if before.reading == now.reading else None
        prepared.statements, prepared.search_path, prepared.seen = again, session.settings.search_path, False
        session.fast.forget(prepared.name)
        return None

    def oids(self, prepared: Prepared) -> tuple[int, ...]:
        """Parameter types as the server reported them; part of the payload that an approval binds to."""
        analysis = prepared.statements[0].analysis if prepared.statements else None
        return prepared.oids if analysis is None else analysis.parameter_oids

    async def _analysis(
        self, session: Session, classified: Classified, oids: Sequence[int], anew: bool = False
    ) -> Analysis | Problem | None:
        if classified.kind == "execute":
            known = session.registry.prepared.get(classified.name.encode())
            if known is None or not known.statements:
                return Problem("26000", "prepared statement does not exist")
            stale = await self.fresh(session, known, anew=anew)
            return stale if stale is not None else known.statements[0].analysis
        if classified.inner is None:
            return None
        if self.unusable:
            return Problem(
                "LG005", self.unusable, hint="try again; if it stays so, look at analyse_on: lockgate doctor"
            )
        local = session.local_objects
        catalog = self.catalog.current(self.connection)
        under = (classified.types, tuple(oids), session.settings.search_path, catalog.digest, self.generation)
        encoded = classified.inner.encode()
        plain = key_of(encoded, 0, len(encoded))
        keys: list[tuple[object, ...]] = [(classified.inner, *under)]
        if plain is not None:
            keys.append((*plain, *under))
        for key in keys if not (local or anew) else ():
            known_already = self._cache.get(key)
            if known_already is not None:
                return known_already
        if local and session.unsynced:
            return Problem(
                "LG002",
                "a session with temporary or uncommitted objects is analysed between pipelines only",
                hint="send Sync first",
            )
        lend = InSession(session) if local else self.pool.lend(session.settings.search_path)
        async with self._long if len(encoded) > LONG_TEXT_BYTES else nullcontext(), lend as side:
            declared = await _oids(side, classified.types) if classified.types else tuple(oids)
            analysis = await analyse(
                classified.inner, declared, side, catalog, session.temporary, self.connection, self.by
            )
        if isinstance(analysis, AnalysisError):
            return Problem(analysis.sqlstate, analysis.message, analysis.position, analysis.hint)
        if not local:
            if analysis.literals > 0 and await apart(lambda: _has_positions(encoded), len(encoded) > LONG_TEXT_BYTES):
                analysis = replace(analysis, literals=-1)
            exchangeable = plain is not None and plain[1] == analysis.literals
            self._cache.keep(keys[1] if exchangeable else keys[0], analysis, len(encoded))
        return analysis


def _instead(session: Session, statement: Statement) -> str | None:
    if statement.classified.kind == "receipt":
        # What stands before it in the same message has been recorded meanwhile.
        return receipt_as_sql(session.recorded)
    if statement.classified.kind in ANSWERED:
        return statement.text
    return in_our_words(statement.parsed, session.requester.principal.id)


def _has_positions(text: bytes) -> bool:
    return has_positions(dict(parse(text)[0].tree))


def _understood(text: bytes) -> list[tuple[Parsed, Classified]]:
    return [(one, classify(one)) for one in parse(text)]


async def _oids(side: Side, names: Sequence[str]) -> tuple[int, ...]:
    """The declared parameter types of a PREPARE: a guess of the server's could pick another function."""
    found = []
    for name in names:
        rows = await side.fetch("SELECT pg_catalog.to_regtype($1)::oid", name)
        found.append(int(rows[0][0] or 0))
    return tuple(found)


def _refuse(classified: Classified, count: int) -> str:
    if classified.set is None:
        return ""
    name, value = classified.set
    if name.startswith("lockgate.") and value is not None:
        return wishes.problem_with(name, value)
    if name == "search_path" and count > 1:
        return "search_path changes only in a message of its own"
    return ""


__all__ = ["Parsed", "Problem", "Resolver"]
