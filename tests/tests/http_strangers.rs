//! Requests that are refused before anybody is known: recorded, and bounded.
#![allow(missing_docs, reason = "a test")]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::agents::HttpAgent;
use gatewright_tests::curl::curl;
use gatewright_tests::stack::Stack;
use gatewright_tests::wait;
use serde_json::{Value, json};

/// The sessions without a principal.
fn of_nobody(stack: &Stack) -> Result<Vec<Value>> {
    let dba = stack.idp.token("dan", &["dba"])?;
    let sessions = stack.host.get("/v1/sessions", &dba)?.json()?;
    let all = sessions.as_array().cloned().unwrap_or_default();
    Ok(all.into_iter().filter(|session| session["principal"] == "").collect())
}

fn gatewright(stack: &Stack, arguments: &[&str]) -> Result<String> {
    let data = stack.site.data().display().to_string();
    let output =
        gatewright_tests::run(&mut stack.site.gatewright(&[arguments, &["--data", &data]].concat())?)?;
    ensure!(output.success, "{output:?}");
    Ok(output.stdout)
}

#[test]
fn requests_of_nobody_are_recorded_and_cannot_flood() -> Result<()> {
    let stack = Stack::builder().api().concurrency(1).start()?;
    let url = stack.api_url()?;
    let nobody = HttpAgent::new(&url, None);
    let (eve, ann) = (stack.idp.token("eve", &["sales"])?, stack.idp.token("ann", &["support"])?);
    let bad = format!("Bearer {}x", &ann[..ann.len() - 8]);
    let answers = nobody.ask(&[
        json!({ "path": "/customers?access_token=hunter2&q=1" }),
        json!({ "path": "/customers", "headers": { "authorization": bad } }),
        json!({ "path": "/orders", "method": "POST", "body": "{}", "headers": { "authorization": format!("Bearer {eve}") } }),
    ])?;
    ensure!(answers.iter().map(|answer| answer.status).eq([401, 401, 403]), "{answers:?}");
    ensure!(curl(&format!("{url}/customers/../admin%1b%5b2J"), &[])?.status == 400);
    ensure!(curl(&format!("{url}/customers/..;/admin"), &[])?.status == 400);
    // Somebody who is known meanwhile has a session of their own.
    ensure!(HttpAgent::new(&url, Some(&ann)).get("/customers/2")?.status == 200);

    let session = wait::until("the session of nobody", Duration::from_secs(30), || {
        Ok(of_nobody(&stack)?.pop().filter(|session| session["statements"].as_u64() >= Some(4)))
    })?;
    let id = session["id"].as_str().context("no id")?.to_owned();
    ensure!(session["closed_at"].is_null() && session["resource"] == "shop-api", "{session}");
    let shown = gatewright(&stack, &["sessions", "show", &id])?;
    for part in [
        "nobody in particular, on shop-api",
        "GET /customers: 401 who is asking?",
        "POST /orders by eve of",
        "signature does not verify",
        "/admin",
    ] {
        ensure!(shown.contains(part), "`{part}` is not in {shown}");
    }
    for secret in ["hunter2", "\u{1b}", &ann[ann.len() / 2..], &eve[eve.len() / 2..], &bad[bad.len() / 2..]] {
        ensure!(!shown.contains(secret), "{secret} in {shown}");
    }
    let listed = gatewright(&stack, &["sessions", "ls"])?;
    ensure!(listed.lines().any(|line| line.contains(&id) && line.contains(" -  ")), "{listed}");

    // However many come: one session, and no more of them than it takes.
    let many: Vec<Value> = (0..200).map(|number| json!({ "path": format!("/customers/{number}") })).collect();
    ensure!(nobody.ask(&many)?.iter().all(|answer| answer.status == 401));
    ensure!(HttpAgent::new(&url, Some(&ann)).get("/customers/2")?.status == 200);
    let session = wait::until("the flood", Duration::from_secs(30), || {
        Ok(of_nobody(&stack)?.pop().filter(|session| session["statements"] == 100))
    })?;
    ensure!(of_nobody(&stack)?.len() == 1 && session["id"] == id.as_str(), "{session}");
    ensure!(gatewright(&stack, &["sessions", "show", &id])?.matches("refused ").count() == 100);
    let verified = gatewright(&stack, &["sessions", "verify"])?;
    ensure!(verified.contains("all as it was recorded"), "{verified}");
    Ok(())
}
