"""What the tests' fixtures are made of: a hospital on a real PostgreSQL, and running gates in front of it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import uvloop

from lockgate.audit import SigningKey
from lockgate.channels.slack import SlackSettings
from lockgate.channels.telling import Teller
from lockgate.demo import hospital as hospital_data
from lockgate.demo.embedded import EmbeddedPostgres
from lockgate.gateways.postgres.wire.target import parse_target
from lockgate.policy import write_starters
from lockgate.server.assemble import Assembly, Upstreams, assemble
from lockgate.server.vaults import VaultAt
from lockgate.services.approvals import RequestView, Rules, Voter
from lockgate.store import Clock, KeyRing, system_clock

T = TypeVar("T")
PASSWORD = "a long test password"
PATIENTS = 300


@dataclass
class Hospital:
    server: EmbeddedPostgres
    password: str

    def direct(self, **options: Any) -> psycopg.Connection[Any]:
        """Straight to the database as the gateway's role: what a client would see without Lockgate."""
        return psycopg.connect(
            self.server.url(hospital_data.GATEWAY_ROLE, "clinic"), password=self.password, autocommit=True, **options
        )

    def superuser(self, sql: str) -> str:
        return self.server.psql(sql, database="clinic")


@dataclass
class Gate:
    """A running Lockgate. `call` runs a coroutine in its loop; `connect` opens a client's connection through it."""

    assembly: Assembly
    port: int
    loop: asyncio.AbstractEventLoop
    state: Path
    notices: list[str] = field(default_factory=list)

    def call(self, work: Awaitable[T], timeout_s: float = 30) -> T:
        async def run() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(timeout_s)

    def token(self, user: str = "bot", *, by: str = "local:ana", connection: str = "clinic") -> str:
        return self.call(self.assembly.accounts.connection_token(f"local:{user}", connection, by=by)).token

    def parameters(self, user: str = "bot", *, by: str | None = None) -> dict[str, Any]:
        minted_by = by or ("local:ana" if user == "bot" else f"local:{user}")
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": user,
            "password": self.token(user, by=minted_by),
            "dbname": "clinic",
        }

    def connect(self, user: str = "bot", *, by: str | None = None, **options: Any) -> psycopg.Connection[Any]:
        connection = psycopg.connect(**self.parameters(user, by=by), **{"autocommit": True, **options})
        connection.add_notice_handler(lambda notice: self.notices.append(notice.message_primary or ""))
        return connection

    def pending(self) -> list[RequestView]:
        return self.call(self.assembly.approvals.list(state="PENDING"))

    def wait_pending(self, tries: int = 100) -> RequestView:
        for _ in range(tries):
            found = self.pending()
            if found:
                return found[0]
            threading.Event().wait(0.05)
        raise AssertionError("nothing became pending")

    def wait_notice(self, *parts: str, tries: int = 100) -> str:
        """The notice that holds all of these; a request is in the store a moment before its client is told."""
        for _ in range(tries):
            for notice in self.notices:
                if all(part in notice for part in parts):
                    return notice
            threading.Event().wait(0.05)
        raise AssertionError(f"nobody was told of {', '.join(parts)}")

    def vote(self, request: RequestView, person: str, *, approve: bool = True, reason: str = "checked") -> Any:
        """A vote as that person's interactive session would cast it, on the view that they were shown."""
        return self.call(
            self.assembly.approvals.vote(
                request.id,
                voter=Voter(f"local:{person}", interactive=True, token_has_act=False),
                approve=approve,
                reason=reason,
                action_digest=request.action_digest,
                view_digest=request.view_digest,
            )
        )

    def outcome(self, request_id: str, tries: int = 100) -> dict[str, Any]:
        """What the log says became of this request's execution, once it says so."""
        for _ in range(tries):
            for event in self.events("outcome"):
                body: dict[str, Any] = json.loads(event["leaf"])["body"]
                if body.get("request") == request_id:
                    return body
            threading.Event().wait(0.05)
        raise AssertionError("no outcome is logged")

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        return self.call(self.assembly.log.events(kind=kind, limit=10_000))

    def in_background(self, work: Callable[[], Any]) -> Background:
        return Background(work)


class Background:
    """Something blocking in a thread; `result` waits for it and re-raises."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._result: Any = None
        self._error: BaseException | None = None

        def run() -> None:
            try:
                self._result = work()
            except BaseException as error:
                self._error = error

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def result(self, timeout_s: float = 30) -> Any:
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), "still waiting"
        if self._error is not None:
            raise self._error
        return self._result


def tried(gate: Gate, statement: str, *before: str, user: str = "bot", by: str | None = None) -> str:
    """The SQLSTATE that stopped it, or "" where it ran."""
    with gate.connect(user, by=by) as client:
        client.execute("SET lockgate.hold = 'fail'")
        for one in before:
            client.execute(one)
        try:
            if statement.startswith("COPY"):
                with client.cursor().copy(statement) as rows:
                    for _ in rows:
                        pass
            else:
                client.execute(statement)
        except psycopg.Error as error:
            return error.sqlstate or "lost"
        return ""


def start_gate(
    hospital: Hospital,
    state: Path,
    starter: str,
    *,
    audit: str = "shape",
    rules: Rules | None = None,
    upstream: Upstreams | None = None,
    keys: KeyRing | None = None,
    checkpoint_dir: Path | None = None,
    clock: Clock = system_clock,
    store_url: str = "",
    vault: VaultAt | None = None,
    slack: SlackSettings | None = None,
    tellers: Sequence[Teller] = (),
) -> Gate:
    """A Lockgate over the hospital with people: root (admins), ana (owns the agent bot), rita and paul (privacy),
    dora (data-owner), alf (analyst). Over a store that is there already (give its keys) nobody is made anew."""
    known = (state / "lockgate.db").exists() or (store_url != "" and keys is not None)
    loop = uvloop.new_event_loop()
    threading.Thread(target=lambda: (loop.run_forever(), loop.close()), daemon=True).start()

    async def build() -> tuple[Assembly, int]:
        if not known:
            write_starters([starter], state / "policies")
        made = await assemble(
            store_url=store_url or f"sqlite:///{state}/lockgate.db",
            keys=keys or KeyRing.generate(),
            signer=SigningKey.from_seed("test.lockgate", b"t" * 32),
            policies=state / "policies",
            upstreams={
                "clinic": upstream
                or Upstreams(
                    parse_target(hospital.server.url(hospital_data.GATEWAY_ROLE, "clinic"), hospital.password),
                    audit=audit,
                )
            },
            base_url="http://lockgate.test",
            rules=rules or Rules(cooling_s=0),
            checkpoint_dir=checkpoint_dir,
            clock=clock,
            vault=vault,
            slack=slack,
            tellers=tellers,
        )
        await made.start()
        if known:
            return made, await made.gateway.start("127.0.0.1", 0)
        accounts = made.accounts
        await accounts.create_user("root", PASSWORD, by="init", groups=["admins"])
        for name, groups in (
            ("ana", ["analysts"]),
            ("rita", ["privacy"]),
            ("paul", ["privacy"]),
            ("dora", ["data-owner"]),
            ("alf", ["analysts"]),
            ("eva", ["analysts", "break-glass"]),
        ):
            await accounts.create_user(name, PASSWORD, by="init", groups=groups)
        await accounts.create_agent("bot", ["local:ana"], by="local:ana", groups=["agents"])
        await made.maps.accept("clinic", hospital_data.CATALOG.read_text(), by="init")
        return made, await made.gateway.start("127.0.0.1", 0)

    made, port = asyncio.run_coroutine_threadsafe(build(), loop).result(60)
    return Gate(made, port, loop, state)


def stop_gate(gate: Gate) -> None:
    gate.call(gate.assembly.stop())
    gate.loop.call_soon_threadsafe(gate.loop.stop)
