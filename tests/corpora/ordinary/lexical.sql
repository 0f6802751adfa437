-- case: lex-comment-block
/* the open orders */ SELECT id FROM orders WHERE status = 'new' ORDER BY id;
-- case: lex-comment-trailing
SELECT id FROM orders WHERE status = 'new' ORDER BY id /* done */;
-- case: lex-comment-sqlcommenter
SELECT count(*) FROM orders /*action='index',application='Shop',controller='orders',traceparent='00-0123456789abcdef0123456789abcdef-0123456789abcdef-01'*/;
-- case: lex-comment-sqlcommenter-encoded
SELECT status FROM orders WHERE id = 1 /*db_driver='psycopg%3A3.2',route='%2Fpolls%201000'*/;
-- case: lex-comment-line
SELECT id, -- the key
  status -- and its state
FROM orders
WHERE id = 1;
-- case: lex-comment-line-first
 -- Metabase:: userID: 1 queryType: native queryHash: 0a1b
SELECT count(*) AS "count" FROM "public"."orders";
-- case: lex-comment-tool-first
/* ApplicationName=DBeaver 24.1.0 - SQLEditor <Script.sql> */ SELECT status, id FROM orders ORDER BY id LIMIT 2;
-- case: lex-comment-nested
SELECT /* outer /* inner */ still outer */ 1 AS one;
-- case: lex-comment-with-quote
SELECT /* it's */ 1 AS one, 'two' AS two /* "quoted' */;
-- case: lex-comment-only
/* nothing */;
-- case: lex-comment-between-words
SELECT/**/id/**/FROM/**/orders/**/ORDER/**/BY/**/id;
-- case: lex-hint-comment
SELECT /*+ SeqScan(orders) */ id FROM orders ORDER BY id;
-- case: lex-newlines-and-tabs
SELECT
	id,
	status
FROM
	orders
WHERE
	amount > 100
ORDER BY
	id;
-- case: lex-crlf
SELECT id,
       status
FROM orders
WHERE status = 'paid'
ORDER BY id;
-- case: lex-crlf-and-comment
SELECT id -- the key
FROM orders
ORDER BY id;
-- case: lex-spaces
   SELECT     id   FROM    orders    WHERE   id=1  ;
-- case: lex-no-spaces
SELECT id,amount*2 AS d FROM orders WHERE(id=1)OR(id=2)ORDER BY id;
-- case: lex-lower-case
select id from orders where status = 'new' order by id;
-- case: lex-mixed-case
Select ID, Status From Orders Where Status = 'new' Order By Id;
-- case: lex-escape-string
SELECT E'a\tb\n\\c' AS s, E'it\'s' AS q, e'\x41\u0042' AS h;
-- case: lex-escape-string-in-predicate
SELECT id FROM orders WHERE status = E'paid' ORDER BY id;
-- case: lex-plain-backslash
SELECT 'C:\path\' AS p, '\n' AS n;
-- case: lex-doubled-quote
SELECT 'it''s' AS a, '''' AS b, '' AS c;
-- case: lex-dollar-quotes
SELECT $$it's$$ AS a, $tag$with $$ inside$tag$ AS b;
-- case: lex-quoted-identifiers
SELECT "o"."id" AS "Order Number", "o"."status" AS "a""b" FROM "public"."orders" AS "o" ORDER BY "Order Number";
-- case: lex-quoted-keywords
SELECT 1 AS "select", 2 AS "from", 3 AS "order";
-- case: lex-keywords-as-labels
SELECT id AS value, status AS type, amount AS key FROM orders ORDER BY id;
-- case: lex-labels-without-as
SELECT id nummer, amount betrag FROM orders ORDER BY id;
-- case: lex-non-ascii-text
SELECT 'Grüße, 世界 🌍' AS hello, length('世界') AS n;
-- case: lex-non-ascii-alias
SELECT id AS größe, status AS "Zustand ß" FROM orders ORDER BY id;
-- case: lex-casts
SELECT '1'::int, '1.5'::numeric(4, 1), 'x'::text, 'x'::varchar(5), 'x'::char(3), '{1,2}'::int[], '2025-01-01'::date, 't'::bool, '{"a": 1}'::jsonb;
-- case: lex-casts-chained
SELECT '42'::text::int::text || '!' AS s;
-- case: lex-cast-typed-literals
SELECT int '1', text 'x', boolean 'true', numeric '1.5', float8 '1e2';
-- case: lex-cast-long-type-names
SELECT CAST('1' AS integer), CAST(1 AS double precision), CAST('x' AS character varying(10)), CAST('2025-01-01' AS timestamp with time zone), CAST('10:00' AS time without time zone);
-- case: lex-interval-literals
SELECT interval '1 day', interval '2' hour, interval '1 year 2 months', '3 hours'::interval, interval '1-2' year to month;
-- case: lex-numbers
SELECT 1, -1, +1, 1.5, .5, 5., 1e10, 1.5e-3, 9223372036854775807, 12345678901234567890;
-- case: lex-booleans
SELECT true, false, NOT true, true AND false OR true, NULL IS NULL;
-- case: lex-bit-strings
SELECT B'1010', X'1F', b'1'::bit(1);
-- case: lex-operators-glued
SELECT 1+2, 3-1, 2*3, 7/2, 7%3, 1<2, 2>1, 1<=1, 1>=1, 1<>2, 1!=2, 'a'||'b', -5;
-- case: lex-operator-precedence
SELECT 2 + 3 * 4 - 1, (2 + 3) * 4, NOT 1 = 2, 1 = 1 AND 2 = 2, -2 ^ 2;
-- case: lex-operator-schema
SELECT 1 OPERATOR(pg_catalog.+) 2 AS three;
-- case: lex-semicolons
SELECT 1;;
-- case: lex-several-statements
SELECT 1 AS a; SELECT count(*) FROM orders; SELECT 'x' AS c;
-- case: lex-in-list-long
SELECT count(*) FROM orders WHERE id IN (1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65,66,67,68,69,70);
-- case: lex-parentheses
SELECT ((id)), (((amount))) FROM (orders CROSS JOIN (SELECT 1 AS one) x) WHERE ((((id = 1))));
-- case: lex-array-literals
SELECT ARRAY[1, 2, 3], '{a,b,"c d"}'::text[], ARRAY[[1, 2], [3, 4]], ARRAY[]::int[];
-- case: lex-array-subscripts
SELECT (ARRAY[1, 2, 3])[1], (ARRAY[1, 2, 3])[2:], (ARRAY[1, 2, 3])[:2], ('{1,2}'::int[])[2];
-- case: lex-row-values
SELECT ROW(1, 'x'), (1, 2) = (1, 2) AS same, (1, 2) < (1, 3) AS less;
-- case: lex-is-tests
SELECT 1 IS NULL, NULL ISNULL, 1 NOTNULL, true IS TRUE, 1 IS DISTINCT FROM 2;
-- case: lex-collate
SELECT 'a' < 'B' COLLATE "C" AS c, 'x' COLLATE pg_catalog."C" AS d;
-- case: lex-function-schema
SELECT pg_catalog.upper('x'), pg_catalog.now() IS NOT NULL AS n, pg_catalog.count(*) FROM orders;
-- case: lex-named-arguments
SELECT make_interval(days => 3), make_interval(hours := 2), make_date(year => 2025, month => 1, day => 2);
-- case: lex-special-forms
SELECT extract(year FROM date '2025-01-01'), position('b' IN 'abc'), substring('abc' FROM 2), trim(both ' ' FROM ' x '), overlay('abc' PLACING 'X' FROM 2), 'abc' LIKE 'a%', 'abc' SIMILAR TO 'a(b|c)+';
-- case: lex-current-values
SELECT current_date IS NOT NULL, current_timestamp(0) IS NOT NULL, localtime IS NOT NULL, current_user IS NOT NULL;
-- case: lex-string-with-semicolon
SELECT 'a;b' AS s, $$ ; $$ AS d;
-- case: lex-string-with-comment-signs
SELECT '--' AS a, '/* */' AS b, '# $1 ? :x' AS c;
-- case: lex-string-with-newline
SELECT 'first
second' AS s;
-- case: lex-question-mark-operators
SELECT '{"a": 1}'::jsonb ? 'a', '{"a": 1}'::jsonb ?| ARRAY['b'], '{"a": 1}'::jsonb ?& ARRAY['a'];
-- case: lex-national-string
SELECT N'abc' AS n;
-- case: lex-trailing-blank-lines
SELECT 1 AS one

;
-- case: lex-form-feed
SELECT1ASone;
