"""The extended protocol: a batch of Parse, Bind, Describe, Execute, Close up to a Sync, decided whole.

First every message is looked at: statements are resolved, bindings are decided and, where people must be asked, held.
Then the grants are consumed. Only then are bytes written. From a refused message on, the rest of the batch up to its
Sync is dropped, as the server itself would after an error; the server is given something that it must reject.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lockgate.gateways.postgres.answers import Kind, Part, Step
from lockgate.gateways.postgres.classify.barriers import BEHIND, BEHIND_HINT
from lockgate.gateways.postgres.classify.classified import Classified
from lockgate.gateways.postgres.classify.named import RESERVED_HINT, RESERVED_WHY
from lockgate.gateways.postgres.resolve.resolver import TOO_LONG_TEXT, TOO_MANY_PREPARED, Problem
from lockgate.gateways.postgres.resolve.statement import Prepared
from lockgate.gateways.postgres.session import replies
from lockgate.gateways.postgres.session.binding import bind
from lockgate.gateways.postgres.session.deciding import Passed, Watched, description, redeem
from lockgate.gateways.postgres.session.inbox import TOO_LONG, Message
from lockgate.gateways.postgres.session.item import Item, rejected
from lockgate.gateways.postgres.session.portals import is_stale, reserved, too_long
from lockgate.gateways.postgres.session.records import Portal
from lockgate.gateways.postgres.session.unsettled import sending
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.parsing import parse_execute, parse_parse
from lockgate.pipeline import Refusal

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

ONE_AT_A_TIME = "a session with temporary or uncommitted objects runs one approved statement at a time"
"""Looking at such a session's objects anew sends a Sync, which would end the transaction of the one before."""
STALE = "what this portal names may be another since it was bound"


class ExtendedBatch:
    """Runs one batch of one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.items: list[Item] = []
        self.watched: list[Watched] = []
        self.refused = False
        self.behind = session.decisive and session.unsynced
        """Whether something decisive was executed before, in this pipeline."""

    async def run(self, batch: list[Message]) -> None:
        for kind, raw in batch:
            if self.refused and kind != ord("S"):
                continue
            await self._look_at(kind, raw)
        await self._consume()
        self._quiet_after_a_write()
        # A Flush alone opens nothing: psycopg sends one behind the Sync that ends its pipeline.
        flushes = all(kind == ord("H") for kind, _ in batch)
        await self._send(synced=batch[-1][0] == ord("S") or (flushes and not self.session.unsynced))

    def _quiet_after_a_write(self) -> None:
        if self.session.wrote:
            # The Sync commits, and a deferred constraint or trigger speaks only then.
            for item in self.items:
                for step in item.steps:
                    if step.kind is Kind.SYNC:
                        step.parts = [Part(clear_errors=False)]

    async def _send(self, *, synced: bool) -> None:
        session = self.session
        session.unsynced = not synced
        if not self.watched:
            self._forward(self.items)
            return
        # The Sync commits, so it waits until it is known that nothing moved while the write ran.
        last = len(self.items) - synced
        self._forward([*self.items[:last], Item(m.message("H"))])
        await session.answers.drained()
        for watched in self.watched:
            moved = None if session.answers.skipping else await watched.moved()
            if moved is not None:
                self._forward([rejected(moved)])
                break
        self._forward(self.items[last:])

    def _forward(self, items: Sequence[Item]) -> None:
        steps = [step for item in items for step in item.steps]
        self.session.forward(b"".join(item.out for item in items), steps)

    def refuse(self, error: bytes) -> None:
        """The server rejects this in place of the refused message, and skips to Sync as it would have."""
        self.refused = True
        self.items.append(rejected(error))

    async def _look_at(self, kind: int, raw: bytes) -> None:
        if too_long(kind, raw):
            self.refuse(replies.server_error("42622", "a name is longer than 63 bytes"))
        elif reserved(kind, raw):
            self.refuse(replies.server_error("42939", RESERVED_WHY, hint=RESERVED_HINT))
        elif self.behind and kind in b"PB":
            self.refuse(replies.server_error("LG002", BEHIND, hint=BEHIND_HINT))
        elif kind == ord("P"):
            await self._parse(raw)
        elif kind == ord("B"):
            await self._bind(raw)
        elif kind == ord("D"):
            self._describe(raw)
        elif kind == ord("E"):
            self._execute(raw)
        elif kind == ord("C"):
            self._close(raw)
        elif kind == ord("H"):
            self.items.append(Item(raw))
        else:
            # While COPY FROM STDIN runs, the server ignores a Sync.
            steps = [] if self.session.answers.copy_in else [Step(Kind.SYNC)]
            self.items.append(Item(raw, steps))

    async def _parse(self, raw: bytes) -> None:
        session = self.session
        if raw is TOO_LONG:
            self.refuse(replies.server_error(TOO_LONG_TEXT.sqlstate, TOO_LONG_TEXT.message, hint=TOO_LONG_TEXT.hint))
            return
        name, sql, oids = parse_parse(raw[5:])
        if name and name in session.registry.prepared:
            # The server refuses a second statement of that name; the record of the first stays.
            self.items.append(Item(raw, [Step(Kind.PARSE)]))
            return
        full = bool(name) and session.registry.is_full(len(sql))
        statements = TOO_MANY_PREPARED if full else await session.connection.resolver.resolve(session, sql, oids)
        if isinstance(statements, Problem):
            self.refuse(
                replies.server_error(statements.sqlstate, statements.message, statements.position, statements.hint)
            )
            return
        if len(statements) > 1:
            self.refuse(replies.server_error("42601", "cannot insert multiple commands into a prepared statement"))
            return
        prepared = Prepared(name, sql, oids, statements, session.settings.search_path)
        known = session.registry.prepared
        before = known.get(name)
        known[name] = prepared
        session.fast.forget(name)

        def undo() -> None:
            if before is None:
                known.pop(name, None)
            else:
                known[name] = before

        text = session.connection.resolver.rewritten(session, statements, sql)
        out = raw if text == sql else m.parse(name.decode(), text, oids)
        self.items.append(Item(out, [Step(Kind.PARSE, undo=undo)]))

    async def _bind(self, raw: bytes) -> None:
        bound = await bind(self.session, raw)
        if isinstance(bound, bytes):
            self.refuse(bound)
        else:
            self.items.append(bound)

    def _describe(self, raw: bytes) -> None:
        session = self.session
        what, name = raw[5:6], raw[6:-1]
        if what == b"S":
            prepared = session.registry.prepared.get(name)
            if prepared is None:
                self.refuse(replies.server_error("26000", "prepared statement does not exist"))
                return
            part = Part(treatment=description(session, prepared))
            self.items.append(Item(raw, [Step(Kind.DESCRIBE_STATEMENT, [part])]))
            return
        portal = self._portal(name)
        if portal is None:
            self.refuse(replies.server_error("34000", "portal does not exist"))
            return
        self.items.append(Item(raw, [Step(Kind.DESCRIBE_PORTAL, [portal.part], formats=portal.formats)]))

    def _execute(self, raw: bytes) -> None:
        name, _ = parse_execute(raw[5:])
        portal = self._portal(name)
        if portal is None:
            self.refuse(replies.server_error("34000", "portal does not exist"))
            return
        if is_stale(self.session.registry, portal, self.session.settings, self.behind):
            self.refuse(replies.server_error("LG002", STALE, hint="bind it again"))
            return
        step = Step(Kind.EXECUTE, [portal.part])
        self.items.append(Item(raw, [step]))
        if not portal.prepared.statements:
            return
        statement = portal.prepared.statements[0]
        if statement.classified.kind == "deallocate":
            # Drivers send it in the middle of a pipeline: the name is gone for what follows, unless the server errs.
            step.undo = self._forget(statement.classified)
            return
        self.behind = self.behind or statement.is_decisive(self.session.settings.unsettled)
        sending(self.session, statement)

    def _forget(self, classified: Classified) -> Callable[[], None]:
        prepared = self.session.registry.prepared
        gone = dict(prepared) if classified.whole else {}
        name = classified.name.encode()
        if not classified.whole and name in prepared:
            gone[name] = prepared[name]
        for name in gone:
            prepared.pop(name)
            self.session.fast.forget(name)
        return lambda: prepared.update(gone)

    def _portal(self, name: bytes) -> Portal | None:
        """A bound portal, or the one that DECLARE made: the server keeps both under one roof."""
        registry = self.session.registry
        cursor = registry.cursors.get(name.decode("utf-8", "replace"))
        if name in registry.portals or cursor is None:
            return registry.portals.get(name)
        treatment = cursor.treatment
        part = Part(treatment=treatment, clear_errors=False, counted=cursor.counted)
        if treatment.fields is not None:
            part.plan = treatment.plan(treatment.fields, ())
        return Portal(Prepared(b"", b"", (), (), ""), part, ())

    def _close(self, raw: bytes) -> None:
        registry = self.session.registry
        what, name = raw[5:6], raw[6:-1]
        undo: Callable[[], None] | None = None
        if what == b"S":
            gone = registry.prepared.pop(name, None)
            self.session.fast.forget(name)
            if gone is not None:
                kept = gone

                def undo() -> None:
                    registry.prepared[name] = kept
        else:
            portal = registry.portals.pop(name, None)
            cursor = registry.cursors.pop(name.decode("utf-8", "replace"), None)

            def undo() -> None:
                if portal is not None:
                    registry.portals[name] = portal
                if cursor is not None:
                    registry.cursors[name.decode("utf-8", "replace")] = cursor

        self.items.append(Item(raw, [Step(Kind.CLOSE, undo=undo)]))

    async def _consume(self) -> None:
        """Use the grants, last of all; the first that no longer holds ends the batch there."""
        held = 0
        for position, item in enumerate(self.items):
            if item.ticket is None:
                continue
            held += bool(item.ticket.request_id)
            passed: Passed | Refusal = Refusal("LG002", ONE_AT_A_TIME, "send Sync between them")
            if held < 2 or not self.session.local_objects:
                passed = await redeem(self.session, item.ticket, item.statements, extended=True)
            if isinstance(passed, Refusal):
                sync = [i for i in self.items[position:] if i.out[:1] == b"S"]
                self.items = self.items[:position]
                self.refuse(replies.refusal(passed))
                self.items += sync
                return
            if passed.watched is not None:
                self.watched.append(passed.watched)
            if item.admitted is not None:
                item.admitted(passed)
