-- case: arr-constructor
SELECT ARRAY[ssn] FROM customers;
-- case: arr-unnest
SELECT unnest(ARRAY[ssn]) FROM customers;
-- case: arr-unnest-lateral
SELECT v FROM customers c, unnest(ARRAY[c.ssn, c.email]) v;
-- case: arr-unnest-two
SELECT u.a, u.b FROM customers c, unnest(ARRAY[c.id], ARRAY[c.ssn]) AS u(a, b);
-- case: arr-unnest-with-ordinality
SELECT u.* FROM customers c, unnest(ARRAY[c.ssn]) WITH ORDINALITY AS u(region, n);
-- case: arr-subquery
SELECT ARRAY(SELECT ssn FROM customers ORDER BY id);
-- case: arr-subquery-unnested
SELECT unnest(ARRAY(SELECT email FROM customers));
-- case: arr-agg
SELECT array_agg(ssn) FROM customers;
-- case: arr-agg-two-dimensions
SELECT array_agg(ARRAY[name, ssn] ORDER BY id) FROM customers;
-- case: arr-agg-subscript
SELECT (array_agg(ssn ORDER BY id))[2] FROM customers;
-- case: arr-append-prepend-cat
SELECT array_append(NULL, ssn), array_prepend(email, '{}'), array_cat(ARRAY[phone], ARRAY['x']) FROM customers;
-- case: arr-concat-operator
SELECT ARRAY['x'] || ssn, email || ARRAY['x'] FROM customers;
-- case: arr-to-string
SELECT array_to_string(ARRAY[ssn, email], ',') FROM customers;
-- case: arr-fill
SELECT array_fill(ssn, ARRAY[2]) FROM customers;
-- case: arr-replace-remove
SELECT array_replace(ARRAY['a'], 'a', ssn), array_remove(ARRAY[ssn, 'a'], 'a') FROM customers;
-- case: arr-position-as-oracle
SELECT id, array_position(ARRAY['1', '2', '8', '9'], left(ssn, 1)), array_positions(string_to_array(ssn, NULL), '1') FROM customers;
-- case: arr-contains-as-oracle
SELECT id, string_to_array(ssn, NULL) @> ARRAY['1'], string_to_array(ssn, NULL) && ARRAY['5', '6'] FROM customers;
-- case: arr-any-as-oracle
SELECT id, '1' = ANY (string_to_array(ssn, NULL)), left(ssn, 1) = ALL (ARRAY['1']) FROM customers;
-- case: arr-cardinality-as-oracle
SELECT id, cardinality(string_to_array(ssn, '1')), array_length(string_to_array(email, '.'), 1) FROM customers;
-- case: arr-generate-subscripts
SELECT c.id, (string_to_array(c.ssn, NULL))[i] FROM customers c, generate_subscripts(string_to_array(c.ssn, NULL), 1) AS i ORDER BY 1, i;
-- case: arr-slice
SELECT (string_to_array(email, '@'))[1:2] FROM customers;
-- case: arr-trim
SELECT trim_array(ARRAY[ssn, 'x'], 1) FROM customers;
-- case: arr-generate-series-until-value
-- why: the number of rows is the value
SELECT count(*) FROM customers c, generate_series(1, right(regexp_replace(c.ssn, '[^0-9]', '', 'g'), 2)::int);
-- case: arr-generate-series-from-value
SELECT g FROM customers c, generate_series(right(regexp_replace(c.ssn, '[^0-9]', '', 'g'), 4)::int, right(regexp_replace(c.ssn, '[^0-9]', '', 'g'), 4)::int) g;
-- case: arr-rows-from
SELECT r.* FROM customers c, ROWS FROM (unnest(ARRAY[c.ssn]), generate_series(1, 2)) AS r(a, b);
-- case: arr-srf-in-select-list
SELECT id, string_to_table(email, '@') FROM customers;
-- case: arr-range-bounds
SELECT lower(textr), upper(textr) FROM (SELECT int4range(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 5)::int, NULL) AS textr FROM customers) r;
-- case: arr-multirange
SELECT range_agg(int4range(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 5)::int, NULL, '[]')) FROM customers;
-- case: arr-width-bucket
SELECT id, width_bucket(ssn, ARRAY['10', '111', '12', '15', '17', '2', '987-65-4325']) FROM customers;
-- case: arr-variadic-greatest-of-array
SELECT num_nulls(VARIADIC ARRAY[phone, card_number]) FROM customers;
-- case: arr-slice-assignment-update
BEGIN;
UPDATE customers SET notes['leak'] = to_jsonb(ssn) WHERE id > 0 RETURNING notes;
ROLLBACK;
-- case: arr-unnest-tsvector
SELECT (unnest(to_tsvector('simple', email))).lexeme FROM customers;
-- case: arr-ts-lexize-parse
SELECT token FROM customers c, ts_parse('default', c.email);
-- case: arr-json-array-elements-ordinality
SELECT j.value FROM customers c, jsonb_array_elements_text(jsonb_build_array(c.ssn)) WITH ORDINALITY AS j(value, n);
-- case: arr-any-value-of-array-text
SELECT ARRAY[ssn]::text, (ARRAY[ssn, email]::text)::text[] FROM customers;
-- case: arr-cast-to-oidvector-like
SELECT ARRAY[right(regexp_replace(ssn, '[^0-9]', '', 'g'), 8)::int]::int8[], ARRAY[ssn]::name[] FROM customers;
