"""`lockgate deidentify --vault`: the real command, run again, elsewhere, or at once, calls one person the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.phi.fpe import FormatKeeping
from lockgate.phi.replacing.derived import cipher_of
from lockgate.store import write_key_file
from lockgate.store.vault import create_vault

NOTES = [
    {"mrn": "88231", "text": "Seen by Dr. John Smith on 03/04/2019 with Mrs. Maria Lopez. Call (802) 765-4321."},
    {"mrn": "77412", "text": "Mr. John Smith, SSN 219-09-9999, lives in Springfield, VT 05156."},
    {"mrn": "88231", "text": "Maria Lopez called on 03/09/2019; MRN: 00418823."},
    {"mrn": None, "text": "Dr. Okonjo Williams was paged."},
]


@pytest.fixture
def keys(tmp_path) -> Path:
    write_key_file(tmp_path / "vault.keys")
    return tmp_path / "vault.keys"


@pytest.fixture
def url(store_url, keys) -> str:
    from lockgate.store import KeyRing

    create_vault(store_url, KeyRing.from_file(keys), now_at=1)
    return store_url


def command(*words: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "lockgate", "deidentify", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": "random"} | env,
    )


def run(*words: str, **env: str) -> tuple[int, str, str]:
    process = command(*words, **env)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def written(folder: Path, *notes: dict) -> str:
    path = folder / f"notes{len(list(folder.iterdir()))}.jsonl"
    path.write_text("".join(json.dumps(note) + "\n" for note in notes))
    return str(path)


def test_two_runs_over_other_files_agree(url, keys, tmp_path):
    options = ["--patient-field", "mrn", "--profile", "expert-determination"]
    first = run(written(tmp_path, *NOTES), *options, "--vault", url, "--vault-keys", str(keys))
    assert first[0] == 0, first[2]
    env = {"LOCKGATE_VAULT": url, "LOCKGATE_VAULT_KEYS": "env:KEYS", "KEYS": keys.read_text()}
    again = run(written(tmp_path, *reversed(NOTES)), *options, **env)
    assert again[0] == 0, again[2]
    one, other = ([json.loads(line) for line in out.splitlines()] for _, out, _ in (first, again))
    for record in (*one, *other):
        del record["id"]  # only its number in the file
    assert one[:3] == other[::-1][:3], "the texts of patients"
    assert one[3] != other[0], "the text of nobody"
    assert not {"Smith", "Lopez", "Maria", "00418823", "88231"} & set(
        first[1].replace(".", " ").replace(",", " ").split()
    )


def test_without_the_vault_two_runs_do_not_agree(tmp_path):
    file = written(tmp_path, *NOTES[:1])
    assert run(file, "--patient", "p")[1] != run(file, "--patient", "p")[1]


def test_two_commands_at_once_agree(url, keys, tmp_path):
    notes = [{"mrn": str(n % 7), "text": f"Mrs. Maria Lopez and Mr. John Keller{n}, MRN: 10{n:05}"} for n in range(300)]
    files = [written(tmp_path, *notes), written(tmp_path, *notes)]
    both = [command(file, "--patient-field", "mrn", "--vault", url, "--vault-keys", str(keys)) for file in files]
    answers = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert answers[0][0] == answers[1][0] and answers[0][0].count("\n") == 300


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--vault", "sqlite:///x.db", "--patient", "p"], "--vault-keys"),
        (["--vault", "x.db", "--vault-keys", "k", "--patient", "p"], "neither an installation's file nor an address"),
        (["--vault", "sqlite:///nowhere.db", "--vault-keys", "KEYS", "--patient", "p"], "lockgate vault init"),
        (["--vault", "sqlite:///nowhere.db", "--vault-keys", "KEYS", "--patient", "p"], "the folder that you are in"),
        (["--vault", "nowhere.yaml", "--patient", "p"], "name the installation's file with --vault"),
        (["--vault", "sqlite:///x.db", "--vault-keys", "KEYS"], "nobody's"),
        (["--vault-keys", "KEYS"], "keys of no vault"),
        (["--vault", "postgresql://me:hunter22@127.0.0.1:9/x", "--vault-keys", "KEYS", "--patient", "p"], "vault"),
    ],
)
def test_a_vault_that_cannot_be_is_refused_before_a_text_is_read(words, says, keys, tmp_path):
    words = [str(keys) if word == "KEYS" else word for word in words]
    status, out, err = run(str(tmp_path / "not-there.txt"), *words)
    assert status == 1 and out == ""
    assert says in " ".join(err.split()), err
    assert "hunter22" not in err and "Traceback" not in err
    assert not list(tmp_path.glob("*.db*"))


def test_the_installations_file_names_its_vault(tmp_path):
    lockgate = [sys.executable, "-m", "lockgate"]
    folder = tmp_path / "lockgate"
    init = [*lockgate, "init", str(folder), "--admin", "root", "--password-stdin"]
    subprocess.run(init, input="a long test password\n", text=True, check=True, capture_output=True)
    config = str(folder / "lockgate.yaml")
    subprocess.run([*lockgate, "vault", "init", "--config", config], check=True, capture_output=True)
    file = written(tmp_path, *NOTES[:3])
    runs = [run(file, "--patient-field", "mrn", "--vault", config) for _ in range(2)]
    assert runs[0][0] == 0, runs[0][2]
    assert runs[0][1] == runs[1][1]


# FF1 ------------------------------------------------------------------------------------------------------------------
def test_encrypt_takes_its_key_from_a_file_and_leads_back(tmp_path):
    (tmp_path / "key").write_bytes(b"0123456789abcdef0123456789abcdef")
    (tmp_path / "ours.yaml").write_text("standard: expert-determination\noperators: {mrn: encrypt, name: surrogate}\n")
    options = ["--profile", str(tmp_path / "ours.yaml"), "--key-file", str(tmp_path / "key")]
    file = written(tmp_path, {"text": "MRN: 00418823."})
    outs = [run(file, *options) for _ in range(2)]
    assert outs[0][0] == 0, outs[0][2]
    assert outs[0] == outs[1], "a code, so no vault is needed"
    hidden = json.loads(outs[0][1])["text"].removeprefix("MRN: ").rstrip(".")
    assert hidden != "00418823" and hidden.isdigit() and len(hidden) == 8
    assert cipher_of((tmp_path / "key").read_bytes()).decrypt([hidden], "mrn") == ["00418823"]
    assert FormatKeeping((tmp_path / "key").read_bytes()).decrypt([hidden], "mrn") != ["00418823"], "a key of its own"


@pytest.mark.parametrize(
    ("standard", "key", "says"),
    [
        ("expert-determination", b"short", "at least 32 bytes"),
        ("safe-harbor", b"0123456789abcdef0123456789abcdef", "expert determination only"),
        ("limited-data-set", b"0123456789abcdef0123456789abcdef", "expert determination only"),
    ],
)
def test_encrypt_is_for_expert_determination_with_a_key_that_is_long_enough(tmp_path, standard, key, says):
    (tmp_path / "key").write_bytes(key)
    (tmp_path / "ours.yaml").write_text(f"standard: {standard}\noperators: {{mrn: encrypt}}\n")
    file = written(tmp_path, {"text": "MRN: 00418823."})
    status, out, err = run(file, "--profile", str(tmp_path / "ours.yaml"), "--key-file", str(tmp_path / "key"))
    assert status == 1 and out == "" and says in " ".join(err.split())


# what comes later ---------------------------------------------------------------------------------------------------
def test_no_surrogate_is_an_original_that_comes_later_in_the_file(tmp_path):
    """Addresses that surrogates are drawn from, 762, half of which the texts are about; the first is drawn before a
    batch with the last is read."""
    addresses = [f"{net}{n}" for net in ("192.0.2.", "198.51.100.", "203.0.113.") for n in range(1, 255, 2)]
    notes = [{"mrn": f"10{n}", "text": f"Logged in from IP {address} again."} for n, address in enumerate(addresses)]
    status, out, err = run(written(tmp_path, *notes), "--patient-field", "mrn")
    assert status == 0, err
    drawn = [json.loads(line)["text"].split()[4] for line in out.splitlines()]
    assert len(drawn) == 381 and all(one[0].isdigit() for one in drawn)
    assert not set(drawn) & set(addresses)
    named = [json.loads(line)["mrn"] for line in out.splitlines()]
    assert not set(named) & {note["mrn"] for note in notes}, "nor what the data calls a patient"


def test_of_standard_input_that_holds_within_a_batch(tmp_path):
    notes = "".join(json.dumps({"mrn": f"10{n}", "text": f"from IP 192.0.2.{n}."}) + "\n" for n in range(1, 255))
    done = subprocess.run(
        [sys.executable, "-m", "lockgate", "deidentify", "-", "--patient-field", "mrn"],
        input=notes,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "192.0.2." not in done.stdout
