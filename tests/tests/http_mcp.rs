//! The shop's MCP server through Envoy, with the official client.
#![allow(missing_docs, reason = "a test")]

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::agents::{McpAgent, Mode};
use gatewright_tests::shop_mcp::Replies;
use gatewright_tests::stack::Stack;
use serde_json::{Value, json};

fn agent(stack: &Stack, subject: &str, groups: &[&str]) -> Result<McpAgent> {
    let token = stack.idp.token(subject, groups)?;
    Ok(McpAgent::new(&stack.mcp_url()?, Some(&token)))
}

fn secrets(stack: &Stack) -> Result<Vec<String>> {
    let values = stack.postgres.sql(
        "SELECT email FROM customers UNION SELECT phone FROM customers UNION SELECT ssn FROM customers \
         UNION SELECT card_number FROM customers",
    )?;
    Ok(values.lines().filter(|value| !value.is_empty()).map(str::to_owned).collect())
}

fn steps() -> Vec<Value> {
    vec![
        json!({ "list": "tools" }),
        json!({ "call": "list_customers", "with": {} }),
        json!({ "call": "get_customer", "with": { "id": 2 } }),
        json!({ "call": "run_sql", "with": { "sql": "SELECT upper(email) AS e, region FROM customers" } }),
    ]
}

fn speaks(replies: Replies, mode: Mode) -> Result<()> {
    let stack = Stack::builder().mcp(replies).start()?;
    let secrets = secrets(&stack)?;
    let ann = agent(&stack, "ann", &["support"])?.mode(mode);
    let said = ann.take(&steps())?;
    let text = serde_json::to_string(&said)?;
    println!("{text}");
    ensure!(text.contains("Bruno Keller") && text.contains("eu-west"), "{text}");
    for secret in &secrets {
        ensure!(!text.contains(secret.as_str()), "{secret} in {text}");
    }
    Ok(())
}

#[test]
fn in_events() -> Result<()> {
    speaks(Replies::Events, Mode::Auto)
}

#[test]
fn in_json() -> Result<()> {
    speaks(Replies::Json, Mode::Legacy)
}

#[test]
fn tools_are_listed_and_called_as_policy_says() -> Result<()> {
    let stack = Stack::builder().mcp(Replies::Events).start()?;
    let ann = agent(&stack, "ann", &["support"])?;
    let said = ann.take(&[
        json!({ "list": "tools" }),
        json!({ "call": "admin_reset", "with": {} }),
        json!({ "call": "create_order", "with": { "customer_id": 2, "amount": 5000 } }),
        json!({ "call": "create_order", "with": { "customer_id": 2, "amount": 50 } }),
        json!({ "call": "run_sql", "with": { "sql": "DROP TABLE orders" } }),
        json!({ "read": "shop://regions" }),
    ])?;
    let text = serde_json::to_string(&said)?;
    println!("{text}");
    ensure!(!serde_json::to_string(&said[0])?.contains("admin_reset"), "{text}");
    let _ = said.first().context("nothing")?;
    Ok(())
}
