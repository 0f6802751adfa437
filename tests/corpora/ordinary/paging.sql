-- case: page-limit
SELECT id FROM orders ORDER BY id LIMIT 5;
-- case: page-limit-offset
SELECT id FROM orders ORDER BY id LIMIT 5 OFFSET 5;
-- case: page-offset-limit
SELECT id FROM orders ORDER BY id OFFSET 10 LIMIT 2;
-- case: page-offset-only
SELECT id FROM orders ORDER BY id OFFSET 12;
-- case: page-limit-all
SELECT id FROM orders ORDER BY id LIMIT ALL;
-- case: page-limit-null
SELECT id FROM orders ORDER BY id LIMIT NULL OFFSET 13;
-- case: page-limit-zero
SELECT id, status FROM orders LIMIT 0;
-- case: page-limit-expression
SELECT id FROM orders ORDER BY id LIMIT 2 + 1;
-- case: page-fetch-first
SELECT id FROM orders ORDER BY id FETCH FIRST 3 ROWS ONLY;
-- case: page-fetch-first-row
SELECT id FROM orders ORDER BY id DESC FETCH FIRST ROW ONLY;
-- case: page-offset-fetch-next
SELECT id FROM orders ORDER BY id OFFSET 4 ROWS FETCH NEXT 4 ROWS ONLY;
-- case: page-fetch-with-ties
SELECT status, id FROM orders ORDER BY status FETCH FIRST 1 ROWS WITH TIES;
-- case: page-keyset
SELECT id, amount FROM orders WHERE id > 7 ORDER BY id LIMIT 3;
-- case: page-keyset-two-columns
SELECT id, created_at FROM orders WHERE (created_at, id) > ('2025-07-20 00:00:00+00', 0) ORDER BY created_at, id LIMIT 3;
-- case: page-customers
-- masked: email
SELECT id, name, email FROM customers ORDER BY name LIMIT 3 OFFSET 2;
-- case: page-distinct
SELECT DISTINCT status FROM orders ORDER BY status;
-- case: page-distinct-two
SELECT DISTINCT customer_id, status FROM orders ORDER BY customer_id, status;
-- case: page-distinct-on
SELECT DISTINCT ON (customer_id) customer_id, id, amount FROM orders ORDER BY customer_id, amount DESC;
-- case: page-distinct-on-expression
SELECT DISTINCT ON (date_trunc('month', created_at)) date_trunc('month', created_at) AS month, id FROM orders ORDER BY date_trunc('month', created_at), id;
-- case: page-distinct-region
SELECT DISTINCT region FROM customers ORDER BY region;
-- case: page-total-beside
SELECT id, count(*) OVER () AS full_count FROM orders WHERE status = 'shipped' ORDER BY id LIMIT 2;
-- case: page-subquery-alias
SELECT * FROM (SELECT id, amount, row_number() OVER (ORDER BY id) AS rn FROM orders) q WHERE rn BETWEEN 3 AND 6 ORDER BY rn;
-- case: page-count-of-subquery
SELECT COUNT(*) FROM (SELECT 1 FROM orders LIMIT 10) AS q;
