//! Everything at once: PostgreSQL with the shop, identity provider, host and a proxy with the filter.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::client::Login;
use crate::envoy::{Envoy, Ports};
use crate::host::Host;
use crate::idp::{Client, Idp, TokenOptions};
use crate::port::Port;
use crate::postgres::{Auth, PgOptions, Postgres};
use crate::proxy::{Kind, Proxy};
use crate::relay::Relay;
use crate::secret;
use crate::shop_api::ShopApi;
use crate::shop_mcp::{Replies, ShopMcp};
use crate::site::Site;
use crate::standalone::{Options, Standalone};
use crate::tools::{self, Filter, PgVersion};
use crate::{http, wait, workers};

/// A running stack. Its parts end with it, the nearest to the agent first.
#[derive(Debug)]
pub struct Stack {
    proxy: Option<Proxy>,
    api_proxy: Option<Proxy>,
    mcp_proxy: Option<Proxy>,
    /// The companion host.
    pub host: Host,
    /// The configuration that host and proxy run with.
    pub site: Site,
    /// The identity provider.
    pub idp: Idp,
    /// The REST API, where it was asked for.
    pub api: Option<ShopApi>,
    /// The MCP server, where it was asked for.
    pub mcp: Option<ShopMcp>,
    _relay: Option<Relay>,
    /// The database.
    pub postgres: Postgres,
    workers: u32,
}

/// What the identity provider knows the pages as, and the audience of people's tokens.
const PAGES: &str = "gatewright-pages";

/// How long workers may take for a bundle that the host has; they ask every second.
const BUNDLE: Duration = Duration::from_secs(60);

/// What stack to start.
#[derive(Debug)]
pub struct Builder {
    postgres: PgOptions,
    filter: Filter,
    config: Vec<(String, Value)>,
    policies: Vec<(String, String)>,
    unix_socket: bool,
    relay: bool,
    variables: Vec<(String, String)>,
    host_down: bool,
    concurrency: u32,
    buffer_limit: Option<u32>,
    proxy: Option<Kind>,
    api: bool,
    api_at: Option<String>,
    mcp: Option<Replies>,
    mcp_at: Option<String>,
    bootstrap: Option<Edit>,
    database: bool,
    proxies: bool,
    people: bool,
    target_tls: bool,
    target_direct: bool,
    run: Vec<String>,
}

/// What a proxy is in front of.
struct Part {
    /// Resource of the configuration.
    name: &'static str,
    filter: Filter,
    ports: Ports,
}

/// A change of the bootstrap of an Envoy in front of HTTP.
type Edit = fn(Value, &Idp) -> Result<Value>;

impl Default for Builder {
    fn default() -> Self {
        Self {
            postgres: PgOptions::default(),
            filter: Filter::default(),
            config: Vec::new(),
            policies: Vec::new(),
            unix_socket: false,
            relay: false,
            variables: Vec::new(),
            host_down: false,
            concurrency: 2,
            buffer_limit: None,
            proxy: None,
            api: false,
            api_at: None,
            mcp: None,
            mcp_at: None,
            bootstrap: None,
            database: true,
            proxies: true,
            people: false,
            target_tls: false,
            target_direct: false,
            run: Vec::new(),
        }
    }
}

impl Stack {
    /// PostgreSQL 18, SCRAM, the shop's configuration as it is.
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// Something else.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The proxy.
    pub fn proxy(&self) -> Result<&Proxy> {
        self.proxy.as_ref().context("the proxy is stopped")
    }

    /// The proxy in front of the REST API.
    pub fn api_proxy(&self) -> Result<&Proxy> {
        self.api_proxy.as_ref().context("the stack has no REST API")
    }

    /// The same, where it is Envoy.
    pub fn api_envoy(&self) -> Result<&Envoy> {
        self.api_proxy()?.envoy()
    }

    /// The proxy in front of the MCP server.
    pub fn mcp_proxy(&self) -> Result<&Proxy> {
        self.mcp_proxy.as_ref().context("the stack has no MCP server")
    }

    /// The same, where it is Envoy.
    pub fn mcp_envoy(&self) -> Result<&Envoy> {
        self.mcp_proxy()?.envoy()
    }

    /// URL of the REST API through the proxy.
    pub fn api_url(&self) -> Result<String> {
        Ok(format!("http://127.0.0.1:{}", self.api_proxy()?.port()))
    }

    /// URL of the MCP server's endpoint through the proxy.
    pub fn mcp_url(&self) -> Result<String> {
        Ok(format!("http://127.0.0.1:{}/mcp", self.mcp_proxy()?.port()))
    }

    /// Login through the proxy with a token (or what shall pass for one).
    pub fn login(&self, token: &str) -> Result<Login> {
        Ok(Login::new(self.proxy()?.port(), token))
    }

    /// Login through the proxy as `sub` of `groups`, with a good token.
    pub fn login_as(&self, subject: &str, groups: &[&str]) -> Result<Login> {
        self.login(&self.idp.token(subject, groups)?)
    }

    /// A token of a person, where the stack tells people from agents.
    pub fn person(&self, subject: &str, groups: &[&str]) -> Result<String> {
        let options = TokenOptions { audience: PAGES.to_owned(), ..TokenOptions::default() };
        self.idp.token_with(subject, groups, &options)
    }

    /// Login straight to the server as `support`.
    pub fn direct(&self) -> Login {
        Login::new(self.postgres.port(), self.postgres.support_password())
    }

    /// Values of the shop's masked columns, as they are in the database.
    pub fn secrets(&self) -> Result<Vec<String>> {
        let values = self.postgres.sql(
            "SELECT email FROM customers UNION SELECT phone FROM customers UNION SELECT ssn FROM customers \
             UNION SELECT card_number FROM customers",
        )?;
        Ok(values.lines().filter(|value| !value.is_empty()).map(str::to_owned).collect())
    }

    /// One of the variables that the configuration refers to, secrets among them.
    pub fn variable(&self, name: &str) -> Result<&str> {
        let found = self.site.env().iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).with_context(|| format!("there is no `{name}`"))
    }

    /// Starts the host, after it was down, and waits until it is ready and every worker has a bundle.
    pub fn start_host(&mut self) -> Result<()> {
        self.host.start(&self.site)?;
        self.have_bundles()
    }

    /// Waits until every worker of the proxies has the bundle that the host has now: what one of them knows, all know.
    pub fn up_to_date(&self) -> Result<()> {
        let token = self.variable("GATEWRIGHT_FILTER_TOKEN")?;
        for (resource, proxy) in self.proxies() {
            let url = format!("{}/v1/filter/bundle?resource={resource}", self.host.url());
            wait::until(&format!("every worker's newest bundle of `{resource}`"), BUNDLE, || {
                let bundle = http::get(&url, Some(token))?.json()?;
                let digest = bundle["digest"].as_str().context("a bundle without a digest")?;
                Ok(workers::have_bundle(&proxy.log(), self.workers, Some(digest)).then_some(()))
            })?;
        }
        Ok(())
    }

    /// Each worker asks by itself: the next connection may come to one that knows nothing yet.
    fn have_bundles(&self) -> Result<()> {
        for (resource, proxy) in self.proxies() {
            wait::until(&format!("every worker's first bundle of `{resource}`"), BUNDLE, || {
                Ok(workers::have_bundle(&proxy.log(), self.workers, None).then_some(()))
            })
            .with_context(|| proxy.log())?;
        }
        Ok(())
    }

    fn proxies(&self) -> impl Iterator<Item = (&'static str, &Proxy)> {
        let all = [("shop", &self.proxy), ("shop-api", &self.api_proxy), ("shop-mcp", &self.mcp_proxy)];
        all.into_iter().filter_map(|(resource, proxy)| Some((resource, proxy.as_ref()?)))
    }

    /// Process ids of what runs, with names.
    pub fn ids(&self) -> Vec<(&'static str, u32)> {
        let proxies = self.proxies().map(|(_, proxy)| match proxy {
            Proxy::Envoy(envoy) => ("envoy", envoy.id()),
            Proxy::Standalone(standalone) => ("gatewright run", standalone.id()),
        });
        let host = self.host.id().map(|id| ("gatewright", id));
        let services = [
            self.api.as_ref().map(|api| ("shop-api", api.id())),
            self.mcp.as_ref().map(|mcp| ("shop-mcp", mcp.id())),
        ];
        let services = services.into_iter().flatten().chain([("postgres", self.postgres.id())]);
        proxies.chain(host).chain(services).collect()
    }
}

impl Builder {
    /// PostgreSQL's major version.
    pub fn pg(mut self, version: PgVersion) -> Self {
        self.postgres.version = version;
        self
    }

    /// How the server authenticates `support`.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.postgres.auth = auth;
        self
    }

    /// Lets `gatewright run` and the host begin TLS with the server by SSLRequest, and trust its certificate.
    pub fn target_tls(mut self) -> Self {
        self.target_tls = true;
        self.set("/resources/0/target/tls", "request").proxy(Kind::Standalone)
    }

    /// Lets `gatewright run` speak TLS with the server from the first byte, and trust its certificate.
    pub fn target_direct_tls(mut self) -> Self {
        self.target_direct = true;
        self.server_tls().set("/resources/0/target/tls", "direct").proxy(Kind::Standalone)
    }

    /// Lets the host speak it so as well: both trust what `gatewright.yaml` says.
    pub fn target_direct_tls_of_both(mut self) -> Self {
        self.target_tls = true;
        self.server_tls().set("/resources/0/target/tls", "direct").proxy(Kind::Standalone)
    }

    /// Whom the server's certificate is for, such as `DNS:db.example`.
    pub fn server_names(mut self, names: &str) -> Self {
        self.postgres.names = Some(names.to_owned());
        self
    }

    /// More arguments for `gatewright run`.
    pub fn run_with(mut self, arguments: &[&str]) -> Self {
        self.run.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self.proxy(Kind::Standalone)
    }

    /// Authorities of clients that the server asks for certificates.
    pub fn server_client_ca(mut self, ca: &Path) -> Self {
        self.postgres.client_ca = Some(ca.to_owned());
        self
    }

    /// A server with `ssl = on` (15, or 18 with TLS).
    pub fn server_tls(mut self) -> Self {
        self.postgres.tls = true;
        self
    }

    /// A setting of the server.
    pub fn pg_setting(mut self, name: &str, value: &str) -> Self {
        self.postgres.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets proxy and host reach the server by its Unix socket.
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Lets proxy and host reach a server with TLS by `gatewright relay`.
    pub fn relay(mut self) -> Self {
        self.relay = true;
        self
    }

    /// A value in `gatewright.yaml`, by JSON pointer: see [`Site::set`].
    pub fn set(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        self.config.push((pointer.to_owned(), value.into()));
        self
    }

    /// A policy file, new or instead of the shop's.
    pub fn policy(mut self, name: &str, text: &str) -> Self {
        self.policies.push((name.to_owned(), text.to_owned()));
        self
    }

    /// Which build of the filter.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// A variable of the host's environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Does not start the host; [`Stack::start_host`] does, later.
    pub fn host_down(mut self) -> Self {
        self.host_down = true;
        self
    }

    /// The proxy's workers; 2 if not set.
    pub fn concurrency(mut self, workers: u32) -> Self {
        self.concurrency = workers;
        self
    }

    /// How many bytes of a connection the proxy buffers.
    pub fn buffer_limit(mut self, bytes: u32) -> Self {
        self.buffer_limit = Some(bytes);
        self
    }

    /// Which proxy; the one that `$GATEWRIGHT_PROXY` names if not set.
    pub fn proxy(mut self, kind: Kind) -> Self {
        self.proxy = Some(kind);
        self
    }

    /// With the REST API and a proxy in front of it, instead of one in front of the database.
    pub fn api(mut self) -> Self {
        (self.api, self.database) = (true, false);
        self
    }

    /// With the MCP server and a proxy in front of it, instead of one in front of the database.
    pub fn mcp(mut self, replies: Replies) -> Self {
        (self.mcp, self.database) = (Some(replies), false);
        self
    }

    /// With pages for people, who are told from agents by the audience of their tokens.
    pub fn people(mut self) -> Self {
        self.people = true;
        self
    }

    /// As [`Self::api`], with a server that the test runs in the API's place.
    pub fn api_at(mut self, address: &str) -> Self {
        (self.api_at, self.database) = (Some(address.to_owned()), false);
        self
    }

    /// As [`Self::mcp`], with a server that the test runs in the MCP server's place.
    pub fn mcp_at(mut self, address: &str) -> Self {
        (self.mcp_at, self.database) = (Some(address.to_owned()), false);
        self
    }

    /// Changes what `gatewright envoy` printed for HTTP, as an operator would.
    pub fn bootstrap(mut self, edit: Edit) -> Self {
        self.bootstrap = Some(edit);
        self
    }

    /// With a proxy in front of the database as well.
    pub fn database(mut self) -> Self {
        self.database = true;
        self
    }

    /// Without proxies of its own: the test starts those that it wants.
    pub fn no_proxies(mut self) -> Self {
        self.proxies = false;
        self
    }

    /// Starts it all and waits until it is ready.
    pub fn start(mut self) -> Result<Stack> {
        let postgres = Postgres::start(&self.postgres)?;
        if self.target_direct {
            self.run.extend(["--target-ca".to_owned(), postgres.certificate().display().to_string()]);
        }
        let relay = self
            .relay
            .then(|| Relay::start(postgres.port(), "localhost", &postgres.certificate()))
            .transpose()?;
        let idp = Idp::start()?;
        let port = Port::free()?;
        let api = self.api.then(|| ShopApi::start(&postgres)).transpose()?;
        let mcp = self.mcp.map(|replies| ShopMcp::start(&postgres, replies)).transpose()?;
        // Where nothing listens, nobody is sent.
        let nowhere = || "127.0.0.1:9".to_owned();
        let ports = [Ports::free()?, Ports::free()?];
        let [api_url, mcp_url] = ports.each_ref().map(|ports| format!("http://{}", ports.listener.address()));
        let mut variables = vec![
            (
                "GW_API_TARGET".to_owned(),
                api.as_ref().map(|api| api.address()).or(self.api_at.clone()).unwrap_or_else(nowhere),
            ),
            ("GW_API_PUBLIC_URL".to_owned(), api_url),
            (
                "GW_MCP_TARGET".to_owned(),
                mcp.as_ref().map(|mcp| mcp.address()).or(self.mcp_at.clone()).unwrap_or_else(nowhere),
            ),
            ("GW_MCP_PUBLIC_URL".to_owned(), format!("{mcp_url}/mcp")),
            ("SHOP_API_KEY".to_owned(), api.as_ref().map_or_else(secret, |api| api.secret().to_owned())),
            ("SHOP_MCP_KEY".to_owned(), mcp.as_ref().map_or_else(secret, |mcp| mcp.secret().to_owned())),
            ("GW_HOST_LISTEN".to_owned(), port.address()),
            ("GW_HOST_PUBLIC_URL".to_owned(), format!("http://{}", port.address())),
            ("GW_PG_TARGET".to_owned(), relay.as_ref().map_or_else(|| postgres.address(), Relay::address)),
            ("GW_ISSUER".to_owned(), idp.issuer().to_owned()),
            ("GW_JWKS_URL".to_owned(), idp.jwks_url()),
            ("GATEWRIGHT_FILTER_TOKEN".to_owned(), secret()),
            ("SHOP_SUPPORT_PASSWORD".to_owned(), postgres.support_password().to_owned()),
        ];
        variables.append(&mut self.variables);
        let site = Site::shop(variables)?;
        if self.unix_socket {
            let path = postgres.socket_dir().join(format!(".s.PGSQL.{}", postgres.port()));
            site.set("/resources/0/target", serde_json::json!({ "unix": path }))?;
        }
        if self.target_tls && self.postgres.tls {
            site.set("/resources/0/target/ca", postgres.certificate().display().to_string().into())?;
        }
        if self.people {
            let client = Client {
                id: PAGES.to_owned(),
                secret: secret(),
                redirect_uri: format!("http://{}/signed-in", port.address()),
            };
            site.write("client.secret", &client.secret)?;
            let people = serde_json::json!({
                "issuer": idp.issuer(), "client_id": client.id, "client_secret": { "file": "client.secret" },
            });
            site.set("/people", people)?;
            idp.set_client(client);
        }
        for (pointer, value) in &self.config {
            site.set(pointer, value.clone())?;
        }
        for (name, text) in &self.policies {
            site.policy(name, text)?;
        }
        let listener = Port::free()?;
        let kind = self.proxy.map_or_else(Kind::chosen, Ok)?;
        if kind == Kind::Standalone {
            site.set("/resources/0/listen", listener.address().into())?;
            for (index, ports) in ports.iter().enumerate() {
                site.set(&format!("/apis/{index}/listen"), ports.listener.address().into())?;
            }
        }
        let mut host = Host::new(&site, port);
        if !self.host_down {
            host.start(&site)?;
        }
        let [api_ports, mcp_ports] = ports;
        let http =
            |name, ports| self.start_proxy(kind, &site, &idp, Part { name, filter: Filter::Http, ports });
        let with_api = self.proxies && (self.api || self.api_at.is_some());
        let with_mcp = self.proxies && (mcp.is_some() || self.mcp_at.is_some());
        let api_proxy = with_api.then(|| http("shop-api", api_ports)).transpose()?;
        let mcp_proxy = with_mcp.then(|| http("shop-mcp", mcp_ports)).transpose()?;
        let ports = Ports { listener, admin: Port::free()? };
        let database =
            || self.start_proxy(kind, &site, &idp, Part { name: "shop", filter: self.filter, ports });
        let proxy = (self.database && self.proxies).then(database).transpose()?;
        let workers = self.concurrency;
        let stack = Stack {
            proxy,
            api_proxy,
            mcp_proxy,
            host,
            site,
            idp,
            api,
            mcp,
            _relay: relay,
            postgres,
            workers,
        };
        if !self.host_down {
            stack.have_bundles()?;
        }
        Ok(stack)
    }

    fn start_proxy(&self, kind: Kind, site: &Site, idp: &Idp, part: Part) -> Result<Proxy> {
        let Part { name: resource, filter, ports } = part;
        let wasm = tools::filter(filter)?;
        match kind {
            Kind::Envoy | Kind::Container => {
                let mut bootstrap = Envoy::bootstrap(site, resource, &ports, &wasm)?;
                if let Some(edit) = self.bootstrap.filter(|_| filter == Filter::Http) {
                    bootstrap = edit(serde_saphyr::from_str(&bootstrap)?, idp)?.to_string();
                }
                if let Some(limit) = self.buffer_limit {
                    bootstrap = bootstrap.replace("4194304", &limit.to_string());
                }
                let start = if kind == Kind::Container { Envoy::start_in_container } else { Envoy::start };
                start(&bootstrap, ports, self.concurrency).map(Proxy::Envoy)
            }
            Kind::Standalone => {
                let (workers, arguments) = (self.concurrency, self.run.clone());
                let options = Options { workers, buffer_limit: self.buffer_limit, arguments };
                Standalone::start(site, resource, ports.listener, &wasm, options).map(Proxy::Standalone)
            }
        }
    }
}
