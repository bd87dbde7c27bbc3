"""What the pages of finding, of replacing and of the vault show in Python does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lockgate.store import KeyRing, write_key_file
from lockgate.store.vault import create_vault

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
BLOCKS = [
    pytest.param(block, id=f"{name}-{number}")
    for name in ("find-identifiers", "replace-identifiers", "keep-a-vault")
    for number, block in enumerate(
        re.findall(r"```python\n(.*?)```", (PAGES / f"{name}.md").read_text(encoding="utf-8"), re.DOTALL)
    )
]


@pytest.fixture
def installation(tmp_path, monkeypatch):
    """A folder with a vault in `state`, as `lockgate init` and `lockgate vault init` leave it."""
    (tmp_path / "state").mkdir()
    write_key_file(tmp_path / "state" / "vault.keys")
    monkeypatch.chdir(tmp_path)
    create_vault("sqlite:///state/vault.db", KeyRing.from_file(Path("state/vault.keys")), now_at=1)


@pytest.mark.parametrize("block", BLOCKS)
def test_it_runs(block, installation):
    exec(compile(block, "a page", "exec"), {})
