"""Each way in which a provider's answer may be wrong, over HTTP from end to end: no session, no account, the reason."""

from __future__ import annotations

import base64
import hmac
import json
import time

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from lockgate.identity.oidc import issuer_name
from providers import configure
from support import start_gate, stop_gate


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    """One for all: each test has a provider of its own, and so accounts of its own."""
    started = start_gate(hospital, tmp_path_factory.mktemp("gate"), "ai-agents")
    yield started
    stop_gate(started)


SIGNED = "not signed as it must be"
ALONE = "not for this client alone"


def b64(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def nobody_is_in(answer, why, gate, liar):
    assert answer.status_code == 401, answer.text
    assert answer.json()["code"] == "LG017" and why in answer.json()["title"]
    accounts = gate.call(gate.assembly.accounts.everybody())
    assert not [p.id for p in accounts if p.id.startswith(issuer_name(liar.issuer))], "an account was made all the same"


def test_an_honest_token_is_taken(lied_to):
    """Without which the refusals below would tell nothing."""
    assert lied_to.login("rita").status_code == 200


NOW = time.time()
WRONG = {
    "another-issuer": ({"iss": "https://other.example"}, "another issuer's"),
    "issuer-with-a-slash": (lambda honest: honest | {"iss": honest["iss"] + "/"}, "another issuer's"),
    "another-audience": ({"aud": "somebody-else"}, ALONE),
    "more-audiences": ({"aud": ["lockgate", "somebody-else"]}, ALONE),
    "no-audience": ({"aud": None}, ALONE),
    "another-authorized-party": ({"azp": "somebody-else"}, ALONE),
    "another-nonce": ({"nonce": "another"}, "another login"),
    "no-nonce": ({"nonce": None}, "another login"),
    "expired": ({"exp": int(NOW) - 120}, "expired"),
    "no-expiry": ({"exp": None}, "no exp"),
    "expiry-that-is-true": ({"exp": True}, "no exp"),
    "expiry-never": ({"exp": 1e300}, "no exp"),
    "issued-in-the-future": ({"iat": int(NOW) + 3600}, "from the future"),
    "not-yet-valid": ({"nbf": int(NOW) + 3600}, "from the future"),
    "issued-long-ago": ({"iat": int(NOW) - 86400}, "long ago"),
    "no-issue-time": ({"iat": None}, "no iat"),
    "no-subject": ({"sub": None}, "names nobody"),
    "empty-subject": ({"sub": ""}, "names nobody"),
    "subject-that-is-a-number": ({"sub": 7}, "names nobody"),
    "subject-too-long": ({"sub": "x" * 256}, "names nobody"),
    "groups-as-text": ({"groups": "reviewers"}, "no list of names"),
    "groups-as-object": ({"groups": {"reviewers": True}}, "no list of names"),
    "groups-of-numbers": ({"groups": ["reviewers", 1]}, "no list of names"),
    "groups-that-are-null": (lambda honest: honest | {"groups": None}, "no list of names"),
    "too-many-groups": ({"groups": ["reviewers"] * 1001}, "no list of names"),
    "acts-for-another": ({"act": {"sub": "bot"}}, "acts for another"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_claim(lied_to, gate, liar, name):
    change, why = WRONG[name]

    def changed(honest):
        if callable(change):
            return change(honest)
        return {key: value for key, value in (honest | change).items() if change.get(key, 0) is not None}

    liar.claims = changed
    nobody_is_in(lied_to.login("rita"), why, gate, liar)


def none(claims, liar):
    return f"{b64({'alg': 'none', 'kid': 'one'})}.{b64(claims)}."


def hs256_with_the_public_key(claims, liar):
    """What anybody can make who has read the provider's keys (CVE-2015-9235 and many since)."""
    text = f"{b64({'alg': 'HS256', 'kid': 'one'})}.{b64(claims)}"
    return f"{text}.{b64(hmac.digest(liar.key.as_pem(private=False), text.encode(), 'sha256'))}"


def hs256_with_the_client_secret(claims, liar):
    return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key("the client's secret"), ["HS256"])


def another_key_of_that_name(claims, liar):
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048))


def key_that_it_brings_along(claims, liar):
    own = RSAKey.generate_key(2048)
    header = {"alg": "RS256", "kid": "one", "jwk": own.as_dict(private=False)}
    return jwt.encode(header, claims, own)


def another_algorithm_than_the_keys(claims, liar):
    free = RSAKey.import_key(liar.key.as_pem(private=True))
    return jwt.encode({"alg": "RS512", "kid": "one"}, claims, free, algorithms=["RS512"])


def changed_afterwards(claims, liar):
    header, _, signature = jwt.encode({"alg": "RS256", "kid": "one"}, claims, liar.key).split(".")
    return f"{header}.{b64(claims | {'sub': 'root'})}.{signature}"


def unknown_kid(claims, liar):
    return jwt.encode({"alg": "RS256", "kid": "two"}, claims, liar.key)


def kid_that_is_a_number(claims, liar):
    header = b64({"alg": "RS256", "kid": 1})
    return f"{header}.{b64(claims)}.{b64(b'x' * 256)}"


def an_access_token(claims, liar):
    return jwt.encode({"alg": "RS256", "kid": "one", "typ": "at+jwt"}, claims, liar.key)


def words(claims, liar):
    return "not a token"


def too_long(claims, liar):
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims | {"x": "y" * 60_000}, liar.key)


FORGED = {
    none: SIGNED,
    hs256_with_the_public_key: SIGNED,
    hs256_with_the_client_secret: SIGNED,
    another_key_of_that_name: SIGNED,
    key_that_it_brings_along: SIGNED,
    another_algorithm_than_the_keys: "has not published",
    changed_afterwards: SIGNED,
    unknown_kid: "has not published",
    kid_that_is_a_number: SIGNED,
    an_access_token: "another kind",
    words: SIGNED,
    too_long: "no ID token",
}


@pytest.mark.parametrize("forge", FORGED, ids=lambda forge: forge.__name__)
def test_a_wrong_signature(lied_to, gate, liar, forge):
    liar.sign = lambda claims: forge(claims, liar)
    nobody_is_in(lied_to.login("rita"), FORGED[forge], gate, liar)


@pytest.mark.parametrize("token", [None, 7, [], {"a": 1}], ids=["none", "number", "list", "object"])
def test_an_answer_without_a_token(lied_to, gate, liar, token):
    liar.answers["/token"] = (200, {}, json.dumps({"id_token": token}).encode())
    nobody_is_in(lied_to.login("rita"), "no ID token", gate, liar)


def test_a_key_that_is_none_for_signatures(lied_to, gate, liar):
    liar.published = [liar.key.as_dict(private=False) | {"use": "enc"}]
    assert lied_to.login("rita").json()["title"] == "the identity provider has published no key for signatures"


def test_a_key_whose_private_half_is_published(lied_to, gate, liar):
    liar.published = [liar.key.as_dict(private=True)]
    assert lied_to.login("rita").status_code == 400


def test_a_short_rsa_key(lied_to, gate, liar):
    liar.key = RSAKey.generate_key(1024, {"kid": "one"})
    assert lied_to.login("rita").status_code == 400


def test_two_keys_of_one_name_are_none(lied_to, gate, liar):
    liar.published = [liar.key.as_dict(private=False), RSAKey.generate_key(2048, {"kid": "one"}).as_dict(private=False)]
    nobody_is_in(lied_to.login("rita"), "has not published", gate, liar)


def test_a_login_that_had_to_be_fresh(lied_to, gate, liar, api):
    configure(gate, liar.issuer, max_age_s=7200)
    nobody_is_in(lied_to.login("rita"), "no auth_time", gate, liar)
    liar.claims = lambda honest: honest | {"auth_time": int(time.time()) - 9000}
    nobody_is_in(lied_to.login("rita"), "no fresh proof", gate, liar)
    # Within its age, and before this login began: a browser that was logged in, without anybody looking.
    liar.claims = lambda honest: honest | {"auth_time": int(time.time()) - 3600}
    nobody_is_in(lied_to.login("rita"), "no fresh proof", gate, liar)
    liar.claims = lambda honest: honest | {"auth_time": int(time.time())}
    assert lied_to.login("rita").status_code == 200
