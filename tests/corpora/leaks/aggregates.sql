-- case: agg-string-agg
SELECT string_agg(email, ',') FROM customers;
-- case: agg-string-agg-ordered
SELECT string_agg(name, ',' ORDER BY ssn DESC, id) FROM customers;
-- case: agg-string-agg-value-as-delimiter
SELECT string_agg('', ssn) FROM customers;
-- case: agg-string-agg-bytea
SELECT string_agg(ssn::bytea, '\x2c') FROM customers;
-- case: agg-min-max
SELECT min(ssn), max(email) FROM customers;
-- case: agg-max-per-customer
SELECT id, max(ssn) FROM customers GROUP BY id;
-- case: agg-min-of-group
SELECT region, min(phone) FROM customers GROUP BY region;
-- case: agg-sum-of-number
SELECT sum(regexp_replace(ssn, '[^0-9]', '', 'g')::numeric) FROM customers;
-- case: agg-avg-of-one
SELECT id, avg(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::numeric) FROM customers GROUP BY id;
-- case: agg-bit-and-or
SELECT id, bit_or(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint), bit_and(ascii(email)) FROM customers GROUP BY id;
-- case: agg-bool-as-oracle
SELECT region, bool_or(ssn LIKE '1%'), every(email LIKE '%.com') FROM customers GROUP BY region ORDER BY 1;
-- case: agg-count-of-condition
SELECT count(ssn LIKE '%1%' OR NULL) FROM customers;
-- case: agg-count-of-nullif
SELECT id, count(nullif(left(ssn, 1), '1')) FROM customers GROUP BY id ORDER BY id;
-- case: agg-count-of-case
SELECT count(CASE WHEN ssn LIKE '%1%' THEN 1 END) FROM customers;
-- case: agg-count-filter
SELECT count(*) FILTER (WHERE ssn LIKE '%1%') FROM customers;
-- case: agg-count-filter-each-digit
SELECT id, count(*) FILTER (WHERE left(ssn, 1) = '1') AS d1, count(*) FILTER (WHERE left(ssn, 1) = '9') AS d9 FROM customers GROUP BY id ORDER BY id;
-- case: agg-count-distinct
SELECT count(DISTINCT left(ssn, 3)) FROM customers;
-- case: agg-count-column-null-ness
SELECT id, count(phone) FROM customers GROUP BY id ORDER BY id;
-- case: agg-sum-filter-clean-value
SELECT sum(o.amount) FILTER (WHERE c.ssn LIKE '%1%') FROM orders o JOIN customers c ON c.id = o.customer_id;
-- case: agg-array-agg-order-by-masked
SELECT array_agg(id ORDER BY ssn DESC) FROM customers;
-- case: agg-json-agg-order-by-masked
SELECT json_agg(name ORDER BY email) FROM customers;
-- case: agg-percentile-disc
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY ssn) FROM customers;
-- case: agg-percentile-disc-array
SELECT percentile_disc(ARRAY[0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]) WITHIN GROUP (ORDER BY email) FROM customers;
-- case: agg-mode
SELECT mode() WITHIN GROUP (ORDER BY ssn) FROM customers;
-- case: agg-hypothetical-rank
SELECT rank('5') WITHIN GROUP (ORDER BY ssn), percent_rank('m') WITHIN GROUP (ORDER BY email) FROM customers;
-- case: agg-group-by-masked
SELECT ssn, count(*) FROM customers GROUP BY ssn;
-- case: agg-group-by-position
SELECT left(ssn, 3), count(*) FROM customers GROUP BY 1;
-- case: agg-group-by-alias
SELECT email AS region, count(*) FROM customers c GROUP BY c.email;
-- case: agg-group-by-hidden
SELECT count(*) FROM customers GROUP BY left(ssn, 2);
-- case: agg-group-by-primary-key
-- why: the other columns depend on the key, so they may stand alone
SELECT ssn, count(*) FROM customers GROUP BY id;
-- case: agg-grouping-sets
SELECT region, ssn, count(*) FROM customers GROUP BY GROUPING SETS ((region), (ssn), ());
-- case: agg-rollup
SELECT region, email FROM customers GROUP BY ROLLUP (region, email);
-- case: agg-cube
SELECT ssn, phone, grouping(ssn, phone) FROM customers GROUP BY CUBE (ssn, phone);
-- case: agg-grouping-sets-count-only
SELECT grouping(left(ssn, 1)), count(*) FROM customers GROUP BY GROUPING SETS ((left(ssn, 2)), (left(ssn, 1))) ORDER BY 1, 2;
-- case: agg-having-clean-output
SELECT region FROM customers GROUP BY region HAVING bool_or(ssn LIKE '%1%') ORDER BY 1;
-- case: agg-having-count-filter
SELECT id FROM customers GROUP BY id HAVING count(*) FILTER (WHERE email LIKE '%.com') > 0 ORDER BY 1;
-- case: agg-corr-and-regr
SELECT corr(id, length(email)), regr_slope(id, right(regexp_replace(ssn, '[^0-9]', '', 'g'), 2)::int) FROM customers;
-- case: agg-stddev
SELECT stddev(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::numeric), variance(length(phone)) FROM customers;
-- case: agg-regr-count
SELECT regr_count(id, nullif(left(ssn, 1), '1')::float8) FROM customers WHERE left(ssn, 1) ~ '[0-9]';
-- case: agg-distinct-aggregate
SELECT array_agg(DISTINCT ssn) FROM customers;
-- case: agg-nested-in-scalar
SELECT length(string_agg(email, '')), md5(string_agg(ssn, '' ORDER BY id)) FROM customers;
-- case: agg-range-agg
SELECT range_agg(numrange(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::numeric, NULL)) FROM customers;
-- case: agg-any-value
-- why: needs PostgreSQL 16
SELECT any_value(ssn) FROM customers;
-- case: agg-difference-of-sums
-- why: two totals whose difference is one customer's value
SELECT (SELECT sum(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::numeric) FROM customers) - (SELECT sum(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::numeric) FROM customers WHERE id > (SELECT min(id) FROM customers));
-- case: agg-clean-sum-weighted-by-masked
SELECT sum(o.amount * length(c.email)) FROM orders o JOIN customers c ON c.id = o.customer_id;
