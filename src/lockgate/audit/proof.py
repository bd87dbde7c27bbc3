"""A receipt: one event, its inclusion proof and the checkpoint, in one file that checks offline (C2SP tlog-proof).

c2sp.org/tlog-proof@v1
extra <base64 of the event>
index <leaf index>
<base64 hash> …

<checkpoint note>
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.audit.merkle import leaf_hash, verify_inclusion
from lockgate.audit.note import Checkpoint, VerifierKey, parse_checkpoint
from lockgate.errors import AuditError

HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a receipt proves: this event is leaf `index` under `checkpoint`."""

    event: bytes
    index: int
    checkpoint: Checkpoint


def make_tlog_proof(event: bytes, index: int, path: Sequence[bytes], checkpoint: str) -> str:
    lines = [HEADER, f"extra {base64.b64encode(event).decode()}", f"index {index}"]
    lines += [base64.b64encode(sibling).decode() for sibling in path]
    return "\n".join(lines) + "\n\n" + checkpoint


def check_tlog_proof(text: str, verifiers: Sequence[VerifierKey]) -> Verified:
    """Offline, with the public key alone. AuditError says what does not hold."""
    head, found, note = text.partition("\n\n")
    lines = head.split("\n")
    if not found or len(lines) < 3 or lines[0] != HEADER:
        raise AuditError("not a tlog-proof file")
    try:
        if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
            raise ValueError
        event = base64.b64decode(lines[1][6:], validate=True)
        index = int(lines[2][6:])
        path = [base64.b64decode(line, validate=True) for line in lines[3:]]
    except ValueError as error:
        raise AuditError("a tlog-proof file is malformed") from error
    checkpoint = parse_checkpoint(note, verifiers)
    verify_inclusion(leaf_hash(event), index, checkpoint.size, path, checkpoint.root)
    return Verified(event, index, checkpoint)
