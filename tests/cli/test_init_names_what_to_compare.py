"""`lockgate init` prints what is handed out in another way than the files: fingerprints."""

from __future__ import annotations

import hashlib
import re
import ssl

from lockgate.cli.show import console
from newcomer import Newcomer
from support import PASSWORD


def test_the_printed_fingerprint_is_that_of_the_local_ca(tmp_path):
    who = Newcomer(tmp_path, (0, 0))
    printed = who.says("init", "lg", "--admin", "root", "--password-stdin", given=f"{PASSWORD}\n")
    der = ssl.PEM_cert_to_DER_cert((tmp_path / "lg" / "tls" / "ca.pem").read_text())
    found = re.search(r"^  ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$", printed, re.MULTILINE)
    assert found
    assert found[1].replace(":", "").lower() == hashlib.sha256(der).hexdigest()


def test_your_own_certificate_has_no_ca_of_ours(tmp_path):
    who = Newcomer(tmp_path, (0, 0))
    for name in ("own.pem", "own.key"):
        (tmp_path / name).write_text("x")
    own = ("--cert", "own.pem", "--key", "own.key")
    printed = who.says("init", "lg", "--admin", "root", *own, "--password-stdin", given=f"{PASSWORD}\n")
    assert "ca.pem" not in printed


def test_bytes_that_spell_an_emoji_are_printed_as_they_are(capsys):
    """`:AB:` in a fingerprint is no picture of letters."""
    console.print("  12:AB:CD:34")
    assert capsys.readouterr().out == "  12:AB:CD:34\n"
