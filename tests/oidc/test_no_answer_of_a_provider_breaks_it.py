"""Whatever a provider or somebody in its place sends: claims that hold, or Lockgate's own error."""

from __future__ import annotations

import base64
import json

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from lockgate.errors import AuthenticationError, ConfigError
from lockgate.identity.oidc import Expected, ProviderKeys, account_of, parse_discovery, validate_id_token
from lockgate.identity.oidc.id_token import OLDEST_S, SKEW_S

NOW = 1_800_000_000
KEY = RSAKey.generate_key(2048, {"kid": "one"})
KEYS = ProviderKeys.parse(json.dumps({"keys": [KEY.as_dict(private=False)]}).encode())
EXPECTED = Expected("https://login.example.org", "lockgate", "the nonce", "groups", 300)
HONEST = {
    "iss": EXPECTED.issuer,
    "aud": "lockgate",
    "sub": "rita",
    "iat": NOW,
    "exp": NOW + 300,
    "nonce": "the nonce",
    "auth_time": NOW,
    "groups": ["reviewers"],
}

times = st.integers(NOW - 10_000, NOW + 10_000)
odd = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), times)
values = st.recursive(
    odd,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
known = st.sampled_from([*HONEST, "azp", "nbf", "act", "typ"])
right = st.sampled_from(["lockgate", ["lockgate"], "the nonce", EXPECTED.issuer, NOW, ["a", "b"]])
documents = st.one_of(st.binary(max_size=200), st.builds(lambda v: json.dumps(v).encode(), values))


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@given(st.dictionaries(known, values | right, max_size=4))
@example({})
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_signed_claims_hold_or_are_refused(changes):
    said = HONEST | changes
    token = jwt.encode({"alg": "RS256", "kid": "one"}, said, KEY)
    try:
        found = validate_id_token(token, KEYS, EXPECTED, NOW)
    except AuthenticationError:
        if not changes:
            raise
        return
    assert said["iss"] == EXPECTED.issuer and said["aud"] in ("lockgate", ["lockgate"])
    assert said.get("azp", "lockgate") == "lockgate" and said["nonce"] == "the nonce" and "act" not in said
    assert said["exp"] > NOW - SKEW_S and NOW - OLDEST_S - SKEW_S <= said["iat"] <= NOW + SKEW_S
    assert said["auth_time"] >= NOW - 300 - SKEW_S and said.get("nbf", 0) <= NOW + SKEW_S
    assert found.subject == said["sub"] and found.groups == frozenset(said.get("groups", ()))
    assert all(not isinstance(said[name], bool) for name in ("iat", "exp", "auth_time"))


@given(st.one_of(st.text(max_size=300), values, st.builds(lambda *p: ".".join(map(b64, p)), *[documents] * 3)))
@example("." * 1000)
@example(b64(b'{"alg":["RS256"],"kid":"one"}') + "..")
@example(b64(b'{"alg":"RS256","kid":"one","crit":7}') + ".e30." + b64(b"x" * 256))
@example(b64(b'{"alg":"RS256","kid":"one","b64":false,"crit":["b64"]}') + ".e30." + b64(b"x" * 256))
@example(b64(b"[" * 300) + ".." + b64(b"x"))
@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
def test_what_nobody_signed_is_refused(token):
    try:
        validate_id_token(token, KEYS, EXPECTED, NOW)
    except AuthenticationError:
        return
    raise AssertionError("an unsigned token was taken")


@given(documents)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_descriptions_and_key_sets(body):
    for parse in (lambda: parse_discovery(body, EXPECTED.issuer), lambda: ProviderKeys.parse(body)):
        try:
            parse()
        except ConfigError:
            continue
        raise AssertionError("made up, and taken")


@given(
    st.fixed_dictionaries(
        {"kty": st.sampled_from(["RSA", "EC", "OKP", "oct"])},
        optional={
            name: values | st.sampled_from(["AQAB", "P-256", "Ed25519", "sig", "RS256"])
            for name in ("n", "e", "x", "y", "crv", "kid", "alg", "use", "key_ops", "d", "k")
        },
    )
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_odd_keys_are_passed_over(key):
    good = KEY.as_dict(private=False)
    assert "one" in [kid for kid, _, _ in ProviderKeys.parse(json.dumps({"keys": [key, good]}).encode()).keys]


@given(st.text(min_size=1, max_size=255), st.text(min_size=1, max_size=255))
def test_two_subjects_are_two_accounts(one, other):
    issuer, another = "https://login.example.org", "https://login.example.org/"
    assert (account_of(issuer, one) == account_of(issuer, other)) is (one == other)
    assert account_of(issuer, one) != account_of(another, one)
    name = account_of(issuer, one)
    assert name.isascii() and name.isprintable() and len(name) < 256 and "/" not in name
    assert name.partition(":")[0] != "local"
