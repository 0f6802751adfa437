-- case: code-do-raise-notice
DO 'BEGIN RAISE NOTICE ''%'', (SELECT string_agg(ssn, '','') FROM customers); END';
-- case: code-do-dollar-quoted
DO $$ BEGIN RAISE NOTICE '%', (SELECT max(email) FROM customers); END $$;
-- case: code-do-raise-exception
DO $$ BEGIN RAISE EXCEPTION '%', (SELECT max(ssn) FROM customers); END $$;
-- case: code-do-raise-with-detail-and-hint
DO $$ DECLARE v text := (SELECT max(ssn) FROM customers); BEGIN RAISE EXCEPTION 'x' USING DETAIL = v, HINT = v; END $$;
-- case: code-do-raise-with-names
-- why: the fields that name a table, column or constraint carry the value
DO $$ DECLARE v text := (SELECT max(ssn) FROM customers); BEGIN RAISE EXCEPTION 'x' USING TABLE = v, COLUMN = v, CONSTRAINT = v, SCHEMA = v, DATATYPE = v; END $$;
-- case: code-do-raise-with-sqlstate
-- why: five letters of the SQLSTATE are five letters of the value
DO $$ DECLARE v text := (SELECT 'Z' || right(upper(regexp_replace(max(ssn), '[^0-9]', '', 'g')), 4) FROM customers); BEGIN RAISE EXCEPTION USING ERRCODE = v; END $$;
-- case: code-do-loop-with-warnings
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM customers LOOP RAISE WARNING '% %', r.ssn, r.email; END LOOP; END $$;
-- case: code-do-number-of-notices
-- why: as many notices as a digit says
DO $$ DECLARE n int := (SELECT right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 1)::int FROM customers); BEGIN FOR i IN 1..n LOOP RAISE NOTICE 'x'; END LOOP; END $$;
-- case: code-do-dynamic-sql
DO $$ DECLARE v text; BEGIN EXECUTE 'SELECT max(s' || 'sn) FROM cust' || 'omers' INTO v; RAISE NOTICE '%', v; END $$;
-- case: code-do-with-language-first
DO LANGUAGE plpgsql $body$ BEGIN RAISE INFO '%', (SELECT max(phone) FROM customers); END $body$;
-- case: code-do-language-last
DO $$ BEGIN RAISE LOG '%', 1; RAISE NOTICE '%', (SELECT max(card_number) FROM payments); END $$ LANGUAGE plpgsql;
-- case: code-do-set-config
DO $$ BEGIN PERFORM set_config('code.one', (SELECT max(ssn) FROM customers), false); END $$;
SELECT current_setting('code.one');
-- case: code-do-creates-temp-table
DO $$ BEGIN CREATE TEMP TABLE code_temp AS SELECT ssn AS status FROM customers; END $$;
SELECT status FROM code_temp;
-- case: code-do-updates-clean-column
BEGIN;
DO $$ BEGIN UPDATE customers SET region = ssn; END $$;
SELECT region FROM customers ORDER BY id;
ROLLBACK;
-- case: code-do-notify
LISTEN code_channel;
DO $$ BEGIN PERFORM pg_notify('code_channel', (SELECT max(ssn) FROM customers)); END $$;
-- case: code-do-prepares
DO $$ BEGIN EXECUTE 'PREPARE code_prepared AS SELECT ssn AS status FROM customers'; END $$;
EXECUTE code_prepared;
-- case: code-do-opens-cursor
BEGIN;
DO $$ DECLARE c refcursor := 'code_cursor'; BEGIN OPEN c FOR SELECT ssn FROM customers; END $$;
FETCH ALL FROM code_cursor;
ROLLBACK;
-- case: code-do-sleep
DO $$ BEGIN IF (SELECT max(ssn) LIKE '9%' FROM customers) THEN PERFORM pg_sleep(0.4); END IF; END $$;
-- case: code-do-error-of-cast
DO $$ DECLARE n int; BEGIN n := (SELECT max(email) FROM customers); END $$;
-- case: code-do-case-not-found
DO $$ BEGIN CASE (SELECT count(*) FROM customers WHERE ssn LIKE '98%') WHEN 10 THEN NULL; END CASE; END $$;
-- case: code-do-strict-into
DO $$ DECLARE v text; BEGIN SELECT name INTO STRICT v FROM customers WHERE ssn LIKE '98%'; END $$;
-- case: code-do-exception-message-of-handler
DO $$ BEGIN PERFORM email::int FROM customers; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', sqlerrm; END $$;
-- case: code-do-error-context
-- why: the CONTEXT of an error quotes the SQL text that was built
DO $$ BEGIN EXECUTE format('SELECT %L::int', (SELECT max(ssn) || 'x' FROM customers)); END $$;
-- case: code-function-returns-table
BEGIN;
CREATE FUNCTION pg_temp.code_table() RETURNS TABLE (region text, name text) LANGUAGE sql AS 'SELECT ssn, email FROM customers';
SELECT region, name FROM pg_temp.code_table();
ROLLBACK;
-- case: code-function-out-parameters
BEGIN;
CREATE FUNCTION pg_temp.code_out(OUT a text, OUT b text) LANGUAGE sql AS 'SELECT max(ssn), max(email) FROM customers';
SELECT * FROM pg_temp.code_out();
SELECT (pg_temp.code_out()).b;
ROLLBACK;
-- case: code-function-setof-customers
BEGIN;
CREATE FUNCTION pg_temp.code_setof() RETURNS SETOF customers LANGUAGE sql AS 'SELECT * FROM customers';
SELECT ssn FROM pg_temp.code_setof();
ROLLBACK;
-- case: code-function-security-definer
BEGIN;
CREATE FUNCTION public.code_definer() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT ssn FROM customers';
SELECT code_definer();
ROLLBACK;
-- case: code-function-argument-is-masked
BEGIN;
CREATE FUNCTION pg_temp.code_length(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1 || $1';
SELECT pg_temp.code_length(c.ssn) FROM customers c;
ROLLBACK;
-- case: code-function-polymorphic
BEGIN;
CREATE FUNCTION pg_temp.code_any(anyelement) RETURNS anyelement LANGUAGE sql AS 'SELECT $1';
SELECT (pg_temp.code_any(c)).ssn FROM customers c;
ROLLBACK;
-- case: code-function-named-arguments
BEGIN;
CREATE FUNCTION pg_temp.code_named(a text, b text DEFAULT '') RETURNS text LANGUAGE sql AS 'SELECT a || b';
SELECT pg_temp.code_named(b => email, a => 'x') FROM customers;
ROLLBACK;
-- case: code-aggregate-of-own-function
BEGIN;
CREATE FUNCTION pg_temp.code_second(text, text) RETURNS text LANGUAGE sql AS 'SELECT $2';
CREATE AGGREGATE pg_temp.code_last(text) (SFUNC = pg_temp.code_second, STYPE = text);
SELECT pg_temp.code_last(ssn) FROM customers;
ROLLBACK;
-- case: code-call-procedure
BEGIN;
CREATE PROCEDURE pg_temp.code_procedure(INOUT v text) LANGUAGE sql AS 'SELECT max(ssn) FROM customers';
CALL pg_temp.code_procedure('');
ROLLBACK;
-- case: code-trigger-on-temp-table
BEGIN;
CREATE TEMP TABLE code_trigger_table (status text);
CREATE FUNCTION pg_temp.code_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.status := (SELECT max(ssn) FROM customers); RETURN new; END';
CREATE TRIGGER code_trigger BEFORE INSERT ON code_trigger_table FOR EACH ROW EXECUTE FUNCTION pg_temp.code_trigger();
INSERT INTO code_trigger_table VALUES ('x') RETURNING status;
ROLLBACK;
-- case: code-default-expression-calls-function
BEGIN;
CREATE FUNCTION public.code_default() RETURNS text LANGUAGE sql AS 'SELECT max(email) FROM customers';
CREATE TEMP TABLE code_default_table (a int, v text DEFAULT public.code_default());
INSERT INTO code_default_table (a) VALUES (1);
SELECT v FROM code_default_table;
ROLLBACK;
-- case: code-domain-check-calls-function
BEGIN;
CREATE FUNCTION public.code_check(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END';
CREATE DOMAIN code_domain AS text CHECK (public.code_check(value));
SELECT id, ssn::code_domain IS NULL FROM customers;
ROLLBACK;
-- case: code-index-expression-raises
BEGIN;
CREATE FUNCTION public.code_index(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN $1; END';
CREATE INDEX ON customers (public.code_index(ssn));
ROLLBACK;
-- case: code-leaky-operator-in-view-predicate
-- why: a cheap function in WHERE sees the rows before the view's own condition hides them
BEGIN;
CREATE VIEW code_barrier AS SELECT id, ssn FROM customers WHERE id < 0;
CREATE FUNCTION pg_temp.code_spy(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END';
SELECT id FROM code_barrier WHERE pg_temp.code_spy(ssn);
ROLLBACK;
-- case: code-untrusted-language
-- why: needs a superuser and a language that is not installed
CREATE FUNCTION code_untrusted() RETURNS text LANGUAGE plpython3u AS 'return plpy.execute("SELECT ssn FROM customers")[0]["ssn"]';
-- case: code-load-library
-- why: needs a superuser
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_analyze = on;
SET auto_explain.log_timing = off;
SET client_min_messages = log;
SELECT 1 FROM customers WHERE ssn LIKE '9%';
