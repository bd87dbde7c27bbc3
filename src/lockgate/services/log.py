"""The log over the store: the sequencer gives events their place, extends the tree and signs; receipts are made here.

One sequencer at a time: on SQLite there is one process, on PostgreSQL whoever holds the advisory lock of the
transaction; the compare-and-set on the last checkpoint's size is what makes a second one harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from pathlib import Path

from sqlalchemy import BindParameter, Connection, bindparam, insert, select, update

from lockgate.audit import (
    Frontier,
    SigningKey,
    inclusion_proof,
    leaf_hash,
    make_checkpoint,
    make_tlog_proof,
)
from lockgate.audit.event import Event
from lockgate.errors import AuditError, LockgateError
from lockgate.store import Clock, Store
from lockgate.store.tables import log as t
from lockgate.store.tables.settings import settings

INTERVAL_S = 0.5
LARGEST_STEP = 5000
ADVISORY_LOCK = 7155113


class Log:
    """`start` begins to sequence; `prove` gives a receipt; `checkpoint` the newest signed note."""

    def __init__(self, store: Store, signer: SigningKey, clock: Clock, *, checkpoint_dir: Path | None = None) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self._mac_key = store.mac_key
        self._checkpoint_dir = checkpoint_dir
        self._task: asyncio.Task[None] | None = None
        self._signed = asyncio.Event()

    @property
    def signer(self) -> SigningKey:
        return self._signer

    async def start(self) -> None:
        await self._store.transact(self._publish_key)
        await self.sequence()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def _publish_key(self, conn: Connection) -> tuple[None, list[Event]]:
        """The public key goes into the store, for whoever reads a copy; a change of key is an event."""
        name, text = "log_public_key", self._signer.verifier.to_text()
        known = conn.execute(select(settings.c.value).where(settings.c.name == name)).scalar()
        if known == text:
            return None, []
        if known is None:
            conn.execute(insert(settings).values(name=name, value=text))
        else:
            conn.execute(update(settings).where(settings.c.name == name).values(value=text))
        return None, [Event("log.key", {"before": known or "", "after": text})]

    async def stop(self) -> None:
        """Sign what is there, then end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(LockgateError):
            await self.sequence()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_S)
            with contextlib.suppress(LockgateError):
                await self.sequence()

    async def sequence(self) -> int:
        """Take all durable events into the tree, under a new signed checkpoint; how many there were."""
        total = 0
        while True:
            done = await self._store.transact(self._step)
            total += done
            if done < LARGEST_STEP:
                self._signed.set()
                self._signed = asyncio.Event()
                return total

    def _step(self, conn: Connection) -> tuple[int, list[Event]]:
        if self._store.dialect == "postgresql":
            conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
        last = conn.execute(select(t.checkpoints).order_by(t.checkpoints.c.size.desc()).limit(1)).first()
        frontier = Frontier() if last is None else Frontier.from_bytes(last.frontier)
        rows = conn.execute(
            select(t.events.c.seq, t.events.c.id, t.events.c.leaf, t.events.c.mac)
            .where(t.events.c.leaf_index.is_(None))
            .order_by(t.events.c.seq)
            .limit(LARGEST_STEP)
        ).all()
        if not rows:
            return 0, []
        made: list[tuple[int, int, bytes]] = []
        places = []
        for row in rows:
            expected = hmac.new(self._mac_key, row.leaf, hashlib.sha256).digest()
            if not hmac.compare_digest(expected, row.mac):
                raise AuditError(f"event {row.id} was changed before it was signed")
            places.append({"b_seq": row.seq, "b_index": frontier.size})
            frontier, complete = frontier.append(leaf_hash(row.leaf))
            made += complete
        conn.execute(
            update(t.events).where(t.events.c.seq == _bind("b_seq")).values(leaf_index=_bind("b_index")), places
        )
        conn.execute(insert(t.nodes), [{"level": lv, "position": p, "hash": h} for lv, p, h in made])
        note = make_checkpoint(frontier.size, frontier.root(), self._signer)
        conn.execute(
            insert(t.checkpoints).values(
                size=frontier.size,
                root=frontier.root(),
                frontier=frontier.to_bytes(),
                note=note,
                signed_at=self._clock(),
            )
        )
        return len(rows), []

    # receipts ---------------------------------------------------------------------------------------------------
    async def checkpoint(self) -> str:
        """The newest signed checkpoint; AuditError while there is none."""

        def read(conn: Connection) -> str:
            note = conn.execute(select(t.checkpoints.c.note).order_by(t.checkpoints.c.size.desc()).limit(1)).scalar()
            if note is None:
                raise AuditError("nothing is signed yet")
            return str(note)

        return await self._store.read(read)

    async def prove(self, event_id: str) -> str:
        """The receipt of one event (a tlog-proof file) under the newest checkpoint."""

        def read(conn: Connection) -> str:
            row = conn.execute(select(t.events.c.leaf, t.events.c.leaf_index).where(t.events.c.id == event_id)).first()
            last = conn.execute(select(t.checkpoints).order_by(t.checkpoints.c.size.desc()).limit(1)).first()
            if row is None:
                raise AuditError("no such event")
            if row.leaf_index is None or last is None:
                raise AuditError("the event is not signed yet", hint="try again in a second")

            def node(level: int, position: int) -> bytes:
                found = conn.execute(
                    select(t.nodes.c.hash).where(t.nodes.c.level == level, t.nodes.c.position == position)
                ).scalar()
                if found is None:
                    raise AuditError("the tree has a hole")
                return bytes(found)

            path = inclusion_proof(row.leaf_index, last.size, node)
            return make_tlog_proof(bytes(row.leaf), row.leaf_index, path, last.note)

        return await self._store.read(read)

    async def wait_signed(self, event_id: str, timeout_s: float = 5.0) -> str:
        """The receipt, once there is one."""
        async with asyncio.timeout(timeout_s):
            while True:
                signed = self._signed
                try:
                    return await self.prove(event_id)
                except AuditError as error:
                    if "not signed yet" not in error.message:
                        raise
                await signed.wait()

    async def events(
        self, *, after: int = 0, kind: str = "", request: str = "", limit: int = 100
    ) -> list[dict[str, object]]:
        """A page of events, oldest first: `(seq, id, time, type, leaf, index)`."""

        def read(conn: Connection) -> list[dict[str, object]]:
            query = select(t.events).where(t.events.c.seq > after).order_by(t.events.c.seq).limit(limit)
            if kind:
                query = query.where(t.events.c.type == kind)
            if request:
                query = query.where(t.events.c.request == request)
            return [
                {
                    "seq": row.seq,
                    "id": row.id,
                    "time_at": row.time_at,
                    "type": row.type,
                    "index": row.leaf_index,
                    "leaf": bytes(row.leaf).decode(),
                }
                for row in conn.execute(query)
            ]

        return await self._store.read(read)


def _bind(name: str) -> BindParameter[object]:
    return bindparam(name)
