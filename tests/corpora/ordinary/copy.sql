-- case: copy-orders
COPY orders TO STDOUT;
-- case: copy-orders-columns
COPY orders (id, amount, status) TO STDOUT;
-- case: copy-orders-schema
COPY public.orders TO STDOUT;
-- case: copy-orders-csv
COPY orders TO STDOUT WITH (FORMAT csv);
-- case: copy-orders-csv-header
COPY orders (id, status) TO STDOUT WITH (FORMAT csv, HEADER true);
-- case: copy-orders-csv-options
COPY orders (id, status) TO STDOUT WITH (FORMAT csv, DELIMITER ';', NULL '', FORCE_QUOTE (status));
-- case: copy-orders-text-options
COPY orders (id, amount) TO STDOUT (FORMAT text, DELIMITER '|');
-- case: copy-orders-old-syntax
COPY orders (id, customer_id) TO STDOUT WITH CSV HEADER;
-- case: copy-orders-binary
COPY orders (id, customer_id) TO STDOUT WITH (FORMAT binary);
-- case: copy-orders-quoted
COPY "public"."orders" ("id", "status") TO STDOUT;
-- case: copy-orders-in-transaction
BEGIN;
COPY orders (id) TO STDOUT;
COMMIT;
