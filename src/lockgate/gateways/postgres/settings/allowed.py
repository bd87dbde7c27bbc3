"""Which settings a client may change: what cannot change the meaning of text, nor show what somebody else wrote."""

from __future__ import annotations

import re

from lockgate.gateways.postgres.wire.pins import PINS

HARMLESS = frozenset(
    """
    application_name bytea_output cursor_tuple_fraction datestyle default_transaction_deferrable
    default_transaction_isolation default_transaction_read_only effective_cache_size effective_io_concurrency
    enable_async_append enable_bitmapscan enable_gathermerge enable_hashagg enable_hashjoin enable_incremental_sort
    enable_indexonlyscan enable_indexscan enable_material enable_memoize enable_mergejoin enable_nestloop
    enable_parallel_append enable_parallel_hash enable_partition_pruning enable_partitionwise_aggregate
    enable_partitionwise_join enable_presorted_aggregate enable_seqscan enable_sort enable_tidscan
    extra_float_digits from_collapse_limit geqo gin_fuzzy_search_limit hash_mem_multiplier
    idle_in_transaction_session_timeout idle_session_timeout intervalstyle jit jit_above_cost
    jit_inline_above_cost jit_optimize_above_cost join_collapse_limit lock_timeout maintenance_work_mem
    max_parallel_workers_per_gather parallel_setup_cost parallel_tuple_cost plan_cache_mode random_page_cost
    search_path seq_page_cost statement_timeout synchronize_seqscans synchronous_commit temp_buffers timezone
    transaction_deferrable transaction_isolation transaction_read_only transaction_timeout work_mem
    """.split()
)

READING = ("bytea_output", "datestyle", "extra_float_digits", "intervalstyle", "timezone")
"""Those of them by which values are read and written: `'02/01/2026'` is another day under another DateStyle."""

ZONE_NAME = re.compile(r"(?!posixrules)[A-Za-z_]+(-[A-Za-z]+)*(/[A-Za-z0-9_+-]+)*", re.ASCII | re.IGNORECASE)
ZONE_OFFSET = re.compile(
    r"([A-Za-z]{3,}|<[A-Za-z0-9+-]+>)?[+-]?(\d|0\d|1[0-4])(:[0-5]\d){0,2}(\.\d+)?([A-Z]{3})?", re.ASCII
)
"""Hours, with or without a name before them, and the name of a summer time that the server knows the rule of."""

QUIET_LEVELS = frozenset({"notice", "warning", "error"})
UTF8 = frozenset({"utf8", "utf-8", "unicode"})
ON = frozenset({"on", "true", "yes", "1"})
OFF = frozenset({"off", "false", "no", "0"})


def is_shown(name: str) -> bool:
    """Whether the value of this setting is shown: PostgreSQL's own and Lockgate's. Any other name holds what somebody
    put there; all of those have a dot."""
    name = name.lower()
    return bool(name) and ("." not in name or name.startswith("lockgate."))


def is_a_zone(value: str) -> bool:
    """Whether this is a time zone of this earth. POSIX lets a client make up others: a week from here, or with a summer
    time that begins on a chosen day, and the year of an instant would tell its date."""
    return bool(ZONE_NAME.fullmatch(value) or ZONE_OFFSET.fullmatch(value))


def setting_problem(name: str, value: str | None) -> str:
    """Why this setting may not take this value; empty when it may. `value` None means its default.

    A pinned setting may be set to what it is pinned to, however that is spelled (a driver sends
    `client_encoding='utf-8'`).
    """
    name = name.lower()
    if name == "search_path" and "pg_temp" in [part.strip(" '\"").lower() for part in (value or "").split(",")][:-1]:
        return "pg_temp is always last: a temporary table must not stand before a real one"
    if name == "timezone" and value is not None and not is_a_zone(value):
        return "a time zone is one that has a name, or an offset of up to fourteen hours"
    if name.startswith("lockgate.") or name in HARMLESS or (value is None and name in PINS):
        return ""
    if name in PINS:
        pin = PINS[name].lower()
        given = (value or "").strip().strip("'\"").lower()
        if (
            given == pin
            or (pin == "utf8" and given in UTF8)
            or (pin == "on" and given in ON)
            or (pin == "off" and given in OFF)
        ):
            return ""
        return f"{name} is pinned to {PINS[name]}: it changes what a statement means"
    if name == "client_min_messages":
        return "" if value is None or value.lower() in QUIET_LEVELS else "client_min_messages is notice or quieter here"
    if name in ("role", "session_authorization"):
        return "" if value is None else "the role upstream is the gateway's own and cannot be changed"
    return f"{name} is not among the settings that a client may change"
