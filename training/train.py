"""`python -m training.train`: the weights that the package ships, from the written texts and a seed."""

from __future__ import annotations

import argparse
import array
import random
import struct
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from lockgate.phi.finding._patterns import mark
from lockgate.phi.finding._tagger import Learner
from lockgate.phi.finding._words import Lexicon, Words, scan
from lockgate.phi.finding.folding import fold
from lockgate.phi.finding.model import load_lexicon
from training.generated import Generator
from training.marks import TEXTS, Marked, all_documents
from training.variety import Variety

ROWS = 1 << 20
TAG = {"NAME": 1, "GEO": 2, "FACILITY": 3, "DATE": 4, "AGE": 5, "PHONE": 6, "FAX": 6, "EMAIL": 8, "URL": 8, "IP": 8}
ID = 7
MISSED, WRONG = 3.0, 6.0
"""Margins of the learner: against O where an identifier is, and against any other wrong tag."""
DROPPED = 70
"""Of 256 features, how many are left out of each text."""
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
            if r < 0.07 or 0.15 < r < 0.22 or r > 0.96:
                words.group[at] = 0
        elif r < 0.02:
            words.key[at] = 1
        elif r > 0.99 and not words.bits[at] & (1 << 20):
            words.bits[at] = 0


@dataclass(frozen=True)
class Parts:
    """What is learnt from, and by; the ablation (`training.ablation`) leaves one out at a time."""

    written: bool = True
    made: int = 400
    """Texts made by the generator in a round, a quarter of them anew each time."""
    variety: bool = True
    blur: bool = True
    dropped: int = DROPPED
    lexicon: bool = True
    groups: bool = True
    forms: bool = True

    def read(self, text: bytes, words: Words, lexicon: Lexicon) -> None:
        """The words of a text, without what is left out."""
        scan(text, words, lexicon)
        mark(text, words)
        for kept, field in ((self.lexicon, words.bits), (self.groups, words.group), (self.forms, words.pattern)):
            if not kept:
                for at in range(words.count):
                    field[at] = 0


def train(seed: int, rounds: int, folder: Path = TEXTS, parts: Parts = Parts()) -> tuple[array.array, list[float]]:
    rng = random.Random(seed)
    lexicon = load_lexicon()
    variety = Variety(rng)
    learner = Learner(ROWS)
    docs = all_documents(False, folder) if parts.written else []
    generator = Generator(variety)
    words = Words(4096)
    made: list[Marked] = []
    started = time.monotonic()
    for number in range(rounds):
        rng.shuffle(docs)
        errors = total = 0
        anew = parts.made if not number else parts.made // 4
        made = made[parts.made // 4 :] + [generator.document(n) for n in range(anew)]
        mixed = docs + made
        rng.shuffle(mixed)
        for doc in mixed:
            again = number and parts.variety and not doc.id.startswith("generated")
            one = variety.of(doc) if again else doc
            parts.read(fold(one.text), words, lexicon)
            gold = gold_tags(words, one.spans)
            if parts.blur:
                blur(words, gold, rng)
            errors += learner.learn(words, gold, MISSED, WRONG, parts.dropped)
            total += words.count
        if number % 10 == 9:
            share = errors / max(total, 1)
            print(f"seed {seed}, round {number + 1}: {share:.4f} of {total:,} words wrong ({time.monotonic() - started:.0f} s)", flush=True)  # fmt: skip
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
    return b"LGTAG2" + struct.pack("<I256i", len(weights) // 16, *steps) + zlib.compress(weights, 9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=260)
    parser.add_argument("--texts", type=Path, default=TEXTS)
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    packing = packed(*quantised(*train(asked.seed, asked.rounds, asked.texts)))
    asked.out.write_bytes(packing)
    print(f"{len(packing):,} bytes")


if __name__ == "__main__":
    main()
