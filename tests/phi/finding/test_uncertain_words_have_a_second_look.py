"""A second look at what the tagger is not sure of: what it adds is the same for a text alone and among others."""

from __future__ import annotations

import json
import random
from array import array

import numpy as np
import pytest
from training.marks import all_documents
from typer.testing import CliRunner

from lockgate.cli import app
from lockgate.phi.finding import _second
from lockgate.phi.finding._patterns import mark
from lockgate.phi.finding._words import Words, scan
from lockgate.phi.finding.engine import BETWEEN, Engine
from lockgate.phi.finding.folding import fold
from lockgate.phi.finding.model import COMPILED_FOR, load_lexicon, load_second, load_tagger
from lockgate.phi.finding.processor import has
from uncompiled import plain

SECOND = plain(_second)
_TOP = 16383
NOTES = (
    "Spoke with Okafor's daughter, Imani, she will bring the pill bottles Thursday.",
    "Plan discussed w/ pt and wife. Jordan to call back re: MRI at Lakeview, then f/u w/ Dr. Abara in 2 wks.",
    "Afebrile overnight. K 3.9, Cr 1.1. Continue lisinopril 10 mg daily; Foley out; Apgar 8 and 9.",
    "Subject: moving the 3:15. Hi, can we move Mr. Quillfeather to the 14th? He lives out past Ridge Road. Thx, Deb",
    "which rooms did rosa petrov and j. tamm use in may",
)


def scored(text: bytes, second=None, bias: int = 0) -> tuple[list[list[int]], list[int]]:
    """Each word's nine scores and whether it was passed by; and where each begins."""
    words, tagger = Words(), load_tagger()
    scan(text, words, load_lexicon())
    mark(text, words)
    tagger.score(words, bias)
    (second or load_second()).look(words, tagger.scores)
    scores = [list(tagger.scores[at * 16 : at * 16 + 10]) for at in range(words.count)]
    return scores, list(words.start[: words.count])


@pytest.mark.parametrize("note", NOTES)
def test_scores_of_a_text_are_those_it_has_alone(note):
    alone, _ = scored(fold(note))
    before = BETWEEN.join(fold(other) for other in NOTES) + BETWEEN
    among, starts = scored(before + fold(note) + BETWEEN + fold(NOTES[0]))
    first = starts.index(len(before))
    assert among[first : first + len(alone)] == alone


def test_a_word_depends_on_twelve_on_either_side_and_no_more():
    rng = random.Random(3)
    every = [word for note in NOTES for word in note.split()]
    # Longer than what is worked out together, so that it is cut somewhere.
    text = " ".join(rng.choices(every, k=900))
    whole, _ = scored(fold(text))
    for _ in range(20):
        start = rng.randrange(len(text) - 3000)
        begin, end = text.index(" ", start) + 1, text.index(" ", start + 2000)
        part, _ = scored(fold(text[begin:end]))
        offset = len(scored(fold(text[:begin]))[0])
        # The tagger's own look at the edges of a text is another: they are left out.
        assert part[30:-30] == whole[offset + 30 : offset + len(part) - 30]


@pytest.mark.parametrize("cell", ["Jordan", "Rosa A. Petrov", "12 Ridge Road, Toledo OH 43604"])
def test_the_cell_of_a_column_has_one_look(cell):
    text = fold(cell) + BETWEEN + fold(NOTES[1]) + BETWEEN + fold(cell)
    words, tagger = Words(), load_tagger()
    scan(text, words, load_lexicon())
    mark(text, words)
    tagger.score(words)
    before = list(tagger.scores[: words.count * 16])
    load_second().look(words, tagger.scores)
    after = list(tagger.scores[: words.count * 16])
    size = scan(fold(cell), Words(), load_lexicon()) * 16
    assert after[:size] == before[:size] and after[-size:] == before[-size:] and after != before


def as_in_a_textbook(text: bytes) -> list[list[int]]:
    """The same scores from whole matrices, layer by layer, for all words at once."""
    words, tagger = Words(), load_tagger()
    scan(text, words, load_lexicon())
    mark(text, words)
    tagger.score(words)
    scores = np.array(tagger.scores[: words.count * 16]).reshape(-1, 16)[:, :10].astype(int)
    times, table, filters, shifts, mixtures, offsets, ends, leans = load_second().kept
    layers, channels, taps = 4, 64, 7
    of_rows = np.frombuffer(table, np.uint8).reshape(-1, channels).astype(int) - 128
    filters = np.array(filters).reshape(layers, taps, channels).astype(int)
    mixtures = np.array(mixtures).reshape(layers, channels, channels).astype(int)
    shifts, offsets = (
        np.array(shifts).reshape(layers, -1).astype(int),
        np.array(offsets).reshape(layers, -1).astype(int),
    )
    rows, starts = _second.rows_of(words)
    sums = np.add.reduceat(of_rows[np.array(rows)], np.array(starts))
    x = np.clip(sums * times >> 8, 0, _TOP)
    for layer in range(layers):
        beside = np.pad(x, ((taps // 2, taps // 2), (0, 0)))
        filtered = sum(beside[tap : tap + len(x)] * filters[layer, tap] for tap in range(taps)) + shifts[layer]
        y = np.clip(filtered >> 12, -_TOP, _TOP)
        x = np.minimum(x + np.maximum(y @ mixtures[layer].T + offsets[layer] >> 12, 0), _TOP)
    added = x @ np.array(ends).reshape(16, channels).T[:, :9].astype(int) + np.array(leans)[:9] >> 13
    asked = (scores[:, 9] == 0) & (scores[:, 1:9].max(1) > scores[:, 0] - 250)
    scores[asked, :9] += added[asked]
    return [[int(one) for one in word] for word in scores]


@pytest.mark.parametrize("note", NOTES)
def test_what_it_adds_is_what_its_formulas_say(note):
    assert scored(fold(note))[0] == as_in_a_textbook(fold(note))


def test_compiled_or_not_the_scores_are_the_same():
    rng = random.Random(5)
    compiled = load_second()
    other = SECOND.Second(*compiled.kept)
    every = [word for note in NOTES for word in note.split()]
    for text in (*NOTES[:3], " ".join(rng.choices(every, k=40))):
        assert scored(fold(text), other) == scored(fold(text), compiled)


@pytest.mark.parametrize("module", COMPILED_FOR)
def test_whatever_the_processor_has_the_scores_are_the_same(module):
    wide = pytest.importorskip(f"lockgate.phi.finding.{module}", reason="not compiled for this kind of processor")
    if not has(*COMPILED_FOR[module]):
        pytest.skip("this processor has not what it is compiled for")
    numbers = load_second().kept
    rng = random.Random(6)
    every = [word for doc in all_documents(True)[:40] for word in doc.text.split()]
    for text in (*NOTES, " ".join(rng.choices(every, k=3000))):
        assert scored(fold(text), wide.Second(*numbers)) == scored(fold(text), _second.Second(*numbers))


def large_numbers(seed: int) -> tuple:
    """Of a network whose values reach their ends in every layer, and whose sums are just within 32 bits."""
    rng = random.Random(seed)
    most = (1 << 31) - 1 - _TOP * 30 * 4096
    table = array("Q", rng.randbytes(8 * _second.SIZES[0]))
    numbers = [1 << 17, table]
    for size, code, largest in zip(_second.SIZES[1:], "hihihi", (17_500, most, 1_900, most, 1_900, most), strict=True):
        numbers.append(array(code, (rng.choice((-largest, largest, rng.randint(0, largest))) for _ in range(size))))
    return tuple(numbers)


@pytest.mark.parametrize("module", ["_second", *COMPILED_FOR])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_values_end_where_they_end_whatever_the_processor_has(module, seed):
    wide = pytest.importorskip(f"lockgate.phi.finding.{module}", reason="not compiled for this kind of processor")
    if not has(*COMPILED_FOR.get(module, ())):
        pytest.skip("this processor has not what it is compiled for")
    numbers = large_numbers(seed)
    for note in NOTES:
        assert scored(fold(note), wide.Second(*numbers)) == scored(fold(note), SECOND.Second(*numbers))


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ("flags\t\t: fpu sse2 avx2 bmi1\n\nflags\t\t: fpu avx2\n", True),
        ("flags\t\t: fpu avx2\n\nflags\t\t: fpu sse2\n", False),
        ("flags\t\t: fpu avx\n", False),
        ("Features\t: fp asimd\n", False),
        ("", False),
    ],
)
def test_a_processor_has_what_the_kernel_says_of_each_of_its_cores(tmp_path, said, there):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(said)
    assert has("avx2", cpuinfo=cpuinfo) is there
    assert not has("avx2", "bmi1", cpuinfo=cpuinfo)
    assert has("avx2", cpuinfo=tmp_path / "none") is False


def test_a_hostile_text_does_not_make_sums_run_over():
    # The largest values that a text can bring about: the same words over and over.
    for word in ("Smith ", "555-0101 ", "A", "\u00e9" * 40 + " ", "[[ ", "x1y2z3 "):
        text = fold(word * 400)
        assert scored(text[:300], SECOND.Second(*load_second().kept)) == scored(text[:300])


def test_what_the_gateway_shows_is_not_changed_by_it():
    once = Engine(load_lexicon(), load_tagger(), None)
    twice = Engine(load_lexicon(), load_tagger(), load_second())
    assert list(twice.find(NOTES, strict=True)) == list(once.find(NOTES, strict=True))
    joined = BETWEEN.join(fold(note) for note in NOTES)
    assert twice.find_joined(joined, strict=True) == once.find_joined(joined, strict=True)


def leans_away(text: str, span: dict) -> bool:
    """Whether the tagger's own scores are for none, for a word of the span at least."""
    words, tagger = Words(), load_tagger()
    scan(fold(text), words, load_lexicon())
    mark(fold(text), words)
    tagger.score(words)
    scores = (
        tagger.scores[at * 16 : at * 16 + 9]
        for at in range(words.count)
        if span["start"] <= words.start[at] < span["end"]
    )
    return any(max(of_word[1:]) <= of_word[0] for of_word in scores)


def test_explain_says_where_the_tagger_alone_leaned_away(tmp_path):
    texts = [doc.text for doc in all_documents(True)[:150] if doc.text.isascii()]
    notes = tmp_path / "notes.jsonl"
    notes.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    said = CliRunner().invoke(app, ["detect", "--explain", str(notes)]).stdout
    lines = zip(texts, said.splitlines(), strict=True)
    explained = [(text, span) for text, line in lines for span in json.loads(line)["spans"]]
    assert {span["rule"] for _, span in explained} == {"form", "tagger", "second look"}
    turned = [leans_away(*one) for one in explained if one[1]["rule"] == "second look"]
    assert len(turned) > 5 and all(turned)
