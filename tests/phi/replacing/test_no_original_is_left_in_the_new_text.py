"""What was found once does not stand in the new text, and a surrogate that is found again is no leak."""

from __future__ import annotations

import pytest
from training.marks import TEXTS, documents

from lockgate.phi.finding import Found, engine
from lockgate.phi.replacing import MemoryVault, Profile, Replaced, Standard, leaks, named, replace

HELD = sorted(path.stem for path in TEXTS.glob("held-*.txt"))
SAFE = named("safe-harbor")


def replaced(text: str) -> Replaced:
    return replace([text], engine().find([text], SAFE.bias), SAFE, MemoryVault(), ["p"])[0]


def test_a_surrogate_that_is_found_again_is_no_leak():
    text = "Seen by Dr. John Smith. Call (802) 765-4321, SSN 219-09-9999, or mail j.smith@mercy.org."
    done = replaced(text)
    again = list(engine().find([done.text], SAFE.bias))
    assert len(again) >= 4, "they look like identifiers"
    assert leaks(text, done, again) == []


def test_what_was_missed_is():
    text = "Seen by Okonjo. okonjo's note. mail@Okonjo.org. Tokonjos."
    done = replace([text], [Found(0, 8, 14, "NAME", "t", 1.0)], SAFE, MemoryVault(), ["p"])[0]
    again = [Found(0, one.start, one.end, "NAME", "t", 1.0) for one in leaks(text, done)]
    assert [done.text[one.start : one.end] for one in again] == ["okonjo", "Okonjo"]
    assert [one.why for one in leaks(text, done, again)].count("found") == 2
    assert leaks(text, done, common=frozenset({"okonjo"})) == []


def test_what_a_profile_keeps_is_no_leak_and_what_it_does_not_change_is():
    text = "lives in Springfield, near Springfield"
    spans = [Found(0, 9, 20, "CITY", "t", 1.0)]
    limited = replace([text], spans, named("limited-data-set"))[0]
    assert leaks(text, limited) == []

    class Echo(MemoryVault):
        def surrogates(self, patient, wanted):
            return [original for _, original, _ in wanted]

    [done] = replace([text], spans, SAFE, Echo(), ["p"])
    assert [one.why for one in leaks(text, done)] == ["unchanged", "original"]


def test_a_leak_shows_no_text():
    text = "Okonjo. okonjo"
    done = replace([text], [Found(0, 0, 6, "NAME", "t", 1.0)], SAFE)[0]
    assert "konjo" not in repr(leaks(text, done))


def left_in(file, profile):
    """What is left of the originals in a file's texts, `(leak, value)`, and how many were replaced."""
    texts = [document.text for document in documents(TEXTS / f"{file}.txt")]
    way = named(profile)
    done = replace(texts, engine().find(texts, way.bias), way, MemoryVault(), [str(n) for n in range(len(texts))])
    left = [
        (one, new.text[one.start : one.end]) for text, new in zip(texts, done, strict=True) for one in leaks(text, new)
    ]
    return left, sum(len(new.places) for new in done)


@pytest.mark.parametrize("profile", ["safe-harbor", "redact"])
def test_in_texts_that_people_wrote_nothing_stays_where_it_was_found(profile):
    words = replaced = 0
    for file in HELD:
        left, places = left_in(file, profile)
        assert not [file for one, _ in left if one.why == "unchanged"]
        # One word that is a name here and none there (Wilson disease, a school) is the search's to tell, and sometimes
        # is missed; a number or a name of several words is not.
        assert not [(file, value) for _, value in left if " " in value or sum(c.isdigit() for c in value) > 5]
        words, replaced = words + len(left), replaced + places
    assert words <= replaced // 200


@pytest.mark.parametrize("file", ["held-notes-3", "held-long"])
def test_no_surrogate_of_a_dataset_is_an_original_of_it(file):
    """Whole values, as they are written in the texts, of whichever patient."""
    texts = [document.text for document in documents(TEXTS / f"{file}.txt")]
    way = Profile("mine", Standard.SAFE_HARBOR, {"date": "redact", "age": "redact", "zip": "redact"}, SAFE.otherwise)
    done = replace(texts, engine().find(texts, way.bias), way, MemoryVault(), [str(n) for n in range(len(texts))])
    before = {text[p.start : p.end].lower() for text, new in zip(texts, done, strict=True) for p in new.places}
    after = {new.text[p.new_start : p.new_end].lower() for new in done for p in new.places}
    assert not {one for one in before & after if len(one) > 3 and not one.startswith("[")}
