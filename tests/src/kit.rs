//! The operator's files in `envoy/`, as one would take them: copied, with names, ports and paths changed, and with
//! certificates of an authority of one's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::certificates::{Authority, Certificate};
use crate::envoy::{Envoy, Ports};
use crate::port::Port;
use crate::scratch::Scratch;
use crate::stack::{Builder, Stack};
use crate::tools::{self, Filter};
use crate::{wait, workers};

/// Names that the files have for targets, and that certificates are issued to.
const NAMES: &str = "DNS:postgres.internal.example,DNS:api.internal.example,DNS:gatewright.internal.example,DNS:localhost,IP:127.0.0.1";

/// The host's own, which has no filter.
const HOST: &str = "host.yaml";

/// Workers of each Envoy.
const WORKERS: u32 = 2;

/// What stands in `/etc/gatewright`'s place, and who issued what is in it.
#[derive(Debug)]
pub struct Kit {
    scratch: Scratch,
    /// Of servers, and of the Envoys that may ask the host.
    pub authority: Authority,
    /// Of agents.
    pub agents: Authority,
}

/// What stands behind an Envoy of the kit.
#[derive(Debug)]
pub struct Behind {
    /// The host's own Envoy.
    pub host: Envoy,
    /// Where people reach the host by it.
    pub people: Port,
    /// TLS of the target.
    pub server: Envoy,
    /// The rest.
    pub stack: Stack,
    /// What to change in a file so that it leads there.
    pub names: Names,
}

impl Behind {
    /// What everybody wrote, for an error.
    pub fn logs(&self, envoy: &Envoy) -> String {
        let lines = |log: String| -> String {
            log.lines()
                .filter(|line| !line.contains("server/server.cc"))
                .map(|line| format!("{line}\n"))
                .collect()
        };
        format!("{}{}{}", lines(envoy.log()), lines(self.host.log()), self.stack.host.log())
    }

    /// An error unless `gatewright doctor` finds nothing in what that Envoy runs.
    pub fn sound(&self, envoy: &Envoy) -> Result<()> {
        let said =
            crate::run(&mut self.stack.site.gatewright(&["doctor", "--admin", &envoy.admin_url()])?)?;
        ensure!(said.success && said.stdout == "0 holes, 0 warnings\n", "{}{}", said.stdout, said.stderr);
        // A capability that is missing would show here.
        ensure!(!envoy.log().contains("restricted"), "{}", envoy.log());
        Ok(())
    }
}

/// What an operator changes in a file.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Port of the listener.
    pub listen: u16,
    /// Port of the admin interface.
    pub admin: u16,
    /// Port of the target.
    pub target: u16,
    /// Port at which the host takes filters.
    pub host: u16,
    /// Port of the host's pages.
    pub people: u16,
    /// Port of `gatewright serve` itself.
    pub serve: u16,
    /// The filter's token.
    pub token: String,
}

impl Kit {
    /// Certificates and filters in the place that the files name.
    pub fn new() -> Result<Self> {
        let kit =
            Self { scratch: Scratch::new("kit")?, authority: Authority::new()?, agents: Authority::new()? };
        for folder in ["tls", "secrets", "xds"] {
            fs::create_dir(kit.path(folder))?;
        }
        for filter in [Filter::Release, Filter::Http] {
            let module = tools::filter(filter)?;
            let name = module.file_name().context("a module without a name")?;
            std::os::unix::fs::symlink(&module, kit.scratch.path().join(name))?;
        }
        kit.put("server", &kit.authority.issue("server", NAMES)?)?;
        kit.put("host", &kit.authority.issue("host", NAMES)?)?;
        let envoy = "URI:spiffe://example.org/gatewright/envoy/one";
        kit.put("envoy", &kit.authority.issue("envoy", envoy)?)?;
        fs::copy(kit.authority.certificate(), kit.path("tls/ca.pem"))?;
        fs::copy(kit.agents.certificate(), kit.path("tls/agents-ca.pem"))?;
        for file in ["secrets/server.yaml", "secrets/agents.yaml"] {
            kit.replace(file, &kit.text(file, &Names::default())?)?;
        }
        Ok(kit)
    }

    /// A path in `/etc/gatewright`'s place.
    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    /// Puts a certificate and its key there, the key first, each in one step.
    pub fn put(&self, name: &str, certificate: &Certificate) -> Result<()> {
        for (from, ending) in [(&certificate.key, "key"), (&certificate.certificate, "pem")] {
            self.replace(&format!("tls/{name}.{ending}"), &fs::read_to_string(from)?)?;
        }
        Ok(())
    }

    /// Writes a file beside its place and renames it into it, as the files say.
    pub fn replace(&self, name: &str, text: &str) -> Result<()> {
        let (next, place) = (self.path("next"), self.path(name));
        fs::write(&next, text)?;
        fs::rename(&next, &place).with_context(|| format!("writing `{}`", place.display()))
    }

    /// A file of the kit with an operator's changes.
    pub fn text(&self, file: &str, names: &Names) -> Result<String> {
        let path = folder().join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("reading `{}`", path.display()))?;
        let to = |address: &str, port: u16| format!("address: {address}, port_value: {port}");
        Ok(text
            .replace("/etc/gatewright", &self.scratch.path().display().to_string())
            .replace("CHANGE-ME", &names.token)
            .replace(&to("127.0.0.1", 9901), &to("127.0.0.1", names.admin))
            .replace(&to("127.0.0.1", 8420), &to("127.0.0.1", names.serve))
            .replace(&to("gatewright.internal.example", 8443), &to("localhost", names.host))
            .replace(&to("postgres.internal.example", 5432), &to("localhost", names.target))
            .replace(&to("api.internal.example", 443), &to("localhost", names.target))
            .replace(&to("0.0.0.0", 8444), &to("0.0.0.0", names.people))
            .replace(&to("0.0.0.0", 8443), &to("0.0.0.0", names.listen))
            .replace(&to("0.0.0.0", 5432), &to("0.0.0.0", names.listen))
            .replace(&to("127.0.0.1", 8080), &to("127.0.0.1", names.listen))
            .replace(&to("127.0.0.1", 5432), &to("127.0.0.1", names.listen)))
    }

    /// Writes the files of `xds/` but the bootstrap.
    pub fn write_xds(&self, names: &Names) -> Result<()> {
        for file in ["xds/filters.yaml", "xds/clusters.yaml", "xds/listeners.yaml"] {
            self.replace(file, &self.text(file, names)?)?;
        }
        Ok(())
    }

    /// Envoy with a file of the kit; the listener and the admin interface of `names` are set to its own. Where it has a
    /// filter, the host runs, and every worker has a bundle afterwards.
    pub fn start(&self, file: &str, names: &Names) -> Result<Envoy> {
        self.start_changed(file, names, |text| text)
    }

    /// The same with something else changed as well.
    pub fn start_changed(
        &self,
        file: &str,
        names: &Names,
        change: impl FnOnce(String) -> String,
    ) -> Result<Envoy> {
        let ports = Ports::free()?;
        let names = Names { listen: ports.listener.number(), admin: ports.admin.number(), ..names.clone() };
        self.write_xds(&names)?;
        // Long connections of a listener that changed end a second later.
        let bootstrap = change(self.text(file, &names)?);
        let envoy = Envoy::start_with(&bootstrap, ports, WORKERS, &["--drain-time-s", "1"])?;
        if file != HOST {
            wait::until("every worker's first bundle", Duration::from_secs(60), || {
                Ok(workers::have_bundle(&envoy.log(), WORKERS, None).then_some(()))
            })
            .with_context(|| envoy.log())?;
        }
        Ok(envoy)
    }

    /// A stack without proxies whose database is behind [`Self::server`], the host's own Envoy, and what an operator
    /// makes of the names.
    pub fn database(&self) -> Result<Behind> {
        let port = Port::free()?;
        let target = json!({ "address": format!("localhost:{}", port.number()), "tls": "direct" });
        let stack = Stack::builder().no_proxies().host_down().set("/resources/0/target", target).start()?;
        let server = self.server(stack.postgres.port(), port)?;
        self.behind(stack, server)
    }

    /// The same with the REST API, changed as the test wants it.
    pub fn api(&self, change: impl FnOnce(Builder) -> Builder) -> Result<Behind> {
        let port = Port::free()?;
        let target = json!({ "address": format!("localhost:{}", port.number()), "tls": "direct" });
        let builder = Stack::builder().api().no_proxies().host_down().set("/apis/0/target", target);
        let stack = change(builder).start()?;
        let api = stack.api.as_ref().context("no API")?.address();
        let api = api.rsplit(':').next().and_then(|port| port.parse().ok()).context("the API's port")?;
        let server = self.server(api, port)?;
        self.behind(stack, server)
    }

    fn behind(&self, mut stack: Stack, server: Envoy) -> Result<Behind> {
        stack.start_host()?;
        let (host, people) = self.host(&stack)?;
        let names = Names {
            target: server.port(),
            host: host.port(),
            token: stack.variable("GATEWRIGHT_FILTER_TOKEN")?.to_owned(),
            ..Names::default()
        };
        Ok(Behind { host, people, server, stack, names })
    }

    /// The host's own Envoy (`host.yaml`) in front of a stack's host; where filters and where people reach it.
    pub fn host(&self, stack: &Stack) -> Result<(Envoy, Port)> {
        let people = Port::free()?;
        let names = Names { people: people.number(), serve: stack.host.port(), ..Names::default() };
        Ok((self.start(HOST, &names)?, people))
    }

    /// A target that speaks TLS from the first byte to who begins with it, and nothing special to others (as PostgreSQL
    /// does): an Envoy in front of one that does not.
    pub fn server(&self, target: u16, port: Port) -> Result<Envoy> {
        let ports = Ports { listener: port, admin: Port::free()? };
        let address = |port: u16| json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } });
        let of = |name: &str| format!("type.googleapis.com/envoy.extensions.{name}");
        let proxy = json!([{
            "name": "proxy",
            "typed_config": {
                "@type": of("filters.network.tcp_proxy.v3.TcpProxy"), "stat_prefix": "server", "cluster": "server",
            },
        }]);
        let certificate = json!({
            "certificate_chain": { "filename": self.path("tls/server.pem") },
            "private_key": { "filename": self.path("tls/server.key") },
        });
        let tls = json!({ "name": "tls", "typed_config": {
            "@type": of("transport_sockets.tls.v3.DownstreamTlsContext"),
            "common_tls_context": { "alpn_protocols": ["postgresql", "http/1.1"], "tls_certificates": [certificate] },
        } });
        let inspector = of("filters.listener.tls_inspector.v3.TlsInspector");
        let bootstrap = json!({
            "admin": { "address": address(ports.admin.number()) },
            "static_resources": {
                "listeners": [{
                    "name": "server",
                    "address": address(ports.listener.number()),
                    "listener_filters": [{ "name": "tls", "typed_config": { "@type": inspector } }],
                    "filter_chains": [
                        { "filter_chain_match": { "transport_protocol": "tls" }, "filters": proxy, "transport_socket": tls },
                        { "filters": proxy },
                    ],
                }],
                "clusters": [{
                    "name": "server", "type": "STATIC",
                    "load_assignment": { "cluster_name": "server", "endpoints": [{
                        "lb_endpoints": [{ "endpoint": { "address": address(target) } }],
                    }] },
                }],
            },
        });
        Envoy::start(&bootstrap.to_string(), ports, 1)
    }
}

/// Where the files are.
pub fn folder() -> PathBuf {
    tools::repo().join("envoy")
}

/// Every bootstrap among them, by its path in [`folder`].
pub fn bootstraps() -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (prefix, folder) in [("", folder()), ("xds/", folder().join("xds"))] {
        for entry in folder.read_dir()? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.extension().is_some_and(|ending| ending == "yaml") && read(&path)?.get("admin").is_some()
            {
                found.push(format!("{prefix}{name}"));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A file of YAML.
pub fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("reading `{}`", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| format!("`{}` is not YAML", path.display()))
}
