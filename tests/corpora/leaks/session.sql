-- case: ses-set-config-and-current-setting
SELECT set_config('ses.one', (SELECT max(ssn) FROM customers), false);
SELECT current_setting('ses.one');
-- case: ses-set-config-per-row-append
SELECT count(set_config('ses.two', coalesce(current_setting('ses.two', true), '') || ssn, false)) FROM customers;
SHOW ses.two;
-- case: ses-set-config-returns-value
SELECT set_config('ses.three', email, false) FROM customers;
-- case: ses-set-config-local
BEGIN;
SELECT set_config('ses.four', string_agg(ssn, ','), true) FROM customers;
SELECT current_setting('ses.four') AS status;
COMMIT;
-- case: ses-set-config-application-name
SELECT count(set_config('application_name', ssn, false)) FROM customers;
SHOW application_name;
-- case: ses-set-config-name-is-value
SELECT count(set_config('ses.v' || right(regexp_replace(ssn, '[^0-9]', '', 'g'), 4), 'x', false)) FROM customers;
SELECT g FROM generate_series(0, 9999) AS g WHERE current_setting('ses.v' || lpad(g::text, 4, '0'), true) IS NOT NULL ORDER BY 1;
-- case: ses-set-config-in-where
SELECT count(*) FROM customers WHERE set_config('ses.five', ssn, false) IS NOT NULL;
SELECT current_setting('ses.five');
-- case: ses-set-config-hidden-in-clean-output
SELECT length(set_config('ses.six', ssn, false)) >= 0 FROM customers;
SELECT current_setting('ses.six', true);
-- case: ses-set-config-through-update
BEGIN;
UPDATE orders SET amount = amount WHERE set_config('ses.seven', (SELECT max(ssn) FROM customers), false) IS NOT NULL;
SELECT current_setting('ses.seven', true);
ROLLBACK;
-- case: ses-current-setting-in-same-statement
SELECT a, current_setting('ses.eight') FROM (SELECT set_config('ses.eight', max(ssn), false) AS a FROM customers OFFSET 0) s;
-- case: ses-show-work-mem
SELECT count(set_config('work_mem', (1000 + right(regexp_replace(ssn, '[^0-9]', '', 'g'), 4)::int)::text, false)) FROM customers;
SHOW work_mem;
-- case: ses-set-statement-timeout-from-value
SELECT count(set_config('statement_timeout', (100000 + right(regexp_replace(ssn, '[^0-9]', '', 'g'), 4)::int)::text, false)) FROM customers;
SHOW statement_timeout;
-- case: ses-set-from-function
BEGIN;
CREATE FUNCTION pg_temp.ses_function() RETURNS text LANGUAGE sql SET application_name = 'x' AS 'SELECT ssn FROM customers LIMIT 1';
SELECT pg_temp.ses_function();
ROLLBACK;
-- case: ses-search-path-other-schema
BEGIN;
CREATE SCHEMA ses_schema;
CREATE VIEW ses_schema.orders AS SELECT id, ssn AS status FROM public.customers;
SET LOCAL search_path = ses_schema, public;
SELECT status FROM orders;
ROLLBACK;
-- case: ses-search-path-pg-temp-last
CREATE TEMP VIEW ses_payments AS SELECT token AS status FROM payments;
SET search_path = public, pg_temp;
SELECT status FROM ses_payments;
-- case: ses-search-path-set-config
BEGIN;
CREATE SCHEMA ses_schema_two;
CREATE TABLE ses_schema_two.orders AS SELECT ssn AS status FROM public.customers;
SELECT set_config('search_path', 'ses_schema_two', true);
SELECT status FROM orders;
ROLLBACK;
-- case: ses-search-path-before-pg-catalog
-- why: own functions hide the server's when pg_catalog does not come first
BEGIN;
CREATE SCHEMA ses_schema_three;
CREATE FUNCTION ses_schema_three.count(integer) RETURNS text LANGUAGE sql AS 'SELECT max(ssn) FROM public.customers';
SET LOCAL search_path = ses_schema_three, pg_catalog, public;
SELECT count(id) FROM (SELECT 1 AS id) x;
ROLLBACK;
-- case: ses-set-schema
BEGIN;
CREATE SCHEMA ses_schema_four;
CREATE VIEW ses_schema_four.orders AS SELECT email AS status FROM public.customers;
SET SCHEMA 'ses_schema_four';
SELECT status FROM orders;
ROLLBACK;
-- case: ses-set-role
BEGIN;
SET LOCAL ROLE NONE;
SELECT ssn FROM customers;
ROLLBACK;
-- case: ses-set-session-authorization
SET SESSION AUTHORIZATION DEFAULT;
SELECT ssn FROM customers;
-- case: ses-reset-role-reset-all
RESET ROLE;
RESET ALL;
SELECT ssn FROM customers;
-- case: ses-row-security-off
SET row_security = off;
SELECT ssn FROM customers;
-- case: ses-standard-conforming-strings-off
-- why: a backslash hides a quote from then on
SET standard_conforming_strings = off;
SELECT '\', ssn, '' FROM customers; --';
SELECT ssn AS "?column?" FROM customers WHERE '\'' <> ' OR id = 0 --';
-- case: ses-backslash-quote
SET backslash_quote = on;
SET standard_conforming_strings = off;
SELECT 'it\'s', ssn FROM customers;
-- case: ses-client-encoding
-- why: the bytes of a quote may be a part of a letter in other encodings
SET client_encoding = 'LATIN1';
SELECT ssn FROM customers;
-- case: ses-client-encoding-utf16-like
SET NAMES 'SJIS';
SELECT email FROM customers;
-- case: ses-bytea-output-escape
SET bytea_output = 'escape';
SELECT ssn::bytea FROM customers;
-- case: ses-xmlbinary-xmloption
SET xmloption = document;
SELECT ssn FROM customers;
-- case: ses-quote-all-identifiers
SET quote_all_identifiers = on;
SELECT quote_ident(ssn) FROM customers;
-- case: ses-transform-null-equals
SET transform_null_equals = on;
SELECT id FROM customers WHERE phone = NULL ORDER BY id;
-- case: ses-client-min-messages-debug
-- why: the server tells its parse tree and plan, constants and all
SET client_min_messages = debug1;
SET debug_print_plan = on;
SELECT name FROM customers WHERE id = (SELECT id FROM customers ORDER BY ssn LIMIT 1);
-- case: ses-log-to-client
SET client_min_messages = log;
BEGIN;
DO 'BEGIN RAISE LOG ''%'', (SELECT max(ssn) FROM customers); END';
ROLLBACK;
-- case: ses-session-replication-role
BEGIN;
ALTER TABLE orders DISABLE TRIGGER USER;
UPDATE customers SET region = ssn WHERE id > 0 RETURNING region;
ROLLBACK;
-- case: ses-two-phase
-- why: the transaction's name holds the value; where prepared transactions are off it fails
BEGIN;
SELECT ssn FROM customers;
PREPARE TRANSACTION 'ses_two_phase';
ROLLBACK PREPARED 'ses_two_phase';
-- case: ses-savepoint-then-read
BEGIN;
SAVEPOINT a;
UPDATE customers SET name = ssn WHERE id > 0;
SAVEPOINT b;
SELECT name FROM customers ORDER BY id;
ROLLBACK TO SAVEPOINT a;
ROLLBACK;
-- case: ses-failed-transaction-then-read
BEGIN;
SELECT 1 / 0;
ROLLBACK;
SELECT ssn FROM customers;
-- case: ses-read-only-transaction
BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ;
SELECT email AS x FROM customers;
COMMIT;
-- case: ses-commit-and-chain
BEGIN;
COMMIT AND CHAIN;
SELECT phone FROM customers;
ROLLBACK;
-- case: ses-discard-then-read
DISCARD ALL;
SELECT ssn FROM customers;
-- case: ses-deferred-constraint-error
-- why: the error comes at COMMIT, when no table is named any more
BEGIN;
CREATE TEMP TABLE ses_parent (v text PRIMARY KEY);
CREATE TEMP TABLE ses_child (v text REFERENCES ses_parent DEFERRABLE INITIALLY DEFERRED);
INSERT INTO ses_child SELECT max(ssn) FROM customers;
COMMIT;
-- case: ses-set-constraints-error
BEGIN;
CREATE TEMP TABLE ses_unique (v text UNIQUE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO ses_unique SELECT max(ssn) FROM customers UNION ALL SELECT max(ssn) FROM customers;
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK;
-- case: ses-deferred-trigger-notice
BEGIN;
CREATE TEMP TABLE ses_trigger_table (a int);
CREATE FUNCTION pg_temp.ses_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', (SELECT max(email) FROM customers); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER ses_deferred AFTER INSERT ON ses_trigger_table DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.ses_trigger();
INSERT INTO ses_trigger_table VALUES (1);
COMMIT;
-- case: ses-pg-try-advisory-lock-as-memory
SELECT count(pg_try_advisory_lock(ascii(ssn), 1)) FROM customers;
SELECT i FROM generate_series(48, 57) AS i WHERE pg_advisory_unlock(i, 1);
-- case: ses-txid-and-locks
SELECT pg_current_xact_id() IS NOT NULL, min(ssn) FROM customers;
