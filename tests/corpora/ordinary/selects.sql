-- case: sel-one
SELECT 1;
-- case: sel-one-named
SELECT 1 AS one, 'x' AS letter, NULL AS nothing, true AS yes;
-- case: sel-arithmetic
SELECT 1 + 2 * 3 AS a, 7 / 2 AS b, 7 % 2 AS c, 2 ^ 10 AS d, 7 / 2.0 AS e, -(-3) AS f;
-- case: sel-customers-clean-columns
SELECT id, name, region, notes, created_at FROM customers ORDER BY id;
-- case: sel-customers-by-id
SELECT name, region FROM customers WHERE id = 1;
-- case: sel-customers-by-region
SELECT id, name FROM customers WHERE region = 'us-east' ORDER BY name;
-- case: sel-customers-name-like
SELECT id, name FROM customers WHERE name LIKE '%a%' ORDER BY id;
-- case: sel-customers-name-ilike
SELECT id, name FROM customers WHERE name ILIKE 'ada%' ORDER BY id;
-- case: sel-customers-region-in
SELECT id, region FROM customers WHERE region IN ('eu-west', 'eu-south', 'ap') ORDER BY region, id;
-- case: sel-customers-region-not-in
SELECT id, region FROM customers WHERE region NOT IN ('eu-west', 'us-east') ORDER BY 2, 1;
-- case: sel-customers-region-regex
SELECT id, region FROM customers WHERE region ~ '^eu-' ORDER BY id;
-- case: sel-customers-region-similar
SELECT id FROM customers WHERE region SIMILAR TO '(us|ap)%' ORDER BY id;
-- case: sel-customers-region-any
SELECT id FROM customers WHERE region = ANY (ARRAY['ap', 'us-west']) ORDER BY id;
-- case: sel-customers-region-any-literal
SELECT id FROM customers WHERE region = ANY ('{ap,us-west}'::text[]) ORDER BY id;
-- case: sel-customers-region-starts
SELECT id FROM customers WHERE left(region, 2) = 'us' ORDER BY id;
-- case: sel-customers-since
SELECT id, name FROM customers WHERE created_at >= '2025-04-01' ORDER BY created_at;
-- case: sel-customers-between
SELECT id FROM customers WHERE created_at BETWEEN '2025-02-01' AND '2025-05-01' ORDER BY id;
-- case: sel-customers-between-symmetric
SELECT id FROM customers WHERE id BETWEEN SYMMETRIC 5 AND 2 ORDER BY id;
-- case: sel-customers-not-between
SELECT id FROM customers WHERE id NOT BETWEEN 3 AND 8 ORDER BY id;
-- case: sel-orders-all
SELECT * FROM orders ORDER BY id;
-- case: sel-orders-columns
SELECT id, customer_id, amount, status FROM orders ORDER BY id;
-- case: sel-orders-by-customer
SELECT id, amount FROM orders WHERE customer_id = 3 ORDER BY id;
-- case: sel-orders-by-status
SELECT id, status FROM orders WHERE status = 'shipped' ORDER BY id DESC;
-- case: sel-orders-by-two-conditions
SELECT id FROM orders WHERE status = 'paid' AND amount > 30 ORDER BY id;
-- case: sel-orders-or
SELECT id FROM orders WHERE status = 'new' OR amount >= 300 ORDER BY id;
-- case: sel-orders-not
SELECT id FROM orders WHERE NOT (status = 'shipped' OR status = 'paid') ORDER BY id;
-- case: sel-orders-not-equal
SELECT id FROM orders WHERE status <> 'shipped' AND status != 'paid' ORDER BY id;
-- case: sel-orders-is-distinct
SELECT id FROM orders WHERE status IS DISTINCT FROM 'shipped' ORDER BY id;
-- case: sel-orders-row-comparison
SELECT id FROM orders WHERE (customer_id, id) > (6, 8) ORDER BY customer_id, id;
-- case: sel-orders-in-pairs
SELECT id FROM orders WHERE (customer_id, status) IN ((1, 'paid'), (8, 'returned')) ORDER BY id;
-- case: sel-orders-expression
SELECT id, amount * 1.19 AS gross, round(amount * 0.19, 2) AS vat FROM orders ORDER BY id;
-- case: sel-orders-case
SELECT id, CASE WHEN amount >= 200 THEN 'large' WHEN amount >= 50 THEN 'medium' ELSE 'small' END AS size FROM orders ORDER BY id;
-- case: sel-orders-simple-case
SELECT id, CASE status WHEN 'new' THEN 1 WHEN 'paid' THEN 2 WHEN 'shipped' THEN 3 ELSE 9 END AS rank FROM orders ORDER BY 2, 1;
-- case: sel-orders-coalesce-nullif
SELECT id, coalesce(nullif(status, 'new'), 'open') AS state FROM orders ORDER BY id;
-- case: sel-orders-greatest-least
SELECT id, greatest(amount, 100) AS at_least, least(amount, 100) AS at_most FROM orders ORDER BY id;
-- case: sel-orders-casts
SELECT id::text, amount::int, status::varchar(3), created_at::date FROM orders ORDER BY orders.id;
-- case: sel-orders-cast-function
SELECT CAST(amount AS numeric(12, 1)) AS a, CAST(id AS bigint) AS b, CAST(created_at AS timestamp without time zone) AS c FROM orders ORDER BY id;
-- case: sel-orders-concat
SELECT 'Order #' || id || ': ' || status AS label FROM orders ORDER BY id;
-- case: sel-orders-boolean-output
SELECT id, amount > 100 AS big, status = 'new' AS fresh, status LIKE 's%' AS s FROM orders ORDER BY id;
-- case: sel-orders-order-by-expression
SELECT id, amount FROM orders ORDER BY amount % 10, id;
-- case: sel-orders-order-by-alias
SELECT id, amount * 2 AS twice FROM orders ORDER BY twice DESC;
-- case: sel-orders-order-by-position
SELECT status, id FROM orders ORDER BY 1 DESC, 2 ASC;
-- case: sel-orders-nulls-last
SELECT id, nullif(status, 'new') AS s FROM orders ORDER BY 2 NULLS LAST, 1;
-- case: sel-orders-nulls-first
SELECT id, nullif(status, 'new') AS s FROM orders ORDER BY s DESC NULLS FIRST, id;
-- case: sel-orders-qualified
SELECT orders.id, public.orders.amount FROM public.orders ORDER BY orders.id;
-- case: sel-orders-alias
SELECT o.id, o.amount FROM orders AS o WHERE o.customer_id = 1 ORDER BY o.id;
-- case: sel-orders-alias-columns
SELECT a, c FROM orders AS x(a, b, c) ORDER BY a;
-- case: sel-orders-table-command
TABLE orders;
-- case: sel-orders-ctid
SELECT id, tableoid::regclass AS relation FROM orders ORDER BY id;
-- case: sel-orders-whole-row
SELECT o FROM orders o ORDER BY o.id;
-- case: sel-orders-field-of-row
SELECT (o).status FROM orders o ORDER BY o.id;
-- case: sel-payments-clean-columns
SELECT id, order_id FROM payments ORDER BY id;
-- case: sel-view-clean-columns
SELECT id, name FROM customer_contacts ORDER BY id;
-- case: sel-view-filter
SELECT name FROM customer_contacts WHERE id <= 3 ORDER BY name;
-- case: sel-no-rows
SELECT id FROM orders WHERE false;
-- case: sel-where-true
SELECT id FROM orders WHERE true ORDER BY id;
-- case: sel-like-escape
SELECT id FROM orders WHERE status LIKE 'ship!%' ESCAPE '!' ORDER BY id;
-- case: sel-like-any
SELECT id FROM orders WHERE status LIKE ANY (ARRAY['s%', 'n%']) ORDER BY id;
-- case: sel-only
SELECT id FROM ONLY orders ORDER BY id;
-- case: sel-tablesample-all
SELECT count(*) FROM orders TABLESAMPLE BERNOULLI (100);
-- case: sel-collate
SELECT name FROM customers ORDER BY name COLLATE "C";
-- case: sel-is-null
SELECT id FROM orders WHERE created_at IS NOT NULL AND status IS NOT NULL ORDER BY id;
-- case: sel-boolean-tests
SELECT id, (amount > 100) IS TRUE AS t, (amount > 100) IS NOT FALSE AS nf, (NULL::boolean) IS UNKNOWN AS u FROM orders ORDER BY id;
-- case: sel-empty-text
;
-- case: sel-two-statements
SELECT 1 AS a; SELECT 2 AS b;
