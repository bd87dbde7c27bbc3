"""The section `oidc:` of `lockgate.yaml`: the one identity provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import yaml

from lockgate.errors import ConfigError
from lockgate.identity.oidc import VOTERS, OidcSettings
from lockgate.identity.oidc.discovery import check_address

if TYPE_CHECKING:
    from lockgate.server.config_reader import Reader

KEYS = (
    "issuer",
    "client_id",
    "client_secret",
    "scopes",
    "groups_claim",
    "groups",
    "voters",
    "device_flow",
    "max_age_s",
)


def read_oidc(reader: Reader, secret: Callable[[str], str]) -> OidcSettings | None:
    """None where there is no such section. `secret` reads what a key refers to. ConfigError names file and line."""
    if not reader.items:
        return None
    reader.only(*KEYS)
    issuer = reader.text("issuer")
    try:
        check_address(issuer, "issuer")
    except ConfigError as error:
        raise reader.error("issuer is an https address", reader.items["issuer"], error.hint) from error
    if "?" in issuer:
        raise reader.error("issuer has no query", reader.items["issuer"])
    scopes = tuple(reader.text("scopes", "openid").split())
    if "openid" not in scopes:
        raise reader.error("scopes names openid among others", reader.items.get("scopes"))
    voters = reader.text("voters", "local")
    if voters not in VOTERS:
        raise reader.error("voters is local or provider", reader.items.get("voters"))
    groups = reader.under("groups")
    claim = reader.text("groups_claim", "")
    if groups.items and not claim:
        raise reader.error("groups needs groups_claim", reader.items.get("groups"), "the claim that lists them: groups")
    return OidcSettings(
        issuer,
        reader.text("client_id"),
        secret("client_secret"),
        scopes,
        claim,
        {name: _group(groups, name) for name in groups.items},
        voters,
        _flag(reader, "device_flow"),
        _seconds(reader, "max_age_s"),
    )


def _group(groups: Reader, name: str) -> str:
    node, group = groups.items[name], groups.text(name)
    if not isinstance(node, yaml.ScalarNode) or not group or len(group) > 128 or not group.isprintable():
        raise groups.error(f"{name}: this is no group's name", node)
    return group


def _flag(reader: Reader, key: str) -> bool:
    written = reader.text(key, "false").lower()
    if written not in ("true", "false"):
        raise reader.error(f"{key} is true or false", reader.items.get(key))
    return written == "true"


def _seconds(reader: Reader, key: str) -> int:
    written = reader.text(key, "0")
    if not written.isascii() or not written.isdigit():
        raise reader.error(f"{key} is a whole number of seconds", reader.items.get(key))
    return int(written)
