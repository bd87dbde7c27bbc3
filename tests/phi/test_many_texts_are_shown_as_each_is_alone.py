"""However many texts are shown at once, each is shown as it would be alone."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.phi import detect, redact_values

TEXTS = [
    b"Mrs. Rosa Petrov was seen; call back at (555) 555-0110.",
    b"Glucose 142 mg/dL fasting, advised on diet.",
    b"",
    b"MRN 4471209, seen 3/4/2024 by Dr. Okonkwo at Mercy Hospital in Toledo.",
    "Señora Muñoz, nacida el 3 de mayo de 1951".encode(),
    b"no complaints\0, ssn 123-45-6789",
]

PIECES = st.sampled_from(
    "at the corner of |12 Elm Street|Main Avenue 12|Phone:|451 5986|+|+46 (0)8 928 571|(|Acme|Inc.|&|Apt.|Suite 263|"
    "004|KNIVSTA, SE 18237|Belgium|ZIP|3520|PATIENT NAME:|UM, DARARITH K|AKM|/|vt|x|Dr.|Gleason|Patricia|Keller|at|"
    "14:20|3/4/2024|of|March|4,|2021|93|yo|MRN:|00418823|http:|//a.b|a@b.c|\n|-|,|was seen".split("|")
)
PARTS = st.lists(st.lists(PIECES, max_size=6).map(" ".join), min_size=2, max_size=5)


def test_a_batch_is_shown_as_its_texts_are_alone():
    rng = random.Random(1)
    alone = {text: redact_values([text])[0] for text in TEXTS}
    assert b"[NAME]" in (alone[TEXTS[0]] or b"") and b"[SSN]" in (alone[TEXTS[5]] or b"")
    for choice in (TEXTS, TEXTS[:4]):
        batch = rng.choices(choice, k=2500)
        assert redact_values(batch) == [alone[text] for text in batch]


def test_an_eponym_is_no_name_because_the_next_text_begins_with_one():
    texts = ["3520  an. 5986 Gleason\nName: Gleason ", "Patricia was\n^ 1111"]
    assert [(one.start, one.end) for one in detect(texts) if one.doc == 0] == [
        (one.start, one.end) for one in detect(texts[:1])
    ]


@given(PARTS)
@settings(max_examples=200, deadline=None)
def test_what_is_found_in_a_text_does_not_depend_on_its_neighbours(texts):
    found: list[list[tuple[int, int, str]]] = [[] for _ in texts]
    for one in detect(texts):
        found[one.doc].append((one.start, one.end, one.label))
    assert found == [[(one.start, one.end, one.label) for one in detect([text])] for text in texts]
