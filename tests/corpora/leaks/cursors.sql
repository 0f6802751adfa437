-- case: cur-fetch-all
BEGIN;
DECLARE cur_all CURSOR FOR SELECT ssn FROM customers;
FETCH ALL FROM cur_all;
COMMIT;
-- case: cur-fetch-next
BEGIN;
DECLARE cur_next CURSOR FOR SELECT * FROM customers ORDER BY id;
FETCH NEXT FROM cur_next;
FETCH cur_next;
FETCH FROM cur_next;
COMMIT;
-- case: cur-fetch-directions
BEGIN;
DECLARE cur_directions SCROLL CURSOR FOR SELECT email AS region FROM customers ORDER BY id;
FETCH FIRST FROM cur_directions;
FETCH LAST FROM cur_directions;
FETCH PRIOR IN cur_directions;
FETCH ABSOLUTE 3 FROM cur_directions;
FETCH RELATIVE -1 FROM cur_directions;
FETCH 2 FROM cur_directions;
FETCH FORWARD FROM cur_directions;
FETCH FORWARD 2 FROM cur_directions;
FETCH FORWARD ALL FROM cur_directions;
FETCH BACKWARD FROM cur_directions;
FETCH BACKWARD 2 FROM cur_directions;
FETCH BACKWARD ALL FROM cur_directions;
COMMIT;
-- case: cur-move-then-fetch
BEGIN;
DECLARE cur_move SCROLL CURSOR FOR SELECT ssn FROM customers ORDER BY id;
MOVE FORWARD 3 FROM cur_move;
FETCH 1 FROM cur_move;
MOVE ABSOLUTE 0 FROM cur_move;
FETCH BACKWARD 1 FROM cur_move;
MOVE LAST FROM cur_move;
FETCH RELATIVE 0 FROM cur_move;
COMMIT;
-- case: cur-move-counts
-- why: the tag of MOVE says how many rows there are
BEGIN;
DECLARE cur_move_count CURSOR FOR SELECT 1 FROM customers WHERE ssn LIKE '9%';
MOVE ALL FROM cur_move_count;
COMMIT;
-- case: cur-with-hold
BEGIN;
DECLARE cur_hold CURSOR WITH HOLD FOR SELECT ssn FROM customers;
COMMIT;
FETCH ALL FROM cur_hold;
CLOSE cur_hold;
-- case: cur-with-hold-outside-transaction
DECLARE cur_hold_outside CURSOR WITH HOLD FOR SELECT email FROM customers;
FETCH 5 FROM cur_hold_outside;
-- case: cur-binary
-- why: the rows come in binary although the query was a simple one
BEGIN;
DECLARE cur_binary BINARY CURSOR FOR SELECT ssn, email FROM customers;
FETCH ALL FROM cur_binary;
COMMIT;
-- case: cur-insensitive-no-scroll
BEGIN;
DECLARE cur_insensitive INSENSITIVE NO SCROLL CURSOR FOR SELECT token FROM payments;
FETCH ALL FROM cur_insensitive;
COMMIT;
-- case: cur-quoted-name
BEGIN;
DECLARE "Cur Quoted" CURSOR FOR SELECT phone FROM customers;
FETCH ALL IN "Cur Quoted";
COMMIT;
-- case: cur-name-reused
BEGIN;
DECLARE cur_reused CURSOR FOR SELECT status FROM orders;
FETCH 1 FROM cur_reused;
CLOSE cur_reused;
DECLARE cur_reused CURSOR FOR SELECT ssn AS status FROM customers;
FETCH ALL FROM cur_reused;
COMMIT;
-- case: cur-savepoint-brings-back
-- why: rolling back the savepoint undoes the second cursor's making, and not the first's
BEGIN;
DECLARE cur_savepoint CURSOR FOR SELECT ssn FROM customers;
SAVEPOINT cur_s;
CLOSE cur_savepoint;
DECLARE cur_savepoint2 CURSOR FOR SELECT status FROM orders;
ROLLBACK TO SAVEPOINT cur_s;
DECLARE cur_savepoint CURSOR FOR SELECT email FROM customers;
FETCH ALL FROM cur_savepoint;
COMMIT;
-- case: cur-expression
BEGIN;
DECLARE cur_expression CURSOR FOR SELECT upper(email), row_to_json(c) FROM customers c;
FETCH ALL FROM cur_expression;
COMMIT;
-- case: cur-union
BEGIN;
DECLARE cur_union CURSOR FOR SELECT status FROM orders UNION ALL SELECT ssn FROM customers;
FETCH BACKWARD ALL FROM cur_union;
FETCH ALL FROM cur_union;
COMMIT;
-- case: cur-for-update-where-current-of
BEGIN;
DECLARE cur_current CURSOR FOR SELECT id FROM customers ORDER BY id FOR UPDATE;
FETCH 1 FROM cur_current;
UPDATE customers SET region = ssn WHERE CURRENT OF cur_current RETURNING region;
ROLLBACK;
-- case: cur-delete-where-current-of
BEGIN;
DECLARE cur_delete CURSOR FOR SELECT id FROM payments FOR UPDATE;
FETCH 1 FROM cur_delete;
DELETE FROM payments WHERE CURRENT OF cur_delete RETURNING token;
ROLLBACK;
-- case: cur-values-with
BEGIN;
DECLARE cur_values CURSOR FOR WITH a AS (SELECT max(ssn) AS m FROM customers) SELECT m FROM a;
FETCH cur_values;
COMMIT;
-- case: cur-in-one-query
BEGIN; DECLARE cur_one CURSOR FOR SELECT ssn FROM customers; FETCH ALL FROM cur_one; COMMIT;
-- case: cur-statement-text-in-catalogue
BEGIN;
DECLARE cur_text CURSOR FOR SELECT 1 FROM customers;
SELECT name, statement, (SELECT max(ssn) FROM customers) FROM pg_cursors;
COMMIT;
-- case: cur-to-xml
BEGIN;
DECLARE cur_xml CURSOR FOR SELECT ssn FROM customers;
SELECT cursor_to_xml('cur_xml', 100, false, true, '');
COMMIT;
-- case: cur-refcursor-of-function
BEGIN;
CREATE FUNCTION pg_temp.cur_function(refcursor) RETURNS refcursor LANGUAGE plpgsql AS 'BEGIN OPEN $1 FOR SELECT ssn FROM customers; RETURN $1; END';
SELECT pg_temp.cur_function('cur_opened');
FETCH ALL FROM cur_opened;
ROLLBACK;
-- case: cur-opened-in-do
BEGIN;
DO 'DECLARE c refcursor := ''cur_of_do''; BEGIN OPEN c FOR SELECT email FROM customers; END';
FETCH ALL FROM cur_of_do;
ROLLBACK;
-- case: cur-predicate
BEGIN;
DECLARE cur_predicate CURSOR FOR SELECT id FROM customers WHERE ssn LIKE '9%' ORDER BY email;
FETCH ALL FROM cur_predicate;
COMMIT;
-- case: cur-fetch-count-from-many
BEGIN;
DECLARE cur_a CURSOR FOR SELECT status FROM orders;
DECLARE cur_b CURSOR FOR SELECT ssn FROM customers;
FETCH 1 FROM cur_a;
FETCH 3 FROM cur_b;
COMMIT;
