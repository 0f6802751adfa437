-- case: ses-show-server-version
SHOW server_version;
-- case: ses-show-server-version-num
SHOW server_version_num;
-- case: ses-show-transaction-isolation
SHOW transaction_isolation;
-- case: ses-show-transaction-isolation-level
SHOW TRANSACTION ISOLATION LEVEL;
-- case: ses-show-time-zone
SHOW TIME ZONE;
-- case: ses-show-timezone
SHOW timezone;
-- case: ses-show-datestyle
SHOW DateStyle;
-- case: ses-show-encodings
SHOW server_encoding;
SHOW client_encoding;
-- case: ses-show-standard-conforming-strings
SHOW standard_conforming_strings;
-- case: ses-show-search-path
SHOW search_path;
-- case: ses-show-max-identifier-length
SHOW max_identifier_length;
-- case: ses-show-statement-timeout
SHOW statement_timeout;
-- case: ses-show-default-transaction-read-only
SHOW default_transaction_read_only;
-- case: ses-show-integer-datetimes
SHOW integer_datetimes;
-- case: ses-show-bytea-output
SHOW bytea_output;
-- case: ses-show-max-index-keys
SHOW max_index_keys;
-- case: ses-set-statement-timeout
SET statement_timeout = 30000;
SHOW statement_timeout;
-- case: ses-set-statement-timeout-text
SET statement_timeout TO '30s';
SHOW statement_timeout;
-- case: ses-set-session-statement-timeout
SET SESSION statement_timeout = '1min';
SHOW statement_timeout;
-- case: ses-set-statement-timeout-default
SET statement_timeout TO DEFAULT;
SHOW statement_timeout;
-- case: ses-set-lock-timeout
SET lock_timeout = '5s';
SHOW lock_timeout;
-- case: ses-set-idle-timeout
SET idle_in_transaction_session_timeout = 60000;
SHOW idle_in_transaction_session_timeout;
-- case: ses-set-application-name
SET application_name = 'reports';
SHOW application_name;
-- case: ses-set-application-name-to
SET application_name TO 'PostgreSQL JDBC Driver';
SELECT current_setting('application_name') AS name;
-- case: ses-set-datestyle
SET DateStyle = 'ISO, DMY';
SELECT date '2025-01-31' AS d, '31/01/2025'::date AS e;
-- case: ses-set-datestyle-words
SET datestyle TO ISO, MDY;
SELECT '01/31/2025'::date AS d;
-- case: ses-set-datestyle-german
SET DateStyle TO 'German';
SELECT id, created_at::date FROM orders ORDER BY id;
-- case: ses-set-timezone
SET timezone = 'Europe/Berlin';
SELECT id, created_at FROM orders ORDER BY id;
-- case: ses-set-time-zone
SET TIME ZONE 'America/New_York';
SELECT created_at FROM orders WHERE id = 1;
-- case: ses-set-time-zone-utc
SET TimeZone TO 'UTC';
SELECT created_at FROM orders WHERE id = 1;
-- case: ses-set-time-zone-default
SET TIME ZONE DEFAULT;
SHOW timezone;
-- case: ses-set-session-time-zone
SET SESSION timezone TO 'Asia/Tokyo';
SELECT timestamptz '2025-01-01 00:00:00+00';
-- case: ses-set-local-time-zone
BEGIN;
SET LOCAL timezone = 'Asia/Kolkata';
SELECT timestamptz '2025-01-01 00:00:00+00' AS t;
COMMIT;
SHOW timezone;
-- case: ses-set-intervalstyle
SET IntervalStyle = 'iso_8601';
SELECT interval '1 day 02:03:04' AS i;
-- case: ses-set-extra-float-digits
SET extra_float_digits = 3;
SELECT 0.1::float8 AS f, 1::float4 / 3 AS g;
-- case: ses-set-extra-float-digits-low
SET extra_float_digits = -3;
SELECT pi() AS p;
-- case: ses-set-bytea-output
SET bytea_output = 'escape';
SELECT '\x41420a'::bytea AS b;
-- case: ses-set-client-encoding
SET client_encoding TO 'UTF8';
SHOW client_encoding;
-- case: ses-set-client-encoding-quoted
SET client_encoding = 'utf-8';
SELECT 'ä' AS a;
-- case: ses-set-names
SET NAMES 'UTF8';
SHOW client_encoding;
-- case: ses-set-client-min-messages
SET client_min_messages TO 'warning';
SHOW client_min_messages;
-- case: ses-set-jit
SET jit = off;
SHOW jit;
-- case: ses-set-config-timezone
SELECT set_config('TimeZone', 'UTC', false);
-- case: ses-set-config-application-name
SELECT set_config('application_name', 'worker', false) AS n;
SHOW application_name;
-- case: ses-set-config-local
BEGIN;
SELECT set_config('statement_timeout', '1000', true);
SHOW statement_timeout;
COMMIT;
SHOW statement_timeout;
-- case: ses-reset
SET statement_timeout = 1000;
RESET statement_timeout;
SHOW statement_timeout;
-- case: ses-reset-timezone
SET timezone = 'Asia/Tokyo';
RESET timezone;
SHOW timezone;
-- case: ses-reset-all
SET application_name = 'pooled';
RESET ALL;
SHOW search_path;
-- case: ses-discard-all
PREPARE ses_discard AS SELECT 1;
DISCARD ALL;
SELECT count(*) FROM orders;
-- case: ses-discard-plans
DISCARD PLANS;
-- case: ses-unlisten
UNLISTEN *;
-- case: ses-pool-handover
RESET ALL;
UNLISTEN *;
CLOSE ALL;
SELECT pg_advisory_unlock_all();
-- case: ses-current-user
SELECT current_user = session_user AS same, current_role = user AS role_too;
-- case: ses-current-schema
SELECT current_schema(), current_schemas(false), current_schemas(true);
-- case: ses-current-database
SELECT current_database() = current_catalog AS same;
-- case: ses-version
SELECT version() LIKE 'PostgreSQL %' AS postgres;
-- case: ses-current-settings
SELECT current_setting('server_version_num')::int >= 150000 AS recent, current_setting('no.such', true) AS none;
-- case: ses-backend
SELECT pg_backend_pid() > 0 AS pid, pg_is_in_recovery() AS recovery, pg_postmaster_start_time() < now() AS up;
-- case: ses-privileges
SELECT has_table_privilege('orders', 'SELECT') AS s, has_table_privilege('public.orders', 'UPDATE') AS u, has_schema_privilege('public', 'USAGE') AS usage;
-- case: ses-advisory-locks
SELECT pg_try_advisory_lock(4711) AS locked;
SELECT pg_advisory_unlock(4711) AS unlocked;
-- case: ses-advisory-transaction-lock
BEGIN;
SELECT pg_try_advisory_xact_lock(4712) AS locked;
COMMIT;
-- case: ses-settings-view
SELECT name, setting, unit FROM pg_settings WHERE name IN ('max_identifier_length', 'block_size', 'integer_datetimes') ORDER BY name;
