-- COPY in all its forms
COPY customers FROM STDIN;

COPY customers TO STDOUT;

COPY customers (id, name) FROM STDIN;

COPY public.customers (id, "Mixed") TO STDOUT;

COPY customers FROM '/srv/data/customers.txt';

COPY customers TO '/srv/data/customers.txt';

COPY customers FROM PROGRAM 'gzip -dc /srv/data/customers.gz';

COPY customers TO PROGRAM 'gzip > /srv/data/customers.gz';

COPY (SELECT id, name FROM customers WHERE region = 'eu') TO STDOUT;

COPY (VALUES (1, 'a'), (2, 'b')) TO STDOUT WITH CSV;

COPY (TABLE customers) TO '/tmp/x' CSV HEADER;

COPY (SELECT 1 UNION SELECT 2 ORDER BY 1) TO PROGRAM 'cat';

COPY (INSERT INTO customers (name) VALUES ('x') RETURNING id) TO STDOUT;

COPY (UPDATE customers SET name = 'x' RETURNING *) TO STDOUT;

COPY (DELETE FROM customers USING orders RETURNING customers.id) TO STDOUT (FORMAT csv);

COPY customers FROM STDIN WITH (FORMAT csv, HEADER, DELIMITER ';', NULL '', QUOTE '''', ESCAPE '\', ENCODING 'latin1');

COPY customers FROM STDIN (FORMAT text, DELIMITER E'\t', NULL '\N');

COPY customers FROM STDIN (FORMAT binary);

COPY customers FROM STDIN (FORMAT 'csv', HEADER match, FORCE_NOT_NULL (name, email), FORCE_NULL (phone));

COPY customers TO STDOUT (FORMAT csv, HEADER true, FORCE_QUOTE (name, email));

COPY customers TO STDOUT (FORMAT csv, FORCE_QUOTE *, HEADER off);

COPY customers FROM STDIN (FREEZE, HEADER 1);

COPY customers FROM STDIN (FREEZE false);

COPY customers FROM STDIN WHERE id > 5 AND region IN ('eu', 'us');

COPY customers (id) FROM '/tmp/x' WITH (FORMAT csv) WHERE id % 2 = 0;

-- the older ways to write options
COPY customers FROM STDIN WITH BINARY;

COPY BINARY customers TO STDOUT;

COPY customers FROM STDIN USING DELIMITERS ',';

COPY customers FROM STDIN DELIMITER ',' NULL AS 'null';

COPY customers FROM STDIN WITH DELIMITER AS '|' NULL '' CSV HEADER QUOTE AS '"' ESCAPE AS '\' FORCE NOT NULL name, email FORCE NULL phone ENCODING 'UTF8';

COPY customers TO STDOUT CSV FORCE QUOTE name, email;

COPY customers TO STDOUT CSV FORCE QUOTE *;

COPY customers FROM STDIN FREEZE CSV;

COPY "Odd Table" FROM STDIN CSV QUOTE AS $$'$$;
