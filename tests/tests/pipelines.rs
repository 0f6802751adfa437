//! Pipelines as agents: the example's providers, policies, workflow and job, with tokens as GitHub and GitLab give them.
#![allow(missing_docs, reason = "a test")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::client::Login;
use gatewright_tests::idp::{Alg, TokenOptions};
use gatewright_tests::stack::Stack;
use gatewright_tests::{Output, run, tools};
use serde_json::{Map, Value, json};

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GITLAB: &str = "https://gitlab.com";

fn example(name: &str) -> Result<Value> {
    let path = tools::repo().join("examples/pipelines").join(name);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(serde_saphyr::from_str(&text)?)
}

/// The shop, with the example's providers. Their keys are those of the test's provider.
fn start() -> Result<Stack> {
    let policies = tools::repo().join("examples/pipelines/policies/pipelines.cedar");
    let stack = Stack::builder().policy("pipelines.cedar", &std::fs::read_to_string(policies)?).host_down();
    let mut stack = stack.start()?;
    let mut providers = example("providers.yaml")?["identity"]["providers"].clone();
    for provider in providers.as_array_mut().context("no providers")? {
        ensure!(provider["jwks"] == json!({ "discovery": true }), "{provider}");
        provider["jwks"] = json!({ "url": stack.idp.jwks_url() });
    }
    stack.site.set("/identity/providers", providers)?;
    let check = run(&mut stack.site.gatewright(&["check"])?)?;
    ensure!(check.success, "{check:?}");
    stack.start_host()?;
    Ok(stack)
}

/// A token as GitHub gives it to a run on the main branch in the environment; `more` takes the place of its claims.
fn github(stack: &Stack, more: Value) -> Result<String> {
    let claims = json!({
        "jti": "example-id", "ref": "refs/heads/main", "sha": "example-sha", "repository": "acme/shop",
        "repository_owner": "acme", "actor_id": "12", "repository_visibility": "private", "repository_id": "74",
        "repository_owner_id": "65", "run_id": "1", "run_number": "10", "run_attempt": "2", "runner_environment": "github-hosted",
        "actor": "octocat", "workflow": "nightly", "head_ref": "", "base_ref": "", "event_name": "schedule",
        "ref_type": "branch", "ref_protected": "true", "environment": "production",
        "job_workflow_ref": "acme/shop/.github/workflows/nightly.yaml@refs/heads/main", "groups": null,
    });
    token(stack, GITHUB, "repo:acme/shop:environment:production", claims, more)
}

/// The same of GitLab.
fn gitlab(stack: &Stack, more: Value) -> Result<String> {
    let claims = json!({
        "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b", "namespace_id": "72", "namespace_path": "acme", "project_id": "20",
        "project_path": "acme/shop", "user_id": "1", "user_login": "sample-user", "user_email": "sample-user@example.com",
        "user_access_level": "developer", "pipeline_id": "574", "pipeline_source": "schedule", "job_id": "302",
        "ref": "main", "ref_type": "branch", "ref_path": "refs/heads/main", "ref_protected": "true",
        "environment": "production", "environment_protected": "true", "deployment_tier": "production",
        "runner_id": 1, "runner_environment": "gitlab-hosted", "groups_direct": ["pipeline-release"], "groups": null,
    });
    token(stack, GITLAB, "project_path:acme/shop:ref_type:branch:ref:main", claims, more)
}

fn token(stack: &Stack, issuer: &str, subject: &str, claims: Value, more: Value) -> Result<String> {
    let mut all: Map<String, Value> = claims.as_object().cloned().unwrap_or_default();
    all.extend(more.as_object().cloned().unwrap_or_default());
    let options = TokenOptions {
        alg: Alg::Rs256,
        issuer: Some(issuer.to_owned()),
        expires_in: 300,
        claims: all,
        ..TokenOptions::default()
    };
    stack.idp.token_with(subject, &[], &options)
}

const READS: &str = "SELECT email FROM customers WHERE id = 1";
const CHANGES: &str = "UPDATE orders SET status = 'cancelled' WHERE id = 1";

#[test]
fn a_pipeline_may_what_its_claims_say() -> Result<()> {
    let stack = start()?;
    let asks = |token: String, sql: &str| -> Result<Output> { stack.login(&token)?.psql(&[sql]) };
    type Shape = fn(&Stack, Value) -> Result<String>;
    type Claims<'c> = &'c [(&'c str, Value)];
    let kinds: [(Shape, Claims<'_>, Claims<'_>); 2] = [
        (
            github,
            // Of the repository, and not what releases are: they read.
            &[
                ("ref", json!("refs/pull/7/merge")),
                ("ref", json!("refs/heads/main/x")),
                ("ref", json!("refs/tags/v1/../../heads/x")),
                ("environment", Value::Null),
                ("event_name", json!("pull_request_target")),
            ],
            // Of others: they are nobody.
            &[
                ("repository", json!("acme/shop2")),
                ("repository", json!("evil/shop")),
                ("repository_id", json!("75")),
                ("repository_owner_id", Value::Null),
                ("aud", json!("https://github.com/acme")),
            ],
        ),
        (
            gitlab,
            &[
                ("ref", json!("mine")),
                ("ref_protected", json!("false")),
                ("ref_type", json!("tag")),
                ("environment", Value::Null),
            ],
            &[
                ("project_path", json!("evil/shop")),
                ("project_id", json!("21")),
                ("namespace_id", Value::Null),
                ("aud", json!("https://gitlab.com")),
            ],
        ),
    ];
    for (shape, checks, others) in kinds {
        let release = shape(&stack, json!({}))?;
        let read = asks(release.clone(), READS)?;
        ensure!(read.success && !read.stdout.contains("ada.marsh"), "{read:?}");
        let changed = asks(release, CHANGES)?;
        ensure!(changed.success, "{changed:?}");
        for (claim, value) in checks {
            let token = shape(&stack, json!({ *claim: value }))?;
            let read = asks(token.clone(), READS)?;
            ensure!(read.success, "{claim} {value}: {read:?}");
            let denied = asks(token, CHANGES)?;
            ensure!(
                !denied.success && denied.stderr.contains("no policy permits `update`"),
                "{claim} {value}: {denied:?}"
            );
        }
        for (claim, value) in others {
            let refused = asks(shape(&stack, json!({ *claim: value }))?, READS)?;
            ensure!(!refused.success && refused.stderr.contains("FATAL"), "{claim} {value}: {refused:?}");
        }
    }
    let tag = asks(github(&stack, json!({ "ref": "refs/tags/v1.2" }))?, CHANGES)?;
    ensure!(tag.success, "{tag:?}");
    Ok(())
}

/// What GitHub's runner offers a job: its token, for whoever shows the request's.
fn token_service(token: String) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/token?api-version=2", listener.local_addr()?);
    thread::spawn(move || -> Result<()> {
        let (mut stream, _) = listener.accept()?;
        let mut asked = vec![0; 4096];
        let length = stream.read(&mut asked)?;
        let asked = String::from_utf8_lossy(&asked[..length]).to_lowercase();
        let good =
            asked.contains("authorization: bearer request-secret") && asked.contains("&audience=gatewright ");
        let (status, body) = if good { ("200 OK", json!({ "value": token })) } else { ("401 No", json!({})) };
        let body = body.to_string();
        let length = body.len();
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")?;
        Ok(())
    });
    Ok(url)
}

/// A script with the variables of the example, and where the test's gate is.
fn script(text: &str, variables: &Value, login: &Login) -> Result<Command> {
    let mut command = login.program("bash");
    command.args(["-c", text]).env_remove("PGPASSWORD");
    let psql = tools::postgres(tools::PgVersion::V18)?;
    let path = std::env::join_paths(
        std::iter::once(psql).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    command.env("PATH", path);
    for (name, value) in variables.as_object().context("no variables")? {
        let value = value.as_str().context("a variable is a text")?;
        // The example's gate is elsewhere, and has a certificate.
        if !matches!(name.as_str(), "PGHOST" | "PGPORT") && !name.starts_with("PGSSL") {
            command.env(name, value);
        }
    }
    Ok(command)
}

#[test]
fn the_examples_run_without_a_stored_secret() -> Result<()> {
    let stack = start()?;
    let count = || -> Result<String> {
        Ok(stack.postgres.sql("SELECT count(*) FROM orders WHERE status = 'cancelled'")?.trim().to_owned())
    };
    let age = "UPDATE orders SET status = CASE WHEN id IN (1, 2) THEN 'new' ELSE 'paid' END, created_at = now() - interval '1 year'";
    stack.postgres.sql(age)?;
    let before = count()?;
    let login = stack.login("")?;

    let workflow = example("github-workflow.yaml")?;
    ensure!(workflow["permissions"]["id-token"] == "write", "{workflow:#}");
    let job = &workflow["jobs"]["cancel-old-orders"];
    let text = job["steps"][0]["run"].as_str().context("no script")?;
    let url = token_service(github(&stack, json!({}))?)?;
    let mut command = script(text, &job["env"], &login)?;
    command.env("ACTIONS_ID_TOKEN_REQUEST_URL", url).env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-secret");
    let done = run(&mut command)?;
    ensure!(done.success && done.stdout.contains("UPDATE 2"), "{done:?}");
    ensure!(count()? != before);

    stack.postgres.sql(age)?;
    let job = &example("gitlab-ci.yaml")?["cancel-old-orders"];
    ensure!(job["id_tokens"]["PGPASSWORD"]["aud"] == "gatewright", "{job:#}");
    let text = job["script"][0].as_str().context("no script")?;
    let mut command = script(text, &job["variables"], &login)?;
    let done = run(command.env("PGPASSWORD", gitlab(&stack, json!({}))?))?;
    ensure!(done.success && done.stdout.contains("UPDATE 2"), "{done:?}");
    Ok(())
}
