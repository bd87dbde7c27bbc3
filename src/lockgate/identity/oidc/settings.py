"""What the installation says about its one identity provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

VOTERS = ("local", "provider")


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """`groups` maps the provider's names to Lockgate's; what is not in it gives nothing. `voters` says whose accounts
    vote. `max_age_s` above 0: the provider must have seen the person that recently (`auth_time`)."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ("openid",)
    groups_claim: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    voters: str = "local"
    device_flow: bool = False
    max_age_s: int = 0
