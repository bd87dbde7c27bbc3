"""What a statement does, by the kind of its root node; what it reads is the lineage's business.

Every kind of statement is named here. One that is not is refused: nothing passes because nobody thought of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from lockgate.gateways.postgres.classify.parse import ParseError, Statement, Tree, deparse, walk
from lockgate.gateways.postgres.settings.allowed import setting_problem

Fields = Mapping[str, Tree]

CURSOR_BINARY = 0x0001
CURSOR_HOLD = 0x0020
ACCESS_SHARE = 1


@dataclass(frozen=True, slots=True)
class Classified:
    """`operations` are what the kind alone says; `inner` is the text to analyse, None when it reads nothing.

    `name` is a cursor's or a prepared statement's, `set` a setting's name and constant value (None: its default).
    """

    kind: str
    operations: tuple[str, ...] = ()
    inner: str | None = None
    types: tuple[str, ...] = ()
    name: str = ""
    set: tuple[str, str | None] | None = None
    refused: str = ""
    hint: str = ""
    runs: bool = True
    copy: Fields | None = field(default=None, repr=False)
    temporary: str = ""
    """The name of the temporary table that it makes."""
    if_missing: bool = False
    """IF NOT EXISTS: there may be an older one of that name, which then stays."""
    whole: bool = False
    """DISCARD ALL, DEALLOCATE ALL, CLOSE ALL, RESET ALL."""


def refuse(why: str, hint: str = "") -> Classified:
    return Classified("refused", refused=why, hint=hint)


def classify(statement: Statement) -> Classified:
    """Never raises: what cannot be classified is refused."""
    handler = _HANDLERS.get(statement.node)
    try:
        if handler is not None:
            return handler(statement)
        operation = _BY_KIND.get(statement.node)
        if operation is not None:
            return Classified(_kind_of(operation), (operation,))
    except (ParseError, KeyError, TypeError, AttributeError, ValueError):
        return refuse("this statement cannot be taken apart, so it is not run", "write it more simply")
    return refuse(f"{statement.node} is not known to Lockgate, so it is not run")


def _kind_of(operation: str) -> str:
    return {"sql.drop": "drop", "sql.grant": "grant", "sql.code": "code", "sql.files": "files"}.get(operation, "ddl")


def _own(statement: Statement) -> str:
    return statement.text.strip().rstrip(";")


# reading and writing -----------------------------------------------------------------------------------------------
def _select(statement: Statement) -> Classified:
    into = [fields for kind, fields in walk(dict(statement.tree)) if kind == "IntoClause"]
    nested = statement.tree.get("intoClause")
    if not into and nested is None:
        return Classified("select", inner=_own(statement))
    if nested is None:
        return refuse("SELECT INTO inside of a set operation does not pass", "use CREATE TABLE AS")
    tree = {key: value for key, value in statement.tree.items() if key != "intoClause"}
    return _created_as(cast(Fields, nested), "SelectStmt", tree)


def _dml(statement: Statement) -> Classified:
    return Classified("write", inner=_own(statement))


def _created_as(into: Fields, node: str, tree: Fields, if_missing: bool = False) -> Classified:
    relation = cast(Fields, into.get("rel") or {})
    temporary = relation.get("relpersistence") == "t" or relation.get("schemaname") == "pg_temp"
    return Classified(
        "temp" if temporary else "ddl",
        ("sql.temp" if temporary else "sql.ddl",),
        inner=deparse(node, tree),
        temporary=str(relation.get("relname", "")) if temporary else "",
        if_missing=if_missing,
    )


def _create_table_as(statement: Statement) -> Classified:
    node, tree = _one(statement.tree["query"])
    if node == "ExecuteStmt":
        return refuse("CREATE TABLE AS EXECUTE does not pass", "write the query out")
    return _created_as(cast(Fields, statement.tree["into"]), node, tree, bool(statement.tree.get("if_not_exists")))


def _create(statement: Statement) -> Classified:
    relation = cast(Fields, statement.tree.get("relation") or {})
    if relation.get("relpersistence") == "t" or relation.get("schemaname") == "pg_temp":
        if any(kind == "FuncCall" for kind, _ in walk(dict(statement.tree))):
            return refuse("a temporary table whose definition calls functions does not pass")
        return Classified("temp", ("sql.temp",), temporary=str(relation.get("relname", "")))
    return Classified("ddl", ("sql.ddl",))


def _view(statement: Statement) -> Classified:
    view = cast(Fields, statement.tree.get("view") or {})
    temporary = view.get("relpersistence") == "t"
    return Classified("temp" if temporary else "ddl", ("sql.temp" if temporary else "sql.ddl",))


def _drop(statement: Statement) -> Classified:
    objects = statement.tree.get("objects")
    if statement.node == "DropStmt" and isinstance(objects, list) and objects and all(map(_is_temporary, objects)):
        return Classified("temp", ("sql.temp",))
    return Classified("drop", ("sql.drop",))


def _is_temporary(item: Tree) -> bool:
    """A name that says `pg_temp.`: whatever it is, it is this session's own."""
    names = item.get("List") if isinstance(item, Mapping) else None
    items = names.get("items") if isinstance(names, Mapping) else None
    return isinstance(items, list) and len(items) == 2 and _string(items[0]) == "pg_temp"


# exports -------------------------------------------------------------------------------------------------------
def _copy(statement: Statement) -> Classified:
    tree = statement.tree
    if tree.get("is_program") or tree.get("filename"):
        return Classified("files", ("sql.files",))
    if tree.get("is_from"):
        relation = cast(Fields, tree.get("relation") or {})
        return Classified(
            "copy_in", inner=_copy_target(relation, cast("list[Tree]", tree.get("attlist") or [])), copy=tree
        )
    if tree.get("query") is not None:
        inner = deparse(*_one(tree["query"]))
    else:
        columns = [_string(item) for item in cast("list[Tree]", tree.get("attlist") or [])]
        listed = ", ".join(map(quote, columns)) if columns else "*"
        inner = f"SELECT {listed} FROM {_qualified(cast(Fields, tree['relation']))}"  # noqa: S608 - quoted identifiers
    return Classified("export", ("sql.export",), inner=inner, copy=tree)


def _copy_target(relation: Fields, columns: list[Tree]) -> str:
    """COPY FROM STDIN writes like an INSERT of NULLs into those columns; it is analysed as one."""
    names = [_string(item) for item in columns]
    target = _qualified(relation)
    if not names:
        return f"INSERT INTO {target} SELECT * FROM {target} WHERE false"  # noqa: S608 - quoted identifiers
    listed = ", ".join(map(quote, names))
    return f"INSERT INTO {target} ({listed}) VALUES ({', '.join('NULL' for _ in names)})"  # noqa: S608


# sessions ------------------------------------------------------------------------------------------------------
def _transaction(statement: Statement) -> Classified:
    kind = str(statement.tree.get("kind", ""))
    if "PREPARE" in kind:
        return refuse("two-phase transactions do not pass Lockgate")
    return Classified("transaction")


def _set(statement: Statement) -> Classified:
    tree = statement.tree
    kind = str(tree.get("kind", ""))
    if kind == "VAR_RESET_ALL":
        return Classified("reset", whole=True)
    name = str(tree.get("name", "")).lower()
    if kind == "VAR_SET_MULTI":
        # SET TRANSACTION and SET SESSION CHARACTERISTICS: isolation and read-only only.
        return Classified("transaction") if "TRANSACTION" in name.upper() else refuse("this SET is not known")
    if kind == "VAR_SET_CURRENT":
        return refuse("SET … FROM CURRENT belongs into a function")
    value = None if kind in ("VAR_RESET", "VAR_SET_DEFAULT") else _values(cast("list[Tree]", tree.get("args") or []))
    problem = setting_problem(name, value)
    if problem:
        return refuse(problem)
    return Classified("reset" if kind == "VAR_RESET" else "set", set=(name, value))


def _values(arguments: list[Tree]) -> str:
    words = []
    for argument in arguments:
        node, fields = _one(argument)
        if node == "TypeCast":
            node, fields = _one(fields["arg"])
        if node != "A_Const":
            raise ValueError("a setting takes constants")
        words.append(_constant(fields))
    return ", ".join(words)


def _constant(fields: Fields) -> str:
    for key in ("sval", "ival", "fval", "boolval", "bsval"):
        if key in fields:
            inner = fields[key]
            value = next(iter(inner.values()), 0) if isinstance(inner, Mapping) else inner
            return str(value)
    return "0" if "ival" in fields else ""


def _show(statement: Statement) -> Classified:
    name = str(statement.tree.get("name", "")).lower()
    if name == "lockgate.requests":
        return Classified("requests")
    if "." in name and not name.startswith("lockgate."):
        return refuse("only settings of PostgreSQL and of Lockgate are shown")
    return Classified("show", name=name)


def _discard(statement: Statement) -> Classified:
    return Classified("discard", whole=statement.tree.get("target") in (None, "DISCARD_ALL"))


def _lock(statement: Statement) -> Classified:
    share = statement.tree.get("mode") == ACCESS_SHARE
    return Classified("transaction") if share else Classified("lock", ("sql.write",))


# cursors and prepared statements ------------------------------------------------------------------------------------
def _declare(statement: Statement) -> Classified:
    options = statement.tree.get("options", 0)
    if isinstance(options, int) and options & CURSOR_HOLD:
        return refuse("a cursor WITH HOLD outlives its approval", "leave WITH HOLD out")
    if isinstance(options, int) and options & CURSOR_BINARY:
        return refuse("a BINARY cursor does not pass", "ask for binary results in the protocol")
    return Classified("declare", inner=deparse(*_one(statement.tree["query"])), name=str(statement.tree["portalname"]))


def _fetch(statement: Statement) -> Classified:
    return Classified("fetch", name=str(statement.tree.get("portalname", "")))


def _close(statement: Statement) -> Classified:
    name = str(statement.tree.get("portalname", ""))
    return Classified("close", name=name, whole=not name)


def _prepare(statement: Statement) -> Classified:
    node, tree = _one(statement.tree["query"])
    if node not in ("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"):
        return refuse("only queries can be prepared")
    if any(kind == "IntoClause" for kind, _ in walk(dict(tree))):
        return refuse("SELECT INTO cannot be prepared")
    types = tuple(_type_text(item) for item in cast("list[Tree]", statement.tree.get("argtypes") or []))
    return Classified("prepare", inner=deparse(node, tree), name=str(statement.tree["name"]), types=types)


def _type_text(item: Tree) -> str:
    _, fields = _one(item)
    cast_tree: dict[str, Tree] = {
        "targetList": [
            {"ResTarget": {"val": {"TypeCast": {"arg": {"A_Const": {"isnull": True}}, "typeName": fields}}}}
        ],
        "limitOption": "LIMIT_OPTION_DEFAULT",
        "op": "SETOP_NONE",
    }
    return deparse("SelectStmt", cast_tree).split("::", 1)[1].strip()


def _execute(statement: Statement) -> Classified:
    for argument in cast("list[Tree]", statement.tree.get("params") or []):
        if any(kind in ("FuncCall", "SubLink", "ColumnRef") for kind, _ in walk(argument)):
            return refuse("EXECUTE takes constants here", "compute the value first")
    return Classified("execute", name=str(statement.tree["name"]))


def _deallocate(statement: Statement) -> Classified:
    name = str(statement.tree.get("name", ""))
    return Classified("deallocate", name=name, whole=not name)


def _explain(statement: Statement) -> Classified:
    node, tree = _one(statement.tree["query"])
    options = [
        str(_one(item)[1].get("defname", "")) for item in cast("list[Tree]", statement.tree.get("options") or [])
    ]
    if node not in ("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"):
        return refuse("only queries can be explained here")
    return Classified("explain", inner=deparse(node, tree), runs="analyze" in options)


# code and power ---------------------------------------------------------------------------------------------------
def _alter_table(statement: Statement) -> Classified:
    power = {
        "AT_ChangeOwner",
        "AT_EnableRowSecurity",
        "AT_DisableRowSecurity",
        "AT_ForceRowSecurity",
        "AT_NoForceRowSecurity",
    }
    code = {
        "AT_EnableTrig",
        "AT_DisableTrig",
        "AT_EnableRule",
        "AT_DisableRule",
        "AT_EnableTrigAll",
        "AT_DisableTrigAll",
    }
    subtypes = {str(fields.get("subtype")) for kind, fields in walk(dict(statement.tree)) if kind == "AlterTableCmd"}
    operations = {"sql.ddl"}
    if subtypes & power:
        operations.add("sql.grant")
    if subtypes & code:
        operations.add("sql.code")
    if any("Drop" in subtype for subtype in subtypes):
        operations.add("sql.drop")
    return Classified("ddl", tuple(sorted(operations)))


def _notify(statement: Statement) -> Classified:
    return Classified("notify", ("sql.session",))


def _one(tree: Tree) -> tuple[str, Fields]:
    """The single `{Kind: fields}` of a wrapped node."""
    if not isinstance(tree, Mapping) or len(tree) != 1:
        raise ValueError("not a node")
    kind, fields = next(iter(tree.items()))
    if not isinstance(fields, Mapping):
        raise ValueError("not a node")
    return kind, fields


def _string(tree: Tree) -> str:
    kind, fields = _one(tree)
    if kind != "String":
        raise ValueError("not a name")
    return str(fields["sval"])


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _qualified(relation: Fields) -> str:
    parts = [str(relation[key]) for key in ("schemaname", "relname") if relation.get(key)]
    return ".".join(map(quote, parts))


_HANDLERS: Mapping[str, Callable[[Statement], Classified]] = {
    "SelectStmt": _select,
    "InsertStmt": _dml,
    "UpdateStmt": _dml,
    "DeleteStmt": _dml,
    "MergeStmt": _dml,
    "CreateTableAsStmt": _create_table_as,
    "CreateStmt": _create,
    "ViewStmt": _view,
    "DropStmt": _drop,
    "TruncateStmt": _drop,
    "CopyStmt": _copy,
    "TransactionStmt": _transaction,
    "VariableSetStmt": _set,
    "VariableShowStmt": _show,
    "DiscardStmt": _discard,
    "ConstraintsSetStmt": lambda _: Classified("transaction"),
    "LockStmt": _lock,
    "DeclareCursorStmt": _declare,
    "FetchStmt": _fetch,
    "ClosePortalStmt": _close,
    "PrepareStmt": _prepare,
    "ExecuteStmt": _execute,
    "DeallocateStmt": _deallocate,
    "ExplainStmt": _explain,
    "AlterTableStmt": _alter_table,
    "ListenStmt": _notify,
    "UnlistenStmt": _notify,
    "NotifyStmt": _notify,
}

_BY_KIND: Mapping[str, str] = {
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
