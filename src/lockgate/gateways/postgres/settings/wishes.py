"""The session's own wishes (`SET lockgate.…`) and its search_path, with the server as the one memory.

PostgreSQL keeps any `prefix.name` setting, so SET LOCAL, rollback, savepoints, RESET ALL and DISCARD ALL do to
`lockgate.*` what they do to every setting. The gateway only reads them back whenever something may have changed them,
and the pins with them: most are not reported, and code that people approved may set them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.action import JSON, PHI_CLASSES
from lockgate.gateways.postgres.settings.allowed import READING
from lockgate.gateways.postgres.wire.pins import READ
from lockgate.pipeline import Wishes

NAMES = (
    "lockgate.reveal",
    "lockgate.purpose",
    "lockgate.reason",
    "lockgate.hold",
    "lockgate.max_rows",
    "lockgate.max_bytes",
)
HOW_VALUES_ARE_READ = "SELECT " + ", ".join(f"pg_catalog.current_setting('{name}')" for name in READING)
CAPS = ("lockgate.max_rows", "lockgate.max_bytes")
PURPOSE = re.compile(r"[a-z][a-z_-]{0,39}")
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Hold:
    """What a connection does where people are asked: its callers `wait`, or `fail` at once; and how long they wait.

    A person waits until the decision clock ends, a program briefly: it repeats the statement later."""

    how: str = "wait"
    person_s: float = 8 * 3600.0
    agent_s: float = 45.0


@dataclass(slots=True)
class Settings:
    """What the server last said; `dirty` when it must be asked again before anything is decided."""

    search_path: str
    dirty: bool = True
    unsettled: bool = False
    """Whether the open transaction has changed something that its end, or a savepoint's, changes back."""
    varied: bool = False
    """Whether it has changed how values are read: nothing behind it need wait for that, unless people are asked."""
    reading: tuple[str, ...] = ()
    """How values are read (`READING`)."""
    reveal: frozenset[str] = frozenset()
    purpose: str = ""
    reason: str = ""
    hold: str = ""
    """`wait` or `fail`; empty where it is the connection's choice."""
    most_rows: int = 0
    most_bytes: int = 0
    pinned: tuple[str, ...] = ()
    """`READ_BACK` as they are now."""

    def question(self) -> str:
        columns = ", ".join(f"pg_catalog.current_setting('{name}', true)" for name in NAMES)
        return f"{HOW_VALUES_ARE_READ}, {columns}, pg_catalog.current_setting('search_path'), {READ}"

    def learn(self, row: Sequence[bytes | None]) -> None:
        texts = ["" if value is None else value.decode("utf-8", "replace") for value in row]
        self.reading, texts = tuple(texts[: len(READING)]), texts[len(READING) :]
        self.reveal = frozenset(word for word in texts[0].replace(",", " ").split() if word in PHI_CLASSES)
        # A purpose is kept in clear with what was asked: a word that policies know, never a sentence.
        self.purpose = texts[1] if PURPOSE.fullmatch(texts[1]) else ""
        self.reason = texts[2][:LONGEST_REASON]
        self.hold = texts[3] if texts[3] in ("wait", "fail") else ""
        self.most_rows, self.most_bytes = (int(text) if text.isdigit() else 0 for text in texts[4:6])
        self.search_path = texts[6]
        self.pinned = tuple(texts[7:])
        self.dirty = False

    def decided_by(self) -> tuple[object, ...]:
        """What a decision made earlier rests on."""
        return self.search_path, self.reveal, self.purpose, self.most_rows, self.most_bytes

    def under(self) -> JSON:
        """What gives a text its meaning besides the objects that it names, where a client may change it."""
        return {"search_path": self.search_path, **dict(zip(READING, self.reading, strict=False))}

    def wishes(self, *, may_wait: bool, hold: Hold, person: bool, wrote: bool = False) -> Wishes:
        return Wishes(
            reveal=self.reveal,
            purpose=self.purpose,
            reason=self.reason,
            wait=may_wait and (self.hold or hold.how) == "wait",
            hold_s=hold.person_s if person else hold.agent_s,
            most_rows=self.most_rows,
            most_bytes=self.most_bytes,
            wrote=wrote,
        )


def problem_with(name: str, value: str) -> str:
    """Why a `lockgate.*` setting cannot take this value; empty when it can. The value itself is not repeated."""
    if name not in NAMES:
        return f"{name} is not a setting of Lockgate; there are {', '.join(NAMES)}"
    if name == "lockgate.reveal" and set(value.replace(",", " ").split()) - set(PHI_CLASSES):
        return f"lockgate.reveal takes PHI classes: {', '.join(PHI_CLASSES)}"
    if name == "lockgate.hold" and value not in ("wait", "fail", ""):
        return "lockgate.hold is 'wait' or 'fail'"
    if name in CAPS and value and not (value.isdigit() and int(value) < 1 << 53):
        return f"{name} is a whole number; 0 is no cap"
    return ""
