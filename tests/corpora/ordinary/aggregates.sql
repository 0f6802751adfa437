-- case: agg-count
SELECT count(*) FROM orders;
-- case: agg-count-customers
SELECT count(*) AS customers FROM customers;
-- case: agg-count-column
SELECT count(status), count(DISTINCT status), count(DISTINCT customer_id) FROM orders;
-- case: agg-sum-avg-min-max
SELECT sum(amount), avg(amount), min(amount), max(amount) FROM orders;
-- case: agg-rounded-average
SELECT round(avg(amount), 2) AS average FROM orders WHERE status = 'shipped';
-- case: agg-by-status
SELECT status, count(*), sum(amount) FROM orders GROUP BY status ORDER BY status;
-- case: agg-by-region
SELECT region, count(*) AS n FROM customers GROUP BY region ORDER BY n DESC, region;
-- case: agg-by-region-of-join
SELECT c.region, count(*) AS orders, sum(o.amount) AS revenue FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.region ORDER BY revenue DESC;
-- case: agg-by-position
SELECT status, count(*) FROM orders GROUP BY 1 ORDER BY 2 DESC, 1;
-- case: agg-by-alias
SELECT date_trunc('month', created_at) AS month, sum(amount) FROM orders GROUP BY month ORDER BY month;
-- case: agg-by-expression
SELECT amount > 100 AS big, count(*) FROM orders GROUP BY amount > 100 ORDER BY 1;
-- case: agg-by-primary-key
SELECT c.id, c.name, count(o.id) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id ORDER BY c.id;
-- case: agg-having
SELECT customer_id, sum(amount) AS total FROM orders GROUP BY customer_id HAVING sum(amount) > 150 ORDER BY total DESC;
-- case: agg-having-count
SELECT customer_id FROM orders GROUP BY customer_id HAVING count(*) > 1 ORDER BY 1;
-- case: agg-filter
SELECT count(*) FILTER (WHERE status = 'shipped') AS shipped, count(*) FILTER (WHERE status = 'returned') AS returned, sum(amount) FILTER (WHERE amount > 100) AS large FROM orders;
-- case: agg-case-sum
SELECT sum(CASE WHEN status = 'paid' THEN amount ELSE 0 END) AS paid, sum(CASE WHEN status = 'new' THEN 1 ELSE 0 END) AS new FROM orders;
-- case: agg-string-agg
SELECT customer_id, string_agg(status, ', ' ORDER BY id) AS statuses FROM orders GROUP BY customer_id ORDER BY customer_id;
-- case: agg-string-agg-distinct
SELECT string_agg(DISTINCT status, ',' ORDER BY status) FROM orders;
-- case: agg-array-agg
SELECT customer_id, array_agg(id ORDER BY id) FROM orders GROUP BY customer_id ORDER BY customer_id;
-- case: agg-array-agg-names
SELECT region, array_agg(name ORDER BY name) FROM customers GROUP BY region ORDER BY region;
-- case: agg-bool
SELECT bool_and(amount > 0), bool_or(status = 'new'), every(amount < 1000) FROM orders;
-- case: agg-bits
SELECT bit_and(id), bit_or(id) FROM orders;
-- case: agg-statistics
SELECT round(stddev(amount), 4), round(variance(amount), 4), round(stddev_pop(amount), 4), round(var_samp(amount), 4) FROM orders;
-- case: agg-percentiles
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS median, percentile_disc(0.9) WITHIN GROUP (ORDER BY amount) AS p90 FROM orders;
-- case: agg-percentile-array
SELECT percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY amount::float8) FROM orders;
-- case: agg-mode
SELECT mode() WITHIN GROUP (ORDER BY status) FROM orders;
-- case: agg-corr
SELECT round(corr(id, amount)::numeric, 6), round(regr_slope(amount, id)::numeric, 6), regr_count(amount, id) FROM orders;
-- case: agg-grouping-sets
SELECT status, customer_id, count(*) FROM orders GROUP BY GROUPING SETS ((status), (customer_id), ()) ORDER BY 1, 2;
-- case: agg-rollup
SELECT c.region, o.status, sum(o.amount) FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY ROLLUP (c.region, o.status) ORDER BY 1, 2;
-- case: agg-cube
SELECT status, amount > 100 AS big, count(*) FROM orders GROUP BY CUBE (status, amount > 100) ORDER BY 1, 2;
-- case: agg-grouping-function
SELECT grouping(status) AS g, status, count(*) FROM orders GROUP BY ROLLUP (status) ORDER BY 1, 2;
-- case: agg-of-nothing
SELECT count(*), sum(amount), max(created_at) FROM orders WHERE false;
-- case: agg-nested
SELECT max(total) FROM (SELECT customer_id, sum(amount) AS total FROM orders GROUP BY customer_id) t;
-- case: agg-coalesce-sum
SELECT coalesce(sum(amount), 0) AS total FROM orders WHERE status = 'nothing';
-- case: agg-ratio
SELECT round(100.0 * count(*) FILTER (WHERE status = 'returned') / count(*), 1) AS percent FROM orders;
-- case: agg-min-max-dates
SELECT min(created_at), max(created_at), max(created_at) - min(created_at) AS span FROM orders;
-- case: agg-min-max-names
SELECT min(name), max(name) FROM customers;
-- case: agg-json
SELECT json_agg(id ORDER BY id), jsonb_object_agg(id, status ORDER BY id) FROM orders;
-- case: agg-count-of-join
SELECT count(*) FROM customers c JOIN orders o ON o.customer_id = c.id JOIN payments p ON p.order_id = o.id;
-- case: agg-distinct-in-sum
SELECT sum(DISTINCT customer_id) FROM orders;
-- case: agg-customers-by-month
SELECT to_char(created_at, 'YYYY-MM') AS month, count(*) FROM customers GROUP BY 1 ORDER BY 1;
-- case: agg-range
SELECT range_agg(int4range(id, id + 1)) FROM orders;
-- case: agg-width-bucket
SELECT width_bucket(amount, 0, 500, 5) AS bucket, count(*) FROM orders GROUP BY bucket ORDER BY bucket;
