"""What the server still owes an answer to, and what each message that it sends does to that.

A queue of steps, one for each message that was sent upstream. A message is checked against the first of them, changes
the queue, and is passed on, without its words where these could quote what the client must not see, or not at all.
`Answers` finds the messages in the server's bytes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeAlias

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.answers.steps import Kind, Part, Step
from lockgate.gateways.postgres.masking.copy_rows import copy_rewriter
from lockgate.gateways.postgres.masking.treatment import Treatment
from lockgate.gateways.postgres.wire.forms import check_form
from lockgate.gateways.postgres.wire.parsing import parse_fields, parse_row_description
from lockgate.gateways.postgres.wire.pins import PINS
from lockgate.gateways.postgres.wire.withheld import (
    error_without_words,
    notice_without_words,
    notification_without_payload,
)
from lockgate.services.shapes import Shape

UNASKED = Part(clear_errors=False)
"""What belongs to no statement could quote any."""
OF_THE_SERVER_ITSELF = frozenset(("08", "25", "53", "57"))
"""Classes of SQLSTATE with which a server ends a session that asked for nothing; their words are fixed."""

Chunks: TypeAlias = "list[bytes | bytearray | memoryview]"

COPY_TRAILER = b"\xff\xff"
"""The end of a binary COPY, in a message of its own."""


class Expectations:
    """The steps, whether the server reads rows or skips, and `take`, which deals with one message."""

    def __init__(
        self,
        ready: Callable[[int], None],
        parameter: Callable[[str, str], None],
        masked: Callable[[Treatment], bytes],
        undone: Callable[[], None],
    ) -> None:
        self.expected: deque[Step] = deque()
        self.copy_in = False
        """Whether the server reads rows: until CopyDone or CopyFail it takes any other message for a mistake, and
        gives it no answer of its own."""
        self.skipping = False
        """Whether the server, after an error in the extended protocol, skips everything up to the next Sync."""
        self._ready = ready
        self._parameter = parameter
        self._masked = masked
        self._undone = undone
        self._drained: asyncio.Event = asyncio.Event()

    def push(self, step: Step) -> None:
        self.expected.append(step)

    def push_fast(self, rounds: int, runs: Iterable[Shape | None]) -> None:
        """So many answers that need no look at each, up to their ReadyForQuery."""
        if self.expected and self.expected[-1].kind is Kind.FAST:
            self.expected[-1].ready += rounds
            self.expected[-1].runs.extend(runs)
        else:
            self.push(Step(Kind.FAST, ready=rounds, runs=deque(runs)))

    async def drained(self) -> None:
        """Wait until the server has answered all that it was sent, or reads the rows of a COPY FROM STDIN."""
        while self.expected and not self.copy_in:
            self._drained.clear()
            await self._drained.wait()

    def lost(self) -> None:
        """The server is gone: whoever waits must not wait for ever."""
        for step in self.expected:
            if step.answered is not None and not step.answered.done():
                step.answered.set_exception(ProtocolError("the upstream is gone"))
        self.expected.clear()
        self._drained.set()

    def take(self, kind: int, data: bytes, position: int, end: int, out: Chunks) -> None:
        """Deal with the message of this kind at `data[position:end]`; what the client may see of it goes into `out`."""
        step = self.expected[0] if self.expected else None
        body = data[position + 5 : end]
        check_form(kind, body)
        if kind == ord("S"):
            self._on_parameter(body)
            out.append(data[position:end])
        elif kind == ord("A"):
            # A payload may have been written by somebody who sees more: the channel stays, the payload goes.
            out.append(notification_without_payload(body))
        elif step is not None and step.kind is Kind.INTERNAL:
            self._on_internal(step, kind, body)
        elif kind == ord("N"):
            part = UNASKED if step is None else step.part
            out.append(data[position:end] if part is None or part.clear_errors else notice_without_words(body))
        elif kind == ord("E"):
            self._on_error(step, body, data[position:end], out)
        elif step is None:
            raise ProtocolError("the upstream answered what nobody asked")
        elif kind == ord("Z"):
            self._on_ready(step, body, data[position:end], out)
        else:
            self._on_answer(step, kind, body, data[position:end], out)

    def _on_parameter(self, body: bytes) -> None:
        name, _, value = body[:-1].partition(b"\0")
        setting = name.decode()
        pinned = PINS.get(setting)
        if pinned is not None and value.decode().lower() != pinned.lower():
            raise ProtocolError(f"the upstream changed a pinned setting: {setting}")
        self._parameter(setting, value.decode())

    def _on_internal(self, step: Step, kind: int, body: bytes) -> None:
        if kind != ord("Z"):
            step.collected.append((kind, body))
        if kind in step.ends:
            # The session's transaction is none of this exchange's business: it leaves things as they were.
            self.expected.popleft()
            if step.answered is not None and not step.answered.done():
                step.answered.set_result(step.collected)

    def _on_error(self, step: Step | None, body: bytes, whole: bytes, out: Chunks) -> None:
        part = None if step is None else step.part
        if step is not None and step.refusal is not None:
            out.append(step.refusal)
        else:
            fixed = step is None and parse_fields(body).get("C", "")[:2] in OF_THE_SERVER_ITSELF
            own_words = step is not None and (part is None or part.clear_errors or step.kind is Kind.PARSE)
            out.append(whole if fixed or own_words else error_without_words(body))
        if part is not None and part.run is not None:
            part.run.code = parse_fields(body).get("C", "XX000")
        self.copy_in = False
        self._undone()
        if step is None or step.kind in (Kind.QUERY, Kind.FAST):
            return
        self.skipping = True
        dropped: list[Step] = []
        while self.expected and self.expected[0].kind is not Kind.SYNC:
            dropped.append(self.expected.popleft())
        for gone in reversed(dropped):
            if gone.undo is not None:
                gone.undo()

    def _on_ready(self, step: Step, body: bytes, whole: bytes, out: Chunks) -> None:
        if step.kind not in (Kind.SYNC, Kind.QUERY):
            raise ProtocolError("the upstream is ready before it has answered")
        self.expected.popleft()
        self.copy_in = self.skipping = False
        self._ready(body[0])
        if not step.hides_ready:
            out.append(whole)

    def _on_answer(self, step: Step, kind: int, body: bytes, whole: bytes, out: Chunks) -> None:
        part = step.part
        if kind == ord("T"):
            self._on_fields(step, part, body, out)
        elif kind in b"CIs":
            self._on_complete(step, part, kind, body)
        elif kind in b"HWGdc" and part is not None:
            if kind in b"dc" and part.copy is not None:
                chunk, rows = part.copy.feed(whole)
                part.count(rows, len(whole))
                if chunk:
                    out.append(chunk)
                return
            self._on_copy(step, part, kind, body)
            if kind == ord("G") and step.asked_for_rows:
                return
        elif kind == ord("1"):
            self._expect(step, Kind.PARSE)
        elif kind == ord("2"):
            self._expect(step, Kind.BIND)
        elif kind == ord("3"):
            self._expect(step, Kind.CLOSE)
        elif kind == ord("t"):
            if step.kind is not Kind.DESCRIBE_STATEMENT:
                raise ProtocolError("the upstream described parameters that nobody asked for")
        elif kind == ord("n"):
            if step.kind not in (Kind.DESCRIBE_PORTAL, Kind.DESCRIBE_STATEMENT):
                raise ProtocolError("the upstream described a result that nobody asked for")
            self.expected.popleft()
        elif kind == ord("D"):
            raise ProtocolError("the upstream sent a row that nobody asked for")
        else:
            raise ProtocolError("the upstream sent a message that is not known here")
        if not step.hidden:
            out.append(whole)

    def _expect(self, step: Step, kind: Kind) -> None:
        if step.kind is not kind:
            raise ProtocolError("the upstream answered out of order")
        self.expected.popleft()

    def _on_fields(self, step: Step, part: Part | None, body: bytes, out: Chunks) -> None:
        fields = parse_row_description(body)
        if part is None or part.treatment is None:
            raise ProtocolError("the upstream returns rows for a statement that has none")
        if not part.treatment.agrees(fields):
            raise ProtocolError("the result is not what the analysis saw: the schema has just changed")
        if step.kind is Kind.QUERY:
            part.plan = part.treatment.plan(fields, tuple(field.format for field in fields))
            if part.plan is not None:
                out.append(self._masked(part.treatment))
        else:
            self.expected.popleft()
            if step.kind is Kind.DESCRIBE_PORTAL:
                part.plan = part.treatment.plan(fields, tuple(field.format for field in fields))

    def _on_complete(self, step: Step, part: Part | None, kind: int, body: bytes) -> None:
        if step.kind not in (Kind.EXECUTE, Kind.QUERY):
            raise ProtocolError("the upstream completed what was not executed")
        if part is not None and (kind != ord("s") or part.shape is not None):
            part.ends()
        if part is not None and kind in b"CI" and part.completed is not None:
            part.completed(body[:-1])
        if step.kind is Kind.EXECUTE:
            self.expected.popleft()
        else:
            step.index += 1

    def _on_copy(self, step: Step, part: Part, kind: int, body: bytes) -> None:
        if kind in b"dc" and not part.copies_out:
            raise ProtocolError("the upstream copies out before it has said so")
        if kind == ord("d"):
            part.count(body != COPY_TRAILER, len(body) + 5)
        if kind == ord("G"):
            self.copy_in = True
            # The server ignores the Syncs that it meets during COPY FROM STDIN in the extended protocol.
            while step.kind is Kind.EXECUTE and len(self.expected) > 1 and self.expected[1].kind is Kind.SYNC:
                del self.expected[1]
        elif kind == ord("H"):
            if part.treatment is None:
                raise ProtocolError("the upstream copies out what was not asked for")
            part.copies_out = True
            if part.treatment.masks:
                part.copy = copy_rewriter(part.treatment, part.copy_options, body)
        elif kind == ord("W"):
            raise ProtocolError("replication does not pass Lockgate")
