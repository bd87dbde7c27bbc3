"""Statements that change or show the session itself: transactions, settings, locks, notifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from lockgate.gateways.postgres.classify.classified import Classified, refuse
from lockgate.gateways.postgres.classify.nodes import Fields, one
from lockgate.gateways.postgres.classify.parse import Statement, Tree
from lockgate.gateways.postgres.settings.allowed import is_shown, setting_problem
from lockgate.gateways.postgres.wire.pins import NAME, application_name

ACCESS_SHARE = 1


def transaction(statement: Statement) -> Classified:
    kind = str(statement.tree.get("kind", ""))
    if "PREPARE" in kind:
        return refuse("two-phase transactions do not pass Lockgate")
    return Classified("transaction")


def set_(statement: Statement) -> Classified:
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
    value = None if kind in ("VAR_RESET", "VAR_SET_DEFAULT") else constants(cast("list[Tree]", tree.get("args") or []))
    problem = setting_problem(name, value)
    if problem:
        return refuse(problem)
    return Classified("reset" if kind == "VAR_RESET" else "set", set=(name, value))


def in_our_words(statement: Statement, principal: str) -> str | None:
    """The SET that goes upstream in place of the client's; None for any other statement.

    A temporary table must never stand before a real one, so `pg_temp` is last however the path is given (SET SCHEMA is
    another spelling of it); and the application's name stands behind that of whoever is asking.
    """
    tree = statement.tree
    name = str(tree.get("name", "")).lower()
    if statement.node != "VariableSetStmt" or tree.get("kind") != "VAR_SET_VALUE" or name not in ("search_path", NAME):
        return None
    words = _words(cast("list[Tree]", tree.get("args") or []))
    if name == NAME:
        words = [application_name(principal, ", ".join(words))]
    else:
        words.append("pg_temp")
    listed = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
    return f"SET {'LOCAL ' if tree.get('is_local') else ''}{name} = {listed}"


def constants(arguments: list[Tree]) -> str:
    return ", ".join(_words(arguments))


def _words(arguments: list[Tree]) -> list[str]:
    words = []
    for argument in arguments:
        node, fields = one(argument)
        if node == "TypeCast":
            node, fields = one(fields["arg"])
        if node != "A_Const":
            raise ValueError("a setting takes constants")
        words.append(_constant(fields))
    return words


def _constant(fields: Fields) -> str:
    for key in ("sval", "ival", "fval", "boolval", "bsval"):
        if key in fields:
            inner = fields[key]
            value = next(iter(inner.values()), 0) if isinstance(inner, Mapping) else inner
            return str(value)
    return "0" if "ival" in fields else ""


def show(statement: Statement) -> Classified:
    name = str(statement.tree.get("name", "")).lower()
    if name in ("lockgate.requests", "lockgate.receipt"):
        return Classified(name.removeprefix("lockgate."))
    if not is_shown(name):
        return refuse("only settings of PostgreSQL and of Lockgate are shown")
    return Classified("show", name=name)


def discard(statement: Statement) -> Classified:
    return Classified("discard", whole=statement.tree.get("target") in (None, "DISCARD_ALL"))


def lock(statement: Statement) -> Classified:
    share = statement.tree.get("mode") == ACCESS_SHARE
    return Classified("transaction") if share else Classified("lock", ("sql.write",))


def notify(statement: Statement) -> Classified:
    return Classified("notify", ("sql.session",))
