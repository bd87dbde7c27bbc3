"""The log over the store: when events get their place in the tree (`log_sequencing` says how), what must be known
outside before something is done, and receipts.

One sequencer at a time: on SQLite there is one process, on PostgreSQL whoever holds the advisory lock of the
transaction; the compare-and-set on size and root is what makes a second one harmless. With a `checkpoint_dir`, each
checkpoint is copied there, and a store that does not continue the newest one there is never signed any further.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, select

from lockgate.audit import SigningKey, VerifierKey
from lockgate.audit.event import Event
from lockgate.errors import AuditError, LockgateError
from lockgate.services import log_reading as reading
from lockgate.services.checkpoint_dir import CheckpointDir, Kept
from lockgate.services.log_keys import earlier_keys, publish
from lockgate.services.log_sequencing import LARGEST_STEP, step
from lockgate.services.log_tree import Contradicted, Head, last_checkpoint, must_continue
from lockgate.store import Clock, Store
from lockgate.store.tables import log as t

INTERVAL_S = 0.5
CHECK_S = 60.0
SIGNED_S = 5.0


class Log:
    """`start` begins to sequence; `prove` gives a receipt; `checkpoint` the newest signed note."""

    def __init__(self, store: Store, signer: SigningKey, clock: Clock, *, checkpoint_dir: Path | None = None) -> None:
        self._store = store
        self._signer = signer
        self._also: SigningKey | None = None
        self._clock = clock
        self._mac_key = store.mac_key
        self._outside = CheckpointDir(checkpoint_dir) if checkpoint_dir is not None else None
        self._verifiers: list[VerifierKey] = [signer.verifier]
        self._seen: Head | None = None
        self._copied = 0
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._signed = asyncio.Event()
        self.halted = ""
        """Why nothing may be executed: the store contradicts what is known from outside; empty when all is well."""
        self.lagging = ""
        """Why the newest checkpoint is not copied outside yet; empty when it is."""
        self.on_halt: Callable[[str], None] = lambda why: None

    @property
    def signer(self) -> SigningKey:
        return self._signer

    async def start(self) -> None:
        """Compare with what is kept outside, then begin to sequence; `halted` says when it may not."""
        self._verifiers = [self._signer.verifier, *await self._store.read(self._earlier_keys)]
        await self.check()
        await self.publish_key()
        with contextlib.suppress(AuditError):
            await self.sequence()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def _earlier_keys(self, conn: Connection) -> list[VerifierKey]:
        return earlier_keys(conn, self._mac_key)

    async def publish_key(self) -> None:
        """The public key goes into the store, for whoever reads a copy; a change of key is an event, which comes before
        anything that the new key signs."""
        await self._store.transact(lambda conn: publish(conn, self._signer.verifier, "host"))

    async def change_key(self, after: SigningKey, *, by: str) -> None:
        """Sign with `after` from here on; the checkpoint over the event that says so is signed by both, so that whoever
        believes either can follow. Nobody else may have the store open. AuditError: something is in the way."""
        self._verifiers = [self._signer.verifier, *await self._store.read(self._earlier_keys)]
        if await self.check():
            raise AuditError(self.halted)
        await self.publish_key()
        await self.sequence()
        await self._store.transact(lambda conn: publish(conn, after.verifier, by))
        self._also = after
        self._verifiers.append(after.verifier)
        await self.sequence()
        self._signer, self._also = after, None

    async def stop(self) -> None:
        """Sign what is there, then end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(LockgateError):
            await self.sequence()

    async def _run(self) -> None:
        check_at = self._now_s() + CHECK_S
        while True:
            await asyncio.sleep(INTERVAL_S)
            if self._now_s() >= check_at:
                check_at = self._now_s() + CHECK_S
                await self.check()
            with contextlib.suppress(LockgateError):
                await self.sequence()

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    # what is kept outside ---------------------------------------------------------------------------------------
    async def check(self) -> str:
        """Compare the store with the newest checkpoint outside and with what this process has seen; why it may not go
        on, empty if it may. A change of this is an event, and `on_halt` is called."""
        try:
            kept = await self._kept()
            await self._store.read(lambda conn: self._must_continue(conn, kept))
            why = ""
        except LockgateError as error:
            why = error.message
        await self._halt(why)
        return why

    async def _halt(self, why: str) -> None:
        if why == self.halted:
            return
        self.halted = why
        self.on_halt(why)
        # An event that cannot be written changes nothing: nothing is executed either way.
        with contextlib.suppress(LockgateError):
            await self._store.transact(lambda _: (None, [Event("log.failed" if why else "log.resumed", {"why": why})]))

    async def _kept(self) -> Kept | None:
        return await asyncio.to_thread(self._outside.newest, self._verifiers) if self._outside is not None else None

    def _must_continue(self, conn: Connection, kept: Kept | None) -> None:
        if kept is not None:
            must_continue(conn, kept.checkpoint, "the checkpoint kept in checkpoint_dir")
        if self._seen is not None:
            must_continue(conn, self._seen, "what this process has seen")

    async def witnessed(self, event_id: str) -> None:
        """Return when the event is under a checkpoint that is copied outside; at once where none is configured.

        AuditError: it is not, so what the event announces must not happen.
        """
        if self.halted:
            raise AuditError(self.halted)
        if self._outside is None:
            return
        index = await self._store.read(lambda conn: _index_of(conn, event_id))
        if index is None or index >= self._copied:
            await self.sequence()
            index = await self._store.read(lambda conn: _index_of(conn, event_id))
        if index is None or index >= self._copied:
            raise AuditError(self.lagging or "the checkpoint over this event is not copied outside")

    async def _copy(self) -> None:
        """Copy the newest checkpoint outside, if it continues the one there. Loops while other processes do so too."""
        if self._outside is None:
            return
        try:
            while True:
                kept = await self._kept()
                size, note = await self._store.read(lambda conn, kept=kept: self._newest_after(conn, kept))  # type: ignore[misc]
                if kept is not None and kept.checkpoint.size >= size:
                    break
                day = datetime.fromtimestamp(self._clock() / 1_000_000, UTC).date().isoformat()
                if kept is None and self._copied:
                    raise AuditError("checkpoint_dir was emptied", hint="put back what was there")
                if size == 0 or await asyncio.to_thread(
                    self._outside.put, note, instead_of=kept, day=day, verifiers=self._verifiers
                ):
                    if kept is None and size:
                        begun = Event("checkpoint_dir.begun", {"size": size})
                        await self._store.transact(lambda _, begun=begun: (None, [begun]))  # type: ignore[misc]
                    break
            self._copied, self.lagging = size, ""
        except AuditError as error:
            self.lagging = error.message
            raise

    def _newest_after(self, conn: Connection, kept: Kept | None) -> tuple[int, str]:
        self._must_continue(conn, kept)
        last = last_checkpoint(conn)
        return (0, "") if last is None else (int(last.size), str(last.note))

    async def sequence(self) -> int:
        """Take all durable events into the tree, under a new signed checkpoint, and copy that outside; how many.

        AuditError: the store contradicts what is known from outside; nothing is signed then.
        """
        async with self._one_at_a_time:
            if self.halted:
                raise AuditError(self.halted)
            total = 0
            while True:
                try:
                    kept = await self._kept()
                    done, head = await self._store.transact(lambda conn, kept=kept: self._step(conn, kept))  # type: ignore[misc]
                except Contradicted as error:
                    await self._halt(error.message)
                    raise
                total += done
                self._seen = head or self._seen
                if done < LARGEST_STEP:
                    break
            self._signed.set()
            self._signed = asyncio.Event()
            await self._copy()
            return total

    def _step(self, conn: Connection, kept: Kept | None) -> tuple[tuple[int, Head | None], list[Event]]:
        def compare(head: Head | None) -> None:
            if kept is not None or head != self._seen:
                self._must_continue(conn, kept)

        done = step(
            conn,
            mac_key=self._mac_key,
            signers=(self._signer, self._also),
            clock=self._clock,
            must_continue=compare,
        )
        return done, []

    # receipts ---------------------------------------------------------------------------------------------------
    async def checkpoint(self) -> str:
        """The newest signed checkpoint; AuditError while there is none."""
        return await self._store.read(reading.newest_note)

    async def prove(self, event_id: str) -> str:
        """The receipt of one event (a tlog-proof file) under the newest checkpoint."""
        return await self._store.read(lambda conn: reading.receipt(conn, event_id))

    async def wait_signed(self, event_id: str) -> str:
        """The receipt, once there is one. AuditError: no such event, or nobody signs it within seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SIGNED_S):
                while True:
                    signed = self._signed
                    try:
                        return await self.prove(event_id)
                    except AuditError as error:
                        if "not signed yet" not in error.message:
                            raise
                    await signed.wait()
        return await self.prove(event_id)

    async def events(
        self, *, after: int = 0, kind: str = "", request: str = "", limit: int = 100
    ) -> list[dict[str, object]]:
        """A page of events, oldest first: `(seq, id, time, type, leaf, index)`."""
        return await self._store.read(
            lambda conn: reading.page(conn, after=after, kind=kind, request=request, limit=limit)
        )


def _index_of(conn: Connection, event_id: str) -> int | None:
    index = conn.execute(select(t.events.c.leaf_index).where(t.events.c.id == event_id)).scalar()
    return None if index is None else int(index)
