//! Point 2: policy in the simple and the extended protocol; a denial behaves as any PostgreSQL error does.
#![allow(missing_docs, reason = "a test")]

use anyhow::{Result, ensure};
use gatewright_tests::stack::Stack;
use gatewright_tests::tools::PgVersion;

#[test]
fn psql_sees_the_policy_its_reason_and_an_intact_session() -> Result<()> {
    for version in [PgVersion::V18, PgVersion::V15] {
        let stack = Stack::builder().pg(version).pg_setting("log_statement", "all").start()?;
        let login = stack.login_as("ann", &["support"])?;
        let ddl = login.psql(&["\\set VERBOSITY verbose", "DROP TABLE orders"])?;
        ensure!(ddl.stderr.contains("42501") && ddl.stderr.contains("no-ddl"), "{ddl:?}");
        ensure!(ddl.stderr.contains("by migrations, not by agents"), "{ddl:?}");
        ensure!(!stack.postgres.log().contains("DROP TABLE orders"), "the server never sees it");
        let unparsed = login.psql(&["SELECT FROM WHERE ~"])?;
        ensure!(unparsed.stderr.contains("cannot tell what this statement does"), "{unparsed:?}");
        let unknown = login.psql(&["SELECT * FROM nowhere"])?;
        ensure!(unknown.stderr.contains("`nowhere` is not in the catalogue"), "{unknown:?}");
        // One denied of several: none runs.
        let before = stack.postgres.sql("SELECT count(*) FROM orders")?;
        let several = login
            .psql(&["INSERT INTO orders (customer_id, amount) VALUES (1, 1); TRUNCATE orders; SELECT 1"])?;
        ensure!(!several.success && several.stdout.is_empty(), "{several:?}");
        ensure!(stack.postgres.sql("SELECT count(*) FROM orders")? == before);
        // An open transaction is aborted by a denial, a savepoint saves it, and what was before it stays.
        let script = "BEGIN;\nINSERT INTO orders (customer_id, amount) VALUES (1, 7);\nSAVEPOINT s;\nDROP TABLE orders;\n\
                      SELECT 1;\nROLLBACK TO s;\nSELECT 2;\nCOMMIT;\n";
        let mut command = login.psql_command()?;
        command.args(["--set", "ON_ERROR_STOP=0"]);
        let output = feed(&mut command, script)?;
        ensure!(
            output.1.contains("no-ddl") && output.1.contains("current transaction is aborted"),
            "{output:?}"
        );
        ensure!(output.0 == "2\n", "{output:?}");
        ensure!(stack.postgres.sql("SELECT count(*) FROM orders WHERE amount = 7")?.trim() == "1");
    }
    Ok(())
}

fn feed(command: &mut std::process::Command, script: &str) -> Result<(String, String)> {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().expect("piped").write_all(script.as_bytes())?;
    let output = child.wait_with_output()?;
    Ok((
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    ))
}

#[test]
fn pipelines_roll_back_and_skip_as_after_any_error() -> Result<()> {
    let stack = Stack::start()?;
    let script = r#"
import psycopg
c = psycopg.connect(autocommit=True)
with c.pipeline() as p:
    a = c.execute("INSERT INTO orders (customer_id, amount) VALUES (%s, %s)", (1, 31))
    try:
        b = c.execute("TRUNCATE orders")
        d = c.execute("SELECT 1")
        p.sync()
    except psycopg.errors.InsufficientPrivilege as e:
        print("denied", e.sqlstate, "no-ddl" in str(e))
print(c.info.transaction_status.name)
print(c.execute("SELECT count(*) FROM orders WHERE amount = 31").fetchone())
with c.transaction():
    try:
        with c.transaction():
            c.execute("DROP TABLE orders")
    except psycopg.errors.InsufficientPrivilege as e:
        print("inner", e.diag.message_hint is not None)
    print(c.execute("SELECT 5").fetchone())
cur = c.cursor()
with cur.copy("COPY orders (customer_id, amount) TO STDOUT") as copy:
    print(len(list(copy.rows())) > 10)
try:
    with cur.copy("COPY orders (customer_id, amount) FROM STDIN") as copy:
        copy.write_row((1, 99))
except psycopg.errors.InsufficientPrivilege:
    print("copy in denied")
try:
    with cur.copy("COPY customers TO STDOUT") as copy:
        print(list(copy.rows()))
except psycopg.errors.InsufficientPrivilege as e:
    print("copy out of masked denied")
print(c.execute("SELECT 6").fetchone())
"#;
    let output = stack.login_as("ann", &["support"])?.python(script)?;
    let expected = "denied 42501 True\nIDLE\n(0,)\ninner True\n(5,)\nTrue\ncopy in denied\ncopy out of masked denied\n(6,)\n";
    ensure!(output.stdout == expected, "{}\n{}", output.stdout, output.stderr);
    Ok(())
}

#[test]
fn copy_in_where_policy_lets_it() -> Result<()> {
    let stack = Stack::builder()
        .policy("import.cedar", "@id(\"import\") @reason(\"test\") permit (principal, action == Action::\"copy_in\", resource == Table::\"shop.public.orders\");")
        .start()?;
    let script = r#"
import psycopg, asyncio, asyncpg, os
c = psycopg.connect(autocommit=True)
cur = c.cursor()
with cur.copy("COPY orders (customer_id, amount) FROM STDIN") as copy:
    for i in range(20000):
        copy.write_row((1, 77))
print(cur.rowcount)
try:
    with cur.copy("COPY orders (customer_id, amount) FROM STDIN") as copy:
        copy.write_row(("x", 77))
except psycopg.DataError as e:
    print(e.sqlstate)
print(c.execute("SELECT count(*) FROM orders WHERE amount = 77").fetchone())
async def main():
    a = await asyncpg.connect(ssl=False)
    print(await a.copy_records_to_table('orders', records=[(1, 78)] * 100, columns=['customer_id', 'amount']))
    print(await a.fetchval('SELECT count(*) FROM orders WHERE amount = 78'))
asyncio.run(main())
"#;
    let output = stack.login_as("ann", &["support"])?.python(script)?;
    ensure!(
        output.stdout == "20000\n22P02\n(20000,)\nCOPY 100\n100\n",
        "{}\n{}",
        output.stdout,
        output.stderr
    );
    Ok(())
}

#[test]
fn settings_that_change_meaning_never_change() -> Result<()> {
    let stack = Stack::builder()
        .policy(
            "any.cedar",
            "@id(\"any\") @reason(\"test\") permit (principal, action == Action::\"set\", resource);",
        )
        .start()?;
    let login = stack.login_as("ann", &["support"])?;
    for set in [
        "SET search_path = pg_temp, public",
        "SET standard_conforming_strings = off",
        "SELECT set_config('search_path', 'pg_temp', false)",
        "SET client_encoding = 'SJIS'",
        "SET NAMES 'BIG5'",
    ] {
        let output = login.psql(&[set])?;
        ensure!(!output.success && output.stderr.contains("through the gate"), "{set}: {output:?}");
    }
    let fine = login.psql(&["SET client_encoding = 'UTF8'", "SET statement_timeout = 1000", "SELECT 1"])?;
    ensure!(fine.stdout == "1\n", "{fine:?}");
    Ok(())
}
