//! Point 7: whatever breaks, nothing passes unseen, and service returns by itself.
#![allow(missing_docs, reason = "a test")]

use std::time::Duration;

use anyhow::{Result, ensure};
use gatewright_tests::open::Open;
use gatewright_tests::stack::Stack;
use gatewright_tests::tools::Filter;
use gatewright_tests::wait;
use gatewright_tests::wire::Wire;

const ONE: &[&str] = &["SELECT 1"];
const SOON: Duration = Duration::from_secs(30);

#[test]
fn the_host_is_down_at_the_start_and_killed_in_the_middle() -> Result<()> {
    let mut stack = Stack::builder().host_down().start()?;
    let login = stack.login_as("ann", &["support"])?;
    let early = login.psql(ONE)?;
    ensure!(early.stdout.is_empty() && early.stderr.contains("no configuration yet"), "{early:?}");
    stack.start_host()?;
    wait::until("service", SOON, || Ok((login.psql(ONE)?.stdout == "1\n").then_some(())))?;

    // An open session, recorded strictly: nothing runs while the host is gone, and it works again afterwards.
    let script = r#"
import psycopg, sys
c = psycopg.connect(autocommit=True)
print(c.execute("SELECT 1").fetchone(), flush=True)
sys.stdin.readline()
try:
    c.execute("INSERT INTO orders (customer_id, amount) VALUES (1, 66)")
    print("ran", flush=True)
except psycopg.Error as e:
    print(e.sqlstate, flush=True)
sys.stdin.readline()
for _ in range(20):
    try:
        print(c.execute("SELECT 2").fetchone(), flush=True)
        break
    except psycopg.errors.SystemError as e:
        pass
"#;
    let mut client = Open::start(&login, script)?;
    ensure!(client.line()? == "(1,)");
    stack.host.kill();
    client.go_on()?;
    ensure!(client.line()? == "58000");
    ensure!(stack.postgres.sql("SELECT count(*) FROM orders WHERE amount = 66")?.trim() == "0");
    let down = login.psql(ONE)?;
    ensure!(!down.success && down.stdout.is_empty(), "{down:?}");
    stack.start_host()?;
    client.go_on()?;
    ensure!(client.line()? == "(2,)");
    client.finish()?;
    wait::until("service", SOON, || Ok((login.psql(ONE)?.stdout == "1\n").then_some(())))
}

#[test]
fn a_panic_in_the_filter_closes_and_service_returns() -> Result<()> {
    let stack = Stack::builder().filter(Filter::TestPanic).concurrency(1).start()?;
    let login = stack.login_as("ann", &["support"])?;
    ensure!(login.psql(ONE)?.stdout == "1\n");
    let panicked = login.psql(&["SELECT name, ssn FROM customers WHERE name <> 'gatewright-test-panic'"])?;
    ensure!(!panicked.success && panicked.stdout.is_empty(), "{panicked:?}");
    wait::until("service", SOON, || Ok((login.psql(ONE)?.stdout == "1\n").then_some(())))
}

#[test]
fn messages_over_the_cap_and_malformed_frames() -> Result<()> {
    let stack = Stack::start()?;
    let login = stack.login_as("ann", &["support"])?;
    let script = r#"
import psycopg
c = psycopg.connect(autocommit=True)
for size in (1 << 20, 3 << 20, 8 << 20):
    for prepare in (False, True):
        try:
            c.execute("SELECT '" + "x" * size + "'", prepare=prepare)
            print("ran")
        except psycopg.Error as e:
            print(e.sqlstate)
    try:
        c.execute("SELECT length(%s)", ("x" * size,))
        print("ran")
    except psycopg.Error as e:
        print(e.sqlstate)
print(c.execute("SELECT 1").fetchone())
"#;
    let output = login.python(script)?;
    ensure!(output.stdout == format!("{}(1,)\n", "54000\n".repeat(9)), "{output:?}");

    // By hand, after a good login: types that do not exist, lengths that cannot be.
    for bad in [&b"y\0\0\0\x04"[..], b"Q\0\0\0\x02", b"Q\xff\xff\xff\xff", b"B\0\0\0\x05x", b"Q\0\0\0\x06ab"]
    {
        let last = Wire::connect(&login)?.last_words(bad)?;
        let [.., error] = last.as_slice() else { anyhow::bail!("{bad:?}: {last:?}") };
        let (severity, state) = (error.field(b'S'), error.field(b'C'));
        ensure!(
            (error.tag, severity.as_str(), state.as_str()) == (b'E', "FATAL", "08P01"),
            "{bad:?}: {last:?}"
        );
    }
    Ok(())
}

#[test]
fn the_proxys_buffer_limit_does_not_let_anything_pass() -> Result<()> {
    let stack = Stack::builder().buffer_limit(32_768).start()?;
    let login = stack.login_as("ann", &["support"])?;
    let script = r#"
import psycopg
c = psycopg.connect(autocommit=True)
print(c.execute("SELECT length(%s)", ("x" * 500000,)).fetchone())
print(len(c.execute("SELECT repeat('y', 400000)").fetchone()[0]))
print(sum(len(r[0]) for r in c.execute("SELECT repeat('z', 1000) FROM generate_series(1, 20000)")))
"#;
    let output = login.python(script)?;
    ensure!(output.stdout == "(500000,)\n400000\n20000000\n", "{output:?}");
    Ok(())
}
