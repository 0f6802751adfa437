-- Operators: arithmetic
SELECT 1 + 2 - 3 * 4 / 5 % 6 ^ 7;

SELECT -1;

SELECT +1;

SELECT - -1;

SELECT - (-1);

SELECT -(+(-1));

SELECT 1 - -1;

SELECT 1 + +1;

SELECT |/ 25;

SELECT ||/ 27;

SELECT @ -5;

SELECT ~ 5;

SELECT 5 != -3;

SELECT 5 & 3;

SELECT 5 | 3;

SELECT 5 # 3;

SELECT ~5;

SELECT 1 << 4;

SELECT 16 >> 2;

SELECT 2 ^ 3 ^ 2;

SELECT (2 ^ 3) ^ 2;

SELECT -2 ^ 2;

SELECT 'a' || 'b' || NULL;

SELECT 'a' || 1;

SELECT ARRAY[1] || 2;

SELECT 3 || ARRAY[4] || ARRAY[5, 6];

-- comparison
SELECT 1 < 2;

SELECT 1 > 2;

SELECT 1 <= 2;

SELECT 1 >= 2;

SELECT 1 = 2;

SELECT 1 <> 2;

SELECT 1 != 2;

SELECT a = b AND c <> d OR NOT e >= f FROM t;

SELECT (a < b) = (c < d) FROM t;

SELECT NOT a = b FROM t;

SELECT (NOT a) = b FROM t;

SELECT a IS NULL FROM t;

SELECT a IS NOT NULL FROM t;

SELECT a ISNULL FROM t;

SELECT a NOTNULL FROM t;

SELECT a IS TRUE FROM t;

SELECT a IS NOT TRUE FROM t;

SELECT a IS FALSE FROM t;

SELECT a IS NOT FALSE FROM t;

SELECT a IS UNKNOWN FROM t;

SELECT a IS NOT UNKNOWN FROM t;

SELECT a IS DISTINCT FROM b FROM t;

SELECT a IS NOT DISTINCT FROM NULL FROM t;

SELECT NOT a IS DISTINCT FROM b + 1 FROM t;

SELECT a BETWEEN 1 AND 10 FROM t;

SELECT a NOT BETWEEN b AND c + 1 FROM t;

SELECT a BETWEEN SYMMETRIC 10 AND 1 FROM t;

SELECT a NOT BETWEEN SYMMETRIC b AND c FROM t;

SELECT a BETWEEN ASYMMETRIC 1 AND 2 FROM t;

SELECT a BETWEEN 1 AND 2 AND b BETWEEN 3 AND 4 OR c NOT BETWEEN 5 AND 6 FROM t;

SELECT a IN (1, 2, 3) FROM t;

SELECT a NOT IN (1) FROM t;

SELECT (a, b) IN ((1, 2), (3, 4)) FROM t;

SELECT a IN (SELECT b FROM u) FROM t;

SELECT a NOT IN (VALUES (1), (2)) FROM t;

SELECT a IN ((SELECT 1)) FROM t;

SELECT (a, b) = (1, 2) FROM t;

SELECT (a, b) < (1, 2) FROM t;

SELECT ROW(a, b) <> ROW(1, 2) FROM t;

SELECT ROW(a) = ROW(1) FROM t;

SELECT (a, b) IS DISTINCT FROM (c, d) FROM t;

SELECT (a, b) IS NULL FROM t;

SELECT ROW(a, b) IS NOT NULL FROM t;

SELECT (a, b) OVERLAPS (c, d) FROM t;

SELECT (DATE '2001-02-16', DATE '2001-12-21') OVERLAPS (DATE '2001-10-30', INTERVAL '10 days') FROM t;

SELECT ROW(a, b) OVERLAPS ROW(c, d) FROM t;

SELECT a = ANY (ARRAY[1, 2]) FROM t;

SELECT a <> ALL ('{1,2}') FROM t;

SELECT a < SOME (b) FROM t;

SELECT a >= ANY (SELECT c FROM u) FROM t;

SELECT a = ALL (VALUES (1)) FROM t;

SELECT a LIKE ANY (ARRAY['x%', 'y%']) FROM t;

SELECT a NOT LIKE ALL ('{x%,y%}') FROM t;

SELECT a ILIKE ANY (SELECT pattern FROM patterns) FROM t;

SELECT a NOT ILIKE SOME (b) FROM t;

SELECT a OPERATOR(pg_catalog.=) ANY (b) FROM t;

SELECT a ~ ANY (c) FROM t;

SELECT a OPERATOR(my.<->) ALL (SELECT d FROM u) FROM t;

-- patterns
SELECT a LIKE 'x%' FROM t;

SELECT a NOT LIKE '_y' FROM t;

SELECT a LIKE 'x!%' ESCAPE '!' FROM t;

SELECT a NOT LIKE b ESCAPE '' FROM t;

SELECT a ILIKE 'X%' FROM t;

SELECT a NOT ILIKE 'X%' ESCAPE '#' FROM t;

SELECT a SIMILAR TO '(x|y)+' FROM t;

SELECT a NOT SIMILAR TO 'x%' FROM t;

SELECT a SIMILAR TO 'x\%' ESCAPE '\' FROM t;

SELECT a NOT SIMILAR TO b ESCAPE c FROM t;

SELECT a ~ '^x' FROM t;

SELECT a ~* '^x' FROM t;

SELECT a !~ 'x$' FROM t;

SELECT a !~* 'x$' FROM t;

SELECT a ~~ 'x%' FROM t;

SELECT a ~~* 'x%' FROM t;

SELECT a !~~ 'x' FROM t;

SELECT a !~~* 'x' FROM t;

SELECT a LIKE b || '%' AND c LIKE '%' || d || '%' FROM t;

SELECT a ^@ 'prefix' FROM t;

SELECT starts_with(a, 'prefix') FROM t;

-- named operators
SELECT 1 OPERATOR(pg_catalog.+) 2 FROM t;

SELECT OPERATOR(pg_catalog.-) 3 FROM t;

SELECT a OPERATOR(=) b FROM t;

SELECT a OPERATOR(my_schema.@@@) b FROM t;

SELECT OPERATOR("Odd Schema".!!) c FROM t;

SELECT 1 OPERATOR(pg_catalog.*) 2 + 3;

SELECT 1 + 2 OPERATOR(pg_catalog.*) 3 OPERATOR(pg_catalog.||) 4;

SELECT a @@ b FROM t;

SELECT a @@@ b FROM t;

SELECT a <-> b FROM t;

SELECT a <#> b FROM t;

SELECT a <=> b FROM t;

SELECT a <~> b FROM t;

SELECT a ~= b FROM t;

SELECT a &&& b FROM t;

SELECT a <% b FROM t;

SELECT a %>> b FROM t;

SELECT a ==> b FROM t;

SELECT a <@ b FROM t;

SELECT a @> b FROM t;

SELECT a && b FROM t;

SELECT a -|- b FROM t;

SELECT a <<| b FROM t;

SELECT a |>> b FROM t;

SELECT a &< b FROM t;

SELECT a &> b FROM t;

SELECT a ?| b FROM t;

SELECT a ?& b FROM t;

SELECT a ?- b FROM t;

SELECT a ?# b FROM t;

SELECT a ## b FROM t;

SELECT a |&> b FROM t;

SELECT doc -> 'a' FROM t;

SELECT doc ->> 'a' FROM t;

SELECT doc -> 0 FROM t;

SELECT doc #> '{a,b}' FROM t;

SELECT doc #>> '{a,b}' FROM t;

SELECT doc - 'a' FROM t;

SELECT doc - 1 FROM t;

SELECT doc - '{a,b}'::text[] FROM t;

SELECT doc #- '{a,0}' FROM t;

SELECT doc || '{"x": 1}' FROM t;

SELECT doc @> '{}' FROM t;

SELECT doc <@ '{}' FROM t;

SELECT doc ? 'a' FROM t;

SELECT doc ?| ARRAY['a'] FROM t;

SELECT doc ?& ARRAY['a'] FROM t;

SELECT doc @? '$.a' FROM t;

SELECT doc @@ '$.a > 1' FROM t;

SELECT doc -> 'a' -> 'b' ->> 'c' = 'x' FROM t;

SELECT (doc ->> 'n')::int + 1 FROM t;

SELECT doc -> 'a' || doc -> 'b' FROM t;

SELECT network <<= '10.0.0.0/8' FROM t;

SELECT network >>= addr FROM t;

SELECT network >> addr FROM t;

SELECT network && '::1' FROM t;

SELECT inet '10.1.2.3' & inet '255.0.0.0' FROM t;

SELECT point '(1,2)' <-> point '(3,4)';

SELECT circle '((0,0),2)' @> point '(1,1)';

SELECT box '((0,0),(1,1))' ?# box '((1,1),(2,2))';

SELECT lseg '[(0,0),(1,1)]' ?|| lseg '[(0,1),(1,2)]';

SELECT !! 'cat'::tsquery;

SELECT 'a'::tsquery <-> 'b'::tsquery;

SELECT 'a' && 'b'::tsquery;

SELECT to_tsvector('x') @@ to_tsquery('y');

SELECT int4range(1, 5) * int4range(3, 8);

SELECT int4range(1, 5) + int4range(5, 8);

SELECT int4range(1, 5) - int4range(3, 4);

SELECT int4range(1, 2) << int4range(3, 4);

SELECT a ||| b FROM t;

SELECT a *&* b FROM t;

SELECT @#@ a FROM t;

SELECT a <<>> b FROM t;

SELECT a !== b FROM t;

SELECT a <<|>> b FROM t;

-- precedence
SELECT NOT a AND b OR c FROM t;

SELECT a OR b AND NOT c FROM t;

SELECT NOT (a OR b) FROM t;

SELECT NOT a IS NULL FROM t;

SELECT NOT a LIKE 'b' FROM t;

SELECT NOT a IN (1) FROM t;

SELECT NOT a BETWEEN 1 AND 2 FROM t;

SELECT a + b IS NULL FROM t AS a;

SELECT a || b LIKE c || d FROM t AS a;

SELECT a < b IS TRUE FROM t AS a;

SELECT a = b IS NOT DISTINCT FROM c FROM t AS a;

SELECT - a ^ b FROM t AS a;

SELECT a::int + b::int FROM t AS a;

SELECT - a::int FROM t AS a;

SELECT a.b[1]::text COLLATE "C" FROM t AS a;

SELECT a <= b AND c >= d OR e <> f AND g = h FROM t;

SELECT (a AND b) IS NOT TRUE FROM t;

SELECT a IS NULL = b IS NULL FROM t;

SELECT 1 = 1 AND 'x' || 'y' = 'xy' AND 2 * 3 + 4 > 5 - 6 AND ARRAY[1] @> ARRAY[1] || ARRAY[2];

SELECT a AT TIME ZONE 'UTC' + interval '1 h' FROM t;

SELECT - a AT TIME ZONE 'x' FROM t;

SELECT a COLLATE "C" || b COLLATE "C" FROM t;

SELECT a::text AT TIME ZONE b FROM t;

SELECT a + CASE WHEN b THEN 1 ELSE 2 END * 3 FROM t;

SELECT CASE a WHEN 1 THEN 2 END::text || 'x' FROM t;

-- conditions
SELECT CASE WHEN a > 1 THEN 'x' WHEN a > 0 THEN 'y' END FROM t;

SELECT CASE a WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END FROM t;

SELECT CASE a + b WHEN c THEN d ELSE (SELECT 1) END FROM t;

SELECT CASE WHEN a THEN CASE b WHEN 1 THEN CASE WHEN c THEN 1 END END ELSE CASE WHEN d THEN 2 END END FROM t;

SELECT coalesce(a) FROM t;

SELECT coalesce(a, b, 1) FROM t;

SELECT nullif(a, b) FROM t;

SELECT greatest(a, b, c) FROM t;

SELECT least(a) FROM t;

SELECT COALESCE((SELECT 1), 2) FROM t;

SELECT a COLLATE "C" FROM t;

SELECT a COLLATE pg_catalog."de_DE" FROM t;

SELECT (a || b) COLLATE "en-x-icu" < c COLLATE "C" FROM t;

SELECT a IS DOCUMENT FROM t;

SELECT a IS NOT DOCUMENT FROM t;

SELECT a IS NORMALIZED FROM t;

SELECT a IS NOT NORMALIZED FROM t;

SELECT a IS NFC NORMALIZED FROM t;

SELECT a IS NFD NORMALIZED FROM t;

SELECT a IS NOT NFKC NORMALIZED FROM t;

SELECT a IS NOT NFKD NORMALIZED FROM t;

SELECT normalize(a) FROM t;

SELECT normalize(a, NFC) FROM t;

SELECT normalize(a, NFD) FROM t;

SELECT normalize(a || b, NFKC) FROM t;

SELECT normalize('x', NFKD) FROM t;

-- times
SELECT now() AT TIME ZONE 'UTC' FROM t;

SELECT ts AT TIME ZONE interval '-08:00' FROM t;

SELECT ts AT TIME ZONE 'a' AT TIME ZONE 'b' FROM t;

SELECT (ts AT TIME ZONE tz)::date FROM t;

SELECT current_date;

SELECT current_time;

SELECT current_time(2);

SELECT current_timestamp;

SELECT current_timestamp(3);

SELECT localtime;

SELECT localtime(0);

SELECT localtimestamp;

SELECT localtimestamp(6);

SELECT now();

SELECT current_user;

SELECT session_user;

SELECT user;

SELECT current_role;

SELECT current_catalog;

SELECT current_schema;

SELECT current_schema();

SELECT current_database();

SELECT pg_catalog.current_schema();

SELECT extract(year FROM ts) FROM t;

SELECT extract('month' FROM ts) FROM t;

SELECT EXTRACT(EPOCH FROM interval '1 day') FROM t;

SELECT extract(dow FROM date '2001-02-16') FROM t;

SELECT extract(timezone_hour FROM now()) FROM t;

SELECT extract(second FROM ts) FROM t;

SELECT extract("century" FROM ts) FROM t;

SELECT ts + interval '1 day' * 3 - interval '2 hours' FROM t;

SELECT date '2001-09-28' + 7 FROM t;

SELECT time '01:00' + interval '3 hours' FROM t;

SELECT age(ts) FROM t;

SELECT ts - ts FROM t;

-- functions with a syntax of their own
SELECT substring(a FROM 2) FROM t;

SELECT substring(a FROM 2 FOR 3) FROM t;

SELECT substring(a FOR 3) FROM t;

SELECT substring(a FOR 3 FROM 2) FROM t;

SELECT substring(a FROM '[0-9]+') FROM t;

SELECT substring(a FROM '#"x#"%' FOR '#') FROM t;

SELECT substring(a, 2, 3) FROM t;

SELECT substring(a SIMILAR '%#"o_b#"%' ESCAPE '#') FROM t;

SELECT substring(lower(a) || 'x' SIMILAR b ESCAPE c) FROM t;

SELECT position('a' IN b) FROM t;

SELECT position(lower(a) || 'x' IN b || c) FROM t;

SELECT overlay(a PLACING 'xx' FROM 2) FROM t;

SELECT overlay(a PLACING 'xx' FROM 2 FOR 4) FROM t;

SELECT overlay(a, 'x', 1, 2) FROM t;

SELECT trim(a) FROM t;

SELECT trim(both from a) FROM t;

SELECT trim(leading from a) FROM t;

SELECT trim(trailing from a) FROM t;

SELECT trim(both 'x' from a) FROM t;

SELECT trim(leading 'x' from a) FROM t;

SELECT trim(trailing 'x' from a) FROM t;

SELECT trim('x' from a) FROM t;

SELECT trim(from a) FROM t;

SELECT trim(a, 'x') FROM t;

SELECT trim(both a, 'x') FROM t;

SELECT collation for (a) FROM t;

SELECT collation for ('x' COLLATE "C") FROM t;

SELECT collation for (a || b) FROM t;

SELECT treat(a AS person) FROM t;

SELECT cast(a AS person) FROM t;

SELECT f() FROM t;

SELECT f(1) FROM t;

SELECT f(1, 2) FROM t;

SELECT f(a => 1) FROM t;

SELECT f(1, b => 2) FROM t;

SELECT f(a := 1, b := 2) FROM t;

SELECT f(VARIADIC '{1,2}') FROM t;

SELECT f(1, VARIADIC ARRAY[2, 3]) FROM t;

SELECT s.f(1) FROM t;

SELECT d.s.f(1) FROM t;

SELECT "F"(1) FROM t;

SELECT f(ALL 1) FROM t;

SELECT f(DISTINCT a) FROM t;

SELECT f(a ORDER BY b) FROM t;

SELECT left(a, 1) FROM t;

SELECT right(a, 1) FROM t;

SELECT replace(a, 'x', 'y') FROM t;

SELECT char_length(a) FROM t;

SELECT if(a) FROM t;

SELECT (row(a)).f1 FROM t;

SELECT grouping(a) FROM t GROUP BY a;

SELECT merge_action_of(a) FROM t GROUP BY a;

SELECT xmin FROM t GROUP BY a;

SELECT ctid FROM t GROUP BY a;

SELECT tableoid::regclass FROM t GROUP BY a;

SELECT cmax FROM t GROUP BY a;

SELECT t.xmax FROM t GROUP BY a;
