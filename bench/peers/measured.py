"""One corpus, each engine: what it covers, and megabytes a second on one core, one text at a time as the others do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.peers.others import Other, Skipped, asked
from bench.peers.texts import Corpus
from lockgate import __version__
from lockgate.cli.phi import scored
from lockgate.cli.phi_speed import speeds
from lockgate.phi.scoring import Score


def compared(corpus: Corpus, others: Sequence[Other]) -> dict[str, Any]:
    """`engines` by name: figures of `Score`, `mb_s`, and `times_slower`; `skipped` where there are none, and why.

    Ours finds at the working point of `lockgate detect`. The others do not replace: only finding is compared.
    """
    texts = [one.text for one in corpus.marked]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    speed = speeds(texts)
    ours = scored(corpus.marked, set(corpus.ignored), {}, 0).figures()
    engines: dict[str, Any] = {
        "lockgate": {
            **ours,
            "what": f"lockgate {__version__}",
            "mb_s": speed["find_one_at_a_time_mb_s"],
            "in_batches_mb_s": speed["find_in_batches_mb_s"],
            "memory_mb": speed["memory_mb"],
        }
    }
    for other in others:
        try:
            said, found = asked(other, corpus.marked)
        except Skipped as why:
            engines[other.name] = {"skipped": str(why)}
            continue
        score = Score(ignored=corpus.ignored)
        for one, spans in zip(corpus.marked, found, strict=True):
            score.add(one.id, one.text, one.marks, spans)
        mb_s = megabytes / said["seconds"]
        engines[other.name] = {
            **score.figures(),
            "what": said["what"],
            "failed": said["failed"],
            "mb_s": round(mb_s, 4),
            "times_slower": round(speed["find_one_at_a_time_mb_s"] / mb_s, 1),
            "memory_mb": said["memory_mb"],
        }
    return {"what": corpus.what, "bytes": round(megabytes * 1e6), "engines": engines}
