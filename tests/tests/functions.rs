//! Functions that somebody created: opaque, unless the configuration and their owner say otherwise.
#![allow(missing_docs, reason = "a test")]

use std::time::Duration;

use anyhow::{Result, ensure};
use gatewright_tests::client::Login;
use gatewright_tests::stack::Stack;
use gatewright_tests::wait::until;
use serde_json::json;

/// `initials` computes; `lookup` reads the table, and so does `liar`, which says that it does not.
const FUNCTIONS: &str = "
CREATE FUNCTION initials(text) RETURNS text IMMUTABLE LANGUAGE sql RETURN left($1, 1);
CREATE FUNCTION lookup(int) RETURNS text STABLE SECURITY DEFINER LANGUAGE plpgsql
    AS 'BEGIN RETURN (SELECT ssn FROM customers WHERE id = $1); END';
CREATE FUNCTION liar(int) RETURNS text IMMUTABLE SECURITY DEFINER LANGUAGE plpgsql
    AS 'BEGIN RETURN (SELECT ssn FROM customers WHERE id = $1); END'";

/// Waits until a statement gives that, whichever worker is asked.
fn gives(stack: &Stack, login: &Login, sql: &str, expected: &str) -> Result<()> {
    until(&format!("`{sql}` gives `{expected}`"), Duration::from_secs(60), || {
        Ok((login.psql(&[sql])?.stdout == format!("{expected}\n")).then_some(()))
    })?;
    stack.up_to_date()
}

#[test]
fn what_somebody_wrote_is_masked_unless_it_is_declared() -> Result<()> {
    let stack = Stack::builder()
        .policy("call.cedar", "@id(\"call\") permit (principal, action == Action::\"call\", resource);")
        .start()?;
    stack.postgres.sql(FUNCTIONS)?;
    let login = stack.login_as("ann", &["support"])?;
    let asked =
        ["SELECT initials(name), region FROM customers WHERE id = 1", "SELECT lookup(1)", "SELECT liar(1)"];
    for sql in asked {
        let output = login.psql(&[sql])?;
        // The server's word on the origin of `region` stays: a column is no function.
        ensure!(output.success && output.stdout.starts_with("[masked]"), "{sql}: {output:?}");
        ensure!(!output.stdout.contains("987-65"), "{sql}: {output:?}");
    }

    stack.site.set("/resources/0/functions", json!(["public.initials", "public.lookup"]))?;
    gives(&stack, &login, asked[0], "A|us-east")?;
    // Two have to say so: `lookup` is STABLE, and nobody declared `liar`.
    for sql in &asked[1..] {
        let output = login.psql(&[sql])?;
        ensure!(output.stdout == "[masked]\n", "{sql}: {output:?}");
    }
    // A masked value is masked in what is made of it, and what is made of it may fail.
    let masked = login.psql(&["SELECT initials(ssn) FROM customers WHERE id = 1"])?;
    ensure!(!masked.success && masked.stderr.contains("gatewright.no-failing-on-masked"), "{masked:?}");
    let named = login.psql(&["SELECT initials(name), email FROM customers WHERE id = 1"])?;
    ensure!(named.stdout.starts_with("A|") && !named.stdout.contains("ada"), "{named:?}");

    // Its owner no longer says so.
    stack.postgres.sql("ALTER FUNCTION initials VOLATILE")?;
    gives(&stack, &login, asked[0], "[masked]|us-east")
}
