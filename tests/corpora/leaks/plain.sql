-- case: plain-star
SELECT * FROM customers;
-- case: plain-star-qualified
SELECT c.* FROM customers c;
-- case: plain-star-schema-qualified
SELECT public.customers.* FROM public.customers;
-- case: plain-table-command
TABLE customers;
-- case: plain-table-command-schema
TABLE public.payments;
-- case: plain-table-only
TABLE ONLY customers;
-- case: plain-table-in-parentheses
(TABLE customers) LIMIT 3;
-- case: plain-select-only
SELECT ssn FROM ONLY customers;
-- case: plain-select-only-parentheses
SELECT ssn FROM ONLY (customers);
-- case: plain-select-star-suffix
-- why: the star behind a table's name asks for its children as well
SELECT ssn FROM customers *;
-- case: plain-alias-of-column
SELECT ssn AS region FROM customers;
-- case: plain-alias-without-as
SELECT ssn region, email "name" FROM customers;
-- case: plain-alias-swapped
-- why: each name is put over the other column
SELECT ssn AS name, name AS ssn FROM customers;
-- case: plain-alias-empty-looking
SELECT ssn AS "?column?", email AS " " FROM customers;
-- case: plain-alias-of-table-column-list
SELECT a, b FROM customers AS x(i, n, a, b);
-- case: plain-alias-list-renames-masked-to-clean
SELECT region FROM customers AS x(id, name, region, phone, ssn, card_number, email);
-- case: plain-alias-table-named-as-column
SELECT ssn.ssn FROM customers AS ssn;
-- case: plain-alias-table-named-as-other-table
SELECT orders.ssn, orders.email FROM customers AS orders;
-- case: plain-two-aliases-of-one-table
SELECT orders.ssn, customers.id FROM customers AS orders, orders AS customers WHERE orders.id = customers.customer_id;
-- case: plain-quoted-identifiers
SELECT "ssn" FROM "public"."customers";
-- case: plain-upper-case
SELECT SSN, EMAIL FROM PUBLIC.CUSTOMERS;
-- case: plain-mixed-case
SELECT cUsToMeRs.sSn FROM CuStOmErS;
-- case: plain-three-part-name
SELECT public.customers.email FROM public.customers;
-- case: plain-four-part-name
-- why: the database's name may stand before the schema's
SELECT shop.public.customers.email FROM shop.public.customers;
-- case: plain-view
SELECT * FROM customer_contacts;
-- case: plain-view-column-aliased
SELECT v.email AS name, v.name AS email FROM customer_contacts v;
-- case: plain-view-table-command
TABLE customer_contacts;
-- case: plain-payments-token
SELECT token FROM payments;
-- case: plain-payments-all
SELECT p.order_id, p.card_number AS n, p.token AS t FROM payments AS p;
-- case: plain-duplicate-columns
SELECT ssn, ssn, ssn AS s FROM customers;
-- case: plain-same-output-name-twice
SELECT name AS x, ssn AS x, region AS x FROM customers;
-- case: plain-many-columns-before
SELECT 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, ssn FROM customers;
-- case: plain-tablesample-bernoulli
SELECT ssn FROM customers TABLESAMPLE BERNOULLI (100);
-- case: plain-tablesample-system-repeatable
SELECT s.email FROM customers AS s TABLESAMPLE SYSTEM (100) REPEATABLE (7);
-- case: plain-by-ctid
SELECT ssn FROM customers WHERE ctid = '(0,1)';
-- case: plain-for-update
BEGIN;
SELECT ssn FROM customers ORDER BY id FOR UPDATE;
ROLLBACK;
-- case: plain-for-key-share-of
BEGIN;
SELECT c.email FROM customers c ORDER BY id FOR KEY SHARE OF c SKIP LOCKED;
ROLLBACK;
-- case: plain-two-statements-in-one-query
-- why: both statements travel in one Query message
SELECT 1; SELECT ssn FROM customers;
-- case: plain-clean-then-masked-in-one-query
SELECT id FROM orders; SELECT email AS status FROM customers; SELECT 2;
-- case: plain-empty-select-then-masked
; ; SELECT phone FROM customers;
-- case: plain-with-no-from-lateral
SELECT x.* FROM (SELECT) e, LATERAL (SELECT ssn FROM customers) x;
