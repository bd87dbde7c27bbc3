"""E-mail and PagerDuty against stand-ins of SMTP and the Events API v2: told, never voted, no PHI, none lost."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg
import pytest

from lockgate.channels.due import MOST_TRIES
from lockgate.channels.mail import Mail
from lockgate.channels.pagerduty import PagerDuty
from lockgate.channels.telling import deliver_due
from lockgate.errors import ConfigError
from lockgate.server.config import load_config
from lockgate.services.approvals import Rules
from lockgate.store.outbox import undelivered
from support import start_gate, stop_gate

CONSOLE = "http://lockgate.test/console/requests"
KEY = "R0UTINGKEYOFTHETESTS"


class Smtp(socketserver.ThreadingTCPServer):
    """RFC 5321, as much as a client says; without STARTTLS."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, refuses: tuple[str, ...] = ()) -> None:
        self.got: list[tuple[list[str], bytes]] = []
        self.commands: list[str] = []
        self.refuses = refuses
        self.failing = 0
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 mail.test ESMTP\r\n")
                to: list[str] = []
                while line := self.rfile.readline().decode().strip():
                    word = line.split(" ")[0].upper()
                    server.commands.append(word)
                    if word == "DATA":
                        if server.failing:
                            server.failing -= 1
                            self.wfile.write(b"451 later\r\n")
                            continue
                        self.wfile.write(b"354 go on\r\n")
                        data = b""
                        while not data.endswith(b"\r\n.\r\n"):
                            data += self.rfile.readline()
                        server.got.append((to, data[:-3]))
                        self.wfile.write(b"250 taken\r\n")
                    elif word == "RCPT":
                        address = line.partition("<")[2].rstrip(">")
                        known = address not in server.refuses
                        to += [address] if known else []
                        self.wfile.write(b"250 ok\r\n" if known else b"550 nobody\r\n")
                    elif word == "QUIT":
                        self.wfile.write(b"221 bye\r\n")
                        return
                    else:
                        self.wfile.write(b"250 mail.test\r\n")

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def teller(self, **changes: object) -> Mail:
        port = self.server_address[1]
        fields = {"tls": "none", "to": ("privacy@example.org", "dpo@example.org")} | changes
        return Mail(host="127.0.0.1", port=port, sender="lockgate@example.org", console_url=CONSOLE, **fields)


@pytest.fixture
def smtp():
    server = Smtp()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def pages():
    """Events API v2: 202 with a dedup_key; `answers` first."""
    got: list[dict] = []
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            got.append({"path": self.path, **body})
            status = answers.pop(0) if answers else 202
            said = json.dumps({"status": "success", "dedup_key": body["dedup_key"]}).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield PagerDuty(KEY, CONSOLE, f"http://127.0.0.1:{server.server_port}"), got, answers
    server.shutdown()
    server.server_close()


class Asked:
    """A gate with tellers; time can be moved."""

    def __init__(self, hospital, folder, *tellers):
        self.ahead_s, self.tellers = 0, tellers
        self.gate = start_gate(
            hospital,
            folder,
            "ai-agents",
            rules=Rules(cooling_s=0),
            tellers=tellers,
            clock=lambda: time.time_ns() // 1000 + self.ahead_s * 1_000_000,
        )

    def ask(self, statement, *before):
        with self.gate.connect() as agent:
            agent.execute("SET lockgate.hold = 'fail'")
            for one in before:
                agent.execute(one)
            with pytest.raises(psycopg.Error) as held:
                agent.execute(statement)
            assert held.value.sqlstate == "LG001"
        return self.gate.wait_pending()

    def work(self):
        found = self.gate.assembly
        for teller in self.tellers:
            self.gate.call(deliver_due(teller, found.store, found.approvals))

    def waiting(self):
        return self.gate.call(self.gate.assembly.store.read(undelivered))


@pytest.fixture
def asked(hospital, tmp_path):
    made = []

    def start(*tellers):
        made.append(Asked(hospital, tmp_path, *tellers))
        return made[0]

    yield start
    for one in made:
        stop_gate(one.gate)


def test_a_held_statement_is_mailed_and_paged_and_says_no_phi(asked, hospital, smtp, pages):
    pager, got, _ = pages
    world = asked(smtp.teller(), pager)
    with hospital.direct() as direct:
        name, ssn = direct.execute("SELECT name, ssn FROM patient WHERE id = 7").fetchone()
    request = world.ask(f"SELECT name FROM patient WHERE ssn = '{ssn}'", f"SET lockgate.reason = 'for {name}'")
    world.work()
    ((to, raw),) = smtp.got
    mail = message_from_bytes(raw, policy=policy.default)
    assert to == ["privacy@example.org", "dpo@example.org"]
    assert mail["Subject"] == "[lockgate] A request of medium risk on clinic" and mail["Auto-Submitted"]
    assert f"{CONSOLE}/{request.id}" in mail.get_content() and "local:bot" in mail.get_content()
    (event,) = got
    assert (event["path"], event["routing_key"], event["event_action"]) == ("/v2/enqueue", KEY, "trigger")
    assert (event["dedup_key"], event["payload"]["severity"]) == (request.id, "warning")
    assert event["links"] == [{"href": f"{CONSOLE}/{request.id}", "text": "Open it in the console"}]
    for value in (name, ssn, "SELECT"):
        assert value not in raw.decode() and value not in json.dumps(got)
    world.gate.vote(request, "rita", approve=False, reason="no")
    world.work()
    assert (got[-1]["event_action"], got[-1]["dedup_key"]) == ("resolve", request.id) and "payload" not in got[-1]
    assert len(smtp.got) == 1 and world.waiting() == []


def test_what_was_not_taken_is_sent_again_under_the_same_name(asked, smtp, pages):
    pager, got, answers = pages
    answers += [500, 429, 400]
    smtp.failing = 2
    world = asked(smtp.teller(), pager)
    world.ask("UPDATE task SET done = true WHERE id = 11")
    for _ in range(6):
        world.work()
        world.ahead_s += 100
    assert len(smtp.got) == 1 and [event["event_action"] for event in got] == ["trigger"] * 4
    assert len({event["dedup_key"] for event in got}) == 1 and world.waiting() == []
    view = world.gate.pending()[0]
    assert smtp.teller().message("msg_1", view)["Message-ID"] == "<msg_1@example.org>"


def test_what_never_arrives_is_a_dead_letter(asked):
    world = asked(Mail("127.0.0.1", 1, "lockgate@example.org", ("dpo@example.org",), CONSOLE, "none"))
    request = world.ask("UPDATE task SET done = true WHERE id = 11")
    for _ in range(MOST_TRIES):
        world.work()
        world.ahead_s += 301
    (dead,) = world.waiting()
    assert (dead.state, dead.request, dead.error) == ("dead", request.id, "ConnectionRefusedError")


def test_nothing_goes_out_in_clear_where_tls_is_wanted(asked, smtp):
    world = asked(smtp.teller(tls="starttls", user="lockgate", password="a password"))
    world.ask("UPDATE task SET done = true WHERE id = 11")
    world.work()
    assert smtp.got == [] and not {"AUTH", "MAIL", "DATA"} & set(smtp.commands)
    assert world.waiting()[0].error == "SMTPNotSupportedError"
    assert "a password" not in repr(world.tellers)


def test_one_address_that_is_refused_is_no_reason_to_mail_the_others_twice(asked):
    server = Smtp(refuses=("dpo@example.org",))
    world = asked(server.teller())
    world.ask("UPDATE task SET done = true WHERE id = 11")
    world.work()
    world.ahead_s += 400
    world.work()
    assert [to for to, _ in server.got] == [["privacy@example.org"]] and world.waiting() == []
    server.shutdown()
    server.server_close()


GOOD = (
    "connections: {}\nmail:\n  server: smtp.example.org:587\n  from: lockgate@example.org\n  to: [dpo@example.org]\n"
    "  user: lockgate\n  password: env:MAIL_PASSWORD\npagerduty:\n  routing_key: env:PAGER_KEY\n"
)


def test_they_are_configured_in_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "a mail password")
    monkeypatch.setenv("PAGER_KEY", KEY)
    (tmp_path / "lockgate.yaml").write_text(GOOD)
    read = load_config(tmp_path / "lockgate.yaml")
    mail, pager = read.tellers
    assert (mail.host, mail.port, mail.tls, mail.password) == ("smtp.example.org", 587, "starttls", "a mail password")
    assert pager.api == "https://events.pagerduty.com"
    assert "a mail password" not in repr(read) and KEY not in repr(read)
    assert load_config(tmp_path / "lockgate.yaml", connections=False).tellers == ()


@pytest.mark.parametrize(
    ("was", "is_", "said"),
    [
        ("smtp.example.org:587", "smtp.example.org", "server is written host:port"),
        ("[dpo@example.org]", "dpo@example.org", "to is a list"),
        ("[dpo@example.org]", "[]", "to is a list"),
        ("[dpo@example.org]", '["a@b\\nBcc: c@d"]', "plain addresses"),
        ("env:MAIL_PASSWORD", "hunter2", "password is env:NAME"),
        ("  user:", "  tls: none\n  user:", "only to loopback"),
        ("  user:", "  tls: maybe\n  user:", "tls is starttls"),
        ("env:PAGER_KEY", "none", "routing_key is needed"),
        ("env:PAGER_KEY", "env:PAGER_KEY\n  api: http://pager.example.org", "api is an https address"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, monkeypatch, was, is_, said):
    monkeypatch.setenv("MAIL_PASSWORD", "x")
    monkeypatch.setenv("PAGER_KEY", KEY)
    (tmp_path / "lockgate.yaml").write_text(GOOD.replace(was, is_))
    with pytest.raises(ConfigError) as refused:
        load_config(tmp_path / "lockgate.yaml")
    assert refused.value.message.startswith("lockgate.yaml:") and said in refused.value.message
    assert "hunter2" not in str(refused.value)
