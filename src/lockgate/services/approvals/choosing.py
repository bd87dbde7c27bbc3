"""What somebody may do about a request, and why not, before they try: the rules of a vote, with nothing written."""

from __future__ import annotations

from sqlalchemy import Connection

from lockgate.approvals import Refusal as Refused
from lockgate.approvals import events, settle, step
from lockgate.services.approvals import people as who
from lockgate.services.approvals.desk import Desk, look, not_believed
from lockgate.services.approvals.entries import Entry, texts
from lockgate.services.approvals.nouns import FORBIDDEN, Choices, Refusal, Voter
from lockgate.services.approvals.voting import NO_SUCH, judge, said


def choices(desk: Desk, conn: Connection, request_id: str, voter: Voter) -> Choices:
    """As of now. A vote is judged again when it is cast: what this allows may be refused then, never the reverse way
    round."""
    entry = look(desk, conn, request_id)
    if entry is None:
        return Choices(NO_SUCH, NO_SUCH, NO_SUCH)
    if entry.doubt:
        void = not_believed(entry)
        return Choices(void, void, void)
    now_at = desk.now(entry)
    entry.request = settle(entry.request, now_at)  # in hand only: a read writes nothing
    people = who.look(desk, conn, now_at)

    def refused(approve: bool) -> Refusal | None:
        judged = judge(
            desk,
            conn,
            people,
            entry,
            voter,
            now_at,
            approve=approve,
            reason="",
            action_digest=entry.request.action_digest,
            view_digest=entry.request.view_digest,
        )
        return _said(entry, judged.refused)

    return Choices(refused(True), refused(False), _withdraw(entry, voter, now_at))


def _withdraw(entry: Entry, voter: Voter, now_at: int) -> Refusal | None:
    if voter.person_id not in texts(entry.facts.get("everyone")):
        return Refusal(FORBIDDEN, "only who asked may withdraw it", "", entry.request.id)
    after = step(entry.request, events.Withdrawn(), now_at)
    return _said(entry, after if isinstance(after, Refused) else None)


def _said(entry: Entry, refused: Refused | None) -> Refusal | None:
    return None if refused is None else said(entry, refused.message, refused.hint)
