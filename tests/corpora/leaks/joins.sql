-- case: join-inner-star
SELECT * FROM orders o JOIN customers c ON c.id = o.customer_id;
-- case: join-left-one-column
SELECT o.id, c.email FROM orders o LEFT JOIN customers c ON c.id = o.customer_id;
-- case: join-comma
SELECT o.id, ssn FROM orders o, customers c WHERE c.id = o.customer_id;
-- case: join-cross
SELECT c.ssn FROM (SELECT 1) x CROSS JOIN customers c;
-- case: join-natural
SELECT * FROM orders NATURAL JOIN (SELECT id AS customer_id, ssn FROM customers) s;
-- case: join-natural-left
SELECT ssn FROM orders NATURAL LEFT JOIN (SELECT id AS customer_id, ssn FROM customers) s;
-- case: join-using
SELECT email FROM orders JOIN (SELECT id AS customer_id, email FROM customers) s USING (customer_id);
-- case: join-using-alias
SELECT j.card_number FROM payments p JOIN customers c USING (card_number) AS j;
-- case: join-using-merged-masked-column
SELECT card_number FROM payments JOIN customers USING (card_number);
-- case: join-full-using-merged-column
-- why: the merged column is a coalesce of both sides and has no origin
SELECT status FROM (SELECT status FROM orders WHERE false) o FULL JOIN (SELECT ssn AS status FROM customers) c USING (status);
-- case: join-right-using-merged-column
SELECT status FROM (SELECT status FROM orders) o RIGHT JOIN (SELECT ssn AS status FROM customers) c USING (status);
-- case: join-natural-full-star
SELECT * FROM (SELECT region FROM customers WHERE false) a NATURAL FULL JOIN (SELECT email AS region FROM customers) b;
-- case: join-using-order-of-star
-- why: USING puts the merged column first, so positions of the star shift
SELECT * FROM (SELECT 1 AS a, region AS k FROM customers WHERE false) x FULL JOIN (SELECT ssn AS k, 2 AS b FROM customers) y USING (k);
-- case: join-self-masked-equality
-- why: two customers share a card, or not
SELECT a.name, b.name FROM customers a JOIN customers b ON left(a.ssn, 2) = left(b.phone, 2) OR right(a.ssn, 1) = right(b.email, 1) OR left(a.ssn, 1) = '1';
-- case: join-on-condition-as-oracle
SELECT c.name, g.d FROM customers c JOIN generate_series(0, 9) AS g(d) ON left(c.ssn, 1) = g.d::text;
-- case: join-each-place-with-digits
SELECT c.name, p.i, d.d FROM customers c, generate_series(1, 4) AS p(i), generate_series(0, 9) AS d(d) WHERE substr(c.ssn, p.i, 1) = d.d::text ORDER BY 1, 2;
-- case: join-values-of-guesses
SELECT c.name, v.guess FROM customers c JOIN (VALUES ('1'), ('2'), ('9')) AS v(guess) ON c.ssn LIKE v.guess || '%';
-- case: join-masked-with-clean-expression
SELECT o.id FROM orders o JOIN customers c ON o.id = length(c.email) % 10 + 1;
-- case: join-lateral-select
SELECT x.* FROM customers c, LATERAL (SELECT c.email) x;
-- case: join-lateral-left-on-true
SELECT x.v FROM orders o LEFT JOIN LATERAL (SELECT ssn AS v FROM customers WHERE id = o.customer_id) x ON true;
-- case: join-lateral-values
SELECT v.* FROM customers c, LATERAL (VALUES (c.ssn)) v;
-- case: join-lateral-function
SELECT f FROM customers c, LATERAL upper(c.email) AS f;
-- case: join-implicit-lateral-function
SELECT f.f FROM customers c CROSS JOIN reverse(c.ssn) AS f;
-- case: join-lateral-nested
SELECT y.v FROM customers c, LATERAL (SELECT z.v FROM (SELECT c.ssn AS v) z) y;
-- case: join-parenthesised-alias
SELECT j.email FROM (orders o JOIN customers c ON c.id = o.customer_id) AS j(a, b, d, e, f, g, h, email);
-- case: join-parenthesised-without-alias
SELECT ssn FROM (orders o JOIN customers c ON c.id = o.customer_id);
-- case: join-nested-on-on
SELECT c.ssn, p.token FROM orders o JOIN customers c JOIN payments p ON true ON o.id = p.order_id AND c.id = o.customer_id;
-- case: join-through-view
SELECT v.phone FROM orders o JOIN customer_contacts v ON v.id = o.customer_id;
-- case: join-view-with-table-on-masked
SELECT c.name FROM customers c JOIN customer_contacts v ON v.email = c.email AND v.phone LIKE '%7%7%';
-- case: join-anti
SELECT c.name FROM customers c LEFT JOIN (SELECT id FROM customers WHERE ssn LIKE '%11%') x ON x.id = c.id WHERE x.id IS NULL;
-- case: join-semi-count
SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id AND c.ssn LIKE '%11%';
-- case: join-three-way-star
SELECT * FROM customers c JOIN orders o ON o.customer_id = c.id JOIN payments p ON p.order_id = o.id;
-- case: join-star-of-one-side
SELECT o.*, c.* FROM orders o JOIN customers c ON c.id = o.customer_id;
-- case: join-column-hidden-by-alias-list
SELECT b.status FROM orders a JOIN customers AS b(id, name, status, phone) ON b.id = a.customer_id;
