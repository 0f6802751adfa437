-- case: time-sleep-if
SELECT CASE WHEN max(ssn) LIKE '9%' THEN pg_sleep(0.4) END FROM customers;
-- case: time-sleep-per-row
SELECT count(pg_sleep(CASE WHEN ssn LIKE '9%' THEN 0.05 ELSE 0 END)) FROM customers;
-- case: time-sleep-in-where
SELECT name FROM customers WHERE ssn LIKE '9%' AND pg_sleep(0.05) IS NOT NULL;
-- case: time-sleep-for
SELECT pg_sleep_for(CASE WHEN max(ssn) LIKE '9%' THEN interval '0.4 seconds' ELSE interval '0' END) FROM customers;
-- case: time-sleep-until
SELECT pg_sleep_until(clock_timestamp() + CASE WHEN max(ssn) LIKE '9%' THEN interval '0.4 seconds' ELSE interval '0' END) FROM customers;
-- case: time-sleep-length
-- why: as long as the value's last digits say
SELECT pg_sleep(right(regexp_replace(max(ssn), '[^0-9]', '', 'g'), 1)::int * 0.05) FROM customers;
-- case: time-heavy-series
SELECT count(*) FROM customers c, LATERAL (SELECT count(*) FROM generate_series(1, CASE WHEN c.ssn LIKE '9%' THEN 300000 ELSE 1 END)) x;
-- case: time-heavy-regex
SELECT sum(length(regexp_replace(repeat('a', CASE WHEN ssn LIKE '9%' THEN 400000 ELSE 1 END), 'a', 'bb', 'g'))) > 0 FROM customers;
-- case: time-heavy-hash
SELECT count(sha512(convert_to(repeat('x', CASE WHEN ssn LIKE '9%' THEN 10000000 ELSE 1 END), 'UTF8'))) FROM customers;
-- case: time-heavy-join
SELECT count(*) FROM generate_series(1, (SELECT CASE WHEN max(ssn) LIKE '9%' THEN 1500 ELSE 1 END FROM customers)) a CROSS JOIN generate_series(1, 1500) b;
-- case: time-heavy-recursion
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < (SELECT CASE WHEN max(ssn) LIKE '9%' THEN 400000 ELSE 1 END FROM customers)) SELECT count(*) FROM t;
-- case: time-heavy-factorial
SELECT factorial(CASE WHEN max(ssn) LIKE '9%' THEN 30000 ELSE 1 END)::text <> '' FROM customers;
-- case: time-statement-timeout-as-oracle
-- why: the time-out turns the time into an error
SET statement_timeout = '200ms';
SELECT count(*) FROM generate_series(1, (SELECT CASE WHEN max(ssn) LIKE '9%' THEN 30000000 ELSE 1 END FROM customers));
-- case: time-statement-timeout-sleep
SET statement_timeout = 200;
SELECT CASE WHEN max(ssn) LIKE '9%' THEN pg_sleep(3) END FROM customers;
-- case: time-clock-in-output
-- why: the time is in the result, as a clean-looking column
SELECT clock_timestamp() - statement_timestamp() > interval '0.2 seconds' FROM (SELECT count(pg_sleep(CASE WHEN ssn LIKE '9%' THEN 0.05 ELSE 0 END)) FROM customers OFFSET 0) s;
-- case: time-clock-in-next-statement
BEGIN;
SELECT count(*) FROM generate_series(1, (SELECT CASE WHEN max(ssn) LIKE '9%' THEN 3000000 ELSE 1 END FROM customers));
SELECT clock_timestamp() - now() > interval '0.25 seconds';
COMMIT;
-- case: time-explain-analyze
EXPLAIN ANALYZE SELECT CASE WHEN ssn LIKE '9%' THEN pg_sleep(0.02) END FROM customers;
-- case: time-advisory-lock-wait
-- why: whether a lock is taken is seen by another session, or by oneself in pg_locks
SELECT pg_advisory_lock(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint) FROM customers;
SELECT objid FROM pg_locks WHERE locktype = 'advisory' ORDER BY 1;
