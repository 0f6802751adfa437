-- case: win-first-value
SELECT first_value(ssn) OVER (PARTITION BY id) FROM customers;
-- case: win-last-value-nth-value
SELECT last_value(email) OVER w, nth_value(ssn, 1) OVER w FROM customers WINDOW w AS (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING);
-- case: win-lag-lead
SELECT id, lag(ssn) OVER (ORDER BY id), lead(email, 1, phone) OVER (ORDER BY id) FROM customers;
-- case: win-lag-default-is-masked
SELECT lag('x', 99, ssn) OVER (ORDER BY id) FROM customers;
-- case: win-rank-by-masked
SELECT id, rank() OVER (ORDER BY ssn) FROM customers ORDER BY id;
-- case: win-row-number-by-masked
SELECT id, row_number() OVER (ORDER BY email DESC) FROM customers ORDER BY id;
-- case: win-row-number-named-window
SELECT id, row_number() OVER w FROM customers WINDOW w AS (ORDER BY ssn) ORDER BY id;
-- case: win-row-number-window-from-window
SELECT id, row_number() OVER (w ORDER BY ssn) FROM customers WINDOW w AS (PARTITION BY left(email, 1)) ORDER BY id;
-- case: win-dense-rank-partition-by-masked
SELECT id, dense_rank() OVER (ORDER BY left(ssn, 2)), count(*) OVER (PARTITION BY left(ssn, 1), right(email, 3)) FROM customers ORDER BY id;
-- case: win-ntile-percent-rank-cume-dist
SELECT id, ntile(4) OVER w, percent_rank() OVER w, cume_dist() OVER w FROM customers WINDOW w AS (ORDER BY reverse(ssn)) ORDER BY id;
-- case: win-count-over-masked-range
SELECT id, count(*) OVER (ORDER BY right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint RANGE BETWEEN 1000000 PRECEDING AND 1000000 FOLLOWING) FROM customers ORDER BY id;
-- case: win-aggregate-as-window
SELECT string_agg(ssn, ',') OVER (ORDER BY id) FROM customers;
-- case: win-max-over-one-row
SELECT max(phone) OVER (PARTITION BY id) FROM customers;
-- case: win-array-agg-frame
SELECT array_agg(email) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND CURRENT ROW) FROM customers;
-- case: win-frame-bound-from-masked
-- why: how many rows the frame has tells the number
SELECT id, count(*) OVER (ORDER BY id ROWS BETWEEN (SELECT right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 1)::int FROM customers) PRECEDING AND CURRENT ROW) FROM customers ORDER BY id;
-- case: win-ntile-argument-from-masked
SELECT id, ntile((SELECT 1 + right(regexp_replace(min(ssn), '[^0-9]', '', 'g'), 1)::int FROM customers)) OVER (ORDER BY id) FROM customers;
-- case: win-lag-offset-from-masked
SELECT id, lag(id, right(regexp_replace(ssn, '[^0-9]', '', 'g'), 1)::int) OVER (ORDER BY id) FROM customers ORDER BY id;
-- case: win-filter
SELECT id, count(*) FILTER (WHERE ssn LIKE '%11%') OVER (ORDER BY id) FROM customers ORDER BY id;
-- case: win-exclude
SELECT id, sum(length(email)) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW) FROM customers ORDER BY id;
-- case: win-clean-value-in-masked-order
SELECT string_agg(name, ',') OVER (ORDER BY ssn ROWS UNBOUNDED PRECEDING) FROM customers;
-- case: win-first-name-of-masked-order
SELECT DISTINCT first_value(name) OVER (ORDER BY email) FROM customers;
-- case: win-subquery-over-row-number
SELECT name FROM (SELECT name, row_number() OVER (ORDER BY ssn) AS n FROM customers) s WHERE n = 1;
-- case: win-order-by-window
SELECT name FROM customers ORDER BY rank() OVER (ORDER BY reverse(ssn));
-- case: win-json-agg-over
SELECT json_agg(c) OVER (PARTITION BY c.id) FROM customers c;
-- case: win-in-distinct-on
SELECT DISTINCT ON (rank() OVER (ORDER BY email)) id FROM customers;
