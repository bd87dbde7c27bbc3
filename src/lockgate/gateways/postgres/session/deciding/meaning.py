"""Whether a statement still means what people were asked about: compared before it runs, and again before it commits.

Before: everything that it rests on (`Metadata.preconditions`) is looked up anew if the schema has moved at all. After:
row versions of the same objects are compared (`stamp`), so that a function which was replaced and put back in between
is found too. Both are asked on the side connection, which sees what others have committed whatever the snapshot of the
session's own transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lockgate.array_literal import array_literal
from lockgate.errors import LockgateError
from lockgate.gateways.postgres.answers import Run
from lockgate.gateways.postgres.lineage.side import ServerError
from lockgate.gateways.postgres.resolve.statement import Statement
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
       EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = ANY ($1::oid[]) AND NOT t.tgisinternal)
       OR EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = ANY ($1::oid[]))
       OR EXISTS (SELECT FROM pg_catalog.pg_proc g WHERE g.oid = ANY ($1::oid[]) AND g.oid >= 16384)))))
"""
"""Where code of the users' own can run, every function of theirs counts: one may call any other."""


async def stamp(session: Session, statements: Sequence[Statement]) -> str:
    """The row versions of everything that these rest on; empty where they rest on nothing of the users' own."""
    oids = sorted({oid for s in statements if s.analysis is not None for oid in s.analysis.rests_on})
    if not oids:
        return ""
    async with session.connection.resolver.pool.lend(SEARCH_PATH) as side:
        rows = await side.fetch(STAMP, array_literal(oids))
    return str(rows[0][0])


async def changed(session: Session, statements: Sequence[Statement]) -> bool:
    """Whether any relation, view or function reached is no longer what it was when people were asked."""
    resolver = session.connection.resolver
    await session.connection.check_schema()
    for statement in statements:
        if statement.preconditions is None or statement.generation == resolver.generation:
            continue
        oids = () if statement.analysis is None else statement.analysis.parameter_oids
        again = await resolver.resolve(session, statement.text.encode(), oids)
        if not isinstance(again, tuple) or again[0].preconditions != statement.preconditions:
            return True
    return False


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
