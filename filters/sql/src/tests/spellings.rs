use super::shop::{accesses, facts, outputs, refused};

/// What the parser is shown in another spelling keeps its meaning.
#[test]
fn rewritten_statements_keep_their_facts() {
    for (sql, expected) in [
        ("SELECT id FROM ONLY customers", "select customers"),
        ("SELECT * FROM ONLY (customers) c", "select customers"),
        ("SELECT id FROM orders FOR NO KEY UPDATE OF orders SKIP LOCKED", "select orders, lock orders"),
        ("SELECT id FROM orders FOR KEY SHARE", "select orders, lock orders"),
        ("TABLE \"Odd Name\" ORDER BY 1", "select Odd Name"),
        ("INSERT INTO orders (id) OVERRIDING SYSTEM VALUE VALUES (1)", "insert orders"),
        ("INSERT INTO orders TABLE payments", "select payments, insert orders"),
        ("SELECT * FROM ROWS FROM (lookup(1), unnest(ARRAY[2])) WITH ORDINALITY", "call public.lookup()"),
        ("VACUUM (ANALYZE) orders (id)", "maintain orders"),
        ("VACUUM orders, payments", "maintain db"),
        ("SET CONSTRAINTS ALL DEFERRED", "set setting:constraints"),
        ("COPY orders FROM STDIN WITH (FREEZE on)", "copy_in orders"),
        ("CREATE TABLE s.t (a int, LIKE orders INCLUDING ALL)", "create schema:s, create orders"),
        (
            "CREATE TABLE s.t (a int REFERENCES orders, FOREIGN KEY (a) REFERENCES payments)",
            "create schema:s, create orders, create payments",
        ),
        ("ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES customers", "alter customers, alter orders"),
        ("FETCH BACKWARD 2 IN c", ""),
        ("MOVE c", ""),
        ("EXPLAIN EXECUTE p (1)", ""),
    ] {
        let mut wanted: Vec<&str> = expected.split(", ").collect();
        let seen = accesses(sql);
        let mut seen: Vec<&str> = seen.split(", ").collect();
        wanted.sort_unstable();
        seen.sort_unstable();
        assert_eq!(seen, wanted, "{sql}");
    }
    for sql in ["FETCH c", "MOVE FORWARD ALL FROM c", "EXPLAIN EXECUTE p"] {
        assert!(facts(sql).uses_defined_outputs, "{sql}");
    }
}

#[test]
fn rewritten_expressions_keep_their_lineage() {
    for (sql, expected) in [
        ("SELECT ssn BETWEEN SYMMETRIC 'b' AND 'a' FROM customers", "customers.ssn"),
        ("SELECT trim(LEADING 'x' FROM ssn), trim(both from id::text) FROM customers", "customers.ssn; "),
        ("SELECT format(ssn, VARIADIC ARRAY[phone]) FROM customers", "customers.phone customers.ssn"),
        ("SELECT ssn LIKE ANY (ARRAY['%', name]) FROM customers", "customers.ssn"),
        ("SELECT ssn IS JSON OBJECT FROM customers", "customers.ssn"),
        ("SELECT collation for (ssn) FROM customers", "customers.ssn"),
        (
            "SELECT sum(length(ssn)) OVER (ROWS UNBOUNDED PRECEDING EXCLUDE TIES) FROM customers",
            "customers.ssn",
        ),
        ("SELECT 'a'\n'b' || ssn FROM customers", "customers.ssn"),
        ("SELECT xmlelement(NAME a, ssn), inet '::1' FROM customers", "customers.ssn; "),
        ("SELECT (c).* FROM customers c", "?"),
        ("SELECT id, (c).* FROM orders, customers c", "?"),
        ("SELECT * FROM customers c, ROWS FROM (unnest(ARRAY[c.ssn])) AS f(x)", "?"),
    ] {
        assert_eq!(outputs(sql), expected, "{sql}");
    }
}

#[test]
fn names_with_unicode_escapes_are_those_that_they_stand_for() {
    for (sql, expected) in [
        ("SELECT U&\"\\0073sn\" FROM customers", "customers.ssn"),
        ("SELECT u&\"\\+000073s\\006E\" FROM U&\"custom\\0065rs\"", "customers.ssn"),
        ("SELECT U&\"!0073sn\" UESCAPE '!' FROM customers", "customers.ssn"),
        ("SELECT c.U&\"!0073sn\"UESCAPE'!'FROM public.U&\"customers\" c", "customers.ssn"),
        ("SELECT U&\"\\0073sn\" AS id, id AS U&\"\\0073sn\" FROM customers", "customers.ssn; "),
        ("SELECT U&\"upp\\0065r\"(ssn), U&'ssn' FROM customers", "customers.ssn; "),
    ] {
        assert_eq!(outputs(sql), expected, "{sql}");
    }
    assert_eq!(facts("SELECT U&'\\0027;DROP TABLE orders --' FROM orders").statement, "SELECT");
    // No folding of what is quoted, and 63 bytes of what it stands for.
    refused("SELECT id FROM U&\"Customers\"");
    assert_eq!(outputs(&format!("SELECT id AS U&\"{}\" FROM orders", "\\0061".repeat(63))), "");
    refused(&format!("SELECT id AS U&\"{}\" FROM orders", "\\0061".repeat(64)));
}

#[test]
fn a_pattern_that_takes_all_restricts_nothing() {
    for sql in [
        "LIKE '%'",
        "LIKE E'%'",
        "LIKE $$%%$$",
        "LIKE U&'\\0025'",
        "LIKE U&'!0025' UESCAPE '!'",
        "LIKE ANY (ARRAY['x', '%'])",
        "LIKE ANY ('{%}')",
    ] {
        assert!(!facts(&format!("DELETE FROM orders WHERE status {sql}")).has_where, "{sql}");
    }
    assert!(facts("DELETE FROM orders WHERE status LIKE ANY (ARRAY['a%', 'b%'])").has_where);
}

#[test]
fn what_changes_rows_is_called_so() {
    for (sql, statement) in [
        ("WITH c AS (SELECT 1) DELETE FROM orders", "DELETE"),
        ("WITH c AS (DELETE FROM payments RETURNING id) INSERT INTO orders SELECT id FROM c", "INSERT"),
        ("EXPLAIN CREATE TABLE s.t AS SELECT 1", "EXPLAIN"),
    ] {
        assert_eq!(facts(sql).statement, statement, "{sql}");
    }
    refused("SELECT * FROM ONLY (orders, customers)");
}
