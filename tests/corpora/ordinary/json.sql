-- case: json-arrow
SELECT id, notes -> 'tier' AS tier FROM customers ORDER BY id;
-- case: json-arrow-text
SELECT id, notes ->> 'tier' AS tier FROM customers ORDER BY id;
-- case: json-filter-text
SELECT id, name FROM customers WHERE notes ->> 'tier' = 'gold' ORDER BY id;
-- case: json-contains
SELECT id FROM customers WHERE notes @> '{"tier": "silver"}' ORDER BY id;
-- case: json-contains-cast
SELECT id FROM customers WHERE notes @> '{"newsletter": true}'::jsonb ORDER BY id;
-- case: json-contained
SELECT id FROM customers WHERE notes <@ '{"tier": "gold", "newsletter": true, "language": "it"}' ORDER BY id;
-- case: json-key-exists
SELECT id FROM customers WHERE notes ? 'language' ORDER BY id;
-- case: json-any-key-exists
SELECT id FROM customers WHERE notes ?| ARRAY['complaint', 'gift_wrap'] ORDER BY id;
-- case: json-all-keys-exist
SELECT id FROM customers WHERE notes ?& ARRAY['tier', 'language'] ORDER BY id;
-- case: json-path-arrow
SELECT id, notes #> '{tier}' AS a, notes #>> '{language}' AS b FROM customers ORDER BY id;
-- case: json-subscript
SELECT id, notes['tier'] AS tier FROM customers ORDER BY id;
-- case: json-subscript-qualified
SELECT c.id, c.notes['language'] AS language FROM customers c ORDER BY c.id;
-- case: json-cast-boolean
SELECT id FROM customers WHERE (notes ->> 'newsletter')::boolean ORDER BY id;
-- case: json-coalesce
SELECT id, coalesce(notes ->> 'language', 'en') AS language FROM customers ORDER BY id;
-- case: json-group-by
SELECT notes ->> 'tier' AS tier, count(*) FROM customers GROUP BY notes ->> 'tier' ORDER BY 1;
-- case: json-object-keys
SELECT DISTINCT jsonb_object_keys(notes) AS key FROM customers ORDER BY 1;
-- case: json-each
SELECT c.id, e.key, e.value FROM customers c, jsonb_each(c.notes) AS e ORDER BY c.id, e.key;
-- case: json-each-text
SELECT c.id, e.key, e.value FROM customers c CROSS JOIN LATERAL jsonb_each_text(c.notes) e ORDER BY 1, 2;
-- case: json-typeof
SELECT id, jsonb_typeof(notes) AS type, jsonb_typeof(notes -> 'newsletter') AS newsletter FROM customers ORDER BY id;
-- case: json-empty
SELECT id FROM customers WHERE notes = '{}' ORDER BY id;
-- case: json-path-exists
SELECT id FROM customers WHERE notes @? '$.tier ? (@ == "gold")' ORDER BY id;
-- case: json-path-match
SELECT id FROM customers WHERE notes @@ '$.newsletter == true' ORDER BY id;
-- case: json-path-query
SELECT id, jsonb_path_query_first(notes, '$.tier') AS tier FROM customers ORDER BY id;
-- case: json-path-query-array
SELECT id, jsonb_path_query_array(notes, '$.*') AS everything FROM customers ORDER BY id;
-- case: json-set
SELECT id, jsonb_set(notes, '{seen}', 'true') AS notes FROM customers ORDER BY id;
-- case: json-delete-key
SELECT id, notes - 'tier' AS rest FROM customers ORDER BY id;
-- case: json-delete-path
SELECT id, notes #- '{tier}' AS rest FROM customers ORDER BY id;
-- case: json-concat
SELECT id, notes || '{"checked": 1}' AS notes FROM customers ORDER BY id;
-- case: json-pretty
SELECT jsonb_pretty(notes) FROM customers WHERE id = 1;
-- case: json-build-object
SELECT jsonb_build_object('id', id, 'amount', amount, 'status', status) FROM orders ORDER BY id;
-- case: json-row-to-json
SELECT row_to_json(o) FROM orders o ORDER BY o.id;
-- case: json-to-jsonb-of-row
SELECT to_jsonb(o) -> 'amount' AS amount FROM orders o ORDER BY o.id;
-- case: json-agg-of-subquery
SELECT json_agg(t) FROM (SELECT id, status FROM orders ORDER BY id LIMIT 3) t;
-- case: json-agg-per-customer
SELECT c.name, json_agg(json_build_object('id', o.id, 'amount', o.amount) ORDER BY o.id) AS orders FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.name ORDER BY c.id;
-- case: json-array-elements
SELECT value FROM jsonb_array_elements('[1, 2, {"a": 3}]'::jsonb);
-- case: json-array-elements-text
SELECT e FROM jsonb_array_elements_text('["a", "b"]') AS e ORDER BY e;
-- case: json-array-length
SELECT jsonb_array_length('[1, 2, 3]'), json_array_length('[]');
-- case: json-to-recordset
SELECT * FROM json_to_recordset('[{"a": 1, "b": "x"}, {"a": 2}]') AS t(a int, b text) ORDER BY a;
-- case: json-to-record
SELECT c.id, r.tier, r.language FROM customers c, jsonb_to_record(c.notes) AS r(tier text, language text) ORDER BY c.id;
-- case: json-strip-nulls
SELECT json_strip_nulls('{"a": null, "b": 1}'), jsonb_strip_nulls('{"a": null}');
-- case: json-literal-numbers
SELECT '{"a": 1.50}'::json ->> 'a' AS a, ('{"a": 1.50}'::jsonb -> 'a')::numeric AS b;
-- case: json-object-agg
SELECT jsonb_object_agg(status, n ORDER BY status) FROM (SELECT status, count(*) AS n FROM orders GROUP BY status) t;
-- case: json-beside-masked
-- masked: email
SELECT id, email, notes ->> 'tier' AS tier FROM customers WHERE notes ? 'tier' ORDER BY id;
