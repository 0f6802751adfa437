-- case: lex-comment-between-words
SELECT/**/ssn/**/FROM/**/customers;
-- case: lex-comment-inside-qualified-name
SELECT customers/*x*/./*y*/ssn FROM public/**/./**/customers;
-- case: lex-nested-comment
SELECT /* a /* b */ name FROM orders -- */ ssn FROM customers;
-- case: lex-nested-comment-hides-rest
SELECT /* /* */ 1 FROM orders; -- */ ssn FROM customers;
-- case: lex-comment-that-looks-like-string
SELECT /* ' */ ssn /* ' */ FROM customers;
-- case: lex-comment-in-string
SELECT '/*', ssn, '*/' FROM customers;
-- case: lex-line-comment-in-string
SELECT '--', ssn FROM customers;
-- case: lex-line-comment-ends-at-newline
SELECT name, -- ' " $$ /*
 ssn FROM customers;
-- case: lex-line-comment-ends-at-carriage-return
SELECT name --, ssn
 FROM customers;
-- case: lex-minus-minus-is-comment
SELECT 1 --1
, ssn FROM customers;
-- case: lex-operator-glued-to-comment
SELECT ssn||/*x*/'' FROM customers;
-- case: lex-operator-glued-to-line-comment
SELECT ssn||--x
'' FROM customers;
-- case: lex-operator-that-ends-in-minus
SELECT notes #-'{tier}', 2*-3, ssn FROM customers;
-- case: lex-slash-star-ends-operator
SELECT 4/*2*/, ssn FROM customers;
-- case: lex-tabs-and-newlines
SELECT	ssn
	FROM
		customers;
-- case: lex-carriage-returns
SELECTssnFROMcustomers;
-- case: lex-crlf
SELECT ssn
FROM customers
WHERE id > 0;
-- case: lex-form-feed
SELECTssnFROMcustomers;
-- case: lex-vertical-tab
-- why: white space from PostgreSQL 16 on
SELECTssnFROMcustomers;
-- case: lex-no-white-space
SELECT"ssn"FROM"customers";
-- case: lex-no-white-space-around-numbers
SELECT 1,ssn,2.5,.5,(5.)FROM customers;
-- case: lex-hexadecimal-number
-- why: needs PostgreSQL 16; older ones read 0 and the alias x1f, or refuse
SELECT 0x1F, ssn FROM customers;
-- case: lex-underscores-in-number
-- why: needs PostgreSQL 16; older ones read 1 and the alias _000, or refuse
SELECT 1_000, ssn FROM customers;
-- case: lex-escape-string
SELECT E'\'', ssn, E'\'' FROM customers;
-- case: lex-escape-string-backslash-end
SELECT E'\\', ssn, E'\\' FROM customers;
-- case: lex-escape-string-lower-case
SELECT e'\047', ssn FROM customers;
-- case: lex-plain-string-backslash
SELECT '\', ssn, '' FROM customers;
-- case: lex-escape-string-with-code-points
SELECT E'\u0027', ssn, E'\U00000027' FROM customers;
-- case: lex-doubled-quotes
SELECT '''', ssn, '''''' FROM customers;
-- case: lex-adjacent-strings
SELECT 'a'
'b', ssn FROM customers;
-- case: lex-adjacent-strings-with-comment
SELECT 'a' -- ', '
', ssn, ', email FROM customers;
-- case: lex-adjacent-escape-string
SELECT E'\'a'
'\'', ssn, '''' FROM customers;
-- case: lex-dollar-string
SELECT $$'$$, ssn, $$'$$ FROM customers;
-- case: lex-dollar-string-with-tag
SELECT $a$ $b$ $a$, ssn, $b$ $a$ $b$ FROM customers;
-- case: lex-dollar-tag-case-matters
SELECT $A$ $a$ $A$, ssn FROM customers;
-- case: lex-dollar-in-identifier
-- why: the dollar belongs to the alias, no string begins
SELECT name AS a$b$, ssn AS c$b$ FROM customers;
-- case: lex-dollar-string-next-to-quoted-name
SELECT 1 AS "1$a$", ssn FROM customers WHERE $a$$$a$ <> '' AND $$$$ = '';
-- case: lex-unicode-identifier
SELECT U&"\0073sn" FROM customers;
-- case: lex-unicode-identifier-long-form
SELECT u&"\+000073s\006E" FROM U&"custom\0065rs";
-- case: lex-unicode-identifier-own-escape
SELECT U&"!0073sn" UESCAPE '!' FROM customers;
-- case: lex-unicode-string
SELECT U&'\0027', ssn FROM customers;
-- case: lex-unicode-string-own-escape
SELECT U&'!0027' UESCAPE '!', ssn FROM customers;
-- case: lex-unicode-qualified
SELECT U&"cust\006fmers".U&"\0065mail" FROM public.customers;
-- case: lex-unicode-function-name
SELECT U&"upp\0065r"(ssn) FROM customers;
-- case: lex-bit-and-hex-strings
SELECT B'1', X'1F', ssn FROM customers;
-- case: lex-national-string
SELECT N'x', ssn FROM customers;
-- case: lex-identifier-truncated
-- why: names are cut at 63 bytes, so alias and reference are one
SELECT s.aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggXXXX FROM (SELECT ssn AS aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggYYYY FROM customers) s;
-- case: lex-identifier-truncated-reference-short
SELECT s."aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg" FROM (SELECT ssn AS aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggYYYY, name AS x FROM customers) s;
-- case: lex-identifier-truncated-inside-letter
-- why: cut in the middle of a letter of two bytes the whole letter goes
SELECT s.aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgg FROM (SELECT ssn AS aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggé FROM customers) s;
-- case: lex-quoted-identifier-with-quote
SELECT s."a""b", s."a'b" FROM (SELECT ssn AS "a""b", email AS "a'b" FROM customers) s;
-- case: lex-quoted-identifier-with-odd-characters
SELECT s."*", s."a.b", s."--", s."/*", s."$1", s.";" FROM (SELECT ssn AS "*", email AS "a.b", phone AS "--", ssn AS "/*", email AS "$1", phone AS ";" FROM customers) s;
-- case: lex-quoted-keywords
SELECT s."select", s."from", s."union" FROM (SELECT ssn AS "select", email AS "from", phone AS "union" FROM customers) s;
-- case: lex-keywords-as-aliases
SELECT s.select, s.from FROM (SELECT ssn AS select, email AS from FROM customers) s;
-- case: lex-unreserved-keywords-as-names
SELECT value.value, value.key FROM (SELECT ssn AS value, email AS key FROM customers) value;
-- case: lex-words-of-other-dialects
SELECT qualify.top, qualify.prewhere FROM (SELECT ssn AS top, email AS prewhere FROM customers) qualify;
-- case: lex-words-of-other-dialects-without-as
SELECT ssn top, email pivot FROM customers sample;
-- case: lex-quoted-upper-case-differs
SELECT s."SSN", s.ssn FROM (SELECT ssn AS "SSN", name AS ssn FROM customers) s;
-- case: lex-non-ascii-identifier
SELECT s.größe, s."ÄÖ" FROM (SELECT ssn AS größe, email AS "ÄÖ" FROM customers) s;
-- case: lex-non-ascii-case-is-not-folded
SELECT s.É FROM (SELECT ssn AS É, name AS é FROM customers) s;
-- case: lex-non-breaking-space-is-a-letter
-- why: PostgreSQL takes the non-breaking space for a letter of the name
SELECT s.a b FROM (SELECT ssn AS a b FROM customers) s;
-- case: lex-full-width-space-is-a-letter
SELECT s.x　 FROM (SELECT email AS x　 FROM customers) s;
-- case: lex-zero-width-letter
SELECT s.id​ FROM (SELECT id, ssn AS id​ FROM customers) s;
-- case: lex-backtick-in-string-and-comment
SELECT ssn FROM customers WHERE id > 0 /* ` */ AND '`' = '`';
-- case: lex-hash-is-an-operator
SELECT 5 # 3, ssn FROM customers;
-- case: lex-not-equal-spellings
SELECT ssn FROM customers WHERE id != 0 AND id <> 0 AND NOT id = 0;
-- case: lex-casts-glued
SELECT ssn::text::varchar(99)::text FROM customers;
-- case: lex-typed-literals
SELECT text 'x', date '2025-01-01', interval '1' day, ssn FROM customers;
-- case: lex-empty-statements
;;SELECT ssn FROM customers;;
-- case: lex-semicolon-in-string-and-comment
SELECT ';', /* ; */ ssn FROM customers;
-- case: lex-copy-end-marker-in-string
SELECT '\.', ssn FROM customers;
-- case: lex-odbc-braces-in-string
SELECT '{fn now()}', ssn FROM customers;
-- case: lex-question-mark-operator
SELECT notes ? 'tier', notes ?| ARRAY['a'], ssn FROM customers;
-- case: lex-array-slice-colon
SELECT (ARRAY[ssn, email])[1:2], (ARRAY[ssn, email])[:] FROM customers;
-- case: lex-named-argument-arrow
SELECT make_interval(days => 1), make_interval(hours := 1), lpad(ssn, 20) FROM customers;
-- case: lex-postfix-tests
SELECT ssn IS NOT NULL, ssn NOTNULL, ssn ISNULL, ssn FROM customers;
-- case: lex-deep-parentheses
SELECT ((((((((((((((((((((ssn)))))))))))))))))))) FROM ((((((((customers CROSS JOIN (SELECT 1) x))))))));
-- case: lex-long-list-before
SELECT ssn FROM customers WHERE id IN (1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65,66,67,68,69,70);
-- case: lex-comment-ends-and-begins
SELECT ssn /*db_driver='x',traceparent='00-*//*'*/ FROM customers;
-- case: lex-byte-order-mark-in-name
SELECT s.﻿a FROM (SELECT ssn AS ﻿a FROM customers) s;
-- case: lex-quoted-only-is-an-alias
SELECT "only".ssn FROM customers AS "only" (id, name, email, phone, ssn), (SELECT 1) AS x;
-- case: lex-collation-for
SELECT COLLATION FOR (ssn), ssn COLLATE pg_catalog."C" FROM customers;
-- case: lex-functions-with-keywords
SELECT overlay('xxxx' PLACING ssn FROM 1), position('1' IN ssn), trim(LEADING '9' FROM ssn), substring(ssn FROM 1) FROM customers;
-- case: lex-operator-keyword
SELECT ssn OPERATOR(pg_catalog.||) 'x', 1 OPERATOR ( pg_catalog . + ) 2 FROM customers;
-- case: lex-uescape-like-alias
SELECT 'x' AS uescape, ssn FROM customers;
-- case: lex-string-types-glued
SELECT E'a'||ssn||E'b',X'1F'||B'1' FROM customers;
-- case: lex-escaped-newline-in-string
SELECT E'\
', ssn FROM customers;
-- case: lex-string-with-newline
SELECT '
', ssn, $$
$$ FROM customers;
