"""A statement that nobody has sent yet, as it would be asked about: for edits, batches and standing grants.

It is classified as the requester's own session would classify it when new, and bound to the same payload as a simple
query of the same bytes. Nothing is sent upstream but the analysis on a side connection.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from lockgate.action import Requester
from lockgate.gateways.postgres.resolve.resolver import Problem
from lockgate.gateways.postgres.session.deciding.admitting import action_of
from lockgate.gateways.postgres.session.deciding.facts import view_of
from lockgate.gateways.postgres.session.records import Registry, frame
from lockgate.gateways.postgres.session.temporary import TemporaryClasses
from lockgate.gateways.postgres.settings.wishes import HOW_VALUES_ARE_READ, Settings
from lockgate.gateways.postgres.wire.upstream import SEARCH_PATH
from lockgate.pipeline import Receipt, Refusal, Wishes
from lockgate.services.approvals import Proposal

if TYPE_CHECKING:
    from lockgate.gateways.postgres.connection import Connection
    from lockgate.gateways.postgres.gateway import Gateway
    from lockgate.gateways.postgres.session.session import Session


@dataclass(slots=True)
class NewSession:
    """What classification reads of a session, as it is when the session has just begun."""

    gateway: Gateway
    connection: Connection
    requester: Requester
    settings: Settings
    registry: Registry = field(default_factory=Registry)
    temporary: TemporaryClasses = field(default_factory=TemporaryClasses)
    local_objects: bool = False
    unsynced: bool = False
    wrote: bool = False
    recorded: Receipt | None = None


async def draft(
    gateway: Gateway,
    connection: Connection,
    requester: Requester,
    statement: str,
    wishes: Wishes,
    *,
    by: str,
    glass: bool = False,
) -> Proposal | Refusal:
    """The proposal that this requester's sending `statement` would make; refused where it would not make one.

    `by` is whoever drafts it: the log names them where policy refuses. With `glass`, as it will be in an emergency.
    """
    if "\0" in statement:
        return Refusal("08P01", "a statement holds no zero byte", "")
    async with (connection.standby or connection.resolver.pool).lend(SEARCH_PATH) as side:
        reading = tuple(value or "" for value in (await side.fetch(HOW_VALUES_ARE_READ))[0])
    settings = Settings(
        SEARCH_PATH,
        dirty=False,
        reading=reading,
        reveal=wishes.reveal,
        purpose=wishes.purpose,
        reason=wishes.reason,
    )
    # The few parts of a session that are read here are all there; whatever is not would raise, and refuse.
    session = cast("Session", NewSession(gateway, connection, requester, settings))
    text = statement.encode()
    statements = await connection.resolver.resolve(session, text, ())
    if isinstance(statements, Problem):
        return Refusal(statements.sqlstate, statements.message, statements.hint)
    built = action_of(session, statements, frame("simple", text), (), (), wishes)
    if isinstance(built, Refusal):
        return built
    action, facts = built
    return await gateway.pipeline.draft(
        action, facts, wishes, describe=lambda: view_of(session, statements, facts), by=by, glass=glass
    )
