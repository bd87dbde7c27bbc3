"""The table of event types, which the reference page is made from, says what the source writes, and no more."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import lockgate
from lockgate.audit import TYPES

SOURCE = Path(lockgate.__file__).parent
PASSED_ON = {"services/sessions.py": "_write", "server/assemble.py": "_say"}
"""Methods that write an event of the type that they are given first, as `self._write("session.opened", …)`."""


def types_written() -> tuple[dict[str, str], list[str]]:
    """Each type that some line of the source makes an event of, and where; and the lines that do not tell which."""
    found: dict[str, str] = {}
    untold = []
    for path in sorted(SOURCE.rglob("*.py")):
        tree, name = ast.parse(path.read_text()), str(path.relative_to(SOURCE))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and call.args and writes(call, PASSED_ON.get(name, "")):
                kinds = list(texts(call.args[0], tree))
                found |= dict.fromkeys(kinds, f"{name}:{call.lineno}")
                if not kinds and name not in PASSED_ON:
                    untold.append(f"{name}:{call.lineno}")
    return found, untold


def writes(call: ast.Call, passed_on: str) -> bool:
    if isinstance(call.func, ast.Name):
        return call.func.id == "Event"
    return isinstance(call.func, ast.Attribute) and call.func.attr == passed_on


def texts(value: ast.expr, module: ast.Module) -> Iterator[str]:
    """What the expression may be: a text, one of two, or a name that the module assigns such a thing to."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from texts(one, module)
            yield from texts(other, module)
        case ast.Name(id=name):
            for node in ast.walk(module):
                if isinstance(node, ast.Assign):
                    yield from assigned(name, node, module)


def assigned(name: str, node: ast.Assign, module: ast.Module) -> Iterator[str]:
    for target in node.targets:
        pairs = (
            zip(target.elts, node.value.elts, strict=True)
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            else [(target, node.value)]
        )
        for to, value in pairs:
            if isinstance(to, ast.Name) and to.id == name:
                yield from texts(value, module)


WRITTEN, UNTOLD = types_written()


def test_every_line_that_writes_one_says_which():
    assert UNTOLD == []


@pytest.mark.parametrize("kind", sorted(WRITTEN))
def test_what_is_written_is_in_the_table(kind):
    assert kind in TYPES, f"{WRITTEN[kind]} writes it: say in audit/types.py what it means"


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_in_the_table_is_written(kind):
    assert kind in WRITTEN, "nothing in the source writes it"
