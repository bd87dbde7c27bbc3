"""More parameters than a function has arguments: those of one type become members of one array.

`$205` of type int4 is written `($1[205])` where argument 1 is `int4[]`, and `($2[205:205])` where its type is itself an
array: that has the same type as the parameter. In the tree that comes back each such member is put back as the
parameter that it stands for, so that the walk sees no difference. Both ways are checked: the changed text must parse
to the client's own tree but for the parameters, and no argument may be left in the analysed one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lockgate.gateways.postgres.classify.parse import ParseError, Tree, parse, walk
from lockgate.gateways.postgres.lineage.nodetree import Node, NodeTreeError, Value, every_node
from lockgate.gateways.postgres.lineage.side import ServerError

MOST_ARGUMENTS = 100
"""FUNC_MAX_ARGS of PostgreSQL."""
POSITIONS = ("location", "list_start", "list_end")
INT4 = "23"
EXTERN = "0"
"""PARAM_EXTERN: a parameter of the statement, or an argument of the function."""


@dataclass(frozen=True, slots=True)
class ParameterType:
    """A type as SQL writes it, and the array of it, empty if there is none."""

    name: str
    array: str
    is_array: bool


@dataclass(frozen=True, slots=True)
class Gathered:
    """`places` is the argument of each type OID; those of `sliced` are arrays themselves."""

    text: str = field(repr=False)
    arguments: tuple[str, ...]
    places: Mapping[int, int]
    sliced: frozenset[int]


def gather(text: str, oids: Sequence[int], types: Mapping[int, ParameterType]) -> Gathered:
    """The statement with its parameters as members of arrays. Raises `ServerError` for a type that can be in none, and
    `NodeTreeError` where the text would come to mean anything else."""
    places = {oid: number for number, oid in enumerate(dict.fromkeys(oids), 1)}
    sliced = frozenset(oid for oid in places if not types[oid].array and types[oid].is_array)
    if any(not types[oid].array and oid not in sliced for oid in places):
        raise ServerError("54023", f"a statement of more than {MOST_ARGUMENTS} parameters has one of a pseudo-type")
    arguments = tuple(types[oid].name if oid in sliced else types[oid].array for oid in places)
    written = text.encode()
    before = _tree(written)
    # A tree may hold one place of the text twice: `SET (a, b) = ($1, $2)` does.
    found = sorted({(int(str(f.get("location", 0))), int(str(f.get("number", 0)))) for f in _parameters(before)})
    pieces: list[bytes] = []
    last = 0
    for location, number in found:
        word = b"$%d" % number
        if not 1 <= number <= len(oids) or written[location : location + len(word)] != word:
            raise NodeTreeError("a parameter is not where it should be")
        oid = oids[number - 1]
        index = b"%d:%d" % (number, number) if oid in sliced else b"%d" % number
        pieces += [written[last:location], b"($%d[%s])" % (places[oid], index)]
        last = location + len(word)
    changed = b"".join([*pieces, written[last:]])
    if not _same(before, _tree(changed)):
        raise NodeTreeError("the parameters cannot be gathered")
    return Gathered(changed.decode(), arguments, places, sliced)


def restore(tree: Value, oids: Sequence[int], gathered: Gathered) -> None:
    """Put the parameters back, in place. Raises `NodeTreeError` for an argument that stands for none."""
    restored: set[int] = set()
    for node in list(every_node(tree)):
        array = node.node("refexpr") if node.name == "SUBSCRIPTINGREF" else None
        if array is None or array.name != "PARAM" or array.text("paramkind") != EXTERN:
            continue
        number = _number(node)
        if not 1 <= number <= len(oids):
            raise NodeTreeError("a parameter that there is not")
        oid = oids[number - 1]
        if (
            node.text("refrestype") != str(oid)
            or array.number("paramid") != gathered.places[oid]
            or bool(node.items("reflowerindexpr")) != (oid in gathered.sliced)
        ):
            raise NodeTreeError("a parameter of another type")
        node.name = "PARAM"
        node.fields = {
            "paramkind": EXTERN,
            "paramid": str(number),
            "paramtype": str(oid),
            "paramtypmod": "-1",
            "paramcollid": node.fields.get("refcollid"),
            "location": "-1",
        }
        restored.add(id(node))
    for node in every_node(tree):
        if node.name == "PARAM" and node.text("paramkind") == EXTERN and id(node) not in restored:
            raise NodeTreeError("an argument that stands for no parameter")


def _number(node: Node) -> int:
    """The constant by which an array is subscripted: one, or one twice."""
    upper, lower = node.items("refupperindexpr"), node.items("reflowerindexpr")
    if len(upper) != 1 or len(lower) > 1 or node.node("refassgnexpr") is not None:
        raise NodeTreeError("an argument is subscripted otherwise")
    numbers = {_int4(index) for index in (*upper, *lower)}
    if len(numbers) != 1:
        raise NodeTreeError("an argument is subscripted otherwise")
    return numbers.pop()


def _int4(index: Value) -> int:
    if not isinstance(index, Node) or index.name != "CONST" or index.text("consttype") != INT4:
        raise NodeTreeError("an argument is subscripted by no number")
    octets = bytes(int(word) & 0xFF for word in index.text("_datum").split() if word != "[")
    return int.from_bytes(octets[:4], "little", signed=True)


def _tree(text: bytes) -> Tree:
    try:
        (statement,) = parse(text)
    except (ParseError, ValueError) as error:
        raise NodeTreeError("the parameters cannot be gathered") from error
    return {statement.node: statement.tree}


def _parameters(tree: Tree) -> list[Mapping[str, Tree]]:
    return [fields for kind, fields in walk(tree) if kind == "ParamRef"]


def _same(before: Tree, after: Tree) -> bool:
    """Whether the trees differ in nothing but places in the text, and in parameters being members of an array."""
    if isinstance(before, Mapping):
        if not isinstance(after, Mapping):
            return False
        parameter = before.get("ParamRef")
        if isinstance(parameter, Mapping):
            return _stands_for(after.get("A_Indirection"), parameter.get("number"))
        names = {name for name in (*before, *after) if not name.endswith(POSITIONS)}
        return all(name in before and name in after and _same(before[name], after[name]) for name in names)
    if isinstance(before, list):
        return isinstance(after, list) and len(before) == len(after) and all(map(_same, before, after))
    return before == after


def _stands_for(member: Tree, number: Tree) -> bool:
    if not isinstance(member, Mapping) or not isinstance(number, int):
        return False
    argument, indices = member.get("arg"), member.get("indirection")
    if not isinstance(argument, Mapping) or set(argument) != {"ParamRef"} or not isinstance(indices, list):
        return False
    match indices:
        case [{"A_Indices": {"is_slice": True, "lidx": lower, "uidx": upper}}]:
            return _is_number(lower, number) and _is_number(upper, number)
        case [{"A_Indices": {"uidx": upper, **rest}}]:
            return not rest and _is_number(upper, number)
    return False


def _is_number(tree: Tree, number: int) -> bool:
    match tree:
        case {"A_Const": {"ival": {"ival": int(value)}}}:
            return value == number
    return False
