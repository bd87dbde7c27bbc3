"""Functions that cannot fail, whatever values they are given: an error for a chosen value is one bit of that value.

An allow-list. What is not on it counts as a probe where a class is handed to it: arithmetic overflows, conversions
refuse, regular expressions and formats are wrong, indexes run out of range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lockgate.gateways.postgres.lineage.metadata import Function
from lockgate.gateways.postgres.lineage.nodetree import Node, Value, constant_text

ANY_ARGUMENT = frozenset(
    """
    textcat anytextcat textanycat concat concat_ws lower upper initcap length char_length character_length octet_length
    bit_length reverse left right btrim ltrim rtrim replace translate strpos position ascii md5 sha224 sha256 sha384
    sha512 quote_ident quote_literal quote_nullable text array_append array_prepend array_to_string string_to_array
    array_length array_upper array_lower cardinality json_object_field json_object_field_text jsonb_object_field
    jsonb_object_field_text json_array_element json_array_element_text jsonb_array_element jsonb_array_element_text
    json_extract_path json_extract_path_text jsonb_extract_path jsonb_extract_path_text json_typeof jsonb_typeof
    to_json to_jsonb row_to_json array_to_json json_build_object jsonb_build_object json_build_array
    jsonb_build_array date timestamp timestamptz age date_mi unnest to_tsvector
    count min max avg array_agg string_agg json_agg jsonb_agg json_agg_strict jsonb_agg_strict json_object_agg
    jsonb_object_agg mode any_value first_value last_value lag lead bool_and bool_or every row_number rank
    dense_rank percent_rank cume_dist
    """.split()
)
ONE_ARGUMENT: Mapping[str, int] = {
    **dict.fromkeys("split_part to_char encode nth_value".split(), 0),
    **dict.fromkeys("extract date_part date_trunc".split(), 1),
}
"""Only this argument may carry a class: the others (a unit, a field's number) make them fail."""
NEAR = frozenset({"date_pli", "date_mii"})
"""They fail only far from any date that there is, so not with a small constant."""
MOST_DAYS = 36_525
INT4 = "23"
ARRAYS_AGGREGATED = "4053"
"""The OID of array_agg(anyarray), which fails for arrays of different lengths."""
COUNTS = "2147"
"""The OID of count(any), which counts what is not NULL."""
BUILDS = frozenset({"json_build_object", "jsonb_build_object"})
AGGREGATES = frozenset("json_object_agg jsonb_object_agg json_object_agg_strict jsonb_object_agg_strict".split())
JSON_OBJECT = "1"
"""JSCTOR_JSON_OBJECT in src/include/nodes/primnodes.h."""


def carrying(node: Node, function: Function | None) -> Iterator[Value]:
    """The arguments of this call whose values could make it fail."""
    arguments = node.items("args")
    name = function.name if function is not None and function.builtin else ""
    fails = ARRAYS_AGGREGATED in (node.text("aggfnoid"), node.text("winfnoid"))
    # A list of keys and values fails when it is odd.
    fails = fails or (name in BUILDS and node.flag("funcvariadic"))
    if (name in ANY_ARGUMENT and not fails) or (name in NEAR and any(map(_is_small, arguments))):
        return
    if name == "format":
        words = constant_text(arguments[0]) if arguments else ""
        if words and "*" not in words:
            return
    for position, argument in enumerate(arguments):
        if ONE_ARGUMENT.get(name, -1) != position:
            yield argument
    yield from node.items("aggdirectargs")


def told_null(node: Node, function: Function | None) -> Iterator[Value]:
    """What this call tells to be NULL or not, whatever is masked: it counts what is not, or fails for a key that is."""
    if COUNTS in (node.text("aggfnoid"), node.text("winfnoid")):
        yield from map(_listed, node.items("args"))
    yield from keys(node, function)


def keys(node: Node, function: Function | None) -> Iterator[Value]:
    """The keys of a JSON object that is made here: it fails where one of them is NULL."""
    arguments = node.items("args")
    name = function.name if function is not None and function.builtin else ""
    if name in BUILDS or (node.name == "JSONCONSTRUCTOREXPR" and node.text("type") == JSON_OBJECT):
        yield from arguments[::2]
    elif name in AGGREGATES:
        yield from map(_listed, arguments[:1])


def _listed(argument: Value) -> Value:
    """An aggregate's argument is an entry of a list."""
    entry = isinstance(argument, Node) and argument.name == "TARGETENTRY"
    return argument.fields.get("expr") if isinstance(argument, Node) and entry else argument


def _is_small(value: Value) -> bool:
    if not isinstance(value, Node) or value.name != "CONST" or value.text("consttype") != INT4:
        return False
    octets = bytes(int(word) & 0xFF for word in value.text("_datum").split() if word != "[")
    return abs(int.from_bytes(octets[:4], "little", signed=True)) <= MOST_DAYS
