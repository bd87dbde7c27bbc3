"""Whatever is asked in whatever order, by whoever has the vault open, forgotten, and put under another key."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lockgate.errors import VaultError
from lockgate.phi.vault import normal
from lockgate.store import KeyRing
from lockgate.store.vault import create_vault, open_vault, rotate_vault

PATIENTS = st.sampled_from(["p1", "p2", "p3"])
CLASSES = st.sampled_from(["name", "geo"])
WORDS = ["Ada", "ada ", "Bea", "Cy", "Dot", "Eve", "Flo", "Gus", "Hal"]
ORIGINALS = st.lists(st.sampled_from([word.lower() for word in WORDS] + ["x", "y", "z", ""]), max_size=5)


class Promises(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{Path(self.folder.name)}/vault.db"
        self.keys = KeyRing.generate()
        create_vault(self.url, self.keys, now_at=1)
        self.given: dict[tuple[str, str, str], str] = {}
        self.days: dict[str, int] = {}
        self.open = [open_vault(self.url, self.keys, most_cached=size) for size in (0, 100)]

    def teardown(self):
        for vault in self.open:
            vault.close()
        self.folder.cleanup()

    @rule(who=st.integers(0, 1), patient=PATIENTS, cls=CLASSES, originals=ORIGINALS)
    def ask(self, who, patient, cls, originals):
        wanted = [(cls, original, lambda chance: chance.choice(WORDS)) for original in originals]
        known = {normal(original) for _, _, original in self.given} | {normal(original) for original in originals}
        try:
            answers = self.open[who].surrogates(patient, wanted)
        except VaultError:
            new = {original for original in originals if (patient, cls, original) not in self.given}
            taken = {normal(s) for (p, c, _), s in self.given.items() if (p, c) == (patient, cls)}
            assert len({normal(word) for word in WORDS} - known - taken) < len(new), "there were enough"
            return
        for original, answer in zip(originals, answers, strict=True):
            before = self.given.setdefault((patient, cls, original), answer)
            assert before == answer, "the same ever after"

    @rule(who=st.integers(0, 1), patient=PATIENTS)
    def shift(self, who, patient):
        days = self.open[who].offset(patient)
        assert days and days == self.days.setdefault(patient, days)

    @rule(patient=PATIENTS)
    def forget(self, patient):
        count = sum(1 for p, _, _ in self.given if p == patient)
        assert self.open[0].forget(patient) == count
        self.given = {key: value for key, value in self.given.items() if key[0] != patient}
        self.days.pop(patient, None)
        self.reopen()

    @rule()
    def reopen(self):
        for vault in self.open:
            vault.close()
        self.open = [open_vault(self.url, self.keys, most_cached=size) for size in (0, 100)]

    @rule()
    def rotate(self):
        both = KeyRing.parse(self.keys.rotated())
        assert rotate_vault(self.url, both) == len(self.given) + len(self.days)
        self.keys = KeyRing({both.current: both.keys[both.current]}, both.current, both.current)
        self.reopen()

    @invariant()
    def those_of_a_patient_and_class_stay_apart(self):
        places = [(patient, cls, normal(surrogate)) for (patient, cls, _), surrogate in self.given.items()]
        assert len(places) == len(set(places))

    @invariant()
    def each_leads_back_to_its_original(self):
        for (patient, cls, original), surrogate in self.given.items():
            found = self.open[0].reveal(patient, [surrogate])
            assert (cls, original) in {(one.cls, one.original) for one in found}


TestPromises = Promises.TestCase
TestPromises.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
