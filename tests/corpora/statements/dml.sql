-- INSERT
INSERT INTO customers VALUES (1, 'x', DEFAULT);

INSERT INTO customers (id, name) VALUES (1, 'x');

INSERT INTO customers (name) VALUES ('a'), ('b'), (DEFAULT);

INSERT INTO customers DEFAULT VALUES;

INSERT INTO public.customers AS c (id, name) VALUES (1, 'x') RETURNING c.id;

INSERT INTO shop.public.customers (id) VALUES (1);

INSERT INTO customers SELECT * FROM old_customers;

INSERT INTO customers (id, name) SELECT id, name FROM old_customers WHERE id > 5 ORDER BY id LIMIT 10;

INSERT INTO customers (id, name) (SELECT id, name FROM old_customers);

INSERT INTO customers TABLE old_customers;

INSERT INTO customers (TABLE old_customers) UNION ALL (TABLE older_customers);

INSERT INTO customers (id) OVERRIDING SYSTEM VALUE VALUES (1);

INSERT INTO customers OVERRIDING USER VALUE VALUES (1, 'x');

INSERT INTO customers (id) OVERRIDING SYSTEM VALUE SELECT id FROM old_customers;

INSERT INTO customers OVERRIDING USER VALUE SELECT * FROM old_customers;

INSERT INTO customers (address.street, tags[1], tags[2:3], place.point.x) VALUES ('a', 'b', '{c,d}', 1);

INSERT INTO customers ("Mixed Case", "select") VALUES ($1, $2);

INSERT INTO t VALUES (1, (SELECT 2), ARRAY[3], ROW(4, 5), NULL, now(), nextval('s'));

INSERT INTO customers (name) VALUES ('x') RETURNING *;

INSERT INTO customers (name) VALUES ('x') RETURNING id, upper(name) AS loud, (SELECT count(*) FROM orders) n, customers.*;

INSERT INTO t (k) VALUES (1) ON CONFLICT DO NOTHING;

INSERT INTO t (k) VALUES (1) ON CONFLICT (k) DO NOTHING;

INSERT INTO t (k) VALUES (1) ON CONFLICT (k, j) DO NOTHING RETURNING k;

INSERT INTO t (k) VALUES (1) ON CONFLICT ON CONSTRAINT t_pkey DO NOTHING;

INSERT INTO t (k, v) VALUES (1, 2) ON CONFLICT (k) DO UPDATE SET v = excluded.v;

INSERT INTO t (k, v) VALUES (1, 2) ON CONFLICT ON CONSTRAINT "T Key" DO UPDATE SET v = t.v + excluded.v, k = DEFAULT;

INSERT INTO t (k, v) VALUES (1, 2) ON CONFLICT (k) WHERE active DO UPDATE SET (v, w) = (excluded.v, 1) WHERE t.v <> excluded.v;

INSERT INTO t (k, v) VALUES (1, 2) ON CONFLICT (lower(k), (v + 1)) DO UPDATE SET v = 1;

INSERT INTO t (k, v) VALUES (1, 2) ON CONFLICT (k COLLATE "C" text_pattern_ops, v my.int_ops) DO NOTHING;

INSERT INTO t AS x (k, v) SELECT k, v FROM u ON CONFLICT (k) DO UPDATE SET (v) = ROW(x.v), (a, b) = (SELECT 1, 2) RETURNING x.*, xmax = 0 AS inserted;

WITH src AS (SELECT 1 AS k) INSERT INTO t SELECT * FROM src;

INSERT INTO t DEFAULT VALUES ON CONFLICT DO NOTHING RETURNING id;

INSERT INTO t (SELECT 1);

INSERT INTO t (a) (SELECT 1 UNION SELECT 2);

INSERT INTO t ((SELECT a FROM u));

INSERT INTO t (SELECT a FROM u) ON CONFLICT DO NOTHING;

INSERT INTO t VALUES (1), (2) ORDER BY 1 LIMIT 1;

-- UPDATE
UPDATE customers SET name = 'x';

UPDATE customers SET name = 'x', region = DEFAULT, tier = NULL, id = id + 1 WHERE id = 3;

UPDATE ONLY customers SET name = 'x';

UPDATE ONLY (public.customers) AS c SET name = 'x' WHERE c.id = 1;

UPDATE customers * SET name = 'x';

UPDATE customers c SET name = c.name || 'x';

UPDATE customers SET (name, region) = ('x', 'y');

UPDATE customers SET (name, region) = ROW('x', DEFAULT);

UPDATE customers SET (name, region) = (SELECT name, region FROM old_customers o WHERE o.id = customers.id), tier = 'gold';

UPDATE customers SET (name) = ROW('x'), (a, b, c) = (1, 2, 3);

UPDATE customers SET address.street = 'a', tags[1] = 'b', tags[1:2] = '{c,d}', notes['a']['b'] = '1', place.at[1].x = 5;

UPDATE customers SET name = o.name FROM old_customers o WHERE o.id = customers.id;

UPDATE customers c SET total = s.total FROM (SELECT customer_id, sum(amount) AS total FROM orders GROUP BY 1) AS s LEFT JOIN regions r ON r.id = s.customer_id, LATERAL (SELECT 1) l WHERE s.customer_id = c.id;

UPDATE customers SET name = 'x' FROM customers AS other WHERE other.parent = customers.id;

UPDATE customers SET name = 'x' WHERE CURRENT OF cur;

UPDATE ONLY customers AS c SET name = 'x' WHERE CURRENT OF "My Cursor" RETURNING *;

UPDATE customers SET name = 'x' WHERE id = 1 RETURNING id, name AS new_name;

WITH big AS (SELECT id FROM orders WHERE amount > 100) UPDATE customers SET vip = true WHERE id IN (SELECT id FROM big) RETURNING customers;

UPDATE public."Customers" AS "C" SET "Name" = 'x' WHERE "C"."Id" = ANY ($1);

UPDATE t SET a = CASE WHEN b THEN 1 ELSE 2 END, c = (d IS NULL), e = f = g, h = NOT i, set = 1;

-- DELETE
DELETE FROM customers;

DELETE FROM customers WHERE id = 1;

DELETE FROM ONLY customers WHERE id = 1;

DELETE FROM ONLY (customers);

DELETE FROM customers * AS c WHERE c.id = 1;

DELETE FROM customers AS c USING orders AS o WHERE o.customer_id = c.id;

DELETE FROM customers c USING orders o JOIN payments p ON p.order_id = o.id, refunds r CROSS JOIN LATERAL (SELECT 1) x WHERE o.customer_id = c.id AND r.id = o.id;

DELETE FROM customers USING customers AS dup WHERE customers.ctid < dup.ctid AND customers.email = dup.email;

DELETE FROM customers WHERE CURRENT OF cur;

DELETE FROM customers WHERE id IN (SELECT id FROM customers ORDER BY id LIMIT 5) RETURNING *;

WITH RECURSIVE d AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM d WHERE id < 5) DELETE FROM customers USING d WHERE customers.id = d.id RETURNING customers.id;

DELETE FROM customers WHERE (region, tier) IN (VALUES ('a', 'b')) OR NOT EXISTS (SELECT FROM orders);

-- MERGE
MERGE INTO stock s USING deliveries d ON s.sku = d.sku WHEN MATCHED THEN UPDATE SET qty = s.qty + d.qty WHEN NOT MATCHED THEN INSERT (sku, qty) VALUES (d.sku, d.qty);

MERGE INTO ONLY stock AS s USING (SELECT sku, sum(qty) AS qty FROM deliveries GROUP BY sku) AS d ON s.sku = d.sku WHEN MATCHED AND d.qty = 0 THEN DELETE WHEN MATCHED AND d.qty < 0 THEN DO NOTHING WHEN MATCHED THEN UPDATE SET (qty, at) = (d.qty, now()) WHEN NOT MATCHED AND d.qty > 0 THEN INSERT VALUES (d.sku, d.qty, DEFAULT) WHEN NOT MATCHED THEN DO NOTHING;

MERGE INTO stock USING ONLY (deliveries) ON true WHEN NOT MATCHED THEN INSERT DEFAULT VALUES;

MERGE INTO stock USING deliveries ON false WHEN NOT MATCHED THEN INSERT (id) OVERRIDING SYSTEM VALUE VALUES (1);

MERGE INTO stock USING deliveries ON stock.id = 1 WHEN NOT MATCHED THEN INSERT OVERRIDING USER VALUE VALUES (1);

MERGE INTO public.stock AS t USING (VALUES (1, 'a'), (2, 'b')) AS v (id, name) ON t.id = v.id WHEN MATCHED THEN UPDATE SET name = v.name, note = DEFAULT, (a, b) = (SELECT 1, 2);

MERGE INTO stock t USING a JOIN b USING (id) ON t.id = a.id WHEN MATCHED THEN DELETE;

WITH d AS (SELECT * FROM deliveries), gone AS (DELETE FROM old RETURNING *) MERGE INTO stock USING d ON stock.id = d.id WHEN MATCHED THEN UPDATE SET qty = (SELECT count(*) FROM gone);

MERGE INTO stock USING generate_series(1, 10) AS g (n) ON stock.id = g.n WHEN NOT MATCHED THEN INSERT (id) VALUES (g.n);

MERGE INTO stock s USING deliveries d ON s.sku = d.sku AND s.place = d.place OR d.forced WHEN MATCHED AND (s.qty, s.at) IS DISTINCT FROM (d.qty, d.at) THEN UPDATE SET tags[1] = 'x', address.street = 'y';
