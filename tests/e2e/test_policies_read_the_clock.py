"""`context.hour` and `context.today` are those of the decision: what is allowed by day is not kept for the night."""

from __future__ import annotations

import psycopg
import pytest

from support import start_gate, stop_gate

HOUR_US = 3600 * 1_000_000
MORNING_AT = 1_800_000_000_000_000 // (24 * HOUR_US) * 24 * HOUR_US + 10 * HOUR_US
OFFICE = '@id("office-hours")\nforbid (principal, action == Action::"sql.select", resource)\n'
OFFICE += "unless { context.hour >= 8 && context.hour < 18 };\n"


def test_what_is_allowed_by_day_is_not_at_night_although_it_was_prepared(hospital, tmp_path):
    now = [MORNING_AT]
    gate = start_gate(hospital, tmp_path, "ai-agents", clock=lambda: now[0])
    try:
        (gate.assembly.policy.folder / "office.cedar").write_text(OFFICE)
        gate.call(gate.assembly.reload_policy(by="local:root"))
        with gate.connect() as agent:
            for _ in range(3):
                assert agent.execute("SELECT count(*) FROM ward", prepare=True).fetchone() == (6,)
            now[0] += 9 * HOUR_US
            gate.call(look_at_the_clock(gate))
            with pytest.raises(psycopg.Error) as refused:
                agent.execute("SELECT count(*) FROM ward", prepare=True)
            assert refused.value.sqlstate == "LG002"
    finally:
        stop_gate(gate)


async def look_at_the_clock(gate):
    """What the gateway does by itself every now and then."""
    gate.assembly.gateway.notice_the_clock()
