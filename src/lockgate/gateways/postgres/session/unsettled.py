"""What decides about the next statement and may just have been changed by one that is on its way: settings, names.

`sending` notes what a statement may change. `settle` waits, before the next one is looked at, until whatever is
decisive has been answered, and reads from the server what nobody else can know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.classify.barriers import OBJECTS
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire import pins
from lockgate.gateways.postgres.wire.messages import FAILED, IDLE
from lockgate.gateways.postgres.wire.parsing import parse_data_row

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session


def sending(session: Session, statement: Statement) -> None:
    """This statement goes upstream now: what it may change is unknown until it has been answered."""
    if statement.is_decisive(session.settings.unsettled):
        session.decisive = True
    if statement.moves_settings(session.settings.unsettled):
        session.settings.dirty = session.settings.unsettled = True
    if statement.varies(session.settings.varied):
        session.settings.dirty = session.settings.varied = True
    if statement.classified.kind in OBJECTS:
        session.local_objects = True
        for known in session.registry.prepared.values():
            known.search_path = ""  # whatever was prepared may mean something else now


async def settle(session: Session) -> None:
    """Wait for what is decisive, and read `lockgate.*` and search_path anew where they may have changed."""
    if session.decisive or session.settings.dirty:
        await session.answers.drained()
        if session.answers.copy_in:
            return
        session.decisive = False
    if session.settings.dirty and session.status != FAILED:
        before = session.settings.decided_by()
        rows = await _asked(session, session.settings.question())
        session.settings.learn(rows[0])
        whose = session.connection.target.user, session.requester.principal.id
        moved = pins.moved(session.settings.pinned, *whose, dumps=session.dump is not None)
        if moved:
            raise ProtocolError(f"a pinned setting was changed: {moved}")
        session.settings.unsettled = session.settings.unsettled and session.status != IDLE
        session.settings.varied = session.settings.varied and session.status != IDLE
        if session.settings.decided_by() != before:
            session.fast.clear()


async def _asked(session: Session, sql: str) -> list[tuple[bytes | None, ...]]:
    """The gateway's own question on this session, between batches; a simple query of built-in functions only."""
    rows = []
    for kind, body in await session.ask(m.query(sql.encode())):
        if kind == ord("E"):
            raise ProtocolError("the upstream refused the gateway's own question")
        if kind == ord("D"):
            rows.append(tuple(parse_data_row(body)))
    return rows
