//! Envoy as a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::http;
use crate::port::Port;
use crate::process::{Process, command};
use crate::scratch::Scratch;
use crate::site::Site;
use crate::tools;

/// A running Envoy with one listener.
#[derive(Debug)]
pub struct Envoy {
    process: Process,
    listener: Port,
    admin: Port,
    scratch: Scratch,
}

/// Where an Envoy will listen, and how many workers it gets.
#[derive(Debug)]
pub struct Ports {
    /// For agents.
    pub listener: Port,
    /// The admin interface.
    pub admin: Port,
}

impl Ports {
    /// Free ones.
    pub fn free() -> Result<Self> {
        Ok(Self { listener: Port::free()?, admin: Port::free()? })
    }
}

impl Envoy {
    /// Starts Envoy with a bootstrap (YAML) that was made for `ports`.
    pub fn start(bootstrap: &str, ports: Ports, concurrency: u32) -> Result<Self> {
        Self::start_with(bootstrap, ports, concurrency, &[])
    }

    /// The same with more arguments.
    pub fn start_with(bootstrap: &str, ports: Ports, concurrency: u32, more: &[&str]) -> Result<Self> {
        let scratch = Scratch::new("envoy")?;
        let config = scratch.join("bootstrap.yaml");
        fs::write(&config, bootstrap)?;
        let mut envoy = command(tools::envoy()?, Signal::TERM);
        envoy
            .arg("--config-path")
            .arg(&config)
            // Several run on one machine, and none takes over from another.
            .args(["--disable-hot-restart", "--log-level", "info", "--concurrency"])
            .arg(concurrency.to_string())
            .args(more)
            .current_dir(scratch.path());
        let process = Process::spawn("Envoy", envoy, &scratch.join("envoy.log"), Signal::TERM)?;
        let Ports { listener, admin } = ports;
        let mut envoy = Self { process, listener, admin, scratch };
        let ready = format!("{}/ready", envoy.admin_url());
        envoy.process.ready(Duration::from_secs(240), |_| {
            http::get(&ready, None).is_ok_and(|reply| reply.status == 200).then_some(())
        })?;
        Ok(envoy)
    }

    /// The bootstrap that `gatewright envoy` prints for a resource.
    pub fn bootstrap(site: &Site, resource: &str, ports: &Ports, wasm: &Path) -> Result<String> {
        let (listen, admin) = (ports.listener.address(), ports.admin.address());
        let mut command = site.gatewright(&[
            "envoy",
            "--resource",
            resource,
            "--listen",
            &listen,
            "--admin",
            &admin,
            "--wasm",
        ])?;
        let output = crate::run(command.arg(wasm))?;
        ensure!(output.success, "`gatewright envoy` failed:\n{}", output.stderr);
        Ok(output.stdout)
    }

    /// What `envoy --mode validate` says against a bootstrap; an error if it says anything.
    pub fn validate(bootstrap: &str) -> Result<()> {
        let scratch = Scratch::new("validate")?;
        let config = scratch.join("bootstrap.yaml");
        fs::write(&config, bootstrap)?;
        let mut envoy = command(tools::envoy()?, Signal::TERM);
        envoy.args(["--mode", "validate", "--log-level", "warn", "--config-path"]).arg(&config);
        let said = crate::run(&mut envoy)?;
        let complaint = [&said.stdout, &said.stderr].into_iter().flat_map(|text| text.lines());
        let complaint = complaint.filter(|line| line.contains("[warning]") || line.contains("[error]"));
        // Of fields that are to go, too.
        let complaint: Vec<&str> = complaint.collect();
        ensure!(said.success && complaint.is_empty(), "{}{}", said.stdout, said.stderr);
        Ok(())
    }

    /// An Envoy that only passes bytes on to `target` (`ADDRESS:PORT`): what the filter is compared with.
    pub fn plain(target: &str) -> Result<Self> {
        Self::tcp_proxy(target, None)
    }

    /// The same with that module as the only filter before the TCP proxy.
    pub fn with_filter(target: &str, module: &Path) -> Result<Self> {
        Self::tcp_proxy(target, Some(module))
    }

    /// An Envoy that passes HTTP on to `target` through that module, with `allow_on_headers_stop_iteration` or without.
    pub fn with_http_filter(target: &str, module: &Path, stop_iteration: bool) -> Result<Self> {
        let manager = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
        let router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
        let wasm = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
        let code = json!({ "local": { "filename": module } });
        let vm = json!({ "runtime": "envoy.wasm.runtime.v8", "code": code });
        let config = json!({
            "name": "filter",
            "root_id": "filter",
            "allow_on_headers_stop_iteration": stop_iteration,
            "vm_config": vm,
        });
        let route = json!({ "match": { "prefix": "/" }, "route": { "cluster": "target", "timeout": "0s" } });
        let manager = json!({
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": manager,
                "stat_prefix": "http",
                "use_remote_address": true,
                "normalize_path": false,
                "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [route] }] },
                "http_filters": [
                    { "name": "envoy.filters.http.wasm", "typed_config": { "@type": wasm, "config": config } },
                    { "name": "envoy.filters.http.router", "typed_config": { "@type": router } },
                ],
            },
        });
        Self::with_filters(target, &[manager])
    }

    fn tcp_proxy(target: &str, module: Option<&Path>) -> Result<Self> {
        let proxy = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
        let proxy = json!({
            "name": "envoy.filters.network.tcp_proxy",
            "typed_config": { "@type": proxy, "stat_prefix": "plain", "cluster": "target" },
        });
        let wasm = "type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm";
        let filter = module.map(|module| {
            let code = json!({ "local": { "filename": module } });
            let vm = json!({ "runtime": "envoy.wasm.runtime.v8", "code": code });
            let config = json!({ "name": "filter", "root_id": "filter", "vm_config": vm });
            json!({ "name": "envoy.filters.network.wasm", "typed_config": { "@type": wasm, "config": config } })
        });
        Self::with_filters(target, &filter.into_iter().chain([proxy]).collect::<Vec<_>>())
    }

    fn with_filters(target: &str, filters: &[Value]) -> Result<Self> {
        let ports = Ports::free()?;
        let address = |text: &str| -> Result<Value> {
            let (host, port) = text.rsplit_once(':').context("an address without a port")?;
            Ok(json!({ "socket_address": { "address": host, "port_value": port.parse::<u16>()? } }))
        };
        let endpoint = json!({ "endpoint": { "address": address(target)? } });
        let bootstrap = json!({
            "admin": { "address": address(&ports.admin.address())? },
            "static_resources": {
                "listeners": [{
                    "name": "plain",
                    "address": address(&ports.listener.address())?,
                    "filter_chains": [{ "filters": filters }],
                }],
                "clusters": [{
                    "name": "target",
                    "type": "STATIC",
                    "connect_timeout": "5s",
                    "load_assignment": {
                        "cluster_name": "target",
                        "endpoints": [{ "lb_endpoints": [endpoint] }],
                    },
                }],
            },
        });
        Self::start(&bootstrap.to_string(), ports, 2)
    }

    /// Port for agents.
    pub fn port(&self) -> u16 {
        self.listener.number()
    }

    /// URL of the admin interface.
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin.address())
    }

    /// Everything that the admin interface tells about the configuration.
    pub fn config_dump(&self) -> Result<String> {
        Ok(http::get(&format!("{}/config_dump?include_eds", self.admin_url()), None)?.body)
    }

    /// One counter or gauge; `None` when there is none of that name.
    pub fn stat(&self, name: &str) -> Result<Option<u64>> {
        let stats = http::get(&format!("{}/stats", self.admin_url()), None)?.body;
        let value = stats.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        Ok(value.map(str::parse).transpose()?)
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Process id, under which `/proc` shows its memory.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The bootstrap that it runs.
    pub fn bootstrap_path(&self) -> PathBuf {
        self.scratch.join("bootstrap.yaml")
    }
}
