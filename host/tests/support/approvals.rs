//! What suites about notifications have in common: somebody asks, somebody decides, and metrics say how it went.

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
    // A receiver is told of what happens after it was first heard of.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    host
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
