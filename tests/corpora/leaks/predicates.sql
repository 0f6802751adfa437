-- case: pred-like
SELECT name FROM customers WHERE ssn LIKE '%1%' ORDER BY id;
-- case: pred-like-prefix
SELECT name FROM customers WHERE ssn LIKE '1%' ORDER BY id;
-- case: pred-like-one-place
SELECT id FROM customers WHERE ssn LIKE '_1%' ORDER BY id;
-- case: pred-not-like
SELECT id FROM customers WHERE email NOT LIKE '%.com' ORDER BY id;
-- case: pred-ilike
SELECT id FROM customers WHERE email ILIKE '%.COM' ORDER BY id;
-- case: pred-like-escape
SELECT id FROM customers WHERE email LIKE '%!.com' ESCAPE '!' ORDER BY id;
-- case: pred-like-any
SELECT id FROM customers WHERE ssn LIKE ANY (ARRAY['1%', '2%', '3%']) ORDER BY id;
-- case: pred-like-pattern-from-column
SELECT c.id, o.id FROM customers c, orders o WHERE c.ssn LIKE '%' || o.id || '%' || o.id || '%' ORDER BY 1, 2;
-- case: pred-like-literal-and-value-swapped
-- why: the value is the pattern
SELECT id FROM customers WHERE '111' LIKE left(ssn, 1) || '%' ORDER BY id;
-- case: pred-tilde-operator
SELECT id FROM customers WHERE ssn ~~ '%1%1%' ORDER BY id;
-- case: pred-like-function
SELECT id FROM customers WHERE textlike(ssn, '%1%1%') ORDER BY id;
-- case: pred-regex
SELECT id FROM customers WHERE ssn ~ '^[0-4]' ORDER BY id;
-- case: pred-regex-case
SELECT id FROM customers WHERE email ~* 'COM$' ORDER BY id;
-- case: pred-not-regex
SELECT id FROM customers WHERE ssn !~ '^1' ORDER BY id;
-- case: pred-similar-to
SELECT id FROM customers WHERE ssn SIMILAR TO '(1|2)%' ORDER BY id;
-- case: pred-less
SELECT id FROM customers WHERE ssn < '5' ORDER BY id;
-- case: pred-greater-equal
SELECT id FROM customers WHERE email >= 'e' ORDER BY id;
-- case: pred-between
SELECT id FROM customers WHERE ssn BETWEEN '1' AND '2' ORDER BY id;
-- case: pred-between-symmetric
SELECT id FROM customers WHERE ssn BETWEEN SYMMETRIC '2' AND '1' ORDER BY id;
-- case: pred-not-between
SELECT id FROM customers WHERE card_number NOT BETWEEN '0' AND '5' ORDER BY id;
-- case: pred-not-equal-of-part
SELECT id FROM customers WHERE left(ssn, 1) <> '1' ORDER BY id;
-- case: pred-equal-of-part
SELECT id FROM customers WHERE substr(ssn, 1, 1) = '1' ORDER BY id;
-- case: pred-in-list-of-part
SELECT id FROM customers WHERE right(ssn, 1) IN ('0', '2', '4') ORDER BY id;
-- case: pred-in-guesses-of-series
SELECT id FROM customers WHERE right(ssn, 1) IN (SELECT g::text FROM generate_series(0, 4) g) ORDER BY id;
-- case: pred-in-whole-value-from-series
-- why: every possible number is tried at once
SELECT id FROM customers WHERE right(regexp_replace(ssn, '[^0-9]', '', 'g'), 4) IN (SELECT lpad(g::text, 4, '0') FROM generate_series(0, 4999) g) ORDER BY id;
-- case: pred-length
SELECT id FROM customers WHERE length(email) > 23 ORDER BY id;
-- case: pred-ascii
SELECT id FROM customers WHERE ascii(substr(email, 2, 1)) < 110 ORDER BY id;
-- case: pred-get-bit
SELECT id FROM customers WHERE get_bit(ssn::bytea, 3) = 1 ORDER BY id;
-- case: pred-md5
SELECT id FROM customers WHERE md5(ssn) < '8' ORDER BY id;
-- case: pred-hashtext
SELECT id FROM customers WHERE hashtext(email) % 2 = 0 ORDER BY id;
-- case: pred-number-modulo
SELECT id FROM customers WHERE right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint % 3 = 0 ORDER BY id;
-- case: pred-starts-with
SELECT id FROM customers WHERE starts_with(ssn, '1') ORDER BY id;
-- case: pred-caret-at
SELECT id FROM customers WHERE ssn ^@ '1' ORDER BY id;
-- case: pred-position
SELECT id FROM customers WHERE position('1' IN ssn) > 0 ORDER BY id;
-- case: pred-is-null
SELECT id FROM customers WHERE phone IS NULL ORDER BY id;
-- case: pred-is-not-null
SELECT id FROM customers WHERE phone IS NOT NULL ORDER BY id;
-- case: pred-isnull-word
SELECT id FROM customers WHERE phone ISNULL ORDER BY id;
-- case: pred-is-distinct-from
SELECT id FROM customers WHERE left(ssn, 1) IS DISTINCT FROM '1' ORDER BY id;
-- case: pred-is-not-distinct-from-null
SELECT id FROM customers WHERE phone IS NOT DISTINCT FROM NULL ORDER BY id;
-- case: pred-row-comparison
SELECT id FROM customers WHERE (ssn, email) < ('3', '') ORDER BY id;
-- case: pred-row-is-null
SELECT id FROM customers WHERE row(phone) IS NULL ORDER BY id;
-- case: pred-masked-with-masked
SELECT a.id, b.id FROM customers a, customers b WHERE a.ssn < b.ssn AND a.id <> b.id ORDER BY 1, 2;
-- case: pred-masked-with-clean
SELECT id FROM customers WHERE upper(left(email, 3)) = upper(left(name, 3)) ORDER BY id;
-- case: pred-email-contains-name
SELECT id FROM customers WHERE email ILIKE '%' || split_part(name, ' ', 1) || '%' ORDER BY id;
-- case: pred-any-of-array
SELECT id FROM customers WHERE left(ssn, 1) = ANY ('{1,2,3}') ORDER BY id;
-- case: pred-boolean-of-comparison
SELECT id FROM customers WHERE (ssn > '5') IS TRUE ORDER BY id;
-- case: pred-not-of-comparison
SELECT id FROM customers WHERE NOT (ssn > '5') ORDER BY id;
-- case: pred-or-with-clean
SELECT id FROM customers WHERE id < 0 OR ssn LIKE '1%' ORDER BY id;
-- case: pred-case
SELECT id FROM customers WHERE CASE WHEN ssn LIKE '1%' THEN true ELSE false END ORDER BY id;
-- case: pred-coalesce
SELECT id FROM customers WHERE coalesce(phone, 'none') = 'none' ORDER BY id;
-- case: pred-nullif
SELECT id FROM customers WHERE nullif(left(ssn, 1), '1') IS NULL ORDER BY id;
-- case: pred-operator-qualified
SELECT id FROM customers WHERE ssn OPERATOR(pg_catalog.~) '^1' ORDER BY id;
-- case: pred-collate
SELECT id FROM customers WHERE ssn COLLATE "C" < '5' ORDER BY id;
-- case: pred-tsquery
SELECT id FROM customers WHERE to_tsvector('simple', email) @@ 'a:*|b:*|c:*|d:*'::tsquery ORDER BY id;
-- case: pred-json-contains
SELECT id FROM customers c WHERE to_jsonb(string_to_array(ssn, NULL)) ? '1' ORDER BY id;
-- case: pred-count-only
SELECT count(*) FROM customers WHERE ssn LIKE '1%';
-- case: pred-exists-only
SELECT EXISTS (SELECT 1 FROM customers WHERE ssn LIKE '11%');
-- case: pred-through-view
SELECT id FROM customer_contacts WHERE email LIKE '%.com' ORDER BY id;
-- case: pred-through-alias
SELECT id FROM (SELECT id, ssn AS region FROM customers) s WHERE region LIKE '1%' ORDER BY id;
-- case: pred-through-cte
WITH s AS (SELECT id, ssn AS k FROM customers) SELECT id FROM s WHERE k LIKE '1%' ORDER BY id;
-- case: pred-through-join
SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.ssn LIKE '1%' ORDER BY o.id;
-- case: pred-token
SELECT order_id FROM payments WHERE token < 'tok_8' ORDER BY 1;
-- case: pred-having
SELECT region FROM customers GROUP BY region HAVING min(ssn) < '5' ORDER BY 1;
-- case: pred-update-where
BEGIN;
UPDATE orders SET amount = amount WHERE customer_id IN (SELECT id FROM customers WHERE ssn LIKE '1%');
ROLLBACK;
-- case: pred-update-where-returning
BEGIN;
UPDATE orders o SET status = 'paid' FROM customers c WHERE c.id = o.customer_id AND c.ssn LIKE '1%' RETURNING o.id;
ROLLBACK;
-- case: pred-delete-where
BEGIN;
DELETE FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE ssn LIKE '1%');
ROLLBACK;
-- case: pred-insert-select-where
BEGIN;
INSERT INTO orders (customer_id, amount) SELECT id, 1 FROM customers WHERE ssn LIKE '1%';
ROLLBACK;
-- case: pred-lock-rows
BEGIN;
SELECT id FROM customers WHERE ssn LIKE '1%' ORDER BY id FOR SHARE;
ROLLBACK;
