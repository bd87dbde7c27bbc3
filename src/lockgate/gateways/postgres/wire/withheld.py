"""What the server says in its own words, without the words: these may quote values that the client must not see."""

from __future__ import annotations

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.wire.messages import error, message, notice
from lockgate.gateways.postgres.wire.parsing import parse_fields

SEVERITIES = frozenset("ERROR FATAL PANIC WARNING NOTICE DEBUG INFO LOG".split())
WITHHELD = "text withheld by Lockgate: it may quote protected values"


def error_without_words(body: bytes) -> bytes:
    """The same error without its words: severity and SQLSTATE stay, everything that could quote a value goes."""
    severity, code = _without_words(body, "ERROR", "XX000")
    return error(severity, code, WITHHELD, hint="the SQLSTATE says what kind of error it is")


def notice_without_words(body: bytes) -> bytes:
    severity, code = _without_words(body, "NOTICE", "00000")
    return notice(severity, code, WITHHELD)


def _without_words(body: bytes, severity: str, code: str) -> tuple[str, str]:
    """Severity and SQLSTATE where they are what they should be, otherwise those given."""
    fields = parse_fields(body)
    said, state = fields.get("V", fields.get("S", "")), fields.get("C", "")
    is_state = len(state) == 5 and state.isascii() and state.isalnum()
    return said if said in SEVERITIES else severity, state if is_state else code


def notification_without_payload(body: bytes) -> bytes:
    end = body.find(b"\0", 4)
    if end <= 4 or body.find(b"\0", end + 1) != len(body) - 1:
        raise ProtocolError("malformed NotificationResponse")
    return message("A", body[: end + 1] + b"\0")
