"""A request as Slack's Block Kit, and the form that asks for a reason. Pure.

What is shown is the stored view, line for line, in preformatted text with `&`, `<` and `>` escaped: whatever an agent
wrote can neither mention anybody, nor link, nor leave its box
(docs.slack.dev/messaging/formatting-message-text, "Escaping text"). What people see of it binds their vote: `show`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.action import JSON, digest
from lockgate.channels.slack.settings import CHANNEL
from lockgate.services.approvals import RequestView, ShownThere, Status

RENDERER = 1
SECTION_CHARS = 2_900
"""Slack takes 3,000 in the text of a section."""
MOST_SECTIONS = 4
"""Slack takes 50 blocks, and cuts the messages that get too long; four are read without scrolling for minutes."""
MOST_LINE_CHARS = SECTION_CHARS - 10
REASON_CHARS = 500
FENCE = "```"
APPROVE, DENY = "lockgate.approve", "lockgate.deny"

Block = dict[str, Any]

STANDS: Mapping[Status, str] = {
    Status.PENDING: "waits for a decision",
    Status.APPROVED: "was approved, and is not used yet",
    Status.EXECUTING: "is running",
    Status.SUCCEEDED: "was approved, and is done",
    Status.FAILED: "was approved, and failed",
    Status.UNKNOWN: "was approved; whether it was done is not known",
    Status.DENIED: "was denied",
    Status.EXPIRED: "was not decided in time: it does not run",
    Status.CANCELLED: "was taken back: it does not run",
    Status.LAPSED: "was approved, and not used in time",
    Status.REVOKED: "was approved, which was taken back",
    Status.REVIEW_DUE: "was an emergency; its review is due",
}


def escape(text: str) -> str:
    """Text that stays text in mrkdwn. Behind each backtick stands a character without width: no three close a box."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("`", "`\u200b")


def inline(text: str) -> str:
    """Text on one line, as code: outside of a verbatim block Slack makes a link of what looks like an address."""
    return f"`{escape(' '.join(text.replace('`', chr(39)).split()))}`"


def show(request_id: str, view_digest: str, view: Mapping[str, Any]) -> ShownThere:
    """What a vote from Slack binds to, and whether all of the stored view is shown."""
    sections = _sections(view.get("lines", ()))
    shown: JSON = {
        "channel": CHANNEL,
        "renderer": RENDERER,
        "request": request_id,
        "of": view_digest,
        "sections": list(sections),
    }
    whole = view.get("body", {}).get("whole") is True and bool(sections)
    return ShownThere(digest("view", shown), whole)


def message(view: RequestView, button: str, console: str) -> tuple[str, list[Block]]:
    """The fallback text and the blocks. `button` is what its buttons carry, `console` the link."""
    stands = STANDS.get(view.state, f"is {view.state.value.lower().replace('_', ' ')}")
    title = f"A request of {view.risk} risk {stands}"
    blocks: list[Block] = [_markdown(f"*{title}*")]
    sections = _sections(view.lines)
    stored = {"lines": view.lines, "body": view.view}
    whole = show(view.id, view.view_digest, stored).whole
    if whole:
        blocks += [_markdown(f"{FENCE}\n{text}\n{FENCE}") for text in sections]
    else:
        blocks.append(_markdown("It is too long to be shown here as a whole, so nobody can decide it here."))
    said = [f"{'approved' if vote.approve else 'denied'} by {escape(vote.person)}" for vote in view.votes]
    if view.state is Status.PENDING and view.asked:
        said.append(f"now asked: {escape(', '.join(view.asked))}")
    if view.state is Status.PENDING and view.gone_at:
        said.append("nobody waits for it any more")
    if view.state is Status.PENDING and view.console_only:
        said.append(escape(view.console_only))
    if said:
        blocks.append({"type": "context", "elements": [_text("; ".join(said)[:SECTION_CHARS])]})
    if view.state is Status.PENDING and whole and not view.console_only:
        blocks.append(
            {
                "type": "actions",
                "block_id": "lockgate",
                "elements": [
                    _button("Approve…", APPROVE, button, "primary"),
                    _button("Deny…", DENY, button, "danger"),
                ],
            }
        )
    blocks.append(_markdown(f"<{console}|Open it in the console>"))
    return f"Lockgate: {title[0].lower()}{title[1:]}", blocks


def word(words: str, console: str = "") -> str:
    """What one person is told, with the link where there is one."""
    return f"{escape(words)} <{console}|Open it in the console>" if console else escape(words)


def form(button: str, *, approve: bool, about: str) -> dict[str, Any]:
    """A modal that asks for the reason; `about` is the view's one sentence."""
    return {
        "type": "modal",
        "callback_id": APPROVE if approve else DENY,
        "private_metadata": button,
        "title": {"type": "plain_text", "text": "Approve" if approve else "Deny"},
        "submit": {"type": "plain_text", "text": "Approve" if approve else "Deny"},
        "close": {"type": "plain_text", "text": "Back"},
        "blocks": [
            _markdown(f"{FENCE}\n{escape(about)[:MOST_LINE_CHARS]}\n{FENCE}"),
            {
                "type": "input",
                "block_id": "reason",
                "optional": approve,
                "label": {"type": "plain_text", "text": "Why"},
                "hint": {"type": "plain_text", "text": "Name no patient: it is kept, masked."},
                "element": {
                    "type": "plain_text_input",
                    "action_id": "reason",
                    "multiline": True,
                    "max_length": REASON_CHARS,
                },
            },
        ],
    }


def _sections(lines: JSON | tuple[str, ...]) -> tuple[str, ...]:
    """The lines, escaped, as the texts of sections; none where they do not fit as a whole."""
    if not isinstance(lines, list | tuple) or not lines:
        return ()
    texts: list[str] = []
    for line in lines:
        escaped = escape(str(line))
        if len(escaped) > MOST_LINE_CHARS:
            return ()
        if texts and len(texts[-1]) + len(escaped) + 1 <= MOST_LINE_CHARS:
            texts[-1] += "\n" + escaped
        else:
            texts.append(escaped)
    return tuple(texts) if len(texts) <= MOST_SECTIONS else ()


def _text(text: str) -> Block:
    # Verbatim: what looks like an address, a room or a name stays text.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _markdown(text: str) -> Block:
    # Expanded: without it Slack may fold a long text behind "see more", and people decide on what they have not read.
    return {"type": "section", "text": _text(text), "expand": True}


def _button(label: str, action: str, value: str, style: str) -> Block:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": label},
        "action_id": action,
        "value": value,
        "style": style,
    }
