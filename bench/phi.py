"""The PHI engine alone: notes, columns of tables, start, memory, two processes. On one core where nothing else is said.

Our own notes are written to be full of identifiers, 14 and more a KB. Notes of a hospital have about 6: 28,872 in the
805,118 words of the i2b2/UTHealth corpus of 2014 (Stubbs and Uzuner, J Biomed Inform 58, 2015). `notes_as_dense` are
ours among prose, as dense as those.

Run: python -m bench phi
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from training.marks import TEXTS, Marked, all_documents, documents

from lockgate.cli.phi_speed import speeds, start_s, together
from lockgate.phi import deidentify, detect

ROWS, PATIENTS = 200_000, 20_000
SEED = 20
US = re.compile("held-(us|ed-and|long)")
PER_KB = 6
FAMILIES = (
    "Okonjo Petrov Garcia Nguyen Smith Haddad Lindqvist Tanaka O'Brien Kowalska Mbeki Rossi Johansen Patel".split()
)
GIVEN = "Rosa Ana Minh John Fatima Erik Yuki Maeve Zofia Thandi Luca Ingrid Priya Carlos Grace Omar Lena".split()
TOWNS = "Burlington Dover Salem Auburn Franklin Georgetown Clinton Ashland Dayton Milford Newport Oxford".split()
FINDINGS = "cough fever rash back pain headache dizziness nausea fatigue knee pain insomnia".split()


def run() -> dict[str, object]:
    """Notes: megabytes a second. Columns: cells a second, each column by itself and all that a table has together."""
    notes = [one for one in all_documents(held=True) if "espanol" not in one.id]
    texts = [one.text for one in notes]
    us = [one for one in notes if US.match(one.id)]
    return {
        "notes": _notes(notes),
        "us_notes": _notes(us),
        "notes_as_dense": _notes(_diluted(us, list(documents(TEXTS / "prose.txt")))),
        "prose": _notes(list(documents(TEXTS / "prose.txt"))),
        "columns": columns(),
        "start_s": start_s(),
        "two_processes": together([text for text in texts for _ in range(4)]),
    }


def _diluted(dense: list[Marked], prose: list[Marked]) -> list[Marked]:
    """All of both, the prose as many times as it takes, in an order of chance. No text is there twice: equal ones are
    searched once."""
    mixed = list(dense)
    times = 0
    while sum(len(one.spans) for one in mixed) > PER_KB * sum(len(one.text) for one in mixed) / 1000:
        times += 1
        mixed += [replace(one, text=one.text + "\n" * times) for one in prose]
    random.Random(SEED).shuffle(mixed)
    return mixed


def _notes(marked: list[Marked]) -> dict[str, float]:
    size = sum(len(one.text.encode()) for one in marked)
    marks = sum(len(one.spans) for one in marked)
    return {"identifiers_per_kb": round(1000 * marks / size, 1), **speeds([one.text for one in marked])}


def columns() -> dict[str, float]:
    """A table of visits, ten a patient: each column replaced by what it holds, and its remarks searched."""
    table = visits()
    patients = table["mrn"]
    figures: dict[str, float] = {}
    total = 0.0
    for name, kind in KINDS.items():
        seconds = _seconds(lambda values, kind=kind: deidentify(values, patient=patients, kind=kind), table[name])
        figures[f"{name}_cells_s"] = round(ROWS / seconds)
        total += seconds
    figures["table_cells_s"] = round(ROWS * len(KINDS) / total)
    alone = _seconds(lambda values: deidentify(values, kind="mrn"), table["mrn"])
    figures["mrn_of_nobody_cells_s"] = round(ROWS / alone)
    figures["names_searched_cells_s"] = round(ROWS / _seconds(detect, table["name"]))
    return figures


KINDS: dict[str, str | None] = {
    "mrn": "mrn",
    "name": "name",
    "phone": "phone",
    "city": "city",
    "zip": "zip",
    "born": "date",
    "seen": "date",
    "remark": None,
}
"""By column of `visits`; None is searched."""


def visits() -> dict[str, list[str]]:
    """The same each time: `PATIENTS` people with a name, a number and so on, `ROWS` visits of theirs."""
    rng = random.Random(SEED)
    people = [
        {
            "mrn": str(4_000_000 + number),
            "name": f"{rng.choice(GIVEN)} {rng.choice('ABCDEFGHJKLMRST')}. {rng.choice(FAMILIES)}",
            "phone": f"({rng.randrange(201, 990)}) {rng.randrange(201, 990)}-{rng.randrange(10_000):04}",
            "city": rng.choice(TOWNS),
            "zip": f"{rng.randrange(1000, 99999):05}",
            "born": f"{rng.randrange(1, 13)}/{rng.randrange(1, 29)}/{rng.randrange(1940, 2020)}",
        }
        for number in range(PATIENTS)
    ]
    rows = [
        people[n % PATIENTS]
        | {
            "seen": f"2024-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
            "remark": f"{rng.choice(FINDINGS)} for {rng.randrange(1, 15)} days, return in {rng.randrange(1, 9)} weeks",
        }
        for n in range(ROWS)
    ]
    return {name: [row[name] for row in rows] for name in KINDS}


def _seconds(work: Callable[[list[str]], Any], values: list[str]) -> float:
    """Once: a column is met for the first time."""
    start = time.process_time()
    work(values)
    return time.process_time() - start
