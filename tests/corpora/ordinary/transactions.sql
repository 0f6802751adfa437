-- case: tx-begin-commit
BEGIN;
SELECT 1;
COMMIT;
-- case: tx-begin-rollback
BEGIN;
SELECT count(*) FROM orders;
ROLLBACK;
-- case: tx-begin-transaction
BEGIN TRANSACTION;
SELECT 1;
COMMIT TRANSACTION;
-- case: tx-begin-work
BEGIN WORK;
SELECT 1;
ROLLBACK WORK;
-- case: tx-start-transaction
START TRANSACTION;
SELECT 1;
COMMIT;
-- case: tx-end
BEGIN;
SELECT 1;
END;
-- case: tx-abort
BEGIN;
SELECT 1;
ABORT;
-- case: tx-read-only
BEGIN READ ONLY;
SELECT count(*) FROM customers;
COMMIT;
-- case: tx-start-read-write
START TRANSACTION READ WRITE;
SELECT 1;
COMMIT;
-- case: tx-isolation-repeatable-read
BEGIN ISOLATION LEVEL REPEATABLE READ;
SHOW transaction_isolation;
COMMIT;
-- case: tx-isolation-serializable-read-only
BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY;
SELECT sum(amount) FROM orders;
COMMIT;
-- case: tx-isolation-read-committed
START TRANSACTION ISOLATION LEVEL READ COMMITTED;
SELECT 1;
COMMIT;
-- case: tx-set-transaction
BEGIN;
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM orders;
COMMIT;
-- case: tx-set-transaction-read-only
BEGIN;
SET TRANSACTION READ ONLY;
SELECT count(*) FROM orders;
COMMIT;
-- case: tx-set-session-characteristics
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;
SELECT 1;
-- case: tx-set-session-characteristics-read-only
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;
SELECT 1;
-- case: tx-default-read-only
SET default_transaction_read_only = on;
SELECT count(*) FROM orders;
-- case: tx-savepoint-release
BEGIN;
SAVEPOINT a;
UPDATE orders SET status = 'paid' WHERE id = 9;
RELEASE SAVEPOINT a;
SELECT status FROM orders WHERE id = 9;
ROLLBACK;
-- case: tx-savepoint-rollback-to
BEGIN;
UPDATE orders SET status = 'paid' WHERE id = 9;
SAVEPOINT b;
UPDATE orders SET status = 'shipped' WHERE id = 9;
ROLLBACK TO SAVEPOINT b;
SELECT status FROM orders WHERE id = 9;
ROLLBACK;
-- case: tx-savepoint-short-forms
BEGIN;
SAVEPOINT c;
SELECT 1;
ROLLBACK TO c;
RELEASE c;
COMMIT;
-- case: tx-savepoint-nested
BEGIN;
SAVEPOINT s1;
SAVEPOINT s2;
UPDATE orders SET amount = 1 WHERE id = 1;
ROLLBACK TO SAVEPOINT s1;
SELECT amount FROM orders WHERE id = 1;
COMMIT;
-- case: tx-savepoint-quoted-name
BEGIN;
SAVEPOINT "s140350_x1";
SELECT 1;
RELEASE SAVEPOINT "s140350_x1";
COMMIT;
-- case: tx-savepoint-active-record
BEGIN;
SAVEPOINT active_record_1;
UPDATE "orders" SET "status" = 'paid' WHERE "orders"."id" = 13;
RELEASE SAVEPOINT active_record_1;
ROLLBACK;
-- case: tx-one-query
BEGIN; SELECT 1 AS a; COMMIT;
-- case: tx-insert-and-undo
BEGIN;
INSERT INTO orders (customer_id, amount) VALUES (1, 1);
SELECT count(*) FROM orders;
ROLLBACK;
SELECT count(*) FROM orders;
-- case: tx-rollback-and-chain
BEGIN;
SELECT 1;
ROLLBACK AND CHAIN;
SELECT 2;
COMMIT;
-- case: tx-deferrable
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
SELECT count(*) FROM orders;
COMMIT;
