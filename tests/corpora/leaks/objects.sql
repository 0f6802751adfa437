-- case: obj-create-table-as
BEGIN;
CREATE TABLE obj_ctas AS SELECT ssn AS region FROM customers;
SELECT region FROM obj_ctas;
ROLLBACK;
-- case: obj-create-table-as-with-column-names
BEGIN;
CREATE TABLE obj_ctas_names (a, b) AS SELECT id, email FROM customers;
TABLE obj_ctas_names;
ROLLBACK;
-- case: obj-create-table-as-table
BEGIN;
CREATE UNLOGGED TABLE obj_ctas_table AS TABLE customers;
SELECT ssn FROM obj_ctas_table;
ROLLBACK;
-- case: obj-create-temp-table-as
CREATE TEMP TABLE obj_temp_ctas AS SELECT * FROM customers;
SELECT ssn, email FROM obj_temp_ctas;
-- case: obj-create-temp-table-as-on-commit-drop
BEGIN;
CREATE TEMP TABLE obj_temp_drop ON COMMIT DROP AS SELECT phone AS x FROM customers;
SELECT x FROM obj_temp_drop;
COMMIT;
-- case: obj-create-temp-table-as-execute
PREPARE obj_ctas_source AS SELECT ssn AS s FROM customers;
CREATE TEMP TABLE obj_ctas_execute AS EXECUTE obj_ctas_source;
SELECT s FROM obj_ctas_execute;
-- case: obj-select-into
BEGIN;
SELECT ssn INTO obj_select_into FROM customers;
TABLE obj_select_into;
ROLLBACK;
-- case: obj-select-into-temp
SELECT id, email AS region INTO TEMP obj_select_into_temp FROM customers;
SELECT region FROM obj_select_into_temp;
-- case: obj-select-into-temporary-table
SELECT c.* INTO TEMPORARY TABLE obj_select_into_temp_table FROM customers c;
SELECT count(*), max(ssn) FROM obj_select_into_temp_table;
-- case: obj-temp-table-hides-table
-- why: pg_temp is searched before public, so the name means another table from then on
CREATE TEMP TABLE orders AS SELECT id, ssn AS status FROM public.customers;
SELECT status FROM orders;
-- case: obj-temp-table-hides-masked-table
CREATE TEMP TABLE payments AS SELECT id, id AS order_id, 'x' AS card_number, email AS status FROM customers;
SELECT order_id, status FROM payments;
-- case: obj-temp-table-insert
CREATE TEMP TABLE obj_temp_insert (v text);
INSERT INTO obj_temp_insert SELECT ssn FROM customers;
SELECT v FROM obj_temp_insert;
-- case: obj-temp-table-default-column
CREATE TEMP TABLE obj_temp_generated (s text, r text GENERATED ALWAYS AS (reverse(s)) STORED);
INSERT INTO obj_temp_generated (s) SELECT ssn FROM customers;
SELECT r FROM obj_temp_generated;
-- case: obj-create-view
BEGIN;
CREATE VIEW obj_view AS SELECT id, ssn AS region FROM customers;
SELECT region FROM obj_view;
ROLLBACK;
-- case: obj-create-temp-view
CREATE TEMP VIEW obj_temp_view AS SELECT email AS name FROM customers;
SELECT name FROM obj_temp_view;
-- case: obj-create-temp-view-hides-table
CREATE TEMP VIEW orders AS SELECT id, ssn AS status FROM public.customers;
SELECT status FROM orders;
-- case: obj-create-or-replace-view
BEGIN;
CREATE OR REPLACE VIEW customer_contacts AS SELECT id, ssn AS name, email, phone FROM customers;
SELECT name FROM customer_contacts;
ROLLBACK;
-- case: obj-create-recursive-view
BEGIN;
CREATE RECURSIVE VIEW obj_recursive_view (n, s) AS SELECT 1, max(ssn) FROM customers UNION ALL SELECT n + 1, s FROM obj_recursive_view WHERE n < 2;
SELECT s FROM obj_recursive_view;
ROLLBACK;
-- case: obj-create-materialized-view
BEGIN;
CREATE MATERIALIZED VIEW obj_matview AS SELECT ssn AS s FROM customers;
SELECT s FROM obj_matview;
ROLLBACK;
-- case: obj-alter-table-rename-column
BEGIN;
ALTER TABLE customers RENAME COLUMN ssn TO region2;
SELECT region2 FROM customers;
ROLLBACK;
-- case: obj-alter-table-rename-table
BEGIN;
ALTER TABLE customers RENAME TO obj_renamed;
SELECT ssn FROM obj_renamed;
ROLLBACK;
-- case: obj-alter-table-swap-columns
BEGIN;
ALTER TABLE customers RENAME COLUMN region TO obj_tmp;
ALTER TABLE customers RENAME COLUMN ssn TO region;
SELECT region FROM customers;
ROLLBACK;
-- case: obj-alter-table-set-schema
BEGIN;
CREATE SCHEMA obj_schema;
ALTER TABLE customers SET SCHEMA obj_schema;
SELECT ssn FROM obj_schema.customers;
ROLLBACK;
-- case: obj-alter-column-type-using
BEGIN;
ALTER TABLE customers ALTER COLUMN region TYPE text USING ssn;
SELECT region FROM customers;
ROLLBACK;
-- case: obj-alter-add-generated-column
BEGIN;
ALTER TABLE customers ADD COLUMN obj_gen text GENERATED ALWAYS AS (ssn || '') STORED;
SELECT obj_gen FROM customers;
ROLLBACK;
-- case: obj-alter-add-check
-- why: fails, and with it shows a bit, if a row breaks it
BEGIN;
ALTER TABLE customers ADD CONSTRAINT obj_check CHECK (ssn NOT LIKE '98%');
ROLLBACK;
-- case: obj-inherit
BEGIN;
CREATE TABLE obj_parent (ssn text);
ALTER TABLE customers INHERIT obj_parent;
SELECT ssn FROM obj_parent;
ROLLBACK;
-- case: obj-attach-partition
BEGIN;
CREATE TABLE obj_part (LIKE payments) PARTITION BY LIST (id);
ALTER TABLE payments ALTER COLUMN id DROP IDENTITY;
ALTER TABLE obj_part ATTACH PARTITION payments DEFAULT;
SELECT token FROM obj_part;
ROLLBACK;
-- case: obj-create-rule
BEGIN;
CREATE RULE obj_rule AS ON UPDATE TO orders DO ALSO SELECT ssn FROM customers;
UPDATE orders SET status = status WHERE id > 0;
ROLLBACK;
-- case: obj-create-rule-instead-on-view
BEGIN;
CREATE VIEW obj_rule_view AS SELECT 1 AS a;
CREATE RULE obj_rule_instead AS ON INSERT TO obj_rule_view DO INSTEAD SELECT email FROM customers;
INSERT INTO obj_rule_view VALUES (1);
ROLLBACK;
-- case: obj-create-trigger
BEGIN;
CREATE FUNCTION obj_trigger_function() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', (SELECT string_agg(ssn, '','') FROM customers); RETURN new; END';
CREATE TRIGGER obj_trigger BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION obj_trigger_function();
UPDATE orders SET status = status WHERE id = (SELECT min(id) FROM orders);
ROLLBACK;
-- case: obj-create-trigger-fills-column
BEGIN;
CREATE FUNCTION obj_fill_function() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.region := new.ssn; RETURN new; END';
CREATE TRIGGER obj_fill BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION obj_fill_function();
UPDATE customers SET name = name WHERE id > 0 RETURNING region;
ROLLBACK;
-- case: obj-create-function-sql
BEGIN;
CREATE FUNCTION obj_function() RETURNS SETOF text LANGUAGE sql AS 'SELECT ssn FROM customers';
SELECT obj_function();
ROLLBACK;
-- case: obj-create-function-sql-body
BEGIN;
CREATE FUNCTION obj_function_body() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT ssn FROM customers; END;
SELECT * FROM obj_function_body();
ROLLBACK;
-- case: obj-create-function-in-pg-temp
CREATE FUNCTION pg_temp.obj_identity(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
SELECT pg_temp.obj_identity(ssn) FROM customers;
-- case: obj-create-function-plpgsql-dynamic
BEGIN;
CREATE FUNCTION obj_dynamic(text) RETURNS SETOF text LANGUAGE plpgsql AS 'BEGIN RETURN QUERY EXECUTE $1; END';
SELECT obj_dynamic('SELECT email FROM customers');
ROLLBACK;
-- case: obj-create-function-table-argument
-- why: a function of a row, called in the notation of a column
BEGIN;
CREATE FUNCTION obj_secret(customers) RETURNS text LANGUAGE sql AS 'SELECT $1.ssn';
SELECT c.obj_secret FROM customers c;
ROLLBACK;
-- case: obj-create-function-shadows-builtin
BEGIN;
CREATE FUNCTION public.upper(integer) RETURNS text LANGUAGE sql AS 'SELECT string_agg(ssn, '','') FROM customers';
SELECT upper(id) FROM orders LIMIT 1;
ROLLBACK;
-- case: obj-create-function-default-argument
BEGIN;
CREATE FUNCTION obj_default(text DEFAULT (current_setting('application_name'))) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers ORDER BY id LIMIT 1';
SELECT obj_default();
ROLLBACK;
-- case: obj-create-procedure
BEGIN;
CREATE PROCEDURE obj_procedure(INOUT r text) LANGUAGE plpgsql AS 'BEGIN SELECT string_agg(ssn, '','') INTO r FROM customers; END';
CALL obj_procedure(NULL);
ROLLBACK;
-- case: obj-create-aggregate
BEGIN;
CREATE AGGREGATE obj_aggregate(text) (SFUNC = textcat, STYPE = text, INITCOND = '');
SELECT obj_aggregate(ssn) FROM customers;
ROLLBACK;
-- case: obj-create-operator
BEGIN;
CREATE OPERATOR public.<->>> (FUNCTION = textcat, LEFTARG = text, RIGHTARG = text);
SELECT ssn <->>> '' FROM customers;
ROLLBACK;
-- case: obj-create-operator-of-own-function
BEGIN;
CREATE FUNCTION obj_operator_function(integer, integer) RETURNS text LANGUAGE sql AS 'SELECT max(ssn) FROM customers';
CREATE OPERATOR public.@@@@ (FUNCTION = obj_operator_function, LEFTARG = integer, RIGHTARG = integer);
SELECT 1 @@@@ 2;
ROLLBACK;
-- case: obj-create-operator-shadows
BEGIN;
CREATE FUNCTION obj_plus(text, integer) RETURNS text LANGUAGE sql AS 'SELECT max(ssn) FROM customers';
CREATE OPERATOR public.+ (FUNCTION = obj_plus, LEFTARG = text, RIGHTARG = integer);
SELECT status + id FROM orders LIMIT 1;
ROLLBACK;
-- case: obj-create-cast
BEGIN;
CREATE TYPE obj_cast_type AS (v text);
CREATE FUNCTION obj_cast_function(integer) RETURNS obj_cast_type LANGUAGE sql AS 'SELECT row(max(email))::obj_cast_type FROM customers';
CREATE CAST (integer AS obj_cast_type) WITH FUNCTION obj_cast_function(integer);
SELECT id::obj_cast_type FROM orders LIMIT 1;
ROLLBACK;
-- case: obj-create-domain
BEGIN;
CREATE DOMAIN obj_domain AS text;
SELECT ssn::obj_domain FROM customers;
ROLLBACK;
-- case: obj-create-type-composite
BEGIN;
CREATE TYPE obj_type AS (a text, b text);
SELECT (row(ssn, email)::obj_type).a FROM customers;
ROLLBACK;
-- case: obj-create-type-enum-of-values
BEGIN;
CREATE TYPE obj_enum AS ENUM ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
SELECT left(ssn, 1)::obj_enum FROM customers;
ROLLBACK;
-- case: obj-create-type-range
BEGIN;
CREATE TYPE obj_textrange AS RANGE (subtype = text);
SELECT obj_textrange(ssn, NULL), lower(obj_textrange(email, NULL)) FROM customers;
ROLLBACK;
-- case: obj-create-index-expression-statistics
-- why: statistics of an expression's index hold its values
BEGIN;
CREATE INDEX obj_index ON customers (reverse(ssn));
ANALYZE customers;
SELECT histogram_bounds FROM pg_stats WHERE tablename = 'obj_index';
ROLLBACK;
-- case: obj-create-statistics
BEGIN;
CREATE STATISTICS obj_statistics (mcv) ON region, ssn FROM customers;
ANALYZE customers;
SELECT most_common_vals FROM pg_stats_ext WHERE statistics_name = 'obj_statistics';
ROLLBACK;
-- case: obj-create-sequence-holds-value
CREATE TEMP SEQUENCE obj_sequence;
SELECT setval('obj_sequence', right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 9)::bigint) FROM customers;
SELECT last_value FROM obj_sequence;
-- case: obj-sequence-currval
CREATE TEMP SEQUENCE obj_sequence_currval;
SELECT count(setval('obj_sequence_currval', right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint)) FROM customers WHERE id = (SELECT min(id) FROM customers);
SELECT currval('obj_sequence_currval');
-- case: obj-comment-holds-value
BEGIN;
DO 'BEGIN EXECUTE format(''COMMENT ON TABLE orders IS %L'', (SELECT max(ssn) FROM customers)); END';
SELECT obj_description('orders'::regclass, 'pg_class');
ROLLBACK;
-- case: obj-create-policy-as-oracle
BEGIN;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY obj_policy ON orders USING ((SELECT ssn FROM customers c WHERE c.id = customer_id) LIKE '%1%');
SELECT id FROM orders ORDER BY id;
ROLLBACK;
-- case: obj-create-table-partition-of-values
BEGIN;
CREATE TEMP TABLE obj_partitioned (v text) PARTITION BY LIST (left(v, 1));
CREATE TEMP TABLE obj_partition_9 PARTITION OF obj_partitioned FOR VALUES IN ('9');
CREATE TEMP TABLE obj_partition_default PARTITION OF obj_partitioned DEFAULT;
INSERT INTO obj_partitioned SELECT ssn FROM customers;
SELECT tableoid::regclass::text, count(*) FROM obj_partitioned GROUP BY 1;
ROLLBACK;
-- case: obj-create-schema-with-view
BEGIN;
CREATE SCHEMA obj_schema_view CREATE VIEW v AS SELECT ssn FROM public.customers;
SELECT * FROM obj_schema_view.v;
ROLLBACK;
-- case: obj-grant-and-see
BEGIN;
GRANT SELECT (ssn) ON customers TO PUBLIC;
SELECT ssn FROM customers;
ROLLBACK;
-- case: obj-event-order-lock-table
BEGIN;
LOCK TABLE customers IN ACCESS SHARE MODE;
SELECT ssn FROM customers;
ROLLBACK;
-- case: obj-cluster-by-masked-index
-- why: the physical order becomes the order of the values
BEGIN;
CREATE INDEX obj_cluster ON customers (ssn);
CLUSTER customers USING obj_cluster;
SELECT name, ctid FROM customers;
ROLLBACK;
-- case: obj-refresh-view-of-text
BEGIN;
CREATE MATERIALIZED VIEW obj_matview_refresh AS SELECT email AS status FROM customers WITH NO DATA;
REFRESH MATERIALIZED VIEW obj_matview_refresh;
SELECT status FROM obj_matview_refresh;
ROLLBACK;
