-- case: text-case
SELECT upper(name), lower(name), initcap(region) FROM customers ORDER BY id;
-- case: text-length
SELECT name, length(name), char_length(name), octet_length(name) FROM customers ORDER BY id;
-- case: text-concat
SELECT name || ' (' || region || ')' AS label FROM customers ORDER BY id;
-- case: text-concat-functions
SELECT concat(name, '/', region), concat_ws(', ', name, region, NULL) FROM customers ORDER BY id;
-- case: text-substring
SELECT substring(name FROM 1 FOR 3), substring(name, 4), substr(name, 2, 2), left(name, 3), right(name, 3) FROM customers ORDER BY id;
-- case: text-split-part
SELECT split_part(name, ' ', 1) AS first, split_part(name, ' ', 2) AS last FROM customers ORDER BY id;
-- case: text-position
SELECT position(' ' IN name), strpos(name, 'a') FROM customers ORDER BY id;
-- case: text-replace
SELECT replace(region, '-', '_'), translate(name, 'aeiou', '*****') FROM customers ORDER BY id;
-- case: text-regexp
SELECT regexp_replace(name, '\s+', ' ', 'g'), regexp_match(name, '^(\w+)'), (regexp_match(region, '^(\w+)-'))[1] FROM customers ORDER BY id;
-- case: text-regexp-split
SELECT id, regexp_split_to_array(region, '-') FROM customers ORDER BY id;
-- case: text-regexp-newer
SELECT regexp_count(name, 'a'), regexp_substr(name, '\w+$'), regexp_like(name, '^A'), regexp_instr(name, 'a') FROM customers ORDER BY id;
-- case: text-pad-and-trim
SELECT lpad(id::text, 6, '0'), rpad(status, 10, '.'), trim('  x '), btrim('xxaxx', 'x'), ltrim('  a'), rtrim('a  ') FROM orders ORDER BY id;
-- case: text-trim-syntax
SELECT trim(BOTH 'x' FROM 'xxaxx'), trim(LEADING FROM '  a'), trim(TRAILING '.' FROM 'a..');
-- case: text-repeat-reverse
SELECT repeat('=', 5), reverse('abc'), chr(65), ascii('A');
-- case: text-format
SELECT format('%s owes %s', c.name, o.amount) FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id;
-- case: text-quote
SELECT quote_ident('a b'), quote_literal('it''s'), quote_nullable(NULL);
-- case: text-md5
SELECT md5(name), md5('x') FROM customers ORDER BY id;
-- case: text-encode
SELECT encode('abc'::bytea, 'hex'), encode('abc', 'base64'), decode('YWJj', 'base64');
-- case: text-overlay
SELECT overlay('abcdef' PLACING 'XX' FROM 3 FOR 2);
-- case: text-to-char
SELECT to_char(amount, 'FM999,990.00'), to_char(id, '0000') FROM orders ORDER BY id;
-- case: text-to-number
SELECT to_number('1,234.50', '9,999.99'), '12.5'::numeric, '7'::int + 1;
-- case: text-string-to-array
SELECT string_to_array('a,b,c', ','), array_to_string(ARRAY[1, 2, NULL, 4], ',', '?');
-- case: text-string-to-table
SELECT t FROM string_to_table('a b c', ' ') AS t ORDER BY t;
-- case: text-starts-with
SELECT name FROM customers WHERE starts_with(name, 'G') OR name ^@ 'H' ORDER BY name;
-- case: text-search
SELECT id, name FROM customers WHERE to_tsvector('simple', name) @@ to_tsquery('simple', 'ada | hiro') ORDER BY id;
-- case: text-search-rank
SELECT id, ts_rank(to_tsvector('simple', name), plainto_tsquery('simple', 'grace')) > 0 AS hit FROM customers ORDER BY id;
-- case: text-normalize
SELECT normalize('a') = 'a' AS same, 'a' IS NORMALIZED AS normal;
-- case: text-like-operators
SELECT id FROM orders WHERE status ~~ 's%' AND status !~~ 'x%' AND status ~~* 'S%' ORDER BY id;
-- case: num-rounding
SELECT round(2.5), round(-2.567, 2), ceil(1.2), ceiling(1.2), floor(-1.2), trunc(1.999, 1), abs(-4), sign(-3), mod(10, 3);
-- case: num-powers
SELECT power(2, 8), sqrt(16), cbrt(27), exp(0), ln(1), log(100), log(2, 8);
-- case: num-trigonometry
SELECT sin(0), cos(0), degrees(pi()), radians(180) = pi() AS half;
-- case: num-integers
SELECT gcd(12, 18), lcm(4, 6), factorial(5), div(17, 5), 17 / 5, 17 % 5, 5 # 3, 5 & 3, 5 | 3, ~5, 1 << 4, 256 >> 4;
-- case: num-numeric
SELECT 0.1 + 0.2 AS exact, 1e3, 1.5e-3, 10::numeric / 3, scale(1.50), trim_scale(1.50), min_scale(1.500);
-- case: num-floats
SELECT 0.1::float8 + 0.2::float8 AS sum, 'NaN'::float8, 'Infinity'::float4, 1::float8 / 3;
-- case: num-width-bucket
SELECT width_bucket(5.35, 0.024, 10.06, 5), to_hex(255);
-- case: num-money-like
SELECT id, round(amount * 1.0825, 2) AS taxed, trunc(amount) AS whole FROM orders ORDER BY id;
-- case: num-random-is
SELECT random() BETWEEN 0 AND 1 AS r, gen_random_uuid() IS NOT NULL AS u;
-- case: num-conditional
SELECT num_nulls(1, NULL, 2), num_nonnulls(1, NULL), nullif(1, 1), coalesce(NULL, 2), greatest(1, 3, 2), least(1, NULL, 0);
-- case: array-functions
SELECT array_length(ARRAY[1, 2, 3], 1), cardinality(ARRAY[[1, 2], [3, 4]]), array_append(ARRAY[1], 2), array_remove(ARRAY[1, 2, 1], 1), array_position(ARRAY['a', 'b'], 'b');
-- case: array-operators
SELECT ARRAY[1, 2] || 3 AS a, ARRAY[1, 2] @> ARRAY[1] AS b, ARRAY[1] && ARRAY[2] AS c, (ARRAY[4, 5, 6])[2] AS d, (ARRAY[4, 5, 6])[2:3] AS e;
-- case: array-unnest
SELECT u FROM unnest(ARRAY['x', 'y', 'z']) AS u ORDER BY u;
-- case: array-unnest-ordinality
SELECT v, n FROM unnest(ARRAY['x', 'y']) WITH ORDINALITY AS t(v, n) ORDER BY n;
-- case: array-unnest-parallel
SELECT a, b FROM unnest(ARRAY[1, 2], ARRAY['x', 'y']) AS t(a, b) ORDER BY a;
-- case: array-any-all
SELECT id FROM orders WHERE id = ANY ('{1,3,5}') AND amount > ALL (ARRAY[1, 2]) ORDER BY id;
-- case: range-functions
SELECT int4range(1, 10) @> 5 AS c, lower(int4range(1, 10)), upper(int4range(1, 10)), int4range(1, 5) && int4range(4, 8) AS o, isempty(int4range(1, 1));
-- case: uuid-and-network
SELECT '0ec1aa1e-0000-4000-8000-000000000000'::uuid, inet '192.168.0.1' << inet '192.168.0.0/24' AS inside, host(inet '10.0.0.1/8');
-- case: bits-and-bytes
SELECT B'101' & B'110', '\xdeadbeef'::bytea, length('\xdeadbeef'::bytea), get_byte('\x01ff'::bytea, 1);
-- case: typeof
SELECT pg_typeof(1), pg_typeof('x'::text), pg_typeof(now()), pg_typeof(ARRAY[1]);
