-- case: copy-table
COPY customers TO STDOUT;
-- case: copy-table-schema
COPY public.customers TO STDOUT;
-- case: copy-column
COPY customers (ssn) TO STDOUT;
-- case: copy-columns
COPY customers (id, email, phone) TO STDOUT;
-- case: copy-clean-and-masked-column
COPY customers (name, card_number) TO STDOUT;
-- case: copy-csv
COPY customers TO STDOUT WITH (FORMAT csv, HEADER);
-- case: copy-csv-force-quote
COPY customers (ssn) TO STDOUT WITH (FORMAT csv, FORCE_QUOTE *, DELIMITER ';');
-- case: copy-binary
COPY customers TO STDOUT WITH (FORMAT binary);
-- case: copy-binary-column
COPY payments (token) TO STDOUT WITH (FORMAT binary);
-- case: copy-old-syntax-csv
COPY customers TO STDOUT CSV HEADER;
-- case: copy-old-syntax-binary
COPY BINARY customers TO STDOUT;
-- case: copy-old-syntax-delimiters
COPY customers TO STDOUT USING DELIMITERS '|';
-- case: copy-null-and-delimiter
COPY customers (phone) TO STDOUT (NULL 'none', DELIMITER '|');
-- case: copy-encoding
COPY customers (email) TO STDOUT (ENCODING 'LATIN1');
-- case: copy-query
COPY (SELECT ssn FROM customers) TO STDOUT;
-- case: copy-query-csv
COPY (SELECT id, email AS region FROM customers ORDER BY id) TO STDOUT WITH (FORMAT csv);
-- case: copy-query-binary
COPY (SELECT upper(ssn) FROM customers) TO STDOUT WITH (FORMAT binary);
-- case: copy-query-whole-row
COPY (SELECT c FROM customers c) TO STDOUT;
-- case: copy-query-json
COPY (SELECT row_to_json(c) FROM customers c) TO STDOUT;
-- case: copy-query-of-orders-with-subquery
COPY (SELECT o.*, (SELECT ssn FROM customers c WHERE c.id = o.customer_id) FROM orders o) TO STDOUT;
-- case: copy-query-predicate
COPY (SELECT id FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE ssn LIKE '%1%')) TO STDOUT;
-- case: copy-query-table-command
COPY (TABLE customers) TO STDOUT;
-- case: copy-query-values
COPY (VALUES ((SELECT max(ssn) FROM customers))) TO STDOUT;
-- case: copy-query-cte
COPY (WITH a AS (SELECT email FROM customers) SELECT * FROM a) TO STDOUT;
-- case: copy-query-union
COPY (SELECT status FROM orders UNION ALL SELECT ssn FROM customers) TO STDOUT;
-- case: copy-query-view
COPY (SELECT * FROM customer_contacts) TO STDOUT;
-- case: copy-update-returning
BEGIN;
COPY (UPDATE customers SET region = region WHERE id > 0 RETURNING ssn) TO STDOUT;
ROLLBACK;
-- case: copy-delete-returning
BEGIN;
COPY (DELETE FROM payments WHERE id > 0 RETURNING token) TO STDOUT;
ROLLBACK;
-- case: copy-insert-returning
BEGIN;
COPY (INSERT INTO orders (customer_id, amount) SELECT id, length(email) FROM customers RETURNING amount) TO STDOUT;
ROLLBACK;
-- case: copy-payments
COPY payments TO STDOUT;
-- case: copy-temp-table
CREATE TEMP TABLE copy_temp AS SELECT ssn FROM customers;
COPY copy_temp TO STDOUT;
-- case: copy-temp-table-named-orders
-- why: the one table that may be exported is hidden by another
CREATE TEMP TABLE orders AS SELECT ssn FROM customers;
COPY orders TO STDOUT;
-- case: copy-orders-after-update
BEGIN;
UPDATE orders o SET amount = (SELECT length(email) FROM customers c WHERE c.id = o.customer_id) WHERE id > 0;
COPY orders TO STDOUT;
ROLLBACK;
-- case: copy-error-context
COPY (SELECT email::int FROM customers) TO STDOUT;
-- case: copy-to-file
-- why: needs the role pg_write_server_files
COPY customers TO '/tmp/copy_to_file.txt';
-- case: copy-to-program
-- why: needs the role pg_execute_server_program
COPY customers TO PROGRAM 'cat > /dev/null';
-- case: copy-in-one-query-with-select
SELECT 1; COPY customers (ssn) TO STDOUT; SELECT 2;
