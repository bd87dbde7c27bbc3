"""From a text to what each of its statements does, asked of the server where only it knows, and remembered.

In: a text and the session that sent it. Out: `Statement`s, each classified and analysed, or the `Problem` that refuses
them all. The server is asked on a side connection (`SidePool`), or in the session under a savepoint once the session
sees what no other can. Nothing is decided here, and nothing of the client's is executed.
"""

from lockgate.gateways.postgres.resolve.resolver import Problem, Resolver
from lockgate.gateways.postgres.resolve.side import SidePool
from lockgate.gateways.postgres.resolve.statement import Prepared, Statement

__all__ = ["Prepared", "Problem", "Resolver", "SidePool", "Statement"]
