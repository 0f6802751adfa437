//! Servers and clients of MCP that others wrote, from npm: server-everything and the inspector.

use std::process::Command;

use anyhow::Result;
use rustix::process::Signal;

use crate::port::Port;
use crate::process::command;
use crate::service::Service;
use crate::{Output, run, tools};

/// The MCP project's own test server, which has every feature of the revisions up to 2025-11-25 and wants no
/// credential.
#[derive(Debug)]
pub struct Everything(Service);

impl Everything {
    /// Starts it with streamable HTTP.
    pub fn start() -> Result<Self> {
        let port = Port::free()?;
        let mut node = command("node", Signal::KILL);
        node.arg("--require")
            .arg(tools::repo().join("tests/clients/loopback.cjs"))
            .arg(tools::node_module("@modelcontextprotocol/server-everything/dist/index.js")?)
            .arg("streamableHttp")
            .env("PORT", port.number().to_string());
        Service::start("server-everything", node, port).map(Self)
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.0.address()
    }

    /// The URL that MCP clients are given.
    pub fn endpoint(&self) -> String {
        format!("{}/mcp", self.0.url())
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        self.0.log()
    }
}

/// Runs the inspector's command line against an endpoint, with arguments such as `--method tools/list`. It prints
/// the result as JSON; its exit code is 1 where it got none.
pub fn inspector(endpoint: &str, token: Option<&str>, args: &[&str]) -> Result<Output> {
    let mut node = Command::new("node");
    node.arg(tools::node_module("@modelcontextprotocol/inspector/cli/build/cli.js")?)
        .args(["--cli", endpoint, "--transport", "http"])
        .args(args);
    if let Some(token) = token {
        node.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    run(&mut node)
}
