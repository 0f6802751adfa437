-- case: exp-plain
EXPLAIN (COSTS OFF) SELECT * FROM orders;
-- case: exp-bare
EXPLAIN SELECT 1;
-- case: exp-verbose
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, status FROM orders WHERE amount > 100;
-- case: exp-verbose-word
EXPLAIN VERBOSE SELECT 1 AS one;
-- case: exp-json
EXPLAIN (FORMAT JSON, COSTS OFF) SELECT id FROM orders WHERE status = 'paid';
-- case: exp-yaml
EXPLAIN (FORMAT YAML, COSTS OFF) SELECT id FROM orders;
-- case: exp-xml
EXPLAIN (FORMAT XML, COSTS OFF) SELECT id FROM orders;
-- case: exp-aggregate
EXPLAIN (COSTS OFF) SELECT status, count(*) FROM orders GROUP BY status;
-- case: exp-sort-limit
EXPLAIN (COSTS OFF) SELECT id FROM orders ORDER BY amount DESC LIMIT 3;
-- case: exp-settings
EXPLAIN (COSTS FALSE, SETTINGS OFF) SELECT id FROM orders;
-- case: exp-analyze
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT id FROM orders WHERE status = 'paid';
-- case: exp-analyze-false
EXPLAIN (ANALYZE FALSE, COSTS OFF) SELECT id FROM orders;
-- case: exp-update
EXPLAIN (COSTS OFF) UPDATE orders SET status = 'paid' WHERE id = 1;
-- case: exp-insert
EXPLAIN (COSTS OFF) INSERT INTO orders (customer_id, amount) VALUES (1, 1);
-- case: exp-cte
EXPLAIN (COSTS OFF) WITH t AS MATERIALIZED (SELECT id FROM orders) SELECT count(*) FROM t;
-- case: exp-values
EXPLAIN (COSTS OFF) VALUES (1), (2);
-- case: exp-function-scan
EXPLAIN (COSTS OFF) SELECT * FROM generate_series(1, 3);
-- case: exp-customers
-- why: the plan of a query on masked columns may be withheld as a whole
-- masked: QUERY PLAN
EXPLAIN (COSTS OFF) SELECT name FROM customers WHERE email = 'x@example.com';
