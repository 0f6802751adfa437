//! `gatewright relay` as a process.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use rustix::process::Signal;

use crate::port::Port;
use crate::process::{Process, command};
use crate::scratch::Scratch;
use crate::tools;

/// A running relay.
#[derive(Debug)]
pub struct Relay {
    process: Process,
    listener: Port,
    _scratch: Scratch,
}

impl Relay {
    /// Relays to a server on loopback, whose certificate must be trusted by `ca` and have that name.
    pub fn start(server: u16, name: &str, ca: &Path) -> Result<Self> {
        let (listener, scratch) = (Port::free()?, Scratch::new("relay")?);
        let mut relay = command(tools::gatewright()?, Signal::TERM);
        relay
            .args(["relay", "--listen", &listener.address(), "--upstream", &format!("127.0.0.1:{server}")])
            .args(["--server-name", name, "--drain", "500ms", "--ca"])
            .arg(ca);
        let mut process =
            Process::spawn("gatewright relay", relay, &scratch.join("relay.log"), Signal::TERM)?;
        process.ready(Duration::from_secs(60), |process| {
            process.log().contains("gatewright relays ").then_some(())
        })?;
        Ok(Self { process, listener, _scratch: scratch })
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        self.listener.address()
    }

    /// The port of that.
    pub fn port(&self) -> u16 {
        self.listener.number()
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
