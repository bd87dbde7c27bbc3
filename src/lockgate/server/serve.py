"""`lockgate serve`: read the files, put the services together, listen, and stop in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import ssl
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import structlog
import uvicorn

import lockgate
from lockgate.audit import SigningKey
from lockgate.channels import telling, webhook
from lockgate.errors import AuditError, ConfigError, cannot_read
from lockgate.gateways.postgres.wire.frontend import is_local
from lockgate.phi import freetext
from lockgate.server.api import create_app
from lockgate.server.assemble import Assembly, Upstreams, assemble
from lockgate.server.config import Config, Listen, key_ring, vault_ring
from lockgate.server.vaults import VaultAt
from lockgate.services.approvals import Rules

log = structlog.get_logger("lockgate")

PACKAGE = Path(lockgate.__file__).parent


@dataclass(slots=True)
class Running:
    """A live Lockgate: where it listens, and how to end it."""

    assembly: Assembly
    postgres_port: int
    api_port: int
    api_url: str
    _server: uvicorn.Server
    _tasks: list[asyncio.Task[None]]

    async def stop(self) -> None:
        self._server.should_exit = True
        self.assembly.approvals.end_watches()  # uvicorn waits for every answer, and theirs would not end
        for task in self._tasks[1:]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.assembly.stop()


class _Quiet(uvicorn.Server):
    """uvicorn without its own signal handlers: ours stop the gateways too."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield

    async def until_stopped(self) -> None:
        """Serve; where it cannot listen it returns, when uvicorn would end the process past whoever has to tidy up."""
        with contextlib.suppress(SystemExit):
            await self.serve()


def uncompiled(package: Path = PACKAGE) -> list[str]:
    """Names of the modules that are meant to be compiled (`_*.py` beside its `.pyi`) and run as plain Python here:
    no C compiler was there to build them."""
    return [
        ".".join((package.name, *path.relative_to(package).with_suffix("").parts))
        for path in sorted(package.rglob("_[a-z]*.pyi"))
        if not any(path.with_name(path.stem + suffix).exists() for suffix in EXTENSION_SUFFIXES)
    ]


async def start(config: Config) -> Running:
    """Everything up, or an error that says what is wrong and nothing listening."""
    if slow := uncompiled():
        log.warning("running uncompiled: many times slower", modules=slow, hint="install a C compiler and reinstall")
    # Loaded now, so that no session waits for it, and refused now where its files are not whole.
    await asyncio.to_thread(freetext.load)
    tls = _tls(config)
    for name, listen in (("postgres", config.postgres), ("console", config.console)):
        if tls is None and not is_local(listen.host) and listen.host != "localhost":
            raise ConfigError(
                f"listen.{name} is not loopback and there is no certificate", hint="set tls.cert and tls.key"
            )
    keys = key_ring(config)
    assembly = await assemble(
        store_url=config.store,
        keys=keys,
        signer=read_signing_key(config.signing_key),
        policies=config.policies,
        upstreams={
            name: Upstreams(c.target, c.analyse_on, c.operators, c.audit, c.analyse_by, c.hold)
            for name, c in config.connections.items()
        },
        base_url=config.public_url,
        tls=tls,
        checkpoint_dir=config.checkpoint_dir,
        vault=VaultAt(config.vault, lambda: vault_ring(config)),
        oidc=config.oidc,
        slack=config.slack,
        tellers=config.tellers,
        rules=Rules(
            issuer=config.voters,
            cooling_s=config.cooling_s,
            webhooks=config.webhooks,
            lookups_per_hour=config.lookups_per_hour,
            salts_kept_s=config.salts_kept_days * 24 * 3600,
        ),
    )
    try:
        await assembly.start()
        try:
            port = await assembly.gateway.start(config.postgres.host, config.postgres.port)
        except OSError as error:
            raise _cannot_listen("postgres", config.postgres, os.strerror(error.errno or 0)) from error
        settings = uvicorn.Config(
            create_app(assembly),
            host=config.console.host,
            port=config.console.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            # Whoever reaches it over loopback could write what they like: approvals and policies go by the address.
            proxy_headers=False,
            ssl_certfile=str(config.certificate) if config.certificate else None,
            ssl_keyfile=str(config.private_key) if config.private_key else None,
        )
        server = _Quiet(settings)
        tasks = [asyncio.get_running_loop().create_task(server.until_stopped())]
        while not server.started:
            if tasks[0].done():
                raise _cannot_listen("console", config.console)
            await asyncio.sleep(0.01)
        if config.webhooks:
            tasks.append(asyncio.get_running_loop().create_task(webhook.run(assembly.store, keys)))
        if config.tellers:
            told = telling.run(config.tellers, assembly.store, assembly.approvals)
            tasks.append(asyncio.get_running_loop().create_task(told))
        if assembly.slack is not None:
            tasks.append(asyncio.get_running_loop().create_task(assembly.slack.run()))
    except BaseException:
        await assembly.stop()
        raise
    api_port = int(server.servers[0].sockets[0].getsockname()[1])
    scheme = "https" if config.certificate else "http"
    return Running(assembly, port, api_port, f"{scheme}://{config.console.host}:{api_port}", server, tasks)


def read_signing_key(path: Path) -> SigningKey:
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{path.name} may be read by others than its owner", hint=f"chmod 600 {path.name}")
        return SigningKey.from_text(path.read_text())
    except AuditError as error:
        raise ConfigError(
            f"{path.name}:1: not a signing key of the log", hint="put back the file that lockgate init made"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise cannot_read(f"the log's signing key {path.name}", error) from error


def _cannot_listen(which: str, where: Listen, why: str = "") -> ConfigError:
    return ConfigError(
        f"cannot listen on {where.host}:{where.port}{': ' if why else ''}{why}",
        hint=f"another server has it, or it is no address of this machine: change listen.{which}",
    )


async def run(config: Config) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    running = await start(config)
    # What is there now stays: the collector need not walk through it again while sessions wait.
    gc.collect()
    gc.freeze()
    log.info("listening", postgres=running.postgres_port, api=running.api_url, connections=sorted(config.connections))
    await stop.wait()
    await running.stop()


def _tls(config: Config) -> ssl.SSLContext | None:
    if config.certificate is None or config.private_key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(config.certificate, config.private_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            "the certificate and its key cannot be loaded", hint="look at tls.cert and tls.key"
        ) from error
    return context
