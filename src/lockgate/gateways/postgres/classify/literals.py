"""Which strings of a syntax tree are values and not names, and a second look at the text that is made of it.

Everything counts as a value that is not listed here as a name: a field that a later grammar adds is masked at first.
"""

from __future__ import annotations

import functools
from typing import Protocol

from lockgate.gateways.postgres.classify.parse import ParseError

NAMES = frozenset(
    """
    accessMethod access_method aggkind aliasname amname amtype catalogname cmd_name colname column_name compression
    conditionname conname cteNames ctename cursor_name cycle_mark_column cycle_path_column database dbname defname
    defnamespace enrname eventname extname fdwname fk_del_action fk_matchtype fk_upd_action generated generated_kind
    generated_when identity identity_type idxname indexcolname indexname indexspace lang local_schema name
    new_tablespacename newname newschema orig_tablespacename plname policy_name polname portalname priv_name
    provider pubname refname relkind relname relpersistence remote_schema resname role rolename rulename
    savepoint_name schemaname search_seq_column server_name servername storage storage_name strategy subname subtype
    sval tableSpace tableSpaceName tablespacename tgenabled trigname fval bsval
    """.split()
)
"""String fields that hold a name, a keyword or a letter of the grammar's own. Constants (`sval`, `fval`, `bsval`) are
masked where they stand."""

PLACES_OF_NAMES = frozenset(
    """
    fields names funcname name colnames aliascolnames usingClause object objects objname defnames operName collname
    domainname typeName cfgname dictname dicts tokentype opclassname opfamilyname opclass cols columns keys pk_attrs
    fk_attrs fk_del_set_cols including publication func_name conversion_name attlist va_cols stat_types
    search_col_list cycle_col_list indirection method plhandler plinline plvalidator handler_name useOp
    excludeOpNames exclusions order_family relation
    """.split()
)
"""Fields in which a string that stands by itself is (part of) a name."""

KEYWORDS = frozenset(
    """
    csv text binary json xml yaml on off true false none always all full main plain external extended match error_on
    stop ignore verbose silent summary default immutable stable volatile safe restricted unsafe strict
    """.split()
)
"""What options may say; nobody is called so."""

COUNTING = frozenset("LIMIT OFFSET FIRST_P NEXT FORWARD BACKWARD ABSOLUTE_P RELATIVE_P".split())
STRINGS = {"SCONST": "text", "USCONST": "text", "BCONST": "bits", "XCONST": "bits"}
NUMBERS = ("ICONST", "FCONST")
SHORT = 4
"""A number of an option or a type of at most so many digits stays: nobody is known by it."""


class Names(Protocol):
    def of(self, kind: str, value: str) -> str: ...
    def __contains__(self, word: object) -> bool: ...


@functools.cache
def literal_fields() -> frozenset[str]:
    """String fields of the grammar's tree that hold a value, as the library itself describes it."""
    from postgast import pg_query_pb2  # heavy, and needed only where people are asked

    messages = pg_query_pb2.DESCRIPTOR.message_types_by_name.values()
    strings = {f.json_name for message in messages for f in message.fields if f.type == f.TYPE_STRING}
    return frozenset(strings) - NAMES


def names_nothing(place: str) -> bool:
    return place not in PLACES_OF_NAMES


def is_keyword(word: str) -> bool:
    return word.lower() in KEYWORDS


def covered(text: str, placeholders: Names) -> str:
    """The text with whatever PostgreSQL's own scanner calls a literal as a placeholder, where it is none yet.

    Raises ParseError where the scanner does not take it.
    """
    import postgast
    from postgast import pg_query_pb2

    data = text.encode()
    try:
        tokens = postgast.scan(text).tokens
    except postgast.PgQueryError as error:
        raise ParseError("what would be shown is no SQL") from error
    out, done, before = [], 0, ""
    for token in tokens:
        kind, word = pg_query_pb2.Token.Name(token.token), data[token.start : token.end].decode()
        value = word.strip("'")
        if kind in STRINGS and value not in placeholders and not is_keyword(value):
            out += [data[done : token.start].decode(), f"'{placeholders.of(STRINGS[kind], value)}'"]
            done = token.end
        elif kind in NUMBERS and len(word) > SHORT and before not in COUNTING:
            out += [data[done : token.start].decode(), f"'{placeholders.of('number', word)}'"]
            done = token.end
        before = kind
    return "".join([*out, data[done:].decode()])
