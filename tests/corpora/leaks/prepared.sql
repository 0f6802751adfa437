-- case: prep-select
PREPARE prep_select AS SELECT ssn FROM customers;
EXECUTE prep_select;
-- case: prep-select-with-parameter
PREPARE prep_parameter (int) AS SELECT email FROM customers WHERE id >= $1 ORDER BY id;
EXECUTE prep_parameter(0);
-- case: prep-parameter-without-type
PREPARE prep_untyped AS SELECT ssn FROM customers WHERE id > $1;
EXECUTE prep_untyped(0);
-- case: prep-parameter-from-setting
PREPARE prep_echo (text) AS SELECT $1 AS region;
SELECT count(set_config('prep.echo', ssn, false)) FROM customers;
EXECUTE prep_echo(current_setting('prep.echo'));
-- case: prep-column-alias
PREPARE prep_alias AS SELECT ssn AS region, email AS name FROM customers;
EXECUTE prep_alias;
-- case: prep-table-command
PREPARE prep_table AS TABLE customers;
EXECUTE prep_table;
-- case: prep-values
PREPARE prep_values AS VALUES ((SELECT max(ssn) FROM customers));
EXECUTE prep_values;
-- case: prep-quoted-name
PREPARE "Prep Quoted" AS SELECT ssn FROM customers;
EXECUTE "Prep Quoted";
-- case: prep-name-reused
-- why: the name means something harmless at first
PREPARE prep_reused AS SELECT status FROM orders;
EXECUTE prep_reused;
DEALLOCATE prep_reused;
PREPARE prep_reused AS SELECT ssn AS status FROM customers;
EXECUTE prep_reused;
-- case: prep-failed-redefinition
-- why: the second PREPARE fails, so the name still means the first
PREPARE prep_failed AS SELECT ssn FROM customers;
PREPARE prep_failed AS SELECT status FROM orders;
EXECUTE prep_failed;
-- case: prep-survives-rollback
-- why: prepared statements outlive the transaction that is rolled back
BEGIN;
PREPARE prep_rollback AS SELECT email FROM customers;
ROLLBACK;
EXECUTE prep_rollback;
-- case: prep-name-case-folded
PREPARE PREP_Case AS SELECT ssn FROM customers;
EXECUTE prep_CASE;
-- case: prep-name-truncated
-- why: longer than 63 bytes, so both names are one
PREPARE prep_0123456789012345678901234567890123456789012345678901234567890123456789a AS SELECT ssn FROM customers;
EXECUTE prep_0123456789012345678901234567890123456789012345678901234567890123456789b;
-- case: prep-in-one-query
PREPARE prep_one AS SELECT ssn FROM customers; EXECUTE prep_one;
-- case: prep-explain-execute
PREPARE prep_explain AS SELECT 1 FROM customers WHERE ssn LIKE '9%';
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) EXECUTE prep_explain;
-- case: prep-update-returning
BEGIN;
PREPARE prep_update AS UPDATE customers SET region = ssn WHERE id > 0 RETURNING region;
EXECUTE prep_update;
ROLLBACK;
-- case: prep-delete-returning
BEGIN;
PREPARE prep_delete AS DELETE FROM payments WHERE id > 0 RETURNING token;
EXECUTE prep_delete;
ROLLBACK;
-- case: prep-insert-select
BEGIN;
PREPARE prep_insert AS INSERT INTO orders (customer_id, amount) SELECT id, length(email) FROM customers RETURNING amount;
EXECUTE prep_insert;
ROLLBACK;
-- case: prep-predicate
PREPARE prep_predicate (text) AS SELECT id FROM customers WHERE ssn LIKE $1 ORDER BY id;
EXECUTE prep_predicate('1%');
EXECUTE prep_predicate('9%');
-- case: prep-plan-changes-with-temp-table
-- why: prepared with the clean table in sight; planned anew when a temporary one hides it
PREPARE prep_replan AS SELECT status FROM orders ORDER BY id LIMIT 10;
EXECUTE prep_replan;
CREATE TEMP TABLE orders AS SELECT id, ssn AS status FROM customers;
EXECUTE prep_replan;
-- case: prep-search-path-changes-meaning
BEGIN;
CREATE SCHEMA prep_schema;
CREATE TABLE prep_schema.orders AS SELECT id, ssn AS status FROM public.customers;
PREPARE prep_path AS SELECT status FROM orders ORDER BY id LIMIT 10;
SET search_path = prep_schema, public;
EXECUTE prep_path;
ROLLBACK;
-- case: prep-statement-text-in-catalogue
PREPARE prep_text AS SELECT 1 FROM customers WHERE id > 0;
SELECT name, statement, (SELECT max(ssn) FROM customers) FROM pg_prepared_statements;
-- case: prep-row
PREPARE prep_row AS SELECT c, row_to_json(c) FROM customers c;
EXECUTE prep_row;
-- case: prep-limit-from-setting
PREPARE prep_count (bigint) AS SELECT id FROM orders ORDER BY id LIMIT $1;
SELECT count(set_config('prep.count', right(regexp_replace(ssn, '[^0-9]', '', 'g'), 1), false)) FROM customers;
EXECUTE prep_count(current_setting('prep.count')::bigint);
