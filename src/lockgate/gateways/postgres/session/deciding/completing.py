"""What the gateway's own record of a session learns when the server has completed a statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lockgate.gateways.postgres.classify.barriers import OBJECTS
from lockgate.gateways.postgres.resolve.statement import Prepared, Statement

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session


def after(session: Session, statement: Statement) -> Callable[[bytes], None] | None:
    """What the gateway's own record must learn once the server has completed this statement."""
    classified = statement.classified
    kind = classified.kind
    if kind in ("select", "write", "export", "copy_in", "show", "explain", "fetch", "set", "reset"):
        return None
    registry = session.registry
    name = classified.name.encode()

    def done(tag: bytes) -> None:
        if tag == b"ROLLBACK":
            session.rolled_back()
        elif tag == b"DISCARD ALL":
            registry.clear()
            session.fast.clear()
            session.local_objects = False
            session.temporary.forget()
        elif kind == "prepare":
            registry.prepared[name] = Prepared(
                name, (classified.inner or "").encode(), (), (statement,), session.settings.search_path
            )
        elif kind == "deallocate":
            session.fast.prepared.clear()
            if classified.whole:
                registry.prepared.clear()
            else:
                registry.prepared.pop(name, None)
        elif kind == "close":
            if classified.whole:
                registry.cursors.clear()
            else:
                registry.cursors.pop(classified.name, None)
        elif kind in OBJECTS:
            session.gateway.schema_changed(session.connection)
            _remember_temporary(session, statement)

    return done


def _remember_temporary(session: Session, statement: Statement) -> None:
    classified = statement.classified
    if classified.kind != "temp":
        session.temporary.forget()
    elif classified.temporary and statement.analysis is not None and not classified.if_missing:
        session.temporary.made(classified.temporary, statement.analysis.outputs)
    elif classified.temporary:
        session.temporary.doubtful(classified.temporary)
