-- case: exp-analyze-rows
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT 1 FROM customers WHERE ssn LIKE '9%';
-- case: exp-analyze-removed-by-filter
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT id FROM customers WHERE substr(ssn, 1, 1) = '1';
-- case: exp-analyze-join
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id AND c.email LIKE '%.com';
-- case: exp-analyze-subplan-never-executed
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT CASE WHEN (SELECT max(ssn) FROM customers) LIKE '9%' THEN (SELECT count(*) FROM orders) END;
-- case: exp-analyze-one-time-filter
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT id FROM orders WHERE (SELECT max(ssn) LIKE '9%' FROM customers);
-- case: exp-analyze-limit
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT id FROM orders LIMIT (SELECT right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 1)::int FROM customers);
-- case: exp-analyze-verbose-json
EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF, FORMAT JSON) SELECT ssn FROM customers WHERE ssn LIKE '9%';
-- case: exp-analyze-xml
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF, FORMAT XML) SELECT ssn FROM customers WHERE ssn LIKE '9%';
-- case: exp-analyze-yaml
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF, FORMAT YAML) SELECT ssn FROM customers WHERE ssn LIKE '9%';
-- case: exp-analyze-old-syntax
EXPLAIN ANALYZE VERBOSE SELECT ssn FROM customers WHERE ssn LIKE '9%';
-- case: exp-estimate-from-statistics
-- why: the planner's estimate comes from the values in pg_statistic
ANALYZE customers;
EXPLAIN SELECT 1 FROM customers WHERE ssn < '5';
-- case: exp-estimate-of-range
ANALYZE customers;
EXPLAIN (FORMAT JSON) SELECT 1 FROM customers WHERE ssn BETWEEN '1' AND '3';
-- case: exp-width
-- why: the plan shows the average width of the values
ANALYZE customers;
EXPLAIN SELECT email, ssn FROM customers;
-- case: exp-estimate-of-groups
ANALYZE customers;
EXPLAIN SELECT left(ssn, 2), count(*), max(email) FROM customers WHERE ssn < '3' GROUP BY 1;
-- case: exp-constant-folding
-- why: a stable value is folded at planning time and printed in the plan
EXPLAIN (COSTS OFF) SELECT * FROM orders WHERE id = (SELECT 1) AND status = 'x' || (SELECT max(ssn) FROM customers)::text AND (SELECT count(*) FROM customers WHERE ssn LIKE '9%') > 0 AND EXISTS (SELECT FROM customers WHERE email = 'x') AND customer_id = ANY (ARRAY(SELECT length(email) FROM customers));
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT * FROM orders WHERE status = (SELECT max(ssn) FROM customers) OR id <= (SELECT right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 1)::int FROM customers);
-- case: exp-immutable-function-folds-value
BEGIN;
CREATE FUNCTION pg_temp.exp_fold(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN (SELECT max(ssn) FROM customers); END';
EXPLAIN (COSTS OFF) SELECT * FROM orders WHERE status = pg_temp.exp_fold('x');
ROLLBACK;
-- case: exp-setting-folded-into-plan
SELECT count(set_config('exp.fold', ssn, false)) FROM customers;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF, VERBOSE) SELECT current_setting('exp.fold') LIKE '9%' FROM orders WHERE current_setting('exp.fold') LIKE '9%';
-- case: exp-analyze-update
BEGIN;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) UPDATE orders SET amount = 1 FROM customers c WHERE c.id = customer_id AND c.ssn LIKE '9%';
ROLLBACK;
-- case: exp-analyze-update-has-effect
BEGIN;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) UPDATE customers SET region = ssn WHERE id > 0;
SELECT region FROM customers;
ROLLBACK;
-- case: exp-analyze-insert
BEGIN;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) INSERT INTO orders (customer_id, amount) SELECT id, length(email) FROM customers WHERE ssn LIKE '9%';
SELECT amount FROM orders ORDER BY id DESC LIMIT 10;
ROLLBACK;
-- case: exp-analyze-delete
BEGIN;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) DELETE FROM payments WHERE token LIKE 'tok%';
ROLLBACK;
-- case: exp-analyze-create-table-as
BEGIN;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) CREATE TABLE exp_ctas AS SELECT ssn FROM customers;
SELECT * FROM exp_ctas;
ROLLBACK;
-- case: exp-analyze-error
EXPLAIN ANALYZE SELECT email::int FROM customers;
-- case: exp-analyze-declare
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) DECLARE exp_cursor CURSOR FOR SELECT 1 FROM customers WHERE ssn LIKE '9%';
-- case: exp-analyze-values-distinct
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT DISTINCT left(ssn, 2) FROM customers;
-- case: exp-analyze-buffers-heap-fetches
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT count(*) FROM customers c, LATERAL (SELECT 1 FROM generate_series(1, length(c.email))) s;
-- case: exp-analyze-memoize-hits
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT count(*) FROM generate_series(1, (SELECT right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 2)::int FROM customers)) g;
-- case: exp-analyze-serialize
-- why: needs PostgreSQL 17
EXPLAIN (ANALYZE, SERIALIZE TEXT, COSTS OFF, TIMING OFF, BUFFERS OFF) SELECT ssn FROM customers WHERE ssn LIKE '9%';
