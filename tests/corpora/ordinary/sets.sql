-- case: set-union
SELECT status FROM orders UNION SELECT region FROM customers ORDER BY 1;
-- case: set-union-all
SELECT 'order' AS kind, id FROM orders WHERE id < 3 UNION ALL SELECT 'customer', id FROM customers WHERE id < 3 ORDER BY kind, id;
-- case: set-intersect
SELECT id FROM orders INTERSECT SELECT id FROM customers ORDER BY id;
-- case: set-except
SELECT id FROM orders EXCEPT SELECT order_id FROM payments ORDER BY id;
-- case: set-except-all
SELECT customer_id FROM orders EXCEPT ALL SELECT id FROM customers ORDER BY 1;
-- case: set-intersect-all
SELECT customer_id FROM orders INTERSECT ALL SELECT id FROM customers ORDER BY 1;
-- case: set-parentheses
(SELECT id FROM orders ORDER BY amount DESC LIMIT 2) UNION ALL (SELECT id FROM orders ORDER BY amount LIMIT 2) ORDER BY 1;
-- case: set-three
SELECT 1 AS n UNION SELECT 2 UNION SELECT 3 ORDER BY n DESC;
-- case: set-mixed
SELECT 1 UNION (SELECT 2 EXCEPT SELECT 2) UNION SELECT 3 ORDER BY 1;
-- case: set-in-subquery
SELECT count(*) FROM (SELECT id FROM customers UNION ALL SELECT id FROM orders) t;
-- case: set-in-exists
SELECT EXISTS (SELECT 1 FROM orders WHERE id = 1 UNION SELECT 1 FROM orders WHERE id = 2);
-- case: set-with-limit
SELECT id FROM orders UNION SELECT id FROM payments ORDER BY id LIMIT 4 OFFSET 1;
-- case: values-one-row
VALUES (1, 'a', true);
-- case: values-rows
VALUES (1, 'one'), (2, 'two'), (3, NULL) ORDER BY 1;
-- case: values-limit
VALUES (3), (1), (2) ORDER BY column1 DESC LIMIT 2;
-- case: values-in-from
SELECT v.k, v.label FROM (VALUES ('a', 1), ('b', 2)) AS v(label, k) ORDER BY v.k;
-- case: values-in-in
SELECT id FROM orders WHERE id IN (VALUES (1), (2)) ORDER BY id;
-- case: values-default-names
SELECT column1 + column2 AS s FROM (VALUES (1, 2), (3, 4)) t ORDER BY 1;
-- case: series-numbers
SELECT * FROM generate_series(1, 5);
-- case: series-step
SELECT n FROM generate_series(10, 0, -5) AS n ORDER BY n;
-- case: series-numeric
SELECT g FROM generate_series(0, 1, 0.25) g ORDER BY g;
-- case: series-dates
SELECT d::date FROM generate_series(timestamp '2025-01-30', '2025-02-02', '1 day') AS d ORDER BY d;
-- case: series-with-ordinality
SELECT x, o FROM generate_series(5, 7) WITH ORDINALITY AS t(x, o) ORDER BY o;
-- case: series-in-select-list
SELECT generate_series(1, 3) AS n ORDER BY n;
-- case: series-cross
SELECT a, b FROM generate_series(1, 2) a, generate_series(1, 2) b ORDER BY a, b;
-- case: series-count
SELECT count(*), sum(n), avg(n) FROM generate_series(1, 100) AS t(n);
-- case: series-left-join-orders
SELECT n, o.id FROM generate_series(1, 4) AS n LEFT JOIN orders o ON o.customer_id = n ORDER BY n, o.id;
-- case: rows-from
SELECT a, b FROM ROWS FROM (generate_series(1, 3), generate_series(10, 11)) AS t(a, b) ORDER BY a;
-- case: set-operation-of-clean-columns
SELECT name AS label FROM customers WHERE region = 'ap' UNION SELECT status FROM orders WHERE id = 1 ORDER BY label;
