"""What the server answers, in order: its bytes in, bytes for the client out, no socket.

The session pushes a `Step` for whatever it forwards; `feed` takes the server's chunk, finds the messages in it, and
calls `send` with what the client may see. Runs of messages that need no look at each (rows, which the compiled plan of
their step rewrites, and the answers of statements on the fast path) are taken in bulk; every other goes to
`Expectations.take`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.answers.expectations import Chunks, Expectations
from lockgate.gateways.postgres.answers.steps import Kind, Step
from lockgate.gateways.postgres.masking._rows import rewrite
from lockgate.gateways.postgres.masking.searched import Rewritten, rewrite_searched
from lockgate.gateways.postgres.masking.treatment import Treatment
from lockgate.gateways.postgres.wire._frames import run_end, scan_server

LONGEST_MESSAGE_BYTES = 1 << 30
SEARCHED_AT_ONCE_BYTES = 1 << 14
"""More rows than this, with free text to be searched in them, are rewritten apart."""


class Answers(Expectations):
    """The server's side of one session. After `feed` raises ProtocolError the session must be cut."""

    def __init__(
        self,
        send: Callable[[bytes | bytearray], None],
        ready: Callable[[int], None],
        parameter: Callable[[str, str], None],
        masked: Callable[[Treatment], bytes],
        undone: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(ready, parameter, masked, undone)
        self._send = send
        self._tail = bytearray()
        self._wanted = 0
        """How long the tail must be before its first message is whole; nothing is copied until then."""
        self.apart: Callable[[], Rewritten] | None = None
        """Pure work that takes long: whoever feeds does it in a thread, then calls `resume`; `feed` only keeps."""

    def feed(self, data: bytes) -> None:
        if self._tail or self.apart is not None:
            self._tail += data
            if len(self._tail) < self._wanted or self.apart is not None:
                return
            data = bytes(self._tail)
            self._tail = bytearray()
        self._walk(data, 0, [])

    def resume(self, rewritten: Rewritten) -> None:
        """Go on behind rows that were rewritten apart."""
        data, self._tail = bytes(self._tail), bytearray()
        self.apart = None
        part = self.expected[0].part if self.expected else None
        if part is None:
            return  # the upstream was lost meanwhile
        chunk, end, rows = rewritten
        part.count(rows, end)
        self._walk(data, 0, [chunk])

    def _walk(self, data: bytes, position: int, out: Chunks) -> None:
        size = len(data)
        view = memoryview(data)
        while position < size and self.apart is None:
            step = self.expected[0] if self.expected else None
            moved = self._in_bulk(step, data, view, position, out)
            if moved > position:
                position = moved
                continue
            if size - position < 5:
                break
            length = int.from_bytes(view[position + 1 : position + 5], "big")
            if not 4 <= length <= LONGEST_MESSAGE_BYTES:
                raise ProtocolError("the upstream sent a message of impossible length")
            end = position + 1 + length
            if end > size:
                break
            self.take(data[position], data, position, end, out)
            position = end
        if position < size:
            self._tail += view[position:]
            self._wanted = 5 if size - position < 5 else 1 + int.from_bytes(view[position + 1 : position + 5], "big")
        if out:
            self._send(out[0] if len(out) == 1 and not isinstance(out[0], memoryview) else b"".join(out))
        if not self.expected or self.copy_in:
            self._drained.set()

    def _in_bulk(self, step: Step | None, data: bytes, view: memoryview, position: int, out: Chunks) -> int:
        """Runs of messages that need no look at each: rows, and the answers of statements on the fast path."""
        if step is None:
            return position
        if step.kind is Kind.FAST:
            end, ready = scan_server(data, position, step.ready, step.runs)
            if end > position:
                out.append(data if position == 0 and end == len(data) else view[position:end])
                step.ready -= ready
                if ready:
                    self._ready(data[end - 1] if not step.ready else ord("I"))
                if step.ready == 0:
                    self.expected.popleft()
            return end
        if data[position] == ord("D") and step.kind in (Kind.EXECUTE, Kind.QUERY) and step.part is not None:
            part = step.part
            if part.plan is not None:
                if part.plan.searches and len(data) - position > SEARCHED_AT_ONCE_BYTES:
                    end, _ = run_end(data, position, ord("D"))
                    self.apart = partial(rewrite_searched, data[position:end], part.plan) if end > position else None
                    return end
                chunk, end, rows = rewrite(data, position, part.plan)
                if end > position:
                    out.append(chunk)
            elif part.treatment is None or part.treatment.masks:
                raise ProtocolError("rows came before it was known how to mask them")
            else:
                end, rows = run_end(data, position, ord("D"))
                if end > position:
                    out.append(data if position == 0 and end == len(data) else view[position:end])
            part.count(rows, end - position)
            return end
        return position
