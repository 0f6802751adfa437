//! What suites about personal access tokens have in common: dan makes some, and they are presented.

use std::sync::LazyLock;

use reqwest::Method;
use serde_json::{Value, json};

use crate::approvals::with_config;
use crate::host::Host;

pub(crate) const PEOPLE: &str =
    "people: { issuer: https://idp.example, client_id: pages, tokens: { max_lifetime: 60d } }\n";
const POLICY: &str = "@id(\"delete\") @approvers(\"dba\")\n\
                      permit (principal, action == Action::\"delete\", resource) when { context.approved };";
pub(crate) const SCOPES: [&str; 6] =
    ["approvals:read", "approvals:decide", "grants:read", "grants:write", "sessions:read", "log:read"];

pub(crate) async fn start() -> Host {
    with_config(PEOPLE, &[("policies/delete.cedar", POLICY)]).await
}

/// Dan decides about approvals and reads recordings.
pub(crate) fn dan(host: &Host) -> String {
    host.person("dan", &["dba", "audit"])
}

/// An answer with the header that says what is wrong with the token.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) challenge: String,
    pub(crate) body: Value,
}

/// Follows nothing, and keeps no connection for another test's runtime.
pub(crate) static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.pool_max_idle_per_host(0).build().unwrap()
});

/// Of what does not end, only how it begins.
pub(crate) async fn send(
    host: &Host,
    method: &Method,
    path: &str,
    bearer: &str,
    body: Option<&Value>,
) -> Answer {
    let mut request = CLIENT.request(method.clone(), format!("{}{path}", host.url)).bearer_auth(bearer);
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let challenge = answer.headers().get("www-authenticate").map(|text| text.to_str().unwrap().to_owned());
    let body = match path {
        "/v1/changes" if status == 200 => Value::Null,
        _ => serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default(),
    };
    Answer { status, challenge: challenge.unwrap_or_default(), body }
}

pub(crate) async fn get(host: &Host, path: &str, bearer: &str) -> Answer {
    send(host, &Method::GET, path, bearer, None).await
}

/// Makes a token; its id and itself.
pub(crate) async fn make(host: &Host, person: &str, scopes: &[&str], lasts: &str) -> (String, String) {
    let body = json!({ "name": "of the test", "scopes": scopes, "lasts": lasts });
    let (status, made) = host.post("/v1/tokens", person, &body).await;
    assert_eq!(status, 201, "{made}");
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

pub(crate) async fn revoke(host: &Host, person: &str, id: &str) -> Answer {
    send(host, &Method::DELETE, &format!("/v1/tokens/{id}"), person, None).await
}
