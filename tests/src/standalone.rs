//! `gatewright run` as a process.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use rustix::process::Signal;

use crate::http;
use crate::port::Port;
use crate::process::{Process, command};
use crate::proxy::HttpFilter;
use crate::scratch::Scratch;
use crate::site::Site;
use crate::tools;

/// A running proxy with one of the shop's resources, or with any filter.
#[derive(Debug)]
pub struct Standalone {
    process: Process,
    listener: Port,
    admin: Port,
    _scratch: Scratch,
}

/// What a proxy is started with besides the site.
#[derive(Debug, Clone)]
pub struct Options {
    /// Worker threads.
    pub workers: u32,
    /// `--buffer-limit`, where it is not the default.
    pub buffer_limit: Option<u32>,
    /// More for the command line.
    pub arguments: Vec<String>,
}

impl Standalone {
    /// Serves a resource, whose `listen` is `listener`, with the filter in `wasm`; waits until agents can connect.
    pub fn start(site: &Site, resource: &str, listener: Port, wasm: &Path, options: Options) -> Result<Self> {
        let scratch = Scratch::new("standalone")?;
        // The folder holds the module under its public name, whichever build it is.
        let name = if resource == "shop" { "gatewright_postgres.wasm" } else { "gatewright_http.wasm" };
        fs::copy(wasm, scratch.join(name))?;
        let mut run = command(tools::gatewright()?, Signal::TERM);
        run.args(["run", "--resource", resource, "--config"]).arg(site.config());
        run.arg("--filters").arg(scratch.path());
        run.current_dir(site.folder());
        // The proxy is not told the database's password.
        run.envs(site.env().iter().filter(|(name, _)| !name.ends_with("_PASSWORD")).cloned());
        run.args(&options.arguments);
        if let Some(limit) = options.buffer_limit {
            run.args(["--buffer-limit", &limit.to_string()]);
        }
        Self::spawn(run, options.workers, listener, scratch)
    }

    /// Passes bytes on to `target` (`ADDRESS:PORT`) through that module.
    pub fn with_filter(target: &str, module: &Path) -> Result<Self> {
        Self::filter(target, module, &[])
    }

    /// Passes HTTP on to `target` through that module, with Envoy's `allow_on_headers_stop_iteration` or without.
    pub fn with_http_filter(target: &str, module: &Path, stop_iteration: bool) -> Result<Self> {
        let more = ["--http", "--allow-on-headers-stop-iteration"];
        Self::filter(target, module, if stop_iteration { &more } else { &more[..1] })
    }

    /// The same with all that a filter may want.
    pub fn with_any_http_filter(target: &str, module: &Path, filter: &HttpFilter<'_>) -> Result<Self> {
        let mut more = vec!["--http".to_owned()];
        more.push(format!("--root-id={}", filter.root_id));
        more.push(format!("--filter-config={}", filter.configuration));
        more.extend(filter.clusters.iter().map(|(name, address)| format!("--cluster={name}={address}")));
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        Self::filter(target, module, &more)
    }

    fn filter(target: &str, module: &Path, more: &[&str]) -> Result<Self> {
        let listener = Port::free()?;
        let mut run = command(tools::gatewright()?, Signal::TERM);
        run.args(["run", "--upstream", target, "--listen", &listener.address(), "--filter"]).arg(module);
        run.args(more);
        Self::spawn(run, 2, listener, Scratch::new("standalone")?)
    }

    fn spawn(mut run: std::process::Command, workers: u32, listener: Port, scratch: Scratch) -> Result<Self> {
        let admin = Port::free()?;
        run.args(["--drain", "500ms", "--workers", &workers.to_string(), "--admin", &admin.address()]);
        let mut process = Process::spawn("gatewright run", run, &scratch.join("run.log"), Signal::TERM)?;
        process.ready(Duration::from_secs(60), |process| {
            process.log().contains("gatewright runs ").then_some(())
        })?;
        Ok(Self { process, listener, admin, _scratch: scratch })
    }

    /// Port for agents.
    pub fn port(&self) -> u16 {
        self.listener.number()
    }

    /// All metrics, in Prometheus' text format.
    pub fn metrics(&self) -> Result<String> {
        Ok(http::get(&format!("http://{}/metrics", self.admin.address()), None)?.body)
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}
