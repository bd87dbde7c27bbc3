"""Short lists of our own for the lexicon (`words.yaml`): what stands beside identifiers, and what is none."""

from __future__ import annotations

from pathlib import Path

import yaml

_LISTS: dict[str, str] = yaml.safe_load((Path(__file__).parent / "words.yaml").read_text())


def _words(name: str) -> list[str]:
    return _LISTS[name].split()


TITLES = _words("titles")
CREDENTIALS = _words("credentials")
MONTHS = _words("months")
WEEKDAYS = _words("weekdays")
RELATIONS = _words("relations")
ID_CUES = _words("id_cues")
PHONE_CUES = _words("phone_cues")
DATE_CUES = _words("date_cues")
STREETS = _words("streets")
FACILITIES = _words("facilities")
PLACE_WORDS = _words("place_words")
PARTICLES = _words("particles")
ORGS = _words("orgs")
UNITS = _words("units")
NUMBERS = _words("numbers")
EPONYMS = _words("eponyms")
BRANDS = _words("brands")
SPANISH_CUES = _words("spanish_cues")
STATES = _words("states")
COUNTRIES = _words("countries")
AMBIGUOUS = _words("ambiguous")
