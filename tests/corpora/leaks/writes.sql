-- case: write-update-returning-masked
BEGIN;
UPDATE customers SET region = region WHERE id > 0 RETURNING ssn, email;
ROLLBACK;
-- case: write-update-returning-star
BEGIN;
UPDATE customers SET region = region WHERE id > 0 RETURNING *;
ROLLBACK;
-- case: write-update-returning-row
BEGIN;
UPDATE customers AS c SET region = region WHERE id > 0 RETURNING c, to_jsonb(c);
ROLLBACK;
-- case: write-update-copies-into-clean-column
BEGIN;
UPDATE customers SET region = ssn WHERE id > 0;
SELECT region FROM customers ORDER BY id;
ROLLBACK;
-- case: write-update-copies-returning-clean-column
BEGIN;
UPDATE customers SET region = ssn WHERE id > 0 RETURNING region;
ROLLBACK;
-- case: write-update-copies-into-name
BEGIN;
UPDATE customers SET name = email || coalesce(phone, '') WHERE id > 0;
SELECT name FROM customer_contacts ORDER BY id;
ROLLBACK;
-- case: write-update-copies-into-json
BEGIN;
UPDATE customers SET notes = jsonb_build_object('s', ssn) WHERE id > 0;
SELECT notes ->> 's' FROM customers ORDER BY id;
ROLLBACK;
-- case: write-update-json-subscript
BEGIN;
UPDATE customers SET notes['s'] = to_jsonb(email) WHERE id > 0;
SELECT notes FROM customers ORDER BY id;
ROLLBACK;
-- case: write-update-tuple
BEGIN;
UPDATE customers SET (name, region) = (ssn, email) WHERE id > 0 RETURNING name, region;
ROLLBACK;
-- case: write-update-tuple-row
BEGIN;
UPDATE customers SET (name, region) = ROW (ssn, card_number || 'x') WHERE card_number IS NOT NULL RETURNING name, region;
ROLLBACK;
-- case: write-update-tuple-subquery
BEGIN;
UPDATE orders o SET (amount, created_at) = (SELECT length(c.email), to_timestamp(right(regexp_replace(c.ssn, '[^0-9]', '', 'g'), 9)::bigint) FROM customers c WHERE c.id = o.customer_id) WHERE id > 0 RETURNING id, amount, created_at;
ROLLBACK;
-- case: write-update-swaps-columns
BEGIN;
UPDATE customers SET region = ssn, ssn = region WHERE id > 0 RETURNING region, ssn;
ROLLBACK;
-- case: write-update-amount-from-value
BEGIN;
UPDATE orders SET amount = (SELECT right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 7)::numeric FROM customers) WHERE id > 0;
SELECT id, amount FROM orders ORDER BY id;
ROLLBACK;
-- case: write-update-status-as-bit
BEGIN;
UPDATE orders o SET status = CASE WHEN (SELECT ssn FROM customers c WHERE c.id = o.customer_id) LIKE '9%' THEN 'new' ELSE 'paid' END WHERE id > 0;
SELECT id, status FROM orders ORDER BY id;
ROLLBACK;
-- case: write-update-customer-id-as-channel
BEGIN;
UPDATE orders o SET customer_id = (SELECT 1 + length(c.email) % 7 FROM customers c WHERE c.id = o.customer_id) WHERE id > 0;
SELECT id, customer_id FROM orders ORDER BY id;
ROLLBACK;
-- case: write-update-from
BEGIN;
UPDATE orders SET amount = right(regexp_replace(c.ssn, '[^0-9]', '', 'g'), 7)::numeric FROM customers c WHERE c.id = customer_id RETURNING amount;
ROLLBACK;
-- case: write-update-from-returning-source
BEGIN;
UPDATE orders SET status = 'paid' FROM customers c WHERE c.id = customer_id RETURNING c.email, c.*;
ROLLBACK;
-- case: write-update-from-subquery-returning
BEGIN;
UPDATE orders SET status = 'paid' FROM (SELECT id AS cid, ssn AS region FROM customers) s WHERE s.cid = customer_id RETURNING s.region;
ROLLBACK;
-- case: write-update-with-cte
BEGIN;
WITH s AS (SELECT id AS cid, length(email) AS n FROM customers) UPDATE orders SET amount = n FROM s WHERE cid = customer_id RETURNING amount;
ROLLBACK;
-- case: write-update-row-count
-- why: the command tag says how many
BEGIN;
UPDATE orders SET status = status WHERE (SELECT ssn FROM customers c WHERE c.id = customer_id) LIKE '9%';
ROLLBACK;
-- case: write-delete-returning
BEGIN;
DELETE FROM payments WHERE id > 0 RETURNING token, card_number;
ROLLBACK;
-- case: write-delete-returning-star
BEGIN;
DELETE FROM customers WHERE id > 0 RETURNING *;
ROLLBACK;
-- case: write-delete-using-returning
BEGIN;
DELETE FROM payments p USING orders o, customers c WHERE o.id = p.order_id AND c.id = o.customer_id RETURNING c.ssn;
ROLLBACK;
-- case: write-insert-select
BEGIN;
INSERT INTO orders (customer_id, amount) SELECT id, right(regexp_replace(ssn, '[^0-9]', '', 'g'), 7)::numeric FROM customers;
SELECT amount FROM orders ORDER BY id DESC LIMIT 10;
ROLLBACK;
-- case: write-insert-select-returning
BEGIN;
INSERT INTO orders (customer_id, amount) SELECT id, right(regexp_replace(ssn, '[^0-9]', '', 'g'), 7)::numeric FROM customers RETURNING amount;
ROLLBACK;
-- case: write-insert-values-subquery
BEGIN;
INSERT INTO orders (customer_id, amount, created_at) VALUES ((SELECT min(id) FROM customers), (SELECT length(min(email)) FROM customers), (SELECT to_timestamp(right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 9)::bigint) FROM customers)) RETURNING amount, created_at;
ROLLBACK;
-- case: write-insert-timestamp-channel
BEGIN;
INSERT INTO orders (customer_id, amount, created_at) SELECT id, 1, to_timestamp(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint) FROM customers;
SELECT created_at FROM orders ORDER BY id DESC LIMIT 10;
ROLLBACK;
-- case: write-insert-customers-copy
BEGIN;
INSERT INTO customers (name, email, region) SELECT ssn, email, phone FROM customers WHERE phone IS NOT NULL;
SELECT name, region FROM customers ORDER BY id DESC LIMIT 9;
ROLLBACK;
-- case: write-insert-without-column-list
BEGIN;
INSERT INTO customers OVERRIDING SYSTEM VALUE SELECT id + 1000, ssn, name, NULL, NULL, NULL, email, notes, created_at FROM customers RETURNING name, region;
ROLLBACK;
-- case: write-insert-table-command
BEGIN;
CREATE TEMP TABLE write_copy (LIKE customers);
INSERT INTO write_copy TABLE customers;
SELECT name, ssn FROM write_copy ORDER BY id;
ROLLBACK;
-- case: write-insert-payments-other-column
-- why: from one masked column into another one
BEGIN;
INSERT INTO payments (order_id, card_number, token) SELECT o.id, c.ssn, c.email FROM orders o JOIN customers c ON c.id = o.customer_id RETURNING card_number, token;
ROLLBACK;
-- case: write-insert-on-conflict-excluded
BEGIN;
INSERT INTO customers (id, name, email, region) OVERRIDING SYSTEM VALUE SELECT id, name, email, ssn FROM customers ON CONFLICT (id) DO UPDATE SET region = excluded.region RETURNING region;
ROLLBACK;
-- case: write-insert-on-conflict-existing
BEGIN;
INSERT INTO customers AS c (id, name, email, region) OVERRIDING SYSTEM VALUE SELECT id, name, 'x', 'y' FROM customers ON CONFLICT (id) DO UPDATE SET region = c.ssn RETURNING c.region;
ROLLBACK;
-- case: write-insert-on-conflict-where-as-oracle
BEGIN;
INSERT INTO customers AS c (id, name, email, region) OVERRIDING SYSTEM VALUE SELECT id, name, 'x', 'y' FROM customers ON CONFLICT (id) DO UPDATE SET region = 'z' WHERE c.ssn LIKE '9%' RETURNING id;
ROLLBACK;
-- case: write-insert-on-conflict-orders-update
BEGIN;
INSERT INTO orders AS o (id, customer_id, amount) OVERRIDING SYSTEM VALUE SELECT id, customer_id, 1 FROM orders ON CONFLICT (id) DO UPDATE SET amount = (SELECT length(c.email) FROM customers c WHERE c.id = o.customer_id) RETURNING o.id, o.amount;
ROLLBACK;
-- case: write-insert-select-count
BEGIN;
INSERT INTO orders (customer_id, amount) SELECT id, 1 FROM customers WHERE email LIKE '%.com';
ROLLBACK;
-- case: write-merge-update
BEGIN;
MERGE INTO orders o USING customers c ON c.id = o.customer_id WHEN MATCHED THEN UPDATE SET amount = length(c.email);
SELECT id, amount FROM orders ORDER BY id;
ROLLBACK;
-- case: write-merge-insert
BEGIN;
MERGE INTO orders o USING customers c ON o.id = -c.id WHEN NOT MATCHED THEN INSERT (customer_id, amount) VALUES (c.id, right(regexp_replace(c.ssn, '[^0-9]', '', 'g'), 7)::numeric);
SELECT amount FROM orders ORDER BY id DESC LIMIT 10;
ROLLBACK;
-- case: write-merge-condition-as-oracle
BEGIN;
MERGE INTO orders o USING customers c ON c.id = o.customer_id WHEN MATCHED AND c.ssn LIKE '%1%' THEN DELETE WHEN MATCHED THEN DO NOTHING;
SELECT id FROM orders ORDER BY id;
ROLLBACK;
-- case: write-merge-masked-target
BEGIN;
MERGE INTO customers t USING customers s ON s.id = t.id WHEN MATCHED THEN UPDATE SET region = coalesce(s.card_number, s.ssn);
SELECT region FROM customers WHERE region IS NOT NULL ORDER BY id;
ROLLBACK;
-- case: write-merge-returning
-- why: needs PostgreSQL 17
BEGIN;
MERGE INTO orders o USING customers c ON c.id = o.customer_id WHEN MATCHED THEN UPDATE SET status = 'paid' RETURNING merge_action(), c.ssn, o.id;
ROLLBACK;
-- case: write-merge-in-cte
-- why: needs PostgreSQL 17
BEGIN;
WITH m AS (MERGE INTO customers t USING customers s ON s.id = t.id WHEN MATCHED THEN UPDATE SET region = s.ssn RETURNING t.region) SELECT * FROM m;
ROLLBACK;
-- case: write-returning-old-new
-- why: needs PostgreSQL 18
BEGIN;
UPDATE customers SET ssn = 'x', email = 'y' WHERE id > 0 RETURNING old.ssn, new.ssn, old.email AS region;
ROLLBACK;
-- case: write-returning-old-row
-- why: needs PostgreSQL 18
BEGIN;
UPDATE customers SET ssn = 'x' WHERE id > 0 RETURNING old, to_jsonb(old);
ROLLBACK;
-- case: write-returning-with-aliases
-- why: needs PostgreSQL 18
BEGIN;
DELETE FROM payments WHERE id > 0 RETURNING WITH (OLD AS o, NEW AS n) o.token, o.*;
ROLLBACK;
-- case: write-returning-subquery
BEGIN;
UPDATE orders SET status = 'paid' WHERE id > 0 RETURNING (SELECT ssn FROM customers c WHERE c.id = customer_id);
ROLLBACK;
-- case: write-insert-returning-subquery
BEGIN;
INSERT INTO orders (customer_id, amount) VALUES ((SELECT min(id) FROM customers), 1) RETURNING (SELECT string_agg(ssn, ',') FROM customers);
ROLLBACK;
-- case: write-insert-default-then-read-view
BEGIN;
UPDATE customers SET phone = ssn, name = phone WHERE phone IS NOT NULL;
SELECT name, phone FROM customer_contacts ORDER BY id;
ROLLBACK;
-- case: write-update-view
BEGIN;
UPDATE customer_contacts SET name = email WHERE id > 0 RETURNING name;
ROLLBACK;
-- case: write-insert-into-view
BEGIN;
INSERT INTO customer_contacts (name, email) SELECT 'x', 'y' WHERE false RETURNING email;
DELETE FROM customer_contacts WHERE id > 0 RETURNING email;
ROLLBACK;
-- case: write-primary-key-as-channel
BEGIN;
UPDATE payments SET order_id = 1 + length(token || card_number) % 13 WHERE id > 0;
INSERT INTO orders (id, customer_id, amount) OVERRIDING SYSTEM VALUE SELECT right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::int, id, 1 FROM customers;
SELECT id FROM orders ORDER BY id DESC LIMIT 10;
ROLLBACK;
