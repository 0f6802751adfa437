-- case: cte-plain
WITH a AS (SELECT ssn FROM customers) SELECT * FROM a;
-- case: cte-hides-table
WITH customers AS (SELECT * FROM public.customers) SELECT ssn FROM customers;
-- case: cte-hides-clean-table
WITH orders AS (SELECT ssn AS status FROM customers) SELECT status FROM orders;
-- case: cte-does-not-see-itself
WITH customers AS (SELECT ssn AS s FROM customers) SELECT s FROM customers;
-- case: cte-column-list
WITH a(region, name) AS (SELECT ssn, email FROM customers) SELECT name, region FROM a;
-- case: cte-chain
WITH a AS (SELECT ssn AS x FROM customers), b AS (SELECT x AS y FROM a), c AS (SELECT y AS z FROM b) SELECT z FROM c;
-- case: cte-materialized
WITH a AS MATERIALIZED (SELECT ssn AS region FROM customers) SELECT region FROM a;
-- case: cte-not-materialized
WITH a AS NOT MATERIALIZED (SELECT email AS region FROM customers) SELECT region FROM a;
-- case: cte-nested-hides-outer
WITH a AS (SELECT 1 AS v) SELECT (WITH a AS (SELECT max(ssn) AS v FROM customers) SELECT v FROM a), v FROM a;
-- case: cte-outer-used-in-inner
WITH a AS (SELECT max(ssn) AS v FROM customers) SELECT (WITH b AS (SELECT v FROM a) SELECT v FROM b);
-- case: cte-in-derived-table
SELECT s.v FROM (WITH a AS (SELECT email AS v FROM customers) TABLE a) s;
-- case: cte-table-command
WITH a AS (SELECT ssn FROM customers) TABLE a;
-- case: cte-recursive-walk-by-id
WITH RECURSIVE t(n, s) AS (SELECT 1, (SELECT ssn FROM customers ORDER BY id LIMIT 1) UNION ALL SELECT n + 1, (SELECT ssn FROM customers ORDER BY id OFFSET n LIMIT 1) FROM t WHERE n < 5) SELECT s FROM t;
-- case: cte-recursive-split-by-char
WITH RECURSIVE t(id, rest, ch) AS (SELECT id, ssn, '' FROM customers UNION ALL SELECT id, substr(rest, 2), left(rest, 1) FROM t WHERE rest <> '') SELECT id, ch FROM t ORDER BY id, length(rest) DESC;
-- case: cte-recursive-carries-through-two
WITH RECURSIVE a AS (SELECT token FROM b), b AS (SELECT token FROM payments) SELECT token FROM a;
-- case: cte-recursive-swaps-columns
WITH RECURSIVE t(i, a, b) AS (SELECT 1, name, ssn FROM customers UNION ALL SELECT i + 1, b, a FROM t WHERE i < 2) SELECT a FROM t WHERE i = 2;
-- case: cte-recursive-shifts-columns
WITH RECURSIVE t(i, a, b, c, d) AS (SELECT 1, 'x', 'x', 'x', email FROM customers UNION ALL SELECT i + 1, b, c, d, a FROM t WHERE i < 4) SELECT a FROM t;
-- case: cte-recursive-search
WITH RECURSIVE t(id, s) AS (SELECT id, ssn FROM customers UNION ALL SELECT id + 100, s FROM t WHERE id < 100) SEARCH DEPTH FIRST BY s SET ord SELECT ord FROM t;
-- case: cte-recursive-cycle
WITH RECURSIVE t(s) AS (SELECT ssn FROM customers UNION ALL SELECT s FROM t) CYCLE s SET looped USING path SELECT path FROM t;
-- case: cte-recursive-binary-search
-- why: finds a value's number in 30 halvings, without ever selecting it
WITH RECURSIVE b(step, lo, hi) AS (SELECT 0, 0::bigint, 1073741824::bigint UNION ALL SELECT step + 1, CASE WHEN (SELECT right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 9)::bigint FROM customers) >= (lo + hi) / 2 THEN (lo + hi) / 2 ELSE lo END, CASE WHEN (SELECT right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 9)::bigint FROM customers) >= (lo + hi) / 2 THEN hi ELSE (lo + hi) / 2 END FROM b WHERE step < 30) SELECT lo FROM b WHERE step = 30;
-- case: cte-update-returning
BEGIN;
WITH u AS (UPDATE customers SET region = region WHERE id > 0 RETURNING ssn, email) SELECT * FROM u;
ROLLBACK;
-- case: cte-delete-returning
BEGIN;
WITH d AS (DELETE FROM customers WHERE id > 0 RETURNING ssn AS id) SELECT id FROM d;
ROLLBACK;
-- case: cte-insert-returning
BEGIN;
WITH i AS (INSERT INTO customers (name, email, ssn, region) SELECT ssn, name, region, email FROM customers RETURNING name, region) SELECT * FROM i;
ROLLBACK;
-- case: cte-insert-into-orders-returning
BEGIN;
WITH i AS (INSERT INTO orders (customer_id, amount) SELECT id, right(regexp_replace(ssn, '[^0-9]', '', 'g'), 5)::numeric FROM customers RETURNING amount) SELECT amount FROM i;
ROLLBACK;
-- case: cte-side-effect-then-read
BEGIN;
WITH u AS (UPDATE orders SET amount = length(c.email) FROM customers c WHERE c.id = customer_id) SELECT 1;
SELECT id, amount FROM orders ORDER BY id;
ROLLBACK;
-- case: cte-with-in-insert-source
BEGIN;
INSERT INTO orders (customer_id, amount) WITH x AS (SELECT id, right(regexp_replace(phone, '[^0-9]', '', 'g'), 4)::int AS n FROM customers WHERE phone IS NOT NULL) SELECT id, n FROM x;
SELECT amount FROM orders ORDER BY id DESC LIMIT 9;
ROLLBACK;
-- case: cte-unused-with-predicate
WITH a AS (SELECT id FROM customers WHERE ssn LIKE '%1%') SELECT count(*) FROM a;
-- case: cte-alias-of-cte
WITH a AS (SELECT ssn FROM customers) SELECT x.y FROM a AS x(y);
-- case: cte-row-of-cte-json
WITH a AS (SELECT id, ssn FROM customers) SELECT to_jsonb(a), json_agg(a) OVER () FROM a;
-- case: cte-values-lateral
WITH a(v) AS (SELECT x.v FROM customers c, LATERAL (VALUES (c.ssn), (c.email)) AS x(v)) SELECT v FROM a;
-- case: cte-keyword-like-name
WITH lateral_x AS (SELECT ssn FROM customers), "recursive" AS (SELECT ssn FROM lateral_x) SELECT * FROM "recursive";
