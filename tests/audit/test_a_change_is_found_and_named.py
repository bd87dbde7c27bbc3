"""Notes, receipts and the verification of a whole log: what holds, and what is found out."""

from __future__ import annotations

import pytest

from lockgate.audit import (
    Entry,
    Event,
    Frontier,
    SigningKey,
    Verdict,
    VerifierKey,
    check_tlog_proof,
    inclusion_proof,
    leaf_bytes,
    leaf_hash,
    make_checkpoint,
    make_tlog_proof,
    parse_checkpoint,
    verify_log,
)
from lockgate.errors import AuditError

KEY = SigningKey.from_seed("log.example", b"k" * 32)
OTHER = SigningKey.from_seed("log.example", b"o" * 32)


def log(count: int = 6) -> tuple[list[Entry], str, dict[tuple[int, int], bytes]]:
    """Intents and their outcomes, in turn."""
    frontier, entries, nodes = Frontier(), [], {}
    for i in range(count):
        kind = "outcome" if i % 2 else "intent"
        leaf = leaf_bytes(Event(kind, {"execution": f"exe_{i // 2}"}), id=f"evt_{i}", time_at=1000 + i)
        frontier, made = frontier.append(leaf_hash(leaf))
        nodes |= {(level, position): digest for level, position, digest in made}
        entries.append(Entry(i, f"evt_{i}", leaf, leaf_hash(leaf)))
    return entries, make_checkpoint(frontier.size, frontier.root(), KEY), nodes


def verify(entries, note, **options):
    return verify_log(entries, [note], [KEY.verifier], **options)


def test_keys_have_a_text_form_that_comes_back():
    assert SigningKey.from_text(KEY.to_text()) == KEY
    assert VerifierKey.from_text(KEY.verifier.to_text()) == KEY.verifier
    assert "k" * 8 not in repr(KEY)
    with pytest.raises(AuditError):
        VerifierKey.from_text(KEY.verifier.to_text().replace("+", "-", 1))


def test_a_checkpoint_says_size_and_root_and_who_signed():
    _, note, _ = log()
    checkpoint = parse_checkpoint(note, [KEY.verifier])
    assert (checkpoint.origin, checkpoint.size, checkpoint.signers) == ("log.example", 6, ("log.example",))


@pytest.mark.parametrize("change", [("6\n", "7\n"), ("log.example\n", "log.other\n"), ("— ", "- ")])
def test_a_changed_checkpoint_is_no_checkpoint(change):
    _, note, _ = log()
    with pytest.raises(AuditError):
        parse_checkpoint(note.replace(*change, 1), [KEY.verifier])


def test_somebody_elses_key_does_not_count():
    _, note, _ = log()
    with pytest.raises(AuditError):
        parse_checkpoint(note, [OTHER.verifier])


def test_a_receipt_checks_offline_and_a_changed_one_does_not():
    entries, note, nodes = log()
    path = inclusion_proof(3, 6, lambda level, position: nodes[level, position])
    receipt = make_tlog_proof(entries[3].leaf, 3, path, note)
    assert check_tlog_proof(receipt, [KEY.verifier]).event == entries[3].leaf
    for broken in (receipt.replace("index 3", "index 2"), receipt.replace("extra ", "extra AAAA"), receipt[:-9]):
        with pytest.raises(AuditError):
            check_tlog_proof(broken, [KEY.verifier])


def test_a_whole_log_is_consistent_only_with_its_own_key_unless_a_checkpoint_was_kept():
    entries, note, _ = log()
    assert verify(entries, note).verdict is Verdict.SELF_CONSISTENT
    assert verify(entries, note, kept=[note]).verdict is Verdict.WITNESSED


def test_one_changed_byte_is_named():
    entries, note, _ = log()
    bad = entries[2]
    entries[2] = Entry(2, bad.id, bad.leaf.replace(b"exe_1", b"exe_9"), bad.hash)
    report = verify(entries, note)
    assert report.verdict is Verdict.BROKEN
    assert any("event 2 (evt_2) was changed" in problem for problem in report.problems)


def test_a_change_with_a_matching_hash_is_found_by_the_root():
    entries, note, _ = log()
    leaf = entries[2].leaf.replace(b"exe_1", b"exe_9")
    entries[2] = Entry(2, "evt_2", leaf, leaf_hash(leaf))
    assert any("another root" in problem for problem in verify(entries, note).problems)


def test_a_dropped_a_reordered_and_a_cut_off_event_are_found():
    entries, note, _ = log()
    assert verify(entries[:2] + entries[3:], note).verdict is Verdict.BROKEN
    swapped = [*entries]
    swapped[1], swapped[2] = Entry(1, "evt_2", entries[2].leaf, entries[2].hash), Entry(2, "evt_1", entries[1].leaf, entries[1].hash)  # noqa: E501  # fmt: skip
    assert verify(swapped, note).verdict is Verdict.BROKEN
    assert verify(entries[:4], note).verdict is Verdict.BROKEN


def test_a_shorter_log_with_its_own_checkpoint_is_found_against_a_kept_one():
    _, kept, _ = log(6)
    entries, note, _ = log(4)
    assert verify(entries, note).verdict is Verdict.SELF_CONSISTENT
    assert verify(entries, note, kept=[kept]).verdict is Verdict.BROKEN


def test_an_intent_without_an_outcome_has_a_status_of_its_own():
    entries, note, _ = log(5)
    report = verify(entries, note, kept=[note])
    assert (report.verdict, report.unmatched) == (Verdict.UNMATCHED, ["evt_4"])


def test_without_an_outside_checkpoint_no_more_is_said_than_consistent_with_its_own_key():
    entries, note, _ = log(5)
    report = verify(entries, note)
    assert (report.verdict, report.unmatched) == (Verdict.SELF_CONSISTENT, ["evt_4"])
    assert report.witnessed == 0


def test_what_follows_a_kept_checkpoint_is_not_vouched_for():
    _, kept, _ = log(4)
    entries, note, _ = log(6)
    report = verify(entries, note, kept=[kept])
    assert (report.verdict, report.witnessed, report.size) == (Verdict.WITNESSED, 4, 6)


def restored(back_to: int, given_up: int):
    """A log whose first events are those of `log`, then the record of a restore, then others."""
    entries, _, _ = log(back_to)
    frontier = Frontier()
    for entry in entries:
        frontier, _ = frontier.append(entry.hash)
    for body in ({"size": back_to, "given_up": given_up}, {"execution": "other"}):
        kind = "store.restored" if "size" in body else "outcome"
        id_ = f"evt_r{frontier.size}"
        leaf = leaf_bytes(Event(kind, body), id=id_, time_at=9000)
        entries.append(Entry(frontier.size, id_, leaf, leaf_hash(leaf)))
        frontier, _ = frontier.append(leaf_hash(leaf))
    return entries, make_checkpoint(frontier.size, frontier.root(), KEY)


def test_a_recorded_restore_explains_what_it_gave_up_and_never_passes_for_a_whole_log():
    _, kept, _ = log(6)
    entries, note = restored(4, 6)
    report = verify(entries, note, kept=[kept])
    assert report.verdict is Verdict.RESTORED
    assert "given up" in report.given_up[0] and "evt_r4" in report.given_up[0]


@pytest.mark.parametrize("size", [3, 8])
def test_a_recorded_restore_explains_nothing_before_it_or_beyond_what_it_gave_up(size):
    frontier = Frontier()
    for i in range(size):
        frontier, _ = frontier.append(leaf_hash(b"other %d" % i))
    kept = make_checkpoint(frontier.size, frontier.root(), KEY)
    entries, note = restored(4, 6)
    assert verify(entries, note, kept=[kept]).verdict is Verdict.BROKEN


def appended(entries, kind, body):
    leaf = leaf_bytes(Event(kind, body), id="evt_forged", time_at=9)
    return [*entries, Entry(len(entries), "evt_forged", leaf, leaf_hash(leaf))]


def test_an_event_behind_the_last_checkpoint_was_put_there():
    """Place and checkpoint are written in one transaction; whoever can write the store can write only the place."""
    entries, note, _ = log()
    for options in ({}, {"kept": [note]}):
        report = verify(appended(entries, "vote", {"approve": True}), note, **options)
        assert report.verdict is Verdict.BROKEN
        assert report.problems == ["no checkpoint covers the events from number 6 on"]


def test_a_forged_outcome_hides_no_open_intent():
    entries, note, _ = log(5)
    forged = verify(appended(entries, "outcome", {"execution": "exe_2"}), note, kept=[note])
    assert (forged.verdict, forged.unmatched) == (Verdict.BROKEN, ["evt_4"])


def test_a_forged_restore_explains_nothing():
    _, kept, _ = log(6)
    entries, note, _ = log(4)
    report = verify(appended(entries, "store.restored", {"size": 4, "given_up": 6}), note, kept=[kept])
    assert (report.verdict, report.given_up) == (Verdict.BROKEN, [])
