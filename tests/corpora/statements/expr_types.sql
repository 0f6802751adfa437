-- Casts and types
SELECT 1::int FROM t;

SELECT '1'::integer FROM t;

SELECT 1::int4::int8::text FROM t;

SELECT a::b::c FROM t;

SELECT -1::int FROM t;

SELECT (-1)::int FROM t;

SELECT CAST(1 AS text) FROM t;

SELECT CAST(NULL AS customers) FROM t;

SELECT CAST(a + b AS numeric(10, 2)) FROM t;

SELECT '1'::smallint;

SELECT '1'::bigint;

SELECT '1'::real;

SELECT '1'::float;

SELECT '1'::float(24);

SELECT '1'::double precision;

SELECT '1'::decimal;

SELECT '1'::dec(5);

SELECT '1'::numeric(5, -2);

SELECT '1'::boolean;

SELECT '1'::bool;

SELECT 'x'::char;

SELECT 'x'::char(3);

SELECT 'x'::character;

SELECT 'x'::character(3);

SELECT 'x'::character varying;

SELECT 'x'::character varying(3);

SELECT 'x'::varchar;

SELECT 'x'::varchar(3);

SELECT 'x'::char varying(3);

SELECT 'x'::national character(3);

SELECT 'x'::national character varying(3);

SELECT 'x'::nchar(3);

SELECT 'x'::nchar varying(3);

SELECT 'x'::"char";

SELECT 'x'::bpchar;

SELECT 'x'::name;

SELECT 'x'::text;

SELECT '1'::bit;

SELECT '1'::bit(3);

SELECT '1'::bit varying;

SELECT '1'::bit varying(5);

SELECT '1'::varbit;

SELECT B'101'::bit(5);

SELECT 'now'::date;

SELECT 'now'::time;

SELECT 'now'::time(3);

SELECT 'now'::time without time zone;

SELECT 'now'::time(3) with time zone;

SELECT 'now'::timetz;

SELECT 'now'::timestamp;

SELECT 'now'::timestamp(0);

SELECT 'now'::timestamp without time zone;

SELECT 'now'::timestamp(3) without time zone;

SELECT 'now'::timestamp with time zone;

SELECT 'now'::timestamp(6) with time zone;

SELECT 'now'::timestamptz(2);

SELECT '1'::interval;

SELECT '1'::interval(3);

SELECT '1'::interval year;

SELECT '1'::interval month;

SELECT '1'::interval day;

SELECT '1'::interval hour;

SELECT '1'::interval minute;

SELECT '1'::interval second;

SELECT '1'::interval second(2);

SELECT '1-2'::interval year to month;

SELECT '1 2'::interval day to hour;

SELECT '1 2:3'::interval day to minute;

SELECT '1 2:3:4'::interval day to second;

SELECT '1 2:3:4'::interval day to second(3);

SELECT '1:2'::interval hour to minute;

SELECT '1:2:3'::interval hour to second;

SELECT '1:2'::interval minute to second(0);

SELECT '{1}'::int[];

SELECT '{1}'::int[3];

SELECT '{{1}}'::int[][];

SELECT '{{1}}'::int[2][2];

SELECT '{1}'::int array;

SELECT '{1}'::int array[3];

SELECT '{x}'::varchar(5)[];

SELECT '{x}'::pg_catalog.text[];

SELECT '{x}'::"My Type"[];

SELECT a::public.colour FROM t;

SELECT a::shop.public.colour FROM t;

SELECT a::"Mixed Case" FROM t;

SELECT a::"select" FROM t;

SELECT a::my.type(1, 'x') FROM t;

SELECT a::my.type(1)[] FROM t;

SELECT a::regclass::oid FROM t;

SELECT a::pg_catalog.int4 FROM t;

SELECT a::int4range FROM t;

SELECT a::geometry(Point, 4326) FROM t;

SELECT a::vector(3) FROM t;

SELECT a::hstore FROM t;

SELECT 'pg_class'::regclass;

SELECT 'int4'::regtype;

SELECT 'now'::regproc;

SELECT 'abs(int4)'::regprocedure;

SELECT '+'::regoper;

SELECT 'postgres'::regrole;

SELECT 'public'::regnamespace;

SELECT 'english'::regconfig;

SELECT 'simple'::regdictionary;

SELECT 'C'::regcollation;

-- typed literals
SELECT int '1';

SELECT integer '1';

SELECT pg_catalog.int4 '1';

SELECT bool 't';

SELECT boolean 'f';

SELECT text 'x';

SELECT numeric '1.5';

SELECT numeric(3, 1) '1.5';

SELECT float '1';

SELECT float(3) '1';

SELECT real '1';

SELECT double precision '1';

SELECT money '1';

SELECT uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';

SELECT json '{}';

SELECT jsonb '[]';

SELECT xml '<a/>';

SELECT inet '::1';

SELECT point '(1,2)';

SELECT box '(0,0),(1,1)';

SELECT bytea '\x00';

SELECT char 'x';

SELECT character(3) 'x';

SELECT varchar 'x';

SELECT varchar(3) 'x';

SELECT character varying 'x';

SELECT national character varying(3) 'x';

SELECT nchar 'x';

SELECT name 'x';

SELECT bpchar 'x';

SELECT "char" 'x';

SELECT date '2024-01-01';

SELECT time '10:00';

SELECT time(3) '10:00';

SELECT time with time zone '10:00+02';

SELECT time without time zone '10:00';

SELECT timestamp '2024-01-01';

SELECT timestamp(3) '2024-01-01';

SELECT timestamp with time zone '2024-01-01';

SELECT timestamp(3) with time zone '2024-01-01';

SELECT timestamptz '2024-01-01';

SELECT date 'infinity';

SELECT timestamp 'epoch';

SELECT interval '1 day';

SELECT interval '1' year;

SELECT interval '1' month;

SELECT interval '1' day;

SELECT interval '1' hour;

SELECT interval '1' minute;

SELECT interval '1' second;

SELECT interval '1.234' second(2);

SELECT interval '1-2' year to month;

SELECT interval '1 2' day to hour;

SELECT interval '1 2:3' day to minute;

SELECT interval '1 2:3:4' day to second;

SELECT interval '1 2:3:4.5' day to second(1);

SELECT interval '1:2' hour to minute;

SELECT interval '1:2:3' hour to second;

SELECT interval '1:2' minute to second;

SELECT interval(3) '1.23456 s';

SELECT interval 'P1Y2M3DT4H5M6S';

SELECT interval '-1 year +2 days';

SELECT my.type 'x';

SELECT public.colour 'red';

SELECT "Mixed" 'x';

SELECT geometry(Point, 4326) 'POINT(0 0)';

SELECT regclass 'pg_class';

SELECT int4range '[1,2)';

SELECT bit '101';

SELECT bit(3) '101';

SELECT bit varying '1';

SELECT bit varying(3) '101';

-- Arrays
SELECT ARRAY[1, 2, 3] FROM t;

SELECT ARRAY['a', NULL] FROM t;

SELECT ARRAY[[1, 2], [3, 4]] FROM t;

SELECT ARRAY[]::int[] FROM t;

SELECT ARRAY[ARRAY[1], ARRAY[2]] FROM t;

SELECT ARRAY[[[1]], [[2]]] FROM t;

SELECT ARRAY[ROW(1, 2), (3, 4)] FROM t;

SELECT ARRAY[$1, $2]::text[] FROM t;

SELECT ARRAY[(SELECT 1), a] FROM t;

SELECT ARRAY(SELECT id FROM customers);

SELECT ARRAY(SELECT id FROM customers ORDER BY id)::text[];

SELECT (ARRAY(VALUES (1), (2)))[1];

SELECT ARRAY(TABLE ids);

SELECT ARRAY(WITH x AS (SELECT 1) SELECT * FROM x);

SELECT a[1] FROM t;

SELECT a[b] FROM t;

SELECT a[1][2] FROM t;

SELECT a[b + 1][c[2]] FROM t;

SELECT a[-1] FROM t;

SELECT a[(SELECT 1)] FROM t;

SELECT t.a[1] FROM t;

SELECT public.t.a[1] FROM t;

SELECT (a)[1] FROM t;

SELECT (a || b)[2] FROM t;

SELECT (f(1))[1] FROM t;

SELECT (ARRAY[1, 2])[1] FROM t;

SELECT ('{1,2}'::int[])[2] FROM t;

SELECT $1[1] FROM t;

SELECT ($1)[2] FROM t;

SELECT a[1:2] FROM t;

SELECT a[:2] FROM t;

SELECT a[1:] FROM t;

SELECT a[:] FROM t;

SELECT a[1:2][3:4] FROM t;

SELECT a[1:2][3] FROM t;

SELECT a[b:c + 1] FROM t;

SELECT (ARRAY[1, 2, 3])[2:] FROM t;

SELECT a[1:2]::text[] FROM t;

SELECT a = ARRAY[1] FROM t;

SELECT a @> ARRAY[1, 2] FROM t;

SELECT a && '{1}' FROM t;

SELECT a || 4 FROM t;

SELECT array_length(a, 1) FROM t;

SELECT cardinality(a) FROM t;

SELECT unnest(a) FROM t;

SELECT array_position(a, 1) FROM t;

SELECT a[array_upper(a, 1)] FROM t;

SELECT doc['a'] FROM t;

SELECT doc['a']['b'] FROM t;

SELECT doc[0] FROM t;

SELECT doc['a'][0]['b'] FROM t;

SELECT (doc -> 'x')['y'] FROM t;

-- Rows and composites
SELECT ROW() FROM t;

SELECT ROW(1) FROM t;

SELECT ROW(1, 'a', NULL) FROM t;

SELECT (1, 2) FROM t;

SELECT (1, 2, 3)::triple FROM t;

SELECT ROW(1, 2)::pair FROM t;

SELECT ROW(t.*) FROM t;

SELECT ROW(t.*, 1) FROM t;

SELECT ((1, 2), (3, 4)) FROM t;

SELECT ROW(ROW(1), ROW(2)) FROM t;

SELECT (a).b FROM t;

SELECT (a).b.c FROM t;

SELECT (a.b).c FROM t;

SELECT (t.a).b FROM t;

SELECT (public.t.a).b FROM t;

SELECT (a).* FROM t;

SELECT (t.a).* FROM t;

SELECT (a[1]).b FROM t;

SELECT (a[1]).b[2].c FROM t;

SELECT (f(a)).b FROM t;

SELECT (f(a)).* FROM t;

SELECT ((a).b).c FROM t;

SELECT (a)."B" FROM t;

SELECT (ROW(1, 2)::pair).x FROM t;

SELECT ('(1,2)'::pair).y FROM t;

SELECT ($1).x FROM t;

SELECT ((SELECT p FROM q)).z FROM t;

SELECT ((SELECT p FROM q)).* FROM t;

-- Subqueries as expressions
SELECT (SELECT 1);

SELECT ((SELECT 1));

SELECT (((SELECT 1)) + 1);

SELECT (VALUES (1));

SELECT (TABLE one);

SELECT (SELECT 1) + (SELECT 2);

SELECT -(SELECT 1);

SELECT (SELECT 1)::text;

SELECT (SELECT 1 UNION SELECT 1 LIMIT 1);

SELECT EXISTS (SELECT 1);

SELECT NOT EXISTS (SELECT FROM t);

SELECT EXISTS (VALUES (1));

SELECT EXISTS (TABLE t);

SELECT EXISTS ((SELECT 1));

SELECT EXISTS (WITH x AS (SELECT 1) TABLE x);

SELECT EXISTS (SELECT 1) AND NOT EXISTS (SELECT 2);

-- Parameters
SELECT $1 FROM t;

SELECT $2::int FROM t;

SELECT $1 + $2 FROM t;

SELECT -$1 FROM t;

SELECT $1::text[] FROM t;

SELECT f($1, $3) FROM t;

SELECT $10 FROM t;

SELECT a = $1 OR b LIKE $2 FROM t;

SELECT CAST($1 AS date) FROM t;

SELECT $1 IS NULL FROM t;

SELECT $1 = ANY ($2) FROM t;

SELECT ARRAY[$1] FROM t;

SELECT interval '1 day' * $1 FROM t;

-- Literals
SELECT 'a';

SELECT 'it''s';

SELECT '';

SELECT E'a\nb';

SELECT e'\t\\';

SELECT E'\x41\101\u0041\U00000041';

SELECT E'it\'s';

SELECT U&'\0041';

SELECT U&'d\0061t\+000061';

SELECT U&'d!0061t' UESCAPE '!';

SELECT B'1010';

SELECT b'';

SELECT X'1FF';

SELECT x'ab';

SELECT N'national';

SELECT $$dollar$$;

SELECT $tag$it's $$ here$tag$;

SELECT TRUE;

SELECT false;

SELECT NULL;

SELECT 1;

SELECT 0;

SELECT 007;

SELECT 1.5;

SELECT .5;

SELECT 1.;

SELECT 1e10;

SELECT 1.5e-3;

SELECT 1E+5;

SELECT .5e1;

SELECT 2147483647;

SELECT 2147483648;

SELECT 9223372036854775807;

SELECT 9223372036854775808;

SELECT 123456789012345678901234567890;

SELECT 0.000000000000000000001;

SELECT 1e400;
