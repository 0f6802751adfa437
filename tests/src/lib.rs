//! The harness of the end-to-end suites, which `cargo xtask demo` uses as well.
//!
//! Each piece owns its process, port and folder and ends them when it is dropped. Everything listens on loopback.

pub mod account;
pub mod agents;
pub mod browser;
pub mod certificates;
pub mod client;
pub mod collector;
pub mod container;
pub mod corpus;
pub mod curl;
pub mod envoy;
pub mod everything;
pub mod faketime;
pub mod h2c;
pub mod host;
pub mod http;
pub mod idp;
pub mod kit;
pub mod leaks;
pub mod open;
pub mod pgbouncer;
pub mod port;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod queries;
pub mod relay;
pub mod scratch;
pub mod service;
pub mod shop_api;
pub mod shop_mcp;
pub mod site;
pub mod stack;
pub mod standalone;
pub mod target;
pub mod tools;
pub mod wait;
pub mod wire;
pub mod workers;

use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// What a program that ran to its end said.
#[derive(Debug, Clone)]
pub struct Output {
    /// Whether its exit code was 0.
    pub success: bool,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// Runs a command to its end, without input.
pub fn run(command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting `{}`", command.get_program().to_string_lossy()))?;
    Ok(Output {
        success: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// 192 random bits as text that needs no escaping in URLs, SQL and YAML.
pub fn secret() -> String {
    hex::encode(rand::random::<[u8; 24]>())
}
