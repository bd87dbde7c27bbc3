"""What `lockgate doctor` says of how people log in: the identity provider is asked, as a login would ask it."""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.errors import LockgateError
from lockgate.identity.oidc import OidcSettings, is_loopback, issuer_name
from lockgate.server.oidc import Asking

POWERFUL = ("admins", "break-glass")


async def provider_lines(settings: OidcSettings | None) -> list[tuple[str, str, str]]:
    """(level, what, hint), where level is ok, warning or error."""
    if settings is None:
        return [("ok", "people log in with local accounts; no identity provider is configured", "")]
    return [await _reachable(settings), *_settings(settings)]


async def _reachable(settings: OidcSettings) -> tuple[str, str, str]:
    try:
        asking = Asking(settings)
        provider = await asking.provider()
        await asking.signing_keys()
    except LockgateError as error:
        return "error", f"oidc: {error.message}", error.hint
    if settings.device_flow and not provider.device:
        return "error", "oidc: device_flow is on, and the provider has none", "leave oidc.device_flow out"
    return "ok", f"oidc: {settings.issuer} answers; its people are {issuer_name(settings.issuer)}:SUBJECT", ""


def _settings(settings: OidcSettings) -> Iterator[tuple[str, str, str]]:
    if settings.voters == "provider":
        yield "ok", "oidc: people vote by their accounts at the provider; local accounts do not vote", ""
    else:
        yield "ok", "oidc: people vote by their local accounts; accounts of the provider do not vote", ""
    if not settings.groups:
        yield "warning", "oidc: no group of the provider is mapped: it gives nobody a group", "oidc.groups"
    for name, group in sorted(settings.groups.items()):
        level = "warning" if group in POWERFUL else "ok"
        hint = "whoever runs the provider can give it to themselves" if group in POWERFUL else ""
        yield level, f"oidc: {name} at the provider is {group} here", hint
    if not settings.max_age_s:
        what = "oidc: nobody checks that the provider asked for a fresh proof before a login from a terminal"
        yield "warning", what, "set oidc.max_age_s (900), where the provider's ID tokens say auth_time"
    if settings.voters == "provider":
        yield "warning", "oidc: nobody can break the glass: that takes the password of an account that votes", ""
    if settings.device_flow:
        hint = "a code can be sent to somebody else to confirm: leave oidc.device_flow out where all have a browser"
        yield "warning", "oidc: the device flow is on", hint
    if is_loopback(settings.issuer) and settings.issuer.startswith("http:"):
        yield "warning", "oidc: the provider is asked without TLS, on this machine", "for tests only"
