"""`python -m training.second`: the network that looks a second time at what the tagger does not rule out, from a seed.

It learns from the same texts as the tagger, and without its scores, so that it does not trust what the tagger knows by
heart; what both say is added up when texts are searched. Torch is needed here only: what ships are whole numbers.
"""

from __future__ import annotations

import argparse
import random
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lockgate.phi.finding._patterns import mark
from lockgate.phi.finding._second import ROWS, rows_of
from lockgate.phi.finding._words import Words, scan
from lockgate.phi.finding.folding import fold
from lockgate.phi.finding.model import SECOND, load_lexicon
from training.generated import Generator
from training.marks import TEXTS, Marked, all_documents
from training.train import OUT as WEIGHTS
from training.train import blur, gold_tags
from training.variety import Variety

CHANNELS, LAYERS, TAPS, TAGS = 64, 4, 7, 9
"""As in `_second`."""
MADE = 400
"""Texts made by the generator in a round, a quarter of them anew each time."""
TOGETHER = 48
"""Texts in a step."""
RATE, WARM, LEAST = 3e-3, 50, 0.02
"""Of learning: at first more with each step, then less, down to a share of it (AdamW, Loshchilov and Hutter 2019)."""
FORGOTTEN, DROPPED, SMOOTHED = 0.15, 0.2, 0.02
"""Shares: of a word's rows, of what a layer says, and of certainty that are taken away while learning."""
SCALE = 100
"""The tagger's scores are worth about as much less than logarithms of odds."""
LEAN = 225
"""What every tag but O gets on top, in the tagger's scores: a miss is worse than a false alarm."""
OUT = WEIGHTS.with_name("second.bin")


class Net(nn.Module):
    """What `_second` works out in whole numbers: `words` of rows in, a score for each tag out."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(ROWS, CHANNELS, mode="sum")
        nn.init.normal_(self.table.weight, std=0.1)
        self.filters = nn.Parameter(torch.randn(LAYERS, TAPS, CHANNELS) * 0.3)
        self.shifts = nn.Parameter(torch.zeros(LAYERS, CHANNELS))
        self.mixtures = nn.ModuleList([nn.Linear(CHANNELS, CHANNELS) for _ in range(LAYERS)])
        self.ends = nn.Linear(CHANNELS, TAGS)
        self.dropped = nn.Dropout(DROPPED)

    def forward(self, rows: torch.Tensor, starts: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """`rows` of all words on end and where each word's begin; `there` is 0 for what stands between two texts."""
        kept = torch.ones(len(rows))
        if self.training:
            kept = (torch.rand(len(rows)) >= FORGOTTEN).float() / (1 - FORGOTTEN)
        x = self.dropped(functional.relu(self.table(rows, starts, per_sample_weights=kept))) * there
        for filters, shift, mixture in zip(self.filters, self.shifts, self.mixtures, strict=True):
            beside = functional.pad(x, (0, 0, TAPS // 2, TAPS // 2))
            filtered = shift + sum(beside[tap : tap + len(x)] * filters[tap] for tap in range(TAPS))
            x = x + self.dropped(functional.relu(mixture(filtered))) * there
        scores: torch.Tensor = self.ends(x)
        return scores


def batch(docs: list[Marked], lexicon, words: Words, rng: random.Random):
    """Rows, starts, whether a word is there, and its tag (-100: not asked), of texts with gaps between them."""
    rows, starts, there, gold = [], [], [], []
    size = 0
    for doc in docs:
        text = fold(doc.text)
        scan(text, words, lexicon)
        mark(text, words)
        tags = gold_tags(words, doc.spans)
        blur(words, tags, rng)
        of_words, begin = rows_of(words)
        rows.append(np.array(of_words, dtype=np.int64))
        starts.append(np.array([*begin, *[len(of_words)] * (TAPS // 2)], dtype=np.int64) + size)
        size += len(of_words)
        there.append(np.repeat(np.float32([1, 0]), (words.count, TAPS // 2)))
        gold.append(np.concatenate([np.frombuffer(tags, np.uint8).astype(np.int64), np.full(TAPS // 2, -100)]))
    parts = (torch.from_numpy(np.concatenate(part)) for part in (rows, starts, there, gold))
    every, begins, is_there, asked = parts
    return every, begins, is_there[:, None], asked


def train(seed: int, rounds: int, folder: Path = TEXTS) -> Net:
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    rng = random.Random(seed)
    variety = Variety(rng)
    lexicon, generator, words = load_lexicon(), Generator(variety), Words(4096)
    docs, made = all_documents(False, folder), list[Marked]()
    net = Net()
    learner = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.01)
    steps = rounds * -(-(len(docs) + MADE) // TOGETHER)
    step, started = 0, time.monotonic()
    for number in range(rounds):
        anew = MADE // 4 if number else MADE
        made = made[MADE // 4 :] + [generator.document(n) for n in range(anew)]
        mixed = docs + made
        rng.shuffle(mixed)
        lost = 0.0
        for at in range(0, len(mixed), TOGETHER):
            some = [
                variety.of(doc) if number and not doc.id.startswith("generated") else doc
                for doc in mixed[at : at + TOGETHER]
            ]
            rows, starts, there, gold = batch(some, lexicon, words, rng)
            loss = functional.cross_entropy(net(rows, starts, there), gold, label_smoothing=SMOOTHED)
            learner.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            for group in learner.param_groups:
                group["lr"] = RATE * min(1, (step + 1) / WARM) * max(LEAST, 1 - step / steps)
            learner.step()
            lost += loss.item()
            step += 1
        if number % 10 == 9:
            print(f"second, round {number + 1}: loss {lost * TOGETHER / len(mixed):.4f} ({time.monotonic() - started:.0f} s)", flush=True)  # fmt: skip
    return net


def packed(net: Net) -> bytes:
    """Values in 256ths, weights in 4096ths, those of scores in 32nds of the tagger's; the table in
    bytes with 128 added.

    Raises ValueError where a sum of products could run over 32 bits.
    """
    part = {name: value.detach().numpy().astype(np.float64) for name, value in net.state_dict().items()}
    table = part["table.weight"]
    top = float(np.quantile(np.abs(table), 0.99995))
    cells = np.clip(np.rint(table * (127 / top)), -127, 127).astype(np.int8)
    filters = part["filters"]
    mixtures = np.stack([part[f"mixtures.{layer}.weight"] for layer in range(LAYERS)])
    offsets = np.stack([part[f"mixtures.{layer}.bias"] for layer in range(LAYERS)])
    ends, leans = np.zeros((16, CHANNELS)), np.zeros(16)
    ends[:TAGS] = part["ends.weight"] * SCALE / 128
    leans[:TAGS] = part["ends.bias"] * SCALE + np.where(np.arange(TAGS) > 0, LEAN, 0)
    # A weight has 16 bits, in 4096ths: 8. A sum has 32: values of less than 4 times weights of 30 together, and an offset.
    for weights, along, offset in ((filters, 1, part["shifts"]), (mixtures, 2, offsets), (ends, 1, leans / 128)):
        if np.abs(weights).max() >= 7.99 or np.abs(weights).sum(along).max() >= 30 or np.abs(offset).max() >= 7:
            raise ValueError("weights are so large that sums would run over")

    def whole(values, scale: int, kind: str) -> bytes:
        return np.rint(values * scale).astype(kind).tobytes()

    body = b"".join(
        (
            (cells.view(np.uint8) ^ 128).tobytes(),
            whole(filters, 1 << 12, "<i2"),
            whole(part["shifts"], 1 << 20, "<i4"),
            whole(mixtures, 1 << 12, "<i2"),
            whole(offsets, 1 << 20, "<i4"),
            whole(ends, 1 << 12, "<i2"),
            whole(leans, 1 << 13, "<i4"),
        )
    )
    return SECOND + struct.pack("<II", len(body), round(top / 127 * (1 << 16))) + zlib.compress(body, 9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=32)
    parser.add_argument("--texts", type=Path, default=TEXTS)
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    packing = packed(train(asked.seed, asked.rounds, asked.texts))
    asked.out.write_bytes(packing)
    print(f"{len(packing):,} bytes")


if __name__ == "__main__":
    main()
