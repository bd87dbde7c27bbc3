"""The command line as a client of the API: the session in a file of mode 0600, errors in one line."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from lockgate.errors import AuthenticationError, ConfigError, LockgateError, Refused

TIMEOUT_S = 60.0
RECEIPT = "lockgate-receipt"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def session_file() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "lockgate" / "session.json"


def save_session(url: str, ca: str, token: str, person: str) -> None:
    path = session_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": url, "ca": ca, "token": token, "person": person}, file)


def saved_session() -> dict[str, str]:
    try:
        loaded = json.loads(session_file().read_text())
    except (OSError, ValueError) as error:
        raise AuthenticationError("not logged in", hint="lockgate login NAME --url https://… --ca ca.pem") from error
    return {str(k): str(v) for k, v in loaded.items()}


def forget_session() -> None:
    session_file().unlink(missing_ok=True)


def _receipt_file() -> Path:
    return session_file().with_name("receipt.json")


def last_receipt() -> list[str]:
    """The events that the last command which changed something, or tried to, is on record by; the first says what."""
    try:
        return [str(event) for event in json.loads(_receipt_file().read_text())]
    except (OSError, ValueError, TypeError):
        return []


def _keep_receipt(header: str) -> None:
    """A convenience: where it cannot be kept, the log has it all the same."""
    with contextlib.suppress(OSError):
        path = _receipt_file()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(json.dumps(header.split(", ")))


def _must_be_private(url: str) -> None:
    """ConfigError where a password or a token would travel in clear."""
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ConfigError(
                "passwords and tokens travel over TLS only", hint="write the address as https://host:8443"
            )


def _trust(ca: str) -> ssl.SSLContext | bool:
    if not ca:
        return True
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise ConfigError(
            f"{ca} cannot be read as a certificate", hint="--ca takes the ca.pem of the server"
        ) from error


def call(
    method: str,
    path: str,
    body: Any = None,
    *,
    url: str = "",
    ca: str = "",
    token: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Any:
    """One request to the API; JSON (or text) back. Raises LockgateError with what the server said."""
    if token is None:
        saved = saved_session()
        url, ca, token = url or saved["url"], ca or saved["ca"], saved["token"]
    _must_be_private(url)
    verify = _trust(ca)
    try:
        answer = httpx.request(
            method,
            f"{url}/api/v1{path}",
            json=body,
            headers={"authorization": f"Bearer {token}"} if token else {},
            verify=verify,
            timeout=timeout_s,
        )
    except httpx.InvalidURL as error:
        raise ConfigError(f"{url} is no address", hint="write it as https://host:8443") from error
    except httpx.HTTPError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise ConfigError(
                f"the certificate of {url} is not trusted",
                hint="log in with --ca (connect takes it too) and the ca.pem that lockgate init made, "
                "and by a name that it is for",
            ) from error
        raise LockgateError(
            f"{url} does not answer ({type(error).__name__})", hint="is lockgate serve running?"
        ) from error
    if RECEIPT in answer.headers:
        _keep_receipt(answer.headers[RECEIPT])
    if answer.is_success:
        if not answer.content:
            return None
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text
    try:
        problem = answer.json()
    except ValueError:
        problem = {"title": f"HTTP {answer.status_code}"}
    kind = AuthenticationError if answer.status_code == 401 else Refused
    raise kind(str(problem.get("title", "refused")), hint=str(problem.get("detail", "")))
