"""`python -m training.train`: the weights that the package ships, from the written texts and a seed."""

from __future__ import annotations

import argparse
import array
import random
import struct
import time
import zlib
from pathlib import Path

from lockgate.phi.finding._patterns import mark
from lockgate.phi.finding._tagger import Learner
from lockgate.phi.finding._words import Words, scan
from lockgate.phi.finding.folding import fold
from lockgate.phi.finding.model import load_lexicon
from training.generated import Generator
from training.marks import TEXTS, all_documents
from training.variety import Variety

ROWS = 1 << 19
TAG = {"NAME": 1, "GEO": 2, "FACILITY": 3, "DATE": 4, "AGE": 5, "PHONE": 6, "FAX": 6, "EMAIL": 8, "URL": 8, "IP": 8}
ID = 7
MISSED, WRONG = 3.0, 6.0
DROPPED = 70
"""Margins of the learner: against O where an identifier is, and against any other wrong tag."""
OUT = Path(__file__).parents[1] / "src" / "lockgate" / "phi" / "finding" / "data" / "weights.bin"


def gold_tags(words: Words, spans) -> bytes:
    """The tag of each word: that of the span that it lies in, if only in part."""
    tags = bytearray(words.count)
    at = 0
    for start, end, label in spans:
        while at < words.count and words.end[at] <= start:
            at += 1
        n = at
        while n < words.count and words.start[n] < end:
            tags[n] = TAG.get(label, ID)
            n += 1
    return bytes(tags)


def blur(words: Words, gold: bytes, rng: random.Random) -> None:
    """Forget some words and what is known of them, or only those that were seen would be found."""
    for at in range(words.count):
        r = rng.random()
        if gold[at]:
            if r < 0.15:
                words.key[at] = 1
            if r < 0.10 or r > 0.92:
                words.bits[at] = 0
        elif r < 0.02:
            words.key[at] = 1
        elif r > 0.99 and not words.bits[at] & (1 << 20):
            words.bits[at] = 0


def train(seed: int, rounds: int, folder: Path, generated: int = 400) -> tuple[array.array, list[float]]:
    rng = random.Random(seed)
    lexicon = load_lexicon()
    variety = Variety(rng)
    learner = Learner(ROWS)
    docs = all_documents(False, folder)
    generator = Generator(variety)
    words = Words(4096)
    started = time.monotonic()
    for number in range(rounds):
        rng.shuffle(docs)
        errors = total = 0
        made = [generator.document(n) for n in range(generated)]
        mixed = docs + made
        rng.shuffle(mixed)
        for doc in mixed:
            one = variety.of(doc) if number and doc.id[:9] != "generated" else doc
            text = fold(one.text)
            scan(text, words, lexicon)
            mark(text, words)
            gold = gold_tags(words, one.spans)
            blur(words, gold, rng)
            errors += learner.learn(words, gold, MISSED, WRONG, DROPPED)
            total += words.count
        print(
            f"round {number + 1}: {errors / total:.4f} of {total:,} words ({time.monotonic() - started:.0f} s)",
            flush=True,
        )
    return learner.averaged()


def quantised(weights: array.array, steps: list[float]) -> tuple[bytes, list[int]]:
    """Weights as one byte each: the scale lets the largest thousandth be cut."""
    import numpy as np

    w = np.frombuffer(weights, dtype=np.float32)
    used = np.abs(w[w != 0])
    top = float(np.quantile(used, 0.9995)) if len(used) else 1.0
    scale = 127 / top
    return np.clip(np.rint(w * scale), -127, 127).astype(np.int8).tobytes(), [round(s * scale) for s in steps]


def packed(weights: bytes, steps: list[int]) -> bytes:
    return b"LGTAG1" + struct.pack("<I256i", len(weights) // 16, *steps) + zlib.compress(weights, 9)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--generated", type=int, default=400, help="texts made anew in each round")
    parser.add_argument("--texts", type=Path, default=TEXTS)
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    learnt = packed(*quantised(*train(asked.seed, asked.rounds, asked.texts, asked.generated)))
    asked.out.write_bytes(learnt)
    print(f"{len(learnt):,} bytes")
