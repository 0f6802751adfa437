-- Metabase
SELECT "source"."CREATED_AT" AS "CREATED_AT", SUM("source"."TOTAL") AS "sum" FROM (SELECT "public"."orders"."id" AS "ID", "public"."orders"."total" AS "TOTAL", DATE_TRUNC('month', "public"."orders"."created_at") AS "CREATED_AT" FROM "public"."orders") AS "source" GROUP BY "source"."CREATED_AT" ORDER BY "source"."CREATED_AT" ASC;

-- Metabase:: userID: 1 queryType: MBQL queryHash: 2f6a0c
SELECT "public"."orders"."id" AS "id", "public"."orders"."user_id" AS "user_id", "People - User"."id" AS "People - User__id", "People - User"."name" AS "People - User__name" FROM "public"."orders" LEFT JOIN "public"."people" AS "People - User" ON "public"."orders"."user_id" = "People - User"."id" WHERE "public"."orders"."created_at" >= DATE_TRUNC('month', (NOW() + (INTERVAL '-1 month'))) AND "public"."orders"."created_at" < DATE_TRUNC('month', NOW()) LIMIT 2000;

SELECT COUNT(*) AS "count" FROM "public"."people" WHERE (LOWER("public"."people"."name") LIKE '%ann%') OR ("public"."people"."name" IS NULL);

SELECT (DATE_TRUNC('week', ("public"."orders"."created_at" + INTERVAL '1 day')) + INTERVAL '-1 day') AS "created_at", COUNT(distinct "public"."orders"."user_id") AS "count", COUNT(*) * 1.0 / CASE WHEN COUNT("public"."orders"."id") = 0 THEN NULL ELSE COUNT("public"."orders"."id") END AS "share" FROM "public"."orders" GROUP BY (DATE_TRUNC('week', ("public"."orders"."created_at" + INTERVAL '1 day')) + INTERVAL '-1 day') ORDER BY 1 ASC;

SELECT FLOOR((("public"."orders"."total" - 0.0) / 20.0)) * 20.0 + 0.0 AS "total", COUNT(*) AS "count" FROM "public"."orders" WHERE CAST("public"."orders"."created_at" AS date) BETWEEN timestamp with time zone '2024-01-01 00:00:00.000Z' AND timestamp with time zone '2024-02-01 00:00:00.000Z' GROUP BY FLOOR((("public"."orders"."total" - 0.0) / 20.0)) * 20.0 + 0.0;

SELECT SUBSTRING("source"."notes", 1, 1234) AS "substring7", "source"."id" AS "id" FROM (SELECT "public"."people".* FROM "public"."people" LIMIT 10000) AS "source" LIMIT 50;

WITH "orders_by_month" AS (SELECT DATE_TRUNC('month', created_at) AS m, SUM(total) AS t FROM orders GROUP BY 1) SELECT m, t, t - LAG(t) OVER (ORDER BY m) AS delta, 100.0 * t / FIRST_VALUE(t) OVER (ORDER BY m) AS index FROM "orders_by_month" AS "obm";

-- Superset
SELECT DATE_TRUNC('day', created_at) AS __timestamp, region AS region, SUM(amount) AS "SUM(amount)" FROM public.orders JOIN (SELECT region AS region__, SUM(amount) AS mme_inner__ FROM public.orders WHERE created_at >= TO_TIMESTAMP('2024-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') GROUP BY region ORDER BY mme_inner__ DESC LIMIT 25) AS anon_1 ON region = region__ WHERE created_at >= TO_TIMESTAMP('2024-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') AND created_at < TO_TIMESTAMP('2024-04-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') GROUP BY DATE_TRUNC('day', created_at), region ORDER BY "SUM(amount)" DESC LIMIT 10000;

SELECT gender AS gender, COUNT(*) AS count FROM (SELECT * FROM births WHERE state <> 'other') AS virtual_table WHERE gender IN ('boy', 'girl') AND ((num > 100)) GROUP BY gender HAVING ((SUM(num) > 0)) ORDER BY count DESC LIMIT 1000 OFFSET 0;

SELECT (DATE_TRUNC('month', ds) + INTERVAL '1 MONTH - 1 DAY') AS __timestamp, AVG(num)::float AS avg_num, STDDEV_POP(num) AS sd, MAX(CASE WHEN gender = 'girl' THEN num END) AS "max of girls" FROM births GROUP BY (DATE_TRUNC('month', ds) + INTERVAL '1 MONTH - 1 DAY');

SELECT name, ds, num FROM public.births WHERE name ILIKE 'jo%' AND ds >= '2024-01-01'::date AND (1 = 1) LIMIT 101;

SELECT DATE_TRUNC('minute', ts) + INTERVAL '30 minutes' * FLOOR(DATE_PART('minute', ts) / 30)::int AS half_hour, COUNT(DISTINCT user_id) FROM events GROUP BY 1;

-- Grafana
SELECT
  floor(extract(epoch from "time")/300)*300 AS "time",
  avg(value) AS "value"
FROM metrics
WHERE
  "time" BETWEEN '2024-05-01T06:00:00.123Z' AND '2024-05-01T12:00:00.123Z'
GROUP BY 1
ORDER BY 1;

SELECT time_bucket('60.000s', "at") AS "time", host AS metric, percentile_disc(0.99) WITHIN GROUP (ORDER BY ms) AS p99 FROM requests WHERE "at" BETWEEN '2024-05-01T06:00:00Z' AND '2024-05-01T12:00:00Z' AND host IN ('a','b') GROUP BY 1, 2 ORDER BY 1, 2;

SELECT date_bin('15 minutes', at, TIMESTAMP '2001-01-01') AS time, count(*) FILTER (WHERE status >= 500) AS errors, count(*) AS all FROM requests WHERE at >= to_timestamp(1714543200) AND at < to_timestamp(1714564800) GROUP BY time ORDER BY time;

SELECT to_timestamp(g) AS "time", coalesce(sum(m.value), 0) FROM generate_series(1714543200, 1714564800, 60) AS g LEFT JOIN metrics m ON extract(epoch from m."time")::bigint / 60 = g / 60 GROUP BY g ORDER BY g;

SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END FROM generate_series(array_lower(string_to_array(current_setting('search_path'), ','), 1), array_upper(string_to_array(current_setting('search_path'), ','), 1)) AS i, string_to_array(current_setting('search_path'), ',') s) AND table_name ILIKE 'met%';

SELECT at AS "time", text, tags FROM annotations WHERE at > now() - interval '6h' UNION ALL SELECT deployed, 'deploy ' || version, 'deploy' FROM deployments ORDER BY 1;

SELECT "host", last_value(value) OVER (PARTITION BY host ORDER BY "time" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) - first_value(value) OVER (PARTITION BY host ORDER BY "time") AS increase FROM metrics WHERE metric = 'cpu';

SELECT "time", value - lag(value) OVER w AS delta, (value - lag(value) OVER w) / extract(epoch FROM "time" - lag("time") OVER w) AS rate FROM counters WINDOW w AS (PARTITION BY series ORDER BY "time");

-- Looker
SELECT
    users.state  AS "users.state",
    COUNT(DISTINCT users.id ) AS "users.count",
    COALESCE(SUM(CASE WHEN (((order_items.created_at ) >= ((SELECT (DATE_TRUNC('day', CURRENT_TIMESTAMP AT TIME ZONE 'America/Los_Angeles') + (-29 || ' day')::INTERVAL) AT TIME ZONE 'America/Los_Angeles')))) THEN order_items.sale_price  ELSE NULL END), 0) AS "order_items.recent"
FROM "public"."order_items"  AS order_items
LEFT JOIN "public"."users"  AS users ON order_items.user_id = users.id
WHERE ((users.state ) <> 'CA' OR (users.state ) IS NULL)
GROUP BY
    1
ORDER BY
    2 DESC
FETCH NEXT 500 ROWS ONLY;

WITH user_facts AS (SELECT user_id, MIN(created_at) AS first_order FROM order_items GROUP BY 1)
SELECT * FROM (
SELECT *, DENSE_RANK() OVER (ORDER BY z___min_rank) as z___pivot_row_rank, RANK() OVER (PARTITION BY z__pivot_col_rank ORDER BY z___min_rank) as z__pivot_col_ordering, CASE WHEN z___min_rank = z___rank THEN 1 ELSE 0 END AS z__is_highest_ranked_cell FROM (
SELECT *, MIN(z___rank) OVER (PARTITION BY "users.age") as z___min_rank FROM (
SELECT *, RANK() OVER (ORDER BY CASE WHEN z__pivot_col_rank=1 THEN (CASE WHEN "count" IS NOT NULL THEN 0 ELSE 1 END) ELSE 2 END, "count" DESC, z__pivot_col_rank, "users.age") AS z___rank FROM (
SELECT *, DENSE_RANK() OVER (ORDER BY "q" NULLS LAST) AS z__pivot_col_rank FROM (
SELECT users.age AS "users.age", TO_CHAR(DATE_TRUNC('quarter', user_facts.first_order), 'YYYY-MM') AS "q", COUNT(*) AS "count" FROM users LEFT JOIN user_facts ON user_facts.user_id = users.id GROUP BY 1, 2) ww
) bb WHERE z__pivot_col_rank <= 16384
) aa
) xx
) zz
 WHERE (z__pivot_col_rank <= 50 OR z__is_highest_ranked_cell = 1) AND (z___pivot_row_rank <= 500) ORDER BY z___pivot_row_rank;

CREATE TABLE looker_scratch.lr_abc_user_facts AS SELECT user_id, COUNT(*) AS n FROM public.order_items GROUP BY 1;

-- Tableau and Power BI
SELECT CAST("orders"."region" AS TEXT) AS "region", SUM("orders"."amount") AS "sum:amount:ok", DATE_TRUNC( 'YEAR', CAST("orders"."created_at" AS TIMESTAMP) ) AS "tyr:created_at:ok" FROM "public"."orders" "orders" GROUP BY 1, 3;

SELECT "t0"."region" AS "region", "t0"."X__alias__0" FROM (SELECT "region", COUNT(1) AS "X__alias__0" FROM "public"."orders" GROUP BY 1 HAVING (COUNT(1) > 0)) "t0" INNER JOIN (SELECT "region", SUM("amount") AS "$__alias__1" FROM "public"."orders" GROUP BY 1 ORDER BY 2 DESC LIMIT 10) "t1" ON (("t0"."region" = "t1"."region") OR (("t0"."region" IS NULL) AND ("t1"."region" IS NULL)));

CREATE LOCAL TEMPORARY TABLE "#Tableau_1_2_Connect" ("COL" INTEGER NOT NULL ) ON COMMIT PRESERVE ROWS;

SELECT * INTO TEMPORARY "#Tableau_5_2" FROM (SELECT 1 AS "COL") AS "CHECKTEMP" LIMIT 1;

-- Tableau opens a cursor for what it reads
BEGIN READ ONLY;

declare "SQL_CUR0x7f8c" cursor with hold for SELECT "region" FROM "orders";

fetch 10000 in "SQL_CUR0x7f8c";

close "SQL_CUR0x7f8c";

select "_"."region", sum("_"."amount") as "a0" from ( select "rows"."region", "rows"."amount" from ( select "_"."id", "_"."region", "_"."amount" from "public"."orders" "_" where "_"."status" = 'paid' and "_"."status" is not null ) "rows" ) "_" group by "_"."region" limit 1000001;

select t0."Year", t0."a0" from ( select extract(year from "basetable0"."d") as "Year", cast(avg(cast("basetable0"."n" as decimal)) as double precision) as "a0" from (select cast("d" as timestamp) as "d", "n" from "sales"."facts") "basetable0" group by extract(year from "basetable0"."d") ) t0 where not t0."a0" is null;

-- dbt and warehouse loads
create table "dw"."analytics"."orders__dbt_tmp" as (with src as (select * from "dw"."raw"."orders"), renamed as (select id as order_id, status from src) select * from renamed);

alter table "dw"."analytics"."orders__dbt_tmp" rename to "orders";

insert into "dw"."analytics"."orders" ("order_id", "status") (select "order_id", "status" from "orders__dbt_tmp090909");

delete from "dw"."analytics"."orders" where (order_id) in (select (order_id) from "orders__dbt_tmp090909");

select count(*) as failures, count(*) != 0 as should_warn, count(*) != 0 as should_error from (select status from "dw"."analytics"."orders" where status is null) dbt_internal_test;

create temporary table "orders__dbt_tmp090909" as (select * from (select 1 as order_id) as s);

-- Redash, Hasura, PostgREST and Supabase
SELECT coalesce((json_agg("root") -> 0), 'null') AS "root" FROM (SELECT row_to_json((SELECT "_e" FROM (SELECT "_0_root.base"."id" AS "id", "_root.or.orders"."orders" AS "orders") AS "_e")) AS "root" FROM (SELECT * FROM "public"."customers" WHERE (("public"."customers"."id") = (($1)::integer))) AS "_0_root.base" LEFT OUTER JOIN LATERAL (SELECT coalesce(json_agg("orders"), '[]') AS "orders" FROM (SELECT row_to_json((SELECT "_e" FROM (SELECT "_1".id AS "id") AS "_e")) AS "orders" FROM (SELECT * FROM "public"."orders" WHERE (("_0_root.base"."id") = ("customer_id"))) AS "_1") AS "_2") AS "_root.or.orders" ON ('true')) AS "_3";

WITH pgrst_source AS ( SELECT "public"."todos"."id", "public"."todos"."task" FROM "public"."todos"  WHERE  "public"."todos"."done" IS FALSE  ORDER BY "public"."todos"."id" DESC  LIMIT $1 OFFSET $2 )  SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]') AS body, nullif(current_setting('response.headers', true), '') AS response_headers FROM ( SELECT * FROM pgrst_source ) _postgrest_t;

WITH pgrst_source AS (WITH pgrst_payload AS (SELECT $1 AS json_data), pgrst_body AS ( SELECT CASE WHEN json_typeof(json_data) = 'array' THEN json_data ELSE json_build_array(json_data) END AS val FROM pgrst_payload) INSERT INTO "public"."todos"("task") SELECT "pgrst_body"."task" FROM (SELECT * FROM json_to_recordset((SELECT val FROM pgrst_body)) AS _("task" text)) pgrst_body RETURNING "public"."todos".*) SELECT '' AS total_result_set, count(*) FROM (SELECT * FROM pgrst_source) _postgrest_t;

select set_config('search_path', $1, true), set_config('role', $2, true), set_config('request.jwt.claims', $3, true), set_config('request.method', $4, true);

SELECT "customers"."id", "customers_orders_1"."customers_orders_1" AS "orders" FROM "public"."customers" LEFT JOIN LATERAL (SELECT json_agg("customers_orders_1")::jsonb AS "customers_orders_1" FROM (SELECT "orders_1"."id" FROM "public"."orders" AS "orders_1" WHERE "orders_1"."customer_id" = "public"."customers"."id") AS "customers_orders_1") AS "customers_orders_1" ON TRUE;
