-- Window functions
SELECT row_number() OVER () FROM orders;

SELECT rank() OVER (ORDER BY amount DESC), dense_rank() OVER (PARTITION BY region ORDER BY amount), percent_rank() OVER (ORDER BY amount NULLS FIRST), cume_dist() OVER (ORDER BY amount), ntile(4) OVER (ORDER BY id) FROM orders;

SELECT lag(amount) OVER w, lead(amount, 2, 0) OVER w, first_value(id) OVER w, last_value(id) OVER w, nth_value(id, 3) OVER w FROM orders WINDOW w AS (PARTITION BY customer_id ORDER BY created_at);

SELECT sum(amount) OVER (PARTITION BY customer_id, date_trunc('month', created_at) ORDER BY created_at, id) FROM orders;

SELECT sum(amount) OVER (ROWS UNBOUNDED PRECEDING) FROM orders;

SELECT sum(amount) OVER (ORDER BY id ROWS 3 PRECEDING) FROM orders;

SELECT sum(amount) OVER (ORDER BY id ROWS CURRENT ROW) FROM orders;

SELECT sum(amount) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM orders;

SELECT sum(amount) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM orders;

SELECT sum(amount) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) FROM orders;

SELECT sum(amount) OVER (ORDER BY id ROWS BETWEEN 5 PRECEDING AND 2 PRECEDING) FROM orders;

SELECT sum(amount) OVER (ORDER BY id ROWS BETWEEN 1 FOLLOWING AND 3 FOLLOWING) FROM orders;

SELECT sum(amount) OVER (ORDER BY created_at RANGE BETWEEN interval '1 day' PRECEDING AND interval '1 day' FOLLOWING) FROM orders;

SELECT sum(amount) OVER (ORDER BY created_at RANGE '7 days' PRECEDING) FROM orders;

SELECT sum(amount) OVER (ORDER BY tier RANGE UNBOUNDED PRECEDING) FROM orders;

SELECT sum(amount) OVER (ORDER BY tier GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM orders;

SELECT sum(amount) OVER (ORDER BY tier GROUPS CURRENT ROW) FROM orders;

SELECT sum(amount) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW) FROM orders;

SELECT sum(amount) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE GROUP) FROM orders;

SELECT sum(amount) OVER (ORDER BY id GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES) FROM orders;

SELECT sum(amount) OVER (ORDER BY id RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE NO OTHERS) FROM orders;

SELECT sum(amount) OVER (ORDER BY id ROWS BETWEEN $1 PRECEDING AND ($2 + 1) FOLLOWING) FROM orders;

SELECT sum(amount) OVER w FROM orders WINDOW w AS ();

SELECT sum(amount) OVER w, avg(amount) OVER (w), max(amount) OVER (w ORDER BY id), min(amount) OVER (w ORDER BY id ROWS 2 PRECEDING) FROM orders WINDOW w AS (PARTITION BY region);

SELECT sum(amount) OVER w3 FROM orders WINDOW w1 AS (PARTITION BY region), w2 AS (w1 ORDER BY id), w3 AS (w2 ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);

SELECT sum(amount) OVER "My Window" FROM orders WINDOW "My Window" AS (ORDER BY (SELECT count(*) FROM payments p WHERE p.order_id = orders.id));

SELECT count(*) FILTER (WHERE amount > 10) OVER (PARTITION BY region) FROM orders;

SELECT array_agg(DISTINCT id ORDER BY id) FILTER (WHERE id > 0) FROM orders;

SELECT sum(sum(amount)) OVER (ORDER BY region) FROM orders GROUP BY region;

SELECT region, sum(amount) / sum(sum(amount)) OVER () AS share FROM orders GROUP BY region ORDER BY rank() OVER (ORDER BY sum(amount) DESC);

SELECT CASE WHEN row_number() OVER (PARTITION BY customer_id ORDER BY id) = 1 THEN 'first' ELSE coalesce(lag(status) OVER (ORDER BY id), '-') END FROM orders;

SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY created_at DESC) AS rn FROM orders) AS ranked WHERE rn = 1;

SELECT id, created_at - lag(created_at) OVER (ORDER BY created_at) AS gap FROM orders WINDOW unused AS (PARTITION BY id);

SELECT pg_catalog.sum(amount) OVER (PARTITION BY ROW(region, tier) ORDER BY amount USING >) FROM orders;

SELECT jsonb_agg(o) OVER (PARTITION BY o.customer_id) FROM orders o;

-- Aggregates
SELECT count(*), sum(amount), avg(amount), min(amount), max(amount), every(amount > 0), bool_and(paid), bool_or(paid), bit_and(flags), bit_or(flags), bit_xor(flags) FROM orders;

SELECT count(DISTINCT (region, tier)), count(ALL id), sum(DISTINCT amount) FROM orders;

SELECT string_agg(name, ', ' ORDER BY name DESC, id), string_agg(DISTINCT region, '/' ORDER BY region), array_agg(id ORDER BY created_at DESC NULLS LAST) FROM customers;

SELECT count(*) FILTER (WHERE status = 'paid') AS paid, sum(amount) FILTER (WHERE amount > (SELECT avg(amount) FROM orders)) FROM orders;

SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount), percentile_disc(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY amount DESC), mode() WITHIN GROUP (ORDER BY status) FROM orders;

SELECT rank(100) WITHIN GROUP (ORDER BY amount), dense_rank(100, 'x') WITHIN GROUP (ORDER BY amount DESC NULLS LAST, status), percent_rank(5) WITHIN GROUP (ORDER BY id), cume_dist(1) WITHIN GROUP (ORDER BY id) FROM orders;

SELECT percentile_cont(0.9) WITHIN GROUP (ORDER BY amount) FILTER (WHERE status <> 'void') FROM orders GROUP BY region;

SELECT json_agg(o ORDER BY o.id), jsonb_agg(DISTINCT to_jsonb(o)), json_object_agg(o.id, o.amount), jsonb_object_agg(o.id, o.status) FROM orders o;

SELECT corr(x, y), covar_pop(x, y), regr_slope(y, x), stddev(x), variance(y), xmlagg(body ORDER BY id), range_agg(span), range_intersect_agg(span) FROM points;

SELECT grouping(region), CASE WHEN grouping(tier) = 1 THEN 'all' ELSE tier END, sum(amount) FROM orders GROUP BY CUBE (region, tier) HAVING grouping(region, tier) < 3;

SELECT my.agg(VARIADIC ARRAY[1, 2]), my.agg(DISTINCT a, b ORDER BY a, b), my.ordered(1) WITHIN GROUP (ORDER BY a USING <) FROM t;

SELECT max(ROW(amount, id)), (array_agg(id ORDER BY amount DESC))[1:3], (max(ROW(1, 2)::pair)).a FROM orders;

SELECT sum(CASE WHEN status = 'paid' THEN amount END) - coalesce(sum(refund), 0) AS net, count(*) * 100.0 / nullif(sum(count(*)) OVER (), 0) FROM orders GROUP BY status;

SELECT count(*) FROM orders WHERE amount > ALL (SELECT avg(amount) FROM orders GROUP BY region) HAVING count(*) > (SELECT 1);
