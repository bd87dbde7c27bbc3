"""Each rule of the passes behind the tagger by itself: what was found stands in brackets; what does it grow to?

No tagger takes part: `[NAME|Saint]-Fleur` says that `Saint` was tagged.
"""

from __future__ import annotations

import array
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.phi.finding import _dated, _mended, _named, _numbered, _placed
from lockgate.phi.finding._patterns import mark
from lockgate.phi.finding._spans import build, listed
from lockgate.phi.finding._words import Words, scan
from lockgate.phi.finding.folding import fold
from lockgate.phi.finding.model import load_lexicon

TAGS = {"NAME": 1, "GEO": 2, "FACILITY": 3, "DATE": 4, "AGE": 5, "PHONE": 6, "ID": 7}
GIVEN = re.compile(r"\[([A-Z]+)\|(.*?)\]")


def tagged(given: str) -> tuple[bytes, Words, array.array]:
    text, marks = "", []
    at = 0
    for found in GIVEN.finditer(given):
        text += given[at : found.start()]
        marks.append((len(text), len(text) + len(found[2]), TAGS[found[1]]))
        text += found[2]
        at = found.end()
    folded, words = fold(text + given[at:]), Words()
    scan(folded, words, load_lexicon())
    mark(folded, words)
    tags = array.array("B", bytes(words.count))
    for start, end, tag in marks:
        for i in range(words.count):
            if start <= words.start[i] < end:
                tags[i] = tag
    return folded, words, tags


def grown(rule, given: str) -> str:
    """What stands from the first tagged word to the last, once the pass has run."""
    folded, words, tags = tagged(given)
    rule(folded, words, tags)
    at = [i for i in range(words.count) if tags[i]]
    return folded[words.start[at[0]] : words.end[at[-1]]].decode() if at else ""


def spans(given: str) -> list[str]:
    """What becomes of it all, with every pass."""
    folded, words, tags = tagged(given)
    found = build(folded, words, tags, array.array("i", [1000] * words.count), False, None)
    return [folded[start:end].decode() for start, end, _ in listed(found)]


NAMES = [
    ("seen by H. [NAME|Tarrant] today", "H. Tarrant"),
    ("with Autumn [NAME|Yellowtail] today", "Autumn Yellowtail"),
    ("for [NAME|Lee], Jr. today", "Lee, Jr."),
    ("for [NAME|Lee] III, today", "Lee III"),
    ("for [NAME|Rosa] T. today", "Rosa T."),
    ("pt [NAME|Petrov], Rosa today", "Petrov, Rosa"),
    ("pt [NAME|Patricia] (Patsy) today", "Patricia (Patsy)"),
    ("S.[NAME|P]. agreed", "S.P."),
    ("cc [NAME|Petrakis], C; today", "Petrakis, C"),
    ("pt [NAME|Espinoza]-[NAME|Reed], [NAME|Tobias] today", "Espinoza-Reed, Tobias"),
    ("by P. A. [NAME|Okoth] today", "P. A. Okoth"),
    ('the [NAME|Oleksiy] "The Fridge" [NAME|Marchuk] case', 'Oleksiy "The Fridge" Marchuk'),
    ("user dubois.[NAME|renata]71 logged in", "renata71"),
    ("user [NAME|hprins]_lb logged in", "hprins_lb"),
    ("for [NAME|Eulalia] de la Oyarzun today", "Eulalia de la Oyarzun"),
]
NO_NAMES = [
    ("for [NAME|Lee], M.D., today", "Lee"),
    ("told [NAME|Lee], I am late", "Lee"),
    ("for [NAME|Lee] (cardiology) today", "Lee"),
    ("from [NAME|Lee]. Patient stable", "Lee"),
    ("Mr. [NAME|Smith] R hip fracture", "Smith"),
    ("Mr. [NAME|Garcia] T 101.2 today", "Garcia"),
    ("by Dr. [NAME|Brown], R foot ulcer", "Brown"),
    ("Mrs. [NAME|Chen], F, 67", "Chen"),
    ("by Dr. [NAME|Lee]. SR on tele", "Lee"),
    ("Mr. [NAME|Lee] IV access lost", "Lee"),
    ("positive for hepatitis C. [NAME|Smith] was told", "Smith"),
    ("nicu: twin A [NAME|Smith] 1420 g", "Smith"),
    ("Mr. [NAME|Jones] (DNR) today", "Jones"),
    ("Extubated [NAME|Smith] today", "Smith"),
    ("Sra. [NAME|Garcia] la TA 120/80", "Garcia"),
]


@pytest.mark.parametrize(("marked", "whole"), NAMES + NO_NAMES)
def test_of_a_name(marked, whole):
    assert grown(_named.named, marked) == whole


NUMBERS = [
    ("CC 72.[ID|188].402 de", "72.188.402"),
    ("serial PDM-H-[ID|00341188] out", "PDM-H-00341188"),
    ("case [ID|24]-11804-NJ closed", "24-11804-NJ"),
    ("off [DATE|3]/3-3/14 then", "3/3-3/14"),
    ("card [ID|2100] 4471 8821 today", "2100 4471 8821"),
    ("call [PHONE|555-0139] x 12 today", "555-0139 x 12"),
    ("call [PHONE|555-0139] ext. 12 today", "555-0139 ext. 12"),
    ("signed 7.VI.2024 there", "7.VI.2024"),
    ("she is 93 yo today", "93"),
    ("a 101-year-old man", "101"),
    ("Age: 94, alert", "94"),
    ("a 93yo man", "93yo"),
]
NO_NUMBERS = [
    ("MRN:[ID|12345] today", "12345"),
    ("card [ID|2100] 500 mg daily", "2100"),
    ("call [PHONE|555-0139] exp 12 days", "555-0139"),
    ("95 yeast cells per field", ""),
    ("glucose 94, then 98", ""),
    ("factor VII.2 level", ""),
    ("MRN: 12-XX-2023 on file", ""),
    ("Chart [ID|45]-I-1234 on file", "45-I-1234"),
    ("heart rate at age 92 % predicted", ""),
]


@pytest.mark.parametrize(("marked", "whole"), NUMBERS + NO_NUMBERS)
def test_of_a_number(marked, whole):
    assert grown(_numbered.numbered, marked) == whole


DATES = [
    ("on [DATE|3/4/2024] at 14:20 his wife", "3/4/2024 at 14:20"),
    ("on [DATE|3/4/2024], at 9:15 PM she", "3/4/2024, at 9:15 PM"),
    ("on [DATE|3/4/2024] 0346 h he", "3/4/2024 0346 h"),
    ("on [DATE|3/4/2024] 10:02 CST by", "3/4/2024 10:02 CST"),
    ("on [DATE|2/11] 11p-7a quiet", "2/11 11p-7a"),
    ("on Tuesday, [DATE|March] [DATE|4] he", "Tuesday, March 4"),
    ("due M [DATE|10/9] there", "M 10/9"),
    ("due Th [DATE|4/10] there", "Th 4/10"),
    ("the twenty-[DATE|second] of", "twenty-second"),
    ("fourteen [DATE|February] there", "fourteen February"),
    ("in [DATE|April] of '19 there", "April of '19"),
    ("[DATE|two] thousand eighteen there", "two thousand eighteen"),
]
NO_DATES = [
    ("on [DATE|3/4/2024] AST 40", "3/4/2024"),
    ("on [DATE|3/4/2024], 1200 mL out", "3/4/2024"),
    ("rounds on [DATE|Tuesday] again", ""),
    ("Ferritin 1240 on [DATE|03/04/2024] again", "03/04/2024"),
    ("admitted [DATE|3/14], 24 hrs urine", "3/14"),
    ("diet [DATE|3/14] 1500 cal", "3/14"),
    ("72 yo F [DATE|3/14] here", "3/14"),
    ("D [DATE|10/2/18] T [DATE|10/3/18] here", "10/2/18 T 10/3/18"),
]


@pytest.mark.parametrize(("marked", "whole"), DATES + NO_DATES)
def test_of_a_date(marked, whole):
    assert grown(_dated.dated, marked) == whole


PLACES = [
    ("at [FACILITY|Oakhollow] Family Practice today", "Oakhollow Family Practice"),
    ("at [FACILITY|Kestrel] Bottling today", "Kestrel Bottling"),
    ("at [FACILITY|Gallup] IMC today", "Gallup IMC"),
    ("at [FACILITY|Sarah]'s Circle today", "Sarah's Circle"),
    ("the [FACILITY|Kestrel] clinic today", "Kestrel clinic"),
    ("sent to Tilquin [FACILITY|Wall] today", "Tilquin Wall"),
    ("in [GEO|Bremerton], WA 98310 today", "Bremerton, WA 98310"),
    ("at [GEO|12] [GEO|Ridge] [GEO|Road], 2B. Today", "12 Ridge Road, 2B"),
    ("at [GEO|25] [GEO|Koskikatu], Finland. Today", "25 Koskikatu, Finland"),
]
NO_PLACES = [
    ("at [FACILITY|Kestrel] ICU today", "Kestrel"),
    ("named after [GEO|the] [GEO|street] again", ""),
    ("at [FACILITY|Kestrel] ED today", "Kestrel"),
    ("from [GEO|San] [GEO|Antonio], 54 M, here", "San Antonio"),
    ("born in [GEO|Koskela], Finland", "Koskela"),
    ("at [GEO|12] [GEO|Oak] [GEO|Street]. T2DM, HTN", "12 Oak Street"),
    ("at [GEO|12] [GEO|Oak] [GEO|Street], 98% RA", "12 Oak Street"),
    ("at [GEO|12] [GEO|Oak] [GEO|Street] s/p CABG", "12 Oak Street"),
    ("[FACILITY|Mercy] [FACILITY|Hospital] MRI showed", "Mercy Hospital"),
    ("[FACILITY|Mercy] [FACILITY|Hospital] Temp 101.2", "Mercy Hospital"),
]


@pytest.mark.parametrize(("marked", "whole"), PLACES + NO_PLACES)
def test_of_a_place(marked, whole):
    assert grown(_placed.placed, marked) == whole


PARTS = [
    ("Mrs. [NAME|Saint]-Fleur today", "Saint-Fleur"),
    ("Mrs. Saint-[NAME|Fleur] today", "Saint-Fleur"),
    ("her uncle [NAME|Seong]-min today", "Seong-min"),
    ("the [FACILITY|Passau]-[GEO|Ost] today", "Passau-Ost"),
    ("Mrs. [NAME|Rosa] de la [NAME|Cruz] today", "Rosa de la Cruz"),
    ("pt [NAME|Petrov], [NAME|Rosa] today", "Petrov, Rosa"),
    ("on [DATE|March], [DATE|2021] he", "March, 2021"),
]


@pytest.mark.parametrize(("marked", "whole"), PARTS)
def test_of_what_stands_between_two_parts(marked, whole):
    assert grown(_mended.mended, marked) == whole


@pytest.mark.parametrize("before", ["", "cc: "])
def test_two_people_are_two_wherever_they_stand(before):
    given = f"{before}[NAME|Rosa] [NAME|Petrov], [NAME|Imani] [NAME|Okafor]"
    assert spans(given) == ["Rosa Petrov", "Imani Okafor"]


def test_so_are_two_with_initials():
    assert spans("cc S. [NAME|Farouk], I. [NAME|Moe]") == ["S. Farouk", "I. Moe"]


def test_a_sentences_end_joins_no_names():
    assert spans("told [NAME|Sidikou]. [NAME|Fuel] was low") == ["Sidikou", "Fuel"]


def test_what_is_opened_within_an_identifier_is_closed_within_it():
    assert spans('by "[NAME|Chip]" [NAME|Deluca] today') == ['"Chip" Deluca']
    assert spans("pt [NAME|Rose] ([NAME|Bert]) today") == ["Rose (Bert)"]
    assert spans("pt ([NAME|Rose]) today") == ["Rose"]


def test_what_somebody_said_is_no_nickname():
    assert spans('with [NAME|Lopez] "no CPR" [NAME|Lopez] said') == ["Lopez", "Lopez"]


def test_two_places_are_two():
    given = "on [GEO|Dixie] [GEO|Highway] in [GEO|Shively]; [GEO|Oak] [GEO|Street]. [GEO|Denver] again"
    assert spans(given) == ["Dixie Highway", "Shively", "Oak Street", "Denver"]


PIECES = st.sampled_from([*'Bob Rose " ( ) 12 Oak Street , . - J A. in \n /'.split(" "), "3/4", "R", "IV", "'s", "de"])


@given(st.lists(st.tuples(PIECES, st.sampled_from([0, 0, 1, 2, 3, 4, 7])), min_size=1, max_size=30))
@settings(max_examples=300, deadline=None)
def test_spans_stand_in_order_and_apart(pieces):
    folded, words = fold(" ".join(piece for piece, _ in pieces)), Words()
    if not scan(folded, words, load_lexicon()):
        return
    mark(folded, words)
    tags = array.array("B", ([tag for _, tag in pieces] * words.count)[: words.count])
    found = listed(build(folded, words, tags, array.array("i", [1000] * words.count), False, None))
    assert all(start < end for start, end, _ in found)
    assert all(one[1] <= other[0] for one, other in pairwise(found))


def test_a_surname_of_two_letters_is_met_again_as_it_is():
    assert spans("Nurse [NAME|Xu] called. Xu again, xu XU") == ["Xu", "Xu"]


def test_a_name_is_met_again_but_not_an_initial():
    assert spans("[NAME|Quillfeather] came. T. [NAME|Quillfeather] left; T 98.6, Quillfeather well") == [
        "Quillfeather",
        "T. Quillfeather",
        "Quillfeather",
    ]
