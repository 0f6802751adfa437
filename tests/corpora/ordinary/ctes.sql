-- case: cte-plain
WITH big AS (SELECT id, amount FROM orders WHERE amount > 100) SELECT * FROM big ORDER BY id;
-- case: cte-two
WITH totals AS (SELECT customer_id, sum(amount) AS total FROM orders GROUP BY customer_id), best AS (SELECT customer_id FROM totals WHERE total > 200) SELECT c.name FROM customers c JOIN best b ON b.customer_id = c.id ORDER BY c.name;
-- case: cte-column-list
WITH t(a, b) AS (SELECT id, status FROM orders) SELECT b, count(a) FROM t GROUP BY b ORDER BY b;
-- case: cte-used-twice
WITH t AS (SELECT status, sum(amount) AS s FROM orders GROUP BY status) SELECT a.status, b.status AS more FROM t a JOIN t b ON b.s > a.s ORDER BY 1, 2;
-- case: cte-materialized
WITH t AS MATERIALIZED (SELECT * FROM orders) SELECT count(*) FROM t;
-- case: cte-not-materialized
WITH t AS NOT MATERIALIZED (SELECT * FROM orders) SELECT id FROM t WHERE id = 3;
-- case: cte-recursive-numbers
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT i FROM n ORDER BY i;
-- case: cte-recursive-values
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i * 2 FROM n WHERE i < 100) SELECT sum(i) FROM n;
-- case: cte-recursive-fibonacci
WITH RECURSIVE f(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM f WHERE b < 100) SELECT a FROM f ORDER BY a, b;
-- case: cte-recursive-dates
WITH RECURSIVE d(day) AS (SELECT date '2025-07-01' UNION ALL SELECT day + 1 FROM d WHERE day < date '2025-07-07') SELECT d.day, count(o.id) FROM d LEFT JOIN orders o ON o.created_at::date = d.day GROUP BY d.day ORDER BY d.day;
-- case: cte-recursive-over-orders
WITH RECURSIVE chain AS (SELECT id, customer_id, 1 AS depth FROM orders WHERE id = 1 UNION ALL SELECT o.id, o.customer_id, c.depth + 1 FROM orders o JOIN chain c ON o.id = c.id + 1 WHERE c.depth < 5) SELECT id, depth FROM chain ORDER BY depth;
-- case: cte-recursive-tree
WITH RECURSIVE tree(id, parent) AS (VALUES (1, NULL::int), (2, 1), (3, 1), (4, 2)), walk AS (SELECT id, parent, id::text AS path FROM tree WHERE parent IS NULL UNION ALL SELECT t.id, t.parent, w.path || '/' || t.id FROM tree t JOIN walk w ON t.parent = w.id) SELECT id, path FROM walk ORDER BY path;
-- case: cte-recursive-union-distinct
WITH RECURSIVE r(x) AS (SELECT 0 UNION SELECT (x + 3) % 7 FROM r) SELECT x FROM r ORDER BY x;
-- case: cte-recursive-search
WITH RECURSIVE edges(a, b) AS (VALUES (1, 2), (1, 3), (2, 4)), walk(n) AS (SELECT 1 UNION ALL SELECT b FROM edges JOIN walk ON a = n) SEARCH BREADTH FIRST BY n SET ord SELECT n FROM walk ORDER BY ord;
-- case: cte-recursive-cycle
WITH RECURSIVE edges(a, b) AS (VALUES (1, 2), (2, 1)), walk(n) AS (SELECT 1 UNION ALL SELECT b FROM edges JOIN walk ON a = n) CYCLE n SET looped USING path SELECT n, looped FROM walk ORDER BY 1, 2;
-- case: cte-recursive-beside-customers
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT c.name, n.i FROM customers c JOIN n ON n.i = c.id ORDER BY n.i;
-- case: cte-in-subquery
SELECT * FROM (WITH t AS (SELECT max(id) AS m FROM orders) SELECT m FROM t) s;
-- case: cte-in-scalar-subquery
SELECT id, (WITH t AS (SELECT avg(amount) AS a FROM orders) SELECT round(a, 2) FROM t) AS mean FROM orders ORDER BY id LIMIT 3;
-- case: cte-nested
WITH a AS (WITH b AS (SELECT id FROM orders WHERE id < 4) SELECT id * 10 AS x FROM b) SELECT x FROM a ORDER BY x;
-- case: cte-hides-table
WITH orders AS (SELECT 1 AS id) SELECT id FROM orders;
-- case: cte-values
WITH v(k, label) AS (VALUES (1, 'one'), (2, 'two')) SELECT k, label FROM v ORDER BY k;
-- case: cte-table-command
WITH t AS (SELECT 1 AS a, 2 AS b) TABLE t;
-- case: cte-with-clean-and-masked
-- masked: email
WITH c AS (SELECT id, name, email FROM customers) SELECT c.name, c.email, count(o.id) AS orders FROM c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.name, c.email ORDER BY c.id;
-- case: cte-only-clean-columns-of-masked-table
WITH c AS (SELECT * FROM customers) SELECT id, name, region FROM c ORDER BY id;
-- case: cte-months
WITH months AS (SELECT generate_series(date '2025-06-01', date '2025-09-01', interval '1 month')::date AS m) SELECT m, coalesce(sum(o.amount), 0) FROM months LEFT JOIN orders o ON date_trunc('month', o.created_at)::date = m GROUP BY m ORDER BY m;
-- case: cte-cumulative
WITH d AS (SELECT created_at::date AS day, sum(amount) AS s FROM orders GROUP BY 1) SELECT day, sum(s) OVER (ORDER BY day) FROM d ORDER BY day;
