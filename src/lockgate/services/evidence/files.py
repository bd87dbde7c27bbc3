"""Write an export into a folder of its own. Names are ids and digests, checked: nothing from the store is a path."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from lockgate.audit import VerifierKey
from lockgate.errors import AuditError
from lockgate.services.evidence.collect import Evidence
from lockgate.services.evidence.pages import index_page, population_csv, story_page

NAME = re.compile(r"[a-z]{1,16}_[0-9a-f]{8,40}|[0-9a-f]{64}")
README = """\
population.csv   every signed event of the span; `sampled` says which were drawn
index.html       start here; pages/ has one page for each request or event that was drawn
proofs/          one receipt (C2SP tlog-proof) for each event that a page shows
policies/        each policy set, with its approval profiles, that these events name by digest
catalogs/        each PHI map that these events name by digest
log.pub          the public key of the log: compare its fingerprint with the one you were given
checkpoint       the signed statement of size and root that the receipts are under

Check it, offline:   lockgate audit check THIS-FOLDER --key log.pub
That the log ends where it should is another question: lockgate audit verify STORE --checkpoint KEPT-ELSEWHERE
"""


def write_evidence(evidence: Evidence, folder: Path) -> None:
    """Everything into a new or empty folder (mode 0700). AuditError: it is not empty, or cannot be written."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise AuditError("the folder for the export is not empty", hint="give a new one")
        fingerprint = VerifierKey.from_text(evidence.key).fingerprint
        _write(folder / "README.txt", README)
        _write(folder / "population.csv", population_csv(evidence))
        _write(folder / "index.html", index_page(evidence, fingerprint))
        _write(folder / "checkpoint", evidence.checkpoint)
        _write(folder / "log.pub", evidence.key + "\n")
        wanted = evidence.wanted
        drawn = {"seed": wanted.seed, "sample": wanted.sample, "from_at": wanted.from_at, "to_at": wanted.to_at}
        _write(folder / "sample.json", json.dumps({**drawn, "types": sorted(wanted.types)}, indent=2) + "\n")
        for story in evidence.stories:
            _write(folder / "pages" / f"{_named(story.request or story.event.id)}.html", story_page(story))
        for id_, proof in evidence.proofs.items():
            _write(folder / "proofs" / f"{_named(id_)}.tlog-proof", proof)
        for kind, versions in (("policies", evidence.policies), ("catalogs", evidence.catalogs)):
            for digest, files in versions.items():
                text = "".join(f"=== {name}\n{body.rstrip()}\n\n" for name, body in sorted(files.items()))
                _write(folder / kind / f"{_named(digest)}.txt", text)
    except OSError as error:
        raise AuditError("the export cannot be written", hint="is the disk full?") from error


def _named(name: str) -> str:
    if not NAME.fullmatch(name):
        raise AuditError("an event of this store carries an id that is none")
    return name


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(text)
