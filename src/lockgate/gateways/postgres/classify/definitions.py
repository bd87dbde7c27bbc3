"""Definitions that are more than that: they run code, change who may do or see what, or lose a class.

Nothing here is resolved by the server: a function is known by its name alone, and whatever is not on the list is code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from lockgate.gateways.postgres.classify.classified import Classified, refuse
from lockgate.gateways.postgres.classify.nodes import Fields, one, string
from lockgate.gateways.postgres.classify.parse import Statement, Tree, walk

POWER = frozenset(
    """
    AT_ChangeOwner AT_EnableRowSecurity AT_DisableRowSecurity AT_ForceRowSecurity AT_NoForceRowSecurity
    """.split()
)
"""ALTER TABLE commands that change who may do or see what."""

CODE = frozenset(
    """
    AT_EnableTrig AT_EnableAlwaysTrig AT_EnableReplicaTrig AT_DisableTrig AT_EnableTrigAll AT_DisableTrigAll
    AT_EnableTrigUser AT_DisableTrigUser AT_EnableRule AT_EnableAlwaysRule AT_EnableReplicaRule AT_DisableRule
    """.split()
)
"""ALTER TABLE commands that change which code runs."""

VIEW_RIGHTS = frozenset({"security_invoker", "security_barrier"})
"""Options of a view that say with whose rights it reads, and what may look before its conditions do."""

PLAIN = frozenset(
    """
    now clock_timestamp statement_timestamp transaction_timestamp timezone nextval gen_random_uuid uuidv4 uuidv7 random
    lower upper initcap length char_length octet_length btrim ltrim rtrim left right replace concat concat_ws split_part
    substring position overlay abs round floor ceil mod date_trunc date_part extract age make_date to_char to_tsvector
    jsonb_typeof json_typeof jsonb_array_length jsonb_extract_path_text array_length cardinality num_nonnulls num_nulls
    md5 sha256 normalize starts_with regexp_replace
    """.split()
)
"""Built-in functions that definitions use, and that do nothing else."""

PLAIN_KINDS = frozenset({"OBJECT_COLLATION", "OBJECT_TSCONFIGURATION", "OBJECT_TSDICTIONARY"})
"""What CREATE defines without naming a function that will run."""


def definition(statement: Statement) -> Classified:
    """CREATE INDEX, DOMAIN, STATISTICS and what else holds expressions."""
    return Classified("ddl", _with_code(statement, {"sql.ddl"}))


def policy(statement: Statement) -> Classified:
    return Classified("grant", _with_code(statement, {"sql.grant"}))


def function(statement: Statement) -> Classified:
    """With SECURITY DEFINER whoever calls it has its owner's rights; taking that away changes rights as well."""
    listed = cast("list[Tree]", statement.tree.get("options") or statement.tree.get("actions") or [])
    rights = any(one(item)[1].get("defname") == "security" for item in listed)
    return Classified("code", ("sql.code", "sql.grant") if rights else ("sql.code",))


def schema(statement: Statement) -> Classified:
    if statement.tree.get("schemaElts"):
        return refuse("CREATE SCHEMA with definitions in it does not pass", "make the schema, then what belongs in it")
    owned = statement.tree.get("authrole") is not None
    return Classified("ddl", ("sql.ddl", "sql.grant") if owned else ("sql.ddl",))


def define(statement: Statement) -> Classified:
    """An operator or an aggregate is a function by another name."""
    operation = "sql.ddl" if statement.tree.get("kind") in PLAIN_KINDS else "sql.code"
    return Classified("ddl" if operation == "sql.ddl" else "code", (operation,))


def rename(statement: Statement) -> Classified:
    if statement.tree.get("renameType") == "OBJECT_ROLE":
        return Classified("grant", ("sql.grant",))
    return Classified("ddl", ("sql.ddl",))


def alter_table(statement: Statement) -> Classified:
    operations = {"sql.ddl"}
    for kind, command in walk(dict(statement.tree)):
        if kind == "AlterTableCmd":
            operations |= _of_command(command)
    return Classified("ddl", _with_code(statement, operations))


def _of_command(command: Fields) -> set[str]:
    subtype = str(command.get("subtype"))
    found = set()
    if subtype in POWER or (subtype.endswith("SetRelOptions") and VIEW_RIGHTS & set(_options(command))):
        found.add("sql.grant")
    if subtype in ("AT_ResetRelOptions", "AT_ReplaceRelOptions") and VIEW_RIGHTS & set(_options(command)):
        found.add("sql.grant")
    if subtype in CODE:
        found.add("sql.code")
    if "Drop" in subtype:
        found.add("sql.drop")
    if subtype == "AT_AttachPartition" or (subtype in ("AT_AlterColumnType", "AT_SetExpression") and _moves(command)):
        # What people said of the column holds for what is in it from now on.
        found.add("sql.declassify")
    return found


def _options(command: Fields) -> Iterator[str]:
    for kind, fields in walk(command.get("def")):
        if kind == "DefElem":
            yield str(fields.get("defname", "")).lower()


def _moves(command: Fields) -> bool:
    """Whether the column is filled from another than itself."""
    own = str(command.get("name", ""))
    columns = [fields for kind, fields in walk(command.get("def")) if kind == "ColumnRef"]
    return any(_name(column) != own for column in columns)


def _name(column: Fields) -> str:
    fields = column.get("fields")
    last = fields[-1] if isinstance(fields, list) and fields else None
    return string(last) if isinstance(last, Mapping) and "String" in last else ""


def _with_code(statement: Statement, operations: set[str]) -> tuple[str, ...]:
    return tuple(sorted(operations | ({"sql.code"} if calls_code(statement.tree) else set())))


def calls_code(tree: Fields) -> bool:
    """Whether a function is called in it that is not known to do nothing else."""
    for kind, fields in walk(dict(tree)):
        if kind == "FuncCall":
            names = [string(item) for item in cast("list[Tree]", fields.get("funcname") or [])]
            if names[-1:] == [] or names[-1] not in PLAIN or names[:-1] not in ([], ["pg_catalog"]):
                return True
    return False
