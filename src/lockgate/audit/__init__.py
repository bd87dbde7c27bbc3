"""The transparency log, pure: events, Merkle tree, signed checkpoints, proofs, verification.

In: events and keys. Out: leaves, roots, notes, receipts, and a report that says where a log was changed. No I/O and
no clock. It must never sign what it has not hashed, nor call a log good that only its own key vouches for.
"""

from lockgate.audit.event import Event, leaf_bytes
from lockgate.audit.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from lockgate.audit.note import Checkpoint, SigningKey, VerifierKey, make_checkpoint, open_note, parse_checkpoint
from lockgate.audit.proof import Verified, check_tlog_proof, make_tlog_proof
from lockgate.audit.types import TYPES
from lockgate.audit.verify import Entry, Report, Verdict, verify_log

__all__ = [
    "TYPES",
    "Checkpoint",
    "Entry",
    "Event",
    "Frontier",
    "Report",
    "SigningKey",
    "Verdict",
    "Verified",
    "VerifierKey",
    "check_tlog_proof",
    "consistency_proof",
    "inclusion_proof",
    "leaf_bytes",
    "leaf_hash",
    "make_checkpoint",
    "make_tlog_proof",
    "node_hash",
    "open_note",
    "parse_checkpoint",
    "verify_consistency",
    "verify_inclusion",
    "verify_log",
]
