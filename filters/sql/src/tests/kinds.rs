use super::shop::{accesses, all, facts, refused};
use crate::{CopyDirection, CopyForm, Transaction, Unparsed};

#[test]
fn each_kind_of_statement_has_its_accesses() {
    let cases = [
        ("SELECT 1", ""),
        ("SELECT * FROM orders o, customers", "select customers, select orders"),
        ("SELECT * FROM customer_contacts", "select customer_contacts"),
        ("INSERT INTO orders (status) SELECT region FROM customers", "select customers, insert orders"),
        (
            "UPDATE orders SET status = 'x' FROM customers c WHERE c.id = customer_id",
            "select customers, update orders",
        ),
        ("DELETE FROM orders USING customers c WHERE c.id = customer_id", "select customers, delete orders"),
        ("DELETE FROM orders WHERE id IN (SELECT id FROM orders)", "select orders, delete orders"),
        ("WITH x AS (DELETE FROM orders WHERE id = 1 RETURNING *) SELECT * FROM x", "delete orders"),
        ("WITH orders AS (SELECT 1) DELETE FROM orders WHERE id = 1", "delete orders"),
        (
            "MERGE INTO orders USING payments p ON p.order_id = orders.id WHEN MATCHED THEN DELETE",
            "select payments, merge orders",
        ),
        ("TRUNCATE orders, payments", "truncate orders, truncate payments"),
        ("SELECT * FROM orders FOR UPDATE", "select orders, lock orders"),
        ("SELECT * INTO public.t FROM orders", "select orders, create schema:public"),
        ("CREATE TABLE public.t AS SELECT * FROM orders", "select orders, create schema:public"),
        ("CREATE TEMP TABLE t (id int)", "create schema:pg_temp"),
        ("CREATE VIEW public.v AS SELECT * FROM orders", "select orders, create schema:public"),
        ("DROP TABLE orders", "drop orders"),
        ("DROP TABLE public.nothing", "drop schema:public"),
        ("DROP TABLE nothing", "drop db"),
        ("ALTER TABLE orders ADD COLUMN x int", "alter orders"),
        ("CREATE INDEX ON orders (status)", "create orders"),
        ("COMMENT ON TABLE orders IS 'x'", "alter orders"),
        ("GRANT SELECT ON orders TO bob", "grant db"),
        ("REVOKE SELECT ON orders FROM bob", "grant db"),
        ("CREATE ROLE bob", "grant db"),
        ("COPY orders FROM STDIN", "copy_in orders"),
        ("COPY orders (id) TO STDOUT", "select orders, copy_out orders"),
        ("COPY (SELECT id FROM orders) TO STDOUT WITH (FORMAT csv)", "select orders, copy_out db"),
        ("CALL lookup(1)", "call public.lookup()"),
        ("CALL other(1)", "call pg_catalog.other()"),
        ("SET search_path = public", "set setting:search_path"),
        ("SET LOCAL statement_timeout TO '1s'", "set setting:statement_timeout"),
        ("SET ROLE bob", "set setting:role"),
        ("SET SESSION AUTHORIZATION bob", "set setting:session_authorization"),
        ("SET TIME ZONE 'UTC'", "set setting:timezone"),
        ("SET NAMES 'utf8'", "set setting:client_encoding"),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "set setting:transaction"),
        ("RESET ALL", "set setting:all"),
        ("RESET search_path", "set setting:search_path"),
        ("DISCARD ALL", "set setting:discard"),
        ("SHOW search_path", ""),
        ("LISTEN x", "set setting:listen"),
        ("NOTIFY x, 'y'", "set setting:notify"),
        ("BEGIN", ""),
        ("LOCK TABLE orders", "lock orders"),
        ("ANALYZE orders", "maintain orders"),
        ("VACUUM", "maintain db"),
        ("EXPLAIN SELECT * FROM orders", "select orders"),
        ("EXPLAIN (ANALYZE, FORMAT JSON) DELETE FROM orders WHERE id = 1", "delete orders"),
        ("PREPARE p AS SELECT * FROM orders", "select orders"),
        ("DECLARE c CURSOR FOR SELECT * FROM orders", "select orders"),
        ("EXECUTE p (1)", ""),
        ("FETCH 10 FROM c", ""),
        ("CLOSE c", ""),
        ("SELECT lookup(id) FROM orders", "select orders, call public.lookup()"),
        ("SELECT pg_sleep(1)", "call pg_catalog.pg_sleep()"),
        ("SELECT dblink_exec('x', 'y')", "call pg_catalog.dblink_exec()"),
        ("SELECT set_config('Role', 'x', false)", "set setting:role"),
        ("SELECT * FROM pg_stats", "select pg_catalog.pg_stats"),
        ("SELECT 1 OPERATOR(public.+) 2", "call public.+()"),
    ];
    for (sql, expected) in cases {
        assert_eq!(accesses(sql), expected, "{sql}");
    }
}

#[test]
fn a_where_that_restricts_nothing_is_none() {
    let without = [
        "DELETE FROM orders",
        "DELETE FROM orders WHERE TRUE",
        "DELETE FROM orders WHERE (1=1)",
        "DELETE FROM orders WHERE 1 < 2",
        "DELETE FROM orders WHERE id = id",
        "DELETE FROM orders WHERE id = 1 OR TRUE",
        "DELETE FROM orders WHERE TRUE AND NOT FALSE",
        "DELETE FROM orders WHERE id IS NULL OR id IS NOT NULL",
        "DELETE FROM orders WHERE id = 1 OR id <> 1",
        "DELETE FROM orders WHERE NOT (id = 1 AND 1 = 2)",
        "DELETE FROM orders WHERE status LIKE '%'",
        "DELETE FROM orders WHERE 'a' || 'b' = 'ab'",
        "DELETE FROM orders WHERE 1 IN (1, 2)",
        "DELETE FROM orders WHERE EXISTS (SELECT 1)",
        "DELETE FROM orders WHERE random() < 2",
        "DELETE FROM orders WHERE $1",
        "UPDATE orders SET status = 'x'",
        "WITH x AS (DELETE FROM orders RETURNING 1) SELECT 1",
        "WITH x AS (UPDATE orders SET status = 'x' WHERE true RETURNING 1) DELETE FROM payments WHERE id = 1",
    ];
    for sql in without {
        assert!(!facts(sql).has_where, "{sql}");
    }
    for sql in [
        "SELECT * FROM orders",
        "DELETE FROM orders WHERE id = 1",
        "DELETE FROM orders WHERE id = $1 AND TRUE",
        "UPDATE orders SET status = 'x' WHERE id IN (1, 2)",
        "DELETE FROM orders WHERE NOT (id = 1 OR false)",
        "INSERT INTO orders (id) VALUES (1)",
    ] {
        assert!(facts(sql).has_where, "{sql}");
    }
}

#[test]
fn flags_of_a_statement() {
    assert_eq!(facts("BEGIN").transaction, Some(Transaction::Begin));
    assert_eq!(facts("START TRANSACTION READ ONLY").transaction, Some(Transaction::Begin));
    assert_eq!(facts("COMMIT").transaction, Some(Transaction::Commit));
    assert_eq!(facts("END").transaction, Some(Transaction::Commit));
    assert_eq!(facts("ROLLBACK").transaction, Some(Transaction::Rollback));
    assert_eq!(facts("SAVEPOINT a").transaction, Some(Transaction::Savepoint));
    assert_eq!(facts("ROLLBACK TO SAVEPOINT a").transaction, Some(Transaction::Savepoint));
    assert_eq!(facts("COPY orders FROM STDIN").copy, Some(CopyDirection::In));
    assert_eq!(facts("COPY orders TO STDOUT").copy, Some(CopyDirection::Out));
    assert!(facts("DECLARE c CURSOR FOR SELECT 1").defines_outputs);
    assert!(facts("FETCH NEXT FROM c").uses_defined_outputs);
    assert!(facts("EXPLAIN SELECT 1").outputs.is_none());
    assert!(facts("SELECT * FROM pg_stats").opaque);
    assert!(!facts("SELECT * FROM pg_class").opaque);
}

#[test]
fn statements_are_told_apart() {
    assert_eq!(all("").unwrap(), []);
    assert_eq!(all(" ; ;; -- nothing\n /* at /* all */ */ ").unwrap(), []);
    assert_eq!(all("SELECT 1; SELECT 2;").unwrap().len(), 2);
    assert_eq!(all("COPY orders FROM STDIN; SELECT ssn FROM customers").unwrap().len(), 2);
    assert!(all("SELECT 1; SELECT * FROM nowhere").is_err());
}

#[test]
fn what_is_not_modelled_is_refused() {
    for sql in [
        "COPY orders TO '/tmp/x'",
        "COPY orders FROM PROGRAM 'id'",
        "PREPARE p AS DELETE FROM orders WHERE id = 1",
        "PREPARE p AS WITH x AS (DELETE FROM orders RETURNING 1) SELECT 1",
        "PREPARE TRANSACTION 'x'",
        "COMMIT PREPARED 'x'",
        "SELECT set_config(name, 'x', false) FROM customers",
        "LOAD 'x'",
        "DO $$ BEGIN END $$",
        "USE x",
        "KILL 1",
        "SELECT * FROM other.public.customers",
    ] {
        refused(sql);
    }
    assert_eq!(all("SELECT * FROM nowhere"), Err(Unparsed::UnknownRelation("nowhere".to_owned())));
    assert!(matches!(all("SELEC 1"), Err(Unparsed::Syntax(_))));
}

#[test]
fn copy_tells_the_form_of_its_rows() {
    let csv = |delimiter, header| {
        Some(CopyForm::Csv { delimiter, quote: b'"', escape: b'"', null: String::new(), header })
    };
    let text = |delimiter| Some(CopyForm::Text { delimiter, null: "\\N".to_owned(), header: false });
    let cases = [
        ("", text(b'\t')),
        ("(DELIMITER ':')", text(b':')),
        ("(FORMAT csv, HEADER)", csv(b',', true)),
        ("WITH CSV", csv(b',', false)),
        ("WITH (FORMAT csv, DELIMITER ';')", csv(b';', false)),
        ("(FORMAT binary)", Some(CopyForm::Binary)),
        ("(ENCODING 'latin1')", None),
    ];
    for (options, form) in cases {
        for what in ["orders", "(SELECT id FROM orders)"] {
            assert_eq!(
                facts(&format!("COPY {what} TO STDOUT {options}")).copy_form,
                form,
                "{what} {options}"
            );
        }
    }
}
