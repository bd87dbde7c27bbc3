"""Pages that a run writes are as new as what was run."""

from __future__ import annotations

import yaml

from what_was_tried import ATTEMPTS, PAGE


def test_the_page_of_what_was_tried_lists_every_attempt():
    """`make redteam` writes it from a run; an attempt that was added since is missing there."""
    rows = [line.split(" | ")[0].removeprefix("| ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    assert rows[1:] == [entry["id"] for entry in yaml.safe_load(ATTEMPTS.read_text())], "run make redteam"
