use super::shop::{all, facts, outputs, refused, shop};

/// Texts that the parser's tokenizer and the server could read in two ways.
#[test]
fn text_that_can_be_read_in_two_ways_is_refused() {
    for sql in [
        "SELECT 1 # comment\n FROM `orders`",
        "SELECT `id` FROM orders",
        "SELECT 1 // comment",
        "SELECT U&'\\004'",
        "SELECT U&'a'\n'b'",
        "SELECT id AS U&\"\" FROM orders",
        "SELECT 'a' 'b'",
        "SELECT 'a'\n/**/'b'",
        "SELECT 'a'\nE'b'",
        "SELECT E'a'\n'b'",
        "SELECT $$a$$\n'b'",
        "SELECT B'1''0'",
        "SELECT X''''",
        "SELECT a..b FROM orders",
        "SELECT 0x1F",
        "SELECT 1_000",
        "SELECT 1a",
        "SELECT\u{a0}1",
        "SELECT\u{3000}1",
        "SELECT\u{b}1",
        "SELECT 1\0",
        "\u{feff}SELECT 1",
        "\\d",
        "SELECT \\1",
        "SELECT {fn now()}",
        "SELECT 1 === 2",
        "SELECT 'unterminated",
        "SELECT /* unterminated",
        "SELECT /* /* */ 1",
        "SELECT $a$ x",
        "SELECT aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg FROM orders",
        "SELECT * FROM only (customers, orders)",
        "SELECT INTO t FROM customers",
        "SELECT ssn COLLATE FROM customers",
        "SELECT * FROM orders QUALIFY true",
    ] {
        refused(sql);
    }
}

#[test]
fn comments_and_strings_hide_nothing() {
    assert_eq!(all("SELECT 1 /* ; DROP TABLE orders */").unwrap().len(), 1);
    assert_eq!(all("SELECT 1 /* /* */ ; DROP TABLE orders */").unwrap().len(), 1);
    assert_eq!(all("SELECT 1 --x\r; DROP TABLE orders").unwrap().len(), 2);
    assert_eq!(all("SELECT E'\\'; DROP TABLE orders; --'").unwrap().len(), 1);
    assert_eq!(all("SELECT '\\'; DROP TABLE orders; --'").unwrap().len(), 2);
    assert_eq!(all("SELECT $a$ ; DROP TABLE orders $b$ $a$").unwrap().len(), 1);
    assert_eq!(all("SELECT $$;$$").unwrap().len(), 1);
    assert_eq!(all("SELECT 'a' -- x\n ' ; DROP TABLE orders'").unwrap().len(), 1);
    assert_eq!(all("SELECT U&' ; '';DROP TABLE orders'").unwrap().len(), 1);
    assert_eq!(outputs("SELECT/**/ssn/**/FROM/**/customers"), "customers.ssn");
    assert_eq!(outputs("SELECT \"ssn\" FROM \"customers\""), "customers.ssn");
    refused("SELECT ssn FROM \"Customers\"");
}

#[test]
fn every_place_of_a_query_is_looked_at() {
    for sql in [
        "(SELECT 1) ORDER BY (SELECT ssn FROM customers)",
        "((SELECT 1) UNION (SELECT 2)) ORDER BY (TABLE customers)",
    ] {
        assert!(super::shop::accesses(sql).contains("select customers"), "{sql}");
    }
}

#[test]
fn names_are_resolved_as_the_server_does() {
    // A column of an inner source wins over an outer one; a system column is none of a sub-query's.
    assert_eq!(
        outputs("SELECT (SELECT ctid FROM (SELECT 1 AS a) s) FROM (SELECT ssn AS ctid FROM customers) c"),
        "customers.ssn"
    );
    assert_eq!(outputs("SELECT (SELECT ssn FROM orders LIMIT 1) FROM customers"), "customers.ssn");
    assert_eq!(
        outputs("SELECT (SELECT id FROM orders LIMIT 1) FROM (SELECT ssn AS id FROM customers) c"),
        ""
    );
    assert_eq!(outputs("SELECT orders FROM (SELECT ssn FROM customers) orders"), "customers.ssn");
    assert_eq!(outputs("SELECT orders.x FROM customers AS orders(x, y)"), "");
    assert_eq!(outputs("SELECT orders.z FROM customers AS orders(x, y, z)"), "customers.email");
    // The name of a call's column is not certain, so a reference may mean it.
    assert_eq!(outputs("SELECT max FROM (SELECT max(ssn) FROM customers) s"), "customers.ssn");
    assert_eq!(
        outputs(
            "SELECT (SELECT max FROM (SELECT min(phone) FROM customers) s) FROM (SELECT ssn AS max FROM customers) c"
        ),
        "customers.phone customers.ssn"
    );
    // Nested WITH: the inner one hides the outer one, and ends with its query.
    assert_eq!(
        outputs(
            "WITH a AS (SELECT ssn AS v FROM customers) SELECT (WITH a AS (SELECT 1 AS v) SELECT v FROM a), v FROM a"
        ),
        "; customers.ssn"
    );
    // Not RECURSIVE: a WITH query does not see itself but the table.
    assert_eq!(
        outputs("WITH customers AS (SELECT ssn AS s FROM customers) SELECT s FROM customers"),
        "customers.ssn"
    );
}

#[test]
fn functions_of_unknown_effect_prove_nothing() {
    for sql in [
        "SELECT lookup(1)",
        "SELECT orders.lookup FROM orders",
        "SELECT (o).lookup FROM orders o",
        "SELECT ssn(c) FROM customers c",
        "SELECT query_to_xml('SELECT ssn FROM customers', true, true, '')",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT * FROM ts_stat('SELECT ssn FROM customers')",
        "SELECT public.upper('x')",
        "SELECT id::public.thing FROM orders",
        "SELECT lo_import('/etc/passwd')",
        "SELECT status FROM orders, pg_stats",
        "SELECT * FROM pg_toast.pg_toast_20001",
    ] {
        let facts = facts(sql);
        assert_eq!(facts.scope, *shop().everything(), "{sql}");
        assert!(facts.outputs.is_none(), "{sql}");
    }
}
