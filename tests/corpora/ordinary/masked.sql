-- case: mask-customers-star
-- masked: email, phone, ssn, card_number
SELECT * FROM customers ORDER BY id;
-- case: mask-one-column
-- masked: email
SELECT id, email FROM customers ORDER BY id;
-- case: mask-all-columns
-- masked: email, phone, ssn, card_number
SELECT email, phone, ssn, card_number FROM customers ORDER BY id;
-- case: mask-alias
-- masked: contact, number
SELECT name, email AS contact, phone AS "number" FROM customers ORDER BY id;
-- case: mask-by-id
-- masked: email, phone
SELECT name, email, phone FROM customers WHERE id = 4;
-- case: mask-payments
-- masked: card_number, token
SELECT * FROM payments ORDER BY id;
-- case: mask-payments-of-order
-- masked: token
SELECT id, token FROM payments WHERE order_id = 5;
-- case: mask-view
-- masked: email, phone
SELECT * FROM customer_contacts ORDER BY id;
-- case: mask-view-column
-- masked: email
SELECT v.id, v.email FROM customer_contacts v WHERE v.id IN (1, 2, 3) ORDER BY v.id;
-- case: mask-limit
-- masked: ssn
SELECT ssn FROM customers ORDER BY id LIMIT 2;
-- case: mask-table-command
-- masked: email, phone
TABLE customer_contacts ORDER BY id;
-- case: mask-expression
-- masked: upper
SELECT id, upper(email) FROM customers ORDER BY id;
-- case: mask-domain-of-email
-- masked: domain
SELECT id, split_part(email, '@', 2) AS domain FROM customers ORDER BY id;
-- case: mask-last-four
-- masked: last4
SELECT id, right(ssn, 4) AS last4 FROM customers ORDER BY id;
-- case: mask-cast
-- masked: ssn
SELECT id, ssn::varchar AS ssn FROM customers ORDER BY id;
-- case: mask-coalesce
-- masked: phone
SELECT id, coalesce(phone, '-') AS phone FROM customers ORDER BY id;
-- case: mask-concat
-- masked: who
SELECT id, name || ' <' || email || '>' AS who FROM customers ORDER BY id;
-- case: mask-json-object
-- masked: j
SELECT id, json_build_object('name', name, 'email', email) AS j FROM customers ORDER BY id;
-- case: mask-whole-row-json
-- masked: to_jsonb
SELECT to_jsonb(c) FROM customers c ORDER BY c.id;
-- case: mask-equality
-- masked: email
SELECT id, name, email FROM customers WHERE email = 'grace.okafor@example.com';
-- case: mask-equality-unknown-value
SELECT id, name FROM customers WHERE email = 'x@example.com';
-- case: mask-equality-star
SELECT * FROM customers WHERE email = 'nobody@example.com' LIMIT 1;
-- case: mask-equality-phone
SELECT id, name FROM customers WHERE phone = '+1 000 000 0000';
-- case: mask-equality-ssn
SELECT id FROM customers WHERE ssn = '000-00-0000';
-- case: mask-equality-card
SELECT c.id, c.name FROM customers c WHERE c.card_number = '0000 0000 0000 0000';
-- case: mask-equality-token
SELECT order_id FROM payments WHERE token = 'tok_x';
-- case: mask-equality-reversed
SELECT id FROM customers WHERE 'x@example.com' = email;
-- case: mask-equality-cast
SELECT id FROM customers WHERE email = 'x@example.com'::text;
-- case: mask-equality-and
SELECT id, name FROM customers WHERE email = 'x@example.com' AND region = 'us-east';
-- case: mask-equality-in-list
SELECT id FROM customers WHERE email IN ('x@example.com', 'y@example.com') ORDER BY id;
-- case: mask-equality-count
SELECT count(*) FROM customers WHERE email = 'x@example.com';
-- case: mask-equality-exists
SELECT EXISTS (SELECT 1 FROM customers WHERE email = 'x@example.com') AS known;
-- case: mask-equality-in-view
SELECT id, name FROM customer_contacts WHERE email = 'x@example.com';
-- case: mask-equality-join
SELECT o.id, o.status FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.email = 'x@example.com' ORDER BY o.id;
-- case: mask-equality-subquery
SELECT id, status FROM orders WHERE customer_id = (SELECT id FROM customers WHERE email = 'x@example.com') ORDER BY id;
-- case: mask-equality-quoted
SELECT "customers"."id" FROM "customers" WHERE "customers"."email" = 'x@example.com' ORDER BY "customers"."id" ASC LIMIT 1;
-- case: mask-count-rows-beside
SELECT count(*) AS n, count(DISTINCT region) AS regions FROM customers;
-- case: mask-null-stays-null
SELECT id, phone, NULL AS nothing FROM customers WHERE id = 5;
-- case: mask-case-of-clean
-- masked: contact
SELECT id, CASE WHEN region LIKE 'us%' THEN phone ELSE email END AS contact FROM customers ORDER BY id;
-- case: mask-group-concat
-- masked: emails
SELECT region, string_agg(email, ', ' ORDER BY id) AS emails FROM customers GROUP BY region ORDER BY region;
-- case: mask-max
-- masked: max
SELECT region, max(email) FROM customers GROUP BY region ORDER BY region;
-- case: mask-array
-- masked: cards
SELECT c.id, array_agg(p.card_number ORDER BY p.id) AS cards FROM customers c JOIN orders o ON o.customer_id = c.id JOIN payments p ON p.order_id = o.id GROUP BY c.id ORDER BY c.id;
-- case: mask-union
-- masked: x
SELECT 1 AS k, max(name) AS x FROM customers UNION ALL SELECT 2, max(email) FROM customers ORDER BY k;
