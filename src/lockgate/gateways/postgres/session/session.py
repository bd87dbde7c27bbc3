"""One client's session: its messages in, decisions made, only then bytes upstream.

The session is a task that takes one batch at a time (`Inbox`), asks the resolver what each statement does and the
pipeline whether it may, and forwards. What the server answers flows through `Answers` without a task. Statements
whose every run is already decided (allowed, nothing masked, recorded by shape) skip the task: see `fast`.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from lockgate.action import Requester
from lockgate.errors import LockgateError, ProtocolError
from lockgate.gateways.postgres.answers.walk import CAP_REACHED, Answers, CapReached, Kind, Run, Step
from lockgate.gateways.postgres.classify.barriers import OBJECTS
from lockgate.gateways.postgres.masking.treatment import Treatment
from lockgate.gateways.postgres.session import replies
from lockgate.gateways.postgres.session.extended import ExtendedBatch
from lockgate.gateways.postgres.session.inbox import COPY_DATA, Inbox, Message
from lockgate.gateways.postgres.session.records import Registry, Statement
from lockgate.gateways.postgres.session.simple import run_simple
from lockgate.gateways.postgres.session.temporary import TemporaryClasses
from lockgate.gateways.postgres.settings.wishes import Settings
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire._frames import scan_client
from lockgate.gateways.postgres.wire._literals import key_of
from lockgate.gateways.postgres.wire.peer import Peer
from lockgate.gateways.postgres.wire.upstream import Upstream
from lockgate.services.shapes import Shape

if TYPE_CHECKING:
    from lockgate.gateways.postgres.connection import Connection
    from lockgate.gateways.postgres.gateway import Gateway

FAST_TEXTS = 1000

IDLE, IN_TRANSACTION, FAILED_TRANSACTION = ord("I"), ord("T"), ord("E")


class Session:
    """State of one client; `serve` runs until either side is gone."""

    def __init__(
        self,
        gateway: Gateway,
        connection: Connection,
        client: Peer,
        upstream: Upstream,
        requester: Requester,
    ) -> None:
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
        self.unsynced = False
        self.decisive = False
        """Whether something is on its way that must be answered before anything else is looked at (`barriers`)."""
        self.began = False
        """Whether the gateway has begun the transaction of the next message (`transaction_id`)."""
        self.process_id = 0
        self.inbox = Inbox(lambda on: client.reading(not on))
        self.answers = Answers(client.write, self._ready, self._parameter, self._masked_notice, self.temporary.undone)
        self.shapes: dict[object, Shape] = {}
        self.fast: dict[bytes, Shape] = {}
        """Prepared statements, by name, whose every run is already decided."""
        self.fast_texts: dict[tuple[bytes, int], Shape] = {}
        """The same for texts of simple queries, by their key without literals (`_literals`)."""
        self.fast_generation = gateway.generation
        self.cancelled = asyncio.Event()
        self.ended = asyncio.Event()
        self.holding = False
        self._busy = False
        self._runs: list[Run] = []
        self._failed = False
        self._told_masked = False
        self._why = ""

    # bytes ------------------------------------------------------------------------------------------------------
    def from_client(self, data: bytes) -> None:
        try:
            if self.fast_generation != self.gateway.generation:
                # A policy, the catalog or the schema changed: everything is decided anew before it is fast again.
                self.leave_fast_path()
                self.fast_generation = self.gateway.generation
            if (self.fast or self.fast_texts) and not self._busy and not self.decisive and self.inbox.empty:
                rounds = 0 if self.settings.dirty else scan_client(data, self.fast, self.fast_texts)
                if rounds:
                    expected = self.answers.expected
                    if expected and expected[-1].kind is Kind.FAST:
                        expected[-1].ready += rounds
                    else:
                        self.answers.push(Step(Kind.FAST, ready=rounds))
                    self.upstream.peer.write(data)
                    return
            self.inbox.feed(data)
        except ProtocolError as error:
            self.cut("08P01", error.message)

    def from_upstream(self, data: bytes) -> None:
        try:
            self.answers.feed(data)
        except CapReached as reached:
            self.cut(CAP_REACHED, str(reached), "ask for fewer rows, or raise lockgate.max_rows and lockgate.max_bytes")
        except (ProtocolError, ValueError) as error:
            self.cut("08P01", error.message if isinstance(error, ProtocolError) else "malformed upstream data")

    def leave_fast_path(self) -> None:
        """Everything is decided anew before it is fast again."""
        self.fast.clear()
        self.fast_texts.clear()

    def remember_text(self, text: bytes, literals: int, shape: Shape) -> None:
        key = key_of(text, 0, len(text))
        if key is not None and key[1] in (0, literals) and not self.local_objects and not self.decisive:
            self.fast_texts[key] = shape
            if len(self.fast_texts) > FAST_TEXTS:
                self.fast_texts.pop(next(iter(self.fast_texts)))

    def client_lost(self) -> None:
        self.ended.set()
        self.inbox.close()

    def upstream_lost(self) -> None:
        self.answers.lost()
        self.ended.set()
        self.inbox.close()
        self.client.close()

    def cut(self, sqlstate: str, why: str, hint: str = "") -> None:
        """End the session at once, with a FATAL error; nothing more goes either way."""
        if not self.ended.is_set():
            self._why = why
            self.client.write(m.error("FATAL", sqlstate, why, hint=hint))
        self.ended.set()
        self.inbox.close()
        self.upstream.peer.abort()
        self.client.close()

    # the task -----------------------------------------------------------------------------------------------------
    async def serve(self) -> None:
        try:
            while not self.ended.is_set():
                self._busy = False
                batch = await self.inbox.batch()
                if batch is None or batch[0][0] == ord("X"):
                    break
                self._busy = True
                await self._deal_with(batch)
        except LockgateError as error:
            self.cut("LG005", "Lockgate failed, so nothing was executed", error.message)
        except Exception:
            # A fault of ours: fail closed, tell the client no more than that, and let the gateway log where.
            self.cut("LG005", "Lockgate failed, so nothing was executed")
            raise
        finally:
            await self._close()

    async def _deal_with(self, batch: list[Message]) -> None:
        kind = batch[0][0]
        if kind in COPY_DATA:
            await self._copy_rows(batch)
            return
        if kind == ord("F"):
            self.cut("0A000", "FunctionCall does not pass Lockgate", "call the function in a SELECT")
            return
        self.cancelled.clear()
        if not self.unsynced and kind not in b"SH":
            # A Sync is what the server may be waiting for, at the end of COPY FROM STDIN.
            await self.settle()
        if self.answers.copy_in and kind not in b"SH":
            # The server would swallow it, and every later answer would be taken for that of the message before.
            self.cut("08P01", "unexpected message during COPY FROM STDIN")
            return
        if kind == ord("Q"):
            await run_simple(self, batch[0][1])
        else:
            await ExtendedBatch(self).run(batch)

    async def _copy_rows(self, batch: list[Message]) -> None:
        """Rows for COPY FROM STDIN; dropped where the server does not read any, as it would do itself."""
        if not self.unsynced:
            await self.answers.drained()
        for position, (kind, _) in enumerate(batch):
            if kind != ord("d"):
                batch = batch[: position + 1]
                break
        if self.answers.copy_in:
            self.upstream.peer.write(b"".join(raw for _, raw in batch))
            self.answers.copy_in = batch[-1][0] == ord("d")

    def sending(self, statement: Statement) -> None:
        """This statement goes upstream now: what it may change is unknown until it has been answered."""
        if statement.is_decisive(self.settings.unsettled):
            self.decisive = True
        if statement.moves_settings(self.settings.unsettled):
            self.settings.dirty = self.settings.unsettled = True
        if statement.classified.kind in OBJECTS:
            self.local_objects = True
            for known in self.registry.prepared.values():
                known.search_path = ""  # whatever was prepared may mean something else now

    async def settle(self) -> None:
        """Wait for what is decisive, and read `lockgate.*` and search_path anew where they may have changed."""
        if self.decisive or self.settings.dirty:
            await self.answers.drained()
            if self.answers.copy_in:
                return
            self.decisive = False
        if self.settings.dirty and self.status != FAILED_TRANSACTION:
            before = self.settings.search_path
            rows = await self.ask_upstream(self.settings.question())
            self.settings.learn(rows[0])
            self.settings.unsettled = self.settings.unsettled and self.status != IDLE
            if self.settings.search_path != before:
                self.leave_fast_path()

    async def ask_upstream(self, sql: str) -> list[tuple[bytes | None, ...]]:
        """The gateway's own question on this session, between batches; a simple query of built-in functions only."""
        rows = []
        for kind, body in await self.ask(m.query(sql.encode())):
            if kind == ord("E"):
                raise ProtocolError("the upstream refused the gateway's own question")
            if kind == ord("D"):
                rows.append(tuple(m.parse_data_row(body)))
        return rows

    async def ask(self, messages: bytes, ends: bytes = b"Z") -> list[tuple[int, bytes]]:
        """Send messages of the gateway's own; their answer, up to one of the kinds `ends`, is not shown."""
        answered: asyncio.Future[list[tuple[int, bytes]]] = asyncio.get_running_loop().create_future()
        self.answers.push(Step(Kind.INTERNAL, answered=answered, ends=ends))
        self.upstream.peer.write(messages)
        return await answered

    def forward(self, data: bytes, steps: list[Step]) -> None:
        for step in steps:
            self.answers.push(step)
            for part in step.parts:
                if part.run is not None and part.run not in self._runs:
                    self._runs.append(part.run)
        self.upstream.peer.write(data)

    # callbacks of Answers ---------------------------------------------------------------------------------------
    def _ready(self, status: int) -> None:
        self.status = status
        if status == FAILED_TRANSACTION:
            self._failed = True
        if status == IDLE:
            self.settings.dirty = self.settings.dirty or self.settings.unsettled
            runs, self._runs = self._runs, []
            committed = not self._failed
            for run in runs:
                succeeded = committed and run.completed and not run.code
                run.finish("SUCCEEDED" if succeeded else "FAILED", run.rows, run.bytes, run.code)
            self._failed = self.wrote = False
            self.temporary.committed()
            self.registry.portals.clear()
            self.registry.cursors.clear()

    def rolled_back(self) -> None:
        """The client's transaction ends without effect (ROLLBACK, or COMMIT of a failed one)."""
        self._failed = True
        self.temporary.undone()

    def _parameter(self, name: str, value: str) -> None:
        self.upstream.parameters[name] = value
        if name == "search_path" and value != self.settings.search_path:
            self.settings.search_path = value
            self.leave_fast_path()

    def _masked_notice(self, treatment: Treatment) -> bytes:
        if self._told_masked:
            return b""
        self._told_masked = True
        return replies.masked_columns(treatment)

    def masked_notice(self, treatment: Treatment) -> bytes:
        return self._masked_notice(treatment)

    async def _close(self) -> None:
        self.ended.set()
        for run in self._runs:
            # What is on its way to the server may still be committed; what waited for COMMIT is rolled back.
            unknown = run.writes and not run.code and (self.answers.expected or self.status == IDLE)
            run.finish("UNKNOWN" if unknown else "FAILED", run.rows, run.bytes, run.code or "57P01")
        self._runs = []
        self.upstream.peer.write(m.terminate())
        self.upstream.peer.close()
        self.client.close()
        with contextlib.suppress(LockgateError):
            await self.gateway.shapes.close(list(self.shapes.values()))
