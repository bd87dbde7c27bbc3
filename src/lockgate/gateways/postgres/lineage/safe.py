"""Which built-in functions and system relations are known: an allow-list, everything else is code or PHI.

Pure means: the result depends on the arguments alone and nothing else learns of them. PostgreSQL marks that as
immutable, and for functions written in its own C code it is believed; a few stable ones are named here by hand.
"""

from __future__ import annotations

from lockgate.gateways.postgres.lineage.metadata import Function, Relation
from lockgate.gateways.postgres.settings.allowed import HARMLESS, is_a_zone

PURE_STABLE = frozenset(
    """
    to_char to_date to_timestamp to_number date_part extract date_trunc timezone age format concat concat_ws now
    transaction_timestamp statement_timestamp clock_timestamp timeofday overlaps
    timestamptz date timestamp time timetz timestamptz_date date_timestamptz timestamp_timestamptz
    timestamptz_timestamp timestamptz_time timestamptz_timetz time_timetz timestamptz_pl_interval
    timestamptz_mi_interval interval_pl_timestamptz date_eq_timestamptz date_ne_timestamptz date_lt_timestamptz
    date_le_timestamptz date_gt_timestamptz date_ge_timestamptz timestamptz_eq_date timestamptz_ne_date
    timestamptz_lt_date timestamptz_le_date timestamptz_gt_date timestamptz_ge_date timestamp_eq_timestamptz
    timestamp_ne_timestamptz timestamp_lt_timestamptz timestamp_le_timestamptz timestamp_gt_timestamptz
    timestamp_ge_timestamptz timestamptz_eq_timestamp timestamptz_ne_timestamp timestamptz_lt_timestamp
    timestamptz_le_timestamp timestamptz_gt_timestamp timestamptz_ge_timestamp generate_series array_to_string
    any_out array_out array_in array_eq array_to_json row_to_json to_json to_jsonb json_agg jsonb_agg json_agg_strict
    jsonb_agg_strict json_object_agg jsonb_object_agg json_build_object jsonb_build_object json_build_array
    jsonb_build_array json_populate_record jsonb_populate_record json_to_record jsonb_to_record json_to_recordset
    jsonb_to_recordset jsonb_path_exists_tz jsonb_path_query_tz string_agg array_agg quote_literal quote_nullable
    lower upper initcap enum_range enum_first enum_last to_tsvector to_tsquery plainto_tsquery phraseto_tsquery
    websearch_to_tsquery ts_headline cash_numeric numeric_cash text_name textlike regexp_matches
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
    count sum avg min max every bool_and bool_or bit_and bit_or bit_xor stddev stddev_pop stddev_samp variance var_pop
    var_samp corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
    regr_sxy regr_syy mode percentile_cont percentile_disc range_agg range_intersect_agg any_value
    """.split()
)
"""Stable (or aggregate) and harmless: time zones, locale and the clock are all that they look at."""

SESSION_FUNCTIONS = frozenset(
    """
    version current_schema current_schemas current_database current_user session_user user current_catalog
    pg_backend_pid inet_client_addr inet_server_addr inet_server_port pg_postmaster_start_time pg_conf_load_time
    pg_is_in_recovery getdatabaseencoding pg_encoding_to_char pg_char_to_encoding pg_client_encoding txid_current
    pg_current_xact_id_if_assigned pg_is_other_temp_schema pg_my_temp_schema
    """.split()
)

INTROSPECTION = frozenset(
    """
    pg_get_userbyid pg_get_viewdef pg_get_indexdef pg_get_constraintdef pg_get_expr pg_get_functiondef
    pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result pg_get_triggerdef
    pg_get_ruledef pg_get_partkeydef pg_get_partition_constraintdef pg_get_serial_sequence pg_get_statisticsobjdef
    pg_get_statisticsobjdef_columns pg_get_publication_tables pg_get_function_sqlbody pg_get_function_arg_default
    pg_get_keywords pg_get_multixact_members pg_describe_object pg_identify_object format_type obj_description
    col_description shobj_description to_regclass to_regtype to_regproc to_regprocedure to_regnamespace to_regrole
    to_regoper to_regoperator to_regcollation pg_table_is_visible pg_type_is_visible pg_function_is_visible
    pg_operator_is_visible pg_opclass_is_visible pg_opfamily_is_visible pg_conversion_is_visible
    pg_statistics_obj_is_visible pg_ts_parser_is_visible pg_ts_dict_is_visible pg_ts_template_is_visible
    pg_ts_config_is_visible pg_collation_is_visible has_table_privilege has_column_privilege
    has_any_column_privilege has_schema_privilege has_database_privilege has_function_privilege has_type_privilege
    has_sequence_privilege has_language_privilege has_server_privilege has_tablespace_privilege
    has_foreign_data_wrapper_privilege has_parameter_privilege pg_has_role row_security_active
    pg_relation_is_publishable pg_relation_is_updatable pg_column_is_updatable pg_table_size pg_relation_size
    pg_total_relation_size pg_indexes_size pg_database_size pg_tablespace_size pg_size_pretty pg_tablespace_location
    pg_relation_filenode pg_filenode_relation pg_partition_tree pg_partition_ancestors pg_partition_root
    pg_index_column_has_property pg_index_has_property pg_indexam_has_property pg_options_to_table aclexplode
    acldefault makeaclitem aclitemeq array_upper array_lower array_length unnest generate_subscripts
    pg_char_to_encoding pg_sequence_parameters pg_get_sequence_data pg_extension_config_dump pg_available_extensions
    pg_available_extension_versions pg_event_trigger_ddl_commands pg_settings_get_flags pg_show_all_settings
    pg_timezone_names pg_timezone_abbrevs pg_timezone_abbrevs_abbrevs pg_timezone_abbrevs_zone _pg_expandarray
    _pg_char_max_length _pg_char_octet_length _pg_datetime_precision _pg_numeric_precision
    _pg_numeric_precision_radix _pg_numeric_scale _pg_truetypid _pg_truetypmod _pg_interval_type
    _pg_index_position regclass regclassin regclassout regtypein regtypeout regprocout regnamespaceout regroleout oidout
    """.split()
)
"""What psql, drivers and ORMs ask about the schema; they answer with names and definitions, not with rows."""

NEVER_PURE = frozenset(
    """
    pg_sleep pg_sleep_for pg_sleep_until set_config nextval setval lastval currval pg_notify query_to_xml table_to_xml
    cursor_to_xml schema_to_xml database_to_xml query_to_xml_and_xmlschema table_to_xml_and_xmlschema
    query_to_xmlschema table_to_xmlschema cursor_to_xmlschema ts_stat ts_rewrite
    """.split()
)

KNOWN_VOLATILE = frozenset(
    """
    random random_normal gen_random_uuid uuidv4 uuidv7 current_setting pg_sleep nextval currval lastval
    pg_advisory_lock pg_advisory_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_advisory_xact_lock
    pg_advisory_xact_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared pg_advisory_unlock
    pg_advisory_unlock_shared pg_advisory_unlock_all pg_current_xact_id clock_timestamp timeofday
    """.split()
)
"""They do something, but learn nothing while their arguments carry no class (see `is_pure`)."""

CLEAN_CATALOGS = frozenset(
    """
    pg_aggregate pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_auth_members pg_cast pg_class pg_collation
    pg_constraint pg_conversion pg_database pg_db_role_setting pg_default_acl pg_depend
    pg_description pg_enum pg_event_trigger pg_extension
    pg_foreign_data_wrapper pg_index pg_inherits pg_init_privs pg_language pg_namespace pg_opclass
    pg_operator pg_opfamily pg_partitioned_table pg_policy pg_proc pg_publication pg_publication_namespace
    pg_publication_rel pg_range pg_rewrite pg_roles pg_seclabel pg_sequence pg_shdepend pg_shdescription
    pg_shseclabel pg_statistic_ext pg_tablespace pg_transform pg_trigger pg_ts_config pg_ts_config_map pg_ts_dict
    pg_ts_parser pg_ts_template pg_type pg_foreign_table pg_matviews pg_tables pg_views pg_indexes pg_sequences
    pg_authid pg_foreign_server pg_user_mapping pg_user_mappings pg_subscription pg_subscription_rel pg_parameter_acl
    pg_largeobject_metadata sql_features sql_implementation_info sql_parts sql_sizing pg_timezone_names
    pg_timezone_abbrevs
    """.split()
)
"""System tables of names and definitions. Statistics, activity, locks and large objects are not among them."""

HIDDEN_SYSTEM_COLUMNS = frozenset(
    {
        ("pg_attribute", "attmissingval"),
        ("pg_authid", "rolpassword"),
        ("pg_subscription", "subconninfo"),
        ("pg_user_mapping", "umoptions"),
        ("pg_user_mappings", "umoptions"),
    }
)


def is_pure(function: Function | None) -> bool:
    """Whether a class-carrying argument may be handed to it without anybody else learning of it."""
    if function is None or not function.builtin or function.name in NEVER_PURE:
        return False
    if function.name in PURE_STABLE or function.name in INTROSPECTION or function.name in SESSION_FUNCTIONS:
        return function.language in ("internal", "c", "sql")
    return function.volatility == "i" and function.language in ("internal", "c", "sql")


def is_known(function: Function | None) -> bool:
    """Whether it may be called at all without counting as code."""
    if is_pure(function):
        return True
    if function is None or not function.builtin:
        return False
    return function.name in KNOWN_VOLATILE or (
        function.volatility == "s"
        and function.language in ("internal", "c")
        and function.name.endswith(("out", "in", "recv", "send", "eq", "ne", "lt", "gt", "le", "ge", "cmp"))
    )


def sets_harmlessly(name: str, value: str) -> bool:
    """Whether `set_config(name, value, …)` may run: a driver turns `jit` off around its own questions. `value` is empty
    where it is no constant."""
    if name == "timezone" and not is_a_zone(value):
        return False
    return name in HARMLESS and name not in ("search_path", "application_name")


def is_clean_system_column(relation: Relation, column: str) -> bool:
    return relation.builtin and relation.name in CLEAN_CATALOGS and (relation.name, column) not in HIDDEN_SYSTEM_COLUMNS
