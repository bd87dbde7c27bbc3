"""The types of event that the log holds, and what each says happened.

A newer version may have written others, so a reader of a log passes over what it does not know; this version writes
exactly these (a test reads the source for them).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TYPES: Final[Mapping[str, str]] = {
    # one action, from the question to what became of it
    "decision": "What policy answered where it did not simply allow: `require` names the request, `deny` and `refused` "
    "say why; with who asked, what for, and who may not approve.",
    "intent": "An action is about to be sent upstream, by its `execution`; durable before the server sees it. "
    "`mode` is `shape` where one intent stands for all runs of a statement in a session.",
    "shape.counted": "How often a statement recorded by shape has run so far, with rows and bytes.",
    "outcome": "What became of an `execution`: SUCCEEDED, FAILED or UNKNOWN, with rows and bytes that left.",
    "reconciled": "A person found out what an UNKNOWN execution did.",
    "session.opened": "A client was let in: who, through whom, for whom, from which address, to which connection.",
    "session.closed": "A session ended; `why` is the SQLSTATE that ended it, or empty.",
    # a request and the people who decide on it
    "request.changed": "A request went from one state to another; with its place in the request's own history.",
    "request.escalated": "Somebody asked more people besides.",
    "caller.gone": "The last client that waited for a request hung up, or its gateway died.",
    "view.sampled": "Rows of these tables were read, to be shown to reviewers masked.",
    "vote": "A person approved or denied, with a reason, bound to the digests of the action and of what was shown; "
    "also a vote that was refused, and why.",
    "grant.consumed": "The single use of an approval was taken: which request, which execution, whose votes.",
    "standing.used": "A standing grant served one more request.",
    "delegation": "A place in a group was lent, or given back.",
    "break_glass": "Somebody went ahead alone in an emergency: classes, reason, until when.",
    "review.due": "A use of break-glass is to be looked at by two others, until `due_at`.",
    "review": "One of them looked at it, and said whether it was justified.",
    "review.overdue": "Nobody did in time.",
    "kill_switch": "Everything was stopped, or somebody agreed to go on.",
    # who there is
    "user.created": "An account of a person was made.",
    "agent.registered": "An account of an agent or a service was made, with its owners.",
    "account.deactivated": "An account was closed.",
    "accounts.linked": "Two accounts were said to be of one human.",
    "groups.changed": "Somebody joined or left groups.",
    "owners.changed": "An agent got or lost owners.",
    "credential.registered": "A token or key was made; never the secret.",
    "credential.revoked": "Credentials were ended before their time.",
    # the rules in force
    "policy.changed": "Another policy set is in force, or a permit began or ended; `loosened` where it may allow more.",
    "catalog.changed": "Another PHI map is in force.",
    "catalog.differs": "Tables are no longer those that the PHI map was reviewed for; webhooks were told.",
    # the store and the log itself
    "key.changed": "Payloads are sealed with another key.",
    "log.key": "The log is signed with another key from here on.",
    "log.failed": "The log could not be signed or copied; nothing that matters executes.",
    "log.resumed": "It can be again.",
    "checkpoint_dir.begun": "The first checkpoint was copied to `checkpoint_dir`; what was before had none there.",
    "salt.destroyed": "Salts of commitments were destroyed, by retention or by a person.",
    "store.upgraded": "The store was migrated; what was never sealed before is sealed now.",
    "store.restored": "An older store was put back: to which event, how many were given up, what was voided.",
    "restore.accepted": "A person accepted that; it takes two.",
    "store.disbelieved": "A row of a request is not what its history says: somebody changed the store. It is void.",
}
