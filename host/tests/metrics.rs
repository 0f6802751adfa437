//! What Prometheus and Kubernetes ask the host.

#[path = "support/events.rs"]
mod events;
#[path = "support/host.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod host;
#[path = "support/openmetrics.rs"]
mod openmetrics;
#[path = "support/postgres.rs"]
mod postgres;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use gatewright_core::api::EventBatch;
use gatewright_core::event::Kind;
use gatewright_core::run::{Chain, Lines};
use host::{FILTER_TOKEN, Host, PASSWORD};
use openmetrics::Scrape;
use postgres::Postgres;
use serde_json::{Value, json};

/// A database of which the test's configuration is true.
fn shop() -> Postgres {
    let postgres = Postgres::start();
    let schema = "CREATE TABLE people (email text, phone text);
        CREATE FUNCTION public.helper() RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE FUNCTION public.initials(text) RETURNS text IMMUTABLE LANGUAGE sql RETURN left($1, 1);
        CREATE FUNCTION public.latest(int) RETURNS int IMMUTABLE LANGUAGE sql RETURN $1;";
    postgres.sql("shop", schema);
    postgres.sql("shop", &format!("CREATE ROLE support LOGIN PASSWORD '{PASSWORD}'"));
    postgres
}

async fn scrape(host: &Host, token: Option<&str>) -> reqwest::Response {
    let request = reqwest::Client::new().get(format!("{}/metrics", host.url));
    token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth).send().await.unwrap()
}

async fn read(host: &Host) -> Scrape {
    let response = scrape(host, None).await;
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let text = response.text().await.unwrap();
    Scrape::read(&text).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"))
}

/// A batch in which three statements are decided about and a login is refused.
fn batch(resource: &str, session: &str) -> String {
    let mut lines = Lines::default();
    for decision in ["allow", "allow", "deny"] {
        let kind = events::statement(1, r#"SELECT '"kind":"statement","decision":"hold"'"#, decision, &[]);
        lines.push(1, &kind);
    }
    lines.push(1, &Kind::Close { reason: "over".to_owned() });
    let mut refused = Lines::default();
    let kind = Kind::Refused { resource: resource.to_owned(), source: String::new(), reason: String::new() };
    refused.push(1, &kind);
    let runs =
        vec![Chain::new(session).seal(&lines), Chain::new(format!("{session} refused")).seal(&refused)];
    String::from_utf8(EventBatch { resource: resource.to_owned(), runs }.lines()).unwrap()
}

fn approval(digest: &str, mode: &str) -> Value {
    json!({
        "resource": "shop", "session": "s1", "principal": "ann", "issuer": "https://idp.example", "role": "support",
        "statement": "DELETE FROM orders", "parameters": [], "digest": digest, "reason": "deleting",
        "approvers": ["dba"], "min_approvals": 1, "expires_s": 600, "mode": mode,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_what_happened() {
    let host = Host::start(1);
    let dan = host.token("dan", &["dba"]);
    // A resource whose name would break the format if it were not escaped.
    for resource in ["shop", "a\"b\\c\nd"] {
        // Sent twice, as a filter does that lost the answer: it happened once.
        for _ in 0..2 {
            let body = batch(resource, &format!("{resource} s1"));
            let (status, said) = host.post_text("/v1/filter/events", FILTER_TOKEN, &body).await;
            assert_eq!(status, 200, "{said}");
        }
    }
    assert_eq!(host.post_text("/v1/filter/events", FILTER_TOKEN, "nonsense").await.0, 400);
    for digest in ["d1", "d2", "d3"] {
        let (status, asked) =
            host.post("/v1/filter/approvals", FILTER_TOKEN, &approval(digest, "hold")).await;
        assert_eq!(status, 200, "{asked}");
        if digest == "d3" {
            let path = format!("/v1/approvals/{}/decision", asked["id"].as_str().unwrap());
            let deny = json!({ "decision": "deny" });
            assert_eq!(host.post(&path, &dan, &deny).await.0, 200);
            assert_eq!(host.post(&path, &dan, &deny).await.0, 409);
        }
    }
    assert_eq!(host.get("/v1/nowhere/0123456789", &dan).await.0, 404);
    host.get("/v1/filter/bundle?resource=shop", FILTER_TOKEN).await;

    let seen = read(&host).await;
    let value = |name: &str, labels: &[(&str, &str)]| seen.value(name, labels);
    for resource in ["shop", "a\"b\\c\nd"] {
        let decided =
            |decision| value("gatewright_decisions_total", &[("resource", resource), ("decision", decision)]);
        assert_eq!((decided("allow"), decided("deny"), decided("hold")), (Some(2.0), Some(1.0), None));
        assert_eq!(value("gatewright_events_total", &[("resource", resource)]), Some(5.0));
        assert_eq!(value("gatewright_refusals_total", &[("resource", resource)]), Some(1.0));
    }
    assert_eq!(value("gatewright_batches_rejected_total", &[("reason", "unreadable")]), Some(1.0));
    assert_eq!(value("gatewright_approvals", &[("state", "pending")]), Some(2.0));
    assert_eq!(value("gatewright_approvals", &[("state", "denied")]), Some(1.0));
    assert!(value("gatewright_approvals_oldest_pending_seconds", &[]).is_some_and(|s| s < 60.0));
    // Four runs, and five steps: three times asked, a vote and its outcome.
    assert_eq!(value("gatewright_log_entries", &[]), Some(9.0));
    assert_eq!(value("gatewright_batches_waiting", &[]), Some(0.0));
    assert_eq!(value("gatewright_bundle_ready", &[("resource", "shop")]), Some(0.0));
    assert!(value("gatewright_bundle_faults", &[("resource", "shop")]).is_some_and(|faults| faults > 0.0));
    let answers = |method, route, status| {
        let labels = [("method", method), ("route", route), ("status", status)];
        value("gatewright_http_answer_seconds_count", &labels)
    };
    assert_eq!(answers("POST", "/v1/filter/events", "200"), Some(4.0));
    assert_eq!(answers("POST", "/v1/approvals/{id}/decision", "200"), Some(1.0));
    assert_eq!(answers("POST", "/v1/approvals/{id}/decision", "409"), Some(1.0));
    assert_eq!(answers("GET", "none", "404"), Some(1.0));
    // Neither ids nor paths nor methods that somebody makes up become series.
    let odd = reqwest::Method::from_bytes(b"MADEUP").unwrap();
    reqwest::Client::new().request(odd, format!("{}/made/up", host.url)).send().await.unwrap();
    let text = scrape(&host, None).await.text().await.unwrap();
    for made_up in ["0123456789", "MADEUP", "made/up", "ann", "dan", "DELETE"] {
        assert!(!text.contains(made_up), "{made_up} is in {text}");
    }
    // The file follows the database within a moment.
    let deadline = Instant::now() + Duration::from_secs(30);
    while read(&host).await.value("gatewright_checkpoint_file_entries", &[]) != Some(9.0) {
        assert!(Instant::now() < deadline, "the checkpoint's file does not follow");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_may_want_a_token() {
    let mut host = Host::start(1);
    let path = host.folder.path().join("gatewright.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    let config = config.replace("  auditors:", "  metrics_token: { file: metrics.token }\n  auditors:");
    std::fs::write(host.folder.path().join("metrics.token"), "scrape-me\n").unwrap();
    std::fs::write(&path, config).unwrap();
    host.restart();
    for (token, status) in
        [(None, 401), (Some("scrape"), 401), (Some(FILTER_TOKEN), 401), (Some("scrape-me"), 200)]
    {
        assert_eq!(scrape(&host, token).await.status().as_u16(), status, "{token:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_while_the_database_can_be_written_and_catalogues_are_read() {
    let postgres = shop();
    let host = Host::start(postgres.port);
    host.until("readiness", "/readyz", |status, _| status == 200).await;
    assert_eq!(host.get("/healthz", "").await.0, 200);
    let bundle = host.bundle("the bundle", |_| true).await;
    let digest = bundle["digest"].as_str().unwrap();
    let labels = [("resource", "shop"), ("digest", digest)];
    assert_eq!(read(&host).await.value("gatewright_bundle_info", &labels), Some(1.0));

    // Somebody else holds the database's lock: nothing can be written.
    let options =
        sqlx::sqlite::SqliteConnectOptions::new().filename(host.folder.path().join("data/gatewright.sqlite"));
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&pool).await.unwrap();
    let said = host.until("the lock", "/readyz", |status, _| status == 503).await;
    assert_eq!((&said["ready"], &said["store"]), (&json!(false), &json!("it cannot be written")));
    assert_eq!(said["resources"]["shop"]["status"], "ready");
    assert_eq!(host.get("/healthz", "").await.0, 200, "it lives nevertheless");
    sqlx::raw_sql("ROLLBACK").execute(&pool).await.unwrap();
    pool.close().await;
    let said = host.until("readiness again", "/readyz", |status, _| status == 200).await;
    assert_eq!((&said["ready"], &said["store"]), (&json!(true), &json!("writable")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_names_metrics_that_are_there() {
    let postgres = shop();
    let mut host = Host::start(postgres.port);
    let path = host.folder.path().join("gatewright.yaml");
    let receiver = "notifications:\n  - { name: nobody, webhook: { url: \"http://127.0.0.1:9\", secret: { file: hook } } }\n\
                    siem:\n  - { name: nobody, syslog: { server: 127.0.0.1, port: 9, tls: false } }\n";
    let config = std::fs::read_to_string(&path).unwrap() + receiver;
    // Nothing takes them there.
    let tracing = "  tracing: { endpoint: \"http://127.0.0.1:9\" }\n  auditors:";
    let config = config.replace("  auditors:", tracing);
    std::fs::write(host.folder.path().join("hook"), "x".repeat(32)).unwrap();
    std::fs::write(&path, config).unwrap();
    host.restart();
    host.bundle("the bundle", |_| true).await;
    host.post_text("/v1/filter/events", FILTER_TOKEN, &batch("shop", "s0")).await;
    host.post_text("/v1/filter/events", FILTER_TOKEN, "nonsense").await;
    host.post("/v1/filter/approvals", FILTER_TOKEN, &approval("d1", "hold")).await;
    // A grant, so that there is one to be counted.
    let (_, asked) = host.post("/v1/filter/approvals", FILTER_TOKEN, &approval("d2", "hold")).await;
    let path = format!("/v1/approvals/{}/decision", asked["id"].as_str().unwrap());
    let approve = json!({ "decision": "approve", "grant": "1m" });
    assert_eq!(host.post(&path, &host.token("dan", &["dba"]), &approve).await.0, 200);
    let seen = read(&host).await;
    let there: BTreeSet<&str> = seen.samples.keys().map(|(name, _)| name.as_str()).collect();

    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/grafana/gatewright.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let targets =
        dashboard["panels"].as_array().unwrap().iter().filter_map(|panel| panel["targets"].as_array());
    let mut queries: Vec<&str> = targets.flatten().map(|target| target["expr"].as_str().unwrap()).collect();
    queries.extend(
        dashboard["templating"]["list"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|list| list["query"]["query"].as_str()),
    );
    assert!(queries.len() > 20, "{queries:?}");
    let mut named = BTreeSet::new();
    for query in queries {
        let words = query.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let metrics: Vec<&str> = words.filter(|word| word.starts_with("gatewright_")).collect();
        assert!(!metrics.is_empty(), "{query} asks for nothing of ours");
        for metric in metrics {
            assert!(there.contains(metric), "{metric} is not there: {query}");
            named.insert(metric);
        }
    }
    // And whatever there is, is on the dashboard.
    for family in seen.families.keys() {
        assert!(named.iter().any(|metric| metric.starts_with(family.as_str())), "{family} is not shown");
    }
}
