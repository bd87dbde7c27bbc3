"""`python -m training.ablation`: what each part of the engine brings, as a table: learnt without it, measured on what was held out.

Fewer rounds than what is shipped, the same for all, so that the rows can be compared with each other. The last two columns
are texts of the generator, from a seed that nothing learns from: for the row that learns from none of them, a whole source
that was held out.
"""

from __future__ import annotations

import argparse
import random
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

from lockgate.phi.finding._spans import build
from lockgate.phi.finding._tagger import SHIFTED, Tagger
from lockgate.phi.finding._words import Words
from lockgate.phi.finding.folding import fold
from lockgate.phi.finding.model import load_lexicon, load_second
from training.generated import Generator
from training.marks import Marked, all_documents
from training.measure import Score
from training.train import Parts, quantised, train
from training.variety import Variety

MADE, UNSEEN = 400, 1_000_000
"""Texts of the generator, and how far their seed is from that of learning."""
WHOLE = Parts()
VARIANTS: dict[str, Parts] = {
    "everything": WHOLE,
    "without written texts": replace(WHOLE, written=False),
    "without texts that are made": replace(WHOLE, made=0),
    "without other names and numbers in the written ones": replace(WHOLE, variety=False),
    "without forgetting words": replace(WHOLE, blur=False),
    "without leaving features out": replace(WHOLE, dropped=0),
    "without the lexicon": replace(WHOLE, lexicon=False),
    "without groups of words": replace(WHOLE, groups=False),
    "without forms": replace(WHOLE, forms=False),
    "everything, and the second look": WHOLE,
}
"""The last with the network that ships; all others are the tagger alone."""


def made(seed: int) -> list[Marked]:
    """Texts of the generator, which learning never saw."""
    generator = Generator(Variety(random.Random(seed)))
    return [generator.document(n) for n in range(MADE)]


def measured(name: str, rounds: int, seed: int) -> tuple[str, list[Score]]:
    parts = VARIANTS[name]
    weights, steps = quantised(*train(seed, rounds, parts=parts))
    tagger = Tagger(memoryview(bytearray(weights.translate(SHIFTED))).cast("Q"), steps)
    lexicon, words = load_lexicon(), Words(4096)
    second = load_second() if name.endswith("second look") else None
    scores = []
    for docs in (all_documents(True), made(seed + UNSEEN)):
        score = Score()
        for doc in docs:
            text = fold(doc.text)
            parts.read(text, words, lexicon)
            tagger.score(words, 0)
            if second is not None:
                second.look(words, tagger.scores)
            tagger.decide(words)
            spans = build(text, words, tagger.tags, tagger.margins)
            found = [(spans.start[n], spans.end[n], "") for n in range(spans.count)]
            score.add(doc.id, doc.text, doc.spans, found)
        scores.append(score)
    return name, scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=20)
    asked = parser.parse_args()
    print(
        "| | covered | precision | whole documents | made: covered | precision |\n|---|---|---|---|---|---|", flush=True
    )
    with ProcessPoolExecutor(2) as side_by_side:
        for name, scores in side_by_side.map(partial(measured, rounds=asked.rounds, seed=asked.seed), VARIANTS):
            print(row(name, scores), flush=True)


def row(name: str, scores: list[Score]) -> str:
    """Of the table that `main` begins: of what was held out, then of texts of the generator."""
    held, of_generator = (score.figures() for score in scores)
    figures = held["covered"], held["character_precision"], of_generator["covered"], of_generator["character_precision"]
    covered, precision, made_covered, made_precision = (f"{figure or 0:.3f}" for figure in figures)
    return (
        f"| {name} | {covered} | {precision} | {held['whole_documents'] or 0:.2f} | {made_covered} | {made_precision} |"
    )


if __name__ == "__main__":
    main()
