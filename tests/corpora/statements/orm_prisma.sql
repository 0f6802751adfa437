-- What Prisma sends
SELECT "public"."User"."id", "public"."User"."email", "public"."User"."name" FROM "public"."User" WHERE ("public"."User"."email" = $1 AND 1=1) LIMIT $2 OFFSET $3;

SELECT "public"."User"."id", "public"."User"."email" FROM "public"."User" WHERE 1=1 ORDER BY "public"."User"."id" ASC OFFSET $1;

SELECT "public"."Post"."id", "public"."Post"."title", "public"."Post"."authorId" FROM "public"."Post" WHERE "public"."Post"."authorId" IN ($1,$2,$3) OFFSET $4;

SELECT "public"."User"."id" FROM "public"."User" WHERE ("public"."User"."id") IN (SELECT "t1"."authorId" FROM "public"."Post" AS "t1" WHERE ("t1"."published" = $1 AND "t1"."authorId" IS NOT NULL)) OFFSET $2;

SELECT "public"."User"."id" FROM "public"."User" WHERE ("public"."User"."id") NOT IN (SELECT "t1"."authorId" FROM "public"."Post" AS "t1" WHERE ((NOT "t1"."published" = $1) AND "t1"."authorId" IS NOT NULL)) OFFSET $2;

SELECT "public"."Post"."id" FROM "public"."Post" LEFT JOIN "public"."User" AS "j1" ON ("j1"."id") = ("public"."Post"."authorId") WHERE ("j1"."email"::text LIKE $1 AND ("j1"."id" IS NOT NULL)) ORDER BY "public"."Post"."createdAt" DESC LIMIT $2 OFFSET $3;

SELECT "public"."User"."id" FROM "public"."User" WHERE "public"."User"."name"::text ILIKE $1 AND "public"."User"."age" >= $2 AND "public"."User"."role" = CAST($3::text AS "public"."Role") OFFSET $4;

SELECT "public"."User"."id" FROM "public"."User", (SELECT "public"."User"."createdAt" AS "User_createdAt_0" FROM "public"."User" WHERE ("public"."User"."id") = ($1)) AS "order_cmp" WHERE "public"."User"."createdAt" <= "order_cmp"."User_createdAt_0" ORDER BY "public"."User"."createdAt" DESC LIMIT $2 OFFSET $3;

SELECT "public"."User"."id", COALESCE("aggr_selection_0_Post"."_aggr_count_posts", 0) AS "_aggr_count_posts" FROM "public"."User" LEFT JOIN (SELECT "public"."Post"."authorId", COUNT(*) AS "_aggr_count_posts" FROM "public"."Post" WHERE 1=1 GROUP BY "public"."Post"."authorId") AS "aggr_selection_0_Post" ON ("public"."User"."id" = "aggr_selection_0_Post"."authorId") WHERE 1=1 OFFSET $1;

SELECT "public"."User"."id" FROM "public"."User" LEFT JOIN (SELECT "public"."Post"."authorId", COUNT(*) AS "orderby_aggregator" FROM "public"."Post" WHERE 1=1 GROUP BY "public"."Post"."authorId") AS "orderby_0_Post" ON ("public"."User"."id" = "orderby_0_Post"."authorId") WHERE 1=1 ORDER BY COALESCE("orderby_0_Post"."orderby_aggregator", $1) DESC OFFSET $2;

SELECT COUNT(*) FROM (SELECT "public"."User"."id" FROM "public"."User" WHERE 1=1 OFFSET $1) AS "sub";

SELECT COUNT(*), SUM("age"), AVG("age"), MIN("age") FROM (SELECT "public"."User"."id", "public"."User"."age" FROM "public"."User" WHERE "public"."User"."age" > $1 OFFSET $2) AS "sub";

SELECT COUNT(*), "public"."User"."country", "public"."User"."role"::text FROM "public"."User" WHERE 1=1 GROUP BY "public"."User"."country", "public"."User"."role" HAVING AVG("public"."User"."age") > $1 ORDER BY "public"."User"."country" ASC OFFSET $2;

SELECT "t0"."id", "t0"."email", "User_posts"."__prisma_data__" AS "posts", "User_profile"."__prisma_data__" AS "profile" FROM "public"."User" AS "t0" LEFT JOIN LATERAL (SELECT COALESCE(JSONB_AGG("__prisma_data__"), '[]') AS "__prisma_data__" FROM (SELECT "t3"."__prisma_data__" FROM (SELECT JSONB_BUILD_OBJECT('id', "t2"."id", 'title', "t2"."title") AS "__prisma_data__", "t2"."id" FROM (SELECT "t1".* FROM "public"."Post" AS "t1" WHERE "t0"."id" = "t1"."authorId" /* root select */) AS "t2" /* inner select */) AS "t3" ORDER BY "t3"."id" ASC LIMIT $1 /* middle select */) AS "t4" /* outer select */) AS "User_posts" ON TRUE LEFT JOIN LATERAL (SELECT JSONB_BUILD_OBJECT('id', "t5"."id", 'bio', "t5"."bio") AS "__prisma_data__" FROM (SELECT "t6".* FROM "public"."Profile" AS "t6" WHERE "t0"."id" = "t6"."userId" LIMIT $2) AS "t5") AS "User_profile" ON TRUE WHERE "t0"."email" = $3 LIMIT $4;

SELECT "t0"."id", "t1"."__prisma_data__" AS "tags" FROM "public"."Post" AS "t0" LEFT JOIN LATERAL (SELECT COALESCE(JSONB_AGG("t2"."__prisma_data__"), '[]') AS "__prisma_data__" FROM (SELECT "t4"."__prisma_data__" FROM "public"."_PostToTag" AS "t3" LEFT JOIN LATERAL (SELECT JSONB_BUILD_OBJECT('id', "t5"."id") AS "__prisma_data__", "t5"."id" FROM "public"."Tag" AS "t5" WHERE "t3"."B" = "t5"."id") AS "t4" ON TRUE WHERE "t3"."A" = "t0"."id") AS "t2") AS "t1" ON TRUE;

SELECT "public"."_PostToTag"."A", "public"."_PostToTag"."B" FROM "public"."_PostToTag" WHERE "public"."_PostToTag"."A" IN ($1,$2);

SELECT "public"."Doc"."id" FROM "public"."Doc" WHERE (("public"."Doc"."meta"#>ARRAY[$1,$2]::text[])::jsonb = $3 AND JSONB_TYPEOF("public"."Doc"."meta"#>ARRAY['a']::text[]) = 'array' AND "public"."Doc"."tags" @> $4 AND "public"."Doc"."tags" = ARRAY[]::text[]) OFFSET $5;

INSERT INTO "public"."User" ("email","name","role") VALUES ($1,$2,CAST($3::text AS "public"."Role")) RETURNING "public"."User"."id", "public"."User"."email", "public"."User"."role"::text;

INSERT INTO "public"."Tag" ("name") VALUES ($1), ($2), (DEFAULT) ON CONFLICT DO NOTHING;

INSERT INTO "public"."User" ("email","visits") VALUES ($1,$2) ON CONFLICT ("email") DO UPDATE SET "visits" = ("public"."User"."visits" + $3) WHERE ("public"."User"."email" = $4 AND 1=1) RETURNING "public"."User"."id", "public"."User"."visits";

INSERT INTO "public"."_PostToTag" ("B","A") VALUES ($1,$2) ON CONFLICT DO NOTHING;

INSERT INTO "public"."Event" DEFAULT VALUES RETURNING "public"."Event"."id";

UPDATE "public"."User" SET "name" = $1, "visits" = ("public"."User"."visits" + $2), "tags" = "public"."User"."tags" || $3 WHERE ("public"."User"."id" = $4 AND 1=1) RETURNING "public"."User"."id", "public"."User"."name";

UPDATE "public"."Post" SET "published" = $1 WHERE ("public"."Post"."id" IN (SELECT "public"."Post"."id" FROM "public"."Post" WHERE "public"."Post"."draft" = $2 LIMIT $3) AND 1=1);

DELETE FROM "public"."User" WHERE ("public"."User"."id" = $1 AND 1=1) RETURNING "public"."User"."id", "public"."User"."email";

DELETE FROM "public"."_PostToTag" WHERE ("public"."_PostToTag"."B" = ($1) AND "public"."_PostToTag"."A" IN ($2,$3));

SELECT pg_advisory_lock(72707369);

SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = CURRENT_SCHEMA() AND c.relname = '_prisma_migrations');

SELECT "id", "checksum", "finished_at", "migration_name", "logs", "rolled_back_at", "started_at", "applied_steps_count" FROM "_prisma_migrations" ORDER BY "started_at" ASC;

SELECT EXISTS(SELECT 1 FROM pg_namespace WHERE nspname = $1), version(), current_setting('server_version_num')::integer as numeric_version;

SELECT rel.relname AS table_name, con.conname AS constraint_name, con.confdeltype AS del, con.confupdtype AS upd FROM (SELECT unnest(con1.conkey) AS parent, unnest(con1.confkey) AS child, con1.* FROM pg_constraint con1) con JOIN pg_class rel ON rel.oid = con.conrelid WHERE con.contype = 'f' ORDER BY con.conname;

CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');

CREATE TABLE "User" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "role" "Role" NOT NULL DEFAULT 'USER',
    "score" DECIMAL(65,30) NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "User_email_key" ON "User"("email");

ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE "User" DROP COLUMN "nick", ADD COLUMN "handle" TEXT, ALTER COLUMN "email" DROP NOT NULL;

ALTER TYPE "Role" ADD VALUE 'GUEST';
