"""OpenID Connect, as far as it needs no network: what a provider says of itself, its keys, and what an ID token proves.

In: bytes that somebody else fetched, settings, the time. Out: `Claims` of a login, or AuthenticationError with a
reason that quotes nothing of the token. It must never fetch, read a clock, or take a symmetric or missing signature.
"""

from lockgate.identity.oidc.discovery import Provider, is_loopback, parse_discovery
from lockgate.identity.oidc.id_token import Expected, refused, validate_id_token
from lockgate.identity.oidc.keys import NoSuchKey, ProviderKeys
from lockgate.identity.oidc.pkce import Secrets, authorization_url, challenge_of
from lockgate.identity.oidc.settings import VOTERS, OidcSettings
from lockgate.identity.oidc.subjects import account_of, issuer_name, mapped_groups

__all__ = [
    "VOTERS",
    "Expected",
    "NoSuchKey",
    "OidcSettings",
    "Provider",
    "ProviderKeys",
    "Secrets",
    "account_of",
    "authorization_url",
    "challenge_of",
    "is_loopback",
    "issuer_name",
    "mapped_groups",
    "parse_discovery",
    "refused",
    "validate_id_token",
]
