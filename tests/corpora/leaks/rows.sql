-- case: row-alias
SELECT c FROM customers c;
-- case: row-table-name
SELECT customers FROM customers;
-- case: row-cast-text
SELECT c::text FROM customers c;
-- case: row-cast-varchar-of-table-name
SELECT customers::varchar FROM customers;
-- case: row-field
SELECT (c).ssn FROM customers c;
-- case: row-field-star
SELECT (c).* FROM customers c;
-- case: row-field-quoted
SELECT ("c")."ssn" FROM customers c;
-- case: row-field-of-subquery
SELECT (x.r).email FROM (SELECT c AS r FROM customers c) x;
-- case: row-field-star-of-subquery
SELECT (x.r).* FROM (SELECT c AS r FROM customers c) x;
-- case: row-field-of-scalar-subquery
SELECT (SELECT c FROM customers c ORDER BY id LIMIT 1).ssn;
-- case: row-field-star-of-scalar-subquery
SELECT ((SELECT c FROM customers c ORDER BY id LIMIT 1)).*;
-- case: row-constructor
SELECT row(ssn, email) FROM customers;
-- case: row-constructor-of-star
SELECT row(c.*) FROM customers c;
-- case: row-constructor-implicit
SELECT (ssn, email) FROM customers;
-- case: row-constructor-text
SELECT row(ssn)::text FROM customers;
-- case: row-constructor-nested
SELECT row(row(row(ssn))) FROM customers;
-- case: row-star-in-call
SELECT concat(c.*) FROM customers c;
-- case: row-functional-notation
SELECT ssn(c) FROM customers c;
-- case: row-functional-notation-quoted
SELECT "email"("customers") FROM customers;
-- case: row-functional-notation-nested
SELECT upper(email(c)) FROM customers c;
-- case: row-functional-notation-of-subquery
SELECT phone(x) FROM (SELECT * FROM customers) x;
-- case: row-attribute-notation-of-function
-- why: c.row_to_json means row_to_json(c)
SELECT c.row_to_json FROM customers c;
-- case: row-attribute-notation-to-jsonb
SELECT c.to_jsonb, (c).to_json FROM customers c;
-- case: row-attribute-notation-quote-literal
SELECT c.quote_literal, (c).record_send FROM customers c;
-- case: row-type-cast-from-text
SELECT ((c::text)::customers).ssn FROM customers c;
-- case: row-type-cast-record
SELECT (row(c.*)::customers).email FROM customers c;
-- case: row-cast-to-other-type
-- why: the row is read as one of another table's type, whose columns have other names
SELECT (row(p.id, p.id, 1, p.token, now())::orders).status FROM payments p;
-- case: row-cast-to-view-type
SELECT (row(c.id, c.ssn, c.name, c.region)::customer_contacts).name FROM customers c;
-- case: row-array-agg
SELECT array_agg(c ORDER BY id) FROM customers c;
-- case: row-array-agg-unnest
SELECT (unnest(array_agg(c))).ssn FROM customers c;
-- case: row-array-of-rows-subscript
SELECT ((array_agg(c ORDER BY id))[1]).ssn FROM customers c;
-- case: row-array-subquery
SELECT ARRAY(SELECT c FROM customers c ORDER BY id);
-- case: row-array-subquery-field
SELECT u.email FROM unnest(ARRAY(SELECT c FROM customers c)) AS u;
-- case: row-comparison-output
SELECT id, row(ssn, email) > row('2', '') FROM customers;
-- case: row-comparison-record-operator
SELECT s *< t, s *= t, s < t FROM (SELECT ssn FROM customers ORDER BY id) s, (SELECT left(phone, 3)::text AS x FROM customers ORDER BY id) t;
-- case: row-comparison-whole
SELECT a.id FROM customers a WHERE row(a.ssn, a.id) < row('3', 0);
-- case: row-min-of-records
-- why: needs PostgreSQL 18, where records have min and max
SELECT max(row(ssn)) FROM customers;
-- case: row-distinct-whole
SELECT DISTINCT c FROM customers c;
-- case: row-hash
SELECT hash_record(c), hash_record_extended(c, 0), record_send(row(ssn)) FROM customers c;
-- case: row-of-view
SELECT v, v::text, (v).email FROM customer_contacts v;
-- case: row-of-join-alias
SELECT j FROM (customers c JOIN orders o ON o.customer_id = c.id) AS j(a, b, d, e, f, g, h, i, k, l, m, n, o, p);
-- case: row-of-cte
WITH x AS (SELECT ssn, email FROM customers) SELECT x FROM x;
-- case: row-of-values
SELECT v FROM customers c, LATERAL (VALUES (c.ssn)) v;
-- case: row-lateral-alias-only
SELECT r FROM customers c, LATERAL (SELECT c.*) r;
-- case: row-null-test
SELECT id, row(phone, card_number) IS NULL, row(phone, card_number) IS NOT NULL FROM customers;
-- case: row-coalesce
SELECT coalesce(c, c) FROM customers c;
-- case: row-case
SELECT CASE WHEN c.id > 0 THEN c END FROM customers c;
-- case: row-pg-typeof-and-value
SELECT pg_typeof(c), quote_literal(c) FROM customers c;
-- case: row-string-agg
SELECT string_agg(c::text, E'\n' ORDER BY id) FROM customers c;
-- case: row-any-value-first-value
SELECT (first_value(c) OVER (ORDER BY id)).ssn FROM customers c;
-- case: row-hidden-in-function-format
SELECT format('%s', c) FROM customers c;
-- case: row-num-nulls-variadic
SELECT concat_ws('|', VARIADIC ARRAY[c::text, (c).email]) FROM customers c;
-- case: row-json-populate
SELECT (json_populate_record(NULL::customers, row_to_json(c))).ssn FROM customers c;
