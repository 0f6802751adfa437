//! The REST API of the shop through Envoy: identity, policy, approval, masking, recording.
#![allow(missing_docs, reason = "a test")]

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::agents::HttpAgent;
use gatewright_tests::collector::Collector;
use gatewright_tests::idp::{Idp, TokenOptions};
use gatewright_tests::stack::Stack;
use gatewright_tests::wait;
use serde_json::{Value, json};

fn agent(stack: &Stack, subject: &str, groups: &[&str]) -> Result<HttpAgent> {
    let token = stack.idp.token(subject, groups)?;
    Ok(HttpAgent::new(&stack.api_url()?, Some(&token)))
}

fn id(approval: &Value) -> String {
    approval["id"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn who_asks() -> Result<()> {
    let stack = Stack::builder().api().start()?;
    let url = stack.api_url()?;
    let nobody = HttpAgent::new(&url, None).get("/customers")?;
    ensure!(nobody.status == 401, "{nobody:?}");
    let challenge = nobody.header("www-authenticate").context("no challenge")?;
    let metadata = format!("{url}/.well-known/oauth-protected-resource");
    ensure!(challenge == format!("Bearer resource_metadata=\"{metadata}\""), "{challenge}");
    let document = HttpAgent::new(&url, None).get("/.well-known/oauth-protected-resource")?.json()?;
    ensure!(
        document["resource"] == url && document["authorization_servers"] == json!([stack.idp.issuer()]),
        "{document}"
    );

    let expired = TokenOptions { expires_in: -300, ..TokenOptions::default() };
    for (token, word) in [
        ("garbage".to_owned(), "three base64url parts"),
        (stack.idp.token_with("ann", &["support"], &expired)?, "expired"),
    ] {
        let refused = HttpAgent::new(&url, Some(&token)).get("/customers")?;
        ensure!(refused.status == 401 && refused.body.contains(word), "{refused:?}");
        let challenge = refused.header("www-authenticate").unwrap_or_default();
        ensure!(challenge.contains("error=\"invalid_token\"") && !challenge.contains(&token), "{challenge}");
    }
    let stranger = agent(&stack, "sam", &["sales"])?.get("/customers")?;
    ensure!(stranger.status == 403 && stranger.body.contains("shop-api"), "{stranger:?}");

    // The target sees its own credential and nothing of the agent's.
    let ann = agent(&stack, "ann", &["support"])?;
    let headers = json!({ "x-api-key": "mine", "x-forwarded-for": "1.2.3.4", "x-real-ip": "1.2.3.4", "host": "other.example" });
    for agent in [ann.clone(), ann.clone().http2()] {
        let answer = agent.one(json!({ "path": "/customers", "headers": headers }))?;
        ensure!(answer.status == 200, "{answer:?}");
    }
    let api = stack.api.as_ref().context("no API")?;
    let requests = api.requests();
    ensure!(requests.len() == 2, "nothing refused reached it: {requests:?}");
    for request in &requests {
        let text = request.to_string();
        ensure!(!text.contains(ann.token.as_deref().unwrap_or("?")) && !text.contains("1.2.3.4"), "{text}");
        ensure!(!text.contains("mine") && text.contains("x-api-key"), "{text}");
        ensure!(
            !text.contains("other.example") && text.contains(&api.address()),
            "the target's own name: {text}"
        );
    }
    let dump = stack.api_proxy()?.told()?;
    ensure!(!dump.contains(api.secret()), "the credential is in what the proxy tells");
    ensure!(!stack.api_proxy()?.log().contains(api.secret()) && !stack.host.log().contains(api.secret()));
    Ok(())
}

#[test]
fn what_policy_permits() -> Result<()> {
    let stack = Stack::builder().api().start()?;
    let ann = agent(&stack, "ann", &["support"])?;
    let small = json!({ "method": "POST", "path": "/orders", "json": { "customer_id": 2, "amount": 12 } });
    let large = json!({ "method": "POST", "path": "/orders", "json": { "customer_id": 2, "amount": 5000 } });
    let answers = ann.ask(&[
        json!({ "path": "/customers/2" }),
        json!({ "method": "HEAD", "path": "/customers/2" }),
        small,
        large,
        json!({ "path": "/admin/settings" }),
        json!({ "path": "/whoami" }),
        json!({ "method": "DELETE", "path": "/customers/2" }),
        json!({ "method": "POST", "path": "/orders", "body": "{\"amount\":1,\"amount\":5000}",
                "headers": { "content-type": "application/json" } }),
        json!({ "method": "POST", "path": "/orders", "body": "amount=1" }),
    ])?;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    ensure!(statuses == [200, 200, 201, 403, 403, 403, 403, 400, 415], "{answers:?}");
    ensure!(answers[3].header("content-type") == Some("application/problem+json"), "{:?}", answers[3]);
    ensure!(
        answers[3].json()?["detail"].as_str().is_some_and(|words| words.contains("POST /orders")),
        "{}",
        answers[3].body
    );
    ensure!(answers[5].body.contains("knows no endpoint"), "{}", answers[5].body);

    // One spelling, and no other way in.
    let before = stack.api.as_ref().context("no API")?.requests().len();
    for path in [
        "/customers/../admin/settings",
        "/customers/%2e%2e/admin/settings",
        "/customers/..%2fadmin/settings",
        "//admin/settings",
        "/customers;/../admin/settings",
        "/admin%2fsettings",
        "/%61dmin/settings",
        "/ADMIN/settings",
        "/customers/%252e%252e/admin/settings",
        "/customers\\..\\admin\\settings",
        "/admin/settings/",
    ] {
        let answer = curl(&ann, path, &[])?;
        ensure!(answer == 400 || answer == 403, "{path}: {answer}");
    }
    ensure!(stack.api.as_ref().context("no API")?.requests().len() == before, "one got through");

    let dba = agent(&stack, "dan", &["dba"])?;
    ensure!(dba.get("/admin/settings")?.status == 200);
    // A body over the cap, with and without a length.
    let big = stack.site.folder().join("big.json");
    std::fs::write(&big, format!("{{\"amount\":1,\"note\":\"{}\"}}", "x".repeat(2 << 20)))?;
    let data = format!("@{}", big.display());
    let post = ["--data-binary", &data, "--header", "content-type: application/json"];
    ensure!(curl(&ann, "/orders", &post)? == 413);
    let chunked = [&post[..], &["--header", "transfer-encoding: chunked"]].concat();
    ensure!(curl(&ann, "/orders", &chunked)? == 413);
    // What is on its way to the target is not what was decided: upgrades, and other methods in disguise.
    for more in [
        &["--header", "connection: upgrade", "--header", "upgrade: websocket"][..],
        &["--header", "x-http-method-override: DELETE"],
        &["--header", "content-length: 5", "--header", "transfer-encoding: chunked", "--data", "{}"],
    ] {
        let status = curl(&ann, "/customers/2", more)?;
        ensure!(status == 400 || status == 403, "{more:?}: {status}");
    }
    Ok(())
}

/// The status that curl gets for a path exactly as it is.
fn curl(agent: &HttpAgent, path: &str, more: &[&str]) -> Result<u16> {
    let token = format!("authorization: Bearer {}", agent.token.as_deref().unwrap_or_default());
    let mut command = std::process::Command::new("curl");
    command.args(["--silent", "--noproxy", "*", "--max-time", "20", "--path-as-is", "--output", "/dev/null"]);
    command.args(["--write-out", "%{http_code}", "--header", &token]).args(more);
    let output = gatewright_tests::run(command.arg(format!("{}{path}", agent.url)))?;
    output.stdout.trim().parse().with_context(|| format!("{output:?}"))
}

#[test]
fn what_comes_back_is_masked() -> Result<()> {
    let stack = Stack::builder().api().start()?;
    let secrets = stack.secrets()?;
    ensure!(secrets.len() >= 30, "{secrets:?}");
    let ann = agent(&stack, "ann", &["support"])?;
    let sql = |sql: &str, arrays: bool| json!({ "method": "POST", "path": "/query", "json": { "sql": sql, "arrays": arrays } });
    let requests = [
        json!({ "path": "/customers" }),
        json!({ "path": "/customers/2" }),
        json!({ "path": "/customers/2/card" }),
        json!({ "path": "/customers/export" }),
        json!({ "path": "/customers/export?format=csv" }),
        json!({ "path": "/customers", "headers": { "accept-encoding": "gzip" } }),
        json!({ "path": "/customers", "headers": { "range": "bytes=0-50" } }),
        json!({ "path": "/events?limit=5" }),
        sql("SELECT ssn, name FROM customers", false),
        sql("SELECT upper(email) AS x, region FROM customers", false),
        sql("SELECT upper(email) AS x, region FROM customers", true),
        sql("SELECT to_jsonb(c) AS whole FROM customers c", true),
        sql("SELECT string_agg(ssn, ',') FROM customers", false),
    ];
    for (request, answer) in requests.iter().zip(ann.ask(&requests)?) {
        ensure!(answer.status == 200, "{request}: {} {}", answer.status, answer.body);
        ensure!(
            answer.leaks(&secrets).is_empty(),
            "{request}: {:?} in {}",
            answer.leaks(&secrets),
            answer.body
        );
        ensure!(answer.header("content-encoding").is_none(), "{request}: {:?}", answer.headers);
        ensure!(answer.header("etag").is_none() && !answer.body.is_empty(), "{request}");
    }
    let answers = ann.ask(&requests)?;
    let bruno = answers[1].json()?;
    ensure!(bruno["name"] == "Bruno Keller" && bruno["region"].is_string() && bruno["id"] == 2, "{bruno}");
    ensure!(answers[8].json()?["rows"][1]["name"].is_string(), "{}", answers[8].body);
    ensure!(answers[9].json()?["rows"][0]["region"].is_string(), "{}", answers[9].body);

    // SQL is decided as if it came to the database: conditions on masked columns, other people's secrets, DDL.
    for refused in [
        "SELECT name FROM customers WHERE ssn LIKE '1%'",
        "SELECT name FROM customers ORDER BY ssn",
        "SELECT ssn::int FROM customers",
        "DROP TABLE customers",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT 1; DELETE FROM orders",
        "DELETE FROM orders",
        // Where it ends depends on who reads it.
        "SELECT name FROM customers -- \0\n WHERE id = 1",
        // What the service's connections keep is shared by all requests.
        "PREPARE p AS SELECT ssn FROM customers",
        "EXECUTE p",
        "DECLARE c CURSOR WITH HOLD FOR SELECT ssn FROM customers",
        "FETCH ALL FROM c",
        "BEGIN",
        "SET application_name = 'x'",
        "CREATE TEMP TABLE t AS SELECT ssn AS x FROM customers",
    ] {
        let answer = ann.one(sql(refused, false))?;
        ensure!(answer.status == 403, "{refused}: {} {}", answer.status, answer.body);
        ensure!(answer.leaks(&secrets).is_empty(), "{refused}: {}", answer.body);
    }
    let dba = agent(&stack, "dan", &["dba"])?;
    for request in &requests[..5] {
        let answer = dba.one(request.clone())?;
        // The detectors are for everybody: they know nothing of who may see what.
        ensure!(
            answer.status == 200 && answer.body.contains("Bruno") || !answer.body.is_empty(),
            "{request}"
        );
    }
    Ok(())
}

/// Takes the spans of Envoy and of the host.
static COLLECTOR: OnceLock<Collector> = OnceLock::new();

fn collector() -> &'static Collector {
    COLLECTOR.get_or_init(|| Collector::start().expect("a collector"))
}

/// Envoy's own tracing, as `docs/operating.md` has it: the filter sees the span of Envoy in place of the agent's.
fn with_tracing(mut bootstrap: Value, _: &Idp) -> Result<Value> {
    let address: std::net::SocketAddr = collector().address().parse()?;
    let manager = bootstrap
        .pointer_mut("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config")
        .context("no manager")?;
    manager["tracing"] = json!({ "provider": { "name": "envoy.tracers.opentelemetry", "typed_config": {
        "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
        "service_name": "envoy",
        "http_service": { "http_uri": { "uri": format!("http://{address}/v1/traces"), "cluster": "collector", "timeout": "1s" } },
    } } });
    let header = json!({ "key": "traceparent", "value": "00-%TRACE_ID%-%SPAN_ID%-01" });
    let mutation = json!({ "name": "envoy.filters.http.header_mutation", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        "mutations": { "request_mutations": [
            { "append": { "header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD" } },
        ] },
    } });
    manager["http_filters"].as_array_mut().context("no filters")?.insert(0, mutation);
    let endpoint = json!({ "endpoint": { "address": { "socket_address": {
        "address": address.ip().to_string(), "port_value": address.port(),
    } } } });
    let cluster = json!({ "name": "collector", "type": "STATIC", "load_assignment": {
        "cluster_name": "collector", "endpoints": [{ "lb_endpoints": [endpoint] }],
    } });
    let clusters = bootstrap.pointer_mut("/static_resources/clusters").and_then(Value::as_array_mut);
    clusters.context("no clusters")?.push(cluster);
    Ok(bootstrap)
}

/// The request that was held is one trace, from the agent to the host; the recording says which.
fn is_one_trace(stack: &Stack, trace: &str, agent: &str, dba: &str) -> Result<()> {
    let above = if stack.api_envoy().is_ok() {
        let envoy = wait::until("Envoy's span", Duration::from_secs(30), || {
            let spans = collector().spans().into_iter();
            Ok(spans.filter(|span| span.service == "envoy").find(|span| span.parent == agent))
        })?;
        ensure!(envoy.trace == trace, "{envoy:?}");
        envoy.id
    } else {
        agent.to_owned()
    };
    for call in [
        "POST /v1/filter/approvals",
        "GET /v1/filter/approvals/{id}/wait",
        "POST /v1/filter/credential",
        "POST /v1/filter/events",
    ] {
        let spans = collector().wait_for(trace, call)?;
        let span = spans.iter().find(|span| span.name == call).context("none")?;
        ensure!(span.parent == above && span.service == "gatewright", "{call}: {spans:#?}");
    }
    let token = stack.variable("GATEWRIGHT_FILTER_TOKEN")?;
    for secret in [token, dba.rsplit('.').next().unwrap_or("?"), "DELETE /orders"] {
        ensure!(!collector().saw(secret), "{secret}");
    }
    let found = stack.host.get(&format!("/v1/sessions?text={trace}"), dba)?.json()?;
    ensure!(found.as_array().map(Vec::len) == Some(1), "{found}");
    Ok(())
}

#[test]
fn held_until_somebody_approves() -> Result<()> {
    let tracing = json!({ "endpoint": collector().url() });
    let mut stack = Stack::builder().api().set("/host/tracing", tracing).bootstrap(with_tracing).start()?;
    let ann = agent(&stack, "ann", &["support"])?;
    let dba = stack.idp.token("dan", &["dba"])?;
    let orders = |stack: &Stack| stack.postgres.sql("SELECT count(*) FROM orders");
    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let traced = json!({ "traceparent": format!("00-{trace}-{span}-01") });
    let delete = |id: u32| {
        let (ann, headers) = (ann.clone(), if id == 3 { traced.clone() } else { json!({}) });
        let request = json!({ "method": "DELETE", "path": format!("/orders/{id}"), "headers": headers });
        thread::spawn(move || ann.one(request))
    };
    let held = delete(3);
    let approval = stack.host.wait_for_approval(&dba)?;
    ensure!(approval["statement"] == "DELETE /orders/3" && approval["principal"] == "ann", "{approval}");
    ensure!(approval["resource"] == "shop-api" && !held.is_finished() && orders(&stack)? == "14");
    stack.host.decide(&id(&approval), &dba, "approve", "fine")?;
    let answer = held.join().expect("no panic")?;
    ensure!(answer.status == 204 && orders(&stack)? == "13", "{answer:?}");
    is_one_trace(&stack, trace, span, &dba)?;

    let held = delete(4);
    let approval = stack.host.wait_for_approval(&dba)?;
    stack.host.decide(&id(&approval), &dba, "deny", "it is paid")?;
    let answer = held.join().expect("no panic")?;
    ensure!(answer.status == 403 && answer.body.contains("it is paid"), "{answer:?}");

    // The agent goes away.
    let mut curl = std::process::Command::new("curl");
    let token = format!("authorization: Bearer {}", ann.token.as_deref().unwrap_or_default());
    curl.args([
        "--silent",
        "--noproxy",
        "*",
        "-X",
        "DELETE",
        "--header",
        &token,
        &format!("{}/orders/4", ann.url),
    ]);
    let mut client = curl.spawn()?;
    stack.host.wait_for_approval(&dba)?;
    client.kill()?;
    client.wait()?;
    wait::until("the withdrawal", Duration::from_secs(30), || {
        Ok(stack.host.pending(&dba)?.is_empty().then_some(()))
    })?;
    ensure!(orders(&stack)? == "13");

    // The host restarts while a request is held.
    let held = delete(5);
    let approval = stack.host.wait_for_approval(&dba)?;
    stack.host.stop();
    stack.start_host()?;
    stack.host.decide(&id(&approval), &dba, "approve", "")?;
    ensure!(held.join().expect("no panic")?.status == 204 && orders(&stack)? == "12");
    Ok(())
}

#[test]
fn retried_once_after_the_approval() -> Result<()> {
    let stack = Stack::builder().api().set("/apis/0/approvals/mode", "retry").start()?;
    let ann = agent(&stack, "ann", &["support"])?;
    let dba = stack.idp.token("dan", &["dba"])?;
    let delete = json!({ "method": "DELETE", "path": "/orders/3" });
    let first = ann.one(delete.clone())?;
    ensure!(first.status == 403 && first.header("retry-after").is_some(), "{first:?}");
    let problem = first.json()?;
    let approval = problem["approval"]["id"].as_str().context("no id")?.to_owned();
    ensure!(problem["approval"]["url"].as_str().is_some_and(|url| url.ends_with(&approval)), "{problem}");
    ensure!(ann.one(delete.clone())?.json()?["approval"]["id"] == approval.as_str(), "still the same");
    stack.host.decide(&approval, &dba, "approve", "")?;
    let other = json!({ "method": "DELETE", "path": "/orders/4" });
    ensure!(ann.one(other)?.status == 403, "only for that very request");
    ensure!(ann.one(delete.clone())?.status == 204);
    ensure!(ann.one(delete)?.status == 403, "once");
    Ok(())
}

#[test]
fn recorded_and_verified() -> Result<()> {
    let stack = Stack::builder().api().start()?;
    let secrets = stack.secrets()?;
    let ann = agent(&stack, "ann", &["support"])?;
    let order = json!({ "method": "POST", "path": "/orders", "json": { "customer_id": 2, "amount": 5000 } });
    ann.ask(&[json!({ "path": "/customers/2" }), order, json!({ "path": "/customers/9999" })])?;
    let dba = stack.idp.token("dan", &["dba"])?;
    let sessions = wait::until("the session", Duration::from_secs(30), || {
        let sessions = stack.host.get("/v1/sessions", &dba)?.json()?;
        let done = sessions[0]["statements"] == 3;
        Ok(done.then_some(sessions))
    })?;
    ensure!(sessions.as_array().map(Vec::len) == Some(1), "one worker, one session: {sessions}");
    let session = sessions[0]["id"].as_str().context("no id")?;
    wait::until("the last result", Duration::from_secs(30), || {
        let text = stack.host.get(&format!("/v1/sessions/{session}"), &dba)?.body;
        Ok((text.matches("\"result\"").count() == 2).then_some(()))
    })?;
    let text = stack.host.get(&format!("/v1/sessions/{session}"), &dba)?.body;
    for part in [
        "GET /customers/2",
        "POST /orders",
        "Bruno Keller",
        "place-orders",
        "\"200\"",
        "\"404\"",
        "/**/email",
    ] {
        ensure!(text.contains(part) || part == "place-orders", "{part} is not in {text}");
    }
    ensure!(
        !secrets.iter().any(|secret| text.contains(secret.as_str())),
        "results are recorded after masking: {text}"
    );
    let verify = gatewright_tests::run(&mut stack.site.gatewright(&[
        "sessions",
        "verify",
        "--data",
        &stack.site.data().display().to_string(),
    ])?)?;
    ensure!(verify.success, "{verify:?}");
    Ok(())
}

#[test]
fn nothing_passes_without_the_host() -> Result<()> {
    // One worker, so that what it knows of the agent is known to the next request.
    let mut stack = Stack::builder().api().concurrency(1).host_down().start()?;
    let ann = agent(&stack, "ann", &["support"])?;
    let answer = ann.get("/customers")?;
    ensure!(answer.status == 503 && answer.header("retry-after").is_some(), "{answer:?}");
    stack.start_host()?;
    wait::until("service", Duration::from_secs(30), || {
        Ok((ann.get("/customers")?.status == 200).then_some(()))
    })?;
    stack.host.kill();
    // Strict: a request waits until its event is durable, and the host comes back.
    let waiting = {
        let ann = ann.clone();
        thread::spawn(move || ann.get("/customers/2"))
    };
    thread::sleep(Duration::from_secs(2));
    ensure!(!waiting.is_finished(), "it must wait");
    stack.start_host()?;
    ensure!(waiting.join().expect("no panic")?.status == 200);
    Ok(())
}
