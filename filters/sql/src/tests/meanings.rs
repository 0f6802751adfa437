//! Definitions that change what names mean, and so what masks and the list of harmless functions fit.

use super::shop::{accesses, facts, show};

fn spreads(sql: &str) -> String {
    show(&facts(sql).spreads)
}

#[test]
fn a_mask_does_not_come_off_by_another_name() {
    let customers = "customers.email customers.phone customers.ssn customers.card_number";
    let cases = [
        ("ALTER TABLE customers RENAME COLUMN ssn TO remark", "customers.ssn"),
        ("ALTER TABLE customers RENAME ssn TO remark", "customers.ssn"),
        ("ALTER TABLE customers RENAME TO people", customers),
        ("ALTER TABLE public.customers RENAME TO people", customers),
        ("ALTER TABLE customers RENAME COLUMN name TO full_name", ""),
        ("ALTER TABLE customers ADD COLUMN age int", ""),
        ("ALTER TABLE customers DROP COLUMN ssn", ""),
        ("ALTER TABLE customers ALTER COLUMN ssn SET NOT NULL", ""),
        ("ALTER TABLE customers ADD CONSTRAINT c UNIQUE (email)", ""),
        ("ALTER TABLE customers RENAME CONSTRAINT c TO d", ""),
        ("ALTER TABLE customers OWNER TO dba", ""),
        ("ALTER TABLE orders RENAME TO purchases", ""),
        ("ALTER TABLE orders RENAME COLUMN status TO state", ""),
    ];
    for (sql, expected) in cases {
        assert_eq!(spreads(sql), expected, "{sql}");
    }
}

#[test]
fn what_is_taken_for_harmless_gets_no_other_body() {
    let body = "LANGUAGE sql AS 'SELECT ssn FROM customers LIMIT 1'";
    for sql in [
        format!("CREATE FUNCTION upper(integer) RETURNS text {body}"),
        format!("CREATE FUNCTION public.count(text) RETURNS text {body}"),
        format!("CREATE OR REPLACE FUNCTION initials(text) RETURNS text {body}"),
        "ALTER FUNCTION lookup(integer) RENAME TO upper".to_owned(),
        "ALTER FUNCTION initials(text) VOLATILE".to_owned(),
        "ALTER FUNCTION lookup(integer) SET SCHEMA other".to_owned(),
        "CREATE OPERATOR + (FUNCTION = lookup, LEFTARG = text, RIGHTARG = integer)".to_owned(),
        "ALTER SCHEMA public RENAME TO old".to_owned(),
    ] {
        assert!(!facts(&sql).spreads.is_clean(), "{sql}");
    }
    for sql in [
        format!("CREATE FUNCTION shout(text) RETURNS text {body}"),
        "ALTER FUNCTION lookup(integer) OWNER TO dba".to_owned(),
        "ALTER FUNCTION lookup(integer) VOLATILE".to_owned(),
        "ALTER SCHEMA public OWNER TO dba".to_owned(),
    ] {
        assert!(facts(&sql).spreads.is_clean(), "{sql}");
    }
}

#[test]
fn what_runs_later_needs_the_permission_now() {
    let trigger = "CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION lookup()";
    assert_eq!(accesses(trigger), "create orders, call public.lookup()");
    let operator = "CREATE OPERATOR + (FUNCTION = lookup, LEFTARG = text, RIGHTARG = integer)";
    assert!(accesses(operator).contains("call public.lookup()"), "{}", accesses(operator));
}
