-- XML
SELECT xmlelement(name a) FROM t;

SELECT xmlelement(name a, xmlattributes(b)) FROM t;

SELECT xmlelement(name "A b", xmlattributes(b AS c, 1 AS "D"), 'text', d) FROM t;

SELECT xmlelement(name a, xmlelement(name b, 'x'), xmlcomment('y')) FROM t;

SELECT xmlforest(a) FROM t;

SELECT xmlforest(a AS b, c + 1 AS "d") FROM t;

SELECT xmlpi(name php) FROM t;

SELECT xmlpi(name php, 'echo') FROM t;

SELECT xmlconcat(a) FROM t;

SELECT xmlconcat(a, b, '<c/>') FROM t;

SELECT xmlroot(a, version '1.0') FROM t;

SELECT xmlroot(a, version no value, standalone yes) FROM t;

SELECT xmlroot(a, version b, standalone no) FROM t;

SELECT xmlroot(a, version '1.1', standalone no value) FROM t;

SELECT xmlparse(document '<a/>') FROM t;

SELECT xmlparse(content 'x' preserve whitespace) FROM t;

SELECT xmlparse(document a strip whitespace) FROM t;

SELECT xmlserialize(content a AS text) FROM t;

SELECT xmlserialize(document a AS varchar(100)) FROM t;

SELECT xmlexists('//a' PASSING b) FROM t;

SELECT xmlexists('//a' PASSING BY REF b) FROM t;

SELECT xmlexists('//a' PASSING BY VALUE b BY REF) FROM t;

SELECT xpath('/a/text()', b) FROM t;

SELECT xmlagg(a ORDER BY b) FROM t;

SELECT xml_is_well_formed(a) FROM t;

SELECT xpath_exists('/a', b, ARRAY[ARRAY['n', 'http://example.org']]) FROM t;

-- JSON functions that are ordinary calls
SELECT json_build_object('a', 1, 'b', NULL) FROM t;

SELECT json_build_array() FROM t;

SELECT jsonb_build_object(VARIADIC ARRAY['a', 'b']) FROM t;

SELECT to_jsonb(t) FROM t;

SELECT row_to_json(t, true) FROM t;

SELECT row_to_json(ROW(1, 'x')) FROM t;

SELECT jsonb_set(doc, '{a,b}', '1', false) FROM t;

SELECT jsonb_insert(doc, '{a,0}', '"x"', insert_after => true) FROM t;

SELECT jsonb_path_query(doc, '$.a[*] ? (@ > $min)', '{"min": 2}') FROM t;

SELECT jsonb_path_exists(doc, 'strict $.a') FROM t;

SELECT jsonb_strip_nulls(doc) FROM t;

SELECT jsonb_pretty(doc) FROM t;

SELECT json_typeof(a) FROM t;

SELECT jsonb_each_text(doc) FROM t;

SELECT jsonb_array_elements(doc -> 'a') FROM t;

SELECT jsonb_object_keys(doc) FROM t;
