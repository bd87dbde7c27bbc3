"""The PostgreSQL gateway: listens, lets clients in, and keeps what their sessions share."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
import traceback
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from pathlib import Path

import structlog

from lockgate.errors import AuthenticationError, LockgateError, ProtocolError, UpstreamError
from lockgate.gateways.postgres.classify.dumps import DECLARE_IT, PLAN, PROGRAMS, schema_of
from lockgate.gateways.postgres.connection import Connection
from lockgate.gateways.postgres.session.session import Session
from lockgate.gateways.postgres.settings.allowed import setting_problem
from lockgate.gateways.postgres.watching import Watch
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire import pins
from lockgate.gateways.postgres.wire import upstream as up
from lockgate.gateways.postgres.wire.frontend import Cancel, Startup, StartupRefused, ask_password, read_startup
from lockgate.gateways.postgres.wire.peer import OTHER_SIDE, Peer
from lockgate.pipeline import Moment, Pipeline
from lockgate.services.accounts import Accounts
from lockgate.services.approvals import Approvals
from lockgate.services.sessions import Sessions
from lockgate.services.shapes import Shapes

log = structlog.get_logger("lockgate.postgres")

HANDSHAKE_S = 30.0
STOP_S = 3.0
DAY_LOOK_S = 1.0


class Gateway:
    """One listener for every configured connection; the client's database name picks the connection."""

    def __init__(
        self,
        *,
        tenant: str,
        connections: Mapping[str, Connection],
        accounts: Accounts,
        approvals: Approvals,
        pipeline: Pipeline,
        shapes: Shapes,
        logged: Sessions,
        tls: ssl.SSLContext | None,
        most_sessions: int = 2000,
    ) -> None:
        self.tenant = tenant
        self.connections = connections
        self.accounts = accounts
        self.approvals = approvals
        self.pipeline = pipeline
        self.shapes = shapes
        self._logged = logged
        self.generation = 0
        """Grows whenever a decision made earlier may no longer hold; sessions then leave the fast path."""
        self.watch = Watch(accounts)
        self._tls = tls
        self._most = most_sessions
        self._sessions: dict[int, tuple[bytes, Session]] = {}
        self._next_id = secrets.randbelow(1 << 24) + 1
        self._tasks: set[asyncio.Task[None]] = set()
        self._moment = Moment()
        self._watches: list[asyncio.Task[None]] = []
        self._server: asyncio.Server | None = None

    # life -------------------------------------------------------------------------------------------------------
    async def start(self, host: str, port: int, unix_path: str = "") -> int:
        """Listen; returns the port in use (give 0 for a free one)."""
        loop = asyncio.get_running_loop()
        if unix_path:
            self._server = await loop.create_unix_server(self._accept, unix_path)
        else:
            self._server = await loop.create_server(self._accept, host, port)
        for connection in self.connections.values():
            connection.on_change.append(self.schema_or_policy_changed)
            self._watches += [
                self.in_background(connection.watch_schema()),
                self.in_background(connection.watch_unknown(self.approvals)),
            ]
        self._watches.append(self.in_background(self._watch_clock()))
        return 0 if unix_path else int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for _, session in list(self._sessions.values()):
            session.cut("57P01", "Lockgate is shutting down")
        for task in self._watches:
            task.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        # Sessions still write their outcomes and their end into the log, each of which may begin another task.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                while self._tasks:
                    await asyncio.gather(*self._tasks, return_exceptions=True)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self.connections.values():
            connection.close()

    def in_background(self, work: Awaitable[None]) -> asyncio.Task[None]:
        """Run something nobody waits for; its failure is logged by kind only (a message could hold anything)."""

        async def guarded() -> None:
            try:
                await work
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.error("background work failed", kind=type(error).__name__, where=_where(error))

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def schema_or_policy_changed(self) -> None:
        """Every statement is decided anew from here on."""
        self.generation += 1

    def notice_the_clock(self) -> None:
        """What was decided yesterday, or an hour ago, is decided anew where a policy reads the day or the hour."""
        moment = self.pipeline.moment()
        if moment != self._moment:
            self._moment = moment
            self.schema_or_policy_changed()

    async def _watch_clock(self) -> None:
        while True:
            self.notice_the_clock()
            await asyncio.sleep(DAY_LOOK_S)

    def accounts_changed(self) -> None:
        """A credential, an owner or a group has changed somewhere: no session waits a minute to learn of it."""
        for _, session in list(self._sessions.values()):
            session.doubted.set()

    def schema_changed(self, connection: Connection) -> None:
        connection.look_again()

    def stop_everything(self, why: str = "the kill switch is on") -> None:
        """Cancel what runs, end every session; the pipeline lets nothing in again while `stopped` or `halted`."""
        self.generation += 1
        for _, session in list(self._sessions.values()):
            self.in_background(
                up.cancel(session.connection.target, session.upstream.process_id, session.upstream.secret_key)
            )
            session.cut("57P01", f"{why}: nothing is executed")

    @property
    def sessions(self) -> int:
        return len(self._sessions)

    # one client -------------------------------------------------------------------------------------------------
    def _accept(self) -> Peer:
        peer = Accepted(self)
        return peer

    async def welcome(self, peer: Peer) -> None:
        """From the first byte to the session's end; every way out of here closes both sides."""
        name = peer.transport.get_extra_info("peername") if peer.transport is not None else None
        address = str(name[0]) if isinstance(name, tuple) else ""
        session: Session | None = None
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                asked = await read_startup(peer, self._tls, address)
                if isinstance(asked, Cancel):
                    await self._cancel(asked)
                    peer.close()
                    return
                session = await self._let_in(peer, asked, address)
        except StartupRefused as refused:
            peer.write(m.error("FATAL", refused.sqlstate, refused.message, hint=refused.hint))
        except AuthenticationError as error:
            peer.write(
                m.error("FATAL", "28P01", "login failed", hint=error.hint or "get a fresh token: lockgate token")
            )
        except ProtocolError as error:
            peer.write(m.error("FATAL", "08P01", error.message))
        except UpstreamError as error:
            log.warning("upstream refused", reason=error.message)
            peer.write(m.error("FATAL", "08006", "Lockgate cannot reach the upstream", hint=error.hint))
        except LockgateError as error:
            log.error("login failed inside", kind=type(error).__name__)
            peer.write(m.error("FATAL", "LG005", "Lockgate failed, so nothing was executed"))
        except (TimeoutError, OSError, ssl.SSLError):
            pass
        except Exception:
            peer.write(m.error("FATAL", "LG005", "Lockgate failed, so nothing was executed"))
            peer.close()
            raise
        if session is None:
            peer.close()
            return
        process_id = session.process_id
        watch = asyncio.ensure_future(self.watch.over(session))
        try:
            await session.serve()
        finally:
            watch.cancel()
            self._sessions.pop(process_id, None)
            self.in_background(self._logged.closed(session.id, session.ended_by))

    async def _let_in(self, peer: Peer, asked: Startup, address: str) -> Session:
        if len(self._sessions) >= self._most:
            raise StartupRefused("53300", "too many sessions")
        if why := self.pipeline.halted or self.pipeline.away:
            raise StartupRefused("57P03", f"nothing is executed: {why}")
        if self.pipeline.stopped:
            raise StartupRefused("57P03", "the kill switch is on: nothing is executed")
        password = await ask_password(peer)
        requester = await self.accounts.connection_login(asked.user, password, asked.connection, address)
        connection = self.connections.get(asked.connection)
        if connection is None:
            raise StartupRefused("3D000", "no such connection")
        plan = _plan(asked)
        settings = self._settings(asked, requester.principal.id)
        upstream = await up.dial(connection.target, settings)
        try:
            logged = await self._logged.opened(requester, asked.connection)
        except LockgateError:
            upstream.peer.abort()
            raise
        session = Session(self, connection, peer, upstream, replace(requester, session=logged), logged, plan)
        secret = secrets.token_bytes(32 if asked.minor >= 2 else 4)
        session.process_id = self._next_id = self._next_id % 0x7FFFFFFF + 1
        self._sessions[session.process_id] = (secret, session)
        out = m.authentication_ok()
        for name, value in upstream.parameters.items():
            out += m.parameter_status(name, value)
        ready = b"" if plan else m.ready_for_query(ord("I"))
        peer.write(out + m.backend_key_data(session.process_id, secret) + ready)
        upstream.peer.attach(session.from_upstream, session.upstream_lost, lambda on: peer.reading(not on, OTHER_SIDE))
        peer.attach(session.from_client, session.client_lost, lambda on: upstream.peer.reading(not on, OTHER_SIDE))
        return session

    def _settings(self, asked: Startup, principal: str) -> dict[str, str]:
        """Startup settings, each held to the rules of SET; the application name is put behind the principal's."""
        settings: dict[str, str] = {}
        for name, value in asked.settings.items():
            if name in (pins.NAME, PLAN):
                continue
            problem = setting_problem(name, value)
            if problem:
                raise StartupRefused("LG002", f"startup setting {name}: {problem}")
            settings[name] = value + (", pg_temp" if name == "search_path" else "")
        settings[pins.NAME] = pins.application_name(principal, asked.settings.get(pins.NAME, ""))
        return {name: value for name, value in settings.items() if name not in pins.PINS}

    async def _cancel(self, asked: Cancel) -> None:
        secret, session = self._sessions.get(asked.process_id, (b"", None))
        if session is None or not secrets.compare_digest(secret, asked.secret_key):
            return
        session.cancelled.set()
        await up.cancel(session.connection.target, session.upstream.process_id, session.upstream.secret_key)


def _plan(asked: Startup) -> str:
    """What the client declares that it will do; StartupRefused: it would have to, or what it says is no plan."""
    plan = asked.settings.get(PLAN, "")
    if PLAN in asked.settings and not schema_of(plan):
        raise StartupRefused("22023", f"{PLAN} is dump:SCHEMA", DECLARE_IT)
    if not plan and asked.settings.get(pins.NAME) in PROGRAMS:
        raise StartupRefused("LG002", "a dump is one action, and is declared before it begins", DECLARE_IT)
    return plan


def _where(error: BaseException) -> str:
    """Files and lines of a failure; never its message, which could quote a value."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)


class Accepted(Peer):
    """A client's peer: its conversation starts when its connection is made."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__()
        self._gateway = gateway

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._gateway.in_background(self._gateway.welcome(self))
