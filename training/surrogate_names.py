"""Make the list of names that surrogates are drawn from: counts of the US census of 1990, from the package names (MIT).

Three lines: given names of women, of men, and surnames, the most frequent first. Surnames that are words or that are
eponyms are left out: a surrogate that reads as a word would be no name to anybody; and so are those with capitals within.
"""

from __future__ import annotations

from pathlib import Path

from lockgate.phi.finding.model import load_lexicon
from training import wordlists as w
from training.lexicons import BITS, census

SURNAMES = 3000
OUT = Path(__file__).parents[1] / "src" / "lockgate" / "phi" / "replacing" / "data" / "names.txt"
WORDS = BITS["plain"] | BITS["eponym"] | BITS["ambiguous"] | BITS["facility"] | BITS["street"] | BITS["month"]


def surnames() -> list[str]:
    lexicon = load_lexicon()
    apart = {word for words in (w.AMBIGUOUS, w.EPONYMS, w.FACILITIES, w.STREETS, w.ORGS) for word in words}
    return [
        name
        for name, _ in census("all.last")
        if len(name) > 3 and name[:2] != "mc" and name not in apart and not lexicon.bits_of(name.encode()) & WORDS
    ][:SURNAMES]


if __name__ == "__main__":
    lines = {
        "female": [name for name, _ in census("female.first")],
        "male": [name for name, _ in census("male.first")],
        "family": surnames(),
    }
    OUT.write_text("".join(f"{kind} {' '.join(names)}\n" for kind, names in lines.items()))
    print({kind: len(names) for kind, names in lines.items()}, OUT.stat().st_size, "bytes")
