"""The log holds a commitment to what was executed; its salt lies beside the log, and opens it until it is destroyed."""

from __future__ import annotations

from sqlalchemy import select

from lockgate.action import Decision, Effect, Question, commit
from lockgate.services.approvals import Execution
from lockgate.store.tables.approvals import commitment_salts


async def test_the_salt_of_a_read_that_needed_nobody_is_kept_beside_its_intent(world):
    action = world.action(b"select 1", questions=(Question("sql.select", "clinic/public.patients"),))
    done = await world.approvals.record(action, Decision(Effect.ALLOW, action.classes, frozenset(), (), (), "p" * 64))

    assert isinstance(done, Execution)
    kind, body = (await world.events())[-1]
    rows = await world.store.read(lambda conn: conn.execute(select(commitment_salts)).all())
    assert kind == "intent"
    assert [(row.commitment, commit(b"select 1", bytes(row.salt))) for row in rows] == [(body["commitment"],) * 2]
    assert not any(row.salt.hex() in str(body) for row in rows)
