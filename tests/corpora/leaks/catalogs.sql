-- case: cat-pg-stats
ANALYZE customers;
SELECT attname, most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'customers';
-- case: cat-pg-stats-text
ANALYZE customers;
SELECT histogram_bounds::text FROM pg_catalog.pg_stats WHERE attname = 'ssn';
-- case: cat-pg-stats-unnested
ANALYZE payments;
SELECT unnest(histogram_bounds::text::text[]) FROM pg_stats WHERE tablename = 'payments' AND attname = 'token';
-- case: cat-pg-stats-numbers-only
-- why: averages and counts of distinct values tell about them as well
ANALYZE customers;
SELECT attname, avg_width, n_distinct, null_frac, correlation FROM pg_stats WHERE tablename = 'customers' ORDER BY attname;
-- case: cat-pg-stats-whole-row
ANALYZE customers;
SELECT s FROM pg_stats s WHERE s.tablename = 'customers';
-- case: cat-pg-stats-json
ANALYZE customers;
SELECT to_jsonb(s) -> 'histogram_bounds' FROM pg_stats s WHERE tablename = 'customers';
-- case: cat-pg-stats-table-command
ANALYZE customers;
TABLE pg_stats;
-- case: cat-pg-stats-joined-with-clean
ANALYZE customers;
SELECT o.status, s.histogram_bounds FROM (SELECT min(status) AS status FROM orders) o, pg_stats s WHERE s.attname = 'email' AND s.tablename = 'customers';
-- case: cat-pg-stats-in-subquery
ANALYZE customers;
SELECT (SELECT histogram_bounds::text FROM pg_stats WHERE tablename = 'customers' AND attname = 'phone');
-- case: cat-pg-stats-as-oracle
ANALYZE customers;
SELECT count(*) FROM pg_stats WHERE histogram_bounds::text LIKE '%987%';
-- case: cat-pg-stats-into-temp-table
ANALYZE customers;
CREATE TEMP TABLE cat_stats AS SELECT attname, histogram_bounds::text AS h FROM pg_stats WHERE tablename = 'customers';
SELECT attname, h FROM cat_stats;
-- case: cat-pg-statistic
-- why: needs a superuser
SELECT stavalues1, stavalues2 FROM pg_statistic WHERE starelid = 'customers'::regclass;
-- case: cat-pg-statistic-anyarray
-- why: needs a superuser
SELECT array_to_string(stavalues1, ',') FROM pg_catalog.pg_statistic;
-- case: cat-pg-stats-ext
BEGIN;
CREATE STATISTICS cat_statistics (mcv) ON ssn, name FROM customers;
ANALYZE customers;
SELECT most_common_vals FROM pg_stats_ext WHERE tablename = 'customers';
ROLLBACK;
-- case: cat-pg-stats-ext-exprs
BEGIN;
CREATE STATISTICS cat_statistics_exprs ON (reverse(ssn)) FROM customers;
ANALYZE customers;
SELECT histogram_bounds FROM pg_stats_ext_exprs WHERE tablename = 'customers';
ROLLBACK;
-- case: cat-pg-statistic-ext-data
-- why: needs a superuser
BEGIN;
CREATE STATISTICS cat_statistics_data (mcv) ON ssn, region FROM customers;
CREATE STATISTICS cat_statistics_data_expression ON (reverse(email)) FROM customers;
ANALYZE customers;
SELECT encode(stxdmcv::bytea, 'escape'), stxdexpr::text FROM pg_statistic_ext_data;
ROLLBACK;
-- case: cat-pg-mcv-list-items
-- why: needs a superuser to read the list itself
BEGIN;
CREATE STATISTICS cat_statistics_items (mcv) ON ssn, region FROM customers;
ANALYZE customers;
SELECT m.values FROM pg_statistic_ext_data d, pg_mcv_list_items(d.stxdmcv) m;
ROLLBACK;
-- case: cat-pg-stat-activity-own
-- why: the text of one's own statement, and of others of the same role, values and all
SELECT query, (SELECT max(ssn) FROM customers) FROM pg_stat_activity WHERE pid = pg_backend_pid();
-- case: cat-pg-stat-activity-application-name
-- why: the value is put where a clean-looking column shows it
SELECT count(set_config('application_name', ssn, false)) FROM customers;
SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid();
-- case: cat-pg-stat-get-activity
SELECT count(set_config('application_name', email, false)) FROM customers;
SELECT application_name FROM pg_stat_get_activity(pg_backend_pid());
-- case: cat-pg-toast-table
-- why: needs a superuser; long values are stored outside of their table
BEGIN;
UPDATE customers SET ssn = (SELECT string_agg(md5(g::text || ssn), '') FROM generate_series(1, 400) g) WHERE id = (SELECT min(id) FROM customers);
DO 'DECLARE r record; BEGIN FOR r IN EXECUTE format(''SELECT encode(chunk_data, ''''escape'''') AS c FROM %s LIMIT 1'', (SELECT reltoastrelid::regclass FROM pg_class WHERE oid = ''public.customers''::regclass)) LOOP RAISE NOTICE ''%'', left(r.c, 60); END LOOP; END';
ROLLBACK;
-- case: cat-pg-largeobject-of-value
-- why: the value becomes a large object's number or content
BEGIN;
SELECT lo_from_bytea(4714, convert_to(max(ssn), 'UTF8')) FROM customers;
SELECT lo_get(4714);
ROLLBACK;
-- case: cat-pg-largeobject-metadata
BEGIN;
SELECT count(lo_create(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 8)::oid)) FROM customers;
SELECT oid FROM pg_largeobject_metadata ORDER BY 1;
ROLLBACK;
-- case: cat-pg-largeobject-data
-- why: reading pg_largeobject itself needs a superuser
BEGIN;
SELECT lo_from_bytea(4715, convert_to(max(ssn), 'UTF8')) FROM customers;
SELECT data FROM pg_largeobject;
ROLLBACK;
-- case: cat-pg-prepared-statements
BEGIN;
DO 'BEGIN EXECUTE format(''PREPARE cat_prepared AS SELECT %L'', (SELECT max(ssn) FROM customers)); END';
SELECT statement FROM pg_prepared_statements;
ROLLBACK;
-- case: cat-pg-cursors
BEGIN;
DO 'BEGIN EXECUTE format(''DECLARE cat_cursor CURSOR FOR SELECT %L'', (SELECT max(email) FROM customers)); END';
SELECT statement FROM pg_cursors;
ROLLBACK;
-- case: cat-pg-settings-search-path
SELECT count(set_config('search_path', quote_ident(ssn), false)) FROM customers;
SELECT name, setting FROM pg_settings WHERE name = 'search_path';
-- case: cat-pg-settings-application-name
SELECT count(set_config('application_name', ssn, false)) FROM customers;
SELECT setting FROM pg_settings WHERE name = 'application_name';
-- case: cat-pg-show-all-settings
SELECT count(set_config('application_name', ssn, false)) FROM customers;
SELECT setting FROM pg_show_all_settings() WHERE name = 'application_name';
-- case: cat-pg-locks-advisory
SELECT count(pg_advisory_lock(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint)) FROM customers;
SELECT objid FROM pg_locks WHERE locktype = 'advisory' ORDER BY 1;
-- case: cat-pg-sequences-last-value
CREATE TEMP SEQUENCE cat_sequence;
SELECT count(setval('cat_sequence', right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint)) FROM customers;
SELECT last_value FROM pg_sequences WHERE sequencename = 'cat_sequence';
-- case: cat-pg-sequence-last-value-function
CREATE TEMP SEQUENCE cat_sequence_function;
SELECT count(setval('cat_sequence_function', right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint)) FROM customers;
SELECT pg_sequence_last_value('cat_sequence_function'::regclass);
-- case: cat-pg-attrdef-default-holds-value
BEGIN;
DO 'BEGIN EXECUTE format(''CREATE TEMP TABLE cat_default (a text DEFAULT %L)'', (SELECT max(ssn) FROM customers)); END';
SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'cat_default'::regclass;
ROLLBACK;
-- case: cat-information-schema-column-default
BEGIN;
DO 'BEGIN EXECUTE format(''CREATE TEMP TABLE cat_column_default (a text DEFAULT %L)'', (SELECT max(email) FROM customers)); END';
SELECT column_default FROM information_schema.columns WHERE table_name = 'cat_column_default';
ROLLBACK;
-- case: cat-pg-class-name-is-value
BEGIN;
DO 'BEGIN EXECUTE format(''CREATE TEMP TABLE %I ()'', (SELECT max(ssn) FROM customers)); END';
SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema();
ROLLBACK;
-- case: cat-pg-description
BEGIN;
DO 'BEGIN EXECUTE format(''COMMENT ON COLUMN orders.status IS %L'', (SELECT max(ssn) FROM customers)); END';
SELECT description FROM pg_description WHERE objoid = 'orders'::regclass;
ROLLBACK;
-- case: cat-pg-proc-source
BEGIN;
DO 'BEGIN EXECUTE format(''CREATE FUNCTION pg_temp.cat_source() RETURNS text LANGUAGE sql AS %L'', format(''SELECT %L'', (SELECT max(ssn) FROM customers))); END';
SELECT prosrc FROM pg_proc WHERE proname = 'cat_source';
ROLLBACK;
-- case: cat-pg-enum-labels
BEGIN;
DO 'BEGIN EXECUTE format(''CREATE TYPE pg_temp.cat_enum AS ENUM (%L)'', (SELECT max(ssn) FROM customers)); END';
SELECT enumlabel FROM pg_enum;
ROLLBACK;
-- case: cat-pg-views-definition
BEGIN;
DO 'BEGIN EXECUTE format(''CREATE TEMP VIEW cat_view AS SELECT %L AS a'', (SELECT max(ssn) FROM customers)); END';
SELECT definition FROM pg_views WHERE viewname = 'cat_view';
ROLLBACK;
-- case: cat-pg-stat-user-tables-as-counter
-- why: how many rows were changed is counted
SELECT n_live_tup >= 0, (SELECT count(*) FROM customers WHERE ssn LIKE '9%') FROM pg_stat_user_tables WHERE relname = 'customers';
-- case: cat-pg-stat-xact-counter
BEGIN;
UPDATE orders SET amount = 1 WHERE customer_id IN (SELECT id FROM customers WHERE email LIKE '%.com');
SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = 'orders';
ROLLBACK;
-- case: cat-pg-column-size-and-relation-size
SELECT id, pg_column_size(c), pg_column_size(c.email) FROM customers c ORDER BY id;
-- case: cat-pg-stat-statements
-- why: needs the extension pg_stat_statements
SELECT query FROM pg_stat_statements;
-- case: cat-pg-hba-and-authid
-- why: needs a superuser; secrets of the server itself
SELECT rolname, rolpassword FROM pg_authid;
-- case: cat-pg-shadow
-- why: needs a superuser
SELECT usename, passwd FROM pg_shadow;
-- case: cat-pg-user-mappings
SELECT umoptions, (SELECT max(ssn) FROM customers) FROM pg_user_mappings UNION ALL SELECT NULL, max(email) FROM customers;
-- case: cat-pg-config-and-clean-with-masked
SELECT c.relname, x.ssn FROM pg_class c, customers x WHERE c.relname = 'customers';
-- case: cat-lateral-over-catalogue
SELECT a.attname, (to_jsonb(c) ->> a.attname) FROM customers c, pg_attribute a WHERE a.attrelid = 'customers'::regclass AND a.attnum > 0;
-- case: cat-name-from-catalogue-as-key
-- why: the masked column's name does not stand in the statement
SELECT to_jsonb(c) -> a.attname::text FROM customers c JOIN pg_attribute a ON a.attrelid = 'customers'::regclass AND a.attnum = 5;
-- case: cat-regclass-as-channel
SELECT right(regexp_replace(ssn, '[^0-9]', '', 'g'), 4)::int::regproc, right(regexp_replace(ssn, '[^0-9]', '', 'g'), 2)::int::regtype FROM customers;
-- case: cat-format-type-as-channel
SELECT format_type(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 2)::int::oid, NULL), pg_get_userbyid(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 8)::oid) FROM customers;
-- case: cat-pg-statio-and-index-use
SELECT name FROM customers WHERE ssn = (SELECT max(ssn) FROM customers WHERE ssn < (SELECT max(ssn) FROM customers));
-- case: cat-pg-notification-queue
SELECT pg_notification_queue_usage() >= 0, max(ssn) FROM customers;
-- case: cat-pg-timezone-names-joined
SELECT (SELECT name FROM pg_timezone_names ORDER BY name OFFSET right(regexp_replace(max(c.ssn), '[^0-9]', '', 'g'), 2)::int LIMIT 1) FROM customers c;
-- case: cat-pg-get-keywords-joined
SELECT k.word FROM customers c, LATERAL (SELECT word FROM pg_get_keywords() ORDER BY word OFFSET right(regexp_replace(c.ssn, '[^0-9]', '', 'g'), 2)::int LIMIT 1) k;
