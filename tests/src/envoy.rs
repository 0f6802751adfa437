//! Envoy as a process, or in a container.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::container::Container;
use crate::http;
use crate::port::Port;
use crate::process::{Process, command};
use crate::proxy::HttpFilter;
use crate::scratch::Scratch;
use crate::site::Site;
use crate::tools;

/// A running Envoy with one listener.
#[derive(Debug)]
pub struct Envoy {
    process: Process,
    id: u32,
    /// After the process, which ends it in good order.
    container: Option<Container>,
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
        Self::run(command(tools::envoy()?, Signal::TERM), None, scratch, bootstrap, ports, concurrency, more)
    }

    /// The same in a container.
    pub fn start_in_container(bootstrap: &str, ports: Ports, concurrency: u32) -> Result<Self> {
        let scratch = Scratch::new("envoy")?;
        let (container, command) = Container::command(&scratch)?;
        Self::run(command, Some(container), scratch, bootstrap, ports, concurrency, &[])
    }

    fn run(
        mut envoy: Command,
        container: Option<Container>,
        scratch: Scratch,
        bootstrap: &str,
        ports: Ports,
        concurrency: u32,
        more: &[&str],
    ) -> Result<Self> {
        let config = scratch.join("bootstrap.yaml");
        fs::write(&config, bootstrap)?;
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
        let id = process.id();
        let mut envoy = Self { process, id, container, listener, admin, scratch };
        let ready = format!("{}/ready", envoy.admin_url());
        envoy.process.ready(Duration::from_secs(240), |_| {
            http::get(&ready, None).is_ok_and(|reply| reply.status == 200).then_some(())
        })?;
        if let Some(container) = &envoy.container {
            envoy.id = container.id()?;
        }
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
        Self::validate_by(&tools::envoy()?, bootstrap)
    }

    /// The same by another build of Envoy.
    pub fn validate_by(envoy: &Path, bootstrap: &str) -> Result<()> {
        let scratch = Scratch::new("validate")?;
        let config = scratch.join("bootstrap.yaml");
        fs::write(&config, bootstrap)?;
        let mut envoy = command(envoy, Signal::TERM);
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
        let filter = HttpFilter { root_id: "filter", ..HttpFilter::default() };
        let manager = Self::http_manager(module, stop_iteration, &filter);
        Self::with_filters(target, &[manager], &HttpFilter::default())
    }

    /// The same with all that a filter may want.
    pub fn with_any_http_filter(target: &str, module: &Path, filter: &HttpFilter<'_>) -> Result<Self> {
        Self::with_filters(target, &[Self::http_manager(module, false, filter)], filter)
    }

    fn http_manager(module: &Path, stop_iteration: bool, filter: &HttpFilter<'_>) -> Value {
        let value = "type.googleapis.com/google.protobuf.StringValue";
        let manager = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
        let router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
        let wasm = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
        let code = json!({ "local": { "filename": module } });
        let vm = json!({ "runtime": "envoy.wasm.runtime.v8", "code": code });
        let config = json!({
            "name": "filter",
            "root_id": filter.root_id,
            "configuration": { "@type": value, "value": filter.configuration },
            "allow_on_headers_stop_iteration": stop_iteration,
            "vm_config": vm,
        });
        let route = json!({ "match": { "prefix": "/" }, "route": { "cluster": "target", "timeout": "0s" } });
        json!({
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
        })
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
        Self::with_filters(
            target,
            &filter.into_iter().chain([proxy]).collect::<Vec<_>>(),
            &HttpFilter::default(),
        )
    }

    fn with_filters(target: &str, filters: &[Value], called: &HttpFilter<'_>) -> Result<Self> {
        let ports = Ports::free()?;
        let address = |text: &str| -> Result<Value> {
            let (host, port) = text.rsplit_once(':').context("an address without a port")?;
            Ok(json!({ "socket_address": { "address": host, "port_value": port.parse::<u16>()? } }))
        };
        let cluster = |name: &str, at: &str| -> Result<Value> {
            let endpoint = json!({ "endpoint": { "address": address(at)? } });
            Ok(json!({
                "name": name,
                "type": "STATIC",
                "connect_timeout": "5s",
                "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": [endpoint] }] },
            }))
        };
        let mut clusters = vec![cluster("target", target)?];
        for (name, at) in called.clusters {
            let mut cluster = cluster(name, at)?;
            let options = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
            if called.http2 {
                cluster["typed_extension_protocol_options"] = json!({
                    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                        "@type": options, "explicit_http_config": { "http2_protocol_options": {} },
                    },
                });
            }
            clusters.push(cluster);
        }
        let bootstrap = json!({
            "admin": { "address": address(&ports.admin.address())? },
            "static_resources": {
                "listeners": [{
                    "name": "plain",
                    "address": address(&ports.listener.address())?,
                    "filter_chains": [{ "filters": filters }],
                }],
                "clusters": clusters,
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
        self.id
    }

    /// The bootstrap that it runs.
    pub fn bootstrap_path(&self) -> PathBuf {
        self.scratch.join("bootstrap.yaml")
    }
}
