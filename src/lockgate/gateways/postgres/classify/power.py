"""Statements that are known by their kind alone: definitions, drops, privileges, code, files, administration."""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.gateways.postgres.classify.classified import Classified
from lockgate.gateways.postgres.classify.parse import Statement, walk

POWER = frozenset(
    """
    AT_ChangeOwner AT_EnableRowSecurity AT_DisableRowSecurity AT_ForceRowSecurity AT_NoForceRowSecurity
    """.split()
)
"""ALTER TABLE commands that change who may do or see what."""

CODE = frozenset(
    """
    AT_EnableTrig AT_DisableTrig AT_EnableRule AT_DisableRule AT_EnableTrigAll AT_DisableTrigAll
    """.split()
)
"""ALTER TABLE commands that change which code runs."""

OPERATIONS: Mapping[str, str] = {
    **dict.fromkeys(
        """IndexStmt CreateSchemaStmt CreateSeqStmt AlterSeqStmt CreateDomainStmt AlterDomainStmt CreateEnumStmt
        AlterEnumStmt CompositeTypeStmt RenameStmt CommentStmt AlterObjectSchemaStmt CreateStatsStmt AlterStatsStmt
        RefreshMatViewStmt ReindexStmt ClusterStmt VacuumStmt CreateRangeStmt AlterTypeStmt DefineStmt""".split(),
        "sql.ddl",
    ),
    **dict.fromkeys("DropOwnedStmt DropdbStmt DropTableSpaceStmt DropSubscriptionStmt".split(), "sql.drop"),
    **dict.fromkeys(
        """GrantStmt GrantRoleStmt CreateRoleStmt AlterRoleStmt AlterRoleSetStmt DropRoleStmt ReassignOwnedStmt
        AlterDefaultPrivilegesStmt AlterOwnerStmt CreatePolicyStmt AlterPolicyStmt SecLabelStmt""".split(),
        "sql.grant",
    ),
    **dict.fromkeys(
        """DoStmt CallStmt CreateFunctionStmt AlterFunctionStmt CreateExtensionStmt AlterExtensionStmt
        AlterExtensionContentsStmt CreatePLangStmt CreateTrigStmt CreateEventTrigStmt AlterEventTrigStmt RuleStmt
        CreateCastStmt CreateConversionStmt CreateOpClassStmt CreateOpFamilyStmt AlterOpFamilyStmt
        AlterOperatorStmt CreateTransformStmt CreateAmStmt LoadStmt""".split(),
        "sql.code",
    ),
    **dict.fromkeys(
        """CreateFdwStmt AlterFdwStmt CreateForeignServerStmt AlterForeignServerStmt CreateUserMappingStmt
        AlterUserMappingStmt DropUserMappingStmt CreateForeignTableStmt ImportForeignSchemaStmt
        CreateTableSpaceStmt AlterTableSpaceOptionsStmt CreateSubscriptionStmt AlterSubscriptionStmt""".split(),
        "sql.files",
    ),
    **dict.fromkeys(
        """AlterSystemStmt CheckPointStmt CreatedbStmt AlterDatabaseStmt AlterDatabaseSetStmt
        AlterDatabaseRefreshCollStmt CreatePublicationStmt AlterPublicationStmt""".split(),
        "sql.admin",
    ),
}


def by_kind(operation: str) -> Classified:
    """Of a statement of which nothing but its operation is known."""
    return Classified(_kind_of(operation), (operation,))


def _kind_of(operation: str) -> str:
    return {"sql.drop": "drop", "sql.grant": "grant", "sql.code": "code", "sql.files": "files"}.get(operation, "ddl")


def alter_table(statement: Statement) -> Classified:
    subtypes = {str(fields.get("subtype")) for kind, fields in walk(dict(statement.tree)) if kind == "AlterTableCmd"}
    operations = {"sql.ddl"}
    if subtypes & POWER:
        operations.add("sql.grant")
    if subtypes & CODE:
        operations.add("sql.code")
    if any("Drop" in subtype for subtype in subtypes):
        operations.add("sql.drop")
    return Classified("ddl", tuple(sorted(operations)))
