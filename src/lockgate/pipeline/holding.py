"""A caller is held: told of the request, kept waiting while people decide, and told how it ended."""

from __future__ import annotations

import asyncio

from lockgate.pipeline.nouns import Caller, Facts, Held, Refusal, Wishes
from lockgate.pipeline.words import DENIED, EXPIRED, WAITING
from lockgate.services.approvals import Approvals, Opened

AFTER_A_WRITE = "what people approve does not run in a transaction that has written"


async def held(approvals: Approvals, opened: Opened, facts: Facts, wishes: Wishes, caller: Caller) -> Refusal | None:
    """None once the request is approved; otherwise why not, after `wishes.hold_s` at the latest."""
    if wishes.wrote:
        return _not_here(opened, facts)
    if opened.state == "APPROVED":
        return None
    if not wishes.wait:
        return _waiting("waiting", opened, opened.state, facts)
    await caller.told(Held(opened.request_id, opened.link, opened.decide_by_at, facts.classes))
    state = await _wait(approvals, opened.request_id, wishes.hold_s, caller)
    return None if state == "APPROVED" else await _unapproved(approvals, opened, state, facts)


async def _wait(approvals: Approvals, request_id: str, hold_s: float, caller: Caller) -> str:
    """The request's state when it leaves PENDING, the hold ends (PENDING) or the caller goes (GONE)."""
    decided = asyncio.ensure_future(approvals.wait(request_id, hold_s))
    gone = asyncio.ensure_future(caller.gone())
    try:
        done, _ = await asyncio.wait({decided, gone}, return_when=asyncio.FIRST_COMPLETED)
        if decided in done:
            return str(decided.result())
        await approvals.caller_gone(request_id)
        return "GONE"
    finally:
        decided.cancel()
        gone.cancel()


async def _unapproved(approvals: Approvals, opened: Opened, state: str, facts: Facts) -> Refusal:
    request_id = opened.request_id
    if state == "GONE":
        return Refusal("57014", "canceled while held for approval", "", request_id, "PENDING", facts.classes)
    if state == "PENDING":
        return _waiting("still waiting", opened, state, facts)
    if state == "DENIED":
        reason = await approvals.denial_reason(request_id)
        return Refusal(
            DENIED, f"denied by a reviewer: {reason or 'no reason given'}", "", request_id, state, facts.classes
        )
    if state == "SUPERSEDED":
        child = await approvals.successor(request_id)
        return Refusal(
            EXPIRED,
            f"request {request_id} was edited: {child} takes its place",
            f"see what it says with lockgate requests show {child}; once approved, send the edited statement",
            child,
            state,
            facts.classes,
        )
    return Refusal(EXPIRED, f"request {request_id} is {state.lower()}", "ask again", request_id, state, facts.classes)


def _not_here(opened: Opened, facts: Facts) -> Refusal:
    """In a transaction that has written: people would hold its locks, and its end could undo what they approve."""
    if opened.state == "APPROVED":
        hint = "it is approved: roll back, and repeat the identical statement before anything is written"
        return Refusal(WAITING, AFTER_A_WRITE, hint, opened.request_id, opened.state, facts.classes)
    hint = "roll back; once it is approved, repeat the identical statement before anything is written"
    return Refusal(WAITING, AFTER_A_WRITE, hint, opened.request_id, opened.state, facts.classes, 30)


def _waiting(how: str, opened: Opened, state: str, facts: Facts) -> Refusal:
    return Refusal(
        WAITING,
        f"{how} for approval: request {opened.request_id}, {opened.link}",
        "repeat the identical statement once it is approved",
        opened.request_id,
        state,
        facts.classes,
        30,
    )
