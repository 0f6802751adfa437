//! Deployments of filters with tokens of their own: what one may ask for, and what it may not.

#[allow(dead_code, reason = "each suite uses a part of it")]
#[path = "support/approvals.rs"]
mod approvals;
#[allow(dead_code, reason = "each suite uses a part of it")]
#[path = "support/host.rs"]
mod host;

use gatewright_core::api::EventBatch;
use gatewright_core::event::Kind;
use gatewright_core::run::{Chain, Lines};
use host::{FILTER_TOKEN, Host};
use serde_json::{Value, json};

const EDGE: &str = "token-of-the-edge";

/// A host of two resources, of which `other` has filters of its own.
fn start() -> Host {
    let mut host = Host::start(1);
    host.stop();
    let (path, token) = (host.folder.path().join("gatewright.yaml"), host.folder.path().join("edge.token"));
    let config = std::fs::read_to_string(&path).unwrap();
    let at = "  filter_token: { env: GATEWRIGHT_FILTER_TOKEN }\n";
    let edge = "  filters: [{ name: edge, token: { file: edge.token }, resources: [other] }]\n";
    let other = "  - name: other\n    kind: postgres\n    target: { address: \"127.0.0.1:1\" }\n    database: shop\n    \
                 roles: [{ name: support, password: { env: SHOP_PASSWORD } }]\n";
    std::fs::write(&path, config.replace(at, &format!("{at}{edge}")) + other).unwrap();
    std::fs::write(token, EDGE).unwrap();
    host.start_again();
    host
}

fn batch(resource: &str, chain: &mut Chain) -> String {
    let mut lines = Lines::default();
    lines.push(1_700_000_000_000, &Kind::Close { reason: "bye".to_owned() });
    let batch = EventBatch { resource: resource.to_owned(), runs: vec![chain.seal(&lines)] };
    String::from_utf8(batch.lines()).unwrap()
}

fn approval(resource: &str) -> Value {
    let mut approval = approvals::plain("d");
    approval["resource"] = resource.into();
    approval["mode"] = "retry".into();
    approval
}

fn login(resource: &str) -> Value {
    json!({ "resource": resource, "session": "s1", "role": "support", "token": "nobody's", "step": "user" })
}

#[tokio::test]
async fn a_token_is_for_its_resources_alone() {
    let host = start();
    for (token, resource, refused) in
        [(EDGE, "other", false), (EDGE, "shop", true), (EDGE, "none", true), (FILTER_TOKEN, "other", false)]
    {
        let bundle = host.get(&format!("/v1/filter/bundle?resource={resource}"), token).await;
        let login = host.post("/v1/filter/login", token, &login(resource)).await;
        let asked = host.post("/v1/filter/approvals", token, &approval(resource)).await;
        let tools = json!({ "resource": resource, "tools": [] });
        let tools = host.post("/v1/filter/tools", token, &tools).await;
        let events = batch(resource, &mut Chain::new(format!("{token}-{resource}")));
        let events = host.post_text("/v1/filter/events", token, &events).await;
        for (status, answer) in [bundle, login, asked, tools, events] {
            assert!(status == 403 || !refused, "{token} {resource}: {status} {answer}");
            let told = answer["detail"].as_str().is_some_and(|detail| detail.contains("the filter `edge`"));
            assert_eq!(told, refused, "{answer}");
        }
    }
    // Its database cannot be looked at: there is no bundle yet.
    assert_eq!(host.get("/v1/filter/bundle?resource=shop", FILTER_TOKEN).await.0, 503);
    assert_eq!(host.get("/v1/filter/bundle?resource=other", "token-of-nobody").await.0, 401);
    assert_eq!(host.get("/v1/filter/bundle?resource=other", "").await.0, 401);

    // What belongs to another resource is not there for it, and cannot be gone on with.
    let (_, asked) = host.post("/v1/filter/approvals", FILTER_TOKEN, &approval("shop")).await;
    let id = asked["id"].as_str().unwrap();
    for path in
        [format!("/v1/filter/approvals/{id}/withdraw"), "/v1/filter/approvals/NONE/withdraw".to_owned()]
    {
        assert_eq!(host.post(&path, EDGE, &Value::Null).await.0, 404);
    }
    assert_eq!(host.get(&format!("/v1/filter/approvals/{id}/wait"), EDGE).await.0, 404);
    let mut chain = Chain::new("of-the-shop".to_owned());
    let first = batch("shop", &mut chain);
    assert_eq!(host.post_text("/v1/filter/events", FILTER_TOKEN, &first).await.0, 200);
    let (status, answer) = host.post_text("/v1/filter/events", EDGE, &batch("other", &mut chain)).await;
    assert_eq!(status, 409, "{answer}");
    assert_eq!(
        host.post(&format!("/v1/filter/approvals/{id}/withdraw"), FILTER_TOKEN, &Value::Null).await.0,
        200
    );
}

#[tokio::test]
async fn what_is_wrong_with_them_is_said() {
    let host = Host::start(1);
    let path = host.folder.path().join("gatewright.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    let at = "  filter_token: { env: GATEWRIGHT_FILTER_TOKEN }\n";
    std::fs::write(host.folder.path().join("edge.token"), FILTER_TOKEN).unwrap();
    let edge = "{ name: edge, token: { file: edge.token }, resources: [RESOURCES] }";
    for (section, said) in [
        (String::new(), "no filter may ask for `shop`"),
        (format!("  filters: [{}]\n", edge.replace("RESOURCES", "shpo")), "no resource and no API `shpo`"),
        (
            format!("  filters: [{}]\n", edge.replace("RESOURCES", "")),
            "expected at least one resource or API",
        ),
        (
            format!("{at}  filters: [{}]\n", edge.replace("RESOURCES", "shop")),
            "the same as that of `host.filter_token`",
        ),
    ] {
        std::fs::write(&path, config.replace(at, &section)).unwrap();
        let output = host.run(&["serve", "--config", "gatewright.yaml"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(said), "{section}: {told}");
    }
}
