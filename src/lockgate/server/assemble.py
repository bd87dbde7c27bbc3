"""Put the services together, from values: the one place that knows all of them. `serve` and the tests use it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog
from sqlalchemy import Connection as StoreConnection

from lockgate.action import JSON
from lockgate.audit import SigningKey
from lockgate.audit.event import Event
from lockgate.channels.slack import Slack, SlackSettings, show
from lockgate.channels.slack.settings import CHANNEL as SLACK
from lockgate.channels.telling import Teller
from lockgate.errors import LockgateError, PolicyError
from lockgate.gateways.postgres.connection import Connection
from lockgate.gateways.postgres.gateway import Gateway
from lockgate.gateways.postgres.lineage import By
from lockgate.gateways.postgres.resolve.resolver import Resolver
from lockgate.gateways.postgres.resolve.side import SidePool
from lockgate.gateways.postgres.settings.wishes import Hold
from lockgate.gateways.postgres.wire.target import Target
from lockgate.identity.oidc import OidcSettings
from lockgate.pipeline import Permits, Pipeline
from lockgate.policy import PolicyHolder, PolicySet
from lockgate.server.machine import by_host
from lockgate.server.oidc import Flows
from lockgate.server.phi_maps import PhiMaps
from lockgate.server.stopping import Stopping
from lockgate.server.vaults import VaultAt, Vaults
from lockgate.services import known_keys, policy_versions
from lockgate.services.accounts import Accounts
from lockgate.services.approvals import Approvals, Rules
from lockgate.services.catalog import CatalogHolder
from lockgate.services.log import Log
from lockgate.services.sessions import Sessions
from lockgate.services.shapes import Shapes
from lockgate.store import DEAF, EVERYTHING, Clock, KeyRing, Store, new_id, open_store, system_clock

logger = structlog.get_logger("lockgate")
KILL_TOPIC = "kill_switch"
ACCOUNTS_TOPIC = "accounts"
CATALOG_TOPIC = "catalog"
POLICY_TOPIC = "policy"


@dataclass(frozen=True, slots=True)
class Upstreams:
    """One connection's configuration as values."""

    target: Target
    analyse_on: Target | None = None
    operators: Mapping[str, str] = field(default_factory=dict)
    audit: str = "shape"
    analyse_by: By = By.FUNCTION
    hold: Hold = field(default_factory=Hold)


@dataclass(slots=True)
class Assembly:
    """Every service of one process. `start` makes it live, `stop` ends it in the reverse order."""

    store: Store
    keys: KeyRing
    accounts: Accounts
    approvals: Approvals
    policy: PolicyHolder
    catalog: CatalogHolder
    log: Log
    shapes: Shapes
    pipeline: Pipeline
    permits: Permits
    gateway: Gateway
    connections: Mapping[str, Connection]
    maps: PhiMaps
    vaults: Vaults
    flows: Flows | None = None
    slack: Slack | None = None
    stopping: Stopping = field(init=False)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stopping = Stopping(
            self.pipeline, self._is_stopped, self.gateway.schema_or_policy_changed, self.gateway.stop_everything
        )

    async def start(self) -> None:
        await self.accounts.check_with_log()
        await self.catalog.load()
        self.maps.watch()
        await self.approvals.recover()
        await self.permits.begin()
        await self.store.transact(self._note_policy)
        self.log.on_halt = self._halted
        await self.log.start()
        fingerprints = {"sealing": self.keys.fingerprint}  # a change of the log's own key is its `log.key`
        if self.vaults.at is not None and (under := await self.vaults.at.fingerprint()):
            fingerprints["vault"] = under
        await self.store.transact(lambda conn: known_keys.note(conn, fingerprints))
        await self.stopping.begin()
        self.store.listen(self._heard)
        self._tasks.append(asyncio.get_running_loop().create_task(self.approvals.run()))

    def _note_policy(self, conn: StoreConnection) -> tuple[None, list[Event]]:
        return policy_versions.keep_at_start(
            conn, self.policy.current, keys=self.keys, by=by_host(), now_at=self.store.clock()
        )

    async def stop(self) -> None:
        await self.gateway.stop()
        await self.shapes.stop()
        self.maps.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.approvals.close()
        await self.log.stop()
        await self.store.__aexit__(None, None, None)

    async def reload_policy(self, *, by: str) -> tuple[PolicySet, PolicySet]:
        """Take the policy folder anew; a broken set raises PolicyError and the old one stays. An event either way.

        Returns the set before and the one now in force.
        """
        async with self.permits.lock:
            before = self.policy.current
            try:
                after = await asyncio.to_thread(self.policy.candidate)
            except PolicyError:
                body: dict[str, JSON] = {
                    "by": by,
                    "before": before.digest,
                    "after": before.digest,
                    "folder": before.folder_digest,
                    "refused": True,
                    "loosened": False,
                }
                await self._say("policy.changed", body)
                raise
            if after.digest == before.digest:
                return before, before
            changed = policy_versions.changed(before, after, by=by)

            def unit(conn: StoreConnection) -> tuple[None, list[Event]]:
                policy_versions.keep(conn, after, now_at=self.store.clock())
                return None, [changed]

            # Written down before it decides anything: a store that fails leaves the old one in force.
            await self.store.transact(unit)
            self.policy.adopt(after)
            self.gateway.schema_or_policy_changed()
            return before, after

    async def _say(self, kind: str, body: dict[str, JSON]) -> None:
        def unit(conn: StoreConnection) -> tuple[None, list[Event]]:
            return None, [Event(kind, body)]

        await self.store.transact(unit)

    def _heard(self, topic: str) -> None:
        if topic == DEAF:
            self._begin(self.stopping.deaf())
        if topic in (KILL_TOPIC, EVERYTHING):
            heard = self.stopping.heard(named=topic == KILL_TOPIC)
            self._tasks.append(asyncio.get_running_loop().create_task(heard))
        if topic in (POLICY_TOPIC, EVERYTHING):
            self._tasks.append(asyncio.get_running_loop().create_task(self.permits.refresh_soon()))
        if topic in (ACCOUNTS_TOPIC, EVERYTHING):
            self.gateway.accounts_changed()
            self._begin(self.store.read(self.accounts.register.check))
        if topic in (CATALOG_TOPIC, EVERYTHING):
            self._begin(self.catalog.load())

    def _begin(self, work: Coroutine[None, None, object]) -> None:
        """What another process changed is looked at; a store that fails is looked at when it is back."""

        async def quietly() -> None:
            with contextlib.suppress(LockgateError):
                await work

        self._tasks.append(asyncio.get_running_loop().create_task(quietly()))

    async def _is_stopped(self) -> bool:
        return (await self.approvals.stopped()).on

    def _halted(self, why: str) -> None:
        """The store contradicts the log as it is known outside, or (empty) no longer does."""
        self.pipeline.halted = why
        if why:
            logger.error("nothing is executed", code="LG005", why=why)
            self.gateway.stop_everything("the log does not continue what is known of it")
        else:
            logger.warning("executing again: the store continues the checkpoint kept outside")


async def assemble(
    *,
    store_url: str,
    keys: KeyRing,
    signer: SigningKey,
    policies: Path,
    upstreams: Mapping[str, Upstreams],
    base_url: str,
    tls: ssl.SSLContext | None = None,
    rules: Rules | None = None,
    clock: Clock = system_clock,
    tenant: str = "default",
    checkpoint_dir: Path | None = None,
    vault: VaultAt | None = None,
    oidc: OidcSettings | None = None,
    slack: SlackSettings | None = None,
    tellers: Sequence[Teller] = (),
) -> Assembly:
    """Open the store and build everything over it; nothing listens yet. Raises before anything is half there."""
    policy = PolicyHolder(policies)
    store = await open_store(store_url, clock=clock, keys=keys).__aenter__()
    try:
        accounts = Accounts(store)
        catalog = CatalogHolder(store)
        approvals = Approvals(
            store,
            accounts,
            keys,
            clock,
            base_url,
            rules=replace(rules or Rules(), chats=(*([SLACK] if slack else []), *(teller.name for teller in tellers))),
            channels={SLACK: show} if slack is not None else {},
            profiles=lambda: {name: profile.body() for name, profile in policy.current.profiles.items()},
        )
        log = Log(store, signer, clock, checkpoint_dir=checkpoint_dir)
        shapes = Shapes(store, new_id)
        pipeline = Pipeline(policy, approvals, shapes, lambda: catalog.digest, log.witnessed, clock)
        connections = {
            name: Connection(
                name,
                upstream.target,
                Resolver(name, SidePool(upstream.analyse_on or upstream.target), catalog, upstream.analyse_by),
                keys.derive("masks"),
                dict(upstream.operators),
                upstream.audit,
                upstream.hold,
                SidePool(upstream.target, 1) if upstream.analyse_on is not None else None,
            )
            for name, upstream in upstreams.items()
        }
        gateway = Gateway(
            tenant=tenant,
            connections=connections,
            accounts=accounts,
            approvals=approvals,
            pipeline=pipeline,
            shapes=shapes,
            logged=Sessions(store, new_id),
            tls=tls,
        )

        def catalog_changed(name: str) -> None:
            if name in connections:
                connections[name].resolver.forget()
            gateway.schema_or_policy_changed()

        catalog.changed.append(catalog_changed)
        permits = Permits(policy, approvals, pipeline, store, gateway.schema_or_policy_changed)
    except BaseException:
        with contextlib.suppress(Exception):
            await store.__aexit__(None, None, None)
        raise
    maps = PhiMaps(catalog, connections, store, rules.webhooks if rules is not None else ())
    parts = store, keys, accounts, approvals, policy, catalog, log, shapes, pipeline, permits, gateway, connections
    flows = Flows(oidc, store, accounts, base_url) if oidc is not None else None
    chat = Slack(slack, store, accounts, approvals) if slack is not None else None
    return Assembly(*parts, maps, Vaults(vault, pipeline, accounts, tenant), flows, chat)
