"""Dull words: so written, they were hardly ever part of an identifier in all that the engine learns from.

The tagger need not look at them, unless something beside them may be an identifier: most of a note is passed by.
"""

from __future__ import annotations

import random
from collections import Counter

from lockgate.phi.finding._words import Words, scan
from lockgate.phi.finding.folding import fold
from lockgate.phi.finding.model import load_lexicon

LOWER, TITLE, UPPER = 1 << 16, 1 << 17, 1 << 18
SEEN = 3
"""How often a word is seen at least before it is called dull."""
MADE = 4000
RARELY = 25
"""How much more often than not it must be no part of one, where it was part of one at all."""
BARRED = "street facility state country month weekday particle ambiguous female male surname".split()
"""What is never dull with a capital, as it is an identifier elsewhere; in small letters only months and days are."""


def dull(words: dict[str, int], seed: int = 1) -> dict[int, int]:
    """How a word is written where it is dull (`LOWER`, `TITLE`, `UPPER`, together), by the word's key."""
    from training.generated import Generator
    from training.lexicons import BITS
    from training.marks import all_documents
    from training.train import gold_tags
    from training.variety import Variety

    generator = Generator(Variety(random.Random(seed)))
    seen: Counter[tuple[int, int]] = Counter()
    named: Counter[tuple[int, int]] = Counter()
    lexicon, found = load_lexicon(), Words(4096)
    barred = sum(BITS[name] for name in BARRED)
    small = sum(BITS[name] for name in ("month", "weekday"))
    for doc in all_documents(False) + [generator.document(number) for number in range(MADE)]:
        text = fold(doc.text)
        scan(text, found, lexicon)
        gold = gold_tags(found, doc.spans)
        for at in range(found.count):
            looks = found.looks[at]
            written = LOWER if looks & 4 else UPPER if looks & 18 else TITLE if looks & 1 else 0
            if not written or any(48 <= c <= 57 for c in text[found.start[at] : found.end[at]]):
                continue
            if gold[at]:
                named[found.key[at], written] += 1
            elif not found.bits[at] & (small if written == LOWER else barred):
                seen[found.key[at], written] += 1
    kept: dict[int, int] = {}
    for (key, written), count in seen.items():
        if count >= max(SEEN, RARELY * named[key, written]):
            kept[key] = kept.get(key, 0) | written
    return kept
