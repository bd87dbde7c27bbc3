"""Texts made to be slow, beside honest text of the same size: how many times as long they take to search and replace.

Run: python -m bench.hostile. No more than 3 is wanted (`slowest`).
"""

from __future__ import annotations

import json
import time

from training.marks import TEXTS, documents

from lockgate.phi.finding import engine
from lockgate.phi.replacing import named, replace

SIZE = 400_000
ROUNDS = 3
REPEATED = (
    *("a", "1", "A ", "-", "1-", "1.", "a@", "a.", "'", '"', "_", "%", "(", " ", "\n", "\0", "1 ", "ab:", "1/2/"),
    *("Smith ", "Smith-", "Smith, ", "O'", "Dr. ", "J. ", "Mr. John Smith, ", "MRN: ", "May ", "and of the ", "Apt 4 "),
    *("01/02/2003 ", "555-0100 ", "219-09-9999 ", "1.1.1.1.", "::1 ", "12 Main St, ", "http://", "http://a ", "www.a."),
    *("\u200b", "1\u200b", "e\u0301", "🙂", "\u202eא", "Жук ", "\udce9", "ﬃ", "٣", "January 3 – ", "a@b.c ", "#1 "),
)
"""Each of them repeated to the size."""


def run() -> dict[str, object]:
    """Times the processor's time of honest long notes, by what is repeated; only those above one half."""
    honest = "\n\n".join(document.text for document in documents(TEXTS / "held-long.txt"))
    usual = _seconds(_of_size(honest))
    ratios = {repr(piece): round(_seconds(_of_size(piece)) / usual, 2) for piece in REPEATED}
    slowest = max(ratios, key=lambda piece: ratios[piece])
    above = {piece: ratio for piece, ratio in ratios.items() if ratio > 0.5}
    return {"slowest": ratios[slowest], "slowest_is": slowest, "above_one_half": above}


def _of_size(piece: str) -> str:
    return (piece * (SIZE // len(piece) + 1))[:SIZE]


def _seconds(text: str) -> float:
    way = named("safe-harbor")
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        replace([text], engine().find([text], way.bias), way, patients=["p"])
        times.append(time.process_time() - start)
    return min(times)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
