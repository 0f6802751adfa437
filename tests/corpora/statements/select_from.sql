-- Joins of every kind
SELECT * FROM customers, orders;

SELECT * FROM customers CROSS JOIN orders;

SELECT * FROM customers JOIN orders ON customers.id = orders.customer_id;

SELECT * FROM customers INNER JOIN orders ON (customers.id = orders.customer_id AND orders.status = 'paid');

SELECT * FROM customers LEFT JOIN orders ON customers.id = orders.customer_id;

SELECT * FROM customers LEFT OUTER JOIN orders USING (customer_id);

SELECT * FROM customers RIGHT JOIN orders USING (customer_id, region);

SELECT * FROM customers RIGHT OUTER JOIN orders ON true;

SELECT * FROM customers FULL JOIN orders USING (customer_id);

SELECT * FROM customers FULL OUTER JOIN orders ON false;

SELECT * FROM customers NATURAL JOIN orders;

SELECT * FROM customers NATURAL INNER JOIN orders NATURAL LEFT JOIN payments NATURAL RIGHT OUTER JOIN refunds NATURAL FULL JOIN notes;

SELECT * FROM a JOIN b USING (id) AS merged WHERE merged.id = 1;

SELECT j.* FROM (a JOIN b USING (id)) AS j;

SELECT j.x FROM (a CROSS JOIN b) AS j (x, y, z);

SELECT * FROM a JOIN b JOIN c ON b.id = c.id ON a.id = b.id;

SELECT * FROM a LEFT JOIN (b INNER JOIN c ON b.id = c.b_id) ON a.id = b.a_id;

SELECT * FROM (a LEFT JOIN b ON a.id = b.id) RIGHT JOIN (c FULL JOIN d USING (id)) ON a.id = c.id;

SELECT * FROM ((a CROSS JOIN b)) CROSS JOIN ((c NATURAL JOIN d));

SELECT * FROM a, b LEFT JOIN c ON b.id = c.id, d CROSS JOIN e;

SELECT * FROM a CROSS JOIN b LEFT JOIN c USING (x) NATURAL JOIN d RIGHT JOIN e ON a.x = e.x, f;

SELECT * FROM customers a JOIN customers b ON a.id < b.id JOIN customers c ON b.id < c.id;

SELECT * FROM a JOIN LATERAL (SELECT * FROM b WHERE b.a_id = a.id LIMIT 1) AS first_b ON true;

SELECT * FROM a LEFT JOIN LATERAL (SELECT count(*) FROM b WHERE b.a_id = a.id) AS n(total) ON n.total > 0;

SELECT * FROM a, LATERAL (SELECT a.x + 1 AS y) s, LATERAL (SELECT s.y * 2 AS z) t;

SELECT * FROM a CROSS JOIN LATERAL unnest(a.tags) AS tag;

SELECT * FROM a LEFT JOIN LATERAL jsonb_each(a.doc) AS e(key, value) ON e.key <> 'x';

SELECT * FROM a, LATERAL ROWS FROM (generate_series(1, a.n), unnest(a.tags)) WITH ORDINALITY AS r(i, tag, ord);

SELECT * FROM a, LATERAL (VALUES (a.x), (a.y)) AS v(value);

-- relations, ONLY, aliases
SELECT * FROM ONLY customers;

SELECT * FROM ONLY (customers);

SELECT * FROM ONLY (public.customers) AS c (a, b);

SELECT * FROM customers *;

SELECT * FROM public.customers * AS c;

SELECT * FROM customers AS c (a, b, c);

SELECT * FROM customers c (a, b);

SELECT * FROM "Customers" "C" WHERE "C"."Id" = 1;

SELECT * FROM shop.public.customers;

SELECT * FROM pg_temp.scratch, information_schema.tables AS t;

SELECT * FROM customers TABLESAMPLE SYSTEM (10);

SELECT * FROM customers AS c TABLESAMPLE BERNOULLI (0.5) REPEATABLE (42), ONLY orders TABLESAMPLE my.method('a', 5);

SELECT * FROM customers TABLESAMPLE system_rows((SELECT n FROM sample_sizes)) REPEATABLE (random() * 10);

-- subqueries
SELECT * FROM (SELECT 1) AS s;

SELECT * FROM (SELECT 1, 2) s (a, b);

SELECT * FROM (VALUES (1, 'one'), (2, 'two')) AS v (num, word) WHERE num > 1;

SELECT * FROM (TABLE customers) AS t;

SELECT * FROM ((SELECT 1) UNION (SELECT 2)) u;

SELECT * FROM ((((SELECT id FROM customers)))) AS deep;

SELECT * FROM (WITH x AS (SELECT id FROM customers) SELECT * FROM x) AS y;

SELECT * FROM (SELECT * FROM (SELECT * FROM (SELECT id FROM customers) a) b) c;

SELECT * FROM (SELECT id FROM orders FOR UPDATE) AS locked;

SELECT * FROM (SELECT 1 AS a ORDER BY 1 LIMIT 1 OFFSET 0) AS s JOIN (VALUES (1)) AS v (a) USING (a);

-- functions
SELECT * FROM generate_series(1, 10);

SELECT n FROM generate_series(1, 10, 2) AS n;

SELECT * FROM generate_series(1, 3) WITH ORDINALITY;

SELECT * FROM unnest(ARRAY[1, 2], ARRAY['a', 'b']) WITH ORDINALITY AS u (n, s, ord);

SELECT * FROM pg_catalog.generate_series(now(), now() + interval '1 day', interval '1 hour') AS h(at);

SELECT * FROM ROWS FROM (generate_series(1, 3), generate_series(1, 5)) AS r (a, b);

SELECT * FROM ROWS FROM (json_to_record('{"a": 1}') AS (a int, b text), now()) WITH ORDINALITY;

SELECT * FROM ROWS FROM (public.f(1)) AS r;

SELECT * FROM json_to_record('{"a": 1}') AS x (a int, b text COLLATE "C", c numeric(10, 2)[]);

SELECT * FROM json_to_recordset('[{"a": 1}]') AS (a int, b pg_catalog.text);

SELECT * FROM jsonb_populate_record(NULL::customers, '{"id": 1}');

SELECT * FROM dblink('dbname=x', 'SELECT a, b FROM t') AS remote (a int, b varchar(10));

SELECT * FROM f(VARIADIC ARRAY[1, 2, 3]) AS g;

SELECT * FROM f(a => 1, b := 'x', VARIADIC c => '{}'::int[]);

SELECT * FROM current_date AS d, current_user, localtimestamp(3) l;

SELECT * FROM CAST('{1,2}' AS text) AS c;

SELECT * FROM coalesce(1, 2) AS c, greatest(1, 2) AS g;

SELECT * FROM crosstab($$SELECT rowid, attribute, value FROM ct ORDER BY 1, 2$$, $$VALUES ('a'), ('b')$$) AS ct (rowid text, a int, b int);

SELECT f.* FROM get_users() AS f;

SELECT (f(1)).*;

SELECT (f(1)).a, (g(2)).b.c, (h()).d[1];

SELECT * FROM XMLTABLE('/rows/row' PASSING '<rows/>' COLUMNS id int PATH '@id', name text PATH 'name' DEFAULT 'none' NOT NULL, ord FOR ORDINALITY);

SELECT x.* FROM docs, XMLTABLE(XMLNAMESPACES('http://example.org/x' AS x, DEFAULT 'http://example.org/d'), '//x:item' PASSING BY REF docs.body BY REF COLUMNS "Name" text, price numeric PATH 'price' NULL) AS x;

SELECT * FROM docs LEFT JOIN LATERAL xmltable('/a' PASSING BY VALUE body COLUMNS b xml PATH 'b') AS t (b) ON true;

-- locking
SELECT * FROM customers FOR UPDATE;

SELECT * FROM customers FOR NO KEY UPDATE;

SELECT * FROM customers FOR SHARE;

SELECT * FROM customers FOR KEY SHARE;

SELECT * FROM customers FOR UPDATE NOWAIT;

SELECT * FROM customers FOR SHARE SKIP LOCKED;

SELECT * FROM customers c, orders o FOR UPDATE OF c;

SELECT * FROM customers c, orders o FOR UPDATE OF c, o NOWAIT;

SELECT * FROM customers c JOIN orders o ON o.customer_id = c.id FOR UPDATE OF o SKIP LOCKED FOR KEY SHARE OF c;

SELECT * FROM customers FOR READ ONLY;

SELECT * FROM customers WHERE id = 1 FOR NO KEY UPDATE LIMIT 1;

SELECT * FROM customers ORDER BY id LIMIT 5 FOR SHARE OF customers NOWAIT;

SELECT * FROM customers ORDER BY id FOR UPDATE OFFSET 1 FETCH FIRST 2 ROWS ONLY;

SELECT * FROM (SELECT id FROM a FOR UPDATE) x, b FOR KEY SHARE SKIP LOCKED;

(SELECT * FROM customers FOR UPDATE) LIMIT 1;

WITH next AS (SELECT id FROM jobs WHERE state = 'new' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) UPDATE jobs SET state = 'taken' FROM next WHERE jobs.id = next.id RETURNING jobs.*;

VALUES (1) FOR UPDATE;
