"""What a refusal of the path says: its stable code, what happened, and the one thing to do."""

from __future__ import annotations

from lockgate.action import Decision
from lockgate.errors import LockgateError
from lockgate.pipeline.nouns import Facts, Refusal, Wishes
from lockgate.services.approvals import Refusal as ApprovalRefusal

WAITING, FORBIDDEN, DENIED, EXPIRED, FAILED = "LG001", "LG002", "LG003", "LG004", "LG005"

NEVER_WITHOUT_PEOPLE = "no policy lets anybody do this"


def stopped() -> Refusal:
    return Refusal(FAILED, "the kill switch is on: nothing is executed", "ask whoever turned it on")


def unrecorded(error: LockgateError) -> Refusal:
    return Refusal(FAILED, "Lockgate could not record this, so nothing was executed", error.hint or "try again")


def why(decision: Decision) -> str:
    titles = ", ".join(reason.title or reason.policy_id for reason in decision.reasons)
    return f"forbidden by policy: {titles or NEVER_WITHOUT_PEOPLE}"


def way_out(facts: Facts, wishes: Wishes) -> str:
    if wishes.reveal & facts.classes:
        return "leave lockgate.reveal empty to read it masked"
    if facts.code:
        return f"not known to be safe, so it counts as code: {', '.join(sorted(facts.code)[:5])}"
    if facts.probes:
        return f"do not search by {', '.join(sorted(facts.probes))}"
    return "ask whoever keeps the policy; nobody can approve this"


def from_refusal(refusal: ApprovalRefusal, facts: Facts) -> Refusal:
    return Refusal(
        refusal.code,
        refusal.message,
        refusal.hint,
        refusal.request_id,
        refusal.state,
        facts.classes,
    )
