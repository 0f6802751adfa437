//! What masked columns decide beside the outputs.

use super::shop::{facts, show};

fn inferred(sql: &str) -> String {
    let found = facts(sql).inference;
    let kinds = found.kinds();
    let told = kinds.iter().filter(|(_, taint)| !taint.is_clean());
    told.map(|(kind, taint)| format!("{kind} {}", show(taint))).collect::<Vec<_>>().join("; ")
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (sql, expected) in cases {
        assert_eq!(inferred(sql), *expected, "{sql}");
    }
}

#[test]
fn outputs_alone_decide_nothing() {
    check(&[
        ("SELECT ssn FROM customers", ""),
        ("SELECT upper(ssn), left(ssn, 3), ssn || email FROM customers WHERE id = 1 ORDER BY id", ""),
        ("SELECT to_jsonb(c), c::text FROM customers c", ""),
        ("SELECT max(ssn), string_agg(ssn, ',') FROM customers GROUP BY region", ""),
        ("SELECT c.name, o.id FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.amount > 5", ""),
        ("SELECT name FROM customers WHERE EXISTS (SELECT * FROM customers c WHERE c.id = 1)", ""),
        ("SELECT rank() OVER (ORDER BY ssn) FROM customers", ""),
        (
            "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 9) SELECT n, ssn FROM t, customers WHERE id = n",
            "",
        ),
    ]);
}

#[test]
fn equality_with_a_constant_is_told_apart() {
    check(&[
        ("SELECT id FROM customers WHERE ssn = $1", "compared customers.ssn"),
        (
            "SELECT id FROM customers WHERE '1' = c.ssn OR id = 2",
            "filtered customers.email customers.phone customers.ssn customers.card_number",
        ),
        ("SELECT id FROM customers c WHERE '1' = c.ssn OR id = 2", "compared customers.ssn"),
        (
            "SELECT id FROM customers WHERE NOT (ssn <> 'a'::text) AND email IS NOT NULL",
            "compared customers.email customers.ssn",
        ),
        ("SELECT id FROM customers WHERE ssn IN ('a', $1)", "compared customers.ssn"),
        ("SELECT id FROM customers WHERE ssn = ANY ($1)", "compared customers.ssn"),
        ("SELECT id FROM customers WHERE ssn = ANY (array['a', 'b'])", "compared customers.ssn"),
        ("SELECT id FROM customers WHERE (ssn, id) = ('a', 1)", "compared customers.ssn"),
        ("SELECT id FROM customers WHERE lower(email) = lower($1)", "compared customers.email"),
        ("SELECT id FROM customers WHERE email IS NOT DISTINCT FROM $1", "compared customers.email"),
        (
            "SELECT CASE WHEN email IS NULL THEN 'no' ELSE 'yes' END FROM customers",
            "compared customers.email",
        ),
        ("SELECT CASE email WHEN 'a' THEN 1 END FROM customers", "compared customers.email"),
        ("SELECT id FROM (SELECT id, ssn AS s FROM customers) x WHERE s = 'a'", "compared customers.ssn"),
        ("DELETE FROM customers WHERE email = 'a'", "compared customers.email"),
        (
            "UPDATE orders SET status = 'x' FROM customers c WHERE c.email = $1 AND c.id = customer_id",
            "compared customers.email",
        ),
    ]);
}

#[test]
fn other_conditions_filter() {
    let cases = [
        "SELECT id FROM customers WHERE ssn LIKE '1%'",
        "SELECT id FROM customers WHERE ssn < '5'",
        "SELECT id FROM customers WHERE ssn BETWEEN '1' AND '2'",
        "SELECT id FROM customers WHERE left(ssn, 1) = '1'",
        "SELECT id FROM customers WHERE ssn = name",
        "SELECT id FROM customers WHERE upper(ssn) = ssn",
        "SELECT id FROM customers WHERE length(ssn) = 9",
        "SELECT id FROM customers WHERE ssn || '' = '1'",
        "SELECT id FROM customers WHERE (ssn = '1') = (id = 2)",
        "SELECT id FROM customers WHERE ssn IN (SELECT status FROM orders)",
        "SELECT id FROM orders WHERE status IN (SELECT ssn FROM customers)",
        "SELECT id FROM orders WHERE status = (SELECT max(ssn) FROM customers)",
        "SELECT id FROM customers WHERE ssn > ALL (SELECT status FROM orders)",
        "SELECT id FROM customers WHERE (ssn, id) IN (('a', 1))",
        "SELECT g FROM generate_series(1, 999) g JOIN customers ON ssn = g::text",
        "SELECT g FROM customers, generate_series(1, 999) g WHERE ssn = g::text",
        "SELECT v FROM (VALUES ('1'), ('2')) t(v) JOIN customers ON ssn = v",
        "SELECT region, count(*) FROM customers GROUP BY region HAVING min(ssn) < '5'",
        "SELECT count(*) FILTER (WHERE ssn LIKE '1%') FROM customers",
        "SELECT count(nullif(left(ssn, 1), '1')) FROM customers",
        "SELECT count(DISTINCT left(ssn, 1)) FROM customers",
        "SELECT count(*) FROM customers GROUP BY left(ssn, 1)",
        "SELECT left(ssn, 1) AS x, count(*) FROM customers GROUP BY x",
        "SELECT left(ssn, 1), count(*) FROM customers GROUP BY 1",
        "SELECT DISTINCT left(ssn, 1) FROM customers",
        "SELECT left(ssn, 1) FROM customers UNION SELECT left(ssn, 1) FROM customers",
        "SELECT status FROM orders INTERSECT SELECT ssn FROM customers",
        "SELECT status FROM orders EXCEPT ALL SELECT ssn FROM customers",
        "SELECT CASE WHEN ssn LIKE '1%' THEN (SELECT count(*) FROM orders) END FROM customers",
        "SELECT ssn LIKE '1%' AND (SELECT count(*) FROM orders) > 0 FROM customers",
        "SELECT coalesce(nullif(left(ssn, 1), '1'), (SELECT max(status) FROM orders)) FROM customers",
        "SELECT id FROM customers LIMIT (SELECT length(ssn) FROM customers LIMIT 1)",
        "SELECT EXISTS (SELECT 1 FROM customers WHERE ssn LIKE '1%')",
        "DELETE FROM customers WHERE ssn LIKE '1%'",
        "MERGE INTO orders o USING customers c ON c.ssn > '5' WHEN MATCHED THEN DELETE",
        "UPDATE orders SET status = 'x' WHERE id = 1 AND EXISTS (SELECT 1 FROM customers WHERE ssn ~~ '1%')",
    ];
    for sql in cases {
        let found = inferred(sql);
        let told = found.split("; ").find(|kind| kind.starts_with("filtered"));
        assert_eq!(told, Some("filtered customers.ssn"), "{sql}: {found}");
    }
}

#[test]
fn rows_made_of_values_filter_and_fail() {
    let both = "filtered customers.ssn; failing customers.ssn";
    check(&[
        ("SELECT count(*) FROM customers, generate_series(1, ascii(ssn))", both),
        ("SELECT generate_series(1, ascii(ssn)) FROM customers", both),
        ("SELECT regexp_split_to_table(ssn, '') FROM customers", both),
        ("SELECT 1 FROM customers, unnest(string_to_array(ssn, NULL))", both),
    ]);
}

#[test]
fn joins_groups_and_orders_are_told() {
    let cards = "customers.card_number payments.card_number";
    check(&[
        (
            "SELECT 1 FROM customers c JOIN payments p ON p.card_number = c.card_number",
            &format!("joined {cards}"),
        ),
        ("SELECT 1 FROM customers JOIN payments USING (card_number)", &format!("joined {cards}")),
        (
            "SELECT 1 FROM customers WHERE card_number IN (SELECT card_number FROM payments)",
            &format!("joined {cards}"),
        ),
        (
            "SELECT card_number FROM customers INTERSECT SELECT card_number FROM payments",
            &format!("joined {cards}"),
        ),
        ("SELECT 1 FROM customers NATURAL JOIN payments", &format!("joined {cards}")),
        (
            "SELECT 1 FROM orders JOIN (SELECT id, ssn AS status FROM customers) c USING (status)",
            "filtered customers.ssn",
        ),
        ("SELECT email, count(*) FROM customers GROUP BY email", "grouped customers.email"),
        ("SELECT email, count(*) FROM customers GROUP BY 1", "grouped customers.email"),
        ("SELECT count(*) FROM customers GROUP BY ROLLUP (region, email)", "grouped customers.email"),
        ("SELECT DISTINCT email FROM customers", "grouped customers.email"),
        ("SELECT DISTINCT ON (email) id FROM customers", "grouped customers.email"),
        ("SELECT count(DISTINCT email) FROM customers", ""),
        ("SELECT email FROM customers UNION SELECT email FROM customer_contacts", "grouped customers.email"),
        ("SELECT id FROM customers ORDER BY ssn", "sorted customers.ssn"),
        ("SELECT id, ssn FROM customers ORDER BY 2 DESC", "sorted customers.ssn"),
        ("SELECT id, ssn AS x FROM customers ORDER BY x", "sorted customers.ssn"),
        ("SELECT id, name FROM customers ORDER BY 2", ""),
        ("SELECT id FROM customers UNION ALL SELECT id FROM customers ORDER BY 1", ""),
        ("SELECT ssn FROM customers UNION ALL SELECT ssn FROM customers ORDER BY 1", "sorted customers.ssn"),
        ("SELECT x.id FROM (SELECT id FROM customers ORDER BY left(ssn, 1)) x", "sorted customers.ssn"),
    ]);
}

#[test]
fn errors_and_time_are_told() {
    check(&[
        ("SELECT ssn::int FROM customers", "failing customers.ssn"),
        ("SELECT CAST(ssn AS date) FROM customers", "failing customers.ssn"),
        ("SELECT 1 / (ascii(ssn) - 49) FROM customers", "failing customers.ssn"),
        ("SELECT ssn ~ '^(a+)+$' FROM customers", "failing customers.ssn"),
        ("SELECT repeat('x', ascii(ssn) * 1000000) FROM customers", "failing customers.ssn"),
        ("SELECT substr(ssn, 1, id) FROM customers", "failing customers.ssn"),
        ("SELECT substring(ssn from 2), ssn::varchar(3), ssn -> 'a', md5(ssn) FROM customers", ""),
        ("SELECT id::int / 2 FROM customers", ""),
    ]);
}
