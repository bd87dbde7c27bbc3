"""What became of an execution that nobody saw end: the server that ran it knows its transaction."""

from __future__ import annotations

from lockgate.gateways.postgres.lineage.side import ServerError
from lockgate.gateways.postgres.resolve.side import SidePool
from lockgate.gateways.postgres.wire.target import Target
from lockgate.gateways.postgres.wire.upstream import SEARCH_PATH
from lockgate.services.approvals import Approvals

ASK = "SELECT pg_catalog.pg_xact_status($1::xid8)"
DONE = {"committed": True, "aborted": False}


async def settle_unknown(connection: str, target: Target, approvals: Approvals) -> None:
    """Settle what can be settled; what still runs, or is too old for the server to remember, stays UNKNOWN."""
    unknown = await approvals.unsettled(connection)
    if not unknown:
        return
    pool = SidePool(target, size=1)
    try:
        async with pool.lend(SEARCH_PATH) as side:
            for execution_id, transaction in unknown:
                try:
                    rows = await side.fetch(ASK, transaction)
                except ServerError:
                    continue
                done = DONE.get(rows[0][0] or "")
                if done is not None:
                    await approvals.settle(execution_id, done, f"pg_xact_status({transaction})")
    finally:
        pool.close()
