"""Cross-site scripting: whatever an agent, or anybody, writes is text on a page and never a part of it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from types import SimpleNamespace

import psycopg
import pytest

from browsing import text_of
from lockgate.approvals import Status
from lockgate.server.console import rendering, words
from lockgate.server.console.timeline import timeline
from lockgate.services.approvals import Choices, InboxPage, Refusal, VoteShown

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}<!--"
RAW = ("<script>alert", "<img src=x", "onerror=alert(2)>", "49<!--")


def clean(html):
    return not [piece for piece in RAW if piece in html]


@pytest.fixture
def evil_table(hospital):
    name = "<script>alert(3)</script>"
    hospital.superuser(f'CREATE TABLE "{name}" (id int, "<img src=x>" int); GRANT ALL ON "{name}" TO PUBLIC')
    yield name
    hospital.superuser(f'DROP TABLE "{name}"')


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def statements(evil_table):
    alias = quoted(EVIL[:60])
    yield f"UPDATE task AS {alias} SET done = true WHERE {alias}.id = 1 -- {EVIL}"
    yield f"/* {EVIL} */ UPDATE task SET title = '{EVIL.replace(chr(39), chr(39) * 2)}' WHERE id = 2"
    yield f'DELETE FROM "{evil_table}"'
    yield f"WITH {alias} AS (SELECT 1 AS {alias}) UPDATE task SET done = true FROM {alias} WHERE task.id = 3"
    yield f"DELETE FROM task WHERE id = 4 RETURNING title AS {alias}"


def test_every_field_that_an_agent_controls(console, evil_table):
    gate = console.gate
    with gate.connect(application_name=EVIL[:60]) as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        agent.execute(f"SET lockgate.reason = '{EVIL.replace(chr(39), chr(39) * 2)}'")
        for statement in statements(evil_table):
            with pytest.raises(psycopg.Error) as refused:
                agent.execute(statement.encode())
            assert refused.value.sqlstate == "LG001", refused.value
    requests = gate.pending()
    assert len(requests) == 5
    rita = console.browser("rita")
    pages = [rita.page(f"/console/{box}") for box in ("", "waiting", "all")]
    for request in requests:
        assert rita.decide(request.id, "deny", words=EVIL).status_code == 303
        pages.append(rita.page(f"/console/requests/{request.id}"))
    assert all(clean(page) for page in pages)
    assert "&lt;script&gt;alert(3)&lt;/script&gt;" in "".join(pages), "a table's own name is shown, as text"
    assert "They say:" in "".join(pages)
    assert "rita denied:" in "".join(pages)


def test_what_a_person_wrote_into_a_form_comes_back_as_text(console):
    running, request = console.ask()
    rita = console.browser("rita")
    answer = rita.decide(request.id, "deny", words=EVIL, view_digest=EVIL)
    assert answer.status_code == 409
    assert clean(answer.text)
    assert EVIL in text_of(answer.text)
    answer = console.browser().login(EVIL, "wrong")
    assert answer.status_code == 401
    assert clean(answer.text)
    assert EVIL.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;").replace('"', "&#34;") in answer.text
    gate = console.gate
    gate.vote(request, "rita")
    assert running.result() == 1


def poisoned(value):
    """The same shape with every text replaced."""
    if isinstance(value, str) and not isinstance(value, Status):
        return EVIL
    if isinstance(value, dict):
        return {name: poisoned(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(poisoned(one) for one in value)
    return value


def test_even_where_everything_that_is_stored_is_hostile(console):
    """Not only what agents can reach today: every text of a request, its view, its votes and its events."""
    running, request = console.ask()
    gate = console.gate
    gate.vote(request, "rita")
    assert running.result() == 1
    decided = gate.call(gate.assembly.approvals.get(request.id))
    vote = VoteShown(EVIL, False, 1, EVIL, (EVIL,))
    given = {one.name: poisoned(getattr(decided, one.name)) for one in fields(decided)}
    body = {**given["view"], "permit": EVIL, "flags": [EVIL], "parameters": [EVIL], "sample": [[EVIL, EVIL]]}
    body |= {"uninspectable": EVIL, "purpose": EVIL, "reason": {"text": EVIL, "verified": False}, "estimated_rows": 1}
    body["who"] |= {"actors": [EVIL], "on_behalf_of": EVIL}
    odd = {"votes": (vote,), "reviews": (vote,), "conflicts": {EVIL: (EVIL,)}, "asked": (EVIL,), "gone_at": 1}
    hostile = replace(replace(decided, **given), **odd, view=body, parent=EVIL, child=EVIL)
    refusal = Refusal("LG004", EVIL, EVIL)
    leaf = '{"body": {"person": %s, "reason": %s, "why": %s, "to": %s, "status": %s, "principal": %s, "counted": true}}'
    leaf = leaf % ((json.dumps(EVIL),) * 6)
    kinds = ("vote", "review", "request.changed", "decision", "outcome", EVIL)
    told = timeline([{"time_at": 1, "id": EVIL, "type": kind, "leaf": leaf} for kind in kinds])
    asked = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(assembly=gate.assembly)))
    me = SimpleNamespace(id=EVIL)
    for state in Status:
        for choices in (Choices(None, None, None), Choices(refusal, refusal, refusal)):
            html = rendering.page(
                asked,
                "request.html",
                title=EVIL,
                me=me,
                csrf=EVIL,
                r=replace(hostile, state=state),
                body=body,
                ask=choices,
                why_not=words.about(refusal),
                reasons=(EVIL,),
                timeline=told,
                said=words.about(refusal),
                reason=EVIL,
            ).body.decode()
            assert clean(html)
            assert html.count("&lt;script&gt;") > 50
    page = InboxPage((hostile,), None, 1, 1)
    html = rendering.page(
        asked, "inbox.html", title=EVIL, me=me, box="decide", inbox=page, here=EVIL, next_page=EVIL, later=True
    ).body.decode()
    assert clean(html)
