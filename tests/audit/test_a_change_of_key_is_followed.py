"""The log's key is changed: whoever pinned the old or the new one can follow, and the old one signs nothing more."""

from __future__ import annotations

import pytest

from lockgate.audit import (
    Entry,
    Event,
    Frontier,
    SigningKey,
    Verdict,
    leaf_bytes,
    leaf_hash,
    make_checkpoint,
    verify_log,
)

ONE = SigningKey.from_seed("log.example", b"1" * 32)
TWO = SigningKey.from_seed("log.example", b"2" * 32)
THREE = SigningKey.from_seed("log.example", b"3" * 32)


class Log:
    """A log in the making: events, and checkpoints by whoever signs."""

    def __init__(self) -> None:
        self.frontier, self.entries, self.notes = Frontier(), [], []

    def say(self, kind: str, **body: str) -> None:
        id_ = f"evt_{self.frontier.size}"
        leaf = leaf_bytes(Event(kind, body), id=id_, time_at=1)
        self.entries.append(Entry(self.frontier.size, id_, leaf, leaf_hash(leaf)))
        self.frontier, _ = self.frontier.append(leaf_hash(leaf))

    def change(self, before: SigningKey, after: SigningKey) -> None:
        self.say("log.key", before=before.verifier.to_text(), after=after.verifier.to_text())

    def sign(self, signer: SigningKey, also: SigningKey | None = None) -> str:
        self.notes.append(make_checkpoint(self.frontier.size, self.frontier.root(), signer, also))
        return self.notes[-1]

    def verify(self, *keys: SigningKey, kept=()):
        return verify_log(self.entries, self.notes, [key.verifier for key in keys], kept=kept)


@pytest.fixture
def changed() -> Log:
    """Signed by ONE; changed to TWO under both; signed by TWO; changed to THREE; signed by THREE."""
    log = Log()
    log.say("vote")
    log.sign(ONE)
    for before, after in ((ONE, TWO), (TWO, THREE)):
        log.change(before, after)
        log.sign(before, after)
        log.say("vote")
        log.sign(after)
    return log


@pytest.mark.parametrize("pinned", [ONE, TWO, THREE])
def test_whichever_key_was_pinned_the_log_verifies(changed, pinned):
    report = changed.verify(pinned)
    assert (report.verdict, report.problems) == (Verdict.SELF_CONSISTENT, [])
    assert {key.to_text() for key in report.keys} == {key.verifier.to_text() for key in (ONE, TWO, THREE)}
    assert changed.verify(pinned, kept=[changed.notes[0]]).verdict is Verdict.WITNESSED


def test_the_old_key_signs_nothing_after_its_change(changed):
    """It may have been changed because somebody else has it."""
    changed.say("vote")
    changed.sign(ONE)
    report = changed.verify(ONE, TWO, THREE)
    assert report.verdict is Verdict.BROKEN
    assert "not signed by the key that event evt_3 put in force" in report.problems[0]


def test_a_key_that_the_old_one_did_not_vouch_for_is_followed_by_nobody():
    log = Log()
    log.say("vote")
    log.sign(ONE)
    log.change(ONE, TWO)
    log.sign(TWO)
    assert log.verify(ONE).verdict is Verdict.BROKEN, "anybody could have written this event"
    assert log.verify(ONE, TWO).verdict is Verdict.SELF_CONSISTENT, "unless the new key was handed over"
    assert log.verify(TWO).verdict is Verdict.SELF_CONSISTENT


def test_a_change_that_no_checkpoint_covers_leads_nowhere():
    log = Log()
    log.say("vote")
    log.sign(ONE)
    log.change(ONE, TWO)
    assert TWO.verifier not in log.verify(ONE).keys
