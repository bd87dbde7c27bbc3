"""`lockgate serve`, `doctor` and `connect`: run it, ask what is wrong with it, and open a socket through it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lockgate.cli.client import call, saved_session
from lockgate.cli.show import Json, console, dump
from lockgate.cli.tunnel import tunnel
from lockgate.errors import ConfigError
from lockgate.sdk import read_secret

if TYPE_CHECKING:
    from lockgate.cli.diagnosis import Finding

ConfigFile = Annotated[Path, typer.Option("--config", "-c", envvar="LOCKGATE_CONFIG", help="lockgate.yaml")]
MARKS = {"ok": "ok  ", "warning": "WARN", "error": "FAIL"}


def register(app: typer.Typer) -> None:
    app.command(help="Run the gateways and the API. Example: `lockgate serve --config /etc/lockgate/lockgate.yaml`")(
        serve
    )
    app.command(
        help="What is configured, reachable, insecure. Exit status 1 when something must be mended. "
        "Example: `lockgate doctor --config /etc/lockgate/lockgate.yaml`"
    )(doctor)
    app.command(help="A Unix socket through which any client opens the connection. Example: `lockgate connect clinic`")(
        connect
    )


def serve(config: ConfigFile = Path("lockgate.yaml")) -> None:
    import uvloop

    from lockgate.server.config import load_config
    from lockgate.server.serve import run

    uvloop.run(run(load_config(config)))


def doctor(config: ConfigFile = Path("lockgate.yaml"), as_json: Json = False) -> None:
    from lockgate.cli.diagnosis import diagnose

    findings = asyncio.run(diagnose(config))
    if as_json:
        dump([{"level": f.level, "what": f.what, "hint": f.hint} for f in findings])
    else:
        for finding in findings:
            _print(finding)
    raise typer.Exit(1 if any(f.level == "error" for f in findings) else 0)


def connect(
    connection: Annotated[str, typer.Argument(help="a connection of lockgate.yaml")],
    agent: Annotated[str, typer.Option(help="an agent that you own; yourself otherwise")] = "",
    gateway: Annotated[str, typer.Option(help="host:port of the gateway")] = "localhost:6432",
    folder: Annotated[Path | None, typer.Option(help="where the socket is made (mode 0700)")] = None,
    key: Annotated[str, typer.Option(help="an agent's key, file:PATH or env:NAME: nobody need be logged in")] = "",
    url: Annotated[str, typer.Option(envvar="LOCKGATE_URL", help="where the API is, with --key")] = "",
    ca: Annotated[str, typer.Option(envvar="LOCKGATE_CA", help="certificate of the CA, with --key")] = "",
) -> None:
    place = folder or Path(os.environ.get("XDG_RUNTIME_DIR") or Path.home() / ".lockgate-run") / connection
    if not gateway.rpartition(":")[2].isdigit():
        raise ConfigError("--gateway is written host:port")
    if key:
        if agent:
            raise ConfigError("--key names its agent by itself", hint="leave out --agent")
        read_secret(key)
        where = url.rstrip("/") or "https://localhost:8443"

        def fresh_token() -> tuple[str, str]:
            # Read each time, so that a key that was replaced is taken from then on.
            answer = call("POST", "/token", {"connection": connection}, url=where, ca=ca, token=read_secret(key))
            return answer["user"], answer["token"]
    else:
        account = (agent if ":" in agent else f"local:{agent}") if agent else ""
        ca = saved_session()["ca"]

        def fresh_token() -> tuple[str, str]:
            answer = call("POST", "/tokens", {"connection": connection, "account": account})
            return answer["user"], answer["token"]

    fresh_token()  # so that a wrong name or a missing right is said now, not to the first client

    def ready() -> None:
        console.print(f"psql -h {place} {connection}   (Ctrl-C ends it)")

    asyncio.run(tunnel(place, gateway, connection, ca, fresh_token, ready))


def _print(finding: Finding) -> None:
    console.print(f"{MARKS[finding.level]}  {finding.what}", markup=False)
    if finding.hint:
        console.print(f"      {finding.hint}", markup=False)
