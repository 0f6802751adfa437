//! The companion host as a process that can be killed and started again on the same data and port.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::http;
use crate::port::Port;
use crate::process::{Process, command};
use crate::site::Site;
use crate::tools;

/// The host, running or not.
#[derive(Debug)]
pub struct Host {
    port: Port,
    process: Option<Process>,
    log: std::path::PathBuf,
}

impl Host {
    /// The host of `site`, not started yet. `port` is the one that the site's environment names.
    pub fn new(site: &Site, port: Port) -> Self {
        Self { port, process: None, log: site.folder().join("host.log") }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.port.address())
    }

    /// Starts it and waits until it has a bundle for every resource.
    pub fn start(&mut self, site: &Site) -> Result<()> {
        self.launch(site)?;
        let url = format!("{}/readyz", self.url());
        let process = self.process.as_mut().context("the host was not started")?;
        let mut last = String::new();
        process
            .ready(Duration::from_secs(60), |_| {
                let reply = http::get(&url, None).ok()?;
                last = reply.body;
                (reply.status == 200).then_some(())
            })
            .with_context(|| format!("/readyz says: {last}"))
    }

    /// Starts it and waits only until it listens.
    pub fn launch(&mut self, site: &Site) -> Result<()> {
        let mut serve = command(tools::gatewright()?, Signal::TERM);
        serve
            .args(["serve", "--config"])
            .arg(site.config())
            .current_dir(site.folder())
            .envs(site.env().iter().cloned());
        let ready = format!("gatewright host ready on {}", self.url());
        // What an earlier run wrote is not what this one says.
        let before = self.log().matches(&ready).count();
        let mut process = Process::spawn("the Gatewright host", serve, &self.log, Signal::TERM)?;
        process.ready(Duration::from_secs(60), |process| {
            (process.log().matches(&ready).count() > before).then_some(())
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Ends it in good order.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Ends it as a crash would (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// GET of a path on behalf of a person.
    pub fn get(&self, path: &str, token: &str) -> Result<http::Reply> {
        http::get(&format!("{}{path}", self.url()), Some(token))
    }

    /// The approvals that wait for a decision, as the bearer of `token` sees them.
    pub fn pending(&self, token: &str) -> Result<Vec<Value>> {
        let reply = self.get("/v1/approvals?state=pending", token)?;
        ensure!(reply.status == 200, "listing approvals: {} {}", reply.status, reply.body);
        Ok(serde_json::from_str(&reply.body)?)
    }

    /// Waits until exactly one approval is pending.
    pub fn wait_for_approval(&self, token: &str) -> Result<Value> {
        crate::wait::until("an approval to be asked for", Duration::from_secs(30), || {
            let mut pending = self.pending(token)?;
            Ok(if pending.len() == 1 { pending.pop() } else { None })
        })
    }

    /// Decides an approval: `approve` or `deny`.
    pub fn decide(&self, id: &str, token: &str, decision: &str, comment: &str) -> Result<http::Reply> {
        let url = format!("{}/v1/approvals/{id}/decision", self.url());
        http::post(&url, Some(token), &json!({ "decision": decision, "comment": comment }))
    }
}
