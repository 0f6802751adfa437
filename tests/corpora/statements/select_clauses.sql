-- SELECT: its list
SELECT;

SELECT FROM customers;

SELECT ALL name FROM customers;

SELECT *, name FROM customers;

SELECT customers.*, o.* FROM customers, orders o;

SELECT public.customers.* FROM public.customers;

SELECT shop.public.customers.id FROM shop.public.customers;

SELECT name n FROM customers;

SELECT name AS "The Name", email AS select, phone AS "from" FROM customers;

SELECT 1 a, 2 AS b, 3 "c d", 4 AS order;

SELECT name value, id key, region type FROM customers;

SELECT (name), ((email)) FROM customers WHERE ((((id)) = ((1))));

SELECT ((((1))));

SELECT (customers).name FROM customers;

SELECT (c).* FROM customers c;

SELECT (c.*).name FROM customers AS c;

SELECT c FROM customers c;

SELECT c.*::text FROM customers c;

SELECT DISTINCT region FROM customers;

SELECT DISTINCT * FROM customers;

SELECT DISTINCT ON (region) region, name FROM customers ORDER BY region, created_at DESC;

SELECT DISTINCT ON (lower(region), date_trunc('day', created_at)) id FROM customers;

SELECT DISTINCT ON (1) region FROM customers;

SELECT count(*), count(DISTINCT region), count(ALL region) FROM customers;

SELECT (SELECT max(amount) FROM orders);

SELECT (SELECT max(amount) FROM orders) + 1 AS more, ARRAY(SELECT id FROM orders ORDER BY id);

SELECT EXISTS (SELECT FROM orders), NOT EXISTS (TABLE payments);

SELECT CASE WHEN EXISTS (SELECT 1 FROM orders WHERE amount > 5) THEN 'yes' ELSE (SELECT 'no') END;

-- WHERE
SELECT id FROM customers WHERE true;

SELECT id FROM customers WHERE region IN (SELECT region FROM branches WHERE open);

SELECT id FROM customers WHERE (region, tier) IN (SELECT region, tier FROM targets);

SELECT id FROM customers WHERE (region, tier) = (SELECT region, tier FROM targets LIMIT 1);

SELECT id FROM customers WHERE id = ANY (SELECT customer_id FROM orders) AND id <> ALL (SELECT customer_id FROM bans) AND id > SOME (VALUES (1), (2));

SELECT id FROM customers WHERE id = ANY ('{1,2,3}') OR id = ANY (ARRAY[4, 5]::int[]);

SELECT id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id));

SELECT id FROM customers WHERE NOT NOT active AND NOT (region = 'a' OR region = 'b');

-- GROUP BY and HAVING
SELECT region, count(*) FROM customers GROUP BY region;

SELECT region, count(*) FROM customers GROUP BY 1 HAVING count(*) > 1 AND max(id) < 100;

SELECT count(*) FROM customers HAVING true;

SELECT 1 FROM customers GROUP BY ();

SELECT region, tier, count(*) FROM customers GROUP BY ROLLUP (region, tier);

SELECT region, tier, count(*) FROM customers GROUP BY CUBE (region, (tier, status));

SELECT region, tier, count(*) FROM customers GROUP BY GROUPING SETS ((region, tier), (region), ());

SELECT region, tier, status, grouping(region, tier, status) FROM customers GROUP BY GROUPING SETS (ROLLUP (region, tier), CUBE (status), GROUPING SETS ((region), ()));

SELECT region, tier FROM customers GROUP BY DISTINCT ROLLUP (region, tier), ROLLUP (region, status);

SELECT region FROM customers GROUP BY ALL region, CUBE (tier);

SELECT lower(region) AS r, extract(year FROM created_at) FROM customers GROUP BY lower(region), extract(year FROM created_at), ROLLUP ((tier, status), id);

SELECT region FROM customers GROUP BY (region, tier);

SELECT region FROM customers GROUP BY (region), tier, ((status));

-- ORDER BY
SELECT id FROM customers ORDER BY name;

SELECT id FROM customers ORDER BY name ASC, region DESC NULLS FIRST, tier NULLS LAST;

SELECT id AS i FROM customers ORDER BY i, 1, lower(name) DESC;

SELECT id FROM customers ORDER BY name USING <;

SELECT id FROM customers ORDER BY name USING OPERATOR(pg_catalog.~>~) NULLS FIRST, id USING >;

SELECT id FROM customers ORDER BY name COLLATE "C" DESC, (SELECT count(*) FROM orders WHERE customer_id = customers.id);

SELECT id FROM customers ORDER BY (name, region), CASE tier WHEN 'gold' THEN 0 ELSE 1 END, random();

SELECT id FROM customers ORDER BY notes -> 'rank' NULLS LAST, -id, id % 2 = 0;

-- LIMIT, OFFSET, FETCH
SELECT id FROM customers LIMIT 10;

SELECT id FROM customers LIMIT ALL;

SELECT id FROM customers LIMIT NULL OFFSET NULL;

SELECT id FROM customers LIMIT 10 OFFSET 5;

SELECT id FROM customers OFFSET 5 LIMIT 10;

SELECT id FROM customers OFFSET 5;

SELECT id FROM customers OFFSET 5 ROW;

SELECT id FROM customers OFFSET 5 ROWS FETCH FIRST ROW ONLY;

SELECT id FROM customers FETCH FIRST 3 ROWS ONLY;

SELECT id FROM customers FETCH NEXT 1 ROW ONLY OFFSET 2;

SELECT id FROM customers ORDER BY tier FETCH FIRST 3 ROWS WITH TIES;

SELECT id FROM customers ORDER BY tier OFFSET 2 ROWS FETCH NEXT ROWS WITH TIES;

SELECT id FROM customers LIMIT 2 * (SELECT count(*) FROM regions) OFFSET least(3, 4);

SELECT id FROM customers FETCH FIRST (SELECT n FROM page_sizes) ROWS ONLY;

SELECT id FROM customers FETCH FIRST +5 ROWS ONLY;

SELECT id FROM customers LIMIT $1::bigint OFFSET ($2 - 1) * $1;

-- INTO
SELECT id, name INTO old_customers FROM customers WHERE created_at < '2020-01-01';

SELECT * INTO TABLE copy_of FROM orders;

SELECT * INTO TEMP scratch FROM orders;

SELECT * INTO TEMPORARY TABLE scratch FROM orders;

SELECT * INTO LOCAL TEMP TABLE scratch FROM orders;

SELECT * INTO UNLOGGED bulk.scratch FROM orders;

SELECT 1 AS one INTO singles UNION SELECT 2;

WITH x AS (SELECT 1 AS a) SELECT a INTO from_cte FROM x;

-- VALUES and TABLE
VALUES (1);

VALUES (1, 'a'), (2, 'b'), (3, NULL);

VALUES (1, 2), (3, 4) ORDER BY column1 DESC LIMIT 1 OFFSET 1;

VALUES ((SELECT max(id) FROM customers), ARRAY[1, 2], ROW(1, 'x')), (DEFAULT, '{}', NULL);

TABLE customers;

TABLE public.customers ORDER BY id LIMIT 3;

TABLE ONLY customers;

TABLE customers *;

(TABLE customers);

((SELECT 1));

(SELECT id FROM customers ORDER BY id) LIMIT 5;

(((SELECT id FROM customers UNION (SELECT id FROM branches ORDER BY id LIMIT 10))) ORDER BY id DESC LIMIT 5);

(VALUES (1), (2)) ORDER BY 1;

-- everything at once
WITH c AS (SELECT id, region FROM customers WHERE active)
SELECT DISTINCT ON (c.region) c.region, count(o.*) AS n, rank() OVER w AS place
FROM c
LEFT JOIN orders AS o ON o.customer_id = c.id
WHERE c.region IS NOT NULL
GROUP BY c.region, c.id
HAVING count(o.*) > 0
WINDOW w AS (ORDER BY count(o.*) DESC)
ORDER BY c.region, n DESC NULLS LAST
LIMIT 10
OFFSET 2;
