-- case: win-row-number
SELECT id, row_number() OVER (ORDER BY amount DESC) AS place FROM orders ORDER BY id;
-- case: win-rank
SELECT id, rank() OVER (PARTITION BY customer_id ORDER BY amount DESC), dense_rank() OVER (ORDER BY status) FROM orders ORDER BY id;
-- case: win-running-total
SELECT id, sum(amount) OVER (ORDER BY id) AS running FROM orders ORDER BY id;
-- case: win-running-total-per-customer
SELECT customer_id, id, sum(amount) OVER (PARTITION BY customer_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM orders ORDER BY 1, 2;
-- case: win-moving-average
SELECT id, round(avg(amount) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), 2) FROM orders ORDER BY id;
-- case: win-lag-lead
SELECT id, lag(amount) OVER (ORDER BY id), lead(status, 1, 'none') OVER (ORDER BY id) FROM orders ORDER BY id;
-- case: win-first-last
SELECT id, first_value(amount) OVER w, last_value(amount) OVER w FROM orders WINDOW w AS (PARTITION BY customer_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY id;
-- case: win-nth-value
SELECT id, nth_value(id, 2) OVER (ORDER BY id) FROM orders ORDER BY id;
-- case: win-ntile
SELECT id, ntile(4) OVER (ORDER BY amount) FROM orders ORDER BY id;
-- case: win-percent-rank
SELECT id, round(percent_rank() OVER (ORDER BY amount)::numeric, 4), round(cume_dist() OVER (ORDER BY amount)::numeric, 4) FROM orders ORDER BY id;
-- case: win-share-of-total
SELECT id, round(100 * amount / sum(amount) OVER (), 2) AS percent FROM orders ORDER BY id;
-- case: win-count-over-all
SELECT id, count(*) OVER () AS total FROM orders ORDER BY id LIMIT 3;
-- case: win-range-frame
SELECT id, count(*) OVER (ORDER BY amount RANGE BETWEEN 50 PRECEDING AND 50 FOLLOWING) FROM orders ORDER BY id;
-- case: win-range-interval
SELECT id, sum(amount) OVER (ORDER BY created_at RANGE BETWEEN interval '7 days' PRECEDING AND CURRENT ROW) FROM orders ORDER BY id;
-- case: win-groups-frame
SELECT id, count(*) OVER (ORDER BY status GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM orders ORDER BY id;
-- case: win-exclude
SELECT id, sum(amount) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM orders ORDER BY id;
-- case: win-filter
SELECT id, count(*) FILTER (WHERE status = 'shipped') OVER (ORDER BY id) FROM orders ORDER BY id;
-- case: win-top-per-group
SELECT customer_id, id, amount FROM (SELECT o.*, row_number() OVER (PARTITION BY customer_id ORDER BY amount DESC, id) AS n FROM orders o) t WHERE n = 1 ORDER BY customer_id;
-- case: win-named-window-extended
SELECT id, sum(amount) OVER (w ORDER BY id) FROM orders WINDOW w AS (PARTITION BY status) ORDER BY id;
-- case: win-of-aggregate
SELECT status, sum(amount), rank() OVER (ORDER BY sum(amount) DESC) FROM orders GROUP BY status ORDER BY 3;
-- case: win-string-agg
SELECT id, string_agg(status, '>') OVER (PARTITION BY customer_id ORDER BY id) FROM orders ORDER BY id;
-- case: win-customers-by-region
SELECT id, name, row_number() OVER (PARTITION BY region ORDER BY id) AS n, count(*) OVER (PARTITION BY region) AS of FROM customers ORDER BY id;
-- case: win-customers-lag-name
SELECT name, lag(name) OVER (ORDER BY id) AS before FROM customers ORDER BY id;
-- case: win-customers-beside-masked
-- masked: email
SELECT id, email, row_number() OVER (ORDER BY created_at) AS n FROM customers ORDER BY id;
