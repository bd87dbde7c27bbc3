"""What it means to call a function: nothing, code, or a reach for the server's files, network or administration."""

from __future__ import annotations

from lockgate.gateways.postgres.lineage.metadata import Function, Metadata
from lockgate.gateways.postgres.lineage.nodetree import FUNCTION_FIELDS, Node, Value, constant_text, every_node
from lockgate.gateways.postgres.lineage.safe import is_known, is_pure, sets_harmlessly
from lockgate.gateways.postgres.lineage.scope import NOTHING, RELATION, UNKNOWN, Flow, Scope
from lockgate.gateways.postgres.settings.allowed import is_shown

EXTERN = "0"
"""PARAM_EXTERN in src/include/nodes/primnodes.h: a parameter that the client sends."""
FILES = frozenset(
    """
    pg_read_file pg_read_binary_file pg_stat_file pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir
    pg_ls_archive_statusdir pg_ls_logicalmapdir pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir
    pg_current_logfile lo_import lo_export pg_file_write pg_file_sync pg_file_rename pg_file_unlink pg_logdir_ls
    """.split()
)
NETWORK = ("dblink", "postgres_fdw_")
"""How the names of functions begin that reach other servers; they come with extensions, into any schema."""
ADMIN = frozenset(
    """
    pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile pg_promote
    pg_switch_wal pg_create_restore_point pg_backup_start pg_backup_stop pg_wal_replay_pause pg_wal_replay_resume
    pg_log_backend_memory_contexts pg_log_standby_snapshot pg_export_snapshot pg_sync_replication_slots
    pg_create_physical_replication_slot pg_create_logical_replication_slot pg_drop_replication_slot
    pg_copy_physical_replication_slot pg_copy_logical_replication_slot pg_replication_slot_advance
    pg_logical_slot_get_changes pg_logical_slot_peek_changes pg_logical_slot_get_binary_changes
    pg_logical_slot_peek_binary_changes pg_logical_emit_message pg_replication_origin_create
    pg_replication_origin_drop pg_replication_origin_advance pg_replication_origin_session_setup
    pg_replication_origin_session_reset pg_replication_origin_xact_setup pg_replication_origin_xact_reset
    pg_stat_reset pg_stat_reset_shared pg_stat_reset_single_table_counters pg_stat_reset_single_function_counters
    pg_stat_reset_slru pg_stat_reset_replication_slot pg_stat_reset_subscription_stats pg_stat_reset_backend_stats
    pg_restore_relation_stats pg_restore_attribute_stats pg_clear_relation_stats pg_clear_attribute_stats
    pg_import_system_collations
    """.split()
)


class Calls:
    """Collects what is called: `code` are the functions that are not known to be safe, `operations` what they are."""

    def __init__(self, metadata: Metadata) -> None:
        self._functions = metadata.functions
        self._relations = metadata.relations
        self.code: set[str] = set()
        self.operations: set[str] = set()
        self.settings: set[int] = set()
        """Parameters, counted from 1, that name a setting whose value is read."""

    def called(self, node: Node, arguments: Flow, scope: Scope) -> Flow:
        """What this node's function adds to the flow of its arguments."""
        total = NOTHING
        for name in FUNCTION_FIELDS:
            oid = node.text(name)
            if oid in ("", "0"):
                continue
            function = self._functions.get(int(oid))
            sets = arguments.clean and _of_settings(function, "set_config")
            if sets and sets_harmlessly(_word(node), _word(node, 1)):
                continue
            if not is_known(function) or (not is_pure(function) and not arguments.clean):
                self._count(function)
                total = UNKNOWN
            elif _of_settings(function, "current_setting") and not self._is_shown(node, scope):
                total = UNKNOWN  # a setting of one's own holds whatever was put there
        return total

    def somewhere_in(self, rule: Node) -> None:
        """A view's own functions run wherever they stand in it, also where no output shows what they say."""
        for node in every_node(rule):
            for name in FUNCTION_FIELDS:
                oid = node.text(name)
                if oid not in ("", "0") and not is_known(self._functions.get(int(oid))):
                    self._count(self._functions.get(int(oid)))

    def _is_shown(self, node: Node, scope: Scope) -> bool:
        """Whether the setting is one whose value is shown: by its name, or as psql asks, for each that is listed. A
        name that is sent beside the statement is looked at when it comes."""
        name = next(iter(node.items("args")), None)
        if isinstance(name, Node) and name.name == "RELABELTYPE":
            name = name.node("arg")
        if isinstance(name, Node) and name.name == "PARAM" and name.text("paramkind") == EXTERN:
            self.settings.add(name.number("paramid"))
            return True
        return is_shown(_word(node)) or self._is_listed(name, scope)

    def _is_listed(self, value: Value, scope: Scope) -> bool:
        """`pg_settings.name`: what somebody put into a setting of their own is not in that view."""
        if not isinstance(value, Node) or value.name != "VAR" or value.number("varattno") <= 0:
            return False
        rtable = scope.up(value.number("varlevelsup")).rtable
        number = value.number("varno")
        entry = rtable[number - 1] if 1 <= number <= len(rtable) else None
        if entry is None or entry.number("rtekind") != RELATION:
            return False
        relation = self._relations.get(entry.number("relid"))
        listed = relation is not None and relation.builtin and relation.qualified == "pg_catalog.pg_settings"
        return listed and relation is not None and relation.numbered("name") == value.number("varattno")

    def _count(self, function: Function | None) -> None:
        self.code.add("an unknown function" if function is None else f"{function.schema}.{function.name}")
        self.operations |= _operations(function)


def _operations(function: Function | None) -> set[str]:
    if function is not None and function.builtin:
        if function.name in FILES:
            return {"sql.files"}
        return {"sql.admin" if function.name in ADMIN else "sql.code"}
    # Anybody may call a function of their own like that: it is code as well.
    network = function is not None and (function.name.startswith(NETWORK) or function.name in FILES)
    return {"sql.code", "sql.files"} if network else {"sql.code"}


def _of_settings(function: Function | None, name: str) -> bool:
    return function is not None and function.builtin and function.name == name


def _word(node: Node, position: int = 0) -> str:
    words = node.items("args")
    return constant_text(words[position]) if position < len(words) else ""
