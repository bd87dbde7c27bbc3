"""`lockgate login`: by name and password, or at the identity provider with a browser or a code for another device."""

from __future__ import annotations

import time
import webbrowser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from lockgate.cli.client import LOOPBACK, call, save_session
from lockgate.cli.loopback import Loopback
from lockgate.cli.people import PasswordFromInput, read_password
from lockgate.cli.show import console
from lockgate.errors import AuthenticationError, ConfigError

WITHIN_S = 300.0
HELP = "Log in interactively; without a name at the identity provider. "
EXAMPLE = "Example: `lockgate login --url https://gate:8443 --ca ca.pem rita`"


def register(app: typer.Typer) -> None:
    app.command(help=HELP + EXAMPLE)(login)


def login(
    name: Annotated[str, typer.Argument(help="user name; none to log in at the identity provider")] = "",
    url: Annotated[str, typer.Option(envvar="LOCKGATE_URL", help="where the API is")] = "https://localhost:8443",
    ca: Annotated[str, typer.Option(envvar="LOCKGATE_CA", help="certificate of the CA, for a local one")] = "",
    password_stdin: PasswordFromInput = False,
    browser: Annotated[bool, typer.Option(help="--no-browser: confirm a code on another device")] = True,
    link: Annotated[
        bool, typer.Option("--link", help="link the provider's account to the local one that is logged in")
    ] = False,
) -> None:
    if link and (name or not browser):
        raise ConfigError("--link takes no name and a browser", hint="lockgate login NAME, then lockgate login --link")
    if link:
        linked = _at_provider({"link": True}, call)["linked"]
        console.print(f"{' and '.join(linked)} are one person.")
        return
    url = url.rstrip("/")
    ask = partial(call, url=url, ca=ca, token="")
    if name:
        answer = ask("POST", "/login", {"user": name, "password": read_password(password_stdin)})
    elif not ask("GET", "/login/methods")["issuer"]:
        raise ConfigError("no identity provider is configured there", hint="log in by name: lockgate login NAME")
    elif browser:
        answer = _at_provider({}, ask)
    else:
        answer = _on_another_device(ask)
    save_session(url, str(Path(ca).resolve()) if ca else "", answer["token"], answer["person"])
    console.print(f"Logged in as {answer['person']}.")


def _at_provider(wish: dict[str, Any], ask: Callable[..., Any]) -> Any:
    """Authorization code in a browser, whose answer comes to a port of this machine (RFC 8252)."""
    with Loopback() as here:
        began = ask("POST", "/login/oidc", {"port": here.port, **wish})
        address = _web(began["authorization_url"])
        print(f"Log in here, if no browser opens:\n{address}", flush=True)
        webbrowser.open(address)
        answer = here.wait(began["state"], WITHIN_S)
    proof = {name: answer[name] for name in ("code", "iss", "error") if name in answer}
    return ask("POST", "/login/oidc/finish", {"state": began["state"], "handle": began["handle"], **proof})


def _on_another_device(ask: Callable[..., Any]) -> Any:
    """A code that is confirmed wherever there is a browser (RFC 8628)."""
    began = ask("POST", "/login/oidc/device")
    print(
        f"On any device, open {_web(began['verification_uri'])}\nand confirm this code, which you show to nobody: "
        f"{began['user_code']}",
        flush=True,
    )
    over_at = time.monotonic() + began["expires_in"]
    while time.monotonic() < over_at:
        time.sleep(began["interval"])
        body = {"state": began["state"], "handle": began["handle"]}
        answer = ask("POST", "/login/oidc/device/poll", body)
        if not answer.get("pending"):
            return answer
    raise AuthenticationError("nobody confirmed the code in time", hint="begin again: lockgate login --no-browser")


def _web(address: str) -> str:
    """The address, if a browser may be sent to it: never a file or a program of this machine."""
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return address
    raise ConfigError("the server named an address that is no https", hint="is it yours?")
