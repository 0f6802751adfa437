-- case: set-union
SELECT name FROM customers UNION SELECT ssn FROM customers;
-- case: set-union-all-clean-first
SELECT status FROM orders UNION ALL SELECT email FROM customers;
-- case: set-union-column-order
SELECT id, region, email FROM customers UNION ALL SELECT id, ssn, name FROM customers;
-- case: set-union-clean-literal-first
SELECT 'a' AS status WHERE false UNION ALL SELECT ssn FROM customers;
-- case: set-union-null-first
SELECT NULL AS x UNION ALL SELECT card_number FROM payments;
-- case: set-intersect
SELECT card_number FROM customers INTERSECT SELECT card_number FROM payments;
-- case: set-intersect-with-guesses
-- why: what comes back is the guess that was right, or the value itself
SELECT left(ssn, 1) FROM customers INTERSECT SELECT g::text FROM generate_series(0, 9) g;
-- case: set-except
SELECT ssn FROM customers EXCEPT SELECT name FROM customers;
-- case: set-except-guesses
SELECT g::text FROM generate_series(0, 9) g EXCEPT SELECT left(ssn, 1) FROM customers ORDER BY 1;
-- case: set-except-all
SELECT ssn FROM customers EXCEPT ALL SELECT '' ORDER BY 1;
-- case: set-nested
(SELECT name FROM customers UNION (SELECT region FROM customers INTERSECT SELECT ssn FROM customers)) UNION SELECT email FROM customers;
-- case: set-in-derived
SELECT s.a FROM (SELECT status FROM orders UNION SELECT ssn FROM customers) s(a);
-- case: set-in-cte
WITH a AS (SELECT status FROM orders WHERE id < 0 UNION ALL SELECT phone FROM customers) SELECT status FROM a;
-- case: set-table-union
SELECT id, name, email, phone FROM customers UNION TABLE customer_contacts;
-- case: set-values-union
VALUES ('x') UNION SELECT ssn FROM customers;
-- case: set-values-with-subqueries
VALUES (1, 'x'), (2, (SELECT max(ssn) FROM customers));
-- case: set-values-column-name
SELECT column2 FROM (VALUES (1, (SELECT ssn FROM customers ORDER BY id LIMIT 1))) v;
-- case: set-values-named
SELECT v.b FROM (VALUES ((SELECT min(email) FROM customers), 'x')) v(b, a);
-- case: set-distinct
SELECT DISTINCT ssn FROM customers;
-- case: set-distinct-on-value
SELECT DISTINCT ON (id) ssn FROM customers ORDER BY id;
-- case: set-distinct-on-masked
SELECT DISTINCT ON (left(ssn, 2)) left(ssn, 2), name FROM customers ORDER BY 1, 2;
-- case: set-distinct-on-masked-clean-output
SELECT DISTINCT ON (left(ssn, 4)) name FROM customers ORDER BY left(ssn, 4), name;
-- case: set-order-by-position
SELECT name, phone, ssn FROM customers ORDER BY 3, 1;
-- case: set-order-by-position-in-union
SELECT region FROM customers UNION ALL SELECT ssn FROM customers ORDER BY 1 DESC;
-- case: set-union-of-different-sources
SELECT token FROM payments UNION ALL SELECT phone FROM customers UNION ALL SELECT name FROM customers;
-- case: set-union-type-coercion
SELECT 0::text UNION ALL SELECT ssn FROM customers WHERE ssn IS NOT NULL ORDER BY 1 LIMIT 3;
-- case: set-union-in-exists
SELECT name FROM customers c WHERE EXISTS (SELECT 1 WHERE c.ssn LIKE '%11%' UNION SELECT 1 WHERE false);
-- case: set-union-limit-in-arm
(SELECT ssn FROM customers ORDER BY id LIMIT 1) UNION ALL (SELECT email FROM customers ORDER BY id LIMIT 1);
