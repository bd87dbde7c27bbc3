"""What is fetched from a provider: whose, how much, how long, how often, and from where."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from lockgate.errors import ConfigError, LockgateError
from lockgate.identity.oidc import OidcSettings, ProviderKeys, parse_discovery
from lockgate.server.oidc import fetching
from lockgate.server.oidc.asking import AGAIN_S, KEPT_S, Asking
from lockgate.server.oidc.fetching import ProviderError, fetch
from providers import PORT, configure

KEYS = "/keys"
WELL_KNOWN = "/.well-known/openid-configuration"
ISSUER = "https://login.example.org"
HONEST = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}


def parsed(**changes):
    return parse_discovery(json.dumps(HONEST | changes).encode(), ISSUER)


def test_a_description_of_another_issuer(api, gate, liar):
    liar.discovery = lambda honest: honest | {"issuer": "https://other.example"}
    configure(gate, liar.issuer)
    answer = api("", "POST", "/login/oidc", {"port": PORT})
    assert answer.status_code == 400 and "another issuer's" in answer.json()["title"]


@pytest.mark.parametrize("issuer", [ISSUER + "/", ISSUER.upper(), None, [ISSUER]], ids=repr)
def test_an_issuer_is_compared_to_the_letter(issuer):
    assert parsed().issuer == ISSUER
    with pytest.raises(ConfigError, match="another issuer's"):
        parsed(issuer=issuer)


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "url",
    [
        "http://login.example.org/x",
        "http://localhost.example.org/x",
        "http://127.0.0.1/x",
        "http://127.0.0.1@login.example.org/x",
        "https://user@login.example.org/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "//login.example.org/x",
        "https://login.example.org/x#y",
        "https://login.example.org/\nx",
        "https://[bad/x",
        "",
        None,
        7,
    ],
    ids=repr,
)
def test_an_endpoint_is_https(endpoint, url):
    with pytest.raises(ConfigError):
        parsed(**{endpoint: url})


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000], ids=range(6))
def test_what_is_no_description_and_what_are_no_keys(body):
    with pytest.raises(ConfigError):
        parse_discovery(body, ISSUER)
    with pytest.raises(ConfigError):
        ProviderKeys.parse(body)


def test_keys_that_are_none_are_passed_over():
    good = RSAKey.generate_key(2048, {"kid": "good"}).as_dict(private=False)
    odd = [None, 7, {}, {"kty": "oct", "k": "c2VjcmV0"}, {"kty": "RSA", "n": "!", "e": 7}, {"kty": "EC", "crv": "P-0"}]
    odd += [good | {"alg": "HS256"}, good | {"use": "enc"}, good | {"kid": 7}, good | {"key_ops": ["encrypt"]}]
    found = ProviderKeys.parse(json.dumps({"keys": [*odd, good]}).encode())
    assert [kid for kid, _, _ in found.keys] == ["good"]


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_no_redirect_is_followed(api, gate, liar, host):
    liar.answers[KEYS] = (302, {"location": f"http://{host}/keys"}, b"")
    liar.answers[WELL_KNOWN] = (302, {"location": f"{liar.issuer}/elsewhere"}, b"")
    configure(gate, liar.issuer)
    answer = api("", "POST", "/login/oidc", {"port": PORT})
    assert answer.status_code == 503 and "redirects" in answer.json()["title"]
    assert liar.asked == [WELL_KNOWN]


async def test_an_answer_that_is_too_long(liar):
    liar.answers["/long"] = (200, {}, b"x" * (fetching.MOST_BYTES + 1))
    with pytest.raises(ProviderError, match="too long"):
        await fetch(f"{liar.issuer}/long")
    liar.answers["/long"] = (200, {}, b"x" * fetching.MOST_BYTES)
    assert len((await fetch(f"{liar.issuer}/long")).body) == fetching.MOST_BYTES


async def test_an_answer_that_drips():
    """Each byte comes in time; the whole would take minutes."""

    async def drip(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)
        except (ConnectionError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    began = time.monotonic()
    with pytest.raises(ProviderError, match="does not answer"):
        await fetch(f"http://127.0.0.1:{port}/", within_s=0.3)
    assert time.monotonic() - began < 5
    server.close()


async def test_nobody_answers():
    with pytest.raises(ProviderError, match="does not answer"):
        await fetch("http://127.0.0.1:1/")


class Ticks:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def asking(liar):
    ticks = Ticks()
    return Asking(OidcSettings(liar.issuer, "lockgate"), ticks=ticks), ticks


async def refused(asked, token, nonce="n"):
    with pytest.raises(LockgateError):
        await asked.verify(token, nonce)


async def test_description_and_keys_are_kept_for_a_while(asking, liar):
    asked, ticks = asking
    for _ in range(3):
        assert (await asked.verify(liar.token("n", "rita"), "n")).subject == "rita"
    assert liar.asked == [WELL_KNOWN, KEYS]
    ticks.now += KEPT_S + 1
    await asked.verify(liar.token("n", "rita"), "n")
    assert liar.asked == [WELL_KNOWN, KEYS] * 2


async def test_a_new_key_is_looked_for_once_a_minute_at_most(asking, liar):
    asked, ticks = asking
    await asked.verify(liar.token("n", "rita"), "n")
    liar.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "x"}, claims, liar.key)
    forged = liar.token("n", "rita")
    for _ in range(20):
        await refused(asked, forged)
    assert liar.asked.count(KEYS) == 2, "whoever brings forged tokens has the provider asked for each"
    ticks.now += AGAIN_S + 1
    await refused(asked, forged)
    assert liar.asked.count(KEYS) == 3


async def test_the_provider_may_change_its_key(asking, liar):
    asked, _ = asking
    await asked.verify(liar.token("n", "rita"), "n")
    old = liar.token("n", "rita")
    liar.key = RSAKey.generate_key(2048, {"kid": "next"})
    liar.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "next"}, claims, liar.key)
    assert (await asked.verify(liar.token("n", "rita"), "n")).subject == "rita"
    await refused(asked, old)


async def test_a_key_that_was_withdrawn_is_believed_no_longer_than_it_is_kept(asking, liar):
    asked, ticks = asking
    old = liar.token("n", "rita")
    await asked.verify(old, "n")
    liar.key = RSAKey.generate_key(2048, {"kid": "next"})
    ticks.now += KEPT_S + 1
    await refused(asked, old)


async def test_a_provider_that_is_down_is_not_asked_by_each_who_comes(asking, liar):
    asked, ticks = asking
    liar.answers[WELL_KNOWN] = (500, {}, b"")
    for _ in range(10):
        with pytest.raises(ProviderError):
            await asked.provider()
    assert len(liar.asked) == 1
    ticks.now += fetching.WITHIN_S
    del liar.answers[WELL_KNOWN]
    assert (await asked.provider()).issuer == liar.issuer


def test_a_provider_that_is_down_leaves_local_logins_alone(api, gate):
    configure(gate, "http://127.0.0.1:1")
    assert api("", "POST", "/login/oidc", {"port": PORT}).status_code == 503
    assert api("rita", "GET", "/me").status_code == 200


async def test_the_secret_goes_where_the_provider_takes_it(liar):
    settings = OidcSettings(liar.issuer, "lockgate", "s:e/c r+et")
    for methods, in_form in ((["client_secret_post"], True), (["client_secret_basic", "client_secret_post"], False)):
        liar.forms.clear()
        liar.discovery = lambda honest, m=methods: honest | {"token_endpoint_auth_methods_supported": m}
        with pytest.raises(LockgateError):
            await Asking(settings).id_token_for("none", redirect="http://127.0.0.1:1/callback", verifier="v")
        assert ("client_secret" in liar.forms[0]) is in_form


def test_the_secret_is_in_no_repr():
    assert "s3cret" not in repr(OidcSettings(ISSUER, "lockgate", "s3cret"))
