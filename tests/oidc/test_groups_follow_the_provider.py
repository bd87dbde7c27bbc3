"""Groups from claims: at each login those of the map, on record as the provider's doing; sessions end as all do."""

from __future__ import annotations

import json

import pytest

from clinic import Clock
from lockgate.identity.oidc import account_of, issuer_name
from providers import Terminal, configure


@pytest.fixture
def says(api, gate, liar):
    """Log rita in while the provider says this of her; the groups that her session has then."""
    configure(gate, liar.issuer, groups={"reviewers": "privacy", "second": "privacy", "staff": "analysts"})
    terminal = Terminal(api, liar.authorize)

    def login(*groups):
        liar.claims = lambda honest: honest | {"groups": list(groups)}
        token = terminal.logged_in("rita")["token"]
        return api("", "GET", "/me", token=token).json()["groups"]

    return login


def changes(gate, account):
    events = [json.loads(event["leaf"]) for event in gate.events("groups.changed")]
    return [(e["body"]["join"], e["body"]["leave"], e["body"]["by"]) for e in events if e["body"]["account"] == account]


def test_each_login_brings_what_is_new_and_takes_what_is_gone(says, gate, liar):
    account, provider = account_of(liar.issuer, "rita"), issuer_name(liar.issuer)
    assert says("staff") == ["analysts"]
    assert says("staff", "reviewers") == ["analysts", "privacy"]
    assert says("staff", "second") == ["analysts", "privacy"]
    assert says("reviewers") == ["privacy"]
    assert says() == []
    found = changes(gate, account)
    assert sorted(found) == sorted(
        [(["privacy"], [], provider), ([], ["analysts"], provider), ([], ["privacy"], provider)]
    ), "a login that changes nothing is no change, and each that does is on record"


def test_no_claim_is_no_group(says, api, gate, liar):
    says("reviewers")
    terminal = Terminal(api, liar.authorize)
    liar.claims = lambda honest: {name: value for name, value in honest.items() if name != "groups"}
    token = terminal.logged_in("rita")["token"]
    assert api("", "GET", "/me", token=token).json()["groups"] == []


def test_what_an_administrator_gave_is_not_the_providers_to_take(says, api, gate, liar):
    says("staff")
    account = account_of(liar.issuer, "rita")
    api.did("root", "POST", f"/people/{account}/groups", {"join": ["data-owner"]})
    assert says() == ["data-owner"]


def test_admins_come_only_by_the_map(api, gate, liar):
    configure(gate, liar.issuer, groups={"lockgate-admins": "admins"})
    terminal = Terminal(api, liar.authorize)
    for claimed, powerful in (("admins", False), ("lockgate-admins", True)):
        liar.claims = lambda honest, c=claimed: honest | {"groups": [c]}
        token = terminal.logged_in(claimed)["token"]
        assert (api("", "GET", "/reviewers", token=token).status_code == 200) is powerful


def test_a_session_ends_when_idle_after_half_a_day_and_when_it_is_revoked(says, api, gate, liar, monkeypatch):
    store = gate.assembly.store
    clock = Clock(store.clock())
    monkeypatch.setattr(store, "clock", clock)
    liar.claims = lambda honest: honest | {"iat": clock() // 10**6, "exp": clock() // 10**6 + 300}
    terminal = Terminal(api, liar.authorize)

    def alive(token):
        return api("", "GET", "/me", token=token).status_code == 200

    idle = terminal.logged_in("rita")["token"]
    clock.sleep(3601)
    assert not alive(idle)
    busy = terminal.logged_in("rita")["token"]
    for _ in range(23):
        clock.sleep(1800)
        assert alive(busy)
    clock.sleep(1801)
    assert not alive(busy), "a session that is used lives for ever"
    first, second = (terminal.logged_in("rita")["token"] for _ in range(2))
    of_all = f"login:{account_of(liar.issuer, 'rita')}"
    root = gate.call(gate.assembly.accounts.login("root", "a long test password")).token
    api("", "POST", f"/credentials/{of_all}/revoke", token=root)
    assert not alive(first) and not alive(second)


def test_the_first_login_of_two_at_once_makes_one_account(api, gate, liar):
    configure(gate, liar.issuer)
    terminal = Terminal(api, liar.authorize)
    running = [gate.in_background(lambda: terminal.logged_in("new")["person"]) for _ in range(4)]
    assert {one.result() for one in running} == {account_of(liar.issuer, "new")}
    made = [json.loads(event["leaf"])["body"]["account"] for event in gate.events("user.created")]
    assert made.count(account_of(liar.issuer, "new")) == 1
