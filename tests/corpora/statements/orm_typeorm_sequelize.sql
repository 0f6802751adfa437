-- What TypeORM sends
SELECT "User"."id" AS "User_id", "User"."firstName" AS "User_firstName", "User"."isActive" AS "User_isActive" FROM "user" "User" WHERE (("User"."id" = $1)) LIMIT 1;

SELECT DISTINCT "distinctAlias"."User_id" AS "ids_User_id", "distinctAlias"."User_firstName" FROM (SELECT "User"."id" AS "User_id", "User"."firstName" AS "User_firstName", "User__User_photos"."id" AS "User__User_photos_id", "User__User_photos"."url" AS "User__User_photos_url" FROM "user" "User" LEFT JOIN "photo" "User__User_photos" ON "User__User_photos"."userId"="User"."id") "distinctAlias" ORDER BY "distinctAlias"."User_firstName" ASC, "User_id" ASC LIMIT 10 OFFSET 5;

SELECT "post"."id" AS "post_id", "post"."title" AS "post_title", "categories"."id" AS "categories_id" FROM "post" "post" INNER JOIN "post_categories_category" "post_categories" ON "post_categories"."postId"="post"."id" INNER JOIN "category" "categories" ON "categories"."id"="post_categories"."categoryId" AND ("categories"."isRemoved" = false) WHERE "post"."deletedAt" IS NULL AND "post"."id" IN (11, 12);

SELECT COUNT(DISTINCT("post"."id")) AS "cnt" FROM "post" "post" WHERE "post"."title" ILIKE $1;

SELECT 1 AS "row_exists" FROM (SELECT 1 AS dummy_column) "dummy_table" WHERE EXISTS (SELECT 1 FROM "user" "User" WHERE (("User"."id" = $1))) LIMIT 1;

SELECT "user"."name" AS "name", SUM("photo"."views") AS "sum" FROM "user" "user" LEFT JOIN "photo" "photo" ON "photo"."userId" = "user"."id" GROUP BY "user"."name" HAVING SUM("photo"."views") > $1 ORDER BY "sum" DESC NULLS LAST;

SELECT "account"."id" AS "account_id" FROM "bank"."account" "account" WHERE "account"."id" = $1 FOR NO KEY UPDATE OF "account" SKIP LOCKED;

SELECT "node"."id" AS "node_id", "node"."mpath" AS "node_mpath" FROM "node" "node" WHERE "node"."mpath" LIKE (SELECT "node"."mpath" FROM "node" WHERE "node"."id" = $1) || '%' ORDER BY "node"."mpath" ASC;

INSERT INTO "user"("firstName", "isActive", "createdAt") VALUES ($1, DEFAULT, DEFAULT) RETURNING "id", "isActive", "createdAt";

INSERT INTO "user_closure"("id_ancestor", "id_descendant") SELECT "id_ancestor", 5 FROM "user_closure" WHERE "id_descendant" = 2;

INSERT INTO "user"("extId", "name") VALUES ($1, $2), ($3, $4) ON CONFLICT ( "extId" ) DO UPDATE SET "name" = EXCLUDED."name" WHERE ("user"."name" IS DISTINCT FROM EXCLUDED."name") RETURNING "id";

INSERT INTO "place"("loc", "area") VALUES (ST_SetSRID(ST_GeomFromGeoJSON($1), 4326)::geometry, $2);

UPDATE "user" SET "firstName" = $1, "updatedAt" = CURRENT_TIMESTAMP, "version" = "version" + 1 WHERE "id" IN ($2) RETURNING "updatedAt";

UPDATE "post" SET "deletedAt" = CURRENT_TIMESTAMP WHERE ("id" = $1 OR ("authorId" = $2 AND NOT("pinned" = true)));

UPDATE "counter" SET "hits" = hits + 1, "data" = jsonb_set("data", '{seen}', 'true') WHERE "key" = $1;

DELETE FROM "post_categories_category" WHERE ("postId" = $1 AND "categoryId" = $2) OR ("postId" = $3 AND "categoryId" = $4);

START TRANSACTION;

SELECT * FROM current_schema();

SELECT * FROM "information_schema"."tables" WHERE "table_schema" = current_schema() AND "table_name" = 'migrations';

SELECT columns.*, pg_catalog.col_description(('"' || table_catalog || '"."' || table_schema || '"."' || table_name || '"')::regclass::oid, ordinal_position) AS description, ('"' || "udt_schema" || '"."' || "udt_name" || '"')::"regtype"::text AS "regtype", pg_catalog.format_type("col_attr"."atttypid", "col_attr"."atttypmod") AS "format_type" FROM "information_schema"."columns" LEFT JOIN "pg_catalog"."pg_attribute" AS "col_attr" ON "col_attr"."attname" = "columns"."column_name" AND "col_attr"."attrelid" = ( SELECT "cls"."oid" FROM "pg_catalog"."pg_class" AS "cls" LEFT JOIN "pg_catalog"."pg_namespace" AS "ns" ON "ns"."oid" = "cls"."relnamespace" WHERE "cls"."relname" = "columns"."table_name" AND "ns"."nspname" = "columns"."table_schema" ) WHERE ("table_schema" = 'public' AND "table_name" = 'user');

CREATE TABLE "migrations" ("id" SERIAL NOT NULL, "timestamp" bigint NOT NULL, "name" character varying NOT NULL, CONSTRAINT "PK_8c82d7f526340ab734260ea46be" PRIMARY KEY ("id"));

CREATE EXTENSION IF NOT EXISTS "uuid-ossp";

ALTER TABLE "photo" ADD CONSTRAINT "FK_4494006ff358f754d07df5ccc87" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE NO ACTION ON UPDATE NO ACTION;

ALTER TYPE "public"."user_role_enum" RENAME TO "user_role_enum_old";

ALTER TABLE "user" ALTER COLUMN "role" TYPE "public"."user_role_enum" USING "role"::"text"::"public"."user_role_enum";

-- What Sequelize sends
SELECT "id", "firstName", "lastName", "createdAt" FROM "Users" AS "User" WHERE "User"."id" = 1;

SELECT count(*) AS "count" FROM "Users" AS "User" WHERE ("User"."age" >= 18 AND "User"."age" < 65) AND "User"."deletedAt" IS NULL;

SELECT "User"."id", "User"."name", "Tasks"."id" AS "Tasks.id", "Tasks"."title" AS "Tasks.title", "Tasks->Notes"."id" AS "Tasks.Notes.id" FROM "Users" AS "User" LEFT OUTER JOIN "Tasks" AS "Tasks" ON "User"."id" = "Tasks"."userId" LEFT OUTER JOIN "Notes" AS "Tasks->Notes" ON "Tasks"."id" = "Tasks->Notes"."taskId" AND "Tasks->Notes"."pinned" = true;

SELECT "User".*, "Projects"."id" AS "Projects.id", "Projects->UserProject"."role" AS "Projects.UserProject.role" FROM (SELECT "User"."id", "User"."name" FROM "Users" AS "User" WHERE ( SELECT "userId" FROM "UserProjects" AS "UserProject" INNER JOIN "Projects" AS "Project" ON "UserProject"."projectId" = "Project"."id" AND "Project"."open" = true WHERE ("User"."id" = "UserProject"."userId") LIMIT 1 ) IS NOT NULL ORDER BY "User"."name" ASC LIMIT 10) AS "User" INNER JOIN ( "UserProjects" AS "Projects->UserProject" INNER JOIN "Projects" AS "Projects" ON "Projects"."id" = "Projects->UserProject"."projectId") ON "User"."id" = "Projects->UserProject"."userId" ORDER BY "User"."name" ASC;

SELECT "id" FROM "Posts" AS "Post" WHERE ("Post"."meta"#>>'{video,url}') = 'x' AND "Post"."tags" && ARRAY['a','b']::VARCHAR(255)[] AND "Post"."title" NOT LIKE '%hat' AND "Post"."title" LIKE ANY (ARRAY['%a%','%b%']) AND CAST(("Post"."meta"#>>'{size}') AS DOUBLE PRECISION) > 5 ORDER BY max("age") DESC, "Post"."id";

SELECT "Post".* FROM (SELECT * FROM (SELECT "id", "userId" FROM "Posts" AS "Post" WHERE "Post"."userId" = 1 ORDER BY "Post"."id" LIMIT 3) AS sub UNION ALL SELECT * FROM (SELECT "id", "userId" FROM "Posts" AS "Post" WHERE "Post"."userId" = 2 ORDER BY "Post"."id" LIMIT 3) AS sub) AS "Post";

INSERT INTO "Users" ("id","name","createdAt","updatedAt") VALUES (DEFAULT,$1,$2,$3) RETURNING "id","name","createdAt","updatedAt";

INSERT INTO "Users" ("email","name") VALUES ('a','b') ON CONFLICT ("email") DO UPDATE SET "email"=EXCLUDED."email","name"=EXCLUDED."name" RETURNING "id","email";

UPDATE "Users" SET "name"=$1,"updatedAt"=$2 WHERE "id" = $3 RETURNING *;

UPDATE "Counters" SET "n"="n"+ 5,"updatedAt"='2024-03-05 10:11:12.345 +00:00' WHERE "id" = 1 RETURNING "id","n";

DELETE FROM "Users" WHERE "id" IN (SELECT "id" FROM "Users" WHERE "name" = 'x' LIMIT 1);

TRUNCATE "Users", "Tasks" RESTART IDENTITY CASCADE;

SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;

CREATE TABLE IF NOT EXISTS "Users" ("id"   SERIAL , "name" VARCHAR(255), "mood" "public"."enum_Users_mood" DEFAULT 'ok', "boss" INTEGER REFERENCES "Users" ("id") ON DELETE SET NULL ON UPDATE CASCADE, "createdAt" TIMESTAMP WITH TIME ZONE NOT NULL, PRIMARY KEY ("id"));

DO 'BEGIN CREATE TYPE "public"."enum_Users_mood" AS ENUM(''ok'', ''sad''); EXCEPTION WHEN duplicate_object THEN null; END';

SELECT i.relname AS name, ix.indisprimary AS primary, ix.indisunique AS unique, ix.indkey AS indkey, array_agg(a.attnum) as column_indexes, array_agg(a.attname) AS column_names, pg_get_indexdef(ix.indexrelid) AS definition FROM pg_class t, pg_class i, pg_index ix, pg_attribute a, pg_namespace s WHERE t.oid = ix.indrelid AND i.oid = ix.indexrelid AND a.attrelid = t.oid AND t.relkind = 'r' and t.relname = 'Users' AND s.oid = t.relnamespace AND s.nspname = 'public' GROUP BY i.relname, ix.indexrelid, ix.indisprimary, ix.indisunique, ix.indkey ORDER BY i.relname;

SELECT pg_class.relname, pg_attribute.attname FROM pg_class JOIN pg_attribute ON pg_attribute.attrelid = pg_class.oid AND pg_attribute.attnum > 0 AND NOT pg_attribute.attisdropped WHERE pg_class.relname IN ('Users') AND pg_class.relkind = 'r'::"char";
