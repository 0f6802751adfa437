//! What suites about notifications have in common: somebody asks, somebody decides, and metrics say how it went.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::host::{FILTER_TOKEN, Host};

/// A host whose configuration goes on like this, with such files beside it. Its receivers have been heard of.
pub(crate) async fn with_config(more: &str, files: &[(&str, &str)]) -> Host {
    let mut host = Host::start(1);
    host.stop();
    let path = host.folder.path().join("gatewright.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{config}{more}")).unwrap();
    for (name, text) in files {
        std::fs::write(host.folder.path().join(name), format!("{text}\n")).unwrap();
    }
    host.start_again();
    until_receivers_are_known(&host).await;
    host
}

/// Waits until the host has heard of each receiver and sink of its configuration: it tells them of what happens after it
/// first heard of them, and nothing else. It keeps the place of each from then on.
pub(crate) async fn until_receivers_are_known(host: &Host) {
    let config = std::fs::read_to_string(host.folder.path().join("gatewright.yaml")).unwrap();
    let config: Value = serde_saphyr::from_str(&config).unwrap();
    let many = |section: &str| config[section].as_array().map_or(0, Vec::len);
    let expected = i64::try_from(many("notifications") + many("siem")).unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new();
    let options = options.filename(host.folder.path().join("data/gatewright.sqlite"));
    let database = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let query = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM notified");
        let known = query.fetch_one(&database).await.unwrap();
        if known >= expected {
            break;
        }
        assert!(Instant::now() < deadline, "{known} of {expected} receivers are known");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    database.close().await;
}

/// What a filter asks for where nothing about it matters.
#[allow(dead_code, reason = "only some suites ask so")]
pub(crate) fn plain(digest: &str) -> Value {
    json!({
        "resource": "shop", "session": "asker", "principal": "ann", "issuer": "https://idp.example", "role": "support",
        "statement": "DELETE FROM orders", "parameters": [], "digest": digest, "reason": "deleting",
        "approvers": ["dba"], "min_approvals": 1, "expires_s": 600, "mode": "hold", "policies": ["p"],
    })
}

/// Asks for an approval; its id.
pub(crate) async fn ask(host: &Host, principal: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut request = json!({
        "resource": "shop", "session": "s1", "principal": principal, "issuer": "https://idp.example",
        "role": "support", "statement": "DELETE FROM people WHERE email = 'canary-statement'",
        "parameters": ["canary-parameter"], "digest": principal, "reason": "deleting people", "approvers": ["dba"],
        "min_approvals": 1, "expires_s": 600, "mode": "hold", "policies": ["delete"],
        "needs": [
            { "action": "delete", "resource": "Table::\"shop.public.people\"" },
            { "action": "call", "resource": "Endpoint::\"api.GET /people/canary-path\"" },
        ],
        "shape": "DELETE 'canary-shape'",
    });
    change(&mut request);
    let (status, reply) = host.post("/v1/filter/approvals", FILTER_TOKEN, &request).await;
    assert_eq!(status, 200, "{reply}");
    reply["id"].as_str().unwrap().to_owned()
}

/// Dan, a dba, decides.
pub(crate) async fn decide(host: &Host, id: &str, decision: &str) {
    let body = json!({ "decision": decision, "comment": "canary-comment" });
    let dan = host.token("dan", &["dba"]);
    let (status, said) = host.post(&format!("/v1/approvals/{id}/decision"), &dan, &body).await;
    assert_eq!(status, 200, "{said}");
}

/// How many notifications of a receiver ended so.
pub(crate) async fn metric(host: &Host, target: &str, outcome: &str) -> u64 {
    let text = reqwest::get(format!("{}/metrics", host.url)).await.unwrap().text().await.unwrap();
    let start = format!("gatewright_notifications_total{{target=\"{target}\",outcome=\"{outcome}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&start)).unwrap().parse().unwrap()
}

/// Waits until so many did: a receiver has a notification a moment before the host counts it.
pub(crate) async fn until_metric(host: &Host, target: &str, outcome: &str, at_least: u64) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while metric(host, target, outcome).await < at_least {
        assert!(Instant::now() < deadline, "{target} is not {outcome}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
