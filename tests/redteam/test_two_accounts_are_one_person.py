"""A person with a local account and one at the identity provider: counted as one, and never linked to somebody else."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from lockgate.identity.oidc import account_of, issuer_name
from lockgate.services.approvals import Rules
from providers import Terminal, configure, crooked
from support import PASSWORD, start_gate, stop_gate

EXPORT = "COPY (SELECT id, name FROM patient) TO STDOUT"


@pytest.fixture
def provider():
    with crooked() as found:
        yield found


@pytest.fixture
def terminal(api, gate, provider):
    configure(gate, provider.issuer)
    return Terminal(api, provider.authorize)


def vote_by_provider(gate, provider):
    """From now on people vote by their accounts at the provider."""
    desk = gate.assembly.approvals.desk
    gate.assembly.approvals.desk = replace(desk, rules=replace(desk.rules, issuer=issuer_name(provider.issuer)))


def session(api, person):
    return api("", "POST", "/login", {"user": person, "password": PASSWORD}).json()["token"]


def ask(gate, user="bot"):
    """An export that has to be approved; the SQLSTATE that it was held or refused with, and why."""
    with gate.connect(user) as client:
        client.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error) as stopped, client.cursor().copy(EXPORT) as rows:
            list(rows)
    return stopped.value.sqlstate, str(stopped.value)


def vote(api, token, request):
    shown = api("", "GET", f"/requests/{request.id}", token=token).json()
    body = {key: shown[key] for key in ("action_digest", "view_digest")} | {"approve": True, "reason": "looked"}
    return api("", "POST", f"/requests/{request.id}/vote", body, token=token)


def links(gate, person):
    return next(p.linked for p in gate.call(gate.assembly.accounts.everybody()) if p.id == person)


def test_an_account_at_the_provider_does_not_vote_beside_the_local_one(api, gate, terminal):
    """Local accounts vote here: rita's other one would be her second voice."""
    other = terminal.logged_in("rita")["token"]
    ask(gate)
    request = gate.wait_pending()
    assert vote(api, other, request).status_code == 409
    assert vote(api, session(api, "rita"), request).json()["state"] == "APPROVED"


def test_an_owner_does_not_approve_with_an_account_that_nobody_knows_is_theirs(api, gate, terminal, provider):
    """ana owns the agent by her local account, and the provider has her in `reviewers`."""
    vote_by_provider(gate, provider)
    terminal.logged_in("ana")
    state, told = ask(gate)
    assert state == "LG004" and "linked to no voter's" in told
    assert not gate.pending()


def test_once_linked_the_owner_is_in_the_conflict_set_with_both(api, gate, terminal, provider):
    vote_by_provider(gate, provider)
    ana, rita = terminal.logged_in("ana")["token"], terminal.logged_in("rita")["token"]
    assert terminal.link("ana", session(api, "ana")).status_code == 200
    assert ask(gate)[0] == "LG001"
    request = gate.wait_pending()
    refused = vote(api, ana, request)
    assert refused.status_code == 409 and "own" in refused.json()["title"]
    assert vote(api, rita, request).json()["state"] == "APPROVED"


def test_two_linked_accounts_fill_one_slot(api, gate, terminal, provider):
    """GRANT takes two people: rita with two accounts at the provider, both linked to her local one, is one."""
    vote_by_provider(gate, provider)
    configure(gate, provider.issuer, groups={"reviewers": "privacy", "owners": "data-owner"})
    provider.claims = lambda honest: honest | {"groups": ["reviewers", "owners"]}
    for sub in ("rita", "rita2"):
        assert terminal.link(sub, session(api, "rita")).status_code == 200
    assert terminal.link("ana", session(api, "ana")).status_code == 200
    tokens = [terminal.logged_in(sub)["token"] for sub in ("rita", "rita2", "dora")]
    gate.in_background(lambda: gate.connect().execute("GRANT SELECT ON task TO reporting"))
    request = gate.wait_pending()
    vote(api, tokens[0], request)
    vote(api, tokens[1], request)
    assert gate.pending(), "one person approved alone what takes two"
    assert vote(api, tokens[2], request).json()["state"] == "APPROVED"


def test_nobody_lifts_the_kill_switch_with_two_accounts(api, gate, terminal, provider):
    configure(gate, provider.issuer, groups={"reviewers": "admins"})
    one, other = session(api, "root"), terminal.logged_in("root")["token"]
    assert api("", "POST", "/kill-switch", {"on": True}, token=one).json()["on"]
    assert api("", "POST", "/kill-switch", {"on": False}, token=one).json()["on"]
    refused = api("", "POST", "/kill-switch", {"on": False}, token=other)
    assert refused.status_code == 409 and "another issuer" in refused.json()["title"]
    assert terminal.link("root", one).status_code == 200
    refused = api("", "POST", "/kill-switch", {"on": False}, token=other)
    assert refused.status_code == 409 and "another person" in refused.json()["title"]
    gate.call(gate.assembly.accounts.change_groups("local:rita", join=["admins"], by="init"))
    assert api("rita", "POST", "/kill-switch", {"on": False}).json() == {"on": False}


def test_a_chat_account_on_each_side_makes_no_second_person(api, gate, terminal, provider):
    """Whoever gets a code out of a colleague, or has two accounts in the chat, links one to each of their own."""
    configure(gate, provider.issuer, groups={"reviewers": "admins"})
    one, account = session(api, "root"), terminal.logged_in("root")
    accounts = gate.assembly.accounts
    for number, person in enumerate(("local:root", account["person"])):
        code = gate.call(accounts.chat_code(f"slack:T0CLINIC.U{number}", "somebody"))
        gate.call(accounts.link_chat(code, by=person))
    assert api("", "POST", "/kill-switch", {"on": True}, token=one).json()["on"]
    assert api("", "POST", "/kill-switch", {"on": False}, token=one).json()["on"]
    refused = api("", "POST", "/kill-switch", {"on": False}, token=account["token"])
    assert refused.status_code == 409 and "another issuer" in refused.json()["title"]


@pytest.mark.parametrize("voters", ["local", "provider"])
def test_an_administrator_does_not_approve_alone_by_saying_whose_an_account_is(api, gate, terminal, provider, voters):
    """root owns an agent by the account that does not vote, and links that one to somebody who does."""
    configure(gate, provider.issuer, groups={"reviewers": "privacy"})
    by_provider, local = terminal.logged_in("root")["token"], session(api, "root")
    gate.call(gate.assembly.accounts.change_groups("local:root", join=["privacy"], by="init"))
    asks, owner, votes = by_provider, account_of(provider.issuer, "root"), local
    if voters == "provider":
        vote_by_provider(gate, provider)
        assert terminal.link("alf", session(api, "alf")).status_code == 200
        asks, owner, votes = local, "local:root", by_provider
    assert api("", "POST", "/agents", {"name": "hers"}, token=asks).status_code == 201
    token = api("", "POST", "/tokens", {"connection": "clinic", "account": "local:hers"}, token=asks).json()["token"]
    answer = api("", "POST", f"/people/{owner}/link", {"other": "local:alf"}, token=local)
    with psycopg.connect(**gate.parameters() | {"user": "hers", "password": token}, autocommit=True) as client:
        client.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error), client.cursor().copy(EXPORT) as rows:
            list(rows)
    approved = [vote(api, votes, request).status_code for request in gate.pending()]
    assert 200 not in approved, "the owner has approved what their own agent asks"
    assert answer.status_code == 400 and "logging in to both" in answer.json()["title"]


def test_nobody_erases_with_another_account_what_opens_the_evidence_of_their_own_doing(api, gate, terminal, provider):
    vote_by_provider(gate, provider)
    with gate.connect() as agent:
        agent.execute("SELECT name FROM patient WHERE mrn = 'MRN-100001'")
    (looked_up,) = [event["id"] for event in gate.events("intent") if "commitment" in event["leaf"]]
    mine, others = (terminal.logged_in(sub)["token"] for sub in ("ana", "rita"))
    refused = api("", "POST", "/audit/erase", {"name": looked_up}, token=mine)
    assert refused.status_code == 409 and "nobody erases" in refused.json()["title"]
    assert terminal.link("ana", session(api, "ana")).status_code == 200
    assert api("", "POST", "/audit/erase", {"name": looked_up}, token=mine).status_code == 409
    assert api("", "POST", "/audit/erase", {"name": looked_up}, token=others).json() == {"salts": 1}


def test_a_link_takes_a_login_on_both_sides(api, gate, terminal, provider):
    answer = terminal.link("rita", session(api, "rita"))
    account = account_of(provider.issuer, "rita")
    assert answer.json() == {"linked": sorted((account, "local:rita"))}
    assert links(gate, "local:rita") == {account} and links(gate, account) == {"local:rita"}


def test_a_link_is_no_session(api, gate, terminal):
    assert "token" not in terminal.link("rita", session(api, "rita")).text


def test_an_equal_name_or_address_links_nothing(api, gate, terminal, provider):
    gate.call(gate.assembly.accounts.create_user("pia@clinic.example", PASSWORD, by="init", groups=["admins"]))
    provider.claims = lambda honest: (
        honest | {"email": "pia@clinic.example", "email_verified": True, "preferred_username": "pia@clinic.example"}
    )
    for sub in ("rita", "local:rita", "pia@clinic.example", "local:pia@clinic.example"):
        made = terminal.logged_in(sub)
        assert made["person"].startswith("oidc-")
        assert not links(gate, made["person"])
        assert "admins" not in api("", "GET", "/me", token=made["token"]).json()["groups"]


@pytest.mark.parametrize("kind", ["key", "connection", "nothing", "forged"])
def test_an_agents_token_cannot_begin_linking(api, gate, terminal, kind):
    key = gate.call(gate.assembly.accounts.register_key("local:bot", by="local:ana")).token
    token = {"key": key, "connection": gate.token(), "nothing": "", "forged": "lgs_forged"}[kind]
    assert api("", "POST", "/login/oidc", {"port": 1, "link": True}, token=token).status_code == 401


def test_a_session_of_the_provider_cannot_begin_linking(api, gate, terminal):
    token = terminal.logged_in("rita")["token"]
    assert api("", "POST", "/login/oidc", {"port": 1, "link": True}, token=token).status_code == 403


def test_a_link_that_was_begun_for_me_does_not_take_my_login(api, gate, terminal, provider):
    """alf begins to link, and has rita follow the address: what comes back ends at her terminal or browser, which
    has not his handle."""
    began = terminal.begin(link=True, token=session(api, "alf"))
    answer = provider.authorize(began["authorization_url"], "rita")
    hers = terminal.begin()
    assert terminal.end(hers, answer, state=began["state"]).status_code == 401
    assert terminal.end(hers, answer).status_code == 401, "nor as her own login: it is the nonce of another"
    assert not links(gate, "local:alf")


def test_a_link_ends_with_the_session_that_asked_for_it(api, gate, terminal, provider):
    token = session(api, "rita")
    began = terminal.begin(link=True, token=token)
    answer = provider.authorize(began["authorization_url"], "rita")
    api("", "POST", "/logout", token=token)
    assert terminal.end(began, answer).status_code == 401
    assert not links(gate, "local:rita")


def test_a_deactivated_person_logs_in_by_no_provider_and_links_nothing(api, gate, terminal, provider):
    account = terminal.logged_in("rita")["person"]
    token = session(api, "paul")
    began = terminal.begin(link=True, token=token)
    for gone in (account, "local:paul"):
        assert api("root", "POST", f"/people/{gone}/deactivate").status_code == 204
    assert terminal.login("rita").status_code == 401
    assert terminal.end(began, provider.authorize(began["authorization_url"], "paul")).status_code == 401


def test_a_password_opens_no_account_of_the_provider(api, gate, terminal):
    account = terminal.logged_in("rita")["person"]
    for password in ("", PASSWORD, "nobody has this password"):
        assert api("", "POST", "/login", {"user": account, "password": password}).status_code == 401


def test_the_device_flow_links_nothing_and_is_off_by_itself(api, gate, terminal):
    assert api("", "POST", "/login/oidc/device").status_code == 400


def test_a_new_reviewer_of_the_provider_cools_off_first(hospital, tmp_path):
    """Whoever runs the provider can make reviewers; not at once, and not without a line in the log."""
    from api import Api
    from clinic import Clock

    clock = Clock()
    with crooked() as provider:
        rules = Rules(cooling_s=3600, issuer=issuer_name(provider.issuer))
        gate = start_gate(hospital, tmp_path, "ai-agents", rules=rules, clock=clock)
        try:
            configure(gate, provider.issuer)
            # Tokens are as old as the clock of this gate says, and logins have to be of its time.
            provider.claims = lambda honest: honest | {"iat": clock() // 10**6, "exp": clock() // 10**6 + 300}
            api = Api(gate)
            terminal = Terminal(api, provider.authorize)
            clock.sleep(2 * 86400)
            assert terminal.link("ana", session(api, "ana")).status_code == 200
            puppet = terminal.logged_in("puppet")["token"]
            assert ask(gate)[0] == "LG004", "somebody who has just been made may decide already"
            clock.sleep(3500)
            puppet = terminal.logged_in("puppet")["token"]
            clock.sleep(200)
            assert ask(gate)[0] == "LG001"
            assert vote(api, puppet, gate.wait_pending()).json()["state"] == "APPROVED"
            # Out of the group and in again: the time begins anew.
            honest = provider.claims
            provider.claims = lambda claims: honest(claims) | {"groups": []}
            terminal.logged_in("puppet")
            provider.claims = honest
            terminal.logged_in("puppet")
            assert ask(gate)[0] == "LG004"
        finally:
            stop_gate(gate)
