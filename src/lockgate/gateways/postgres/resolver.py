"""From a text to what it does: parse, classify, analyse; cached by everything that could change the answer.

An analysis runs on a side connection with the session's search_path, or in the session itself under a savepoint once
it may see objects that the side cannot (temporary tables, uncommitted DDL).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockgate.gateways.postgres import settings as wishes
from lockgate.gateways.postgres.classify import Classified, SessionState, classify
from lockgate.gateways.postgres.insession import InSession
from lockgate.gateways.postgres.lineage import analyse
from lockgate.gateways.postgres.lineage.model import Analysis, AnalysisError
from lockgate.gateways.postgres.parse import ParseError, parse
from lockgate.gateways.postgres.records import Prepared, Statement
from lockgate.gateways.postgres.side import SidePool
from lockgate.gateways.postgres.treatment import Treatment
from lockgate.services.catalog import Catalog

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session import Session

CACHED_ANALYSES = 4096


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text is not run: an SQLSTATE and words that hold no more than names in the client's own text."""

    sqlstate: str
    message: str
    position: str = ""
    hint: str = ""


class Resolver:
    """One a connection: the catalog in force, the side connections, and the cache of analyses."""

    def __init__(self, pool: SidePool, catalog: Catalog) -> None:
        self.pool = pool
        self.catalog = catalog
        self.generation = 0
        """Grows whenever the schema or the catalog changed: what was known before is analysed again."""
        self._cache: OrderedDict[tuple[object, ...], Analysis] = OrderedDict()

    def forget(self) -> None:
        self.generation += 1
        self._cache.clear()

    async def resolve(
        self, session: Session, text: bytes, oids: Sequence[int]
    ) -> tuple[Statement, ...] | Problem:
        """Every statement of the text, each analysed; a Problem refuses all of them."""
        try:
            parsed = parse(text)
        except ParseError as error:
            return Problem("42601", error.message, error.position)
        state = SessionState(prepared=frozenset(session.registry.prepared), cursors=frozenset(session.registry.cursors))
        statements = []
        for index, one in enumerate(parsed):
            classified = classify(one, state)
            refused = classified.refused or self._refuse(session, classified, len(parsed))
            if refused:
                return Problem("LG002", refused, hint=classified.hint)
            analysis = await self._analysis(session, classified, oids, alone=len(parsed) == 1 or index == 0)
            if isinstance(analysis, Problem):
                return analysis
            statements.append(Statement(one.text, classified, analysis, self.generation))
        return tuple(statements)

    async def fresh(self, session: Session, prepared: Prepared) -> Problem | None:
        """Analyse a prepared statement again if the schema, the catalog or the search_path has moved since.

        The server resolves names at Parse and plans again when objects change, so what was true may not be now.
        """
        if not prepared.statements or (
            prepared.statements[0].generation == self.generation
            and prepared.search_path == session.settings.search_path
        ):
            return None
        again = await self.resolve(session, prepared.sql or prepared.statements[0].text.encode(), prepared.oids)
        if isinstance(again, Problem):
            return again
        before = prepared.statements[0].analysis
        now = again[0].analysis
        if before is not None and now is not None and before.fields != now.fields:
            return Problem("0A000", "cached plan must not change result type", hint="prepare the statement again")
        prepared.statements, prepared.search_path, prepared.seen = again, session.settings.search_path, False
        return None

    def oids(self, prepared: Prepared) -> tuple[int, ...]:
        """Parameter types as the server reported them; part of the payload that an approval binds to."""
        analysis = prepared.statements[0].analysis if prepared.statements else None
        return prepared.oids if analysis is None else analysis.parameter_oids

    def _refuse(self, session: Session, classified: Classified, count: int) -> str:
        if classified.kind == "set" and classified.set is not None:
            name, value = classified.set
            if name.startswith("lockgate."):
                return wishes.problem_with(name, value or "")
            if name == "search_path" and count > 1:
                return "search_path changes only in a message of its own"
        return ""

    async def _analysis(
        self, session: Session, classified: Classified, oids: Sequence[int]
    ) -> Analysis | Problem | None:
        if classified.kind == "execute":
            known = session.registry.prepared.get(classified.name.encode())
            if known is None or not known.statements:
                return Problem("26000", "prepared statement does not exist")
            stale = await self.fresh(session, known)
            return stale if stale is not None else known.statements[0].analysis
        if classified.inner is None:
            return None
        local = session.local_objects
        key = (classified.inner, tuple(oids), session.settings.search_path, self.catalog.digest, self.generation)
        if not local and key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        if local:
            if session.unsynced:
                return Problem(
                    "LG002",
                    "a session with temporary or uncommitted objects is analysed between pipelines only",
                    hint="send Sync first",
                )
            async with InSession(session) as side:
                analysis = await analyse(classified, oids, side, self.catalog, session.overlay)
        else:
            async with self.pool.lend(session.settings.search_path) as side:
                analysis = await analyse(classified, oids, side, self.catalog, {})
        if isinstance(analysis, AnalysisError):
            return Problem(analysis.sqlstate, analysis.message, analysis.position, analysis.hint)
        if not local:
            self._cache[key] = analysis
            while len(self._cache) > CACHED_ANALYSES:
                self._cache.popitem(last=False)
        return analysis
