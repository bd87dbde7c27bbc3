"""The session of a PostgreSQL store that says that this process is there, and hears what others commit.

It holds the store's lock (`exclusive`) and this instance's (`living`). When it is lost it is made anew, and whoever
listens is told that they may have missed something; until then nothing is written, because somebody else may have the
store alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import asyncpg

from lockgate.errors import StoreError
from lockgate.store.exclusive import CONNECT_S, SESSION_LOCK
from lockgate.store.living import lock_of

CHANNEL = "lockgate"
HEARTBEAT_S = 5.0
HERE_S = 5.0
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0
AWAY = StoreError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError
UNREACHABLE = "the store cannot be reached"
WHEN_BACK = "try again when the store's database is back; lockgate doctor looks at it"


class Presence:
    """`heard` gets the topics of commits; `deaf` is called when none is heard any more, `missed` when that is over."""

    def __init__(
        self,
        url: str,
        new_instance: Callable[[], str],
        heard: Callable[[str], None],
        missed: Callable[[], None],
        deaf: Callable[[], None],
        *,
        alone: bool,
    ) -> None:
        self.instance = new_instance()
        self._url = url
        self._new_instance = new_instance
        self._heard = heard
        self._missed = missed
        self._deaf = deaf
        self._alone = alone
        self._session: asyncpg.Connection | None = None
        self._said = False
        """Whether the session has the instance's lock: after a break, the server may not have missed the old one."""
        self._here = asyncio.Event()
        self._lost = asyncio.Event()
        self._why = StoreError(UNREACHABLE, hint=WHEN_BACK)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Be there. StoreError: the store cannot be reached, or somebody has it alone."""
        try:
            await self._connect()
            while not self._said:
                self.instance = self._new_instance()
                await self._say()
        except StoreError:
            raise
        except AWAY as error:
            raise StoreError(UNREACHABLE, hint=WHEN_BACK) from error
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def here(self) -> None:
        """Return while this process is there; StoreError when it does not come back within seconds."""
        if self._here.is_set():
            return
        try:
            async with asyncio.timeout(HERE_S):
                await self._here.wait()
        except TimeoutError as error:
            raise StoreError(self._why.message, hint=self._why.hint) from error

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._session is not None:
            with contextlib.suppress(*AWAY):
                await self._session.close(timeout=CONNECT_S)

    async def _keep(self) -> None:
        pause_s = SHORTEST_PAUSE_S
        while True:
            try:
                if self._session is None:
                    await self._connect()
                    self._missed()
                pause_s = SHORTEST_PAUSE_S
                await self._beat()
            except AWAY as error:
                if isinstance(error, StoreError):
                    self._why = error
                self._leave()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _connect(self) -> None:
        session = await asyncpg.connect(self._url, timeout=CONNECT_S, command_timeout=HEARTBEAT_S)
        try:
            self._lost.clear()
            session.add_termination_listener(lambda _: self._lost.set())
            shared = "SELECT pg_try_advisory_lock_shared($1)"
            if not self._alone and not await session.fetchval(shared, SESSION_LOCK):
                raise StoreError("the store is being restored or upgraded", hint="wait until that is done")
            await session.add_listener(CHANNEL, self._on_notify)
            self._session = session
            await self._say()
        except BaseException:
            self._session = None
            session.terminate()
            raise
        self._here.set()

    async def _say(self) -> None:
        assert self._session is not None
        mine = "SELECT pg_try_advisory_lock($1, $2)"
        self._said = bool(await self._session.fetchval(mine, SESSION_LOCK, lock_of(self.instance)))

    async def _beat(self) -> None:
        """Return when the session was alive a moment ago; raises one of `AWAY` when it is lost."""
        assert self._session is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_S):
                await self._lost.wait()
        if self._session.is_closed():
            raise StoreError(UNREACHABLE, hint=WHEN_BACK)
        if self._said:
            await self._session.execute("SELECT 1")
        else:
            await self._say()

    def _leave(self) -> None:
        if self._here.is_set():
            self._deaf()
        self._here.clear()
        self._said = False
        if self._session is not None:
            self._session.terminate()
            self._session = None

    def _on_notify(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        for topic in str(payload).split(","):
            self._heard(topic)
