-- case: sub-scalar
SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM customers) AS customers;
-- case: sub-in
SELECT id, name FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE status = 'returned') ORDER BY id;
-- case: sub-not-in
SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM orders WHERE amount > 100) ORDER BY id;
-- case: sub-exists
SELECT name FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.status = 'new') ORDER BY name;
-- case: sub-exists-empty-list
SELECT name FROM customers c WHERE EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id AND o.amount > 300) ORDER BY name;
-- case: sub-not-exists
SELECT name FROM customers c WHERE NOT EXISTS (SELECT * FROM orders o WHERE o.customer_id = c.id AND o.status = 'shipped') ORDER BY name;
-- case: sub-exists-as-output
SELECT id, EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id) AS paid FROM orders o ORDER BY id;
-- case: sub-any
SELECT id FROM orders WHERE customer_id = ANY (SELECT id FROM customers WHERE region = 'us-east') ORDER BY id;
-- case: sub-all
SELECT id FROM orders WHERE amount >= ALL (SELECT amount FROM orders);
-- case: sub-some
SELECT id FROM orders WHERE amount < SOME (SELECT amount FROM orders WHERE status = 'new') ORDER BY id;
-- case: sub-greater-than-average
SELECT id, amount FROM orders WHERE amount > (SELECT avg(amount) FROM orders) ORDER BY amount;
-- case: sub-correlated-count
SELECT c.name, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) AS orders FROM customers c ORDER BY c.id;
-- case: sub-correlated-max
SELECT o.id FROM orders o WHERE o.amount = (SELECT max(amount) FROM orders x WHERE x.customer_id = o.customer_id) ORDER BY o.id;
-- case: sub-correlated-name
SELECT o.id, (SELECT c.name FROM customers c WHERE c.id = o.customer_id) AS customer FROM orders o ORDER BY o.id;
-- case: sub-derived
SELECT s.status, s.n FROM (SELECT status, count(*) AS n FROM orders GROUP BY status) AS s WHERE s.n > 2 ORDER BY 1;
-- case: sub-derived-column-list
SELECT x FROM (SELECT id, status FROM orders) AS t(x, y) WHERE y = 'paid' ORDER BY x;
-- case: sub-derived-twice
SELECT avg(n)::numeric(10, 2) FROM (SELECT customer_id, count(*) AS n FROM (SELECT * FROM orders WHERE amount > 20) a GROUP BY customer_id) b;
-- case: sub-array
SELECT ARRAY(SELECT id FROM orders WHERE customer_id = 6 ORDER BY id) AS ids;
-- case: sub-row-in
SELECT id FROM orders WHERE (customer_id, amount) IN (SELECT customer_id, max(amount) FROM orders GROUP BY customer_id) ORDER BY id;
-- case: sub-in-case
SELECT CASE WHEN (SELECT count(*) FROM orders WHERE status = 'new') > 1 THEN 'many' ELSE 'few' END AS new_orders;
-- case: sub-in-order-by
SELECT name FROM customers c ORDER BY (SELECT coalesce(sum(amount), 0) FROM orders o WHERE o.customer_id = c.id) DESC, id;
-- case: sub-in-limit
SELECT id FROM orders ORDER BY id LIMIT (SELECT count(*) / 2 FROM orders);
-- case: sub-in-having
SELECT customer_id FROM orders GROUP BY customer_id HAVING sum(amount) > (SELECT avg(amount) FROM orders) ORDER BY 1;
-- case: sub-in-values
VALUES ((SELECT min(id) FROM orders), (SELECT max(id) FROM orders));
-- case: sub-in-from-values
SELECT s.n * 2 AS twice FROM (VALUES (1), (2), (3)) AS s(n) ORDER BY 1;
-- case: sub-nested-in
SELECT name FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE id IN (SELECT order_id FROM payments WHERE id < 5)) ORDER BY name;
-- case: sub-with-limit
SELECT name FROM customers WHERE id IN (SELECT customer_id FROM orders ORDER BY amount DESC LIMIT 3) ORDER BY name;
-- case: sub-only-clean-columns-of-masked-table
SELECT s.name, s.region FROM (SELECT * FROM customers) s ORDER BY s.id;
-- case: sub-derived-with-masked
-- masked: mail
SELECT s.id, s.mail FROM (SELECT id, email AS mail FROM customers) s ORDER BY s.id;
-- case: sub-scalar-masked
-- masked: email
SELECT o.id, (SELECT c.email FROM customers c WHERE c.id = o.customer_id) AS email FROM orders o ORDER BY o.id;
