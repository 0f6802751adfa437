//! Shadow mode: everything runs and is recorded, the report says what enforcement would have done, and then it is turned on.
#![allow(missing_docs, reason = "a test")]

use std::time::Duration;

use anyhow::{Result, ensure};
use gatewright_tests::agents::{HttpAgent, McpAgent};
use gatewright_tests::open::Open;
use gatewright_tests::proxy::Kind;
use gatewright_tests::shop_mcp::Replies;
use gatewright_tests::stack::Stack;
use gatewright_tests::{Output, http, run, wait};
use serde_json::{Value, json};

fn gatewright(stack: &Stack, args: &[&str]) -> Result<Output> {
    let mut command = stack.site.gatewright(args)?;
    run(command.arg("--config").arg(stack.site.config()))
}

fn code(stack: &Stack, args: &[&str]) -> Result<Option<i32>> {
    let mut command = stack.site.gatewright(args)?;
    Ok(command.arg("--config").arg(stack.site.config()).output()?.status.code())
}

/// The report of a resource, once it holds so many statements, and findings on shapes that begin so.
fn report(stack: &Stack, resource: &str, statements: u64, shapes: &[&str]) -> Result<(Value, String)> {
    let args = ["report", "--shadow", "--resource", resource, "--since", "1h"];
    let report = wait::until("the recording", Duration::from_secs(30), || {
        let output = gatewright(stack, &[&args[..], &["--output", "json"]].concat())?;
        if output.stdout.is_empty() {
            return Ok(None);
        }
        let report: Value = serde_json::from_str(&output.stdout)?;
        let whole = report["resources"][0]["statements"].as_u64() >= Some(statements);
        Ok((whole && shapes.iter().all(|shape| !found(&report, shape).is_empty())).then_some(report))
    })?;
    let text = gatewright(stack, &args)?;
    println!("{}", text.stdout);
    Ok((report, text.stdout))
}

/// What would have become of the statements of a shape that begins so: what, how often, by which policies.
fn found(report: &Value, shape: &str) -> Vec<(String, u64, String)> {
    let all = report["findings"].as_array().into_iter().flatten();
    let all = all.filter(|finding| finding["shape"].as_str().is_some_and(|known| known.starts_with(shape)));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.map(|f| (text(&f["would"]), f["count"].as_u64().unwrap_or(0), f["policies"].to_string())).collect()
}

#[test]
fn a_database_in_shadow_mode_until_enforcement_is_turned_on() -> Result<()> {
    let stack = Stack::builder().set("/resources/0/enforcement", "shadow").start()?;
    let secrets = stack.secrets()?;
    let nothing = gatewright(&stack, &["report", "--shadow"])?;
    ensure!(
        code(&stack, &["report", "--shadow"])? == Some(2)
            && nothing.stderr.contains("nothing that was asked for"),
        "{nothing:?}"
    );
    let ann = stack.login_as("ann", &["support"])?;
    let script = r#"
import psycopg
c = psycopg.connect(autocommit=True, options="-c work_mem=8MB")
for n in (31, 32):
    c.execute("INSERT INTO orders (customer_id, amount) VALUES (1, %s)", (n,))
print(c.execute("DELETE FROM orders WHERE amount = %s", (31,)).rowcount)
print(c.execute("DELETE FROM orders WHERE amount = %s", (32,), prepare=True).rowcount)
print(c.execute("UPDATE orders SET amount = amount").rowcount > 10)
print(c.execute("SELECT email, ssn FROM customers WHERE id = 1").fetchone())
print(c.execute("CREATE TEMP TABLE mine AS SELECT email, ssn FROM customers").rowcount > 1)
print(c.execute("SELECT * FROM mine").fetchone())
with c.transaction():
    c.execute("DO $$ BEGIN PERFORM 1; END $$")
try:
    c.execute("SET search_path = pg_temp")
except psycopg.errors.InsufficientPrivilege as e:
    print("refused", "search_path" in str(e))
"#;
    let output = ann.python(script)?;
    println!("{}{}", output.stdout, output.stderr);
    ensure!(output.success && output.stdout.ends_with("refused True\n"), "{output:?}");
    for (line, words) in output.stdout.lines().zip(["1", "1", "True", "*", "True"]) {
        ensure!(line.contains(words), "{output:?}");
    }
    // Masks count: of what is understood by their methods, of what is not as a whole.
    for secret in &secrets {
        ensure!(!output.stdout.contains(secret.as_str()), "{secret} in {}", output.stdout);
    }
    ensure!(output.stdout.contains("('[masked]', '[masked]')"), "{}", output.stdout);
    // Who is nobody gets nowhere, nor who may not connect.
    for login in [stack.login("garbage")?, stack.login_as("sam", &["sales"])?, ann.clone().user("postgres")] {
        let refused = login.psql(&["SELECT 1"])?;
        ensure!(!refused.success && refused.stderr.contains("FATAL"), "{refused:?}");
    }

    let (report, text) =
        report(&stack, "shop", 10, &["DELETE FROM orders", "SELECT email", "SET search_path"])?;
    let delete = found(&report, "DELETE FROM orders");
    ensure!(delete.len() == 1 && delete[0].0 == "hold" && delete[0].1 == 2, "{delete:?}");
    ensure!(delete[0].2.contains("delete-with-approval"), "{delete:?}");
    for (shape, would) in [
        ("UPDATE orders", "deny"),
        ("CREATE TEMP", "deny"),
        ("SELECT * FROM mine", "deny"),
        ("DO", "deny"),
        ("SET search_path", "refused"),
        ("SET work_mem", "deny"),
    ] {
        let found = found(&report, shape);
        let found = found.first();
        let word = |word: &str| if word == "refused" { "refuse".to_owned() } else { word.to_owned() };
        ensure!(
            found.is_some_and(|found| found.0 == word(would) && found.1 == 1),
            "{shape}: {found:?}\n{report:#}"
        );
    }
    ensure!(found(&report, "SELECT email").iter().any(|found| found.0 == "mask"), "{report:#}");
    ensure!(text.contains("hold") && text.contains("delete-with-approval") && text.contains("ann"), "{text}");
    ensure!(code(&stack, &["report", "--shadow"])? == Some(1), "enforcement would change something");
    ensure!(
        code(&stack, &["report", "--shadow", "--since", "2100-01-01"])? == Some(2),
        "there is no evidence"
    );
    ensure!(code(&stack, &["report", "--shadow", "--since", "soon"])? == Some(2));
    ensure!(code(&stack, &["report"])? == Some(2), "of what?");

    // Everybody is told.
    let check = gatewright(&stack, &["check"])?;
    ensure!(check.success && check.stderr.contains("shop: shadow mode"), "{check:?}");
    let listed = gatewright(&stack, &["sessions", "ls", "--decision", "would-hold"])?;
    ensure!(listed.stdout.contains("shadow") && listed.stdout.contains("ann"), "{listed:?}");
    let metrics = http::get(&format!("{}/metrics", stack.host.url()), None)?.body;
    for line in [
        "gatewright_shadow_mode{resource=\"shop\"} 1",
        "gatewright_decisions_total{resource=\"shop\",decision=\"would_hold\"} 2",
    ] {
        ensure!(metrics.contains(line), "{line} is missing in\n{metrics}");
    }
    let verified = gatewright(&stack, &["sessions", "verify"])?;
    ensure!(verified.success, "{verified:?}");

    // On: what is prepared in an open session is no way round it.
    let turned = r#"
import psycopg, time
c = psycopg.connect(autocommit=True)
c.execute("PREPARE p AS UPDATE orders SET amount = amount")
print(c.execute("EXECUTE p").rowcount > 10, flush=True)
for _ in range(600):
    time.sleep(0.1)
    try:
        c.execute("UPDATE orders SET amount = amount")
    except psycopg.errors.InsufficientPrivilege:
        break
else:
    print("never")
try:
    c.execute("EXECUTE p")
    print("went round")
except psycopg.errors.InsufficientPrivilege as e:
    print("denied", "shadow mode" in e.diag.message_detail)
"#;
    let mut open = Open::start(&ann, turned)?;
    let before = open.line()?;
    stack.site.set("/resources/0/enforcement", "enforce".into())?;
    let after = open.finish()?;
    ensure!(before == "True" && after == "denied True\n", "{before} {after}");
    Ok(())
}

#[test]
fn masks_in_shadow_mode_reach_the_agent_and_not_the_recording() -> Result<()> {
    let stack = Stack::builder()
        .set("/resources/0/enforcement", "shadow")
        .set("/resources/0/masking", "shadow")
        .set("/resources/0/detectors", json!({ "enabled": "all" }))
        .start()?;
    let secrets = stack.secrets()?;
    let ann = stack.login_as("ann", &["support"])?;
    let output = ann.psql(&[
        "SELECT email, phone, ssn, card_number FROM customers",
        "COPY customers (email, phone, ssn, card_number) TO STDOUT",
        "SELECT ssn::int FROM customers",
    ])?;
    for secret in &secrets {
        ensure!(output.stdout.contains(secret.as_str()), "{secret} is missing in {}", output.stdout);
    }
    ensure!(output.stderr.contains("invalid input syntax for type integer: \""), "{output:?}");
    let (report, _) = report(&stack, "shop", 3, &["SELECT email"])?;
    let masked = found(&report, "SELECT email");
    ensure!(masked.iter().any(|found| found.0 == "mask"), "{report:#}");
    let all = report["findings"].as_array().into_iter().flatten();
    ensure!(
        all.into_iter().all(|finding| finding["would"] != "mask" || finding["already"] == false),
        "{report:#}"
    );
    let listed = gatewright(&stack, &["sessions", "ls", "--output", "json"])?;
    for session in serde_json::from_str::<Vec<Value>>(&listed.stdout)? {
        let id = session["id"].as_str().unwrap_or_default();
        let shown = gatewright(&stack, &["sessions", "show", id, "--output", "json"])?.stdout;
        for secret in &secrets {
            ensure!(!shown.contains(secret.as_str()), "{secret} in {shown}");
        }
        ensure!(shown.contains("\"unmasked\": true"), "{shown}");
    }
    Ok(())
}

#[test]
fn an_api_and_an_mcp_server_in_shadow_mode() -> Result<()> {
    let stack = Stack::builder()
        .api()
        .mcp(Replies::Events)
        .set("/apis/0/enforcement", "shadow")
        .set("/apis/1/enforcement", "shadow")
        .start()?;
    let secrets = stack.secrets()?;
    let token = stack.idp.token("ann", &["support"])?;
    let ann = HttpAgent::new(&stack.api_url()?, Some(&token));
    let delete = ann.one(json!({ "method": "DELETE", "path": "/orders/3" }))?;
    let large = ann
        .one(json!({ "method": "POST", "path": "/orders", "json": { "customer_id": 2, "amount": 5000 } }))?;
    let sql = |sql: &str| ann.one(json!({ "method": "POST", "path": "/query", "json": { "sql": sql } }));
    let rows = sql("SELECT name, email AS e FROM customers")?;
    let raw = sql("SELECT upper(ssn) AS s FROM customers WHERE ssn LIKE '9%' AND region = lower(region)")?;
    let admin = ann.get("/admin/settings")?;
    ensure!(delete.status < 300 && large.status < 300 && rows.status == 200, "{delete:?} {large:?} {rows:?}");
    ensure!(stack.postgres.sql("SELECT count(*) FROM orders WHERE id = 3")?.trim() == "0");
    for answer in [&rows, &raw, &admin] {
        ensure!(answer.status != 403, "{answer:?}");
        ensure!(answer.leaks(&secrets).is_empty(), "{answer:?}");
    }
    let odd = ann.get("/customers/%2e%2e/admin")?;
    ensure!(odd.status == 400, "what can be read in two ways stays refused: {odd:?}");
    let nobody = HttpAgent::new(&stack.api_url()?, None).get("/customers")?;
    ensure!(nobody.status == 401, "{nobody:?}");
    let stranger =
        HttpAgent::new(&stack.api_url()?, Some(&stack.idp.token("sam", &["sales"])?)).get("/customers")?;
    ensure!(stranger.status == 403, "{stranger:?}");
    let (on_api, _) = report(&stack, "shop-api", 5, &["GET /admin/{rest...}", "POST /query"])?;
    for (shape, would, policy) in [
        ("DELETE /orders/{id}", "hold", "delete"),
        ("POST /orders", "deny", "[]"),
        ("GET /admin/{rest...}", "deny", "[]"),
        ("POST /query", "mask", "[]"),
    ] {
        let found = found(&on_api, shape);
        ensure!(
            found.iter().any(|found| found.0 == would && found.2.contains(policy)),
            "{shape}: {found:?}\n{on_api:#}"
        );
    }

    let agent = McpAgent::new(&stack.mcp_url()?, Some(&token));
    let said = agent.take(&[
        json!({ "list": "tools" }),
        json!({ "call": "delete_order", "with": { "id": 4 } }),
        json!({ "call": "create_order", "with": { "customer_id": 2, "amount": 5000 } }),
    ])?;
    let text = serde_json::to_string(&said)?;
    ensure!(text.contains("admin_reset") && !text.contains("needs the approval"), "{text}");
    ensure!(stack.postgres.sql("SELECT count(*) FROM orders WHERE id = 4")?.trim() == "0", "{text}");
    let (on_mcp, _) = report(&stack, "shop-mcp", 3, &["tools/list", "tools/call create_order"])?;
    for (shape, would) in
        [("tools/list", "hide"), ("tools/call delete_order", "hold"), ("tools/call create_order", "deny")]
    {
        let found = found(&on_mcp, shape);
        ensure!(found.iter().any(|found| found.0 == would), "{shape}: {found:?}\n{on_mcp:#}");
    }
    let approvals =
        http::get(&format!("{}/v1/approvals", stack.host.url()), Some(&stack.idp.token("dan", &["dba"])?))?;
    ensure!(approvals.json()? == json!([]), "nobody was asked: {}", approvals.body);
    Ok(())
}

#[test]
fn the_doctor_says_so_in_envoy() -> Result<()> {
    let stack = Stack::builder().proxy(Kind::Envoy).set("/resources/0/enforcement", "shadow").start()?;
    let admin = stack.proxy()?.envoy()?.admin_url();
    let output = gatewright(&stack, &["doctor", "--admin", &admin])?;
    ensure!(output.success && output.stdout.contains("resource `shop`: shadow mode"), "{output:?}");
    Ok(())
}
