-- case: json-to-jsonb-row
SELECT to_jsonb(c) FROM customers c;
-- case: json-row-to-json
SELECT row_to_json(c) FROM customers c;
-- case: json-row-to-json-pretty
SELECT row_to_json(c, true) FROM customers c;
-- case: json-to-json-value
SELECT to_json(ssn), to_jsonb(email) FROM customers;
-- case: json-agg-row
SELECT json_agg(c) FROM customers c;
-- case: json-agg-value-ordered
SELECT jsonb_agg(ssn ORDER BY id) FROM customers;
-- case: json-object-agg
SELECT json_object_agg(id, email) FROM customers;
-- case: json-object-agg-value-as-key
SELECT jsonb_object_agg(ssn, 1) FROM customers;
-- case: json-build-object
SELECT json_build_object('n', name, 's', ssn) FROM customers;
-- case: json-build-array
SELECT jsonb_build_array(ssn, email, 1) FROM customers;
-- case: json-build-variadic
SELECT json_build_array(VARIADIC ARRAY[ssn, phone]) FROM customers;
-- case: json-object-from-arrays
SELECT json_object(ARRAY['a', 'b'], ARRAY[ssn, email]) FROM customers;
-- case: json-array-to-json
SELECT array_to_json(ARRAY[ssn, email]) FROM customers;
-- case: json-array-to-json-of-rows
SELECT array_to_json(array_agg(c)) FROM customers c;
-- case: json-arrow-of-row
SELECT to_jsonb(c) -> 'ssn', to_jsonb(c) ->> 'email' FROM customers c;
-- case: json-path-arrow-of-row
SELECT to_jsonb(c) #> '{ssn}', to_jsonb(c) #>> '{email}' FROM customers c;
-- case: json-subscript-of-row
SELECT (to_jsonb(c))['ssn'] FROM customers c;
-- case: json-minus-clean-keys
SELECT to_jsonb(c) - 'id' - 'name' - 'region' - 'notes' - 'created_at' FROM customers c;
-- case: json-minus-masked-keys-but-one
SELECT to_jsonb(c) - '{ssn,phone,card_number}'::text[] FROM customers c;
-- case: json-concat-with-notes
SELECT notes || jsonb_build_object('x', ssn) FROM customers;
-- case: json-set-into-notes
SELECT jsonb_set(notes, '{leak}', to_jsonb(ssn)) FROM customers;
-- case: json-insert-into-notes
SELECT jsonb_insert(notes, '{leak}', to_jsonb(email)) FROM customers;
-- case: json-each-of-row
SELECT e.key, e.value FROM customers c, jsonb_each(to_jsonb(c)) e;
-- case: json-each-text-of-row
SELECT e.value FROM customers c, json_each_text(row_to_json(c)) AS e WHERE e.key = 'ssn';
-- case: json-array-elements
SELECT jsonb_array_elements_text(jsonb_build_array(ssn, email)) FROM customers;
-- case: json-object-keys
SELECT jsonb_object_keys(jsonb_build_object(ssn, email)) FROM customers;
-- case: json-path-query
SELECT jsonb_path_query(to_jsonb(c), '$.ssn') FROM customers c;
-- case: json-path-query-array-of-all
SELECT jsonb_path_query_array(jsonb_agg(c), '$[*].email') FROM customers c;
-- case: json-path-query-first-with-vars
SELECT jsonb_path_query_first('{}', '$x', jsonb_build_object('x', ssn)) FROM customers;
-- case: json-path-exists-as-oracle
SELECT id, jsonb_path_exists(to_jsonb(c), '$.ssn ? (@ like_regex "^1")') FROM customers c;
-- case: json-path-match-operator
SELECT id, to_jsonb(c) @@ '$.ssn starts with "1"', to_jsonb(c) @? '$ ? (@.email like_regex "com$")' FROM customers c;
-- case: json-contains-as-oracle
SELECT id, to_jsonb(c.ssn) <@ (SELECT jsonb_agg(reverse(o.ssn) || o.phone) || jsonb_agg(o.ssn ORDER BY id) FROM customers o WHERE o.ssn LIKE '%1') FROM customers c;
-- case: json-key-exists-as-oracle
SELECT id, jsonb_build_object(left(ssn, 1), 1) ? '1', jsonb_build_object(left(ssn, 1), 1) ?| ARRAY['7', '8'] FROM customers;
-- case: json-to-record
SELECT r.ssn FROM customers c, json_to_record(row_to_json(c)) AS r(ssn text);
-- case: json-to-recordset
SELECT r.a, r.email FROM jsonb_to_recordset((SELECT jsonb_agg(c) FROM customers c)) AS r(email text, a text);
-- case: json-populate-record
SELECT jsonb_populate_record(NULL::customers, to_jsonb(c)) FROM customers c;
-- case: json-populate-recordset
SELECT p.ssn FROM jsonb_populate_recordset(NULL::customers, (SELECT jsonb_agg(c) FROM customers c)) p;
-- case: json-populate-other-type
SELECT (jsonb_populate_record(NULL::orders, jsonb_build_object('status', ssn))).status FROM customers;
-- case: json-extract-path
SELECT json_extract_path_text(row_to_json(c), 'ssn'), jsonb_extract_path(to_jsonb(c), 'email') FROM customers c;
-- case: json-pretty
SELECT jsonb_pretty(to_jsonb(c)) FROM customers c;
-- case: json-strip-nulls
SELECT jsonb_strip_nulls(to_jsonb(c)) FROM customers c;
-- case: json-cast-text-to-json
SELECT ('{"a": "' || email || '"}')::json -> 'a' FROM customers;
-- case: json-cast-string-literal
SELECT ('"' || ssn || '"')::jsonb FROM customers;
-- case: json-typeof-as-oracle
SELECT id, jsonb_typeof(to_jsonb(phone)), jsonb_array_length(to_jsonb(string_to_array(ssn, '1'))) FROM customers;
-- case: json-to-tsvector
SELECT jsonb_to_tsvector('simple', to_jsonb(c), '["all"]') FROM customers c;
-- case: json-value-of-row-cast
SELECT (row_to_json(c)::jsonb -> 'card_number')::text FROM customers c;
-- case: json-object-of-subselect
SELECT row_to_json(x) FROM (SELECT id, ssn AS s FROM customers) x;
-- case: json-agg-filter
SELECT json_agg(email) FILTER (WHERE id > 0) FROM customers;
-- case: json-agg-of-view
SELECT json_agg(v) FROM customer_contacts v;
-- case: json-in-exists-of-path
SELECT name FROM customers c WHERE to_jsonb(c) @? '$.ssn ? (@ like_regex "1.*1")';
-- case: json-scalar-number
SELECT to_jsonb(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint) FROM customers;
-- case: json-delete-path
SELECT to_jsonb(c) #- '{name}' FROM customers c;
-- case: json-constructor-standard
-- why: needs PostgreSQL 16
SELECT JSON_OBJECT('k': ssn), JSON_ARRAY(email, phone) FROM customers;
-- case: json-arrayagg-standard
-- why: needs PostgreSQL 16
SELECT JSON_ARRAYAGG(ssn ORDER BY id), JSON_OBJECTAGG(id: email) FROM customers;
-- case: json-array-of-query
-- why: needs PostgreSQL 16
SELECT JSON_ARRAY(SELECT ssn FROM customers ORDER BY id);
-- case: json-value-standard
-- why: needs PostgreSQL 17
SELECT JSON_VALUE(to_jsonb(c), '$.ssn') FROM customers c;
-- case: json-query-standard
-- why: needs PostgreSQL 17
SELECT JSON_QUERY(to_jsonb(c), '$.email' WITH WRAPPER), JSON_QUERY(jsonb '{}', '$x' PASSING to_jsonb(ssn) AS x) FROM customers c;
-- case: json-exists-standard
-- why: needs PostgreSQL 17
SELECT id, JSON_EXISTS(to_jsonb(c), '$.ssn ? (@ starts with "1")') FROM customers c;
-- case: json-table-standard
-- why: needs PostgreSQL 17
SELECT t.n, t.s FROM JSON_TABLE((SELECT jsonb_agg(c ORDER BY c.id) FROM customers c), '$[*]' COLUMNS (n FOR ORDINALITY, s text PATH '$.ssn')) t;
-- case: json-table-lateral-nested
-- why: needs PostgreSQL 17
SELECT t.* FROM customers c, JSON_TABLE(jsonb_build_object('a', jsonb_build_array(c.email)), '$' COLUMNS (NESTED PATH '$.a[*]' COLUMNS (name text PATH '$'))) t;
-- case: json-constructor-functions
-- why: needs PostgreSQL 17
SELECT JSON('"' || ssn || '"'), JSON_SCALAR(email), JSON_SERIALIZE(to_json(phone)) FROM customers;
-- case: json-value-passing
-- why: needs PostgreSQL 17
SELECT JSON_VALUE(jsonb '{}', '$x' PASSING ssn AS x RETURNING text) FROM customers;
