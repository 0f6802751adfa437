-- case: date-trunc
SELECT id, date_trunc('day', created_at) FROM orders ORDER BY id;
-- case: date-trunc-zone
SELECT id, date_trunc('month', created_at, 'Europe/Berlin') FROM orders ORDER BY id;
-- case: date-part
SELECT id, date_part('year', created_at), date_part('dow', created_at) FROM orders ORDER BY id;
-- case: date-extract
SELECT id, extract(year FROM created_at) AS y, extract(month FROM created_at) AS m, extract(epoch FROM created_at) AS e FROM orders ORDER BY id;
-- case: date-extract-quoted
SELECT EXTRACT('week' FROM created_at), EXTRACT(DOY FROM created_at) FROM orders ORDER BY id;
-- case: date-to-char
SELECT id, to_char(created_at, 'YYYY-MM-DD HH24:MI') FROM orders ORDER BY id;
-- case: date-to-char-month
SELECT DISTINCT to_char(created_at, 'FMMonth YYYY') AS month FROM orders ORDER BY 1;
-- case: date-at-time-zone
SELECT id, created_at AT TIME ZONE 'UTC' AS utc, created_at AT TIME ZONE 'America/New_York' AS ny FROM orders ORDER BY id;
-- case: date-cast
SELECT id, created_at::date, created_at::time FROM orders ORDER BY id;
-- case: date-function
SELECT date(created_at) AS day, count(*) FROM orders GROUP BY date(created_at) ORDER BY 1;
-- case: date-interval-arithmetic
SELECT id, created_at + interval '30 days' AS due FROM orders ORDER BY id;
-- case: date-interval-units
SELECT timestamptz '2025-07-01 00:00:00+00' - INTERVAL '1' DAY AS a, timestamptz '2025-07-01 00:00:00+00' + INTERVAL '2 months 3 days 04:05:06' AS b;
-- case: date-interval-multiplied
SELECT 3 * interval '1 hour' AS a, interval '1 day' / 2 AS b, -interval '1 week' AS c;
-- case: date-age
SELECT age(timestamp '2025-09-01', timestamp '2025-01-14 09:12') AS a, age(date '2025-03-01', date '2024-02-29') AS b;
-- case: date-between-orders
SELECT id, created_at - lag(created_at) OVER (ORDER BY created_at) AS pause FROM orders ORDER BY created_at;
-- case: date-literals
SELECT date '2025-01-01', time '12:34:56', timestamp '2025-01-01 12:34:56', timestamptz '2025-01-01 12:34:56+02', interval '1 day';
-- case: date-make
SELECT make_date(2025, 2, 28), make_time(1, 2, 3.5), make_timestamp(2025, 2, 28, 1, 2, 3), make_interval(days => 10, hours => 2);
-- case: date-to-date
SELECT to_date('28.02.2025', 'DD.MM.YYYY'), to_timestamp(1735689600), to_timestamp('2025-01-01 10', 'YYYY-MM-DD HH24');
-- case: date-overlaps
SELECT (date '2025-01-01', date '2025-02-01') OVERLAPS (date '2025-01-15', interval '1 month') AS o;
-- case: date-justify
SELECT justify_days(interval '35 days'), justify_hours(interval '27 hours'), justify_interval(interval '1 mon -1 hour');
-- case: date-isfinite
SELECT isfinite(date '2025-01-01'), isfinite(timestamp 'infinity'), 'infinity'::timestamp > now()::timestamp AS later;
-- case: date-now-is
SELECT now() IS NOT NULL AS n, current_date = now()::date AS d, current_timestamp = transaction_timestamp() AS t, localtimestamp IS NOT NULL AS l;
-- case: date-clock
SELECT clock_timestamp() >= statement_timestamp() AS later, timeofday() <> '' AS said;
-- case: date-older-than
SELECT count(*) FROM orders WHERE created_at < now() - interval '1 second';
-- case: date-last-days-window
SELECT id FROM orders WHERE created_at > timestamptz '2025-09-01' - interval '30 days' ORDER BY id;
-- case: date-range-of-month
SELECT id FROM orders WHERE created_at >= date '2025-08-01' AND created_at < date '2025-08-01' + interval '1 month' ORDER BY id;
-- case: date-range-type
SELECT id FROM orders WHERE tstzrange('2025-07-01', '2025-08-01', '[)') @> created_at ORDER BY id;
-- case: date-bin
SELECT date_bin('15 minutes', created_at, timestamptz '2025-01-01') FROM orders ORDER BY id;
-- case: date-series-left-join
SELECT d::date AS day, count(o.id) FROM generate_series(date '2025-07-01', date '2025-07-10', interval '1 day') AS d LEFT JOIN orders o ON o.created_at::date = d::date GROUP BY d ORDER BY d;
-- case: date-per-week
SELECT date_trunc('week', created_at)::date AS week, count(*), sum(amount) FROM orders GROUP BY week ORDER BY week;
-- case: date-quarter
SELECT extract(quarter FROM created_at) AS q, count(*) FROM orders GROUP BY q ORDER BY q;
-- case: date-epoch-back
SELECT to_timestamp(extract(epoch FROM timestamptz '2025-05-05 05:05:05+00')) AT TIME ZONE 'UTC';
-- case: date-current-of-customers
SELECT name, extract(year FROM created_at)::int AS year FROM customers ORDER BY created_at DESC;
