-- GORM
SELECT * FROM "users" WHERE "users"."id" = 10 AND "users"."deleted_at" IS NULL ORDER BY "users"."id" LIMIT 1;

SELECT * FROM "users" WHERE (name = $1 AND age > $2) OR NOT role IN ($3,$4) ORDER BY age desc, name LIMIT 10 OFFSET 20;

SELECT "users"."id","users"."name","Company"."id" AS "Company__id","Company"."name" AS "Company__name" FROM "users" LEFT JOIN "companies" "Company" ON "users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL WHERE "users"."deleted_at" IS NULL;

SELECT name, sum(age) as total FROM "users" WHERE name LIKE 'group%' GROUP BY "name" HAVING sum(age) > 10;

SELECT * FROM (SELECT "name","age" FROM "users" WHERE "users"."deleted_at" IS NULL) as u WHERE "age" = 18;

SELECT * FROM "orders" WHERE "orders"."user_id" = 1 AND amount > (SELECT AVG(amount) FROM "orders") FOR UPDATE;

SELECT count(*) FROM "users" WHERE "name" = 'jinzhu' AND "users"."deleted_at" IS NULL;

INSERT INTO "users" ("created_at","updated_at","deleted_at","name","age") VALUES ('2024-01-02 03:04:05.678','2024-01-02 03:04:05.678',NULL,'x',18) RETURNING "id";

INSERT INTO "users" ("name","age") VALUES ('a',1),('b',2) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","age"=GREATEST("users"."age", "excluded"."age");

UPDATE "users" SET "age"=age * 2 + 100,"updated_at"='2024-01-02 03:04:05' WHERE "users"."deleted_at" IS NULL AND "id" = 3;

UPDATE "users" SET "deleted_at"='2024-01-02 03:04:05.1' WHERE age = 20 AND "users"."deleted_at" IS NULL;

DELETE FROM "users" WHERE "users"."id" IN (1,2,3);

UPDATE "users" SET "company_name"=(SELECT name FROM companies as c WHERE c.id = users.company_id);

SELECT count(*) FROM information_schema.tables WHERE table_schema = CURRENT_SCHEMA() AND table_name = $1 AND table_type = 'BASE TABLE';

SELECT a.attname as column_name, format_type(a.atttypid, a.atttypmod) AS data_type FROM pg_attribute a JOIN pg_class b ON a.attrelid = b.oid AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = CURRENT_SCHEMA()) WHERE a.attnum > 0 AND b.relname = $1 AND NOT a.attisdropped;

-- sqlc: the text of the query files goes to the server with its first comment
SELECT id, name, bio FROM authors
WHERE id = $1 LIMIT 1;

-- name: ListAuthors :many
SELECT authors.id, authors.name, books.title
FROM authors
JOIN books ON books.author_id = authors.id
WHERE authors.id = ANY($1::bigint[])
  AND ($2::text IS NULL OR authors.name ILIKE $2)
ORDER BY authors.name;

-- name: UpdateAuthor :one
UPDATE authors
SET name = COALESCE($2, name),
    bio = CASE WHEN $3::bool THEN $4 ELSE bio END
WHERE id = $1
RETURNING *;

-- name: CreateAuthors :copyfrom
COPY authors (name, bio) FROM STDIN BINARY;

-- name: Transfer :exec
WITH src AS (SELECT id FROM accounts WHERE id = $1 FOR UPDATE)
INSERT INTO transfers (src_id, dst_id, amount)
SELECT src.id, $2, $3 FROM src;

-- name: BatchInsert :exec
INSERT INTO cities (slug, name)
SELECT unnest($1::text[]) AS slug, unnest($2::text[]) AS name;

-- name: EmbeddedOnes :many
SELECT (s).*, e.score, count(*) OVER () AS total
FROM students s, exams AS e WHERE e.student_id = s.id;

-- Ecto
SELECT u0."id", u0."email", u0."inserted_at" FROM "users" AS u0 WHERE (u0."id" = $1);

SELECT p0."id", p0."title", c1."id", c1."body" FROM "posts" AS p0 INNER JOIN "comments" AS c1 ON c1."post_id" = p0."id" WHERE (p0."id" = ANY($1)) AND (c1."deleted_at" IS NULL) ORDER BY c1."id" DESC LIMIT 5;

SELECT s0."user_id", s0."rank" FROM (SELECT ss0."user_id" AS "user_id", rank() OVER "w" AS "rank" FROM "scores" AS ss0 WINDOW "w" AS (PARTITION BY ss0."game_id" ORDER BY ss0."points" DESC)) AS s0 WHERE (s0."rank" <= 3);

SELECT u0."id" FROM "acme"."users" AS u0 LEFT OUTER JOIN LATERAL (SELECT sl0."at" AS "at" FROM "acme"."logins" AS sl0 WHERE (sl0."user_id" = u0."id") ORDER BY sl0."at" DESC LIMIT 1) AS l1 ON TRUE WHERE (l1."at" > $1::timestamp + (0 || ' day')::interval);

SELECT count(u0."id") FILTER (WHERE u0."active"), sum(u0."age")::bigint, max(u0."x") FROM "users" AS u0 WHERE (u0."name" ILIKE $1) AND NOT (u0."role" = 'admin') AND (u0."meta"->'a'->>'b' = 'c');

SELECT TRUE FROM "users" AS u0 WHERE (u0."email" = $1) LIMIT 1;

SELECT f0."x" FROM (VALUES ($1::bigint,$2::varchar),($3::bigint,$4::varchar)) AS f0 ("x","y");

WITH RECURSIVE "tree" AS (SELECT sc0."id" AS "id", 1::integer AS "depth" FROM "categories" AS sc0 WHERE (sc0."parent_id" IS NULL) UNION ALL (SELECT sc0."id", st1."depth" + 1 FROM "categories" AS sc0 INNER JOIN "tree" AS st1 ON st1."id" = sc0."parent_id")) SELECT p0."id" FROM "products" AS p0 INNER JOIN "tree" AS t1 ON t1."id" = p0."category_id";

SELECT c0."city" FROM "customers" AS c0 UNION (SELECT s0."city" FROM "suppliers" AS s0) EXCEPT ALL (SELECT b0."city" FROM "banned" AS b0);

SELECT j0."id", j0."args" FROM "oban_jobs" AS j0 WHERE (j0."state" = 'available') ORDER BY j0."priority", j0."scheduled_at", j0."id" LIMIT $1 FOR UPDATE SKIP LOCKED;

UPDATE "oban_jobs" AS o0 SET "state" = $1, "attempted_at" = $2, "attempt" = o0."attempt" + $3 FROM (SELECT so0."id" AS "id" FROM "oban_jobs" AS so0 WHERE (so0."queue" = $4) FOR UPDATE SKIP LOCKED) AS f1 WHERE (o0."id" = f1."id") RETURNING o0."id", o0."args";

INSERT INTO "users" AS u0 ("email","inserted_at") VALUES ($1,$2) ON CONFLICT ("email") DO UPDATE SET "hits" = u0."hits" + 1 RETURNING "id";

INSERT INTO "memberships" ("user_id","org_id") VALUES ($1,(SELECT so0."id" FROM "orgs" AS so0 WHERE (so0."slug" = $2))) ON CONFLICT DO NOTHING;

DELETE FROM "tokens" AS t0 USING "users" AS u1 WHERE (u1."id" = t0."user_id") AND (t0."at" < $1) RETURNING t0."id";

LOCK TABLE "schema_migrations" IN SHARE UPDATE EXCLUSIVE MODE;

-- Entity Framework Core over Npgsql
SELECT b."BlogId", b."Rating", b."Url"
FROM "Blogs" AS b
WHERE b."Rating" > 3 AND strpos(b."Url", $3) > 0
ORDER BY b."Url"
LIMIT $1 OFFSET $2;

SELECT b0."BlogId", b0."Url", p."PostId", p."Title"
FROM (
    SELECT b."BlogId", b."Url"
    FROM "Blogs" AS b
    ORDER BY b."BlogId"
    LIMIT $1
) AS b0
LEFT JOIN "Post" AS p ON b0."BlogId" = p."BlogId"
ORDER BY b0."BlogId";

SELECT EXISTS (
    SELECT 1
    FROM "Blogs" AS b
    WHERE b."Url" LIKE 'http%');

SELECT count(*)::int
FROM "Orders" AS o
WHERE date_part('year', o."Date" AT TIME ZONE 'UTC')::int = 2024;

SELECT o."CustomerId", COALESCE(sum(o."Total"), 0.0) AS "Sum", count(*) FILTER (WHERE o."Paid")::int AS "Paid"
FROM "Orders" AS o
GROUP BY o."CustomerId"
HAVING count(*)::int > 5;

SELECT c."Id", t."Id", t."c"
FROM "Customers" AS c
LEFT JOIN (
    SELECT o0."Id", o0."CustomerId", o0.c
    FROM (
        SELECT o."Id", o."CustomerId", 1 AS c, ROW_NUMBER() OVER(PARTITION BY o."CustomerId" ORDER BY o."Date" DESC) AS row
        FROM "Orders" AS o
    ) AS o0
    WHERE o0.row <= 2
) AS t ON c."Id" = t."CustomerId"
ORDER BY c."Id";

SELECT a."Id", a."Discriminator", a."Name", a."Wingspan"
FROM "Animals" AS a
WHERE a."Discriminator" = 'Bird' AND (a."Name" <> $1 OR a."Name" IS NULL) AND a."Tags" @> ARRAY[$2]::text[];

SELECT e."Id", e."Period", lower(e."Period"), range_agg(e."Period") OVER ()
FROM "Events" AS e
WHERE e."Period" @> TIMESTAMPTZ '2024-01-01T00:00:00Z' AND e."When" - INTERVAL '1 02:03:04' < now() AND e."Doc" #>> '{Customer,Name}' = 'Joe';

SELECT v."Value" FROM (VALUES (1::int), ($1), (999)) AS v("Value") WHERE v."Value" NOT IN (SELECT b."BlogId" FROM "Blogs" AS b);

INSERT INTO "Blogs" ("Rating", "Url")
VALUES ($1, $2)
RETURNING "BlogId";

UPDATE "Blogs" AS b
SET "Rating" = b."Rating" + 1,
    "Url" = ''
FROM "Owners" AS o
WHERE b."OwnerId" = o."Id" AND o."Name" = 'x';

UPDATE "Blogs" SET "Url" = $1
WHERE "BlogId" = $2 AND xmin = $3
RETURNING xmin;

DELETE FROM "Posts" AS p
WHERE p."Id" IN (
    SELECT p0."Id"
    FROM "Posts" AS p0
    INNER JOIN "Blogs" AS b ON p0."BlogId" = b."Id"
    WHERE b."Url" = ''
);

DO $EF$
BEGIN
    IF NOT EXISTS(SELECT 1 FROM pg_namespace WHERE nspname = 'shop') THEN
        CREATE SCHEMA shop;
    END IF;
END $EF$;

LOCK TABLE "__EFMigrationsHistory" IN ACCESS EXCLUSIVE MODE;

ALTER TABLE "Blogs" ALTER COLUMN "Id" DROP DEFAULT, ALTER COLUMN "Id" ADD GENERATED BY DEFAULT AS IDENTITY;

-- jOOQ
select "public"."author"."id", "public"."author"."last_name", row_number() over (order by "public"."author"."id") from "public"."author" where ("public"."author"."id" in (1, 2) and cast("public"."author"."born" as date) < date '1950-01-01') order by "public"."author"."id" offset 1 rows fetch next 5 rows only;

select (select coalesce(jsonb_agg(jsonb_build_array("v0", "v1")), jsonb_build_array()) from (select "b"."id" as "v0", "b"."title" as "v1" from "public"."book" as "b" where "b"."author_id" = "a"."id") as "t") as "books" from "public"."author" as "a" where exists (select 1 as "one" where 1 = 1);

insert into "public"."author" ("id", "name") values (7, 'x') on conflict ("id") do update set "name" = excluded."name" returning "public"."author"."id";

-- Drizzle, Kysely and Knex
select "users"."id", "users"."name", "users_posts"."data" as "posts" from "users" "users" left join lateral (select coalesce(json_agg(json_build_array("users_posts"."id", "users_posts"."text")), '[]'::json) as "data" from "posts" "users_posts" where "users_posts"."author_id" = "users"."id") "users_posts" on true limit $1;

select "p".*, ("p"."a" + $1) as "sum" from "person" as "p" inner join "pet" on "pet"."owner_id" = "p"."id" and "pet"."species" in ($2, $3) where ("p"."x" is not null or "p"."y" = $4) and not "p"."z";

select * from "users" where "id" not in (select "user_id" from "bans") and "created_at" between $1 and $2 union all select * from "guests" order by "id" asc limit $3;

with "with_alias" as (select * from "books" where "author" = 'Test') select * from "with_alias";

insert into "users" ("name", "age") values ($1, default), ($2, $3) returning "id", "name" as "userName";

update "books" set "title" = $1, "n" = "n" + $2 where "published" < $3 returning *;

-- Diesel and SeaORM
SELECT "users"."id", "users"."name", "posts"."id", "posts"."title" FROM ("users" LEFT OUTER JOIN "posts" ON ("posts"."user_id" = "users"."id")) WHERE (("users"."name" = $1) OR ("users"."hair" IS NULL)) ORDER BY "users"."id" ASC;

SELECT ("users"."name" || $1), (SELECT COUNT(*) FROM "posts" WHERE ("posts"."user_id" = "users"."id")) FROM "users" WHERE ("users"."id" = ANY($2)) FOR UPDATE NOWAIT;

INSERT INTO "cake" ("name", "kind") VALUES ($1, CAST($2 AS "tea")) RETURNING "id", "name", CAST("kind" AS text);

SELECT "cake"."id" AS "A_id", "cake"."name" AS "A_name", "fruit"."id" AS "B_id" FROM "cake" LEFT JOIN "fruit" ON "cake"."id" = "fruit"."cake_id" WHERE "cake"."id" = $1 LIMIT $2;

-- Doctrine, Eloquent and Dapper-like hand-written text
SELECT t0.id AS id_1, t0.name AS name_2, t3.id AS id_4 FROM users t0 INNER JOIN profile t3 ON t0.profile_id = t3.id WHERE t0.login = $1 LIMIT 1;

SELECT DISTINCT u0_.id AS id_0, MIN(sclr_1) AS dctrn_minrownum FROM (SELECT u0_.id, ROW_NUMBER() OVER (ORDER BY u0_.name ASC) AS sclr_1 FROM users u0_) AS u0_ GROUP BY u0_.id ORDER BY dctrn_minrownum ASC LIMIT 20;

select exists(select * from "users" where "email" = $1) as "exists";

select "users".*, (select count(*) from "posts" where "users"."id" = "posts"."user_id") as "posts_count" from "users" where "meta"->>'lang' = $1 and "created_at"::date = $2 and extract(month from "created_at") = $3;

select "roles".*, "role_user"."user_id" as "pivot_user_id" from "roles" inner join "role_user" on "roles"."id" = "role_user"."role_id" where "role_user"."user_id" in (1, 2);

insert into "jobs" ("queue", "payload") values ($1, $2) on conflict do nothing;

select * from "jobs" where "queue" = $1 and (("reserved_at" is null and "available_at" <= $2) or ("reserved_at" <= $3)) order by "id" asc limit 1 FOR UPDATE SKIP LOCKED;

update "posts" set "title" = $1 where "ctid" in (select "posts"."ctid" from "posts" inner join "users" on "users"."id" = "posts"."user_id" where "users"."active" = $2 limit 3);
