"""Statements that are known by their kind alone: definitions, drops, privileges, code, files, administration."""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.gateways.postgres.classify.classified import Classified

OPERATIONS: Mapping[str, str] = {
    **dict.fromkeys(
        """CreateSeqStmt AlterSeqStmt CreateEnumStmt AlterEnumStmt CompositeTypeStmt CommentStmt AlterObjectSchemaStmt
        AlterStatsStmt RefreshMatViewStmt ReindexStmt ClusterStmt VacuumStmt CreateRangeStmt AlterTypeStmt""".split(),
        "sql.ddl",
    ),
    **dict.fromkeys("DropOwnedStmt DropdbStmt DropTableSpaceStmt DropSubscriptionStmt".split(), "sql.drop"),
    **dict.fromkeys(
        """GrantStmt GrantRoleStmt CreateRoleStmt AlterRoleStmt AlterRoleSetStmt DropRoleStmt ReassignOwnedStmt
        AlterDefaultPrivilegesStmt AlterOwnerStmt SecLabelStmt""".split(),
        "sql.grant",
    ),
    **dict.fromkeys(
        """DoStmt CallStmt CreateExtensionStmt AlterExtensionStmt AlterExtensionContentsStmt CreatePLangStmt
        CreateTrigStmt CreateEventTrigStmt AlterEventTrigStmt RuleStmt CreateCastStmt CreateConversionStmt
        CreateOpClassStmt CreateOpFamilyStmt AlterOpFamilyStmt AlterOperatorStmt CreateTransformStmt CreateAmStmt
        LoadStmt""".split(),
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
