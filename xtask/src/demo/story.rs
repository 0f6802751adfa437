//! The scripted session: an agent at work, an administrator who decides, and what the recording says of it.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use gatewright_tests::host::Host;
use gatewright_tests::stack::Stack;
use gatewright_tests::tools;

use super::start::Tokens;
use crate::report::{Paint, paint};

/// How long the administrator thinks.
const THINKING: Duration = Duration::from_millis(1500);

/// Tells it, through the proxy of that name; `false` when something went otherwise than the script says.
pub(super) fn tell(stack: &Stack, tokens: &Tokens, proxy: &str) -> Result<bool> {
    let title = |text: &str| println!("\n{}", paint(Paint::Bold, text));
    title(&format!("An agent at work in the shop: psycopg through {proxy}, its token as the password"));
    let over = AtomicBool::new(false);
    let agent = std::thread::scope(|scope| {
        scope.spawn(|| decide(&stack.host, &tokens.dba, &over));
        let status = stack
            .login(&tokens.agent)?
            .application("shop-agent")
            .program(tools::python())
            .arg(tools::repo().join("examples/shop/agent.py"))
            .stdin(Stdio::null())
            .status()
            .context("starting the agent");
        over.store(true, Ordering::Relaxed);
        status
    })?;

    title(
        "The same agent at the shop's REST API and MCP tools: httpx and the MCP SDK, its token as the bearer token",
    );
    let (api, mcp, over) = (stack.api_url()?, stack.mcp_url()?, AtomicBool::new(false));
    let web = std::thread::scope(|scope| {
        scope.spawn(|| decide(&stack.host, &tokens.dba, &over));
        let status = std::process::Command::new(tools::python())
            .arg(tools::repo().join("examples/shop/http_agent.py"))
            .envs([("SHOP_API_URL", &api), ("SHOP_MCP_URL", &mcp), ("SHOP_TOKEN", &tokens.agent)])
            .stdin(Stdio::null())
            .status()
            .context("starting the agent");
        over.store(true, Ordering::Relaxed);
        status
    })?;

    title("A token that has expired: psql");
    let refused = stack.login(&tokens.expired)?.psql(&["SELECT 1"])?;
    for line in refused.stderr.lines() {
        println!("      {}", line.trim_end());
    }

    title("What was recorded: gatewright sessions ls, and verify");
    let verified = recording(stack)?;
    Ok(agent.success() && web.success() && !refused.success && verified)
}

/// The administrator: approves that orders are deleted, denies it for customers.
fn decide(host: &Host, token: &str, over: &AtomicBool) {
    let mut seen = BTreeSet::new();
    while !over.load(Ordering::Relaxed) {
        // A host that does not answer is the agent's part of the story, not this one's.
        for approval in host.pending(token).unwrap_or_default() {
            let text = |name: &str| approval[name].as_str().unwrap_or_default().to_owned();
            let (id, statement) = (text("id"), text("statement"));
            if !seen.insert(id.clone()) {
                continue;
            }
            say(&format!("dana (dba) reads approval {id}: {statement}"));
            std::thread::sleep(THINKING);
            let (decision, comment) = if statement.contains("FROM orders") || statement.contains("/orders/") {
                ("approve", "that order was a test")
            } else {
                ("deny", "customers are archived, never deleted")
            };
            match host.decide(&id, token, decision, comment) {
                Ok(reply) if reply.status == 200 => {
                    say(&format!("dana (dba) decides: {decision}, \"{comment}\""))
                }
                Ok(reply) => say(&format!("the host refuses the decision: {} {}", reply.status, reply.body)),
                Err(error) => say(&format!("the host cannot be reached: {error:#}")),
            }
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn say(text: &str) {
    println!("      {}", paint(Paint::Blue, format!(">> {text}")));
}

fn recording(stack: &Stack) -> Result<bool> {
    let data = stack.site.data();
    let mut good = true;
    for verb in ["ls", "verify"] {
        let mut command = stack.site.gatewright(&["sessions", verb, "--data"])?;
        let output = gatewright_tests::run(command.arg(&data))?;
        good &= output.success;
        for line in output.stdout.lines().chain(output.stderr.lines()) {
            println!("      {line}");
        }
    }
    Ok(good)
}
