"""`slack:` in lockgate.yaml, what `doctor` says of it, the manifest, and the server as it is really started."""

from __future__ import annotations

import asyncio
import json
import secrets
import time

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from lockgate.audit import SigningKey
from lockgate.channels.slack.incoming import LONGEST_BODY_BYTES
from lockgate.cli import app
from lockgate.errors import ConfigError
from lockgate.policy import write_starters
from lockgate.server.config import load_config
from lockgate.server.serve import start
from lockgate.store import write_key_file
from slack_standin import ROOM, SECRET, TEAM, TOKEN, click, signed

SECTION = (
    "slack:\n  bot_token: file:token\n  signing_secret: env:SLACK_SECRET\n  team: T0CLINIC\n  channel: C0REVIEWS\n"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SLACK_SECRET", SECRET)
    (tmp_path / "token").write_text(TOKEN + "\n")
    (tmp_path / "state").mkdir()
    write_key_file(tmp_path / "state" / "keys")
    (tmp_path / "state" / "log.key").touch(mode=0o600)
    (tmp_path / "state" / "log.key").write_text(SigningKey.from_seed("test.lockgate", b"t" * 32).to_text())
    write_starters(["ai-agents"], tmp_path / "policies")
    return tmp_path


def config(folder, text=SECTION):
    (folder / "lockgate.yaml").write_text(f"public_url: https://gate.example.org/\nconnections: {{}}\n{text}")
    return load_config(folder / "lockgate.yaml")


def test_secrets_are_references_and_are_never_shown(folder):
    read = config(folder)
    slack = read.slack
    assert (slack.bot_token, slack.signing_secret, slack.team, slack.room) == (TOKEN, SECRET, TEAM, ROOM)
    assert slack.console("req_1") == "https://gate.example.org/console/requests/req_1"
    assert slack.api == "https://slack.com/api/"
    assert TOKEN not in repr(read) and SECRET not in repr(read)
    assert load_config(folder / "lockgate.yaml", connections=False).slack is None, "nobody need have them in a cron job"


@pytest.mark.parametrize(
    ("was", "is_", "said"),
    [
        ("file:token", TOKEN, "bot_token is env:NAME or file:PATH"),
        ("file:token", "none", "bot_token is needed"),
        ("file:token", "file:nowhere", "nowhere cannot be read"),
        ("env:SLACK_SECRET", "env:NOT_THERE", "the environment has no NOT_THERE"),
        ("  signing_secret: env:SLACK_SECRET\n", "", "signing_secret is missing"),
        ("T0CLINIC", "clinic", "team is an id"),
        ("C0REVIEWS", "'#reviews'", "channel is an id"),
        ("  team: T0CLINIC\n", "", "team is missing"),
        ("  team:", "  teem: T0CLINIC\n  team:", "unknown key teem"),
        ("C0REVIEWS", "C0REVIEWS\n  enterprise: T1", "enterprise is an id"),
        ("C0REVIEWS", "C0REVIEWS\n  api: http://slack.example.org/api/", "api is an https address"),
    ],
)
def test_a_mistake_is_named_with_its_line(folder, was, is_, said):
    with pytest.raises(ConfigError) as refused:
        config(folder, SECTION.replace(was, is_))
    assert refused.value.message.startswith("lockgate.yaml:") and said in refused.value.message
    assert TOKEN not in str(refused.value) and SECRET not in str(refused.value)


def test_socket_mode_takes_the_place_of_the_signing_secret(folder):
    slack = config(folder, SECTION.replace("signing_secret: env:SLACK_SECRET", "app_token: env:SLACK_SECRET")).slack
    assert (slack.app_token, slack.signing_secret) == (SECRET, "") and SECRET not in repr(slack)


def test_doctor_says_where_people_are_asked(folder, monkeypatch):
    config(folder)
    said = CliRunner().invoke(app, ["doctor", "--config", str(folder / "lockgate.yaml")]).output
    assert f"slack: asks in {ROOM} of {TEAM}" in " ".join(said.split())
    assert TOKEN not in said and SECRET not in said
    (folder / "token").write_text("xoxp-of-a-person")
    said = CliRunner().invoke(app, ["doctor", "--config", str(folder / "lockgate.yaml")]).output
    assert "bot_token is no token of a bot" in " ".join(said.split()) and "xoxp" not in said


def test_the_manifest_names_the_doors_that_there_are(folder):
    printed = CliRunner().invoke(app, ["slack", "manifest", "https://gate.example.org/"]).output
    manifest = yaml.safe_load(printed)
    doors = (
        manifest["features"]["slash_commands"][0]["url"],
        manifest["settings"]["interactivity"]["request_url"],
    )
    assert all(door.startswith("https://gate.example.org/api/v1/slack/deliveries/") for door in doors)
    assert sorted(manifest["oauth_config"]["scopes"]["bot"]) == ["chat:write", "commands", "users:read"]


def test_where_it_is_not_configured_nobody_is_there(gate, api):
    for path in ("/slack/deliveries/interactions", "/slack/deliveries/commands"):
        assert api("", "POST", path, {}, token="").status_code == 409


async def test_the_server_takes_and_sends_by_itself(folder, slack):
    """As `lockgate serve` starts it: over a real port, with its own loop sending."""
    read = config(folder, f"{SECTION}  api: {slack.api}\nlisten: {{postgres: 127.0.0.1:0, console: 127.0.0.1:0}}\n")
    running = await start(read)
    try:
        fields = {"command": "/lockgate", "team_id": TEAM, "user_id": "URITA", "text": "link"}
        async with httpx.AsyncClient(base_url=running.api_url) as client:
            for path, sent, wanted in (
                ("commands", fields, 200),
                ("interactions", {"payload": json.dumps({"type": "shortcut", "team": {"id": TEAM}})}, 200),
                ("interactions", {"payload": secrets.token_hex(LONGEST_BODY_BYTES)}, 413),
            ):
                body, headers = signed(sent, int(time.time()))
                answer = await client.post(f"/api/v1/slack/deliveries/{path}", content=body, headers=headers)
                assert answer.status_code == wanted, answer.text
                if path == "commands":
                    assert "Your code is" in answer.json()["text"]
        assert slack.count("users.info") == 1
    finally:
        await running.stop()


def test_slack_is_answered_in_time_though_it_is_slow_itself(reviews, slack):
    reviews.link("URITA", "rita")
    reviews.asked()
    reviews.work()
    name, said = reviews.message()
    slack.after = lambda method: time.sleep(4)
    began = time.monotonic()
    text = reviews.command("URITA")
    assert time.monotonic() - began < 3 and "try again" in text
    began = time.monotonic()
    payload = {"payload": json.dumps(click("URITA", said, name, "lockgate.approve"))}
    assert reviews.deliver("interactions", payload).status_code == 200
    assert time.monotonic() - began < 3
    slack.after = lambda method: None


async def test_work_that_fails_does_not_end_the_loop(reviews, slack, monkeypatch):
    found = reviews.gate.assembly.slack
    tries = []

    async def fails():
        tries.append(1)
        raise RuntimeError("unexpected")

    monkeypatch.setattr(found.counter, "count_due", fails)
    request = reviews.asked()
    task = asyncio.run_coroutine_threadsafe(found.run(), reviews.gate.loop)
    for _ in range(200):
        if slack.messages:
            break
        await asyncio.sleep(0.05)
    task.cancel()
    assert tries and slack.messages and request
