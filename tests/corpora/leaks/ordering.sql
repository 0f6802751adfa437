-- case: ord-by-masked
SELECT name FROM customers ORDER BY ssn;
-- case: ord-by-masked-desc
SELECT name FROM customers ORDER BY email DESC;
-- case: ord-by-masked-expression
SELECT name FROM customers ORDER BY reverse(ssn);
-- case: ord-by-masked-limit-one
SELECT name FROM customers ORDER BY ssn LIMIT 1;
-- case: ord-by-masked-offset
SELECT name FROM customers ORDER BY ssn OFFSET 3 ROWS FETCH NEXT 1 ROW ONLY;
-- case: ord-by-masked-with-ties
SELECT name FROM customers ORDER BY right(ssn, 1) FETCH FIRST 1 ROWS WITH TIES;
-- case: ord-by-masked-using
SELECT name FROM customers ORDER BY ssn USING >;
-- case: ord-by-masked-using-operator
SELECT name FROM customers ORDER BY email USING OPERATOR(pg_catalog.<);
-- case: ord-by-masked-nulls
SELECT name FROM customers ORDER BY phone NULLS FIRST;
-- case: ord-by-null-ness
SELECT name FROM customers ORDER BY phone IS NULL DESC, id;
-- case: ord-by-position
SELECT name, ssn FROM customers ORDER BY 2;
-- case: ord-by-alias
SELECT name, ssn AS k FROM customers ORDER BY k;
-- case: ord-by-condition
SELECT name FROM customers ORDER BY email LIKE '%.com' DESC, id;
-- case: ord-by-case-with-clean
-- why: the order by the value is hidden among orders by clean columns
SELECT name FROM customers ORDER BY CASE WHEN id > 0 THEN email ELSE name END;
-- case: ord-by-each-digit
SELECT name FROM customers ORDER BY substr(ssn, 3, 1), id;
-- case: ord-by-length
SELECT name FROM customers ORDER BY length(email), id;
-- case: ord-by-collation
SELECT name FROM customers ORDER BY email COLLATE "C";
-- case: ord-by-row
SELECT name FROM customers ORDER BY (ssn, id);
-- case: ord-by-whole-row-of-subquery
SELECT s.name FROM (SELECT ssn, name FROM customers) s ORDER BY s;
-- case: ord-in-subquery
SELECT name FROM (SELECT name, ssn FROM customers ORDER BY ssn) s;
-- case: ord-in-subquery-with-limit
SELECT name FROM customers WHERE id IN (SELECT id FROM customers ORDER BY ssn LIMIT 3) ORDER BY id;
-- case: ord-in-array
SELECT ARRAY(SELECT name FROM customers ORDER BY ssn);
-- case: ord-in-aggregate
SELECT string_agg(name, ',' ORDER BY ssn) FROM customers;
-- case: ord-in-cte-with-ordinality
WITH s AS (SELECT name FROM customers ORDER BY email) SELECT row_number() OVER (), name FROM s;
-- case: ord-distinct-on
SELECT DISTINCT ON (region) region, name FROM customers ORDER BY region, ssn;
-- case: ord-limit-from-masked
SELECT id FROM orders ORDER BY id LIMIT (SELECT right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 1)::int FROM customers);
-- case: ord-offset-from-masked
SELECT id FROM orders ORDER BY id OFFSET (SELECT right(regexp_replace(min(card_number), '[^0-9]', '', 'g'), 1)::int FROM customers);
-- case: ord-fetch-first-from-masked
SELECT id FROM orders ORDER BY id FETCH FIRST ((SELECT right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 1)::int FROM customers)) ROWS ONLY;
-- case: ord-payments-by-token
SELECT order_id FROM payments ORDER BY token;
-- case: ord-view-by-email
SELECT name FROM customer_contacts ORDER BY email;
-- case: ord-join-by-masked
SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY c.ssn, o.id;
-- case: ord-between-guess-and-values
-- why: a guess that sorts among the values narrows them down, one halving a query
SELECT name FROM (SELECT name, ssn FROM customers UNION ALL SELECT '<guess>', '15') s ORDER BY ssn;
-- case: ord-union-order-by-masked-position
SELECT name, email FROM customers UNION ALL SELECT '<guess>', 'f' ORDER BY 2;
-- case: ord-values-lateral
SELECT c.name FROM customers c, LATERAL (VALUES (c.ssn)) v(k) ORDER BY v.k;
-- case: ord-group-by-order-by-max
SELECT region FROM customers GROUP BY region ORDER BY max(ssn), region;
-- case: ord-tablesample-repeatable-seed
SELECT id FROM customers TABLESAMPLE BERNOULLI (50) REPEATABLE ((SELECT 1)) WHERE ssn LIKE '%1%' ORDER BY id;
