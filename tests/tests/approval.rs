//! Point 3: held commands.
#![allow(missing_docs, reason = "a test")]

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::Output;
use gatewright_tests::client::Login;
use gatewright_tests::open::Open;
use gatewright_tests::stack::Stack;
use gatewright_tests::wait;

const DELETE: &str = "DELETE FROM customers WHERE id = 10";

fn in_background(login: &Login, sql: &'static [&'static str]) -> thread::JoinHandle<Result<Output>> {
    let login = login.clone();
    thread::spawn(move || login.psql(sql))
}

fn id(approval: &serde_json::Value) -> String {
    approval["id"].as_str().unwrap_or_default().to_owned()
}

fn customers(stack: &Stack) -> Result<String> {
    Ok(stack.postgres.sql("SELECT count(*) FROM customers")?.trim().to_owned())
}

#[test]
fn approve_deny_expire_and_who_may_not() -> Result<()> {
    let mut stack = Stack::start()?;
    let agent = stack.login_as("ann", &["support"])?;
    let dba = stack.idp.token("dan", &["dba"])?;
    let mine = stack.idp.token("ann", &["dba"])?;
    let support = stack.idp.token("sue", &["support"])?;

    let held = in_background(&agent, &["\\set VERBOSITY verbose", DELETE, "SELECT 'after'"]);
    let approval = stack.host.wait_for_approval(&dba)?;
    for field in ["id", "principal", "resource", "statement", "reason", "approvers", "expires_at"] {
        ensure!(!approval[field].is_null(), "{field} is missing in {approval}");
    }
    ensure!(approval["statement"] == DELETE && approval["principal"] == "ann", "{approval}");
    ensure!(stack.host.decide(&id(&approval), &mine, "approve", "")?.status == 403, "one's own");
    ensure!(stack.host.decide(&id(&approval), &support, "approve", "")?.status == 404, "not an approver");
    ensure!(!held.is_finished() && customers(&stack)? == "10");
    ensure!(stack.host.decide(&id(&approval), &dba, "approve", "fine")?.status == 200);
    let output = held.join().expect("no panic")?;
    ensure!(output.stdout == "after\n" && output.stderr.contains("waiting for approval"), "{output:?}");
    ensure!(
        output.stderr.contains(&format!("{}/approvals/{}", stack.host.url(), id(&approval))),
        "{output:?}"
    );
    ensure!(customers(&stack)? == "9");
    ensure!(stack.host.decide(&id(&approval), &dba, "approve", "")?.status == 409, "only once");

    let held = in_background(&agent, &["\\set VERBOSITY verbose", "DELETE FROM customers WHERE id = 9"]);
    let approval = stack.host.wait_for_approval(&dba)?;
    stack.host.decide(&id(&approval), &dba, "deny", "keep Ines")?;
    let output = held.join().expect("no panic")?;
    ensure!(output.stderr.contains("42501") && output.stderr.contains("keep Ines"), "{output:?}");
    ensure!(customers(&stack)? == "9");

    // The client goes away: the approval is withdrawn.
    let mut client = agent.psql_command()?.args(["-c", "DELETE FROM customers WHERE id = 9"]).spawn()?;
    let approval = stack.host.wait_for_approval(&dba)?;
    client.kill()?;
    client.wait()?;
    wait::until("the withdrawal", Duration::from_secs(30), || {
        Ok(stack.host.pending(&dba)?.is_empty().then_some(()))
    })?;
    ensure!(stack.host.decide(&id(&approval), &dba, "approve", "")?.status == 409);

    // CancelRequest, from another connection.
    let script = r#"
import psycopg, sys, threading
c = psycopg.connect(autocommit=True)
def cancel():
    sys.stdin.readline()
    c.cancel()
threading.Thread(target=cancel).start()
try:
    c.execute("DELETE FROM customers WHERE id = 9")
except psycopg.errors.QueryCanceled:
    print("cancelled")
print(c.execute("SELECT 1").fetchone())
"#;
    let client = Open::start(&agent, script)?;
    stack.host.wait_for_approval(&dba)?;
    let output = client.finish()?;
    ensure!(output == "cancelled\n(1,)\n", "{output}");
    // Nobody waits until the host knows that it is withdrawn.
    wait::until("the withdrawal", Duration::from_secs(30), || {
        Ok(stack.host.pending(&dba)?.is_empty().then_some(()))
    })?;

    // The host restarts in the middle; the approval and the waiting client survive it.
    let held = in_background(&agent, &["DELETE FROM customers WHERE id = 9", "SELECT 'after'"]);
    let approval = stack.host.wait_for_approval(&dba)?;
    stack.host.kill();
    thread::sleep(Duration::from_millis(500));
    stack.start_host()?;
    ensure!(id(&stack.host.wait_for_approval(&dba)?) == id(&approval));
    stack.host.decide(&id(&approval), &dba, "approve", "")?;
    let output = held.join().expect("no panic")?;
    ensure!(output.stdout == "after\n", "{output:?}");
    ensure!(customers(&stack)? == "8");
    Ok(())
}

#[test]
fn an_approval_expires() -> Result<()> {
    let stack = Stack::builder().policy("rows.cedar", &short_lived()?).start()?;
    let output = stack.login_as("ann", &["support"])?.psql(&["\\set VERBOSITY verbose", DELETE])?;
    ensure!(output.stderr.contains("57014") && output.stderr.contains("expired"), "{output:?}");
    ensure!(customers(&stack)? == "10");
    Ok(())
}

fn short_lived() -> Result<String> {
    let policies = gatewright_tests::tools::repo().join("examples/shop/policies/data.cedar");
    let text = std::fs::read_to_string(policies)?;
    ensure!(text.contains("@expires(\"15m\")"), "the shop's policies for data name no such expiry");
    Ok(text.replace("@expires(\"15m\")", "@expires(\"2s\")").replace("@id(\"", "@id(\"short-"))
}

#[test]
fn in_a_transaction_in_a_pipeline_and_with_parameters() -> Result<()> {
    let stack = Stack::start()?;
    let dba = stack.idp.token("dan", &["dba"])?;
    let script = r#"
import psycopg
c = psycopg.connect()
c.add_notice_handler(lambda d: print("notice", "waiting for approval" in d.message_primary))
c.execute("SELECT 1")
cur = c.execute("DELETE FROM customers WHERE id = %s AND name = %s", (10, "Jonas Lindqvist"))
print(cur.rowcount)
print(c.execute("SELECT count(*) FROM customers").fetchone())
c.rollback()
c.autocommit = True
with c.pipeline():
    a = c.execute("INSERT INTO orders (customer_id, amount) VALUES (%s, %s)", (1, 55))
    b = c.execute("DELETE FROM orders WHERE amount = %s", (55,))
    d = c.execute("SELECT 5")
print(a.rowcount, b.rowcount, d.fetchone())
"#;
    let login = stack.login_as("ann", &["support"])?;
    let run = thread::spawn(move || login.python(script));
    for parameters in [2, 1] {
        let approval = stack.host.wait_for_approval(&dba)?;
        let shown = approval["parameters"].as_array().context("parameters")?;
        ensure!(shown.len() == parameters, "{approval}");
        stack.host.decide(&id(&approval), &dba, "approve", "")?;
        wait::until("the decision to be used", Duration::from_secs(30), || {
            Ok(stack.host.pending(&dba)?.iter().all(|other| id(other) != id(&approval)).then_some(()))
        })?;
    }
    let output = run.join().expect("no panic")?;
    ensure!(
        output.stdout == "notice True\n1\n(9,)\nnotice True\n1 1 (5,)\n",
        "{}\n{}",
        output.stdout,
        output.stderr
    );
    Ok(())
}

#[test]
fn retry_runs_the_same_statement_once() -> Result<()> {
    let stack = Stack::builder()
        .set("/resources/0/approvals/mode", "retry")
        .set("/resources/0/approvals/in_transaction", "retry")
        .start()?;
    let dba = stack.idp.token("dan", &["dba"])?;
    let agent = stack.login_as("ann", &["support"])?;
    let first = agent.psql(&[DELETE])?;
    let approval = stack.host.wait_for_approval(&dba)?;
    ensure!(first.stderr.contains(&id(&approval)) && first.stderr.contains("/approvals/"), "{first:?}");
    let again = agent.psql(&[DELETE])?;
    ensure!(again.stderr.contains(&id(&approval)), "a pending one comes back as it is: {again:?}");
    stack.host.decide(&id(&approval), &dba, "approve", "")?;
    let other = agent.psql(&["DELETE FROM customers WHERE id = 9"])?;
    ensure!(!other.success, "another statement is not approved: {other:?}");
    let other = stack.login_as("bob", &["support"])?.psql(&[DELETE])?;
    ensure!(!other.success, "nor another agent: {other:?}");
    ensure!(customers(&stack)? == "10");
    let output = agent.psql(&[DELETE])?;
    ensure!(output.success, "{output:?}");
    ensure!(customers(&stack)? == "9");
    ensure!(!agent.psql(&[DELETE])?.success, "only once");
    Ok(())
}
