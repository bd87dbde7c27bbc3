"""What Lockgate itself says to a client: refusals with `LG…` codes, the notice of a hold, which columns are masked.

DETAIL is one line of JSON for programs, HINT one thing to do for people (postgres.md).
"""

from __future__ import annotations

from datetime import UTC, datetime

from lockgate.action import JSON, canonical
from lockgate.gateways.postgres.masking.treatment import Treatment
from lockgate.gateways.postgres.wire import messages as m
from lockgate.pipeline import Held, Refusal

REFUSED = b"refused by lockgate"
"""Text that no server can parse: it rejects this in place of what was refused, so that the state of its transaction
is the server's own (`BEGIN; UPDATE …; GRANT …` with the GRANT refused must not commit the UPDATE)."""


def refusal(refused: Refusal, severity: str = "ERROR") -> bytes:
    """An ErrorResponse. A client that retries the identical statement finds its request again by itself."""
    detail: dict[str, JSON] = {"code": refused.code}
    if refused.request_id:
        detail |= {"request": refused.request_id, "state": refused.state}
    if refused.classes:
        detail["classes"] = sorted(refused.classes)
    if refused.retry_after_s:
        detail["retry_after_s"] = refused.retry_after_s
    return m.error(severity, refused.code, refused.message, detail=canonical(detail).decode(), hint=refused.hint)


def server_error(sqlstate: str, message: str, position: str = "", hint: str = "") -> bytes:
    """An error that the analysis met: about names in the client's own text, so it may be read."""
    return m.error("ERROR", sqlstate, message, hint=hint, position=position)


def masked_value(column: str = "") -> Refusal:
    """A program that writes or compares what it has read, where what it has read was masked."""
    return Refusal(
        "LG002",
        f"the statement holds a masked value{f' for {column}' if column else ''}, which is no value of the database",
        f"write or compare the real value, or leave {column or 'that column'} out",
    )


def held(told: Held, *, in_transaction: bool = False) -> bytes:
    """The notice that a statement waits for a person, sent at once."""
    until = datetime.fromtimestamp(told.decide_by_at / 1_000_000, UTC)
    detail: dict[str, JSON] = {
        "request": told.request_id,
        "state": "PENDING",
        "classes": sorted(told.classes),
        "decide_by": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "in_transaction": in_transaction,
    }
    open_too = "; your transaction stays open meanwhile" if in_transaction else ""
    return m.notice(
        "NOTICE",
        "LG001",
        f"held for approval: request {told.request_id}, open until {until:%H:%M} UTC: {told.link}{open_too}",
        detail=canonical(detail).decode(),
        hint="wait here, or cancel and repeat the identical statement once it is approved",
    )


def masked_columns(treatment: Treatment) -> bytes:
    """A session's first masked result names what is masked, so that nobody takes a token for a value."""
    names = ", ".join(f"{c.name} ({c.cls}: {c.operator})" for c in treatment.masked[:40])
    return m.notice(
        "NOTICE",
        "00000",
        f"masked by Lockgate: {names}" if names else "masked by Lockgate: every column",
        hint="SET lockgate.reveal = 'class' asks to see a class unmasked",
    )
