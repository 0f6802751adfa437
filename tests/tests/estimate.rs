//! How many rows a held statement is about: asked of a real database before anybody approves, and nothing of
//! it runs.
#![allow(missing_docs, reason = "a test")]

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::stack::Stack;
use gatewright_tests::tools::PgVersion;
use gatewright_tests::{http, run, wait};
use serde_json::{Value, json};

/// What the host says where the database took longer than it waits.
const LATE: &str = "not known: the database did not say in time";
/// What asking for an approval may take, with a database that does not answer: filters wait for five seconds.
const BOUND: Duration = Duration::from_secs(3);
const LIMIT: Duration = Duration::from_secs(60);

/// What the table holds, and what gave out its numbers.
fn orders(stack: &Stack) -> Result<String> {
    stack.postgres.sql("SELECT count(*), sum(id), (SELECT last_value FROM orders_id_seq) FROM orders")
}

/// Asks as a filter does; the approval's id.
fn ask(stack: &Stack, role: &str, statement: &str, parameters: &[Option<&str>]) -> Result<String> {
    let request = json!({
        "resource": "shop", "session": "direct", "principal": "ann", "issuer": stack.idp.issuer(), "role": role,
        "statement": statement, "parameters": parameters, "digest": "d", "reason": "r", "approvers": ["dba"],
        "min_approvals": 1, "expires_s": 600, "mode": "hold",
    });
    let token = stack.variable("GATEWRIGHT_FILTER_TOKEN")?;
    let reply = http::post(&format!("{}/v1/filter/approvals", stack.host.url()), Some(token), &request)?;
    ensure!(reply.status == 200, "{statement}: {} {}", reply.status, reply.body);
    let reply: Value = serde_json::from_str(&reply.body)?;
    Ok(reply["id"].as_str().context("no id")?.to_owned())
}

/// The approval as somebody sees it who may decide.
fn seen(stack: &Stack, id: &str) -> Result<Value> {
    let seen = stack.host.get(&format!("/v1/approvals/{id}"), &stack.idp.token("dan", &["dba"])?)?;
    Ok(serde_json::from_str(&seen.body)?)
}

/// Asks, again where the database did not say in time, which it need not on a machine that is busy; the approval.
fn asked(stack: &Stack, role: &str, statement: &str, parameters: &[Option<&str>]) -> Result<Value> {
    wait::until("an estimate in time", Duration::from_secs(30), || {
        let approval = seen(stack, &ask(stack, role, statement, parameters)?)?;
        Ok((approval["estimate"] != LATE).then_some(approval))
    })
}

fn estimate(stack: &Stack, statement: &str, parameters: &[Option<&str>]) -> Result<String> {
    let approval = asked(stack, "support", statement, parameters)?;
    Ok(approval["estimate"].as_str().with_context(|| format!("{approval}"))?.to_owned())
}

fn gatewright(stack: &Stack, token: &str, arguments: &[&str]) -> Result<String> {
    let mut command = stack.site.gatewright(arguments)?;
    command.env("GATEWRIGHT_HOST", stack.host.url()).env("GATEWRIGHT_TOKEN", token);
    let output = run(&mut command)?;
    ensure!(output.success, "{output:?}");
    Ok(output.stdout)
}

fn signal(stack: &Stack, name: &str) -> Result<()> {
    let done = Command::new("kill").args([name, &stack.postgres.id().to_string()]).status()?;
    ensure!(done.success(), "kill {name}");
    Ok(())
}

/// Thousand orders more, whose number the database knows.
fn fill(stack: &Stack) -> Result<()> {
    stack.postgres.superuser_sql(
        "INSERT INTO orders (customer_id, amount) SELECT 1, i FROM generate_series(1, 1000) AS i; ANALYZE orders",
    )?;
    Ok(())
}

#[test]
fn who_decides_sees_how_many_rows_it_is_about() -> Result<()> {
    let stack = Stack::start()?;
    fill(&stack)?;
    let before = orders(&stack)?;
    let (dan, ann) = (stack.idp.token("dan", &["dba"])?, stack.idp.token("ann", &["support", "dba"])?);

    // A real agent's statement.
    let agent = stack.login_as("ann", &["support"])?;
    let (held, approval) = wait::until("an estimate in time", Duration::from_secs(30), || {
        let agent = agent.clone();
        let held = thread::spawn(move || agent.psql(&["DELETE FROM orders WHERE id > 0"]));
        let approval = stack.host.wait_for_approval(&dan)?;
        if approval["estimate"] != LATE {
            return Ok(Some((held, approval)));
        }
        stack.host.decide(approval["id"].as_str().context("no id")?, &dan, "deny", "once more")?;
        ensure!(!held.join().ok().context("the agent panicked")??.success);
        Ok(None)
    })?;
    let id = approval["id"].as_str().context("no id")?;
    let rows = approval["estimated_rows"].as_u64().with_context(|| format!("{approval}"))?;
    ensure!((900..1_100).contains(&rows), "{approval}");
    let words = approval["estimate"].as_str().context("no estimate")?;
    ensure!(words.starts_with("about ") && words.ends_with(" rows are changed"), "{approval}");
    ensure!(orders(&stack)? == before, "nothing of it ran");
    let shown = gatewright(&stack, &dan, &["approvals", "show", id])?;
    ensure!(shown.contains(words), "{shown}");
    let listed = gatewright(&stack, &dan, &["approvals", "ls"])?;
    ensure!(listed.contains(&format!("~{rows}")), "{listed}");
    // To the agent it would tell what it may not see.
    let own = stack.host.get(&format!("/v1/approvals/{id}"), &ann)?;
    ensure!(own.status == 200 && !own.body.contains("estimate"), "{}", own.body);

    stack.host.decide(id, &dan, "deny", "too many")?;
    let output = held.join().ok().context("the agent panicked")??;
    ensure!(!output.success && !output.stderr.contains("about "), "{output:?}");
    ensure!(orders(&stack)? == before);

    // It is in the log: in what was asked for, which the decision names, and in the session.
    let session = approval["session"].as_str().context("no session")?;
    let timeline = gatewright(&stack, &dan, &["sessions", "show", session])?;
    ensure!(timeline.contains(&format!("estimate: {words}")), "{timeline}");
    let file = stack.site.folder().join("evidence.jsonl");
    let to = file.to_str().context("a path")?;
    gatewright(&stack, &dan, &["sessions", "export", &format!("approval/{id}"), "--to", to])?;
    let evidence = std::fs::read_to_string(&file)?;
    let entry = format!("\"estimate\":{{\"rows\":{{\"count\":{rows},\"are\":\"changed\"}}}}");
    let evidence = evidence.replace('\\', "");
    ensure!(evidence.contains(&entry) && evidence.contains("\"about\":\""), "{evidence}");
    gatewright(&stack, &dan, &["sessions", "verify"])?;

    planned_and_not_run(&stack)?;

    // A lock that somebody holds, and a server that does not answer at all, delay the asking by a moment
    // only.
    thread::scope(|scope| {
        let lock = "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(120)";
        let holder = scope.spawn(|| stack.postgres.superuser_sql(lock));
        let of_holders = |what: &str| {
            stack.postgres.superuser_sql(&format!(
                "SELECT count({what}) FROM pg_locks \
                 WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'orders'::regclass"
            ))
        };
        let known = wait::until("the lock", LIMIT, || Ok((of_holders("*")? == "1").then_some(())))
            .and_then(|()| late(&stack));
        ensure!(of_holders("pg_terminate_backend(pid)")? == "1", "it held the lock all the time");
        ensure!(holder.join().ok().context("the holder panicked")?.is_err(), "its sleep was cut short");
        known
    })?;
    signal(&stack, "-STOP")?;
    let stopped = late(&stack);
    signal(&stack, "-CONT")?;
    stopped?;
    wait::until("the server to answer again", LIMIT, || {
        Ok(estimate(&stack, "DELETE FROM orders WHERE id > 0", &[])?.starts_with("about ").then_some(()))
    })?;

    stack.site.set("/resources/0/estimate", false.into())?;
    wait::until("the configuration to be taken up", LIMIT, || {
        let approval = asked(&stack, "support", "DELETE FROM orders WHERE id = 1", &[])?;
        Ok(approval["estimate"].is_null().then_some(()))
    })?;
    ensure!(orders(&stack)? == before);
    Ok(())
}

#[test]
fn an_older_server_does_what_it_can() -> Result<()> {
    let roles = json!([
        { "name": "support", "password": { "env": "SHOP_SUPPORT_PASSWORD" } },
        { "name": "temporary", "ephemeral": { "made_by": "nobody" } },
    ]);
    let stack = Stack::builder().pg(PgVersion::V15).set("/resources/0/roles", roles).no_proxies().start()?;
    fill(&stack)?;
    planned_and_not_run(&stack)?;
    let approval = asked(&stack, "temporary", "DELETE FROM orders WHERE id = 1", &[])?;
    ensure!(
        approval["estimate"] == "not known: the gate has no lasting credential for this role",
        "{approval}"
    );
    Ok(())
}

fn late(stack: &Stack) -> Result<()> {
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let started = Instant::now();
        let id = ask(stack, "support", "DELETE FROM orders WHERE id > 0", &[])?;
        fastest = fastest.min(started.elapsed());
        let approval = seen(stack, &id)?;
        ensure!(approval["estimate"] == LATE, "{approval}");
        if fastest < BOUND {
            break;
        }
    }
    ensure!(fastest < BOUND, "{fastest:?}");
    Ok(())
}

/// Statements of all kinds, of which none changes anything.
fn planned_and_not_run(stack: &Stack) -> Result<()> {
    let before = orders(stack)?;
    let insert = "INSERT INTO orders (customer_id, amount) VALUES ($1, $2)";
    ensure!(estimate(stack, insert, &[Some("1"), Some("9.50")])? == "about 1 row is changed");
    let update = "UPDATE orders SET status = 'paid' WHERE id > $1";
    ensure!(estimate(stack, update, &[Some("999999")])? == "about 1 row is changed");
    let most = asked(stack, "support", update, &[Some("0")])?;
    ensure!(most["estimated_rows"].as_u64().is_some_and(|rows| rows > 900), "{most}");
    ensure!(estimate(stack, "SELECT count(*) FROM orders", &[])? == "about 1 row is returned");
    // Binary parameters are described to people, and not known to the host.
    let words = estimate(stack, update, &[Some("\\x00000001")])?;
    ensure!(words.ends_with("rows are changed, with typical parameters"), "{words}");

    let not_known = [
        ("TRUNCATE orders", "statements of this kind are not estimated"),
        ("EXPLAIN ANALYZE DELETE FROM orders", "statements of this kind are not estimated"),
        ("ANALYZE DELETE FROM orders", "statements of this kind are not estimated"),
        ("DELETE FROM orders WHERE id = 1; DELETE FROM orders", "it is more than one statement"),
        (
            "DELETE FROM orders WHERE id = 1 /* ; */; COMMIT; DELETE FROM orders -- x",
            "it is more than one statement",
        ),
        ("SELECT pg_sleep(9)", "it calls functions that planning might run"),
        // The agent's role may not, so its estimate may not either.
        ("DELETE FROM pg_catalog.pg_authid", "the database did not plan it"),
        ("DELETE FROM orders WHERE id = 'canary-7731'::integer", "the database did not plan it"),
    ];
    for (statement, why) in not_known {
        let words = estimate(stack, statement, &[])?;
        ensure!(words == format!("not known: {why}"), "{statement}: {words}");
    }
    ensure!(!stack.host.log().contains("canary-7731"), "what the database says may hold data");
    ensure!(orders(stack)? == before, "nothing of it ran");
    Ok(())
}
