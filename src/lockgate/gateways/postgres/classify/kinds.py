"""What a statement does, by the kind of its root node; what it reads is the lineage's business.

Every kind of statement is named here. One that is not is refused: nothing passes because nobody thought of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lockgate.gateways.postgres.classify import copying, definitions, named, power, relations, sessions
from lockgate.gateways.postgres.classify.classified import Classified, refuse
from lockgate.gateways.postgres.classify.parse import ParseError, Statement


def classify(statement: Statement) -> Classified:
    """Never raises: what cannot be classified is refused."""
    handler = _HANDLERS.get(statement.node)
    try:
        if handler is not None:
            return handler(statement)
        operation = power.OPERATIONS.get(statement.node)
        if operation is not None:
            return power.by_kind(operation)
    except (ParseError, KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return refuse("this statement cannot be taken apart, so it is not run", "write it more simply")
    return refuse(f"{statement.node} is not known to Lockgate, so it is not run")


_HANDLERS: Mapping[str, Callable[[Statement], Classified]] = {
    "SelectStmt": relations.select,
    "InsertStmt": relations.write,
    "UpdateStmt": relations.write,
    "DeleteStmt": relations.write,
    "MergeStmt": relations.write,
    "CreateTableAsStmt": relations.create_table_as,
    "CreateStmt": relations.create,
    "ViewStmt": relations.view,
    "DropStmt": relations.drop,
    "TruncateStmt": relations.drop,
    "CopyStmt": copying.copy,
    "TransactionStmt": sessions.transaction,
    "VariableSetStmt": sessions.set_,
    "VariableShowStmt": sessions.show,
    "DiscardStmt": sessions.discard,
    "ConstraintsSetStmt": lambda _: Classified("transaction"),
    "LockStmt": sessions.lock,
    "DeclareCursorStmt": named.declare,
    "FetchStmt": named.fetch,
    "ClosePortalStmt": named.close,
    "PrepareStmt": named.prepare,
    "ExecuteStmt": named.execute,
    "DeallocateStmt": named.deallocate,
    "ExplainStmt": named.explain,
    "AlterTableStmt": definitions.alter_table,
    "CreateFunctionStmt": definitions.function,
    "AlterFunctionStmt": definitions.function,
    "CreateSchemaStmt": definitions.schema,
    "CreatePolicyStmt": definitions.policy,
    "AlterPolicyStmt": definitions.policy,
    "DefineStmt": definitions.define,
    "RenameStmt": definitions.rename,
    "IndexStmt": definitions.definition,
    "CreateDomainStmt": definitions.definition,
    "AlterDomainStmt": definitions.definition,
    "CreateStatsStmt": definitions.definition,
    "ListenStmt": sessions.notify,
    "UnlistenStmt": sessions.notify,
    "NotifyStmt": sessions.notify,
}
