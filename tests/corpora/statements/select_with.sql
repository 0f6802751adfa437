-- WITH
WITH c AS (SELECT * FROM customers) SELECT * FROM c;

WITH c (a, b) AS (SELECT id, name FROM customers) SELECT a, b FROM c;

WITH a AS (SELECT 1), b AS (SELECT * FROM a), d AS (SELECT * FROM a, b) SELECT * FROM d;

WITH c AS MATERIALIZED (SELECT id FROM customers) SELECT * FROM c c1, c c2;

WITH c AS NOT MATERIALIZED (SELECT id FROM customers) SELECT * FROM c WHERE id = 1;

WITH c AS (VALUES (1, 'a'), (2, 'b')) TABLE c;

WITH c AS (TABLE customers) VALUES ((SELECT count(*) FROM c));

WITH c AS ((SELECT id FROM customers)) (SELECT * FROM c);

WITH c AS (WITH d AS (SELECT 1 AS x) SELECT x FROM d) SELECT * FROM c;

WITH outer_one AS (WITH inner_one AS (WITH innermost AS (SELECT id FROM customers) TABLE innermost) TABLE inner_one) TABLE outer_one;

SELECT * FROM (WITH c AS (SELECT id FROM customers) SELECT id FROM c) AS s;

SELECT (WITH c AS (SELECT max(id) AS m FROM customers) SELECT m FROM c);

SELECT * FROM orders WHERE customer_id IN (WITH c AS (SELECT id FROM customers) SELECT id FROM c);

WITH c AS (SELECT id FROM customers ORDER BY id LIMIT 5 FOR UPDATE) SELECT * FROM c ORDER BY 1;

WITH c AS (SELECT 1 AS id UNION SELECT 2 EXCEPT SELECT 3) SELECT * FROM c, orders WHERE orders.id = c.id;

-- WITH RECURSIVE
WITH RECURSIVE t (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 100) SELECT sum(n) FROM t;

WITH RECURSIVE t AS (SELECT 1 AS n UNION SELECT n % 7 + 1 FROM t) SELECT * FROM t LIMIT 20;

WITH RECURSIVE under AS (
    SELECT id, parent_id, name, 1 AS depth FROM categories WHERE parent_id IS NULL
    UNION ALL
    (SELECT c.id, c.parent_id, c.name, u.depth + 1 FROM categories c INNER JOIN under u ON c.parent_id = u.id)
)
SELECT * FROM under;

WITH RECURSIVE a AS (SELECT 1 AS x), b AS (SELECT x FROM a UNION ALL SELECT x + 1 FROM b WHERE x < 3), c AS (SELECT * FROM b) SELECT * FROM c;

WITH RECURSIVE not_really AS (SELECT id FROM customers) SELECT * FROM not_really;

WITH RECURSIVE later AS (SELECT * FROM sooner), sooner AS (SELECT id FROM customers) SELECT * FROM later;

WITH RECURSIVE g (f, t, label) AS (
    SELECT f, t, label FROM edges WHERE f = 1
    UNION ALL
    SELECT e.f, e.t, e.label FROM g JOIN edges e ON e.f = g.t
) SEARCH DEPTH FIRST BY f, t SET seq
SELECT * FROM g ORDER BY seq;

WITH RECURSIVE g AS (
    SELECT f, t FROM edges UNION ALL SELECT e.f, e.t FROM g, edges e WHERE e.f = g.t
) SEARCH BREADTH FIRST BY f SET ordercol
SELECT * FROM g ORDER BY ordercol;

WITH RECURSIVE g AS (
    SELECT f, t FROM edges UNION ALL SELECT e.f, e.t FROM g, edges e WHERE e.f = g.t
) CYCLE f, t SET is_cycle USING path
SELECT * FROM g WHERE NOT is_cycle;

WITH RECURSIVE g AS (
    SELECT f, t FROM edges UNION SELECT e.f, e.t FROM g, edges e WHERE e.f = g.t
) CYCLE f SET looped TO 'Y' DEFAULT 'N' USING way
SELECT * FROM g;

WITH RECURSIVE g AS MATERIALIZED (
    SELECT f, t FROM edges UNION ALL SELECT e.f, e.t FROM g, edges e WHERE e.f = g.t
) SEARCH DEPTH FIRST BY f SET seq CYCLE f, t SET is_cycle TO true DEFAULT false USING path
SELECT f, t, seq, path FROM g;

-- data-modifying
WITH gone AS (DELETE FROM orders WHERE status = 'void' RETURNING *) INSERT INTO orders_archive SELECT * FROM gone;

WITH up AS (UPDATE customers SET region = 'eu' WHERE region IS NULL RETURNING id, name) SELECT count(*) FROM up;

WITH fresh AS (INSERT INTO customers (name) VALUES ('x') RETURNING id) INSERT INTO orders (customer_id, amount) SELECT id, 0 FROM fresh RETURNING id;

WITH a AS (INSERT INTO log DEFAULT VALUES), b AS (DELETE FROM queue), c AS (UPDATE counters SET n = n + 1) SELECT 1;

WITH a AS (SELECT id FROM customers), b AS (UPDATE orders SET status = 'x' FROM a WHERE orders.customer_id = a.id RETURNING orders.id) DELETE FROM payments USING b WHERE payments.order_id = b.id;

WITH ids AS MATERIALIZED (DELETE FROM staging RETURNING id) UPDATE target SET seen = true WHERE id IN (SELECT id FROM ids);

WITH x AS (INSERT INTO t (k, v) VALUES (1, 'a') ON CONFLICT (k) DO UPDATE SET v = excluded.v RETURNING (xmax = 0) AS inserted) SELECT inserted FROM x;

INSERT INTO orders (customer_id) WITH c AS (SELECT id FROM customers) SELECT id FROM c;

WITH outer_cte AS (SELECT 1 AS id) INSERT INTO orders (customer_id) WITH inner_cte AS (SELECT id FROM outer_cte) SELECT id FROM inner_cte;

WITH c AS (SELECT id FROM customers) MERGE INTO orders o USING c ON o.customer_id = c.id WHEN MATCHED THEN DELETE;

WITH RECURSIVE bad_orders AS (SELECT id FROM orders WHERE parent IS NULL UNION SELECT o.id FROM orders o JOIN bad_orders b ON o.parent = b.id) DELETE FROM orders WHERE id IN (TABLE bad_orders);

-- names that a WITH hides, or does not
WITH customers AS (SELECT 1 AS id) SELECT * FROM customers;

WITH customers AS (SELECT 1 AS id) SELECT * FROM public.customers;

WITH customers AS (SELECT * FROM customers) SELECT * FROM customers;

WITH RECURSIVE customers AS (SELECT id FROM public.customers) SELECT * FROM customers, orders;

WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM a, b;

WITH a AS (SELECT * FROM x) SELECT * FROM a WHERE EXISTS (WITH a AS (SELECT * FROM y) SELECT 1 FROM a);

SELECT * FROM c WHERE id IN (WITH c AS (SELECT id FROM d) SELECT id FROM c);

SELECT * FROM (WITH c AS (SELECT id FROM d) SELECT id FROM c) AS s, c;

WITH c AS (SELECT id FROM d) SELECT * FROM c UNION ALL (WITH c AS (SELECT id FROM e) SELECT * FROM c) UNION ALL SELECT * FROM c;

WITH "C" AS (SELECT 1) SELECT * FROM c;

WITH c AS (SELECT 1) SELECT * FROM C AS "C", "c";

WITH c AS (SELECT 1 AS id) INSERT INTO c SELECT id FROM c;

WITH c AS (SELECT 1 AS id) UPDATE c SET id = 2;

WITH c AS (SELECT 1 AS id) UPDATE t SET id = c.id FROM c;

WITH c AS (SELECT 1 AS id) DELETE FROM c USING c AS d WHERE c.id = d.id;

WITH c AS (DELETE FROM c RETURNING id) SELECT * FROM c;

WITH RECURSIVE c AS (INSERT INTO c VALUES (1) RETURNING *) TABLE c;

WITH pg_class AS (SELECT 1 AS oid) SELECT * FROM pg_class, pg_catalog.pg_class AS real_one;

WITH x AS (WITH y AS (SELECT * FROM x) SELECT * FROM y) SELECT * FROM x, y;

WITH a AS (SELECT 1), b AS (WITH a AS (SELECT * FROM a) SELECT * FROM a) SELECT * FROM a, b;

WITH f AS (SELECT 1 AS a) SELECT * FROM f, f(1), LATERAL (SELECT * FROM f) AS g;

WITH a AS (SELECT id FROM t FOR UPDATE), b AS (SELECT id FROM u) SELECT * FROM a, b, v FOR SHARE OF v;

WITH t AS (SELECT 1 AS x) SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM s.t), t.* FROM t ORDER BY (SELECT max(x) FROM t);

CREATE TABLE c AS WITH c AS (SELECT * FROM c) SELECT * FROM c;

CREATE VIEW v AS WITH v AS (SELECT * FROM base) TABLE v;

EXPLAIN WITH q AS (DELETE FROM d RETURNING *) SELECT * FROM q;

DECLARE cur CURSOR FOR WITH q AS (SELECT * FROM d) SELECT * FROM q, d;

COPY (WITH q AS (SELECT * FROM d) SELECT * FROM q) TO STDOUT;

COPY (WITH q AS (UPDATE d SET a = 1 RETURNING *) SELECT * FROM q) TO STDOUT;

PREPARE p AS WITH q AS (SELECT * FROM d WHERE id = $1) UPDATE e SET a = q.a FROM q;
