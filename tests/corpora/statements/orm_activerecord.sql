-- What ActiveRecord sends
SET standard_conforming_strings = on;

SET client_min_messages TO 'warning';

SET intervalstyle = iso_8601;

SET SESSION timezone TO 'UTC';

SELECT t.oid, t.typname FROM pg_type as t WHERE t.typname IN ('int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'numeric', 'bool', 'timestamp', 'timestamptz');

SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype
FROM pg_type as t
LEFT JOIN pg_range as r ON oid = rngtypid
WHERE
  t.typname IN ('int2', 'json', 'jsonb', 'tsvector', 'hstore', 'inet', 'cidr')
  OR t.typtype IN ('r', 'e', 'd')
  OR t.typinput::varchar = 'array_in'
  OR t.typelem != 0;

SELECT a.attname, format_type(a.atttypid, a.atttypmod),
       pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod,
       c.collname, col_description(a.attrelid, a.attnum) AS comment,
       attidentity AS identity,
       attgenerated as attgenerated
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  LEFT JOIN pg_type t ON a.atttypid = t.oid
  LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
 WHERE a.attrelid = '"users"'::regclass
   AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum;

SELECT a.attname
  FROM (
         SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx
           FROM pg_index
          WHERE indrelid = '"users"'::regclass
            AND indisprimary
       ) i
  JOIN pg_attribute a
    ON a.attrelid = i.indrelid
   AND a.attnum = i.indkey[i.idx]
 ORDER BY i.idx;

SELECT pg_try_advisory_lock(7231684521839234);

SELECT pg_advisory_unlock(7231684521839234);

SELECT "schema_migrations"."version" FROM "schema_migrations" ORDER BY "schema_migrations"."version" ASC;

INSERT INTO "schema_migrations" ("version") VALUES ('20240101120000') RETURNING "version";

INSERT INTO "ar_internal_metadata" ("key", "value", "created_at", "updated_at") VALUES ('environment', 'test', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP) RETURNING "key";

CREATE TABLE "users" ("id" bigserial primary key, "email" character varying DEFAULT '' NOT NULL, "settings" jsonb DEFAULT '{}', "balance" decimal(10,2), "tags" character varying[] DEFAULT '{}', "token" uuid DEFAULT gen_random_uuid(), "last_ip" inet, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL);

CREATE TABLE "comments" ("id" uuid DEFAULT gen_random_uuid() NOT NULL PRIMARY KEY, "post_id" bigint, CONSTRAINT "fk_rails_2fd19c0db7"
FOREIGN KEY ("post_id")
  REFERENCES "posts" ("id")
 ON DELETE CASCADE);

CREATE UNIQUE INDEX "index_users_on_email" ON "users" ("email");

CREATE INDEX CONCURRENTLY "index_users_on_lower_email" ON "users" USING btree (lower((email)::text) text_pattern_ops) WHERE deleted_at IS NULL;

ALTER TABLE "posts" ADD "author_id" bigint;

ALTER TABLE "users" ALTER COLUMN "email" SET NOT NULL;

ALTER TABLE "users" ADD CONSTRAINT chk_rails_balance CHECK (balance >= 0) NOT VALID;

ALTER TABLE "users" VALIDATE CONSTRAINT "chk_rails_balance";

ALTER INDEX "index_users_on_email" RENAME TO "index_people_on_email";

ALTER TABLE "users" DROP COLUMN IF EXISTS "nick", ADD "nickname" character varying(30), ALTER COLUMN "balance" TYPE numeric(12,2);

DROP TABLE IF EXISTS "comments" CASCADE;

SELECT "users".* FROM "users";

SELECT "users".* FROM "users" WHERE "users"."id" = $1 LIMIT $2;

SELECT "users".* FROM "users" WHERE "users"."deleted_at" IS NULL ORDER BY "users"."id" ASC LIMIT $1 OFFSET $2;

SELECT 1 AS one FROM "users" WHERE "users"."email" = $1 AND "users"."id" != $2 LIMIT $3;

SELECT COUNT(*) FROM "posts" WHERE "posts"."user_id" = $1;

SELECT COUNT(count_column) FROM (SELECT 1 AS count_column FROM "posts" LIMIT $1) subquery_for_count;

SELECT COUNT(*) AS "count_all", "posts"."status" AS "posts_status" FROM "posts" GROUP BY "posts"."status";

SELECT SUM("orders"."total") AS "sum_total", "orders"."user_id" AS "orders_user_id" FROM "orders" INNER JOIN "users" ON "users"."id" = "orders"."user_id" GROUP BY "orders"."user_id" HAVING (SUM(total) > 100) ORDER BY SUM(total) DESC;

SELECT "users"."id" FROM "users" WHERE "users"."id" > 5000 ORDER BY "users"."id" ASC LIMIT 1000;

SELECT "posts".* FROM "posts" WHERE "posts"."user_id" IN ($1, $2, $3);

SELECT "posts".* FROM "posts" INNER JOIN "taggings" ON "posts"."id" = "taggings"."post_id" WHERE "taggings"."tag_id" = $1 AND "posts"."published_at" BETWEEN $2 AND $3;

SELECT "posts"."id" AS t0_r0, "posts"."title" AS t0_r1, "posts"."user_id" AS t0_r2, "users"."id" AS t1_r0, "users"."email" AS t1_r1, "comments"."id" AS t2_r0, "comments"."body" AS t2_r1 FROM "posts" LEFT OUTER JOIN "users" ON "users"."id" = "posts"."user_id" LEFT OUTER JOIN "comments" ON "comments"."post_id" = "posts"."id" WHERE "users"."email" = $1 AND "comments"."spam" = $2 ORDER BY "posts"."created_at" DESC;

SELECT DISTINCT "posts"."created_at" AS alias_0, "posts"."id" FROM "posts" LEFT OUTER JOIN "comments" ON "comments"."post_id" = "posts"."id" WHERE "comments"."spam" = $1 ORDER BY "posts"."created_at" DESC LIMIT $2;

SELECT "users".* FROM "users" INNER JOIN "friendships" ON "users"."id" = "friendships"."friend_id" INNER JOIN "users" "users_friendships" ON "users_friendships"."id" = "friendships"."user_id";

SELECT "users".* FROM "users" WHERE ("users"."age" >= $1 OR "users"."vip" = $2 AND "users"."country" IS NULL) AND "users"."name" != $3;

SELECT "users".* FROM "users" WHERE (LOWER(users.name) LIKE '%ann%') AND NOT ("users"."role" = $1 OR "users"."role" IS NULL);

SELECT "users".* FROM "users" WHERE "users"."id" IN (SELECT "posts"."user_id" FROM "posts" WHERE "posts"."score" > $1);

SELECT "users".* FROM "users" WHERE (1=0);

SELECT "accounts".* FROM "accounts" WHERE "accounts"."id" = $1 LIMIT $2 FOR UPDATE;

SELECT "good_jobs".* FROM "good_jobs" WHERE "good_jobs"."id" IN (WITH "rows" AS MATERIALIZED ( SELECT "good_jobs"."id", "good_jobs"."active_job_id" FROM "good_jobs" WHERE ("good_jobs"."scheduled_at" <= $1 OR "good_jobs"."scheduled_at" IS NULL) AND "good_jobs"."finished_at" IS NULL ORDER BY priority DESC NULLS LAST, "good_jobs"."created_at" ASC ) SELECT "rows"."id" FROM "rows" WHERE pg_try_advisory_lock(('x' || substr(md5('good_jobs' || '-' || "rows"."active_job_id"::text), 1, 16))::bit(64)::bigint) LIMIT $2) ORDER BY priority DESC NULLS LAST;

SELECT posts.*, (SELECT COUNT(*) FROM comments WHERE comments.post_id = posts.id) AS comments_count FROM "posts" ORDER BY comments_count DESC LIMIT 10;

SELECT MAX("posts"."score") FROM "posts";

SELECT "posts"."id", "posts"."title" FROM "posts" WHERE ("posts"."id" > $1 OR "posts"."id" = $2 AND "posts"."score" < $3) LIMIT 20 /*application:Blog,controller:posts,action:index*/;

SELECT "t".* FROM ((SELECT "posts".* FROM "posts" WHERE "posts"."hot" = TRUE) UNION ALL (SELECT "posts".* FROM "posts" WHERE "posts"."pinned" = TRUE)) AS t;

WITH "recent" AS (SELECT "posts".* FROM "posts" WHERE "posts"."created_at" > $1) SELECT "posts".* FROM "recent" AS "posts" LIMIT $2;

INSERT INTO "users" ("email", "settings", "created_at", "updated_at") VALUES ($1, $2, $3, $4) RETURNING "id";

INSERT INTO "users" ("email","name") VALUES ('a@example.org', 'A'), ('b@example.org', 'B') ON CONFLICT ("email") DO UPDATE SET "updated_at"=(CASE WHEN ("users"."name" IS NOT DISTINCT FROM excluded."name") THEN "users".updated_at ELSE CURRENT_TIMESTAMP END),"name"=excluded."name" RETURNING "id";

INSERT INTO "tags" ("name") VALUES ('x') ON CONFLICT DO NOTHING RETURNING "id";

UPDATE "users" SET "email" = $1, "updated_at" = $2 WHERE "users"."id" = $3;

UPDATE "posts" SET "comments_count" = COALESCE("posts"."comments_count", 0) + $1 WHERE "posts"."id" = $2;

UPDATE "posts" SET "title" = $1, "lock_version" = $2 WHERE "posts"."id" = $3 AND "posts"."lock_version" = $4;

UPDATE "posts" SET "status" = 2 FROM "users" WHERE "posts"."user_id" = "users"."id" AND "users"."banned" = TRUE;

UPDATE "posts" SET "score" = 0 WHERE ("posts"."id") IN (SELECT "posts"."id" FROM "posts" INNER JOIN "users" ON "users"."id" = "posts"."user_id" WHERE "users"."banned" = $1 ORDER BY "posts"."id" ASC LIMIT $2);

DELETE FROM "posts" WHERE "posts"."id" = $1;

DELETE FROM "posts" WHERE "posts"."id" IN (SELECT "posts"."id" FROM "posts" LEFT OUTER JOIN "users" ON "users"."id" = "posts"."user_id" WHERE "users"."id" IS NULL);

SAVEPOINT active_record_1;

RELEASE SAVEPOINT active_record_1;

ROLLBACK TO SAVEPOINT active_record_1;

BEGIN ISOLATION LEVEL SERIALIZABLE;

DEALLOCATE a17;

SELECT CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END;

LISTEN "action_cable_8f3c2b";

NOTIFY "action_cable_8f3c2b", '{"m":"it''s"}';
