"""Whatever text comes: it is searched and replaced, nothing unseen hides an identifier, and all else stays as it is."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lockgate.errors import ConfigError
from lockgate.phi.columns import deidentify, detect
from lockgate.phi.finding import engine
from lockgate.phi.finding.engine import BATCH_BYTES, LONGEST_WORD, windows
from lockgate.phi.freetext import redact_values
from lockgate.phi.replacing import name_lists, named, replace

SSN = "219-09-9999"
UNSEEN = [
    "\u200b",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u0301",
    "\u202e",
    "\u2066",
    "\U000e0041",
    "\0",
    "\x01",
    "\x1b",
    "\x7f",
    "\u2800",
]
SCRIPTS = ["é", "ß", "ﬃ", "İ", "Жук", "張偉", "محمد", "🙂", "٣", "Ⅷ", "\udce9", "\ud800", "\U0010ffff"]
FORMS = ["Mrs. Okonjo", SSN, "3/4/2024", "MRN: 00418823", "http://", "a@b.c", " ", "\n", "\r\n", "\0"]
PIECES = st.sampled_from([*FORMS, *SCRIPTS, *UNSEEN])
TEXTS = st.lists(st.one_of(PIECES, st.text(st.characters(exclude_categories=()), max_size=5)), max_size=12).map("".join)


@given(
    st.lists(TEXTS, max_size=4), st.sampled_from(["safe-harbor", "expert-determination", "limited-data-set", "redact"])
)
@example(["Mrs. \udce9Okonjo\0"], "safe-harbor")
@settings(deadline=None, max_examples=150)
def test_whatever_is_no_identifier_stays_and_every_place_is_right(texts, profile):
    way = named(profile)
    done = replace(texts, engine().find(texts, way.bias), way, patients=["p"] * len(texts))
    for text, new in zip(texts, done, strict=True):
        at = new_at = 0
        for place in new.places:
            assert text[at : place.start] == new.text[new_at : place.new_start]
            at, new_at = place.end, place.new_end
        assert text[at:] == new.text[new_at:]


@pytest.mark.parametrize("sign", UNSEEN, ids=lambda sign: f"U+{ord(sign):04X}")
@pytest.mark.parametrize("value", [SSN, "Okonjo"])
def test_nothing_unseen_within_an_identifier_hides_it(sign, value):
    for hidden in (sign.join(value), value[:2] + sign * 3 + value[2:], value[:4] + sign * 10_000 + value[4:]):
        text = f"Mrs. {hidden} was seen." if value == "Okonjo" else f"her SSN is {hidden} as before"
        [new] = deidentify([text])
        seen = "".join(c for c in new if c not in UNSEEN)
        assert value not in seen, "nor is it there once what is unseen is taken away"
        assert new.endswith(text[-9:])


@pytest.mark.parametrize("sign", UNSEEN, ids=lambda sign: f"U+{ord(sign):04X}")
def test_nothing_unseen_makes_another_person_of_a_name(sign):
    plain, hidden = deidentify(["Mrs. Okonjo was seen.", f"Mrs. Oko{sign}njo was seen."], patient="p")
    assert plain == hidden


@pytest.mark.parametrize("hidden", ["219‑09‑9999", "219–09–9999", "２１９-09-9999", "٢١٩-٠٩-٩٩٩٩", "219−09−9999"])
def test_no_look_alike_of_digits_or_dashes_hides_a_number(hidden):
    [new] = deidentify([f"her SSN is {hidden} as before"])
    assert hidden not in new and hidden[-4:] not in new
    assert new.startswith("her SSN is ") and new.endswith(" as before")


@pytest.mark.parametrize("hidden", ["Оkоnjо", "Ｏｋｏｎｊｏ", "Ókonjo", "Okonjо", "𝐎𝐤𝐨𝐧𝐣𝐨"])
def test_no_look_alike_of_letters_hides_a_name(hidden):
    [new] = deidentify([f"Mrs. {hidden} was seen."])
    assert hidden not in new and new.startswith("Mrs. ") and new.endswith(" was seen.")


# long texts ---------------------------------------------------------------------------------------------------------
@given(st.lists(st.sampled_from([b"x" * 5000, b"ab ", b"\n", b'{"a":1,', b"1" * 3000, b" " * 5000]), max_size=300))
@settings(deadline=None, max_examples=60)
def test_windows_are_the_whole_text_in_order(pieces):
    folded = b"".join(pieces) * 3
    found = list(windows(folded))
    assert b"".join(folded[start:end] for start, end in found) == folded
    assert all(end - start <= BATCH_BYTES + 2 * LONGEST_WORD for start, end in found)


@pytest.mark.parametrize("before", [BATCH_BYTES - 40, BATCH_BYTES - 8, BATCH_BYTES, BATCH_BYTES + 3])
def test_what_lies_where_a_long_text_is_cut_is_found(before):
    filler = "No complaints today. All is well.\n"
    start = (filler * (before // len(filler) + 1))[:before]
    text = f"{start}\nMrs. Okonjo, SSN {SSN}, MRN: 00418823.\n{filler * 1000}"
    found = {text[one.start : one.end] for one in detect([text])}
    assert {"Okonjo", SSN, "00418823"} <= found


@pytest.mark.parametrize("beside", [",", "x", "_"])
def test_what_lies_where_a_long_word_is_cut_is_found(beside):
    for before in range(LONGEST_WORD - 20, LONGEST_WORD + 3):
        text = f"{beside * (before - 2)};,{SSN},;{beside * 9000}"
        assert SSN in {text[one.start : one.end] for one in detect([text])}


def test_minified_json_is_searched():
    rows = [{"n": n, "text": f"Mrs.Okonjo,ssn:{SSN}"} for n in range(20_000)]
    text = json.dumps(rows, separators=(",", ":"))
    assert " " not in text
    found = [text[one.start : one.end] for one in detect([text])]
    assert found.count(SSN) == 20_000


def test_values_that_are_joined_are_searched_as_each_is_alone():
    values = [b"Mrs. Okonjo", b"http://" * 3000, f"SSN {SSN}".encode(), b"x" * 5000, b"", b"seen by Dr. Keller"] * 70
    done = redact_values(values)
    assert done == [redact_values([value])[0] for value in values]
    assert b"Okonjo" not in done[0] and SSN.encode() not in done[2]


def test_the_memory_of_a_search_does_not_grow_with_the_text():
    peaks = []
    for megabytes in (4, 16):
        text = "Nothing new today for us. All is well and so are we.\n" * (megabytes * 1_000_000 // 53)
        next(engine().find([text]), None)
        tracemalloc.start()
        assert sum(1 for _ in engine().find([text])) < 10
        peaks.append(tracemalloc.get_traced_memory()[1] - len(text))
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2_000_000


def test_a_million_empty_texts_are_replaced_by_themselves():
    assert deidentify([""] * 1_000_000) == [""] * 1_000_000


# files of the engine ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("damage", ["missing", "foreign", "cut", "empty"])
def test_without_its_names_nothing_is_replaced(damage, tmp_path, monkeypatch):
    path = tmp_path / "names.txt"
    whole = name_lists.DATA.read_bytes()
    if damage != "missing":
        path.write_bytes({"foreign": b"\xff\xfe\0", "cut": whole[:-100], "empty": b""}[damage])
    monkeypatch.setattr(name_lists, "DATA", path)
    name_lists.lists.cache_clear()
    try:
        with pytest.raises(ConfigError) as refused:
            name_lists.lists()
    finally:
        monkeypatch.undo()
        name_lists.lists.cache_clear()
    assert refused.value.hint == "install lockgate again"
