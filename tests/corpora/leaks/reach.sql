-- case: reach-query-to-xml
SELECT query_to_xml('SELECT ssn FROM customers', true, false, '');
-- case: reach-query-to-xml-and-xmlschema
SELECT query_to_xml_and_xmlschema('SELECT email FROM customers', true, true, '');
-- case: reach-query-to-xml-built-text
SELECT query_to_xml('SEL' || 'ECT s' || 'sn FROM cust' || 'omers', true, false, '');
-- case: reach-query-to-xml-text-from-chr
SELECT query_to_xml(convert_from(decode('53454c4543542073736e2046524f4d20637573746f6d657273', 'hex'), 'UTF8'), true, false, '');
-- case: reach-query-to-xml-schema-qualified
SELECT pg_catalog.query_to_xml('TABLE customers', false, true, 'x');
-- case: reach-query-to-xml-in-from
SELECT x FROM query_to_xml('SELECT ssn FROM customers', true, false, '') AS x;
-- case: reach-query-to-xml-per-row
SELECT query_to_xml(format('SELECT email FROM customers WHERE id = %s', customer_id), true, false, '') FROM orders;
-- case: reach-query-to-xml-xpath
SELECT unnest(xpath('//ssn/text()', query_to_xml('SELECT ssn FROM customers', false, false, '')))::text;
-- case: reach-query-to-xml-as-predicate
SELECT id FROM orders WHERE query_to_xml('SELECT max(ssn) FROM customers', false, false, '')::text LIKE '%>9%' ORDER BY id;
-- case: reach-query-to-xml-in-limit
SELECT id FROM orders ORDER BY id LIMIT length(query_to_xml('SELECT string_agg(email, '''') FROM customers', false, false, '')::text) % 11;
-- case: reach-query-to-xml-in-column-default
SELECT (SELECT query_to_xml('SELECT ssn FROM customers', true, false, '')::text) FROM orders LIMIT 1;
-- case: reach-table-to-xml
SELECT table_to_xml('customers', true, false, '');
-- case: reach-table-to-xml-and-xmlschema
SELECT table_to_xml_and_xmlschema('payments', true, false, '');
-- case: reach-schema-to-xml
SELECT schema_to_xml('public', true, false, '');
-- case: reach-schema-to-xml-and-xmlschema
SELECT schema_to_xml_and_xmlschema('public', true, false, '');
-- case: reach-database-to-xml
SELECT database_to_xml(true, false, '');
-- case: reach-database-to-xml-and-xmlschema
SELECT database_to_xml_and_xmlschema(true, false, '');
-- case: reach-cursor-to-xml
BEGIN;
DECLARE reach_cursor CURSOR FOR SELECT ssn FROM customers;
SELECT cursor_to_xml('reach_cursor', 5, true, false, '');
ROLLBACK;
-- case: reach-ts-stat
SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', ssn) FROM customers') ORDER BY word;
-- case: reach-ts-stat-email
SELECT * FROM ts_stat('SELECT array_to_tsvector(ARRAY[email]) FROM customers') ORDER BY 1;
-- case: reach-ts-rewrite
SELECT ts_rewrite('a & b'::tsquery, 'SELECT ''a''::tsquery, quote_literal(max(ssn))::tsquery FROM customers');
-- case: reach-ts-stat-as-oracle
SELECT count(*) FROM ts_stat('SELECT to_tsvector(''simple'', left(ssn, 2)) FROM customers');
-- case: reach-dblink
-- why: needs the extension dblink
SELECT * FROM dblink('dbname=shop', 'SELECT ssn FROM customers') AS t(s text);
-- case: reach-dblink-exec
-- why: needs the extension dblink
SELECT dblink_exec('dbname=shop', 'UPDATE orders SET status = status');
-- case: reach-dblink-connect-with-value
-- why: needs the extension dblink; the value leaves in the connection string
SELECT dblink_connect('host=127.0.0.1 dbname=' || ssn) FROM customers;
-- case: reach-foreign-table
-- why: needs the extension postgres_fdw
BEGIN;
CREATE SERVER reach_server FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'shop');
CREATE USER MAPPING FOR CURRENT_USER SERVER reach_server;
CREATE FOREIGN TABLE reach_foreign (id int, ssn text OPTIONS (column_name 'ssn')) SERVER reach_server OPTIONS (table_name 'customers');
SELECT ssn FROM reach_foreign;
ROLLBACK;
-- case: reach-lo-from-bytea-and-get
BEGIN;
SELECT lo_from_bytea(4711, convert_to(string_agg(ssn, ','), 'UTF8')) FROM customers;
SELECT convert_from(lo_get(4711), 'UTF8');
ROLLBACK;
-- case: reach-lo-put-and-loread
BEGIN;
SELECT lo_create(4712);
SELECT lo_put(4712, 0, convert_to(max(email), 'UTF8')) FROM customers;
SELECT loread(lo_open(4712, 262144), 100);
ROLLBACK;
-- case: reach-lo-export
-- why: needs a superuser
BEGIN;
SELECT lo_from_bytea(4713, convert_to(string_agg(ssn, ','), 'UTF8')) FROM customers;
SELECT lo_export(4713, '/tmp/reach_lo_export.txt');
ROLLBACK;
-- case: reach-lo-import
-- why: needs a superuser
BEGIN;
SELECT lo_get(lo_import('/proc/self/cmdline'));
ROLLBACK;
-- case: reach-pg-read-file-in-text
-- why: needs the role pg_read_server_files
SELECT replace(encode(pg_read_binary_file(pg_relation_filepath('payments'), 0, 8192), 'escape'), '\000', '');
-- case: reach-pg-read-file-of-table
-- why: needs the role pg_read_server_files; the table's own file has the values in clear
SELECT pg_read_binary_file(pg_relation_filepath('customers'));
-- case: reach-pg-ls-dir
-- why: needs a superuser
SELECT encode(pg_read_binary_file(d || '/' || split_part(pg_relation_filepath('customers'), '/', 2) || '/' || split_part(pg_relation_filepath('customers'), '/', 3)), 'escape') FROM pg_ls_dir('.') AS d WHERE d = 'base';
-- case: reach-pg-stat-file-as-channel
-- why: needs a superuser
SELECT pg_stat_file('/tmp/' || ssn) FROM customers;
-- case: reach-pg-file-write
-- why: needs the extension adminpack
SELECT pg_file_write('/tmp/reach_file.txt', max(ssn), false) FROM customers;
-- case: reach-pg-log-standby-snapshot-message
SELECT pg_logical_emit_message(false, 'reach', ssn) IS NOT NULL, ssn FROM customers;
-- case: reach-pg-logical-emit-message-only
-- why: the value goes into the write-ahead log, where a replication connection reads it
SELECT pg_logical_emit_message(true, 'x', email) - pg_logical_emit_message(true, 'x', email) FROM customers;
-- case: reach-notify
-- why: the payload comes back as a notification, not as a row
LISTEN reach_channel;
SELECT count(pg_notify('reach_channel', ssn)) FROM customers;
-- case: reach-notify-schema-qualified
LISTEN reach_channel_two;
SELECT pg_catalog.pg_notify('reach_channel_two', string_agg(email, ',')) FROM customers;
-- case: reach-notify-channel-is-value
SELECT pg_notify('c' || length(email), '') IS NULL, length(max(email) OVER ()) FROM customers;
-- case: reach-notify-in-where
LISTEN reach_channel_where;
SELECT count(*) FROM customers WHERE pg_notify('reach_channel_where', phone) IS NULL;
-- case: reach-raise-through-assert
DO 'BEGIN ASSERT false, (SELECT max(ssn) FROM customers); END';
-- case: reach-pg-get-viewdef-of-value-view
BEGIN;
DO 'BEGIN EXECUTE format(''CREATE TEMP VIEW reach_view AS SELECT %L::text AS a'', (SELECT max(ssn) FROM customers)); END';
SELECT pg_get_viewdef('reach_view'::regclass);
ROLLBACK;
-- case: reach-pg-terminate-backend-as-signal
-- why: that one's own connection ends says one bit
SELECT CASE WHEN max(ssn) LIKE '9%' THEN pg_terminate_backend(pg_backend_pid()) END FROM customers;
SELECT 1;
-- case: reach-pg-cancel-backend-as-signal
SELECT CASE WHEN max(ssn) LIKE '9%' THEN pg_cancel_backend(pg_backend_pid()) END FROM customers;
-- case: reach-pg-export-snapshot
BEGIN;
SELECT pg_export_snapshot() IS NOT NULL, max(ssn) FROM customers;
ROLLBACK;
-- case: reach-setseed-and-random
-- why: what random gives afterwards tells the seed
SELECT setseed(s.n / 10000) FROM (SELECT right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 4)::float8 AS n FROM customers) s;
SELECT random();
-- case: reach-set-config-text-search
SELECT count(set_config('TimeZone', CASE WHEN ssn LIKE '9%' THEN 'Asia/Tokyo' ELSE 'UTC' END, false)) FROM customers;
SELECT timestamptz '2025-01-01 00:00:00+00';
-- case: reach-set-config-datestyle
SELECT count(set_config('DateStyle', CASE WHEN ssn LIKE '9%' THEN 'German' ELSE 'ISO' END, false)) FROM customers;
SELECT date '2025-01-02';
-- case: reach-set-config-extra-float-digits
SELECT count(set_config('extra_float_digits', (right(regexp_replace(ssn, '[^0-9]', '', 'g'), 1)::int % 4 - 4)::text, false)) FROM customers;
SELECT 1::float8 / 3;
-- case: reach-xpath-external-entity
-- why: needs a file that the server may read
SELECT xmlparse(DOCUMENT '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'), max(ssn) FROM customers;
-- case: reach-pg-input-function-by-name
SELECT textin(textout(ssn)), int4in(textout(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 8))) FROM customers;
-- case: reach-array-in
SELECT array_in(textout('{' || quote_ident(email) || '}'), 25, -1)::text FROM customers;
-- case: reach-record-in-like
SELECT (json_populate_record(NULL::payments, json_build_object('token', ssn))).token FROM customers;
