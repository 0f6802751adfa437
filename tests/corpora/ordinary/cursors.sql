-- case: cur-fetch-all
BEGIN;
DECLARE cur_all CURSOR FOR SELECT id, status FROM orders ORDER BY id;
FETCH ALL FROM cur_all;
CLOSE cur_all;
COMMIT;
-- case: cur-fetch-some
BEGIN;
DECLARE cur_some CURSOR FOR SELECT id FROM orders ORDER BY id;
FETCH 5 FROM cur_some;
FETCH 5 FROM cur_some;
FETCH 5 FROM cur_some;
FETCH 5 FROM cur_some;
CLOSE cur_some;
COMMIT;
-- case: cur-fetch-forward
BEGIN;
DECLARE cur_forward CURSOR FOR SELECT amount FROM orders ORDER BY id;
FETCH FORWARD 3 FROM cur_forward;
FETCH NEXT FROM cur_forward;
FETCH cur_forward;
COMMIT;
-- case: cur-scroll
BEGIN;
DECLARE cur_scroll SCROLL CURSOR FOR SELECT id FROM orders ORDER BY id;
FETCH LAST FROM cur_scroll;
FETCH FIRST FROM cur_scroll;
FETCH ABSOLUTE 3 FROM cur_scroll;
FETCH RELATIVE 2 FROM cur_scroll;
FETCH PRIOR FROM cur_scroll;
FETCH BACKWARD 2 FROM cur_scroll;
COMMIT;
-- case: cur-no-scroll
BEGIN;
DECLARE cur_no_scroll NO SCROLL CURSOR WITHOUT HOLD FOR SELECT id FROM orders ORDER BY id;
FETCH 2 FROM cur_no_scroll;
COMMIT;
-- case: cur-with-hold
BEGIN;
DECLARE cur_hold CURSOR WITH HOLD FOR SELECT id FROM orders ORDER BY id;
COMMIT;
FETCH 3 FROM cur_hold;
CLOSE cur_hold;
-- case: cur-quoted-name
BEGIN;
DECLARE "cur_named_1" CURSOR FOR SELECT id FROM orders ORDER BY id;
FETCH FORWARD 2 FROM "cur_named_1";
CLOSE "cur_named_1";
COMMIT;
-- case: cur-in
BEGIN;
DECLARE cur_in CURSOR FOR SELECT status FROM orders ORDER BY id;
FETCH 1 IN cur_in;
COMMIT;
-- case: cur-move
BEGIN;
DECLARE cur_move SCROLL CURSOR FOR SELECT id FROM orders ORDER BY id;
MOVE 4 FROM cur_move;
FETCH 1 FROM cur_move;
COMMIT;
-- case: cur-close-all
BEGIN;
DECLARE cur_close CURSOR FOR SELECT 1;
CLOSE ALL;
COMMIT;
-- case: cur-aggregate
BEGIN;
DECLARE cur_aggregate CURSOR FOR SELECT status, count(*), sum(amount) FROM orders GROUP BY status ORDER BY status;
FETCH ALL FROM cur_aggregate;
COMMIT;
-- case: cur-customers-clean-columns
BEGIN;
DECLARE cur_customers CURSOR FOR SELECT id, name, region FROM customers ORDER BY id;
FETCH 4 FROM cur_customers;
COMMIT;
-- case: cur-customers-masked-column
-- masked: email
BEGIN;
DECLARE cur_masked CURSOR FOR SELECT id, name, email FROM customers ORDER BY id;
FETCH 4 FROM cur_masked;
COMMIT;
-- case: cur-customers-expression
-- why: an expression beside masked columns, whose origin no server tells
BEGIN;
DECLARE cur_expression CURSOR FOR SELECT upper(name) AS n FROM customers ORDER BY id;
FETCH ALL FROM cur_expression;
COMMIT;
-- case: cur-two
BEGIN;
DECLARE cur_a CURSOR FOR SELECT id FROM orders ORDER BY id;
DECLARE cur_b CURSOR FOR SELECT id FROM orders ORDER BY id DESC;
FETCH 1 FROM cur_a;
FETCH 1 FROM cur_b;
FETCH 1 FROM cur_a;
COMMIT;
-- case: cur-join
BEGIN;
DECLARE cur_join CURSOR FOR SELECT c.name, o.amount FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id;
FETCH 20 FROM cur_join;
COMMIT;
