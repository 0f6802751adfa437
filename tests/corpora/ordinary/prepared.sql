-- case: prep-simple
PREPARE prep_one AS SELECT id, status FROM orders WHERE id < 4 ORDER BY id;
EXECUTE prep_one;
-- case: prep-parameter
PREPARE prep_by_id (int) AS SELECT id, amount FROM orders WHERE id = $1;
EXECUTE prep_by_id(3);
EXECUTE prep_by_id(5);
-- case: prep-two-parameters
PREPARE prep_two (text, numeric) AS SELECT id FROM orders WHERE status = $1 AND amount > $2 ORDER BY id;
EXECUTE prep_two('shipped', 100);
-- case: prep-untyped-parameter
PREPARE prep_untyped AS SELECT id FROM orders WHERE customer_id = $1 ORDER BY id;
EXECUTE prep_untyped(6);
-- case: prep-deallocate
PREPARE prep_gone AS SELECT 1;
EXECUTE prep_gone;
DEALLOCATE prep_gone;
-- case: prep-deallocate-word
PREPARE prep_word AS SELECT 2;
DEALLOCATE PREPARE prep_word;
-- case: prep-deallocate-all
PREPARE prep_all AS SELECT 3;
DEALLOCATE ALL;
-- case: prep-name-again
PREPARE prep_again AS SELECT 'first' AS w;
EXECUTE prep_again;
DEALLOCATE prep_again;
PREPARE prep_again AS SELECT 'second' AS w;
EXECUTE prep_again;
-- case: prep-values
PREPARE prep_values (int) AS VALUES ($1), ($1 + 1);
EXECUTE prep_values(1);
-- case: prep-aggregate
PREPARE prep_sum (text) AS SELECT count(*), sum(amount) FROM orders WHERE status = $1;
EXECUTE prep_sum('paid');
-- case: prep-array-parameter
PREPARE prep_array (int[]) AS SELECT id FROM orders WHERE id = ANY ($1) ORDER BY id;
EXECUTE prep_array('{1,2,3}');
-- case: prep-limit-parameter
PREPARE prep_limit (int) AS SELECT id FROM orders ORDER BY id LIMIT $1;
EXECUTE prep_limit(2);
-- case: prep-customers-clean-columns
PREPARE prep_customers (int) AS SELECT name, region FROM customers WHERE id = $1;
EXECUTE prep_customers(2);
-- case: prep-customers-masked-column
-- masked: email
PREPARE prep_masked (int) AS SELECT name, email FROM customers WHERE id = $1;
EXECUTE prep_masked(2);
-- case: prep-customers-count
-- why: an expression beside masked columns, whose origin no server tells
PREPARE prep_customers_count (text) AS SELECT count(*) AS n FROM customers WHERE region = $1;
EXECUTE prep_customers_count('eu-west');
-- case: prep-explain-execute
PREPARE prep_explain AS SELECT id FROM orders;
EXPLAIN (COSTS OFF) EXECUTE prep_explain;
-- case: prep-quoted-name
PREPARE "prep Quoted" AS SELECT 1 AS one;
EXECUTE "prep Quoted";
-- case: prep-in-transaction
BEGIN;
PREPARE prep_tx AS SELECT count(*) FROM orders;
EXECUTE prep_tx;
COMMIT;
EXECUTE prep_tx;
