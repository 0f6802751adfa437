//! Points 5 and 6: the recording, and configuration that changes while everything runs.
#![allow(missing_docs, reason = "a test")]

use std::time::Duration;

use anyhow::{Result, ensure};
use gatewright_tests::open::Open;
use gatewright_tests::stack::Stack;
use gatewright_tests::{Output, run, wait};

fn gatewright(stack: &Stack, args: &[&str]) -> Result<Output> {
    let mut command = stack.site.gatewright(args)?;
    run(command.arg("--config").arg(stack.site.config()))
}

#[test]
fn both_modes_record_what_happened_and_it_verifies() -> Result<()> {
    for mode in ["strict", "buffered"] {
        let stack = Stack::builder().set("/resources/0/recording/mode", mode).start()?;
        let login = stack.login_as("ann", &["support"])?.application("my agent");
        login.psql(&["SELECT name, ssn FROM customers ORDER BY id LIMIT 2"])?;
        login.psql(&["DROP TABLE orders"])?;
        stack.login("garbage")?.psql(&["SELECT 1"])?;
        let listed = wait::until("the sessions to close", Duration::from_secs(30), || {
            let output = gatewright(&stack, &["sessions", "ls", "--output", "json"])?;
            ensure!(output.success, "{output:?}");
            let list: Vec<serde_json::Value> = serde_json::from_str(&output.stdout)?;
            let closed = list.iter().filter(|s| s["principal"] == "ann" && !s["closed_at"].is_null()).count();
            Ok((closed == 2 && list.len() == 3).then_some(list))
        })?;
        let id = listed
            .iter()
            .filter(|s| s["principal"] == "ann")
            .find_map(|s| s["id"].as_str())
            .unwrap_or_default();
        let all: String = listed
            .iter()
            .filter_map(|s| s["id"].as_str())
            .map(|id| gatewright(&stack, &["sessions", "show", id]).map(|output| output.stdout))
            .collect::<Result<_>>()?;
        for words in [
            "my agent",
            "Ada Marsh",
            "***-**-**20",
            "DROP TABLE orders",
            "no-ddl",
            "42501",
            "not a JSON Web Token",
        ] {
            ensure!(all.contains(words), "{mode}: `{words}` is missing in\n{all}");
        }
        ensure!(!all.contains("987-65-4320"), "{all}");
        for args in [&["sessions", "verify"][..], &["sessions", "verify", id]] {
            let verified = gatewright(&stack, args)?;
            ensure!(verified.success, "{verified:?}");
        }
    }
    Ok(())
}

#[test]
fn policies_masks_and_the_catalogue_change_within_seconds() -> Result<()> {
    let stack = Stack::start()?;
    let login = stack.login_as("ann", &["support"])?;
    let soon = Duration::from_secs(30);
    // A session that stays open sees the change as well.
    let script = r#"
import psycopg, sys, time
c = psycopg.connect(autocommit=True)
print(c.execute("SELECT name FROM customers WHERE id = 1").fetchone(), flush=True)
for _ in range(600):
    time.sleep(0.1)
    name = c.execute("SELECT name FROM customers WHERE id = %s", (1,), prepare=True).fetchone()[0]
    if name != "Ada Marsh":
        print("masked", flush=True)
        break
"#;
    let mut open = Open::start(&login, script)?;
    let before = open.line()?;
    let masks = serde_json::json!([
        {"columns": ["*.email", "*.phone", "*.ssn", "*.card_number", "payments.token"], "method": "partial"},
        {"columns": ["customers.name"], "method": "redact"},
    ]);
    stack.site.set("/resources/0/masks", masks)?;
    wait::until("the new mask", soon, || {
        Ok((login.psql(&["SELECT name FROM customers WHERE id = 1"])?.stdout == "[masked]\n").then_some(()))
    })?;
    let after = open.finish()?;
    ensure!(before == "('Ada Marsh',)" && after == "masked\n", "{before} {after}");
    stack.site.policy("extra.cedar", "@id(\"closed\") @reason(\"stocktaking\") forbid (principal, action == Action::\"select\", resource == Table::\"shop.public.orders\");")?;
    wait::until("the new policy", soon, || {
        Ok(login.psql(&["SELECT 1 FROM orders"])?.stderr.contains("stocktaking").then_some(()))
    })?;
    stack.up_to_date()?;
    // A bundle that does not validate is refused, and the last good one stays.
    stack.site.policy("broken.cedar", "permit (principal, action == Action::\"selekt\", resource);")?;
    std::thread::sleep(Duration::from_secs(4));
    ensure!(login.psql(&["SELECT 1 FROM orders"])?.stderr.contains("stocktaking"));
    ensure!(login.psql(&["SELECT id FROM customers WHERE id = 1"])?.stdout == "1\n");
    let checked = gatewright(&stack, &["check"])?;
    let text = format!("{}{}", checked.stdout, checked.stderr);
    ensure!(!checked.success && text.contains("broken.cedar:1") && text.contains("selekt"), "{text}");
    std::fs::remove_file(stack.site.folder().join("policies/broken.cedar"))?;
    // A table that somebody creates is known within seconds, with its masks.
    stack.postgres.sql("CREATE TABLE leads (id int, email text); INSERT INTO leads VALUES (1, 'lead@example.com'); GRANT SELECT ON leads TO support")?;
    let output = wait::until("the new table", soon, || {
        let output = login.psql(&["SELECT * FROM leads"])?;
        Ok(output.success.then_some(output))
    })?;
    ensure!(output.stdout.starts_with("1|") && !output.stdout.contains("lead@"), "{output:?}");
    Ok(())
}

#[test]
fn errors_of_the_configuration_name_file_line_field_and_what_was_expected() -> Result<()> {
    let stack = Stack::start()?;
    let good = gatewright(&stack, &["check"])?;
    ensure!(good.success, "{good:?}");
    let text = std::fs::read_to_string(stack.site.config())?;
    for (from, to, words) in [
        ("buffered", "buffered", ""), // a change that changes nothing must pass
        ("method: partial", "method: blur", "method"),
        ("kind: postgres", "kind: oracle", "kind"),
        ("recording:", "recordings:", "recordings"),
    ] {
        let broken = text.replacen(from, to, 1);
        std::fs::write(stack.site.config(), &broken)?;
        let output = gatewright(&stack, &["check"])?;
        let said = format!("{}{}", output.stdout, output.stderr);
        if broken == text {
            ensure!(output.success, "{said}");
            continue;
        }
        let line = broken.lines().position(|line| line.contains(to)).unwrap_or_default() + 1;
        ensure!(
            !output.success && said.contains(words) && said.contains(&format!(":{line}:")),
            "{to}: {said}"
        );
    }
    std::fs::write(stack.site.config(), text)?;
    Ok(())
}
