//! Functions that somebody created.

use super::shop::{accesses, facts, outputs, show};

#[test]
fn what_a_function_gives_may_be_anything_it_could_read() {
    let opaque = facts("SELECT lookup(1), id FROM orders");
    assert_eq!(opaque.outputs, None);
    assert_eq!(
        show(&opaque.scope),
        "customers.email customers.phone customers.ssn customers.card_number \
         payments.card_number payments.token Odd Name.Secret"
    );
    assert_eq!(accesses("SELECT lookup(1), id FROM orders"), "select orders, call public.lookup()");
}

#[test]
fn what_a_declared_function_gives_is_made_of_its_arguments() {
    let cases = [
        ("SELECT initials(name), ssn FROM customers", "; customers.ssn"),
        ("SELECT public.initials(name), ssn FROM customers", "; customers.ssn"),
        ("SELECT initials(ssn) FROM customers", "customers.ssn"),
        ("SELECT initials(c) FROM customers c", &show(&facts("SELECT FROM customers").scope).clone()),
        ("SELECT initials((SELECT token FROM payments)) FROM customers", "payments.token"),
        ("SELECT tokens(name), id FROM customers", "; "),
        // Any of them may be meant.
        ("SELECT mixed(name) FROM customers", "?"),
        ("SELECT other.mixed(name), id FROM customers", "; "),
        ("SELECT nowhere.initials(name) FROM customers", "?"),
        // The function of a row, written as its column.
        ("SELECT c.initials FROM customers c", "?"),
        ("SELECT initials(lookup(1)) FROM customers", "?"),
    ];
    for (sql, expected) in cases {
        assert_eq!(outputs(sql), expected, "{sql}");
    }
}

#[test]
fn a_declared_function_needs_no_permission_where_no_other_can_be_meant() {
    let cases = [
        ("SELECT initials(name) FROM customers", "select customers"),
        ("SELECT * FROM tokens('a b')", ""),
        ("SELECT mixed(1)", "call public.mixed()"),
        ("SELECT other.mixed(1)", ""),
        ("SELECT nowhere.initials(1)", "call nowhere.initials()"),
        ("SELECT pg_read_file('x')", "call pg_catalog.pg_read_file()"),
        ("SELECT public.pg_read_file('x')", ""),
        ("CALL initials(1)", "call public.initials()"),
        ("CALL mixed(1)", "call other.mixed(), call public.mixed()"),
        ("SELECT (c).initials FROM customers c", "select customers, call public.initials()"),
    ];
    for (sql, expected) in cases {
        assert_eq!(accesses(sql), expected, "{sql}");
    }
}

#[test]
fn a_declared_function_may_fail_and_its_rows_can_be_counted() {
    let inferred = |sql: &str| {
        let inference = facts(sql).inference;
        format!("{}; {}", show(&inference.failing), show(&inference.filtered))
    };
    assert_eq!(inferred("SELECT initials(name) FROM customers"), "; ");
    assert_eq!(inferred("SELECT initials(ssn) FROM customers"), "customers.ssn; ");
    assert_eq!(inferred("SELECT tokens(ssn) FROM customers"), "customers.ssn; customers.ssn");
    assert_eq!(inferred("SELECT t FROM customers, tokens(ssn) t"), "customers.ssn; customers.ssn");
    assert_eq!(
        inferred("SELECT 1 FROM customers WHERE initials(ssn) = 'AB'"),
        "customers.ssn; customers.ssn"
    );
}
