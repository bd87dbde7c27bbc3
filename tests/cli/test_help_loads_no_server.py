"""Help and version come at once: what only a running command needs is imported when it runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("lockgate.server", "lockgate.services", "lockgate.store", "fastapi", "sqlalchemy", "asyncpg", "uvloop")
TELL_WHAT_WAS_LOADED = """
import sys
from lockgate.cli import main
try:
    main()
except SystemExit as ended:
    assert not ended.code
print("loaded", *sorted(sys.modules))
"""


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("audit", "verify", "--help"), ("serve", "--help")])
def test_help_and_version_load_no_server(words):
    done = subprocess.run(
        [sys.executable, "-c", TELL_WHAT_WAS_LOADED, *words], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.splitlines()[-1].split()
    assert loaded[0] == "loaded"
    assert "lockgate.cli" in loaded
    assert not set(HEAVY) & set(loaded)
