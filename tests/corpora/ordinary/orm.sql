-- case: orm-django-all
-- masked: email, phone, ssn, card_number
SELECT "customers"."id", "customers"."name", "customers"."email", "customers"."phone", "customers"."ssn", "customers"."card_number", "customers"."region", "customers"."notes", "customers"."created_at" FROM "customers" ORDER BY "customers"."id" ASC;
-- case: orm-django-get
-- masked: email
SELECT "customers"."id", "customers"."name", "customers"."email" FROM "customers" WHERE "customers"."id" = 1 LIMIT 21;
-- case: orm-django-filter
SELECT "orders"."id", "orders"."customer_id", "orders"."amount", "orders"."status", "orders"."created_at" FROM "orders" WHERE ("orders"."amount" >= '50.00'::numeric AND "orders"."status" IN ('paid', 'shipped')) ORDER BY "orders"."created_at" DESC LIMIT 25;
-- case: orm-django-icontains
SELECT "customers"."id", "customers"."name" FROM "customers" WHERE UPPER("customers"."name"::text) LIKE UPPER('%ad%') ORDER BY "customers"."id" ASC;
-- case: orm-django-startswith
SELECT "customers"."id" FROM "customers" WHERE "customers"."name"::text LIKE 'A%' ORDER BY 1 ASC;
-- case: orm-django-exists
SELECT 1 AS "a" FROM "orders" WHERE "orders"."status" = 'new' LIMIT 1;
-- case: orm-django-count
SELECT COUNT(*) AS "__count" FROM "orders" WHERE "orders"."status" = 'paid';
-- case: orm-django-select-related
-- masked: email
SELECT "orders"."id", "orders"."amount", "customers"."id", "customers"."name", "customers"."email" FROM "orders" INNER JOIN "customers" ON ("orders"."customer_id" = "customers"."id") WHERE "customers"."region" = 'eu-west' ORDER BY "orders"."id" ASC;
-- case: orm-django-annotate
SELECT "customers"."id", "customers"."name", COUNT("orders"."id") AS "order_count", COALESCE(SUM("orders"."amount"), '0'::numeric) AS "total" FROM "customers" LEFT OUTER JOIN "orders" ON ("customers"."id" = "orders"."customer_id") GROUP BY "customers"."id" ORDER BY "order_count" DESC, "customers"."id" ASC;
-- case: orm-django-values-trunc
SELECT DATE_TRUNC('month', "orders"."created_at" AT TIME ZONE 'UTC') AS "month", SUM("orders"."amount") AS "sum" FROM "orders" GROUP BY 1 ORDER BY 1 ASC;
-- case: orm-django-year-filter
SELECT "orders"."id" FROM "orders" WHERE "orders"."created_at" BETWEEN '2025-01-01 00:00:00+00:00'::timestamptz AND '2025-12-31 23:59:59.999999+00:00'::timestamptz ORDER BY "orders"."id" ASC;
-- case: orm-django-subquery-exists
SELECT "customers"."id" FROM "customers" WHERE EXISTS(SELECT 1 AS "a" FROM "orders" U0 WHERE (U0."customer_id" = ("customers"."id") AND U0."status" = 'shipped') LIMIT 1) ORDER BY "customers"."id" ASC;
-- case: orm-django-json-key
SELECT "customers"."id" FROM "customers" WHERE ("customers"."notes" -> 'tier') = '"gold"'::jsonb ORDER BY "customers"."id" ASC;
-- case: orm-django-email-lookup
SELECT "customers"."id", "customers"."name" FROM "customers" WHERE "customers"."email" = 'x@example.com' LIMIT 21;
-- case: orm-django-update
BEGIN;
UPDATE "orders" SET "status" = 'paid' WHERE "orders"."id" IN (9, 13);
ROLLBACK;
-- case: orm-django-insert
BEGIN;
INSERT INTO "orders" ("customer_id", "amount", "status", "created_at") VALUES (1, '10.00'::numeric, 'new', '2025-09-09T10:00:00+00:00'::timestamptz) RETURNING "orders"."status";
ROLLBACK;
-- case: orm-django-savepoint
BEGIN;
SAVEPOINT "s139_x2";
SELECT 1 AS "a" FROM "customers" WHERE "customers"."id" = 3 LIMIT 1;
RELEASE SAVEPOINT "s139_x2";
COMMIT;
-- case: orm-rails-find
-- masked: email, phone, ssn, card_number
SELECT "customers".* FROM "customers" WHERE "customers"."id" = 7 LIMIT 1;
-- case: orm-rails-where-order
SELECT "orders".* FROM "orders" WHERE "orders"."status" = 'shipped' ORDER BY "orders"."created_at" DESC LIMIT 10 OFFSET 0;
-- case: orm-rails-pluck
SELECT "orders"."id", "orders"."status" FROM "orders" WHERE "orders"."customer_id" = 8 ORDER BY "orders"."id" ASC;
-- case: orm-rails-count-distinct
SELECT COUNT(DISTINCT "orders"."customer_id") FROM "orders";
-- case: orm-rails-exists
SELECT 1 AS one FROM "orders" WHERE "orders"."customer_id" = 1 LIMIT 1;
-- case: orm-rails-group-count
SELECT COUNT(*) AS "count_all", "orders"."status" AS "orders_status" FROM "orders" GROUP BY "orders"."status" ORDER BY "orders"."status";
-- case: orm-rails-eager-load
-- masked: t0_r2
SELECT "customers"."id" AS t0_r0, "customers"."name" AS t0_r1, "customers"."email" AS t0_r2, "orders"."id" AS t1_r0, "orders"."amount" AS t1_r1 FROM "customers" LEFT OUTER JOIN "orders" ON "orders"."customer_id" = "customers"."id" WHERE "customers"."id" IN (1, 2, 3) ORDER BY "customers"."id", "orders"."id";
-- case: orm-rails-find-by-email
SELECT "customers"."id" FROM "customers" WHERE "customers"."email" = 'x@example.com' LIMIT 1;
-- case: orm-rails-update
BEGIN;
UPDATE "orders" SET "status" = 'shipped' WHERE "orders"."id" = 2;
ROLLBACK;
-- case: orm-rails-insert
BEGIN;
INSERT INTO "orders" ("customer_id", "amount", "status", "created_at") VALUES (3, 19.99, 'new', '2025-09-09 10:00:00.123456') RETURNING "amount";
ROLLBACK;
-- case: orm-sqlalchemy-select
SELECT orders.id, orders.customer_id, orders.amount, orders.status 
FROM orders 
WHERE orders.status = 'paid' ORDER BY orders.id;
-- case: orm-sqlalchemy-labels
-- masked: customers_email
SELECT customers.id AS customers_id, customers.name AS customers_name, customers.email AS customers_email 
FROM customers 
WHERE customers.id = 2;
-- case: orm-sqlalchemy-join-anon
SELECT anon_1.customer_id, anon_1.total 
FROM (SELECT orders.customer_id AS customer_id, sum(orders.amount) AS total 
FROM orders GROUP BY orders.customer_id) AS anon_1 JOIN customers ON anon_1.customer_id = customers.id ORDER BY anon_1.total DESC 
 LIMIT 3;
-- case: orm-sqlalchemy-joined-load
-- masked: customers_1_email
SELECT orders.id, orders.amount, customers_1.id AS customers_1_id, customers_1.name AS customers_1_name, customers_1.email AS customers_1_email 
FROM orders LEFT OUTER JOIN customers AS customers_1 ON customers_1.id = orders.customer_id ORDER BY orders.id;
-- case: orm-sqlalchemy-selectin
SELECT orders.customer_id AS orders_customer_id, orders.id AS orders_id 
FROM orders 
WHERE orders.customer_id IN (1, 2, 3) ORDER BY orders.id;
-- case: orm-sqlalchemy-casts
SELECT CAST(orders.amount AS VARCHAR) AS anon_1, CAST(orders.created_at AS DATE) AS day FROM orders ORDER BY orders.id;
-- case: orm-sqlalchemy-test-ping
SELECT 1 AS anon_1;
-- case: orm-sqlalchemy-startup-test
SELECT CAST('test plain returns' AS VARCHAR(60)) AS anon_1;
-- case: orm-sqlalchemy-insertmany
BEGIN;
INSERT INTO orders (customer_id, amount, status) SELECT p0::INTEGER, p1::NUMERIC(10, 2), p2::VARCHAR FROM (VALUES (1, 5.5, 'new', 0), (2, 6.5, 'new', 1)) AS imp_sen(p0, p1, p2, sen_counter) ORDER BY sen_counter RETURNING orders.amount;
ROLLBACK;
-- case: orm-hibernate-select
-- masked: email3_0_0_
select c1_0.id as id1_0_0_, c1_0.name as name2_0_0_, c1_0.email as email3_0_0_ from customers c1_0 where c1_0.id=5;
-- case: orm-hibernate-page
select o1_0.id,o1_0.amount,o1_0.status from orders o1_0 where o1_0.status='shipped' order by o1_0.id offset 1 rows fetch first 2 rows only;
-- case: orm-hibernate-count
select count(o1_0.id) from orders o1_0;
-- case: orm-hibernate-exists
select case when (count(o1_0.id)>0) then true else false end from orders o1_0 where o1_0.status='new';
-- case: orm-hibernate-join-fetch
select distinct c1_0.id,c1_0.name,o1_0.id from customers c1_0 join orders o1_0 on c1_0.id=o1_0.customer_id where c1_0.region='eu-south' order by c1_0.id,o1_0.id;
-- case: orm-prisma-find-many
-- masked: email
SELECT "public"."customers"."id", "public"."customers"."name", "public"."customers"."email" FROM "public"."customers" WHERE 1=1 ORDER BY "public"."customers"."id" ASC LIMIT 5 OFFSET 0;
-- case: orm-prisma-relation
SELECT "public"."orders"."id", "public"."orders"."customer_id" FROM "public"."orders" WHERE "public"."orders"."customer_id" IN (1,2,3) ORDER BY "public"."orders"."id" ASC OFFSET 0;
-- case: orm-prisma-aggregate
SELECT COUNT(*), SUM("amount") FROM (SELECT "public"."orders"."id", "public"."orders"."amount" FROM "public"."orders" WHERE 1=1 OFFSET 0) AS "sub";
-- case: orm-prisma-nested-json
-- masked: __prisma_data__
SELECT "t0"."id", COALESCE("t1"."__prisma_data__", '[]') AS "__prisma_data__" FROM "public"."orders" AS "t0" LEFT JOIN LATERAL (SELECT JSONB_AGG("x"."j") AS "__prisma_data__" FROM (SELECT JSONB_BUILD_OBJECT('id', "t2"."id", 'email', "t2"."email") AS "j" FROM "public"."customers" AS "t2" WHERE "t2"."id" = "t0"."customer_id") AS "x") AS "t1" ON TRUE ORDER BY "t0"."id" ASC;
-- case: orm-prisma-nested-json-clean
SELECT "t0"."id", COALESCE("t1"."data", '[]') AS "orders" FROM "public"."customers" AS "t0" LEFT JOIN LATERAL (SELECT JSONB_AGG("x"."j" ORDER BY "x"."id") AS "data" FROM (SELECT "t2"."id", JSONB_BUILD_OBJECT('id', "t2"."id", 'status', "t2"."status") AS "j" FROM "public"."orders" AS "t2" WHERE "t2"."customer_id" = "t0"."id") AS "x") AS "t1" ON TRUE ORDER BY "t0"."id" ASC;
-- case: orm-prisma-update
BEGIN;
UPDATE "public"."orders" SET "status" = 'paid' WHERE ("public"."orders"."id" = 9 AND 1=1) RETURNING "public"."orders"."id", "public"."orders"."status";
ROLLBACK;
-- case: orm-typeorm-select
-- masked: Customer_email
SELECT "Customer"."id" AS "Customer_id", "Customer"."name" AS "Customer_name", "Customer"."email" AS "Customer_email" FROM "customers" "Customer" WHERE "Customer"."id" IN (1, 2) ORDER BY "Customer"."id" ASC;
-- case: orm-typeorm-pagination
SELECT DISTINCT "distinctAlias"."Order_id" AS "ids_Order_id" FROM (SELECT "Order"."id" AS "Order_id", "Order"."status" AS "Order_status" FROM "orders" "Order") "distinctAlias" ORDER BY "Order_id" ASC LIMIT 3;
-- case: orm-sequelize-include
SELECT "Order"."id", "Order"."amount", "customer"."id" AS "customer.id", "customer"."name" AS "customer.name" FROM "orders" AS "Order" LEFT OUTER JOIN "customers" AS "customer" ON "Order"."customer_id" = "customer"."id" ORDER BY "Order"."id" LIMIT 4;
-- case: orm-sequelize-count
SELECT count(*) AS "count" FROM "orders" AS "Order" WHERE ("Order"."status" = 'paid' OR "Order"."status" = 'new');
-- case: orm-knex-where
select "id", "status" from "orders" where "amount" > 100 and ("status" = 'paid' or "status" = 'shipped') order by "id" asc limit 5;
-- case: orm-laravel-select
select * from "orders" where "orders"."customer_id" = 1 and "orders"."customer_id" is not null order by "id" asc;
-- case: orm-laravel-exists
select exists(select * from "orders" where "status" = 'new') as "exists";
-- case: orm-laravel-with-count
select "customers"."id", (select count(*) from "orders" where "customers"."id" = "orders"."customer_id") as "orders_count" from "customers" order by "id" asc;
-- case: orm-laravel-date
select "id" from "orders" where "created_at"::date = '2025-07-30' order by "id";
-- case: orm-ef-core-select
-- masked: email
SELECT c.id, c.name, c.email FROM customers AS c WHERE c.region = 'us-east' ORDER BY c.id LIMIT 2;
-- case: orm-ef-core-any
SELECT EXISTS (SELECT 1 FROM orders AS o WHERE o.status = 'new');
-- case: orm-ef-core-group
SELECT o.status AS "Key", count(*)::int AS "Count", COALESCE(sum(o.amount), 0.0) AS "Total" FROM orders AS o GROUP BY o.status ORDER BY o.status NULLS FIRST;
-- case: orm-ef-core-t0-c0
SELECT t0.c0, t0.c1 FROM (SELECT o.id AS c0, o.status AS c1 FROM orders AS o WHERE o.amount > 50.0 LIMIT 100) AS t0 ORDER BY t0.c0;
-- case: orm-gorm-first
-- masked: email, phone, ssn, card_number
SELECT * FROM "customers" WHERE "customers"."id" = 10 ORDER BY "customers"."id" LIMIT 1;
-- case: orm-gorm-scan
SELECT status, count(*) as total FROM "orders" WHERE created_at > '2025-07-01 00:00:00' GROUP BY "status" HAVING count(*) > 1 ORDER BY status;
-- case: orm-ecto-select
SELECT o0."id", o0."status", c1."name" FROM "orders" AS o0 INNER JOIN "customers" AS c1 ON c1."id" = o0."customer_id" WHERE (o0."amount" > 200::decimal) ORDER BY o0."id";
-- case: orm-ecto-any
SELECT o0."id" FROM "orders" AS o0 WHERE (o0."id" = ANY('{1,2,3}')) ORDER BY o0."id";
-- case: orm-diesel-select
SELECT "orders"."id", "orders"."amount" FROM "orders" WHERE (("orders"."status" = 'paid') AND ("orders"."customer_id" = 5)) ORDER BY "orders"."id" LIMIT 1;
-- case: orm-jooq-alias
select "public"."orders"."id", sum("public"."orders"."amount") over (partition by "public"."orders"."customer_id" order by "public"."orders"."id" rows between unbounded preceding and current row) as "running" from "public"."orders" order by "public"."orders"."id";
-- case: orm-jooq-row-in
select "o"."id" from "public"."orders" as "o" where ("o"."customer_id", "o"."status") in ((1, 'paid'), (2, 'shipped')) order by "o"."id";
-- case: orm-metabase-bucket
SELECT CAST("public"."orders"."created_at" AS date) AS "created_at", COUNT(*) AS "count" FROM "public"."orders" GROUP BY CAST("public"."orders"."created_at" AS date) ORDER BY CAST("public"."orders"."created_at" AS date) ASC;
-- case: orm-tableau-custom
SELECT "t0"."status" AS "status", SUM("t0"."amount") AS "sum:amount:ok" FROM (SELECT * FROM orders) "t0" GROUP BY 1 ORDER BY 1;
-- case: orm-powerbi-nested
select "_"."id", "_"."status" from (select "rows"."id", "rows"."status" from (select "_"."id", "_"."status", "_"."amount" from "public"."orders" "_" where "_"."amount" > 100) "rows" group by "id", "status") "_" order by "_"."id" limit 1000;
-- case: orm-langchain-sample
SELECT * FROM orders ORDER BY id LIMIT 3;
-- case: orm-agent-exploration
SELECT status, COUNT(*) AS order_count, ROUND(AVG(amount), 2) AS avg_amount FROM orders GROUP BY status ORDER BY order_count DESC, status LIMIT 10;
-- case: orm-agent-top-customers
SELECT c.name AS customer_name, SUM(o.amount) AS total_spent FROM customers c JOIN orders o ON c.id = o.customer_id GROUP BY c.name ORDER BY total_spent DESC LIMIT 5;
