"""The names that surrogates are drawn from, and what stands beside names and is none."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from lockgate.errors import ConfigError

DATA = Path(__file__).parent / "data" / "names.txt"
COMMON = {"female": 1200, "male": 700, "family": 3000}
"""How many of the most frequent are drawn."""
HINT = "install lockgate again"
FEWEST = 6
"""A letter that begins fewer names of a kind is no surrogate's."""

FEMALE_TITLES = frozenset("ms mrs miss sra srta señora señorita mme frau sister doña madam".split())
MALE_TITLES = frozenset("mr sr señor herr don sir brother father fr".split())
TITLES = FEMALE_TITLES | MALE_TITLES | frozenset(
    "dr drs dra mx prof professor doctor doctora nurse rev rabbi sgt officer capt lt judge atty".split()
)  # fmt: skip
SUFFIXES = frozenset(
    "jr ii iii iv md do rn lpn np pa pac aprn cnp crnp fnp dnp phd psyd pharmd rph dds dmd od dpm dpt pt ot otr slp "
    "lcsw lmsw msw lpc rd rdn crna cnm cna emt facp facs faap mph mba bsn msn ccrn rrt mbbs frcp esq "
    "crc lvn bcps".split()
)
DOUBTFUL = frozenset("do pa np od pt ot".split())
"""Credentials that are names in other languages: LE, DO."""
GENERATIONS = frozenset("jr sr ii iii".split())
ARTICLES = frozenset("de la del der den von".split())
"""Particles that nobody is called by; the others may be names: Das, Du, Le, Bin."""
PARTICLES = frozenset("de la del der van von den di da dos das du le bin ben ibn abu ter ten af zu".split())


@lru_cache(maxsize=1)
def lists() -> dict[str, tuple[str, ...]]:
    """`female`, `male`, `family`: the most frequent first, in small letters. Raises ConfigError without its file, or
    with another: fewer names would be given to more people."""
    try:
        lines = DATA.read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise ConfigError(f"the names for surrogates cannot be read: {error.strerror}", hint=HINT) from error
    except UnicodeDecodeError:
        raise ConfigError(f"{DATA.name} is no list of names for surrogates", hint=HINT) from None
    found = {words[0]: tuple(words[1:]) for words in map(str.split, lines) if words}
    if found.keys() != COMMON.keys() or any(len(found[kind]) < COMMON[kind] for kind in COMMON):
        raise ConfigError(f"{DATA.name} is cut short, or no list of names for surrogates", hint=HINT)
    return found


@lru_cache(maxsize=1)
def genders() -> dict[str, str]:
    """Of given names: `female` or `male`, as more people who have it are."""
    ranks = {kind: {name: place for place, name in enumerate(lists()[kind])} for kind in ("female", "male")}
    names = ranks["female"].keys() | ranks["male"].keys()
    last = 1 << 20
    return {
        name: "female" if ranks["female"].get(name, last) <= ranks["male"].get(name, last) else "male" for name in names
    }


@lru_cache(maxsize=1)
def surnames() -> frozenset[str]:
    return frozenset(lists()["family"])


@lru_cache(maxsize=1)
def pools() -> dict[tuple[str, str], tuple[str, ...]]:
    """What is drawn, by kind (`female`, `male`, `given`, `family`) and first letter."""
    made: dict[tuple[str, str], list[str]] = {}
    both = genders()
    for kind, names in lists().items():
        for name in names[: COMMON[kind]]:
            if len(name) < 3 or (kind != "family" and both[name] != kind):
                continue
            made.setdefault((kind, name[0]), []).append(name)
            if kind != "family":
                made.setdefault(("given", name[0]), []).append(name)
    return {key: tuple(names) for key, names in made.items()}


@lru_cache(maxsize=1)
def letters() -> str:
    """With which surrogates begin: those that enough names of every kind begin with, as often as surnames do."""
    found = pools()
    enough = [
        letter
        for letter in "abcdefghijklmnopqrstuvwxyz"
        if all(len(found.get((kind, letter), ())) >= FEWEST for kind in ("female", "male", "family"))
    ]
    return "".join(letter * (1 + len(found["family", letter]) // 40) for letter in enough)
