"""The server's bytes into `Answers`, and what makes the session end there.

Rows with free text to be searched are rewritten in a thread, one run of them after another, and nothing more is read
from the server meanwhile: a megabyte of notes would make every other session wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.answers import CAP_REACHED, CapReached, Rewritten
from lockgate.gateways.postgres.wire.peer import SEARCH

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session


_SEARCHERS = ThreadPoolExecutor(2, thread_name_prefix="search")
"""Few: each keeps an engine, with room for the longest text that it has searched."""


class Hearing:
    """Of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def feed(self, data: bytes) -> None:
        session = self._session
        searching = session.answers.apart is not None
        self._hear(partial(session.answers.feed, data))
        if session.answers.apart is not None and not searching:
            session.upstream.peer.reading(False, SEARCH)
            session.gateway.in_background(self._search())

    async def _search(self) -> None:
        session = self._session
        while (work := session.answers.apart) is not None and not session.ended.is_set():
            search = asyncio.get_running_loop().run_in_executor(_SEARCHERS, work)
            (rewritten,) = await asyncio.gather(search, return_exceptions=True)
            if not session.ended.is_set():
                self._hear(partial(self._go_on, rewritten))
        session.upstream.peer.reading(True, SEARCH)

    def _go_on(self, rewritten: Rewritten | BaseException) -> None:
        if isinstance(rewritten, BaseException):
            raise rewritten
        self._session.answers.resume(rewritten)

    def _hear(self, step: Callable[[], None]) -> None:
        session = self._session
        try:
            step()
        except CapReached as reached:
            hint = "ask for fewer rows, or raise lockgate.max_rows and lockgate.max_bytes"
            session.cut(CAP_REACHED, str(reached), hint)
        except ProtocolError as error:
            session.cut("08P01", error.message)
        except Exception:
            # Whatever a malformed message trips over, its words could quote a value: the session ends without them.
            session.cut("08P01", "malformed upstream data")
