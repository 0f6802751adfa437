-- case: err-cast-int
SELECT ssn::int FROM customers WHERE ssn LIKE '%-%';
-- case: err-cast-in-where
SELECT 1 FROM customers WHERE email::int = 1;
-- case: err-cast-of-concat
SELECT ('leak ' || ssn)::int FROM customers;
-- case: err-cast-of-aggregate
SELECT string_agg(email || '/' || ssn, ',')::int FROM customers;
-- case: err-cast-of-whole-row
SELECT c::text::int FROM customers c;
-- case: err-cast-bigint-numeric-float
SELECT email::numeric FROM customers;
-- case: err-cast-float
SELECT email::float8 FROM customers;
-- case: err-cast-bool
SELECT email::boolean FROM customers;
-- case: err-cast-date
SELECT ('d' || ssn)::date FROM customers;
-- case: err-cast-timestamptz
SELECT email::timestamptz FROM customers;
-- case: err-cast-time
SELECT ('x' || ssn)::time FROM customers;
-- case: err-cast-interval
SELECT email::interval FROM customers;
-- case: err-cast-uuid
SELECT ssn::uuid FROM customers;
-- case: err-cast-inet
SELECT email::inet FROM customers;
-- case: err-cast-macaddr
SELECT ssn::macaddr FROM customers WHERE ssn LIKE '%-%';
-- case: err-cast-json
SELECT email::json FROM customers;
-- case: err-cast-jsonb-context
SELECT ('{"a": ' || email || '}')::jsonb FROM customers;
-- case: err-cast-jsonpath
SELECT ('$ ? (@ like_regex "x" flag "' || email || '")')::jsonpath FROM customers;
-- case: err-cast-xml
SELECT ('<a>' || ssn)::xml FROM customers;
-- case: err-cast-xml-attribute
SELECT ('<a ' || email || '></b>')::xml FROM customers;
-- case: err-cast-array
SELECT ssn::text[] FROM customers;
-- case: err-cast-int-array
SELECT ('{' || email || '}')::int[] FROM customers;
-- case: err-cast-range
SELECT email::int4range FROM customers;
-- case: err-cast-range-bounds
SELECT ('[' || email || ',1)')::int4range FROM customers;
-- case: err-cast-multirange
SELECT ssn::int4multirange FROM customers;
-- case: err-cast-point
SELECT email::point FROM customers;
-- case: err-cast-box-path-circle
SELECT ssn::circle FROM customers;
-- case: err-cast-bit
SELECT email::varbit FROM customers;
-- case: err-cast-bytea
SELECT ('\x' || email)::bytea FROM customers;
-- case: err-cast-oid
SELECT email::oid FROM customers;
-- case: err-cast-regclass
SELECT ssn::regclass FROM customers WHERE ssn LIKE '%-%';
-- case: err-cast-regclass-quoted
SELECT quote_ident(email)::regclass FROM customers;
-- case: err-cast-regproc
SELECT quote_ident(email)::regproc FROM customers;
-- case: err-cast-regtype
SELECT quote_ident(email)::regtype FROM customers;
-- case: err-cast-regrole
SELECT quote_ident(email)::regrole FROM customers;
-- case: err-cast-regnamespace
SELECT quote_ident(email)::regnamespace FROM customers;
-- case: err-cast-regconfig
SELECT to_tsvector(quote_ident(email)::regconfig, '') FROM customers;
-- case: err-cast-tsquery
SELECT (ssn || ' & & (')::tsquery FROM customers;
-- case: err-cast-tsvector-weights
SELECT (quote_literal(email) || ':x')::tsvector FROM customers;
-- case: err-cast-money
SELECT email::money FROM customers;
-- case: err-cast-pg-lsn
SELECT ssn::pg_lsn FROM customers;
-- case: err-cast-tid
SELECT ssn::tid FROM customers;
-- case: err-cast-snapshot
SELECT email::pg_snapshot FROM customers;
-- case: err-cast-composite
SELECT ssn::orders FROM customers;
-- case: err-cast-composite-field
SELECT ('(1,' || quote_ident(email) || ',1,new,now)')::orders FROM customers;
-- case: err-division-by-zero-as-oracle
SELECT 1 / (CASE WHEN max(ssn) LIKE '9%' THEN 0 ELSE 1 END) FROM customers;
-- case: err-division-by-zero-in-where
SELECT id FROM orders WHERE 1 / (SELECT count(*) FROM customers WHERE ssn LIKE '98%') > 0;
-- case: err-overflow-shows-nothing-but-happens
SELECT (right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 9)::int * CASE WHEN max(ssn) LIKE '9%' THEN 100000 ELSE 1 END)::text <> '' FROM customers;
-- case: err-scalar-subquery-of-many-rows
SELECT (SELECT 1 FROM customers WHERE ssn LIKE '98%');
-- case: err-substring-negative-length
SELECT substr('x', 1, CASE WHEN max(ssn) LIKE '9%' THEN -1 ELSE 1 END) FROM customers;
-- case: err-chr-zero
SELECT chr(CASE WHEN max(ssn) LIKE '9%' THEN 0 ELSE 65 END) FROM customers;
-- case: err-sqrt-of-negative
SELECT sqrt(CASE WHEN max(ssn) LIKE '9%' THEN -1 ELSE 1 END) FROM customers;
-- case: err-limit-negative
SELECT 1 LIMIT (SELECT CASE WHEN max(ssn) LIKE '9%' THEN -1 ELSE 1 END FROM customers);
-- case: err-generate-series-step-zero
SELECT count(*) FROM generate_series(1, 2, (SELECT CASE WHEN max(ssn) LIKE '9%' THEN 0 ELSE 1 END FROM customers));
-- case: err-to-date
SELECT to_date(ssn, 'YYYY-MM-DD') FROM customers WHERE ssn LIKE '%-%';
-- case: err-to-date-month-name
SELECT to_date(email, 'Month') FROM customers;
-- case: err-to-timestamp
SELECT to_timestamp(email, 'HH24') FROM customers;
-- case: err-to-number
SELECT to_number(email, 'RN') FROM customers WHERE left(email, 1) = 'a';
-- case: err-make-date
SELECT make_date(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 4)::int, 13, 1) FROM customers;
-- case: err-make-time
SELECT make_time(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 4)::int, 0, 0) FROM customers;
-- case: err-date-part-unit
SELECT date_part(email, now()) FROM customers;
-- case: err-date-trunc-unit
SELECT date_trunc(ssn, now()) FROM customers;
-- case: err-time-zone-name
SELECT now() AT TIME ZONE email FROM customers;
-- case: err-encoding-name
SELECT convert_from('a', email) FROM customers;
-- case: err-encode-format
SELECT encode('a', ssn) FROM customers;
-- case: err-decode-input
SELECT decode(email, 'hex') FROM customers;
-- case: err-decode-base64
SELECT decode(CASE WHEN ssn LIKE '98%' THEN '!' ELSE 'AAAA' END, 'base64') FROM customers;
-- case: err-format-specifier
SELECT format('%' || email, 1) FROM customers;
-- case: err-regex-invalid
SELECT 'x' ~ CASE WHEN ssn LIKE '98%' THEN '(' ELSE 'a' END FROM customers;
-- case: err-regex-flags
SELECT regexp_replace('x', 'x', 'y', email) FROM customers;
-- case: err-parse-ident
SELECT parse_ident(ssn) FROM customers WHERE ssn LIKE '%-%';
-- case: err-jsonb-set-path
SELECT jsonb_set('[1]', ARRAY[email], '1') FROM customers;
-- case: err-jsonb-path-query-strict
SELECT jsonb_path_query('{}', ('strict $."' || email || '"')::jsonpath) FROM customers;
-- case: err-json-populate-int
SELECT jsonb_populate_record(NULL::orders, jsonb_build_object('id', email)) FROM customers;
-- case: err-json-to-record
SELECT r.a FROM customers c, jsonb_to_record(jsonb_build_object('a', c.email)) AS r(a int);
-- case: err-array-to-int-array
SELECT ARRAY[email]::int[] FROM customers;
-- case: err-setting-name
SELECT current_setting(email) FROM customers;
-- case: err-setting-value
SELECT set_config('work_mem', email, true) FROM customers;
-- case: err-sequence-name
SELECT currval(quote_ident(email)) FROM customers;
-- case: err-privilege-name
SELECT has_table_privilege('orders', email) FROM customers;
-- case: err-role-name
SELECT has_schema_privilege(email, 'public', 'usage') FROM customers;
-- case: err-get-object-address
SELECT pg_get_object_address('table', ARRAY[email], '{}') FROM customers;
-- case: err-size-bytes
SELECT pg_size_bytes(email) FROM customers;
-- case: err-cast-single-char
SELECT email::"char"::text::int FROM customers;
-- case: err-lo-get
SELECT lo_get(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 8)::oid) FROM customers;
-- case: err-check-constraint-detail
-- why: the error's detail shows the failing row with the stolen value in it
BEGIN;
UPDATE orders SET status = (SELECT max(ssn) FROM customers) WHERE id = (SELECT min(id) FROM orders);
ROLLBACK;
-- case: err-check-constraint-insert
BEGIN;
INSERT INTO orders (customer_id, amount, status, created_at) SELECT id, 1, email, '2025-01-01' FROM customers;
ROLLBACK;
-- case: err-not-null-detail
BEGIN;
UPDATE customers SET name = NULL WHERE id > 0;
ROLLBACK;
-- case: err-not-null-detail-insert
BEGIN;
INSERT INTO payments (order_id, card_number, token) SELECT o.id, c.card_number, NULL FROM orders o JOIN customers c ON c.id = o.customer_id;
ROLLBACK;
-- case: err-foreign-key-detail
BEGIN;
INSERT INTO orders (customer_id, amount) SELECT right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::int, 1 FROM customers;
ROLLBACK;
-- case: err-numeric-overflow
BEGIN;
UPDATE orders SET amount = (SELECT regexp_replace(max(ssn), '[^0-9]', '', 'g')::numeric * CASE WHEN max(ssn) LIKE '9%' THEN 1000 ELSE 0 END FROM customers) WHERE id = (SELECT min(id) FROM orders);
ROLLBACK;
-- case: err-unique-violation-as-oracle
BEGIN;
CREATE UNIQUE INDEX ON customers (left(ssn, 4));
ROLLBACK;
-- case: err-on-conflict-detail
BEGIN;
CREATE TEMP TABLE err_unique (v text UNIQUE);
INSERT INTO err_unique SELECT ssn FROM customers UNION ALL SELECT ssn FROM customers;
ROLLBACK;
-- case: err-domain-check
BEGIN;
CREATE DOMAIN err_domain AS text CHECK (value NOT LIKE '98%');
SELECT ssn::err_domain FROM customers;
ROLLBACK;
-- case: err-enum-input
BEGIN;
CREATE TYPE err_enum AS ENUM ('x');
SELECT email::err_enum FROM customers;
ROLLBACK;
-- case: err-exclusion-constraint
BEGIN;
CREATE TEMP TABLE err_exclusion (r int4range, EXCLUDE USING gist (r WITH &&));
INSERT INTO err_exclusion SELECT int4range(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::int, NULL) FROM customers;
ROLLBACK;
-- case: err-partition-bound
BEGIN;
CREATE TEMP TABLE err_partition (v text) PARTITION BY LIST (v);
INSERT INTO err_partition SELECT ssn FROM customers;
ROLLBACK;
-- case: err-value-too-long
BEGIN;
CREATE TEMP TABLE err_long (v varchar(3));
INSERT INTO err_long SELECT CASE WHEN ssn LIKE '9%' THEN ssn ELSE 'x' END FROM customers;
ROLLBACK;
-- case: err-merge-cardinality
BEGIN;
MERGE INTO orders o USING customers c ON c.ssn LIKE '98%' WHEN MATCHED THEN UPDATE SET amount = 1;
ROLLBACK;
-- case: err-input-error-info
-- why: needs PostgreSQL 16; the error message is a value of a row
SELECT (pg_input_error_info(email, 'integer')).message FROM customers;
-- case: err-input-error-info-from
-- why: needs PostgreSQL 16
SELECT e.* FROM customers c, pg_input_error_info(c.ssn || 'x', 'integer') e;
-- case: err-input-is-valid-as-oracle
-- why: needs PostgreSQL 16
SELECT id, pg_input_is_valid(ssn, 'integer'), pg_input_is_valid(left(ssn, 2), 'bit(2)') FROM customers;
-- case: err-json-table-error
-- why: needs PostgreSQL 17
SELECT * FROM JSON_TABLE((SELECT jsonb_agg(email) FROM customers), '$[*]' COLUMNS (a int PATH '$' ERROR ON ERROR)) t;
-- case: err-second-statement-of-query
SELECT 1; SELECT email::int FROM customers;
-- case: err-in-prepared
PREPARE err_prepared AS SELECT email::int FROM customers;
EXECUTE err_prepared;
-- case: err-in-cursor-fetch
BEGIN;
DECLARE err_cursor CURSOR FOR SELECT email::int FROM customers;
FETCH ALL FROM err_cursor;
ROLLBACK;
-- case: err-after-savepoint
BEGIN;
SAVEPOINT err_save;
SELECT ('x' || ssn)::int FROM customers;
ROLLBACK TO SAVEPOINT err_save;
SELECT ('y' || email)::int FROM customers;
ROLLBACK;
-- case: err-warning-notice-of-value
-- why: a NOTICE quotes the name that was cut
SELECT repeat(ssn, 9)::name::regclass FROM customers WHERE ssn LIKE '%-%';
