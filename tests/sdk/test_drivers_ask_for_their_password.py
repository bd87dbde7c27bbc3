"""An application's own code gets one-hour tokens for a registered key, when its driver asks for the password."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import asyncpg
import psycopg
import pytest
import uvicorn
from sqlalchemy import create_engine, event, text
from sqlalchemy.ext.asyncio import create_async_engine

from lockgate.demo.embedded import free_port
from lockgate.errors import AuthenticationError, ConfigError, LockgateError
from lockgate.sdk import Tokens
from lockgate.server.api import create_app

READ = "SELECT name FROM patient WHERE id = 3"


@pytest.fixture
def api_url(gate):
    """The gate's HTTP API, listening."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(gate.assembly), port=port, log_level="error", lifespan="off"))
    running = asyncio.run_coroutine_threadsafe(server.serve(), gate.loop)
    while not server.started:
        threading.Event().wait(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    running.result(10)


@pytest.fixture
def tokens(gate, api_url, api, tmp_path):
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text(api.did("ana", "POST", "/agents/local:bot/key")["key"] + "\n")
    return Tokens(api_url, "clinic", key=f"file:{key}")


def test_sqlalchemy_asks_at_each_new_connection(gate, tokens):
    engine = create_engine(f"postgresql+psycopg://bot@127.0.0.1:{gate.port}/clinic", pool_size=3)
    event.listen(engine, "do_connect", tokens.do_connect)
    with engine.connect() as one, engine.connect() as two:
        assert one.execute(text(READ)).scalar().startswith("NAME-")
        assert two.execute(text(READ)).scalar() == one.execute(text(READ)).scalar()
    engine.dispose()


async def test_sqlalchemy_with_asyncpg(gate, tokens):
    engine = create_async_engine(f"postgresql+asyncpg://bot@127.0.0.1:{gate.port}/clinic")
    event.listen(engine.sync_engine, "do_connect", tokens.do_connect)
    async with engine.connect() as agent:
        assert (await agent.execute(text(READ))).scalar().startswith("NAME-")
    await engine.dispose()


async def test_asyncpg_asks_once_for_a_whole_pool(gate, tokens, monkeypatch):
    fetches = []
    original = tokens._fetch
    monkeypatch.setattr(tokens, "_fetch", lambda: (fetches.append(1), original())[1])
    address = f"postgresql://bot@127.0.0.1:{gate.port}/clinic"
    async with asyncpg.create_pool(address, password=tokens.password, min_size=5, max_size=5) as pool:
        names = await asyncio.gather(*(pool.fetchval(READ) for _ in range(20)))
    assert {name.startswith("NAME-") for name in names} == {True}
    assert len(fetches) == 1


def test_any_driver_takes_the_function_itself(gate, tokens):
    with psycopg.connect(host="127.0.0.1", port=gate.port, dbname="clinic", user="bot", password=tokens()) as agent:
        assert agent.execute(READ).fetchone()[0].startswith("NAME-")


class Answers:
    """An API that gives numbered tokens, or an error."""

    def __init__(self) -> None:
        self.status, self.given, self.lasts_s = 200, 0, 3600
        self.now = 1_000_000.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                outer.given += 1
                self.send_response(outer.status)
                self.end_headers()
                expires_at = int((outer.now + outer.lasts_s) * 1_000_000)
                said = {"token": f"token-{outer.given}", "user": "bot", "expires_at": expires_at}
                self.wfile.write(json.dumps(said).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def tokens(self, **other):
        return Tokens(
            f"http://127.0.0.1:{self.server.server_port}", "clinic", key="env:A_KEY", now=lambda: self.now, **other
        )


@pytest.fixture
def answers(monkeypatch):
    monkeypatch.setenv("A_KEY", "lgk_secret")
    made = Answers()
    yield made
    made.server.shutdown()


def test_a_token_is_kept_until_five_minutes_before_it_expires(answers):
    tokens = answers.tokens()
    assert [tokens(), tokens()] == ["token-1", "token-1"]
    answers.now += 3600 - 301
    assert tokens() == "token-1"
    answers.now += 2
    assert tokens() == "token-2"


def test_what_is_said_to_last_longer_is_fetched_again_within_the_hour(answers):
    answers.lasts_s = 10 * 3600
    tokens = answers.tokens()
    tokens()
    answers.now += 3600
    assert tokens() == "token-2"


def test_threads_that_ask_at_once_share_one_token(answers):
    tokens = answers.tokens()
    got = []
    threads = [threading.Thread(target=lambda: got.append(tokens())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(got) == {"token-1"}


def test_while_lockgate_is_away_a_token_that_is_still_good_is_used(answers):
    tokens = answers.tokens()
    tokens()
    answers.status = 503
    answers.now += 3600 - 100
    assert tokens() == "token-1"
    answers.now += 101
    with pytest.raises(LockgateError, match="no token was given"):
        tokens()


def test_a_key_that_is_refused_gives_no_token_however_young_the_last_one_is(answers):
    tokens = answers.tokens()
    tokens()
    answers.status = 401
    answers.now += 3600 - 100
    with pytest.raises(AuthenticationError, match="refused"):
        tokens()


@pytest.mark.parametrize("status", [401, 503])
def test_no_error_holds_the_key_or_the_token(answers, status):
    tokens = answers.tokens()
    tokens()
    answers.status = status
    answers.now += 3600
    with pytest.raises(LockgateError) as failed:
        tokens()
    for told in (str(failed.value), repr(failed.value), repr(tokens)):
        assert "lgk_secret" not in told
        assert "token-1" not in told


@pytest.mark.parametrize("url", ["http://gate.example.org:8443", "gate.example.org", "ftp://localhost"])
def test_a_key_travels_over_tls_only(url):
    with pytest.raises(ConfigError, match="TLS"):
        Tokens(url, "clinic", key="env:A_KEY")


def test_a_key_file_that_others_can_read_is_not_used(tmp_path):
    (tmp_path / "key").write_text("lgk_secret")
    os.chmod(tmp_path / "key", 0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        Tokens("http://localhost:1", "clinic", key=f"file:{tmp_path / 'key'}")()


def test_it_imports_nothing_of_the_server():
    asks = "import sys, lockgate.sdk; print(*(n for n in sys.modules if n.startswith('lockgate')))"
    loaded = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) <= {"lockgate", "lockgate.errors", "lockgate.sdk", "lockgate.sdk.secrets", "lockgate.sdk.tokens"}
