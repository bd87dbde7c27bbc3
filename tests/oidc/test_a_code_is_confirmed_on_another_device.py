"""The device flow (RFC 8628): only where it is switched on, asked no faster than the provider says, ended once."""

from __future__ import annotations

import pytest

from clinic import Clock
from lockgate.services import logins
from providers import configure


@pytest.fixture
def clock(gate, monkeypatch):
    now = Clock(gate.assembly.store.clock())
    monkeypatch.setattr(gate.assembly.store, "clock", now)
    return now


@pytest.fixture
def begin(api, gate, liar):
    configure(gate, liar.issuer, device_flow=True)
    liar.sub = "rita"

    def begun():
        answer = api("", "POST", "/login/oidc/device")
        assert answer.is_success, answer.text
        return answer.json()

    return begun


def poll(api, begun, **changes):
    body = {name: begun[name] for name in ("state", "handle")} | changes
    return api("", "POST", "/login/oidc/device/poll", body)


def asked(liar):
    return sum("device_code" in form for form in liar.forms)


def test_it_waits_until_somebody_has_confirmed(api, begin, liar, clock):
    begun = begin()
    assert begun["user_code"] == "WDJB-MJHT" and begun["interval"] == 5
    clock.sleep(5)
    assert poll(api, begun).json() == {"pending": True}
    liar.confirmed.add("device-1")
    clock.sleep(5)
    assert poll(api, begun).json()["token"].startswith("lgs_")
    assert poll(api, begun).status_code == 401, "a second session of one confirmation"


def test_the_device_code_stays_with_the_server(begin):
    assert "device-1" not in str(begin())


def test_the_provider_is_not_asked_for_more_codes_than_are_kept(api, begin, liar, monkeypatch):
    monkeypatch.setattr(logins, "MOST_FROM_ONE", 3)
    for _ in range(3):
        begin()
    before = liar.asked.count("/device")
    assert [api("", "POST", "/login/oidc/device").status_code for _ in range(5)] == [429] * 5
    assert liar.asked.count("/device") == before


def test_the_provider_is_asked_no_faster_than_it_says(api, begin, liar, clock):
    begun = begin()
    for _ in range(10):
        assert poll(api, begun).json() == {"pending": True}
    assert asked(liar) == 0
    clock.sleep(5)
    for _ in range(10):
        poll(api, begun)
    assert asked(liar) == 1
    liar.answers["/token"] = (400, {}, b'{"error": "slow_down"}')
    clock.sleep(5)
    poll(api, begun)
    before = len(liar.asked)
    clock.sleep(6)
    poll(api, begun)
    assert len(liar.asked) == before, "asked again after five seconds, though it said slow down"


def test_whoever_did_not_begin_it_ends_nothing(api, begin, liar, clock):
    begun, other = begin(), begin()
    liar.confirmed.add("device-1")
    clock.sleep(5)
    assert poll(api, begun, handle=other["handle"]).status_code == 401
    assert asked(liar) == 0
    assert poll(api, begun).json()["person"]


@pytest.mark.parametrize("error", [b'{"error": "access_denied"}', b'{"error": "expired_token"}', b"{}"])
def test_what_is_denied_is_over(api, begin, liar, clock, error):
    begun = begin()
    liar.answers["/token"] = (400, {}, error)
    clock.sleep(5)
    assert poll(api, begun).status_code == 401
    del liar.answers["/token"]
    liar.confirmed.add("device-1")
    clock.sleep(5)
    assert poll(api, begun).status_code == 401


def test_it_is_over_after_ten_minutes(api, begin, liar, clock):
    begun = begin()
    liar.confirmed.add("device-1")
    clock.sleep(601)
    assert poll(api, begun).status_code == 401


def test_it_is_off_unless_it_is_switched_on(api, gate, liar):
    configure(gate, liar.issuer)
    answer = api("", "POST", "/login/oidc/device")
    assert answer.status_code == 400 and "switched off" in answer.json()["title"]
    assert "/device" not in liar.asked


def test_an_address_to_confirm_at_is_https(api, begin, liar):
    liar.answers["/device"] = (
        200,
        {},
        b'{"device_code": "d", "user_code": "U", "verification_uri": "http://evil.example/"}',
    )
    assert api("", "POST", "/login/oidc/device").status_code == 400
