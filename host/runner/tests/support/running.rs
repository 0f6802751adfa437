//! A data plane that runs while a test does.
#![allow(dead_code, unreachable_pub, reason = "a module of several suites, each of which uses its part")]

use std::net::SocketAddr;

use gatewright_runner::proxy::{ClientSide, Config, Filter, Protocol, Proxy, Service, Target};
use gatewright_runner::{Engine, Metrics, Plugin};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{limits, module};

/// A free port of this machine.
pub const LOOPBACK: &str = "127.0.0.1:0";

/// A running data plane.
pub struct Running {
    pub address: SocketAddr,
    pub metrics: Metrics,
    pub stop: oneshot::Sender<()>,
    pub ended: JoinHandle<()>,
}

impl Running {
    pub async fn start(config: Config) -> Self {
        let metrics = Metrics::new();
        let proxy = Proxy::start(config, metrics.clone()).await.expect("it starts");
        let address = *proxy.addresses().expect("addresses").first().expect("a service");
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(proxy.serve(async { drop(stopped.await) }));
        Self { address, metrics, stop, ended }
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    pub async fn stop(self) {
        self.stop.send(()).expect("it runs");
        self.ended.await.expect("it ends");
    }
}

/// A service in plain with these filters, each the fields of a module.
pub fn service(upstream: Target, protocol: Protocol, filters: &[&str]) -> Service {
    let engine = Engine::new(limits()).expect("an engine");
    let filters =
        filters.iter().map(|fields| Filter { module: module(&engine, fields), plugin: Plugin::default() });
    Service {
        name: "test".to_owned(),
        listen: LOOPBACK.parse().expect("an address"),
        client: ClientSide::Plain,
        upstream,
        upstream_tls: None,
        protocol,
        filters: filters.collect(),
        buffer_limit: 64 << 10,
    }
}
