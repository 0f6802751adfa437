//! Decisions explained: by `gatewright explain` before a statement runs, and in the recording after it.

use anyhow::{Result, ensure};
use gatewright_tests::Output;
use gatewright_tests::stack::Stack;
use serde_json::Value;

fn gatewright(stack: &Stack, args: &[&str]) -> Result<Output> {
    gatewright_tests::run(&mut stack.site.gatewright(args)?)
}

fn explain(stack: &Stack, args: &[&str]) -> Result<String> {
    let asked = ["explain", "--resource", "shop"];
    let output = gatewright(stack, &[&asked[..], args].concat())?;
    ensure!(output.success, "{}", output.stderr);
    Ok(output.stdout)
}

#[test]
fn a_statement_is_explained_without_running_it() -> Result<()> {
    let stack = Stack::start()?;
    let sql = "SELECT id, upper(ssn) AS s, email, count(*) OVER () FROM customers WHERE region = 'ap'";
    let text = explain(&stack, &["--as", "support", sql])?;
    let expected = [
        "allow     select on `customers`  (read-the-shop)",
        "1. id     identity    customers.id",
        "2. s      transformed customers.ssn  => redact, for customers.ssn",
        "4. ?      counted",
        "=> partial, for customers.email",
        "=> allow",
    ];
    for part in expected {
        ensure!(text.contains(part), "`{part}` is missing:\n{text}");
    }
    let dba = explain(&stack, &["--as", "dba", "--as", "support", sql])?;
    ensure!(!dba.contains("redact") && dba.contains("customers.ssn"), "{dba}");

    let text = explain(&stack, &["--as", "support", "SELECT name FROM customers WHERE ssn LIKE '9%'"])?;
    ensure!(text.contains("filtered  customers.ssn") && text.contains("=> deny"), "{text}");
    ensure!(text.contains("deny      select on `customers`  (gatewright.no-filter-by-masked)"), "{text}");
    let text = explain(&stack, &["--as", "support", "DELETE FROM orders WHERE id = 1"])?;
    ensure!(
        text.contains("approval  delete on `orders`") && text.contains("=> held until somebody of dba"),
        "{text}"
    );
    let text = explain(&stack, &["--as", "support", "SELECT * FROM nowhere"])?;
    ensure!(text.contains("not understood: relation `nowhere` is not in the catalogue"), "{text}");

    let json = explain(&stack, &["--as", "support", "--output", "json", sql])?;
    let json: Value = serde_json::from_str(&json)?;
    let column = |position: usize| json["explanation"]["statements"][0]["outputs"][position].clone();
    ensure!(json["decision"] == "allow" && column(3)["kind"] == "counted", "{json:#}");
    ensure!(column(1)["masked"][0] == "customers.ssn" && column(2)["method"] == "partial", "{json:#}");
    Ok(())
}

#[test]
fn the_recording_carries_the_explanation_once() -> Result<()> {
    let stack = Stack::start()?;
    let login = stack.login_as("ann", &["support"])?;
    let select = |id: u32| format!("SELECT name, ssn FROM customers WHERE id = {id}");
    let output = login.psql(&[&select(1), &select(2), "SELECT id FROM customers ORDER BY ssn"])?;
    ensure!(output.stderr.contains("cannot be sorted by a masked column"), "{}", output.stderr);
    ensure!(output.stderr.contains("sorted by: `customers.ssn`"), "{}", output.stderr);
    let admin = stack.login_as("dora", &["dba"])?;
    ensure!(admin.psql(&["SELECT id FROM customers ORDER BY ssn"])?.success);

    let listed = gatewright(&stack, &["sessions", "ls", "--output", "json", "--data", &data(&stack)])?;
    let listed: Value = serde_json::from_str(&listed.stdout)?;
    let mine = listed.as_array().into_iter().flatten().find(|session| session["principal"] == "ann");
    let id = mine.and_then(|session| session["id"].as_str()).unwrap_or_default();
    let shown = gatewright(&stack, &["sessions", "show", id, "--output", "json", "--data", &data(&stack)])?;
    let shown: Value = serde_json::from_str(&shown.stdout)?;
    let events = shown["events"].as_array().cloned().unwrap_or_default();
    let statements: Vec<&Value> = events.iter().filter(|event| event["kind"] == "statement").collect();
    let [first, second, third] = statements.as_slice() else { anyhow::bail!("{shown:#}") };
    let outputs = &first["explanation"]["statements"][0]["outputs"];
    ensure!(outputs[1]["masked"][0] == "customers.ssn", "{first:#}");
    ensure!(second["explanation"].is_null() && second["explained_by"] == first["statement"], "{second:#}");
    let inference = &third["explanation"]["statements"][0]["inference"];
    ensure!(third["decision"] == "deny" && inference["sorted"][0] == "customers.ssn", "{third:#}");
    Ok(())
}

fn data(stack: &Stack) -> String {
    stack.site.data().to_string_lossy().into_owned()
}

#[test]
fn cases_of_policies_are_tried_out() -> Result<()> {
    let stack = Stack::start()?;
    let cases = stack.site.folder().join("cases.yaml");
    let run = |text: &str| -> Result<Output> {
        std::fs::write(&cases, text)?;
        gatewright(&stack, &["policy", "test", &cases.to_string_lossy()])
    };
    let good = run("
resource: shop
cases:
  - name: support sees customers, masked
    groups: [support]
    sql: SELECT id, email AS mail, upper(ssn) FROM customers
    decision: allow
    policies: [read-the-shop]
    masked: { mail: partial, '3': redact }
  - { groups: [support], sql: DELETE FROM orders WHERE id = 1, decision: hold, approvers: [dba] }
  - { groups: [support], sql: SELECT id FROM customers ORDER BY ssn, decision: deny }
  - { groups: [nobody], sql: SELECT id FROM customers, decision: deny }
")?;
    ensure!(good.success && good.stdout == "4 passed, 0 failed\n", "{}{}", good.stdout, good.stderr);
    let bad = run("
resource: shop
cases:
  - { groups: [support], sql: SELECT 1, decision: allow }
  - name: everybody may delete
    groups: [support]
    sql: DELETE FROM orders WHERE id = 1
    decision: allow
  - { groups: [support], sql: SELECT email FROM customers, decision: allow, masked: {} }
")?;
    let expected = "expected allow, got hold";
    ensure!(
        !bad.success && bad.stdout.contains(":7: everybody may delete\n"),
        "{}{}",
        bad.stdout,
        bad.stderr
    );
    ensure!(bad.stdout.contains(expected) && bad.stdout.contains("expected masks none, got email: partial"));
    ensure!(bad.stdout.ends_with("1 passed, 2 failed\n"), "{}", bad.stdout);
    let typo = run("cases:\n  - { sql: SELECT 1, decison: allow }\n")?;
    ensure!(!typo.success && typo.stderr.contains("cases.yaml:2:"), "{}{}", typo.stdout, typo.stderr);
    Ok(())
}

#[test]
fn the_shops_own_cases_hold() -> Result<()> {
    let stack = Stack::start()?;
    let cases = gatewright_tests::tools::repo().join("examples/shop/cases.yaml");
    let output = gatewright(&stack, &["policy", "test", &cases.to_string_lossy()])?;
    ensure!(output.success && output.stdout == "15 passed, 0 failed\n", "{}{}", output.stdout, output.stderr);
    Ok(())
}

#[test]
fn cases_of_requests_are_tried_out() -> Result<()> {
    let by_claim = "@id(\"by-claim\") @reason(\"the release may\") permit (principal, action == Action::\"request\", resource)
        when { principal.hasTag(\"ref\") && principal.getTag(\"ref\") == \"refs/heads/main\" && principal.issuer == \"https://ci\" };
        @id(\"unparsed-too\") @reason(\"test\") permit (principal in Group::\"odd\", action == Action::\"unparsed\", resource);";
    let stack = Stack::builder().policy("claims.cedar", by_claim).start()?;
    let cases = stack.site.folder().join("cases.yaml");
    let run = |text: &str| -> Result<Output> {
        std::fs::write(&cases, format!("resource: shop-api\ncases:\n{text}"))?;
        gatewright(&stack, &["policy", "test", &cases.to_string_lossy()])
    };
    let good = run("
  - { groups: [support], issuer: https://ci, claims: { ref: refs/heads/main }, request: GET /admin/x, decision: allow, policies: [by-claim] }
  - { groups: [support], issuer: https://ci, claims: { ref: refs/heads/mine }, request: GET /admin/x, decision: deny }
  - { groups: [support], issuer: https://else, claims: { ref: refs/heads/main }, request: GET /admin/x, decision: deny }
  - { groups: [sales], request: GET /customers, decision: deny }
  - { groups: [support], request: GET /customers/../admin/x, decision: deny }
  - { groups: [support], request: GET /customers, headers: { upgrade: h2c }, decision: deny }
  - { groups: [support], request: POST /orders, body: amount=1, headers: { content-type: text/plain }, decision: deny }
  - { groups: [support], request: POST /query, body: { sql: SELECT email AS e FROM customers }, decision: allow,
      masked: { /**/email: partial, /**/phone: partial, /**/ssn: partial, /**/card_number: partial, /**/token: partial, /rows/*/e: partial, /rows/*/0: partial } }
  - { resource: shop, groups: [odd], sql: SELECT * FROM nowhere, decision: allow, masked: { '*': redact } }
  - { resource: shop-mcp, groups: [support], request: POST /mcp, body: '{', headers: { content-type: application/json }, decision: deny }
")?;
    ensure!(good.success && good.stdout == "10 passed, 0 failed\n", "{}{}", good.stdout, good.stderr);
    let bad = run("  - { groups: [support], request: DELETE /orders/3, decision: allow, masked: {} }\n")?;
    ensure!(
        !bad.success && bad.stdout.contains("cases.yaml:3: DELETE /orders/3"),
        "{}{}",
        bad.stdout,
        bad.stderr
    );
    ensure!(
        bad.stdout.contains("expected allow, got hold") && bad.stdout.contains("/**/ssn: partial"),
        "{}",
        bad.stdout
    );
    for (odd, words) in [
        ("  - { groups: [support], sql: SELECT 1, decision: allow }\n", "`shop-api` is an API"),
        ("  - { resource: shop, request: GET /x, decision: allow }\n", "`shop` is a database"),
        ("  - { request: GET, decision: allow }\n", "a method and a path"),
        ("  - { request: GET /x, tool: y, decision: allow }\n", "expected one of"),
        ("  []\n", "has no cases"),
    ] {
        let said = run(odd)?;
        ensure!(!said.success && said.stderr.contains(words), "{words}: {}{}", said.stdout, said.stderr);
    }
    Ok(())
}
