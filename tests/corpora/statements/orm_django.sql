-- What Django sends
SET TIME ZONE 'UTC';

SELECT set_config('TimeZone', 'UTC', false);

SELECT "django_migrations"."id", "django_migrations"."app", "django_migrations"."name", "django_migrations"."applied" FROM "django_migrations";

SELECT "auth_user"."id", "auth_user"."password", "auth_user"."last_login", "auth_user"."is_superuser", "auth_user"."username" FROM "auth_user" WHERE "auth_user"."id" = 1 LIMIT 21;

SELECT "django_session"."session_key", "django_session"."session_data", "django_session"."expire_date" FROM "django_session" WHERE ("django_session"."expire_date" > '2024-05-01T10:00:00+00:00'::timestamptz AND "django_session"."session_key" = 'k0a9') LIMIT 21;

SELECT "blog_entry"."id", "blog_entry"."headline", "blog_entry"."pub_date" FROM "blog_entry" WHERE ("blog_entry"."pub_date" BETWEEN '2023-01-01'::date AND '2023-12-31'::date AND NOT ("blog_entry"."headline"::text LIKE 'What%')) ORDER BY "blog_entry"."pub_date" DESC, "blog_entry"."id" ASC LIMIT 10 OFFSET 30;

SELECT "blog_entry"."id" FROM "blog_entry" WHERE UPPER("blog_entry"."headline"::text) LIKE UPPER('%lennon%');

SELECT "blog_entry"."id" FROM "blog_entry" WHERE ("blog_entry"."headline"::text ~* '^(an?|the) +' OR "blog_entry"."body_text" IS NULL);

SELECT "blog_blog"."id", "blog_blog"."name" FROM "blog_blog" INNER JOIN "blog_entry" ON ("blog_blog"."id" = "blog_entry"."blog_id") INNER JOIN "blog_entry" T3 ON ("blog_blog"."id" = T3."blog_id") WHERE ("blog_entry"."headline"::text LIKE '%Beatles%' AND EXTRACT(YEAR FROM T3."pub_date") = 2008);

SELECT "blog_blog"."id" FROM "blog_blog" WHERE NOT (EXISTS(SELECT 1 AS "a" FROM "blog_entry" U1 WHERE (U1."rating" > 3 AND U1."blog_id" = ("blog_blog"."id")) LIMIT 1));

SELECT 1 AS "a" FROM "shop_product" WHERE "shop_product"."slug" = 'blue-chair' LIMIT 1;

SELECT COUNT(*) AS "__count" FROM "shop_product" WHERE "shop_product"."price" >= 10.50;

SELECT COUNT(*) FROM (SELECT "shop_order"."customer_id" AS "col1" FROM "shop_order" GROUP BY 1 HAVING COUNT("shop_order"."id") > 3) subquery;

SELECT COUNT(DISTINCT "shop_order"."customer_id") AS "buyers", MAX("shop_order"."total") AS "largest", (SUM("shop_order"."total") / 2)::numeric(65, 30) AS "half" FROM "shop_order";

SELECT "shop_publisher"."id", "shop_publisher"."name", COUNT("shop_book"."id") AS "num_books", COUNT("shop_book"."id") FILTER (WHERE "shop_book"."rating" > 5.0) AS "above_5", AVG("shop_book"."price") AS "avg_price" FROM "shop_publisher" LEFT OUTER JOIN "shop_book" ON ("shop_publisher"."id" = "shop_book"."publisher_id") GROUP BY "shop_publisher"."id" HAVING COUNT("shop_book"."id") >= 1 ORDER BY 3 DESC LIMIT 5;

SELECT "shop_book"."id", CASE WHEN "shop_book"."price" < 10 THEN 'cheap' WHEN ("shop_book"."price" >= 10 AND "shop_book"."price" < 50) THEN 'middling' ELSE 'dear' END AS "band" FROM "shop_book";

SELECT "shop_product"."id", ("shop_product"."price" * ("shop_product"."stock" + 1)) AS "value", COALESCE("shop_product"."nick", "shop_product"."name", '?') AS "shown", CONCAT(("shop_product"."name")::text, (CONCAT((' (')::text, ("shop_product"."sku")::text))::text) AS "label" FROM "shop_product";

SELECT "shop_product"."id", (SELECT U0."text" FROM "shop_review" U0 WHERE U0."product_id" = ("shop_product"."id") ORDER BY U0."created" DESC LIMIT 1) AS "newest_review" FROM "shop_product" ORDER BY "newest_review" ASC NULLS FIRST;

SELECT "shop_product"."id", EXISTS(SELECT 1 AS "a" FROM "shop_review" U0 WHERE (U0."product_id" = ("shop_product"."id") AND U0."stars" = 5) LIMIT 1) AS "loved" FROM "shop_product" WHERE EXISTS(SELECT 1 AS "a" FROM "shop_review" U0 WHERE U0."product_id" = ("shop_product"."id") LIMIT 1);

SELECT "hr_employee"."id", "hr_employee"."name", RANK() OVER (PARTITION BY "hr_employee"."dept_id" ORDER BY "hr_employee"."salary" DESC) AS "place", LAG("hr_employee"."salary", 1) OVER (ORDER BY "hr_employee"."hired") AS "before", NTH_VALUE("hr_employee"."salary", 2) OVER (PARTITION BY "hr_employee"."dept_id" ORDER BY "hr_employee"."hired" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "second" FROM "hr_employee";

SELECT "hr_employee"."id", AVG("hr_employee"."salary") OVER (PARTITION BY "hr_employee"."dept_id" ORDER BY EXTRACT(YEAR FROM "hr_employee"."hired") RANGE BETWEEN 2 PRECEDING AND 2 FOLLOWING) AS "around" FROM "hr_employee" ORDER BY "around" DESC NULLS LAST;

SELECT "col1", "col2", "qual0" FROM (SELECT * FROM (SELECT "hr_employee"."id" AS "col1", "hr_employee"."name" AS "col2", ROW_NUMBER() OVER (PARTITION BY "hr_employee"."dept_id" ORDER BY "hr_employee"."salary" DESC) AS "qual0" FROM "hr_employee") "qualify" WHERE "qual0" <= 3) "qualify_mask" ORDER BY "col1" ASC;

SELECT DISTINCT "shop_order"."customer_id" FROM "shop_order" ORDER BY "shop_order"."customer_id" ASC;

SELECT DISTINCT ON ("shop_order"."customer_id") "shop_order"."id", "shop_order"."customer_id", "shop_order"."placed" FROM "shop_order" ORDER BY "shop_order"."customer_id" ASC, "shop_order"."placed" DESC;

SELECT DISTINCT ("blog_entry"."pub_date" AT TIME ZONE 'Europe/Oslo')::date AS "datefield", DATE_TRUNC('day', "blog_entry"."mod_date" AT TIME ZONE 'UTC') AS "day" FROM "blog_entry" WHERE "blog_entry"."pub_date" IS NOT NULL ORDER BY 1 DESC;

SELECT "shop_order"."id", "shop_order"."total" FROM "shop_order" WHERE "shop_order"."id" = 5 LIMIT 21 FOR UPDATE;

SELECT "jobs_job"."id", "jobs_job"."queue_id", "jobs_queue"."id", "jobs_queue"."name" FROM "jobs_job" INNER JOIN "jobs_queue" ON ("jobs_job"."queue_id" = "jobs_queue"."id") WHERE "jobs_job"."state" = 'new' ORDER BY "jobs_job"."id" ASC LIMIT 1 FOR UPDATE OF "jobs_job" SKIP LOCKED;

SELECT "shop_account"."id" FROM "shop_account" WHERE "shop_account"."id" IN (3, 9) FOR NO KEY UPDATE NOWAIT;

SELECT ("shop_order_tags"."order_id") AS "_prefetch_related_val_order_id", "shop_tag"."id", "shop_tag"."name" FROM "shop_tag" INNER JOIN "shop_order_tags" ON ("shop_tag"."id" = "shop_order_tags"."tag_id") WHERE "shop_order_tags"."order_id" IN (1, 2, 3);

SELECT "shop_book"."id", "shop_book"."author_id", "people_author"."id", "people_author"."name", T4."id", T4."name" FROM "shop_book" INNER JOIN "people_author" ON ("shop_book"."author_id" = "people_author"."id") LEFT OUTER JOIN "people_author" T4 ON ("shop_book"."second_author_id" = T4."id") WHERE "shop_book"."id" = 8;

SELECT "a"."id" FROM "shop_book" AS "a" WHERE "a"."id" IN (SELECT DISTINCT V0."book_id" FROM "shop_loan" V0 INNER JOIN "people_member" V1 ON (V0."member_id" = V1."id") WHERE V1."name" = 'Ole');

(SELECT "shop_book"."id" AS "col1", "shop_book"."title" AS "col2" FROM "shop_book" WHERE "shop_book"."stars" > 3) UNION (SELECT "shop_film"."id" AS "col1", "shop_film"."title" AS "col2" FROM "shop_film") ORDER BY "col2" ASC LIMIT 5;

(SELECT "shop_book"."id" AS "col1" FROM "shop_book") EXCEPT (SELECT "shop_loan"."book_id" AS "col1" FROM "shop_loan" WHERE "shop_loan"."back" IS NULL);

SELECT COUNT(*) FROM ((SELECT "shop_book"."id" AS "col1" FROM "shop_book") INTERSECT (SELECT "shop_loan"."book_id" AS "col1" FROM "shop_loan")) subquery;

SELECT "gis_city"."id", ST_Distance("gis_city"."point", ST_GeomFromEWKB('\001'::bytea)) AS "distance" FROM "gis_city" WHERE ST_DWithin("gis_city"."point"::geography, ST_GeogFromWKB('\x00'::bytea), 7000.0) ORDER BY "distance" ASC LIMIT 3;

SELECT "shop_product"."id" FROM "shop_product" WHERE ("shop_product"."data" -> 'owner' ->> 'name') = 'Kari' AND ("shop_product"."data" #> '{dims,0}') = '5'::jsonb AND "shop_product"."data" ? 'colour' AND "shop_product"."data" ?& ARRAY['a', 'b'] AND "shop_product"."data" @> '{"a": 1}';

SELECT "shop_product"."id" FROM "shop_product" WHERE "shop_product"."tags" && (ARRAY['thrift', 'new'])::varchar(40)[] AND CASE WHEN "shop_product"."tags" IS NULL THEN NULL ELSE coalesce(array_length("shop_product"."tags", 1), 0) END = 2 AND "shop_product"."tags"[1] = 'thrift' AND "shop_product"."tags"[1:2] = ARRAY['thrift', 'x']::varchar[];

SELECT "hotel_booking"."id" FROM "hotel_booking" WHERE "hotel_booking"."span" && '[2024-01-01, 2024-01-04)'::daterange AND NOT isempty("hotel_booking"."span") AND lower("hotel_booking"."span") >= '2023-12-01'::date;

SELECT "blog_entry"."id", ts_rank(to_tsvector('english'::regconfig, COALESCE("blog_entry"."body_text", '')), plainto_tsquery('english'::regconfig, 'cheese')) AS "rank", SIMILARITY("blog_entry"."headline", 'chese') AS "alike" FROM "blog_entry" WHERE to_tsvector(COALESCE("blog_entry"."headline", '') || ' ' || COALESCE("blog_entry"."body_text", '')) @@ (plainto_tsquery('cheese') || !!(plainto_tsquery('blue'))) AND "blog_entry"."headline" %> 'chese' ORDER BY "rank" DESC;

SELECT "shop_order"."status" AS "status", ARRAY_AGG("shop_order"."id" ORDER BY "shop_order"."placed" DESC) AS "ids", STRING_AGG(DISTINCT "shop_order"."ref", ', ' ORDER BY "shop_order"."ref") AS "refs", JSONB_AGG("shop_order"."note") FILTER (WHERE "shop_order"."note" IS NOT NULL) AS "notes", BOOL_OR("shop_order"."paid") AS "any_paid" FROM "shop_order" GROUP BY 1;

SELECT JSONB_BUILD_OBJECT(('id')::text, "shop_order"."id", ('n')::text, UPPER("shop_order"."ref")) AS "o", MD5("shop_order"."ref") AS "hash", LPAD("shop_order"."ref", 10, '0') AS "padded", STATEMENT_TIMESTAMP() AS "now", GREATEST("shop_order"."total", 0) AS "t" FROM "shop_order";

INSERT INTO "blog_entry" ("blog_id", "headline", "body_text", "pub_date", "rating") VALUES (5, 'On tea', '', '2024-02-29'::date, NULL) RETURNING "blog_entry"."id";

INSERT INTO "shop_tag" ("name") VALUES ('a'), ('b'), ('c') ON CONFLICT DO NOTHING;

INSERT INTO "shop_stock" ("sku", "left", "seen") VALUES ('A-1', 4, '2024-05-01T09:00:00+00:00'::timestamptz), ('A-2', 0, NULL) ON CONFLICT("sku") DO UPDATE SET "left" = EXCLUDED."left", "seen" = EXCLUDED."seen" RETURNING "shop_stock"."id";

INSERT INTO "shop_order" ("ref", "total") SELECT * FROM UNNEST((ARRAY['r1', 'r2'])::text[], (ARRAY[1.5, 2])::numeric[]) RETURNING "shop_order"."id";

INSERT INTO "app_empty" DEFAULT VALUES RETURNING "app_empty"."id";

UPDATE "blog_entry" SET "headline" = 'x', "rating" = ("blog_entry"."rating" + 1) WHERE "blog_entry"."id" = 7;

UPDATE "shop_product" SET "stock" = CASE WHEN ("shop_product"."id" = 1) THEN 4 WHEN ("shop_product"."id" = 2) THEN 9 ELSE NULL END::integer WHERE "shop_product"."id" IN (1, 2);

UPDATE "blog_entry" SET "rating" = 0 WHERE "blog_entry"."id" IN (SELECT U0."id" FROM "blog_entry" U0 INNER JOIN "blog_blog" U1 ON (U0."blog_id" = U1."id") WHERE U1."name" = 'old');

UPDATE "shop_product" SET "cheapest" = (SELECT MIN(U0."price") AS "m" FROM "shop_offer" U0 WHERE U0."product_id" = ("shop_product"."id")) WHERE "shop_product"."cheapest" IS NULL;

DELETE FROM "django_session" WHERE "django_session"."session_key" IN ('k0a9');

DELETE FROM "shop_line" WHERE "shop_line"."order_id" IN (SELECT U0."id" FROM "shop_order" U0 WHERE U0."state" = 'void');

SAVEPOINT "s140012_x1";

RELEASE SAVEPOINT "s140012_x1";

ROLLBACK TO SAVEPOINT "s140012_x2";

SET CONSTRAINTS ALL IMMEDIATE;

SET CONSTRAINTS "shop_line_order_id_fk" IMMEDIATE;

TRUNCATE "shop_order", "shop_line", "shop_order_tags";

EXPLAIN (ANALYZE, BUFFERS true, FORMAT JSON) SELECT "shop_order"."id" FROM "shop_order" WHERE "shop_order"."id" > 4;

DECLARE "_django_curs_1_sync_1" NO SCROLL CURSOR WITH HOLD FOR SELECT "shop_order"."id" FROM "shop_order";

-- migrations
CREATE TABLE "blog_entry" ("id" bigint NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "headline" varchar(255) NOT NULL, "body_text" text NOT NULL, "rating" integer NOT NULL CHECK ("rating" >= 0), "blog_id" bigint NOT NULL, "uid" uuid NOT NULL UNIQUE, "data" jsonb NULL, "span" tstzrange NULL, "full" varchar(300) GENERATED ALWAYS AS (("headline" || '!')) STORED);

ALTER TABLE "blog_entry" ADD CONSTRAINT "blog_entry_blog_id_3c1a_fk_blog_blog_id" FOREIGN KEY ("blog_id") REFERENCES "blog_blog" ("id") DEFERRABLE INITIALLY DEFERRED;

CREATE INDEX "blog_entry_headline_like" ON "blog_entry" ("headline" varchar_pattern_ops);

CREATE INDEX CONCURRENTLY "blog_entry_low_idx" ON "blog_entry" ((LOWER("headline")) DESC, "rating") INCLUDE ("blog_id") WHERE "rating" > 0;

CREATE UNIQUE INDEX "one_open" ON "shop_order" ("customer_id") WHERE "state" = 'open';

ALTER TABLE "hotel_booking" ADD CONSTRAINT "no_overlap" EXCLUDE USING GIST ("room_id" WITH =, (TSTZRANGE("start", "end", '[)')) WITH &&) WHERE (NOT "cancelled") DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE "blog_entry" ADD COLUMN "views" integer DEFAULT 0 NOT NULL;

ALTER TABLE "blog_entry" ALTER COLUMN "views" DROP DEFAULT;

ALTER TABLE "blog_entry" ALTER COLUMN "views" TYPE bigint USING "views"::bigint;

ALTER TABLE "blog_entry" RENAME COLUMN "views" TO "hits";

ALTER TABLE "blog_entry" RENAME TO "blog_post";

ALTER TABLE "blog_entry" DROP COLUMN "hits" CASCADE;

SET CONSTRAINTS "blog_entry_blog_id_3c1a_fk_blog_blog_id" IMMEDIATE;

ALTER TABLE "blog_entry" DROP CONSTRAINT "blog_entry_blog_id_3c1a_fk_blog_blog_id";

DROP INDEX IF EXISTS "blog_entry_headline_like";

CREATE EXTENSION IF NOT EXISTS "unaccent";

SELECT setval(pg_get_serial_sequence('"blog_entry"','id'), coalesce(max("id"), 1), max("id") IS NOT null) FROM "blog_entry";

-- introspection
SELECT c.relname, CASE WHEN c.relispartition THEN 'p' WHEN c.relkind IN ('m', 'v') THEN 'v' ELSE 't' END, obj_description(c.oid, 'pg_class') FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') AND n.nspname NOT IN ('pg_catalog', 'pg_toast') AND pg_catalog.pg_table_is_visible(c.oid);

SELECT indexname, array_agg(attname ORDER BY arridx), indisunique, indisprimary, array_agg(ordering ORDER BY arridx), amname, exprdef, s2.attoptions FROM (SELECT c2.relname as indexname, idx.*, attr.attname, am.amname, CASE WHEN idx.indexprs IS NOT NULL THEN pg_get_indexdef(idx.indexrelid) END AS exprdef, CASE am.amname WHEN 'btree' THEN CASE (option & 1) WHEN 1 THEN 'DESC' ELSE 'ASC' END END as ordering, c2.reloptions as attoptions FROM (SELECT * FROM pg_index i, unnest(i.indkey, i.indoption) WITH ORDINALITY koi(key, option, arridx)) idx LEFT JOIN pg_class c ON idx.indrelid = c.oid LEFT JOIN pg_class c2 ON idx.indexrelid = c2.oid LEFT JOIN pg_am am ON c2.relam = am.oid LEFT JOIN pg_attribute attr ON attr.attrelid = c.oid AND attr.attnum = idx.key WHERE c.relname = 'blog_entry' AND pg_catalog.pg_table_is_visible(c.oid)) s2 GROUP BY indexname, indisunique, indisprimary, amname, exprdef, attoptions;
