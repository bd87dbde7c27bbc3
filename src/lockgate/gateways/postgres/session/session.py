"""One client's session: its messages in, decisions made, only then bytes upstream.

The session is a task that takes one batch at a time (`Inbox`), asks the resolver what each statement does and the
pipeline whether it may, and forwards. What the server answers flows through `Answers` without a task. Statements
whose every run is already decided (allowed, nothing masked, recorded by shape) skip the task: see `fast`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lockgate.action import Requester
from lockgate.errors import LockgateError, ProtocolError
from lockgate.gateways.postgres.answers import Answers, Kind, Step
from lockgate.gateways.postgres.masking.treatment import Treatment
from lockgate.gateways.postgres.session import replies
from lockgate.gateways.postgres.session.dump import Dump, declared
from lockgate.gateways.postgres.session.extended import ExtendedBatch
from lockgate.gateways.postgres.session.fast import NOTHING, FastPath
from lockgate.gateways.postgres.session.hearing import Hearing
from lockgate.gateways.postgres.session.inbox import COPY_DATA, Inbox, Message
from lockgate.gateways.postgres.session.outcomes import Outcomes
from lockgate.gateways.postgres.session.records import Registry
from lockgate.gateways.postgres.session.simple import run_simple
from lockgate.gateways.postgres.session.streamed_rows import StreamedRows
from lockgate.gateways.postgres.session.temporary import TemporaryClasses
from lockgate.gateways.postgres.session.unsettled import settle
from lockgate.gateways.postgres.settings.wishes import Settings
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.messages import FAILED, IDLE
from lockgate.gateways.postgres.wire.parsing import parse_fields
from lockgate.gateways.postgres.wire.peer import INBOX, Peer
from lockgate.gateways.postgres.wire.upstream import Upstream
from lockgate.pipeline import Receipt, receipt_of
from lockgate.services.shapes import Shape

if TYPE_CHECKING:
    from lockgate.gateways.postgres.connection import Connection
    from lockgate.gateways.postgres.gateway import Gateway

MOST_UNANSWERED = 20_000
"""Messages; a client that sends more of them meanwhile is not read any further."""


class Session:
    """State of one client; `serve` runs until either side is gone."""

    def __init__(
        self,
        gateway: Gateway,
        connection: Connection,
        client: Peer,
        upstream: Upstream,
        requester: Requester,
        id: str,
        plan: str = "",
    ) -> None:
        self.id = id
        """Its name in the log."""
        self.ended_by = ""
        """The SQLSTATE with which the gateway ended it; empty where the client left."""
        self.gateway = gateway
        self.connection = connection
        self.client = client
        self.upstream = upstream
        self.requester = requester
        self.registry = Registry()
        self.settings = Settings(upstream.parameters.get("search_path", '"$user", public, pg_temp'))
        self.status = IDLE
        self.wrote = False
        """Whether the open transaction has written or locked more than ACCESS SHARE: then nothing may wait in it."""
        self.local_objects = False
        """Whether this session may see objects that the side connection cannot (temporary, uncommitted)."""
        self.temporary = TemporaryClasses()
        self._rows = StreamedRows()
        self.unsynced = False
        self.decisive = False
        """Whether something is on its way that must be answered before anything else is looked at (`barriers`)."""
        self.began = False
        """Whether the gateway has begun the transaction of the next message (`transaction_id`)."""
        self.plan = plan
        """What the client declared when it connected; it is decided before the session is ready."""
        self.dump: Dump | None = None
        self.process_id = 0
        self.inbox = Inbox(lambda on: client.reading(not on, INBOX))
        self.answers = Answers(client.write, self._ready, self._parameter, self.masked_notice, self.temporary.undone)
        self._hearing = Hearing(self)
        self.shapes: dict[object, Shape] = {}
        self.recorded: Receipt | None = None
        """Where its last statement is recorded; what only manages the session is none."""
        self.fast = FastPath(gateway.generation)
        self.cancelled = asyncio.Event()
        self.ended = asyncio.Event()
        self.doubted = asyncio.Event()
        """Whether something has changed that this session's right to go on may rest on."""
        self._retiring = False
        self._busy = False
        self._outcomes = Outcomes()
        self._on_its_way = False
        """Whether the upstream was lost before it had answered all that it was sent."""
        self._told_masked = False

    # bytes ------------------------------------------------------------------------------------------------------
    def from_client(self, data: bytes) -> None:
        try:
            self.fast.check(self.gateway.generation)
            # Behind an error without Sync the server skips everything: then nothing of it would be answered.
            at_once = not (self._busy or self.decisive or self.unsynced or self.settings.dirty) and self.inbox.empty
            rounds, runs = self.fast.rounds(data) if at_once else NOTHING
            if runs is not None:
                self.answers.push_fast(rounds, runs)
                last = next((shape for shape in reversed(runs) if shape is not None), None)
                self.recorded = self.recorded if last is None else receipt_of(last)
                self.upstream.peer.write(data)
                return
            self.inbox.feed(data)
        except ProtocolError as error:
            self.cut("08P01", error.message)

    def from_upstream(self, data: bytes) -> None:
        self._hearing.feed(data)

    def remember_text(self, text: bytes, literals: int, shape: Shape) -> None:
        """Put a simple query on the fast path, where nothing of the session's own speaks against it."""
        if not self.local_objects and not self.decisive:
            self.fast.remember_text(text, literals, shape)

    def client_lost(self) -> None:
        self.ended.set()
        self.inbox.close()

    def upstream_lost(self) -> None:
        self._on_its_way = self._on_its_way or bool(self.answers.expected)
        self.answers.lost()
        self.ended.set()
        self.inbox.close()
        self.client.close()

    def retire(self) -> None:
        """End the session once no transaction is open: now, or behind the answer that ends it."""
        self._retiring = True
        if self.status == IDLE and not self.answers.expected:
            self.cut("57P01", "a session lasts twelve hours at most", "connect again")

    def cut(self, sqlstate: str, why: str, hint: str = "", *, at_once: bool = False) -> None:
        """End the session with a FATAL error; `at_once` drops what the client has not read yet, and the error too."""
        self.end_with(m.error("FATAL", sqlstate, why, hint=hint), sqlstate, at_once=at_once)

    def end_with(self, last: bytes, sqlstate: str, *, at_once: bool = False) -> None:
        last = b"" if self.ended.is_set() else last
        self.ended_by = self.ended_by if self.ended.is_set() else sqlstate
        self.ended.set()
        self.inbox.close()
        self.upstream.peer.abort()
        self.client.close_with(last, drop_unsent=at_once)

    # the task -----------------------------------------------------------------------------------------------------
    async def serve(self) -> None:
        try:
            if self.plan:
                await self._carry_out_plan()
            while not self.ended.is_set():
                self._busy = False
                batch = await self.inbox.batch()
                if batch is None or batch[0][0] == ord("X"):
                    break
                self._busy = True
                await self._deal_with(batch)
                if len(self.answers.expected) > MOST_UNANSWERED and not self.unsynced:
                    await self.answers.drained()
        except ProtocolError as error:
            self.cut("08P01", error.message)
        except LockgateError as error:
            self.cut("LG005", "Lockgate failed, so nothing was executed", error.message)
        except Exception:
            # A fault of ours: fail closed, tell the client no more than that, and let the gateway log where.
            self.cut("LG005", "Lockgate failed, so nothing was executed")
            raise
        finally:
            await self._close()

    async def _carry_out_plan(self) -> None:
        self._busy = True
        dump = await declared(self, self.plan)
        if isinstance(dump, bytes):
            self.end_with(dump, parse_fields(dump[5:]).get("C", ""))
        else:
            self.dump = dump
            self.client.write(m.ready_for_query(IDLE))

    async def _deal_with(self, batch: list[Message]) -> None:
        kind = batch[0][0]
        if kind in COPY_DATA:
            await self._rows.take(self, batch)
            return
        if kind == ord("F"):
            self.cut("0A000", "FunctionCall does not pass Lockgate", "call the function in a SELECT")
            return
        self.cancelled.clear()
        if not self.unsynced and kind not in b"SH":
            # A Sync is what the server may be waiting for, at the end of COPY FROM STDIN.
            await settle(self)
        if self.answers.copy_in and kind not in b"SH":
            # The server would swallow it, and every later answer would be taken for that of the message before.
            self.cut("08P01", "unexpected message during COPY FROM STDIN")
            return
        if kind == ord("Q"):
            await run_simple(self, batch[0][1])
        else:
            await ExtendedBatch(self).run(batch)

    async def ask(self, messages: bytes, ends: bytes = b"Z") -> list[tuple[int, bytes]]:
        """Send messages of the gateway's own; their answer, up to one of the kinds `ends`, is not shown."""
        answered: asyncio.Future[list[tuple[int, bytes]]] = asyncio.get_running_loop().create_future()
        self.answers.push(Step(Kind.INTERNAL, answered=answered, ends=ends))
        self.upstream.peer.write(messages)
        return await answered

    def forward(self, data: bytes, steps: list[Step]) -> None:
        for step in steps:
            step.begins()
            self.answers.push(step)
        self._outcomes.add(steps)
        self.upstream.peer.write(data)

    # callbacks of Answers ---------------------------------------------------------------------------------------
    def _ready(self, status: int) -> None:
        self.status = status
        if status == FAILED:
            self._outcomes.fail()
        if status == IDLE:
            self.settings.dirty = self.settings.dirty or self.settings.unsettled or self.settings.varied
            self._outcomes.transaction_ended()
            self.wrote = False
            self.temporary.committed()
            self.registry.portals.clear()
            self.registry.cursors.clear()
            if self._retiring:
                asyncio.get_running_loop().call_soon(self.retire)

    def rolled_back(self) -> None:
        """The client's transaction ends without effect (ROLLBACK, or COMMIT of a failed one)."""
        self._outcomes.fail()
        self.temporary.undone()

    def _parameter(self, name: str, value: str) -> None:
        self.upstream.parameters[name] = value
        if name == "search_path" and value != self.settings.search_path:
            self.settings.search_path = value
            self.fast.clear()

    def masked_notice(self, treatment: Treatment) -> bytes:
        """What names the masked columns, once a session; empty afterwards."""
        if self._told_masked:
            return b""
        self._told_masked = True
        return replies.masked_columns(treatment)

    async def _close(self) -> None:
        self.ended.set()
        self._outcomes.session_ended(self._on_its_way or bool(self.answers.expected) or self.status == IDLE)
        if self.dump is not None:
            self.dump.ended()
        self.upstream.peer.write(m.terminate())
        self.upstream.peer.close()
        self.client.close()
        await self.gateway.shapes.close(self.shapes.values())
