//! A small blocking HTTP client.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

/// An answer; any status is one.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Body text.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body)
            .with_context(|| format!("{} with a body that is not JSON", self.status))
    }
}

/// GET, with a bearer token where one is given.
pub fn get(url: &str, token: Option<&str>) -> Result<Reply> {
    let mut request = agent().get(url);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    read(url, request.call())
}

/// POST of JSON, with a bearer token where one is given.
pub fn post(url: &str, token: Option<&str>, body: &Value) -> Result<Reply> {
    let mut request = agent().post(url).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    read(url, request.send(body.to_string()))
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(60)))
        // All of this is on loopback, whatever the environment says about proxies.
        .proxy(None)
        .build()
        .into()
}

fn read(url: &str, reply: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Reply> {
    let mut reply = reply.with_context(|| format!("asking {url}"))?;
    let body = reply.body_mut().with_config().limit(256 << 20).read_to_string()?;
    Ok(Reply { status: reply.status().as_u16(), body })
}

/// A message without what differs by the proxy's name or with each request; header fields in the order of their names.
pub fn normal(text: &str) -> String {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return text.to_owned() };
    let own = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default();
        // Envoy tells the machine's own address for loopback, and when it will close.
        let own = ["date", "server", "x-request-id", "x-forwarded-for", "connection"];
        !name.starts_with("x-envoy-") && !own.contains(&name)
    };
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let mut fields: Vec<&str> = lines.filter(own).collect();
    fields.sort_by_key(|line| line.split(':').next().unwrap_or_default().to_owned());
    format!("{first}\n{}\n\n{body}", fields.join("\n"))
}
