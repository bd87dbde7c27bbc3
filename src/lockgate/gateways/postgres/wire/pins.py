"""Settings upstream that mean the same from login to the end, because what a text means and who runs it hang on them.

What a role may set is pinned in the startup packet, over whatever was set for the role or the database, so that RESET
ALL and DISCARD ALL come back to the pins. What it may not set is compared; so is all of it after code has run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

PINS: Mapping[str, str] = {
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    "transform_null_equals": "off",
    "row_security": "on",
}
"""Settings that change what a text means or what a role sees; upstream they stay so for the whole session."""

NAME = "application_name"
READ_BACK = (*PINS, "session_replication_role", "role", "session_authorization", NAME)
"""In the order of `READ`."""
READ = ", ".join(f"pg_catalog.current_setting('{name}')" for name in READ_BACK)

LONGEST_NAME = 63


def application_name(principal: str, theirs: str = "") -> str:
    """Who is behind a session, as the server's own views and log show it; the client's name comes after that."""
    ours = _printable(f"lockgate {principal}")[:LONGEST_NAME]
    theirs = _printable(theirs)
    return f"{ours} {theirs.removeprefix(ours).strip()}".strip()[:LONGEST_NAME].strip()


def moved(found: Sequence[str], user: str, principal: str = "", *, dumps: bool = False) -> str:
    """The first of `READ_BACK` that is not as it was at login; empty where all are.

    `user` is the role that logged in, `principal` whose session it is (empty: the gateway's own connection). In a
    declared dump row_security may be off: then a row policy is an error, and shows no row more.
    """
    expected = {**PINS, "session_replication_role": "origin", "role": "none", "session_authorization": user}
    for name, value in zip(READ_BACK, found, strict=True):
        if name == NAME:
            same = not principal or value.startswith(application_name(principal))
        else:
            same = value == expected[name] or (dumps and (name, value) == ("row_security", "off"))
        if not same:
            return name
    return ""


def _printable(text: str) -> str:
    """ASCII alone, as the server itself would have it."""
    return "".join(c if 32 <= ord(c) < 127 else "?" for c in text)
