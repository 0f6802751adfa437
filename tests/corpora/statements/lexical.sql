-- Comments
SELECT 1 -- one
;

SELECT /* in between */ 1;

SELECT 1 /* a /* nested /* twice */ */ comment */ + 2;

SELECT/**/1/**/AS/**/a/**/FROM/**/t;

SELECT /* -- not a line comment
*/ 1;

SELECT 1 -- /* not a block comment
+ 2;

/* leading */ SELECT 1 /* trailing */;

/* hint: */ /*+ SeqScan(t) */ SELECT * FROM t;

SELECT '/* not a comment */', '-- nor this', "/*a*/" FROM "t--x";

SELECT a /* ; */ FROM t -- ;
WHERE b = ';';

SELECT 1 --;
--;
+ 2;

SELECT a--b
FROM t;

SELECT 4/*4*/*/**/4;

SELECT 1 /*/**/*/ + 1;

SELECT $$ -- $$ /* $$ */ || $$ */ $$;

-- Strings
SELECT 'it''s', '''', '''''', '';

SELECT 'one'
'two'
	'three';

SELECT E'one\n'
'two\n', U&'\0041'
'\0042';

SELECT 'line
break', 'tab	here';

SELECT 'back\slash', 'C:\dir\', '\';

SELECT E'\\', E'\'', E'a\'b''c', e'\b\f\n\r\t', E'\101', E'\x7e\u00e9\U0001F600';

SELECT E'\\''', E'''\\';

SELECT U&'\00e9\+01F600 \\ x', u&'x' UESCAPE '#', U&'#0041' UESCAPE '#', U&'!!' UESCAPE '!';

SELECT U&"d\0061t\+000061", U&"x!0041" UESCAPE '!' FROM U&"\0074";

SELECT N'national', n'x';

SELECT B'', B'0101', b'1' & b'0', X'', X'DEADbeef', x'0';

SELECT $$$$, $$'$$, $$a$b$$, $a$ $$ $a$, $_$x$_$, $Tag1$ $tag1$ $Tag1$, $été$ok$été$;

SELECT $fn$
  SELECT 'a;b'; -- inside
  $x$ deeper $x$
$fn$;

SELECT a$b, a$, b1$2 FROM t$1;

SELECT $$a$$||$$b$$;

SELECT $a$x$a$AS y;

SELECT 'é ü 漢字 😀', U&'\202E\00A0';

-- Identifiers
SELECT "a", "A", "a b", "a""b", "select", "1", " ", "a.b", "a;b", "a--b", "a'b" FROM "T";

SELECT Abc, ABC, aBc, "Abc" FROM MyTable, MYTABLE AS x, "MyTable" AS y;

SELECT été, "Été", 漢字, _a, a_1, _1, Ä FROM größe;

SELECT a.b.c.d FROM a.b.c;

SELECT a . b , a. b , a .b FROM a . b;

SELECT "a"."b"."c", a."B".c FROM "x"."y"."z", x."Y";

SELECT t."*", t.* FROM t;

SELECT abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz FROM t;

SELECT id AS "a very long name that goes on and on past the sixty-third character of it" FROM t;

SELECT name, value, type, year, month, day, hour, zone, key, text, role, level, data, index, cascade, action, password, at, no, of FROM t;

SELECT t.select, t.from, t.where, t.order, t.user, t.table, t.all FROM t;

SELECT 1 AS select, 2 AS from, 3 AS where, 4 AS union, 5 AS user, 6 AS end, 7 AS null;

SELECT 1 name, 2 value, 3 type, 4 text, 5 date, 6 key, 7 int, 8 values, 9 set;

SELECT date FROM date, timestamp FROM_T, time, interval;

SELECT int.a, text.b, date.c FROM int, text, date;

SELECT x.date, x.int, x.interval, x.coalesce FROM x;

CREATE TABLE abort (abort int, absolute text, access date, add int, begin int, commit int, copy int, delete int, insert int, update int, vacuum int);

CREATE TABLE between (bigint bigint, bit bit, boolean boolean, char char, int int, interval interval, numeric numeric, time time, values int);

SELECT "user", user, "current_user", current_user, public.user() FROM "user";

SELECT "left".a, "right".b FROM "left" AS "left" LEFT JOIN "right" AS "right" USING ("using");

SELECT * FROM t AS left_, u right_;

SELECT begin, commit, end_ FROM begin, commit;

INSERT INTO user_ (user_, "order", "group", "limit", offset_) VALUES (1, 2, 3, 4, 5);

UPDATE t SET key = 1, value = 2, name = 3, type = 4, text = 5, "user" = 6, date = now();

SELECT pg_catalog.date('x'), pg_catalog.int4('1'), "substring"('abc', 2), "position"('a', 'b'), pg_catalog."substring"('abc', 2), "overlay"('a', 'b', 1), pg_catalog.btrim('x'), pg_catalog.timezone('UTC', now()), "extract"(a), "coalesce"(1) FROM t;

-- Case and white space
select Distinct ON (a) A, B from T Where NOT exists (Select 1) Order BY a nulls FIRST limit 1 Offset 2;

SELECT	1	AS	a
	,	2	AS	b
FROM	t;

   SELECT 1
   ;

SELECT(1),(a)FROM(SELECT 1 AS a)AS t WHERE(1)=(1)AND'x'='y'OR"a"IS NULL;

SELECT*FROM t;

-- Numbers
SELECT 0, 1, 01, 0001, 10, 42;

SELECT 1.0, 1., .1, 0.1, 00.10, 1.5e3, 1e3, 1E3, 1e+3, 1e-3, 1.e3, .1e-10, 123456789.987654321;

SELECT 2147483647, -2147483648, 2147483648, 9223372036854775807, -9223372036854775808, 18446744073709551616;

SELECT - 1, -1.5, + 1, -.5, -1e5, 1-1, 1 -1, 1- 1, 1--1
+ 1;

SELECT a[1:2], a[1 :2], a[1: 2], a[x:y], a[$1:$2], a[-1:+1] FROM t;

-- Operators close to signs, comments, and each other
SELECT 1+-1, 1*-1, 1/-1, 1%-1, 1^-1, 1=-1, 1<-1, 1>-1, 1<>-1, 1<=-1, a||-1, a<@-1 FROM t;

SELECT 1 @-1, 2 @- 1, 3 !-1, a ~-1, a #-1, a &-1, a |-1 FROM t;

SELECT a->-1, a->>-1, a#>-b, a- -b, a-+b, -+-a FROM t;

SELECT a<b, a>b, a<=b, a>=b, a=b, a<>b, a!=b, a<<b, a>>b FROM t;

SELECT a*/*x*/b, a+/*x*/b, a</*x*/b FROM t;

SELECT a&&b, a||b, a|b, a&b, a#b, a~b, a!~b, a~*b, a@>b, a<@b, a?b, a?|b, a@?b, a@@b FROM t;

SELECT ~a, !a, @a, !!a, |/a, ||/a, -a, +a, ~-a, @-a FROM t;

SELECT a OPERATOR ( pg_catalog . + ) b FROM t;

SELECT a::int, a ::int, a:: int, a :: int, -a::int, a::int::text, 'x'::"char" FROM t;

SELECT f (a), f( a ), f(a) , s . f (a), f(a=>1), f(a =>1), f(a:=1), f(a := -1) FROM t;

SELECT a<-b, a>-b, a<->b, a<--b
-1 FROM t;

SELECT ($1), $1+$2, -$1, $1::int, $1||$2, a=$1, a[$1], f($1,$2) FROM t;

SELECT a IS NULL=b IS NULL, NOT(a)AND(b), (a)IN(1), a IN(1,2)OR b NOT IN(3) FROM t;

SELECT CASE WHEN a THEN-1 ELSE+1 END, CASE a WHEN'x'THEN'y'ELSE'z'END FROM t;

SELECT*,1 FROM t,u WHERE t.a=u.a AND t.b<>'x'AND u.c=1;

-- Long and deep
SELECT ((((((((((((((((((((1))))))))))))))))))));

SELECT 1 + (2 * (3 - (4 / (5 + (6 * (7 - (8 / (9 + 10))))))));

SELECT a OR b OR c OR d OR e OR f OR g OR h OR i OR j OR k OR l OR m OR n OR o OR p FROM t;

SELECT 1 WHERE 1 IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);

SELECT f(g(h(i(j(k(l(m(n(o(p(q(1))))))))))));

SELECT * FROM (SELECT * FROM (SELECT * FROM (SELECT * FROM (SELECT * FROM (SELECT * FROM (SELECT 1 AS a) t1) t2) t3) t4) t5) t6;

SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8;

-- What attackers like: text that is only text, and statements that are only one
SELECT * FROM users WHERE name = '' OR '1' = '1';

SELECT * FROM users WHERE name = 'x''; DROP TABLE users; --';

SELECT * FROM users WHERE id = 1 OR 1=1 -- AND password = 'x'
;

SELECT * FROM users WHERE id = 1/**/UNION/**/SELECT/**/1,passwd/**/FROM/**/pg_shadow;

SELECT * FROM users WHERE id = 1 UNION ALL SELECT usename, passwd FROM pg_catalog.pg_shadow --
;

SELECT $q$; DELETE FROM users; $q$, E'\'; DELETE FROM users; --';

SELECT query_to_xml('SELECT * FROM secret', true, false, ''), dblink('x', 'DELETE FROM secret'), pg_read_file('/etc/passwd'), lo_import('/etc/passwd'), pg_sleep(5), set_config('role', 'bob', false);

SELECT "pg_catalog"."pg_shadow"."passwd" FROM "pg_catalog"."pg_shadow";

SELECT U&"\0070asswd" FROM U&"pg\005Fshadow";
