//! Starts the stack, tells the story, and stays until a signal comes.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use gatewright_tests::client::Login;
use gatewright_tests::idp::{Forgery, TokenOptions};
use gatewright_tests::process;
use gatewright_tests::proxy::{Kind, Proxy};
use gatewright_tests::shop_mcp::Replies;
use gatewright_tests::stack::Stack;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::{files, story};
use crate::command::on_path;
use crate::report::{Paint, paint, step, warn};

/// How long the demo's tokens last: a working day.
const TOKEN_SECONDS: i64 = 8 * 60 * 60;

/// Whether the demo is ready, so that a signal is the end that it waits for.
static UP: AtomicBool = AtomicBool::new(false);

/// Who is who in the demo.
pub(super) struct Tokens {
    pub(super) agent: String,
    pub(super) dba: String,
    pub(super) expired: String,
}

pub(super) fn run(proxy: Kind) -> Result<()> {
    end_on_signals()?;
    files::remove();
    files::write_state(&[])?;
    let outcome = up(proxy);
    if outcome.is_err() {
        files::remove();
    }
    outcome
}

fn up(proxy: Kind) -> Result<()> {
    let name = match proxy {
        Kind::Envoy | Kind::Container => "Envoy",
        Kind::Standalone => "`gatewright run`",
    };
    step(
        "Starting",
        format!("PostgreSQL with the shop, its API and MCP server, the host and {name}, on loopback"),
    );
    let stack = Stack::builder().proxy(proxy).api().mcp(Replies::Events).database().start()?;
    files::write_state(&stack.ids())?;
    let options = TokenOptions { expires_in: TOKEN_SECONDS, ..TokenOptions::default() };
    let tokens = Tokens {
        agent: stack.idp.token_with("shop-agent", &["support"], &options)?,
        dba: stack.idp.token_with("dana", &["dba"], &options)?,
        expired: stack.idp.forged("shop-agent", &["support"], Forgery::Expired)?,
    };
    let as_told = story::tell(&stack, &tokens, name)?;
    let login = stack.login(&tokens.agent)?;
    print_how_to_connect(&stack, &login, &tokens)?;
    if !as_told {
        warn("the session did not go as it should: see above");
    }
    UP.store(true, Ordering::Relaxed);
    // Last, since whoever waits for the demo waits for this file.
    let values = [
        ("GW_PG_URL", login.url()),
        ("GW_PG_ADMIN_URL", stack.postgres.admin_url()),
        ("GW_HOST_URL", stack.host.url()),
        ("GW_AGENT_TOKEN", tokens.agent),
        ("GW_DBA_TOKEN", tokens.dba),
        ("GW_EXPIRED_TOKEN", tokens.expired),
        match stack.proxy()? {
            Proxy::Envoy(envoy) => ("GW_ENVOY_ADMIN_URL", envoy.admin_url()),
            Proxy::Standalone(_) => ("GW_STANDALONE", "1".to_owned()),
        },
        ("GW_HTTP_URL", stack.api_url()?),
        ("GW_MCP_URL", stack.mcp_url()?),
    ];
    files::write_env(&values)?;
    loop {
        std::thread::park();
    }
}

fn print_how_to_connect(stack: &Stack, login: &Login, tokens: &Tokens) -> Result<()> {
    let psql = match on_path("psql") {
        Some(_) => "psql".to_owned(),
        None => stack.postgres.bin().join("psql").display().to_string(),
    };
    let title = |text: &str| paint(Paint::Bold, text);
    println!("\n{}", title("The stack is up. Be the agent yourself, in another terminal:"));
    println!("\n  . {}", files::env().display());
    println!("  PGPASSWORD=$GW_AGENT_TOKEN {psql} {}", login.url());
    println!("  curl -H \"authorization: Bearer $GW_AGENT_TOKEN\" {}/customers/2", stack.api_url()?);
    println!("  npx @modelcontextprotocol/inspector --cli {} --transport http \\", stack.mcp_url()?);
    println!("    --header \"authorization: Bearer $GW_AGENT_TOKEN\" --method tools/list");
    println!("\n{}", title("Be the database administrator, when a deletion waits:"));
    println!(
        "\n  curl -H \"authorization: Bearer $GW_DBA_TOKEN\" '{}/v1/approvals?state=pending'",
        stack.host.url()
    );
    println!("  curl -H \"authorization: Bearer $GW_DBA_TOKEN\" -H 'content-type: application/json' \\");
    println!("    -d '{{\"decision\":\"approve\"}}' {}/v1/approvals/ID/decision", stack.host.url());
    println!("\n{}", title("Where things are:"));
    println!("\n  host           {}", stack.host.url());
    if let Proxy::Envoy(envoy) = stack.proxy()? {
        println!("  Envoy's admin  {}", envoy.admin_url());
    }
    println!("  straight       {}", stack.postgres.admin_url());
    println!("  agent token    {}", tokens.agent);
    println!("  dba token      {}", tokens.dba);
    println!("\nThe tokens last eight hours. The end: Ctrl-C, or `cargo xtask demo --stop` from anywhere.");
    Ok(())
}

/// On a signal everything is ended and removed from a thread of its own, whatever the others are at.
fn end_on_signals() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            println!();
            step("Stopping", "the proxies, the host, the services and PostgreSQL");
            process::end_all();
            files::remove();
            std::process::exit(if UP.load(Ordering::Relaxed) { 0 } else { 130 });
        }
    });
    Ok(())
}
