"""The command sends a password or a token over TLS only; to this machine itself it may go without."""

from __future__ import annotations

import httpx
import pytest

from lockgate.cli.client import call
from lockgate.errors import ConfigError, LockgateError


@pytest.mark.parametrize("url", ["http://gate.example.org:8443", "http://127.0.0.1.example.org", "HTTP://10.2.0.7"])
def test_not_to_another_machine(url, monkeypatch):
    monkeypatch.setattr(httpx, "request", lambda *_, **__: pytest.fail("it was sent"))
    with pytest.raises(ConfigError, match="TLS"):
        call("POST", "/login", {"user": "ana", "password": "a long password"}, url=url, token="")


def test_to_this_one_it_may():
    with pytest.raises(LockgateError, match="does not answer"):
        call("GET", "/health", url="http://127.0.0.1:9", token="")
