-- case: expr-concat-empty
SELECT ssn || '' FROM customers;
-- case: expr-concat-with-clean
SELECT name || ': ' || email FROM customers;
-- case: expr-concat-number
SELECT 1 || ssn FROM customers;
-- case: expr-cast-varchar
SELECT ssn::varchar FROM customers;
-- case: expr-cast-char-n
SELECT ssn::char(3), card_number::varchar(7) FROM customers;
-- case: expr-cast-name
SELECT email::name FROM customers;
-- case: expr-cast-bytea
SELECT ssn::bytea FROM customers;
-- case: expr-cast-function-style
SELECT CAST(ssn AS text), bpchar(email), "varchar"(phone) FROM customers;
-- case: expr-cast-prefix-style
SELECT text(ssn), name(email) FROM customers;
-- case: expr-cast-dot-style
-- why: a cast in the notation of a field
SELECT (c.ssn).text FROM customers c;
-- case: expr-cast-number
SELECT regexp_replace(ssn, '[^0-9]', '', 'g')::bigint FROM customers;
-- case: expr-cast-numeric-arithmetic
SELECT (regexp_replace(card_number, '[^0-9]', '', 'g') || '0')::numeric / 10 FROM customers;
-- case: expr-cast-money
SELECT right(regexp_replace(ssn, '[^0-9]', '', 'g'), 6)::int::money FROM customers;
-- case: expr-cast-bits
SELECT right(regexp_replace(ssn, '[^0-9]', '', 'g'), 8)::int::bit(32) FROM customers;
-- case: expr-cast-interval
SELECT (right(regexp_replace(ssn, '[^0-9]', '', 'g'), 6) || ' seconds')::interval FROM customers;
-- case: expr-cast-oid-regtype
SELECT right(regexp_replace(ssn, '[^0-9]', '', 'g'), 8)::oid::regclass FROM customers;
-- case: expr-cast-inet
SELECT ('0.0.0.0'::inet + right(regexp_replace(ssn, '[^0-9]', '', 'g'), 8)::bigint) FROM customers;
-- case: expr-cast-macaddr
SELECT lpad(right(regexp_replace(phone, '[^0-9]', '', 'g'), 8), 12, '0')::macaddr FROM customers;
-- case: expr-cast-uuid
SELECT md5(ssn)::uuid FROM customers;
-- case: expr-cast-tsvector
SELECT email::tsvector, to_tsvector('simple', ssn) FROM customers;
-- case: expr-cast-jsonpath
SELECT to_json(ssn)::text::jsonpath FROM customers;
-- case: expr-cast-regconfig-like
SELECT quote_ident(ssn)::refcursor FROM customers;
-- case: expr-cast-chain
SELECT ssn::bpchar::varchar::name::text FROM customers;
-- case: expr-case-when-true
SELECT CASE WHEN true THEN ssn END FROM customers;
-- case: expr-case-digit-by-digit
SELECT CASE substr(ssn, 1, 1) WHEN '0' THEN 'a' WHEN '1' THEN 'b' WHEN '9' THEN 'j' ELSE 'other' END FROM customers;
-- case: expr-case-hides-in-else
SELECT CASE WHEN region IS NULL THEN name ELSE email END FROM customers;
-- case: expr-coalesce
SELECT coalesce(NULL, ssn, '') FROM customers;
-- case: expr-nullif
SELECT nullif(ssn, name) FROM customers;
-- case: expr-greatest-least
SELECT greatest(ssn, ''), least(ssn, repeat('~', 9)) FROM customers;
-- case: expr-comparison-as-output
SELECT id, ssn > '2' AS gt, ssn LIKE '%1%' AS has_one FROM customers;
-- case: expr-bit-by-bit
SELECT id, get_bit(ssn::bytea, 0), get_bit(ssn::bytea, 1), get_bit(ssn::bytea, 2), get_bit(ssn::bytea, 3) FROM customers;
-- case: expr-byte-by-byte
SELECT id, get_byte(ssn::bytea, 0), get_byte(ssn::bytea, 1), get_byte(ssn::bytea, 2) FROM customers;
-- case: expr-in-list-as-output
SELECT id, substr(ssn, 1, 1) IN ('1', '2', '3', '4'), right(ssn, 1) IN ('0', '2', '4', '6', '8') FROM customers;
-- case: expr-between-as-output
SELECT id, ssn BETWEEN '0' AND '5' FROM customers;
-- case: expr-is-distinct-as-output
SELECT a.id, b.id, a.ssn IS DISTINCT FROM reverse(b.email) AS d, left(a.ssn, 1) IS NOT DISTINCT FROM left(b.phone, 1) AS n, left(a.ssn, 3) IS NOT DISTINCT FROM '113' AS p FROM customers a, customers b;
-- case: expr-regex-as-output
SELECT id, ssn ~ '^[1-4]', ssn !~ '[13579]$', ssn SIMILAR TO '(1|2|3)%' FROM customers;
-- case: expr-is-null-by-arithmetic
SELECT id, (phone IS NULL)::int FROM customers;
-- case: expr-length-of
SELECT id, length(email), octet_length(ssn), char_length(card_number), bit_length(phone) FROM customers;
-- case: expr-pg-column-size
SELECT id, pg_column_size(email) FROM customers;
-- case: expr-collate
SELECT ssn COLLATE "C" FROM customers;
-- case: expr-operator-schema-qualified
SELECT ssn OPERATOR(pg_catalog.||) '' FROM customers;
-- case: expr-subscript-of-array
SELECT (ARRAY[ssn, email])[1] FROM customers;
-- case: expr-slice-of-array
SELECT (ARRAY['', ssn, email, ''])[2:3] FROM customers;
-- case: expr-subscript-by-value
-- why: the value chooses an element of a list that is known
SELECT (ARRAY['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])[1 + right(regexp_replace(ssn, '[^0-9]', '', 'g'), 1)::int] FROM customers;
-- case: expr-at-time-zone
SELECT to_timestamp(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint) AT TIME ZONE 'UTC' FROM customers;
-- case: expr-date-plus
SELECT date '2000-01-01' + right(regexp_replace(ssn, '[^0-9]', '', 'g'), 5)::int FROM customers;
-- case: expr-extract
SELECT extract(epoch FROM to_timestamp(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint)) FROM customers;
-- case: expr-overlaps-and-ranges
SELECT int8range(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint, NULL) FROM customers;
-- case: expr-point
SELECT point(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::float8, 1) FROM customers;
-- case: expr-nested-deep
SELECT ((((((((ssn)))))))) FROM customers;
-- case: expr-boolean-xor-chain
SELECT id, (ssn LIKE '1%') <> (email LIKE '%.com') FROM customers;
-- case: expr-not-null-trick
SELECT id, num_nulls(phone, card_number), num_nonnulls(phone) FROM customers;
