-- case: sub-scalar
SELECT (SELECT ssn FROM customers ORDER BY id LIMIT 1);
-- case: sub-scalar-in-expression
SELECT 'x' || (SELECT max(email) FROM customers);
-- case: sub-correlated
SELECT o.id, (SELECT email FROM customers c WHERE c.id = o.customer_id) FROM orders o;
-- case: sub-correlated-outer-column
SELECT (SELECT c.ssn) FROM customers c;
-- case: sub-correlated-outer-unqualified
SELECT (SELECT ssn FROM orders LIMIT 1) FROM customers;
-- case: sub-correlated-two-levels
SELECT (SELECT (SELECT ssn)) FROM customers;
-- case: sub-correlated-from-less-union
SELECT (SELECT ssn UNION SELECT ssn) FROM customers;
-- case: sub-derived-alias
SELECT x FROM (SELECT ssn AS x FROM customers) s;
-- case: sub-derived-alias-list
SELECT s.a FROM (SELECT id, ssn FROM customers) s(b, a);
-- case: sub-derived-three-levels
SELECT z FROM (SELECT y AS z FROM (SELECT ssn AS y FROM customers) a) b;
-- case: sub-derived-name-hides-table
SELECT orders.status FROM (SELECT ssn AS status FROM customers) orders;
-- case: sub-derived-unnamed-function-column
SELECT max FROM (SELECT max(ssn) FROM customers) s;
-- case: sub-derived-question-column
SELECT s."?column?" FROM (SELECT ssn || '' FROM customers) s;
-- case: sub-derived-coalesce-column
SELECT s."coalesce" FROM (SELECT coalesce(ssn) FROM customers) s;
-- case: sub-derived-case-column
SELECT s."case" FROM (SELECT CASE WHEN true THEN email END FROM customers) s;
-- case: sub-derived-array-column
SELECT s."array" FROM (SELECT ARRAY[ssn] FROM customers) s;
-- case: sub-derived-row-column
SELECT s."row" FROM (SELECT row(ssn) FROM customers) s;
-- case: sub-derived-cast-column
SELECT s.ssn FROM (SELECT ssn::varchar FROM customers) s;
-- case: sub-derived-cast-takes-type-name
SELECT s.text FROM (SELECT (ssn || '')::text FROM customers) s;
-- case: sub-derived-shadowing-same-name
SELECT id FROM (SELECT ssn AS id FROM customers) customers;
-- case: sub-exists-as-output
SELECT c.id, EXISTS (SELECT FROM customers x WHERE x.id = c.id AND x.ssn LIKE '1%') FROM customers c;
-- case: sub-exists-as-predicate
SELECT name FROM customers c WHERE EXISTS (SELECT 1 WHERE c.ssn LIKE '%1%1%');
-- case: sub-not-exists
SELECT name FROM customers c WHERE NOT EXISTS (SELECT FROM customers x WHERE x.id = c.id AND x.email LIKE '%.com');
-- case: sub-in-as-output
SELECT id, id IN (SELECT id FROM customers WHERE ssn LIKE '%1%') FROM customers;
-- case: sub-in-as-predicate
SELECT id FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE ssn LIKE '%1%');
-- case: sub-not-in
SELECT id FROM orders WHERE customer_id NOT IN (SELECT id FROM customers WHERE ssn LIKE '%11%');
-- case: sub-any
SELECT region FROM customers WHERE left(ssn, 1) = ANY (SELECT g::text FROM generate_series(1, 4) g);
-- case: sub-all
SELECT name FROM customers WHERE ssn >= ALL (SELECT ssn FROM customers);
-- case: sub-some-like
SELECT name FROM customers c WHERE c.ssn LIKE SOME (SELECT '%' || x.id || '%' || x.id || '%' FROM orders x);
-- case: sub-row-in
SELECT id FROM customers WHERE (id, left(ssn, 1)) IN (SELECT id, '1' FROM orders);
-- case: sub-array-any
SELECT id FROM orders WHERE customer_id = ANY (ARRAY(SELECT id FROM customers WHERE email LIKE '%.com'));
-- case: sub-count-as-value
SELECT (SELECT count(*) FROM customers WHERE ssn LIKE '%1%');
-- case: sub-in-limit
SELECT id FROM orders ORDER BY id LIMIT (SELECT length(min(email)) % 7 FROM customers);
-- case: sub-in-offset
SELECT id FROM orders ORDER BY id OFFSET (SELECT count(*) FROM customers WHERE ssn LIKE '%11%');
-- case: sub-in-order-by
SELECT name FROM customers c ORDER BY (SELECT reverse(x.ssn) FROM customers x WHERE x.id = c.id);
-- case: sub-in-group-by
SELECT count(*) FROM customers c GROUP BY (SELECT left(c.ssn, 3));
-- case: sub-in-having
SELECT region FROM customers GROUP BY region HAVING max(ssn) LIKE '%1%' ORDER BY 1;
-- case: sub-in-case-condition
SELECT CASE WHEN (SELECT max(ssn) FROM customers) LIKE '9%' THEN 'high' ELSE 'low' END;
-- case: sub-in-function-argument
SELECT upper((SELECT min(email) FROM customers));
-- case: sub-in-values
VALUES ((SELECT ssn FROM customers ORDER BY id LIMIT 1), 1);
-- case: sub-in-join-condition
SELECT o.id FROM orders o JOIN orders p ON p.id = o.id AND (SELECT ssn FROM customers c WHERE c.id = o.customer_id) LIKE '%1%';
-- case: sub-in-filter
SELECT count(*) FILTER (WHERE customer_id IN (SELECT id FROM customers WHERE ssn LIKE '%1%')) FROM orders;
-- case: sub-in-window
SELECT id, row_number() OVER (ORDER BY (SELECT reverse(ssn) FROM customers c WHERE c.id = o.customer_id)) FROM orders o ORDER BY id;
-- case: sub-in-array-subscript
SELECT (ARRAY['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])[(SELECT 1 + right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 1)::int FROM customers)];
-- case: sub-derived-limit-one-each
SELECT * FROM (SELECT ssn FROM customers ORDER BY id LIMIT 1) a, (SELECT email FROM customers ORDER BY id DESC LIMIT 1) b;
-- case: sub-derived-with-offset-zero
SELECT * FROM (SELECT ssn AS region FROM customers OFFSET 0) s;
-- case: sub-without-alias
-- why: PostgreSQL 16 lets a sub-query in FROM go without an alias
SELECT ssn FROM (SELECT ssn FROM customers);
-- case: sub-system-column-name-as-alias
SELECT ctid FROM (SELECT ssn AS ctid FROM customers) c;
-- case: sub-system-column-of-outer
SELECT (SELECT ctid FROM (SELECT 1 AS a) s) FROM (SELECT ssn AS ctid FROM customers) c;
-- case: sub-tableoid-as-alias
SELECT s.tableoid, s.xmin FROM (SELECT ssn AS tableoid, email AS xmin FROM customers) s;
