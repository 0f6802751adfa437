-- case: join-customers-orders
SELECT c.name, o.amount FROM customers c JOIN orders o ON o.customer_id = c.id ORDER BY o.id;
-- case: join-inner-word
SELECT c.name, o.status FROM customers AS c INNER JOIN orders AS o ON c.id = o.customer_id ORDER BY o.id;
-- case: join-left
SELECT c.id, o.id AS order_id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.status = 'new' ORDER BY c.id, o.id;
-- case: join-left-outer-null
SELECT c.name FROM customers c LEFT OUTER JOIN orders o ON o.customer_id = c.id AND o.amount > 200 WHERE o.id IS NULL ORDER BY c.name;
-- case: join-right
SELECT o.id, p.id AS payment FROM payments p RIGHT JOIN orders o ON o.id = p.order_id ORDER BY o.id;
-- case: join-full
SELECT o.id, p.order_id FROM orders o FULL OUTER JOIN payments p ON p.order_id = o.id AND o.status = 'paid' ORDER BY o.id, p.order_id;
-- case: join-cross
SELECT o.id, s.n FROM orders o CROSS JOIN (VALUES (1), (2)) AS s(n) WHERE o.id <= 2 ORDER BY 1, 2;
-- case: join-comma
SELECT c.name, o.id FROM customers c, orders o WHERE c.id = o.customer_id AND o.status = 'returned' ORDER BY o.id;
-- case: join-three
SELECT c.name, o.id, p.id AS payment_id FROM customers c JOIN orders o ON o.customer_id = c.id JOIN payments p ON p.order_id = o.id ORDER BY p.id;
-- case: join-using
SELECT customer_id, name, amount FROM orders JOIN (SELECT id AS customer_id, name FROM customers) c USING (customer_id) ORDER BY orders.id;
-- case: join-natural
SELECT order_id, status FROM (SELECT id AS order_id, status FROM orders) o NATURAL JOIN (SELECT order_id FROM payments) p ORDER BY order_id;
-- case: join-self
SELECT a.id, b.id AS next FROM orders a JOIN orders b ON b.customer_id = a.customer_id AND b.id > a.id ORDER BY a.id, b.id;
-- case: join-lateral
SELECT c.name, x.amount FROM customers c CROSS JOIN LATERAL (SELECT amount FROM orders o WHERE o.customer_id = c.id ORDER BY amount DESC LIMIT 1) x ORDER BY c.id;
-- case: join-left-lateral
SELECT c.id, x.id AS last_order FROM customers c LEFT JOIN LATERAL (SELECT id FROM orders o WHERE o.customer_id = c.id AND o.status = 'new' ORDER BY id DESC LIMIT 1) x ON true ORDER BY c.id;
-- case: join-lateral-function
SELECT o.id, g FROM orders o, generate_series(1, 2) g WHERE o.id < 3 ORDER BY 1, 2;
-- case: join-with-aggregate-subquery
SELECT c.name, t.total FROM customers c JOIN (SELECT customer_id, sum(amount) AS total FROM orders GROUP BY customer_id) t ON t.customer_id = c.id ORDER BY t.total DESC, c.name;
-- case: join-parenthesised
SELECT o.id, c.region FROM (orders o JOIN customers c ON c.id = o.customer_id) LEFT JOIN payments p ON p.order_id = o.id WHERE p.id IS NULL ORDER BY o.id;
-- case: join-nested
SELECT c.id, o.id AS o, p.id AS p FROM customers c LEFT JOIN (orders o JOIN payments p ON p.order_id = o.id) ON o.customer_id = c.id ORDER BY 1, 2, 3;
-- case: join-view
SELECT v.name, count(o.id) AS orders FROM customer_contacts v LEFT JOIN orders o ON o.customer_id = v.id GROUP BY v.id, v.name ORDER BY v.id;
-- case: join-on-expression
SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id AND lower(c.region) LIKE 'eu-%' ORDER BY o.id;
-- case: join-non-equal
SELECT a.id, count(b.id) AS cheaper FROM orders a LEFT JOIN orders b ON b.amount < a.amount GROUP BY a.id ORDER BY a.id;
-- case: join-values
SELECT o.id, m.label FROM orders o JOIN (VALUES ('new', 'Neu'), ('paid', 'Bezahlt'), ('shipped', 'Versandt')) AS m(status, label) ON m.status = o.status ORDER BY o.id;
-- case: join-schema-qualified
SELECT customers.name, orders.amount FROM public.customers JOIN public.orders ON public.orders.customer_id = public.customers.id ORDER BY orders.id;
-- case: join-star-of-orders
SELECT o.* FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.region = 'us-east' ORDER BY o.id;
-- case: join-star-of-both
-- masked: email, phone, ssn, card_number
SELECT o.*, c.* FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id;
-- case: join-star
-- masked: card_number, token
SELECT * FROM orders o JOIN payments p ON p.order_id = o.id ORDER BY o.id;
-- case: join-using-star
-- masked: email
SELECT * FROM orders JOIN (SELECT id AS customer_id, email FROM customers) c USING (customer_id) ORDER BY orders.id;
-- case: join-masked-in-one-column
-- masked: email
SELECT o.id, c.name, c.email, o.status FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.status = 'returned' ORDER BY o.id;
-- case: join-payments-with-token
-- masked: token
SELECT p.id, o.amount, p.token FROM payments p JOIN orders o ON o.id = p.order_id ORDER BY p.id;
-- case: join-semi-exists
SELECT c.id, c.name FROM customers c WHERE EXISTS (SELECT 1 FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.customer_id = c.id AND o.amount > 100) ORDER BY c.id;
-- case: join-anti-not-exists
SELECT o.id FROM orders o WHERE NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id) ORDER BY o.id;
