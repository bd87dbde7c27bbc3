"""What stands in the room: all of the stored view or no button; nothing an agent wrote speaks there; no PHI."""

from __future__ import annotations

import json
import logging

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from lockgate.channels.slack import blocks
from lockgate.services.approvals import Refusal, Voter
from slack_standin import SECRET, TOKEN, buttons, words
from support import tried

SHOUT = "<!channel> <!here> <@URITA> <https://evil.test|approved by rita> @channel https://evil.test *ok* ``` _x_ &lt;"


def texts(message):
    return [b["text"] for b in message["blocks"] if b["type"] == "section"] + [
        element for b in message["blocks"] if b["type"] == "context" for element in b["elements"]
    ]


def test_nothing_that_an_agent_wrote_mentions_links_or_leaves_its_box(reviews):
    column = '"<!channel> ``` https://evil.test"'
    reviews.asked(
        f"UPDATE task SET done = true WHERE id = 11 AND title <> 'x' AND EXISTS (SELECT 1 AS {column})",
        "SET lockgate.reason = '<!channel> please <@urita> see <https://evil.test|this> ``` *ok*'",
        "SET lockgate.purpose = 'treatment'",
    )
    reviews.work()
    _, said = reviews.message()
    said_texts = texts(said)
    links = [t["text"] for t in said_texts if "<" in t["text"]]
    assert len(links) == 1 and links[0].startswith("<http://lockgate.test/console/requests/req_")
    assert all(text["verbatim"] and text["type"] == "mrkdwn" for text in said_texts)
    boxes = [t["text"] for t in said_texts if t["text"].startswith("```")]
    assert boxes and all(text.count("```") == 2 and text.endswith("\n```") for text in boxes)
    assert (said["parse"], said["link_names"], said["unfurl_links"]) in [
        ("none", False, False),
        ("none", "0", "0"),
        ("none", "False", "False"),
        ("none", "false", "false"),
    ]
    assert "evil" not in said["text"] and "<" not in said["text"]


@pytest.mark.parametrize("hostile", [SHOUT, "`" * 50, "&&&<<<>>>", "a\u202eb"])
def test_escaped_text_stays_text(hostile):
    escaped = blocks.escape(hostile)
    assert not set("<>") & set(escaped) and "``" not in escaped
    assert escaped.replace("\u200b", "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == hostile


def test_what_does_not_fit_has_no_buttons_and_leads_to_the_console(reviews, slack):
    reviews.link("URITA", "rita")
    rows = " OR ".join(f"(id = {n} AND title = '{n}')" for n in range(400))
    request = reviews.asked(f"UPDATE task SET done = true WHERE {rows}")
    reviews.work()
    _, said = reviews.message()
    assert buttons(said) == [] and "too long to be shown here" in words(said)
    assert f"console/requests/{request.id}" in words(said)
    stored = {"lines": request.lines, "body": request.view}
    refused = reviews.gate.call(
        reviews.gate.assembly.approvals.vote(
            request.id,
            voter=Voter("local:rita", True, False, channel="slack", through="slack:T0CLINIC.URITA"),
            approve=True,
            reason="",
            action_digest=request.action_digest,
            view_digest=blocks.show(request.id, request.view_digest, stored).digest,
        )
    )
    assert isinstance(refused, Refusal) and "not all of it can be shown there" in refused.message


def test_high_risk_is_decided_in_the_console(reviews, slack):
    reviews.link("URITA", "rita")
    request = reviews.asked("GRANT SELECT ON task TO reporting")
    reviews.work()
    _, said = reviews.message()
    assert request.risk == "high" and buttons(said) == [] and "its risk is too high for a chat" in words(said)


@pytest.mark.parametrize("approve", [True, False])
def test_a_vote_on_high_risk_from_slack_is_not_taken(reviews, approve):
    reviews.link("URITA", "rita")
    request = reviews.asked("GRANT SELECT ON task TO reporting")
    stored = {"lines": request.lines, "body": request.view}
    refused = reviews.gate.call(
        reviews.gate.assembly.approvals.vote(
            request.id,
            voter=Voter("local:rita", True, False, channel="slack", through="slack:T0CLINIC.URITA"),
            approve=approve,
            reason="no",
            action_digest=request.action_digest,
            view_digest=blocks.show(request.id, request.view_digest, stored).digest,
        )
    )
    assert isinstance(refused, Refusal) and "risk is too high" in refused.message


def test_no_phi_and_no_secret_leaves_or_is_logged(reviews, slack, hospital, caplog):
    reviews.link("URITA", "rita")
    caplog.set_level(logging.DEBUG)
    with hospital.direct() as direct:
        patients = direct.execute("SELECT mrn, name, ssn, phone, email, street FROM patient").fetchall()
    mrn, name, ssn, phone, email, street = patients[6]
    reviews.asked(
        f"SELECT name FROM patient WHERE ssn = '{ssn}' OR name = '{name}' OR phone = '{phone}' OR street = '{street}'",
        f"SET lockgate.reason = 'for {name}, {ssn}, {mrn}'",
    )
    reviews.work()
    reviews.command("URITA")
    reviews.decide("URITA", "lockgate.deny", f"{name} ({ssn}) is not to be looked for")
    assert "Your vote counts" in reviews.whispered("URITA")
    sent = "\n".join(slack.bodies)
    assert len(sent) > 1000
    for row in patients:
        for value in row:
            assert value not in sent, "a value of the hospital's"
    kept = (reviews.folder / "lockgate.db").read_bytes() + (reviews.folder / "lockgate.db-wal").read_bytes()
    for value in (ssn, name, phone, email):
        assert value.encode() not in kept, "nor is what a voter wrote kept as it was written"
    for secret in (SECRET, TOKEN):
        assert secret not in caplog.text and secret.encode() not in kept
        assert secret not in repr(reviews.gate.assembly.slack.settings)
    assert ssn not in caplog.text and "UPDATE patient" not in caplog.text


def test_slacks_own_models_take_it_and_fold_nothing_away(reviews, slack):
    reviews.link("URITA", "rita")
    reviews.asked()
    reviews.work()
    reviews.press("URITA")
    for block in reviews.message()[1]["blocks"]:
        Block.parse(block).validate_json()
        assert block["type"] != "section" or block["expand"] is True
    View(**slack.forms[-1]).validate_json()


def test_a_button_carries_an_opaque_id_and_nothing_else(reviews):
    request = reviews.asked()
    reviews.work()
    for button in buttons(reviews.message()[1]):
        assert len(button["value"]) == 40 and request.id not in button["value"]
        assert set(button) == {"type", "text", "action_id", "value", "style"}
    assert request.action_digest not in json.dumps(reviews.message())


def test_masked_statements_are_not_told_at_all(reviews, slack):
    assert tried(reviews.gate, "SELECT count(*) FROM task") == ""
    reviews.work()
    assert slack.calls == []


def test_the_list_of_what_waits_makes_no_link_of_what_an_agent_wrote(reviews):
    """The answer to a command is no verbatim block: Slack links there what looks like an address."""
    reviews.link("URITA", "rita")
    reviews.asked()
    (line,) = reviews.command("URITA").splitlines()
    assert line.count("`") == 2 and line.endswith("`")
    assert blocks.inline("read `t`\n• <https://evil.test|req_1>") == "`read 't' • &lt;https://evil.test|req_1&gt;`"
