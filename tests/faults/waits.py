"""Short waits for a store that does not answer: that they end is what is tested, not how long they are."""

from __future__ import annotations

import pytest

from lockgate.store import postgresql, presence


def shorten_waits(monkeypatch: pytest.MonkeyPatch, *, connect_s: float) -> None:
    for module, name, value in (
        (postgresql, "LOCK_MS", 500),
        (postgresql, "TRANSACTION_S", 2.0),
        (presence, "HEARTBEAT_S", 0.5),
        (presence, "HERE_S", 0.5),
        (presence, "CONNECT_S", connect_s),
    ):
        monkeypatch.setattr(module, name, value)
