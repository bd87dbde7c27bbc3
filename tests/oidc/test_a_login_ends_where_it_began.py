"""State, handle, code: each is good once, for whoever began, and for no other login."""

from __future__ import annotations

import httpx
import pytest

from lockgate.server.api import create_app
from lockgate.services import logins
from providers import PORT, configure

OVER = "it did not begin here, or is over"


def why(answer):
    assert answer.status_code == 401, answer.text
    return answer.json()["title"]


def test_a_state_that_nobody_began(lied_to, liar):
    began = lied_to.begin()
    answer = liar.authorize(began["authorization_url"])
    assert OVER in why(lied_to.end(began, answer, state="x" * 43))
    assert OVER in why(lied_to.end(began, answer, state=""))


def test_a_state_is_good_once(lied_to, liar):
    began = lied_to.begin()
    answer = liar.authorize(began["authorization_url"])
    assert lied_to.end(began, answer).status_code == 200
    assert OVER in why(lied_to.end(began, answer))
    assert OVER in why(lied_to.end(began, liar.authorize(began["authorization_url"])))


def test_a_state_is_used_up_by_a_failure_too(lied_to, liar):
    began = lied_to.begin()
    answer = liar.authorize(began["authorization_url"])
    assert lied_to.end(began, answer, code="wrong").status_code == 401
    assert OVER in why(lied_to.end(began, answer))


def test_a_code_is_good_once(lied_to, liar):
    first = lied_to.begin()
    answer = liar.authorize(first["authorization_url"])
    assert lied_to.end(first, answer).status_code == 200
    second = lied_to.begin()
    replayed = lied_to.end(second, {"code": answer["code"], "state": second["state"]})
    assert "does not take its code" in why(replayed)


def test_a_code_of_another_login_does_not_bring_its_nonce(lied_to, liar):
    """Injected into one's own login, while it is still good at the provider."""
    victim, own = lied_to.begin(), lied_to.begin()
    stolen = liar.authorize(victim["authorization_url"], "rita")["code"]
    assert "another login" in why(lied_to.end(own, {"code": stolen}))


def test_the_verifier_that_is_sent_is_that_of_the_challenge(lied_to, liar):
    from lockgate.identity.oidc import challenge_of
    from providers import answer_of

    began = lied_to.begin()
    lied_to.end(began, liar.authorize(began["authorization_url"]))
    asked = answer_of(began["authorization_url"])
    (form,) = liar.forms
    assert challenge_of(form["code_verifier"]) == asked["code_challenge"]
    assert form["redirect_uri"] == asked["redirect_uri"] == f"http://127.0.0.1:{PORT}/callback"


def test_without_its_handle_a_login_does_not_end(lied_to, liar):
    began, other = lied_to.begin(), lied_to.begin()
    answer = liar.authorize(began["authorization_url"])
    assert OVER in why(lied_to.end(began, answer, handle=other["handle"]))
    assert OVER in why(lied_to.end(began, answer, handle=""))
    assert lied_to.end(began, answer).status_code == 200, "and who began it can still end it"


def test_a_state_of_another_browser(lied_to, liar, gate):
    """A stranger's answer in my browser would have me work in the stranger's account; mine in theirs, worse."""

    async def go():
        transport = httpx.ASGITransport(app=create_app(gate.assembly))
        url = "http://gate.test/api/v1/login/oidc"
        async with httpx.AsyncClient(transport=transport) as mine, httpx.AsyncClient(transport=transport) as theirs:
            sent = await mine.get(f"{url}/browser")
            await theirs.get(f"{url}/browser")
            answer = liar.authorize(sent.headers["location"])
            with_theirs = await theirs.get(f"{url}/callback", params=answer)
            async with httpx.AsyncClient(transport=transport) as fresh:
                with_none = await fresh.get(f"{url}/callback", params=answer)
            with_mine = await mine.get(f"{url}/callback", params=answer)
            return with_theirs, with_none, with_mine

    with_theirs, with_none, with_mine = gate.call(go())
    assert OVER in why(with_theirs) and OVER in why(with_none)
    assert with_mine.status_code == 200


def test_a_terminals_login_does_not_end_at_the_callback_nor_the_other_way(lied_to, liar, api, gate):
    began = lied_to.begin()
    answer = liar.authorize(began["authorization_url"])

    async def go():
        transport = httpx.ASGITransport(app=create_app(gate.assembly))
        async with httpx.AsyncClient(transport=transport, cookies={"lockgate-login": began["handle"]}) as browser:
            return await browser.get("http://gate.test/api/v1/login/oidc/callback", params=answer)

    assert OVER in why(gate.call(go()))


def test_a_login_lives_for_ten_minutes(lied_to, liar, gate, monkeypatch):
    began = lied_to.begin()
    answer = liar.authorize(began["authorization_url"])
    store = gate.assembly.store
    late = store.clock() + 601 * 1_000_000
    monkeypatch.setattr(store, "clock", lambda: late)
    assert OVER in why(lied_to.end(began, answer))


def test_the_provider_says_no(lied_to):
    began = lied_to.begin()
    assert "access_denied" in why(lied_to.end(began, {"error": "access_denied"}))


def test_what_the_provider_says_is_not_repeated(lied_to):
    began = lied_to.begin()
    answer = lied_to.end(began, {"error": "<script>MRN-100001"})
    assert "says no code" in why(answer) and "MRN" not in answer.text


@pytest.mark.parametrize("iss", ["https://other.example", ""])
def test_an_answer_of_another_issuer(lied_to, liar, iss):
    """RFC 9207: another provider's answer, mixed up with this one's."""
    began = lied_to.begin()
    assert "another issuer's" in why(lied_to.end(began, liar.authorize(began["authorization_url"]), iss=iss))


def test_a_provider_that_names_itself_must(lied_to, liar, gate):
    liar.discovery = lambda honest: honest | {"authorization_response_iss_parameter_supported": True}
    configure(gate, liar.issuer)
    began = lied_to.begin()
    assert "another issuer's" in why(lied_to.end(began, liar.authorize(began["authorization_url"])))
    began = lied_to.begin()
    named = lied_to.end(began, liar.authorize(began["authorization_url"]), iss=liar.issuer)
    assert named.status_code == 200


def test_so_many_are_on_their_way_from_one_address_and_no_more(lied_to, api, monkeypatch):
    monkeypatch.setattr(logins, "MOST_FROM_ONE", 3)
    for _ in range(3):
        lied_to.begin()
    assert api("", "POST", "/login/oidc", {"port": PORT}).status_code == 429


def test_a_row_that_was_changed_in_the_store_is_none(lied_to, liar, gate):
    """Whoever writes the store cannot turn a login into the linking of somebody's account."""
    from sqlalchemy import update

    from lockgate.store.tables.logins import logins as table

    began = lied_to.begin()
    gate.call(gate.assembly.store.transact(lambda c: (c.execute(update(table).values(link_to="local:rita")), [])))
    assert OVER in why(lied_to.end(began, liar.authorize(began["authorization_url"])))
