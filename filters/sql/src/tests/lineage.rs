use super::shop::{facts, outputs, shop, show};
use crate::{ViewColumn, view_columns};

#[test]
fn outputs_carry_what_flows_into_them() {
    let cases = [
        ("SELECT 1", ""),
        ("SELECT id, ssn FROM customers", "; customers.ssn"),
        ("SELECT c.ssn AS region FROM customers c", "customers.ssn"),
        ("SELECT SSN FROM CUSTOMERS", "customers.ssn"),
        ("SELECT public.customers.email FROM public.customers", "customers.email"),
        ("SELECT count(*) FROM customers", ""),
        ("SELECT count(ssn) FROM customers", ""),
        ("SELECT max(ssn) FROM customers", "customers.ssn"),
        ("SELECT upper(substring(ssn, 1, 3)) || name FROM customers", "customers.ssn"),
        ("SELECT substring(ssn from 1 for 3) FROM customers", "customers.ssn"),
        ("SELECT CASE WHEN ssn = '1' THEN 1 END FROM customers", "customers.ssn"),
        ("SELECT coalesce(region, email, phone) FROM customers", "customers.email customers.phone"),
        ("SELECT array[ssn], row(email) FROM customers", "customers.ssn; customers.email"),
        ("SELECT (SELECT ssn FROM customers LIMIT 1)", "customers.ssn"),
        ("SELECT array(SELECT ssn FROM customers)", "customers.ssn"),
        ("SELECT x FROM (SELECT ssn AS x FROM customers) s", "customers.ssn"),
        ("SELECT s.a FROM (SELECT id, ssn FROM customers) s(b, a)", "customers.ssn"),
        ("SELECT a FROM customers AS c(i, n, a)", "customers.email"),
        ("WITH c AS (SELECT ssn, id FROM customers) SELECT id, ssn FROM c", "; customers.ssn"),
        ("WITH orders AS (SELECT ssn AS status FROM customers) SELECT status FROM orders", "customers.ssn"),
        ("WITH orders AS (SELECT ssn AS status FROM customers) SELECT status FROM public.orders", ""),
        ("SELECT id FROM orders UNION SELECT ssn FROM customers", "customers.ssn"),
        ("SELECT status FROM orders EXCEPT SELECT ssn FROM customers", "customers.ssn"),
        ("VALUES ((SELECT ssn FROM customers LIMIT 1), 1)", "customers.ssn; "),
        ("SELECT column2 FROM (VALUES (1, (SELECT ssn FROM customers LIMIT 1))) v", "customers.ssn"),
        ("TABLE orders", "; ; ; ; "),
        ("SELECT * FROM payments", "; ; payments.card_number; payments.token"),
        (
            "SELECT o.*, p.token FROM orders o JOIN payments p ON p.order_id = o.id",
            "; ; ; ; ; payments.token",
        ),
        ("SELECT p.* FROM orders o, payments p", "; ; payments.card_number; payments.token"),
        ("SELECT card_number FROM orders JOIN payments USING (id)", "payments.card_number"),
        ("SELECT * FROM orders JOIN payments USING (id)", "?"),
        ("SELECT * FROM orders NATURAL JOIN payments", "?"),
        ("SELECT c FROM payments c", "payments.card_number payments.token"),
        ("SELECT c::text FROM payments c", "payments.card_number payments.token"),
        ("SELECT (c).id FROM payments c", "payments.card_number payments.token"),
        ("SELECT row_to_json(c) FROM payments c", "payments.card_number payments.token"),
        ("SELECT to_jsonb(payments) -> 'id' FROM payments", "payments.card_number payments.token"),
        ("SELECT json_agg(s) FROM (SELECT ssn FROM customers) s", "customers.ssn"),
        ("SELECT (SELECT c FROM payments c LIMIT 1)", "payments.card_number payments.token"),
        ("SELECT t.x FROM customers c, LATERAL (SELECT c.ssn AS x) t", "customers.ssn"),
        ("SELECT (SELECT c.ssn) FROM customers c", "customers.ssn"),
        ("SELECT v FROM customers c, unnest(array[c.ssn]) v", "customers.ssn"),
        ("SELECT t.value FROM customers c, jsonb_each_text(to_jsonb(c.phone)) t", "customers.phone"),
        ("SELECT email FROM customer_contacts", "customers.email"),
        ("SELECT j.id FROM (orders JOIN payments ON true) j", "payments.card_number payments.token"),
        ("SELECT nonsense FROM payments", "payments.card_number payments.token"),
        ("SELECT c.nonsense FROM payments c", "payments.card_number payments.token"),
        ("SELECT ctid FROM customers", ""),
        ("SELECT rank() OVER (ORDER BY ssn) FROM customers", "customers.ssn"),
        (
            "SELECT rank() OVER w FROM payments WINDOW w AS (ORDER BY token)",
            "payments.card_number payments.token",
        ),
        ("SELECT \"Secret\" FROM \"Odd Name\"", "Odd Name.Secret"),
        ("SELECT status, (SELECT count(*) FROM customers) FROM orders", "; "),
        ("SELECT id FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE ssn = '1')", ""),
    ];
    for (sql, expected) in cases {
        assert_eq!(outputs(sql), expected, "{sql}");
    }
}

#[test]
fn a_recursive_query_carries_its_scope() {
    let sql = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t";
    assert_eq!(outputs(sql), "");
    let sql =
        "WITH RECURSIVE a AS (SELECT token FROM b), b AS (SELECT token FROM payments) SELECT token FROM a";
    assert_eq!(outputs(sql), "payments.card_number payments.token");
}

#[test]
fn returning_carries_what_flowed_into_the_row() {
    assert_eq!(outputs("UPDATE orders SET status = 'x' WHERE id = 1 RETURNING status"), "");
    assert_eq!(outputs("DELETE FROM customers WHERE id = 1 RETURNING ssn, id"), "customers.ssn; ");
    assert_eq!(outputs("UPDATE customers SET region = ssn WHERE id = 1 RETURNING region"), "customers.ssn");
    assert_eq!(
        outputs("INSERT INTO orders (status) SELECT ssn FROM customers RETURNING status"),
        "customers.ssn"
    );
    assert_eq!(
        outputs("WITH d AS (DELETE FROM customers WHERE id = 1 RETURNING ssn AS id) SELECT id FROM d"),
        "customers.ssn"
    );
    assert_eq!(outputs("INSERT INTO orders (status) VALUES ('x')"), "");
}

#[test]
fn values_stored_outside_their_mask_are_told() {
    let cases = [
        ("INSERT INTO orders (status) SELECT ssn FROM customers", "customers.ssn"),
        ("INSERT INTO orders (status) VALUES ('x')", ""),
        ("INSERT INTO payments (card_number) SELECT card_number FROM payments", ""),
        ("UPDATE customers SET notes = ssn WHERE id = 1", "customers.ssn"),
        ("UPDATE customers SET ssn = ssn || '1' WHERE id = 1", ""),
        (
            "UPDATE customers SET (region, notes) = (SELECT token, 1 FROM payments) WHERE id = 1",
            "payments.token",
        ),
        ("CREATE TABLE t AS SELECT ssn FROM customers", "customers.ssn"),
        ("SELECT ssn INTO t FROM customers", "customers.ssn"),
        (
            "SELECT set_config('my.x', ssn, false) FROM customers WHERE id = 1",
            "customers.email customers.phone customers.ssn customers.card_number",
        ),
        (
            "MERGE INTO orders o USING customers c ON c.id = o.customer_id WHEN MATCHED THEN UPDATE SET status = c.ssn",
            "customers.ssn",
        ),
        (
            "INSERT INTO orders (id, status) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET status = (SELECT ssn FROM customers LIMIT 1)",
            "customers.ssn",
        ),
    ];
    for (sql, expected) in cases {
        // The tuple assignment is one value; more than flows in may be told.
        let stored = show(&facts(sql).spreads);
        assert!(expected.split(' ').all(|part| stored.contains(part)), "{sql}: {stored}");
        assert_eq!(expected.is_empty(), stored.is_empty(), "{sql}: {stored}");
    }
}

#[test]
fn the_scope_is_that_of_every_relation() {
    assert_eq!(show(&facts("SELECT 1 FROM payments").scope), "payments.card_number payments.token");
    assert_eq!(
        show(&facts("DELETE FROM payments WHERE id = 1").scope),
        "payments.card_number payments.token"
    );
    assert_eq!(show(&facts("SELECT 1 FROM orders").scope), "");
    let unknown = facts("SELECT pg_sleep(1)");
    assert_eq!(unknown.scope, *shop().everything());
    assert!(unknown.outputs.is_none() && !unknown.opaque);
}

#[test]
fn views_get_their_taint_from_their_definition() {
    let shown = |definition, columns| {
        let columns = view_columns(definition, columns, shop());
        let show = |c: &ViewColumn| format!("{}{}", show(&c.taint), if c.derived { " derived" } else { "" });
        columns.iter().map(show).collect::<Vec<_>>()
    };
    assert_eq!(shown(" SELECT c.id,\n    c.email\n   FROM customers c;", 2), ["", "customers.email"]);
    assert_eq!(shown("SELECT lower(email) FROM customers", 1), ["customers.email derived"]);
    assert_eq!(shown("SELECT token FROM payments", 2), ["payments.card_number payments.token derived"; 2]);
    for what in ["SELECT nothing FROM nowhere", "not sql", "SELECT most_common_vals FROM pg_stats"] {
        let everything = ViewColumn { taint: shop().everything().clone(), derived: true };
        assert_eq!(view_columns(what, 1, shop()), [everything]);
    }
}

#[test]
fn outputs_tell_how_they_were_made() {
    let kinds = |sql| {
        let outputs = facts(sql).outputs.unwrap();
        let shown = outputs.iter().map(|output| {
            let columns = output.columns.iter().map(|c| c.to_string()).collect::<Vec<_>>().join("+");
            format!("{} {columns}", output.kind.as_str()).trim().to_owned()
        });
        shown.collect::<Vec<_>>().join(", ")
    };
    let cases = [
        ("SELECT 1, now(), 'x' || 'y'", "constant, constant, constant"),
        ("SELECT id, (ssn) FROM customers", "identity customers.id, identity customers.ssn"),
        (
            "SELECT * FROM payments LIMIT 1",
            "identity payments.id, identity payments.order_id, identity payments.card_number, identity payments.token",
        ),
        (
            "SELECT upper(ssn), ssn::text, name || ssn FROM customers",
            "transformed customers.ssn, transformed customers.ssn, transformed customers.name+customers.ssn",
        ),
        (
            "SELECT count(*), count(ssn), max(ssn) FROM customers",
            "counted, counted, aggregated customers.ssn",
        ),
        ("SELECT s.a FROM (SELECT ssn AS a FROM customers) s", "identity customers.ssn"),
        ("SELECT s.a FROM (SELECT left(ssn, 1) AS a FROM customers) s", "transformed customers.ssn"),
        ("SELECT ssn FROM customers UNION ALL SELECT ssn FROM customers", "identity customers.ssn"),
        (
            "SELECT ssn FROM customers UNION ALL SELECT left(ssn, 1) FROM customers",
            "transformed customers.ssn",
        ),
        (
            "WITH RECURSIVE t AS (SELECT ssn, 1 AS n FROM customers UNION ALL SELECT left(ssn, 1), n + 1 FROM t WHERE n < 5) SELECT * FROM t",
            "transformed customers.ssn, constant",
        ),
        ("UPDATE customers SET ssn = reverse(ssn) WHERE id = 1 RETURNING ssn", "transformed customers.ssn"),
        (
            "SELECT CASE WHEN ssn = '1' THEN region END FROM customers",
            "transformed customers.region+customers.ssn",
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(kinds(sql), expected, "{sql}");
    }
}

#[test]
fn columns_read_and_written_are_told() {
    let read = |sql| facts(sql).columns_read.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        read("SELECT id FROM customers c WHERE c.ssn = '1' ORDER BY region"),
        ["customers.id", "customers.region", "customers.ssn"]
    );
    assert_eq!(read("SELECT nope FROM orders"), ["*"]);
    assert_eq!(read("SELECT count(*) FROM customers"), Vec::<String>::new());
    let written = |sql| facts(sql).columns_written.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        written("UPDATE orders SET status = 'x', amount = 1 WHERE id = 1"),
        ["orders.amount", "orders.status"]
    );
    assert_eq!(written("INSERT INTO orders (status) VALUES ('x')"), ["orders.status"]);
}
