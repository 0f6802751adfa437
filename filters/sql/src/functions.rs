//! Functions of `pg_catalog` that compute from their arguments, or describe the catalogue, and do nothing else:
//! they read no table, run no SQL text, reach no file or server, and change nothing outside the session.

use std::collections::HashSet;
use std::sync::LazyLock;

type Words = LazyLock<HashSet<&'static str>>;

fn words(lists: &[&'static str]) -> HashSet<&'static str> {
    lists.iter().flat_map(|list| list.split_ascii_whitespace()).collect()
}

/// Whether a function of `pg_catalog` is known to be harmless.
pub(crate) fn is_harmless(name: &str) -> bool {
    static SET: Words = LazyLock::new(|| words(HARMLESS));
    SET.contains(name)
}

/// What a harmless function tells of its arguments; each kind tells more than those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Manner {
    /// How many there are and nothing of their values.
    Counts,
    /// A value for any arguments, in time that does not depend on them.
    Total,
    /// An error for some.
    CanFail,
    /// As many rows as they say.
    MakesRows,
}

/// What a harmless function of `pg_catalog` tells of its arguments; where that is not known, more rather than less.
pub(crate) fn manner(name: &str, arguments: usize) -> Manner {
    static ROWS: Words = LazyLock::new(|| words(&[MAKES_ROWS]));
    static VALUES: Words = LazyLock::new(|| words(&[TOTAL]));
    match name {
        "count" | "regr_count" => Manner::Counts,
        // With a length, which may be negative.
        "substr" | "substring" if arguments > 2 => Manner::CanFail,
        _ if ROWS.contains(name) => Manner::MakesRows,
        _ if VALUES.contains(name) => Manner::Total,
        _ => Manner::CanFail,
    }
}

/// Whether an operator of `pg_catalog` has a value for any operands, in time that does not depend on them.
pub(crate) fn never_fails(operator: &str) -> bool {
    static SET: Words = LazyLock::new(|| words(&[TOTAL_OPERATORS]));
    SET.contains(operator)
}

/// Whether a function of `pg_catalog` computes one value of many rows.
pub(crate) fn is_aggregate(name: &str) -> bool {
    static SET: Words = LazyLock::new(|| words(&[AGGREGATES]));
    SET.contains(name)
}

/// Whether an operator is one of `pg_catalog`'s.
pub(crate) fn is_known_operator(operator: &str) -> bool {
    static SET: Words = LazyLock::new(|| words(&[OPERATORS]));
    SET.contains(operator)
}

/// Whether a type is one of `pg_catalog`'s: a cast to it runs no function that somebody wrote.
pub(crate) fn is_known_type(name: &str) -> bool {
    static SET: Words = LazyLock::new(|| words(&[TYPES]));
    SET.contains(name)
}

const TOTAL: &str = "array coalesce greatest least nullif row grouping any all some exists
    ascii bit_length btrim char_length character_length concat concat_ws initcap left length lower ltrim md5
    octet_length quote_literal quote_nullable reverse right rtrim sha224 sha256 sha384 sha512 starts_with strpos substr
    substring trim upper
    any_value array_agg bool_and bool_or every json_agg jsonb_agg max min mode string_agg first_value last_value
    lag lead row_number rank dense_rank
    split_part json_build_object jsonb_build_object json_object_agg jsonb_object_agg
    array_to_json json_build_array jsonb_build_array row_to_json to_json to_jsonb jsonb_typeof json_typeof
    jsonb_extract_path jsonb_extract_path_text jsonb_strip_nulls jsonb_pretty
    array_append array_cat array_prepend array_length array_to_string cardinality num_nonnulls num_nulls
    pg_typeof pg_column_size text varchar";

const MAKES_ROWS: &str = "generate_series generate_subscripts unnest json_array_elements json_array_elements_text
    json_each json_each_text json_object_keys json_populate_recordset json_to_recordset jsonb_array_elements
    jsonb_array_elements_text jsonb_each jsonb_each_text jsonb_object_keys jsonb_path_query jsonb_path_query_tz
    jsonb_populate_recordset jsonb_to_recordset regexp_matches regexp_split_to_table string_to_table ts_debug ts_parse
    ts_token_type";

const TOTAL_OPERATORS: &str = "= <> < > <= >= || && @> <@ -> ->> #> #>> ? ?| ?& ~~ ~~* !~~ !~~* ^@ ~<~ ~<=~ ~>~ ~>=~ *= *<> *< *> *<= *>=";

const AGGREGATES: &str = "any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop
    covar_samp every json_agg json_agg_strict json_arrayagg json_object_agg json_object_agg_strict
    json_object_agg_unique json_objectagg jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict
    jsonb_object_agg_unique max min mode percentile_cont percentile_disc range_agg range_intersect_agg regr_avgx
    regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp
    string_agg sum var_pop var_samp variance xmlagg";

const HARMLESS: &[&str] = &[
    // Expressions that look like functions.
    "array coalesce greatest least nullif row grouping merge_action exists any all some
     current_catalog current_date current_role current_schema current_schemas current_time current_timestamp
     current_user localtime localtimestamp session_user system_user user",
    // Mathematics.
    "abs acos acosd asin asind atan atan2 atan2d atand cbrt ceil ceiling cos cosd cosh cot cotd degrees div erf
     erfc exp factorial floor gcd lcm ln log log10 min_scale mod pi pow power radians random random_normal round
     scale sign sin sind sinh sqrt tan tand tanh trim_scale trunc width_bucket bit_count",
    // Text and bytes.
    "ascii bit_length btrim char_length character_length chr concat concat_ws convert convert_from convert_to
     crc32 crc32c decode encode format get_bit get_byte initcap left length like like_escape lower lpad ltrim md5
     normalize notlike octet_length overlay parse_ident position quote_ident quote_literal quote_nullable
     regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
     regexp_split_to_table regexp_substr repeat replace reverse right rpad rtrim set_bit set_byte sha224 sha256
     sha384 sha512 similar_escape similar_to_escape split_part starts_with string_to_array string_to_table strpos
     substr substring textcat to_ascii to_bin to_hex to_oct translate trim unicode_version unistr upper casefold",
    // Dates and times.
    "age clock_timestamp date date_add date_bin date_part date_subtract date_trunc extract isfinite
     justify_days justify_hours justify_interval make_date make_interval make_time make_timestamp
     make_timestamptz now overlaps statement_timestamp timeofday timezone to_char to_date to_number to_timestamp
     transaction_timestamp",
    AGGREGATES,
    "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number",
    // JSON.
    "array_to_json json json_array json_array_element json_array_element_text json_array_elements
     json_array_elements_text json_array_length json_build_array json_build_object json_each json_each_text
     json_exists json_extract_path json_extract_path_text json_object json_object_field json_object_field_text
     json_object_keys json_populate_record json_populate_recordset json_query json_scalar json_serialize
     json_strip_nulls json_to_record json_to_recordset json_typeof json_value jsonb_array_element
     jsonb_array_element_text jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array
     jsonb_build_object jsonb_concat jsonb_contained jsonb_contains jsonb_delete jsonb_delete_path jsonb_each
     jsonb_each_text jsonb_exists jsonb_exists_all jsonb_exists_any jsonb_extract_path jsonb_extract_path_text
     jsonb_insert jsonb_object jsonb_object_field jsonb_object_field_text jsonb_object_keys jsonb_path_exists
     jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz jsonb_path_query jsonb_path_query_array
     jsonb_path_query_array_tz jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz
     jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls
     jsonb_to_record jsonb_to_recordset jsonb_typeof row_to_json to_json to_jsonb",
    // Arrays, sets, ranges.
    "array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position
     array_positions array_prepend array_remove array_replace array_reverse array_sample array_shuffle array_sort
     array_to_string array_upper cardinality generate_series generate_subscripts isempty lower lower_inc lower_inf
     multirange range_merge trim_array unnest upper_inc upper_inf daterange datemultirange int4range
     int4multirange int8range int8multirange numrange nummultirange tsrange tsmultirange tstzrange
     tstzmultirange num_nonnulls num_nulls",
    // Text search, without those that run queries.
    "array_to_tsvector get_current_ts_config json_to_tsvector jsonb_to_tsvector numnode phraseto_tsquery
     plainto_tsquery querytree setweight strip to_tsquery to_tsvector ts_delete ts_filter ts_headline ts_rank
     ts_rank_cd tsquery_phrase tsvector_to_array websearch_to_tsquery",
    // Networks, geometry, XML text, UUID.
    "abbrev area box broadcast center circle diagonal diameter family height host hostmask
     inet_merge inet_same_family isclosed isopen line lseg macaddr8_set7bit masklen netmask network npoints path
     pclose point polygon popen radius set_masklen slope width gen_random_uuid uuidv4 uuidv7
     uuid_extract_timestamp uuid_extract_version xmlattributes xmlcomment xmlconcat xmlelement xmlexists xmlforest
     xmlparse xmlpi xmlroot xmlserialize xmltext xml_is_well_formed xml_is_well_formed_content
     xml_is_well_formed_document xpath xpath_exists",
    // Types by name.
    "bool bpchar bytea char cidr float4 float8 inet int2 int4 int8 interval macaddr macaddr8 money name numeric
     oid regclass text time timestamp timestamptz timetz varchar",
    // Descriptions of the catalogue and the session.
    "col_description acldefault aclexplode current_database current_query current_setting
     format_type has_any_column_privilege has_column_privilege has_database_privilege
     has_foreign_data_wrapper_privilege has_function_privilege has_language_privilege has_parameter_privilege
     has_schema_privilege has_sequence_privilege has_server_privilege has_table_privilege
     has_tablespace_privilege has_type_privilege getdatabaseencoding inet_client_addr inet_client_port inet_server_addr
     inet_server_port makeaclitem obj_description pg_available_extension_versions pg_available_extensions
     pg_backend_pid pg_blocking_pids pg_char_to_encoding
     pg_client_encoding pg_collation_actual_version pg_collation_for pg_collation_is_visible pg_column_compression
     pg_column_is_updatable pg_column_size pg_conf_load_time pg_conversion_is_visible pg_current_xact_id
     pg_current_xact_id_if_assigned pg_database_size pg_describe_object pg_encoding_max_length
     pg_encoding_to_char pg_function_is_visible pg_get_catalog_foreign_keys pg_get_constraintdef pg_get_expr
     pg_get_function_arg_default pg_get_function_arguments pg_get_function_identity_arguments
     pg_get_function_result pg_get_function_sqlbody pg_get_functiondef pg_get_indexdef pg_get_keywords
     pg_get_object_address pg_get_partition_constraintdef pg_get_partkeydef pg_get_publication_tables
     pg_get_ruledef pg_get_serial_sequence pg_get_statisticsobjdef pg_get_statisticsobjdef_columns
     pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role pg_identify_object
     pg_identify_object_as_address pg_index_column_has_property pg_index_has_property
     pg_indexam_has_property pg_indexes_size pg_is_in_recovery pg_is_other_temp_schema pg_my_temp_schema
     pg_opclass_is_visible pg_operator_is_visible pg_opfamily_is_visible pg_options_to_table
     pg_partition_ancestors pg_partition_root pg_partition_tree pg_postmaster_start_time pg_relation_filenode
     pg_relation_is_publishable pg_relation_is_updatable pg_relation_size pg_sequence_last_value
     pg_sequence_parameters pg_size_bytes pg_size_pretty pg_statistics_obj_is_visible pg_table_is_visible
     pg_table_size pg_tablespace_databases pg_tablespace_location pg_tablespace_size pg_timezone_abbrevs
     pg_timezone_names pg_total_relation_size pg_ts_config_is_visible pg_ts_dict_is_visible
     pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible pg_typeof row_security_active
     shobj_description to_regclass to_regcollation to_regnamespace to_regoper to_regoperator to_regproc
     to_regprocedure to_regrole to_regtype txid_current txid_current_if_assigned version",
    // Sequences, and locks that only the session's own kind heed.
    "currval lastval nextval pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all
     pg_advisory_unlock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock
     pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared",
    // Called by clients under their own names.
    "array_in array_out array_recv array_send arraycontains arrayoverlap int4eq oidvectortypes textlike nameeq
     texteq hashtext hashtextextended",
];

const OPERATORS: &str = "+ - * / % ^ = <> < > <= >= || ~ ~* !~ !~* ~~ ~~* !~~ !~~* & | # << >> && @> <@ @ @@ @@@
    @? -> ->> #> #>> #- ? ?| ?& -|- <-> &< &> <<| |>> &<| |&> <^ >^ ?# ?- ?-| ?|| ~= ## << >> <<= >>= |/ ||/ !! @-@
    ^@ ~<~ ~<=~ ~>~ ~>=~ *= *<> *< *> *<= *>= !";

const TYPES: &str = "aclitem bit bool box bpchar bytea char cid cidr circle date daterange datemultirange float4
    float8 gtsvector inet int2 int2vector int4 int4range int4multirange int8 int8range int8multirange interval
    json jsonb jsonpath line lseg macaddr macaddr8 money name numeric numrange nummultirange oid oidvector path
    pg_lsn pg_node_tree pg_snapshot point polygon record refcursor regclass regcollation regconfig regdictionary
    regnamespace regoper regoperator regproc regprocedure regrole regtype text tid time timestamp timestamptz
    timetz tsquery tsrange tsmultirange tstzrange tstzmultirange tsvector txid_snapshot uuid varbit varchar xid
    xid8 xml unknown cstring any anyarray anyelement";
