//! The host's API is as its own description says, whatever is sent: schemathesis reads the description and tries.
#![allow(missing_docs, reason = "a test")]

use anyhow::{Result, ensure};
use gatewright_tests::http;
use gatewright_tests::stack::Stack;
use gatewright_tests::tools;
use serde_json::Value;

#[test]
fn whatever_is_sent_is_answered_as_described() -> Result<()> {
    let stack = Stack::builder().people().no_proxies().start()?;
    let person = stack.person("dana", &["dba"])?;
    let filter = stack.variable("GATEWRIGHT_FILTER_TOKEN")?;
    for (tag, token) in [("people", person.as_str()), ("filters", filter), ("health", "none")] {
        let mut run = std::process::Command::new(tools::venv().join("bin/schemathesis"));
        run.args(["run", &format!("{}/v1/openapi.json", stack.host.url()), "--include-tag", tag])
            .args(["--header", &format!("Authorization: Bearer {token}")])
            // These two wait: for a change, and for a decision.
            .args(["--exclude-path", "/v1/changes", "--exclude-path", "/v1/filter/approvals/{id}/wait"])
            .args(["--checks", CHECKS, "--max-examples", "25", "--seed", "7"])
            .args(["--phases", "examples,coverage,fuzzing", "--generation-deterministic", "--no-color"])
            .current_dir(stack.site.folder())
            .env("SCHEMATHESIS_HOOKS", "");
        let output = gatewright_tests::run(&mut run)?;
        ensure!(output.success, "{tag}:\n{}\n{}", output.stdout, output.stderr);
        // It tried what it was to try, and could read all of the description.
        for amiss in ["Authentication failed", "Unresolvable"] {
            ensure!(!output.stdout.contains(amiss), "{tag}:\n{}", output.stdout);
        }
    }
    Ok(())
}

/// No 5xx; statuses, types and bodies as described; and nothing without the token that the description asks for.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                      negative_data_rejection,missing_required_header,unsupported_method,ignored_auth";

#[test]
fn every_operation_is_described() -> Result<()> {
    let stack = Stack::builder().no_proxies().start()?;
    let document = http::get(&format!("{}/v1/openapi.json", stack.host.url()), None)?;
    let document: Value = serde_json::from_str(&document.body)?;
    ensure!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{document}");
    let paths = document["paths"].as_object().map(|paths| paths.len()).unwrap_or_default();
    ensure!(paths >= 19, "{paths} paths");
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let summary = operation["summary"].as_str().or(operation["description"].as_str());
            ensure!(summary.is_some_and(|summary| summary.len() > 10), "{method} {path}: {operation}");
            let is_open = operation["tags"] == serde_json::json!(["health"]);
            ensure!(is_open || operation["security"].is_array(), "{method} {path} asks for no token");
        }
    }
    Ok(())
}
