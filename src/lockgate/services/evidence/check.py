"""Check an export offline, with the public key alone: each receipt, and that the sample is the one its seed draws."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from lockgate.audit import VerifierKey, check_tlog_proof
from lockgate.errors import AuditError
from lockgate.services.evidence.sample import draw


def check_folder(folder: Path, verifiers: Sequence[VerifierKey]) -> int:
    """How many receipts hold. AuditError: one does not, a sampled event has none, a row of the population says
    something else than its event, or another sample was drawn."""
    try:
        with (folder / "population.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        drawn = json.loads((folder / "sample.json").read_text())
        count, seed = int(drawn["sample"]), int(drawn["seed"])
        sampled = {row["event"]: row for row in rows if row["sampled"] == "yes"}
        if set(sampled) != draw((row["event"] for row in rows), count, seed):
            raise AuditError("the sample is not the one that its seed draws from this population")
        events = {}
        for path in sorted((folder / "proofs").glob("*.tlog-proof")):
            found = check_tlog_proof(path.read_text(), verifiers)
            event = json.loads(found.event)
            if event["id"] != path.name.removesuffix(".tlog-proof"):
                raise AuditError(f"{path.name} is the receipt of another event")
            events[event["id"]] = (str(found.index), event["type"])
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise AuditError("this is no whole export", hint="lockgate audit export makes one") from error
    for id_, row in sampled.items():
        if id_ not in events:
            raise AuditError(f"the sampled event {id_} has no receipt")
        if events[id_] != (row["index"], row["type"]):
            raise AuditError(f"the row of {id_} does not say what its event says")
    return len(events)
