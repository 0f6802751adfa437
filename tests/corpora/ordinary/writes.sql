-- case: write-insert
BEGIN;
INSERT INTO orders (customer_id, amount) VALUES (1, 12.50);
SELECT customer_id, amount, status FROM orders ORDER BY id DESC LIMIT 1;
ROLLBACK;
-- case: write-insert-returning
BEGIN;
INSERT INTO orders (customer_id, amount, status) VALUES (2, 99.99, 'paid') RETURNING customer_id, amount, status;
ROLLBACK;
-- case: write-insert-returning-expression
BEGIN;
INSERT INTO orders (customer_id, amount) VALUES (2, 10) RETURNING id > 0 AS has_id, amount * 2 AS twice, created_at IS NOT NULL AS dated;
ROLLBACK;
-- case: write-insert-many
BEGIN;
INSERT INTO orders (customer_id, amount, status) VALUES (1, 1, 'new'), (2, 2, 'new'), (3, 3, 'paid') RETURNING customer_id, amount;
ROLLBACK;
-- case: write-insert-default
BEGIN;
INSERT INTO orders (customer_id, amount, status, created_at) VALUES (4, 5.00, DEFAULT, DEFAULT) RETURNING status;
ROLLBACK;
-- case: write-insert-explicit-time
BEGIN;
INSERT INTO orders (customer_id, amount, status, created_at) VALUES (4, 5.00, 'new', '2025-10-01 12:00:00+00') RETURNING created_at;
ROLLBACK;
-- case: write-insert-select
BEGIN;
INSERT INTO orders (customer_id, amount) SELECT customer_id, amount FROM orders WHERE status = 'returned' ORDER BY id RETURNING customer_id, amount;
ROLLBACK;
-- case: write-insert-select-from-customers
BEGIN;
INSERT INTO orders (customer_id, amount, status) SELECT id, 0, 'new' FROM customers WHERE region = 'eu-west' ORDER BY id RETURNING customer_id;
ROLLBACK;
-- case: write-insert-select-of-masked-predicate
BEGIN;
INSERT INTO orders (customer_id, amount) SELECT id, 1 FROM customers WHERE email = 'x@example.com';
ROLLBACK;
-- case: write-insert-on-conflict-do-nothing
BEGIN;
INSERT INTO orders (customer_id, amount) VALUES (1, 1) ON CONFLICT DO NOTHING RETURNING amount;
ROLLBACK;
-- case: write-insert-on-conflict-target
BEGIN;
INSERT INTO orders (customer_id, amount) VALUES (1, 2) ON CONFLICT (id) DO NOTHING;
ROLLBACK;
-- case: write-insert-overriding
BEGIN;
INSERT INTO orders (id, customer_id, amount) OVERRIDING SYSTEM VALUE VALUES (90001, 1, 3) RETURNING id, customer_id, amount;
ROLLBACK;
-- case: write-insert-alias
BEGIN;
INSERT INTO public.orders AS o (customer_id, amount) VALUES (1, 4) RETURNING o.customer_id, o.amount;
ROLLBACK;
-- case: write-insert-in-cte
BEGIN;
WITH i AS (INSERT INTO orders (customer_id, amount) VALUES (5, 6.00) RETURNING customer_id, amount) SELECT c.name, i.amount FROM i JOIN customers c ON c.id = i.customer_id;
ROLLBACK;
-- case: write-insert-with-cte
BEGIN;
WITH v(c, a) AS (VALUES (1, 7.5), (2, 8.5)) INSERT INTO orders (customer_id, amount) SELECT c, a FROM v ORDER BY c RETURNING customer_id, amount;
ROLLBACK;
-- case: write-insert-series
BEGIN;
INSERT INTO orders (customer_id, amount) SELECT 1, n FROM generate_series(1, 3) AS n;
SELECT count(*), sum(amount) FROM orders WHERE customer_id = 1;
ROLLBACK;
-- case: write-update
BEGIN;
UPDATE orders SET status = 'shipped' WHERE id = 2;
SELECT id, status FROM orders WHERE id = 2;
ROLLBACK;
-- case: write-update-returning
BEGIN;
UPDATE orders SET status = 'cancelled' WHERE id = 9 RETURNING id, status, amount;
ROLLBACK;
-- case: write-update-returning-star
BEGIN;
UPDATE orders SET amount = amount + 1 WHERE id = 1 RETURNING *;
ROLLBACK;
-- case: write-update-expression
BEGIN;
UPDATE orders SET amount = round(amount * 0.9, 2) WHERE customer_id = 3 AND status <> 'returned' RETURNING id, amount;
ROLLBACK;
-- case: write-update-two-columns
BEGIN;
UPDATE orders SET status = 'paid', amount = 50 WHERE id IN (9, 13);
SELECT id, status, amount FROM orders WHERE id IN (9, 13) ORDER BY id;
ROLLBACK;
-- case: write-update-tuple
BEGIN;
UPDATE orders SET (status, amount) = ('paid', 51) WHERE id = 9 RETURNING id, status, amount;
ROLLBACK;
-- case: write-update-alias
BEGIN;
UPDATE orders AS o SET status = 'returned' WHERE o.id = 1 RETURNING o.id, o.status;
ROLLBACK;
-- case: write-update-from-customers
BEGIN;
UPDATE orders o SET status = 'paid' FROM customers c WHERE c.id = o.customer_id AND c.region = 'eu-south' AND o.status = 'new' RETURNING o.id, c.name;
ROLLBACK;
-- case: write-update-from-values
BEGIN;
UPDATE orders AS o SET status = v.status FROM (VALUES (1, 'returned'), (3, 'returned')) AS v(id, status) WHERE v.id = o.id;
SELECT id, status FROM orders WHERE id IN (1, 3) ORDER BY id;
ROLLBACK;
-- case: write-update-subquery
BEGIN;
UPDATE orders SET amount = (SELECT max(amount) FROM orders) WHERE id = 2 RETURNING id, amount;
ROLLBACK;
-- case: write-update-in-subquery
BEGIN;
UPDATE orders SET status = 'paid' WHERE customer_id IN (SELECT id FROM customers WHERE region = 'us-east') AND status = 'new';
SELECT count(*) FROM orders WHERE status = 'paid';
ROLLBACK;
-- case: write-update-of-customer-by-email
BEGIN;
UPDATE orders SET status = 'cancelled' WHERE customer_id = (SELECT id FROM customers WHERE email = 'x@example.com') AND status = 'new';
ROLLBACK;
-- case: write-update-with-cte
BEGIN;
WITH late AS (SELECT id FROM orders WHERE created_at < '2025-07-05') UPDATE orders SET status = 'shipped' FROM late WHERE late.id = orders.id RETURNING orders.id;
ROLLBACK;
-- case: write-update-in-cte
BEGIN;
WITH u AS (UPDATE orders SET status = 'paid' WHERE status = 'new' RETURNING id, customer_id) SELECT u.id, c.name FROM u JOIN customers c ON c.id = u.customer_id ORDER BY u.id;
ROLLBACK;
-- case: write-update-default
BEGIN;
UPDATE orders SET status = DEFAULT WHERE id = 1 RETURNING id, status;
ROLLBACK;
-- case: write-update-case
BEGIN;
UPDATE orders SET status = CASE WHEN amount > 100 THEN 'shipped' ELSE 'paid' END WHERE status = 'new';
SELECT id, status FROM orders WHERE id IN (9, 13) ORDER BY id;
ROLLBACK;
-- case: write-update-nothing
BEGIN;
UPDATE orders SET status = 'paid' WHERE id = -1;
ROLLBACK;
-- case: write-update-quoted
BEGIN;
UPDATE "orders" SET "status" = 'paid' WHERE "orders"."id" = 9;
ROLLBACK;
-- case: write-update-between
BEGIN;
UPDATE orders SET status = 'shipped' WHERE created_at BETWEEN '2025-07-01' AND '2025-07-31' AND status = 'paid' RETURNING id;
ROLLBACK;
-- case: write-insert-then-update
BEGIN;
INSERT INTO orders (customer_id, amount) VALUES (7, 20);
UPDATE orders SET status = 'paid' WHERE customer_id = 7 AND amount = 20;
SELECT amount, status FROM orders WHERE customer_id = 7 ORDER BY id;
ROLLBACK;
