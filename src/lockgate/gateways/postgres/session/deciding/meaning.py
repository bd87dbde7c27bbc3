"""Whether a statement still means what people were asked about: compared before it runs, and again before it commits.

Before: the statement is analysed anew, whatever is known of the schema, and must come to the same. After: row versions
of all that it rests on are compared (`stamp`), and of whatever shares a name with one of its words: so a function which
was replaced and put back in between is found, and so is a table, a schema or an operator that took the name of another
behind the last look. Both are asked on the side connection, which sees what others have committed whatever the snapshot
of the session's own transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lockgate.action import JSON
from lockgate.array_literal import array_literal
from lockgate.errors import LockgateError
from lockgate.gateways.postgres.answers import Run
from lockgate.gateways.postgres.lineage.model import Analysis
from lockgate.gateways.postgres.lineage.side import ServerError
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.resolve.targets import words
from lockgate.gateways.postgres.session import replies
from lockgate.gateways.postgres.wire.upstream import SEARCH_PATH
from lockgate.pipeline import Refusal

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

CHANGED = "a table, view or function that this rests on changed while it waited"
AGAIN = "repeat the statement; it will be asked for anew"
CHANGED_WHILE_IT_RAN = "a table, view or function that this rests on changed while it ran, so it was rolled back"

STAMP = """
SELECT pg_catalog.md5(pg_catalog.concat_ws('/',
  (SELECT pg_catalog.string_agg(a.attrelid::text || ':' || a.attnum::text || ':' || a.xmin::text, ',' ORDER BY
            a.attrelid, a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = ANY ($1::oid[])),
  (SELECT pg_catalog.string_agg(r.oid::text || ':' || r.xmin::text, ',' ORDER BY r.oid)
     FROM pg_catalog.pg_rewrite r WHERE r.ev_class = ANY ($1::oid[])),
  (SELECT pg_catalog.string_agg(t.oid::text || ':' || t.xmin::text, ',' ORDER BY t.oid)
     FROM pg_catalog.pg_trigger t WHERE t.tgrelid = ANY ($1::oid[])),
  (SELECT pg_catalog.string_agg(p.oid::text || ':' || p.xmin::text, ',' ORDER BY p.oid)
     FROM pg_catalog.pg_policy p WHERE p.polrelid = ANY ($1::oid[])),
  (SELECT pg_catalog.string_agg(f.oid::text || ':' || f.xmin::text, ',' ORDER BY f.oid)
     FROM pg_catalog.pg_proc f WHERE f.oid >= 16384 AND (
       f.proname = ANY ($2::text[])
       OR EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = ANY ($1::oid[]) AND NOT t.tgisinternal)
       OR EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = ANY ($1::oid[]))
       OR EXISTS (SELECT FROM pg_catalog.pg_proc g WHERE g.oid = ANY ($1::oid[]) AND g.oid >= 16384))),
  (SELECT pg_catalog.string_agg(n.oid::text || ':' || n.xmin::text, ',' ORDER BY n.oid)
     FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_'),
  (SELECT pg_catalog.string_agg(m.roleid::text || ':' || m.member::text || ':' || m.xmin::text, ','
            ORDER BY m.roleid, m.member, m.xmin::text) FROM pg_catalog.pg_auth_members m),
  (SELECT pg_catalog.string_agg(c.oid::text || ':' || c.relnamespace::text || ':' || c.relname::text, ','
            ORDER BY c.oid)
     FROM pg_catalog.pg_class c WHERE c.relname = ANY ($2::text[]) AND c.relpersistence <> 't'),
  (SELECT pg_catalog.string_agg(t.oid::text || ':' || t.typnamespace::text || ':' || t.xmin::text, ',' ORDER BY t.oid)
     FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE t.oid >= 16384 AND t.typname = ANY ($2::text[]) AND n.nspname !~ '^pg_'),
  (SELECT pg_catalog.string_agg(o.oid::text || ':' || o.xmin::text, ',' ORDER BY o.oid)
     FROM pg_catalog.pg_operator o WHERE o.oid >= 16384 AND o.oprname = ANY ($2::text[])),
  (SELECT pg_catalog.string_agg(k.oid::text || ':' || k.xmin::text, ',' ORDER BY k.oid)
     FROM pg_catalog.pg_cast k WHERE k.oid >= 16384)))
"""
"""Of the OIDs `$1` and the names `$2`. Where code of the users' own can run, every function of theirs counts: one may
call any other. A relation of such a name counts by name and schema, not by its row: vacuum and GRANT write that too."""


async def stamp(session: Session, statements: Sequence[Statement]) -> str:
    """The row versions of everything that these rest on; empty where they rest on nothing of the users' own."""
    oids = sorted({oid for s in statements if s.analysis is not None for oid in s.analysis.rests_on})
    if not oids and not any(s.targets for s in statements):
        return ""
    names = frozenset[str]().union(*(words((s.executes or s).parsed.tree) for s in statements))
    async with session.connection.resolver.pool.lend(SEARCH_PATH) as side:
        rows = await side.fetch(STAMP, array_literal(oids), array_literal(sorted(names)))
    return str(rows[0][0])


async def changed(session: Session, statements: Sequence[Statement]) -> bool:
    """Whether any relation, view or function reached is no longer what it was when people were asked.

    The server is asked, not what is known: that is a moment old, and goes by what a change of the schema leaves behind.
    """
    resolver = session.connection.resolver
    await session.connection.check_schema()
    for statement in statements:
        if statement.preconditions is None:
            continue
        oids = () if statement.analysis is None else statement.analysis.parameter_oids
        again = await resolver.resolve(session, statement.text.encode(), oids, anew=True)
        if not isinstance(again, tuple) or len(again) != 1 or _meant(again[0]) != _meant(statement):
            if statement.generation == resolver.generation:
                session.connection.forget()  # or the next try would be compared with what is stale, too
            return True
    return False


def _meant(statement: Statement) -> tuple[JSON, Analysis | None]:
    """What people were asked about; only the number of rows may be another by now."""
    analysis = statement.analysis
    return statement.preconditions, None if analysis is None else replace(analysis, estimated_rows=0)


class Watched:
    """What a held write rests on, from before it ran; asked when it has run and before it commits."""

    def __init__(self, session: Session, statements: Sequence[Statement], before: str, run: Run, request: str) -> None:
        self._session = session
        self._statements = statements
        self._before = before
        self._run = run
        self._request = request

    async def moved(self) -> bytes | None:
        """The error that takes the place of the commit, where anything moved or nobody can say."""
        try:
            if await stamp(self._session, self._statements) == self._before:
                return None
        except (LockgateError, OSError, ServerError):
            pass
        self._run.code = "LG004"
        return replies.refusal(Refusal("LG004", CHANGED_WHILE_IT_RAN, AGAIN, self._request, "FAILED"))
