"""The sections `mail:` and `pagerduty:` of `lockgate.yaml`."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from lockgate.channels.mail import IMPLICIT, PLAIN, STARTTLS, Mail
from lockgate.channels.pagerduty import EVENTS, PagerDuty
from lockgate.server.config_reader import Reader, secret

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")


def mail(reader: Reader, base: Path, console_url: str) -> Mail:
    """ConfigError names file and line."""
    reader.only("server", "from", "to", "tls", "user", "password")
    host, _, port = reader.text("server").rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise reader.error("server is written host:port", reader.items.get("server"), "smtp.example.org:587")
    to = reader.items.get("to")
    if not isinstance(to, yaml.SequenceNode) or not to.value:
        raise reader.error("to is a list of addresses", to)
    named = tuple(str(item.value) for item in to.value)
    for address in (reader.text("from"), *named):
        if not ADDRESS.fullmatch(address):
            raise reader.error("from and to are plain addresses", to, "privacy@example.org")
    tls, user = reader.text("tls", STARTTLS), reader.text("user", "")
    if tls not in (STARTTLS, IMPLICIT, PLAIN):
        raise reader.error("tls is starttls, implicit or none", reader.items.get("tls"))
    if tls == PLAIN and (host.strip("[]") not in LOOPBACK or user):
        raise reader.error("tls is none: only to loopback, and without a password", reader.items.get("tls"))
    password = secret(reader, "password", base) if user else ""
    return Mail(host.strip("[]"), int(port), reader.text("from"), named, console_url, tls, user, password)


def pagerduty(reader: Reader, base: Path, console_url: str) -> PagerDuty:
    """ConfigError names file and line."""
    reader.only("routing_key", "api")
    if reader.text("routing_key") == "none":
        raise reader.error("routing_key is needed", reader.items.get("routing_key"), "env:NAME or file:PATH")
    api = reader.text("api", EVENTS).rstrip("/")
    to = urlsplit(api)
    if to.scheme != "https" and to.hostname not in LOOPBACK:
        raise reader.error("api is an https address", reader.items.get("api"), f"leave it out: {EVENTS}")
    return PagerDuty(secret(reader, "routing_key", base), console_url, api)
