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
