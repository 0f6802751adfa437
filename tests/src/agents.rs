//! Agents that speak HTTP and MCP with the usual libraries, told nothing but a URL and a token: the scripts in
//! `tests/clients`, which say what they take and print.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{run, tools};

/// An httpx client, new with each call.
#[derive(Debug, Clone)]
pub struct HttpAgent {
    /// URL without a path.
    pub url: String,
    /// Bearer token of requests that have no `authorization` of their own.
    pub token: Option<String>,
    /// HTTP/2 with prior knowledge, instead of HTTP/1.1.
    pub http2: bool,
}

/// What it got.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `HTTP/1.1` or `HTTP/2`.
    pub http: String,
    /// The client's port: answers with the same one came over one connection.
    pub connection: u64,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Decompressed; empty where only events were asked for.
    pub body: String,
    /// Server-sent events, each with `id`, `event` and `data`.
    pub events: Vec<Value>,
}

/// How an MCP client comes to a revision of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Asks with `server/discover`, and falls back to the handshake.
    Auto,
    /// The handshake of the revisions up to 2025-11-25.
    Legacy,
    /// Revision 2026-07-28 without asking.
    Modern,
}

/// A client of the official MCP SDK, new with each call.
#[derive(Debug, Clone)]
pub struct McpAgent {
    /// URL with the path.
    pub endpoint: String,
    /// Bearer token.
    pub token: Option<String>,
    /// How it connects.
    pub mode: Mode,
}

impl HttpAgent {
    /// A client of HTTP/1.1.
    pub fn new(url: &str, token: Option<&str>) -> Self {
        Self { url: url.to_owned(), token: token.map(str::to_owned), http2: false }
    }

    /// The same over HTTP/2.
    pub fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// Sends requests one by one, and fails where one got no answer.
    pub fn ask(&self, requests: &[Value]) -> Result<Vec<Answer>> {
        let mut client = client("http_client.py", &self.url, self.token.as_deref(), requests);
        if self.http2 {
            client.env("GW_HTTP2", "1");
        }
        let lines = lines(&mut client)?;
        ensure!(lines.len() == requests.len(), "{} answers to {} requests", lines.len(), requests.len());
        lines.iter().map(answer).collect()
    }

    /// GET of one path.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.one(serde_json::json!({ "path": path }))
    }

    /// Sends one request.
    pub fn one(&self, request: Value) -> Result<Answer> {
        self.ask(&[request])?.pop().context("no answer")
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body)
            .with_context(|| format!("not JSON, with {}: {}", self.status, self.body))
    }

    /// Those of the values that are in it.
    pub fn leaks<'a>(&self, secrets: &'a [String]) -> Vec<&'a str> {
        let all = format!("{:?} {}", self.headers, self.body);
        secrets.iter().map(String::as_str).filter(|secret| all.contains(secret)).collect()
    }

    /// The first header of a name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl McpAgent {
    /// A client that connects as its SDK does by itself.
    pub fn new(endpoint: &str, token: Option<&str>) -> Self {
        Self { endpoint: endpoint.to_owned(), token: token.map(str::to_owned), mode: Mode::Auto }
    }

    /// The same in another mode.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Connects, takes steps one by one and gives what the script printed, a failure too. Without steps it lists
    /// everything.
    pub fn take(&self, steps: &[Value]) -> Result<Vec<Value>> {
        let mode = match self.mode {
            Mode::Auto => "auto",
            Mode::Legacy => "legacy",
            Mode::Modern => "2026-07-28",
        };
        let mut client = client("mcp_client.py", &self.endpoint, self.token.as_deref(), steps);
        lines(client.env("GW_MCP_MODE", mode))
    }
}

fn client(script: &str, url: &str, token: Option<&str>, args: &[Value]) -> Command {
    let mut python = Command::new(tools::python());
    python
        .arg(tools::repo().join("tests/clients").join(script))
        .arg(url)
        .args(args.iter().map(Value::to_string))
        .env_remove("GW_TOKEN")
        .env_remove("GW_HTTP2");
    if let Some(token) = token {
        python.env("GW_TOKEN", token);
    }
    python
}

fn lines(client: &mut Command) -> Result<Vec<Value>> {
    let output = run(client)?;
    let lines: Vec<Value> = output
        .stdout
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .context("not JSON lines")?;
    // A script that fails in order says so in its last line.
    if !output.success && lines.last().is_none_or(|line| line.get("failed").is_none()) {
        bail!("the client broke:\n{}{}", output.stdout, output.stderr);
    }
    Ok(lines)
}

fn answer(line: &Value) -> Result<Answer> {
    if let Some(failed) = line["failed"].as_str() {
        bail!("no answer: {failed}");
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
    Ok(Answer {
        status: line["status"].as_u64().and_then(|status| status.try_into().ok()).context("no status")?,
        http: text(&line["http"]),
        connection: line["connection"].as_u64().context("no connection")?,
        headers: array(&line["headers"]).iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
        body: text(&line["body"]),
        events: array(&line["events"]),
    })
}
