"""`doctor` shows who could decide for each agent, on either kind of store, and how young an account may not vote."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lockgate.cli.diagnosis import _files
from lockgate.cli.reviewers import benches, lines
from lockgate.policy import write_starters
from lockgate.services.accounts import Accounts
from lockgate.store import KeyRing, open_store
from support import PASSWORD


@dataclass
class Config:
    """As much of a configuration as is looked at."""

    store: str
    policies: Path
    cooling_s: int = 0
    voters: str = "local"
    connections: dict[str, Any] = field(default_factory=lambda: {"clinic": None})
    certificate: Any = "tls.pem"
    keys: str = "env:NO_SUCH_KEYS"
    signing_key: Path = Path("/nowhere")


@pytest.fixture
async def config(store_url, tmp_path):
    write_starters(["ai-agents"], tmp_path / "policies")
    return Config(store_url, tmp_path / "policies")


@pytest.fixture
async def keys(config):
    """The keys of a store with ana, her agent, and two reviewers."""
    ring = KeyRing.generate()
    async with open_store(config.store, keys=ring) as store:
        accounts = Accounts(store)
        for name, groups in (("ana", []), ("rita", ["privacy"]), ("paul", ["privacy"])):
            await accounts.create_user(name, PASSWORD, by="init", groups=groups)
        await accounts.create_agent("bot", ["local:ana"], by="local:ana")
    return ring


async def said(config, keys):
    return [line for _, line in lines(await benches(config, keys))]


async def test_each_agent_and_profile_has_its_line(config, keys):
    one, two = await said(config, keys)
    assert one == "clinic: local:bot, one-reviewer: local:paul, local:rita may decide"
    assert two.startswith("clinic: local:bot, two-person: this needs 1 of data-owner, 1 of privacy")


async def test_whoever_was_shown_a_key_is_not_among_those_who_may_decide_on_its_use(config, keys):
    async with open_store(config.store, keys=keys) as store:
        accounts = Accounts(store)
        shown = await accounts.register_key("local:bot", by="local:rita")
        await accounts.register_key("local:bot", by="local:ana")
    assert f"clinic: local:bot with {shown.id}, one-reviewer: local:paul may decide" in await said(config, keys)
    async with open_store(config.store, keys=keys) as store:
        await Accounts(store).revoke(shown.id, by="local:ana")
    assert not [line for line in await said(config, keys) if shown.id in line], "a key that is gone opens nothing"


@pytest.mark.parametrize(
    ("cooling_s", "level", "words"),
    [
        (3600, "ok", "an account or membership younger than 3600 s does not vote"),
        (0, "warning", "a new account may vote after 0 s"),
    ],
)
def test_it_says_how_young_an_account_may_not_vote(tmp_path, cooling_s, level, words):
    findings = _files(Config("", tmp_path, cooling_s))
    assert (level, words) in {(finding.level, finding.what) for finding in findings}
