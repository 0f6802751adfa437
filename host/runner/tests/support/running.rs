//! A data plane that runs while a test does.
#![allow(dead_code, unreachable_pub, reason = "a module of several suites, each of which uses its part")]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use gatewright_runner::proxy::{ClientSide, Config, Control, Filter, Protocol, Proxy, Service, Target};
use gatewright_runner::{Engine, Metrics, Plugin};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{limits, module};

/// A free port of this machine.
pub const LOOPBACK: &str = "127.0.0.1:0";

/// A running data plane.
pub struct Running {
    pub address: SocketAddr,
    pub metrics: Metrics,
    pub control: Control,
    pub stop: oneshot::Sender<()>,
    pub ended: JoinHandle<()>,
}

impl Running {
    pub async fn start(config: Config) -> Self {
        let metrics = Metrics::new();
        let proxy = Proxy::start(config, metrics.clone()).await.expect("it starts");
        let address = *proxy.addresses().expect("addresses").first().expect("a service");
        let control = proxy.control();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(proxy.serve(async { drop(stopped.await) }));
        Self { address, metrics, control, stop, ended }
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

/// A configuration of that service alone.
pub fn config(service: Service, workers: usize) -> Config {
    Config { services: vec![service], clusters: HashMap::new(), workers, drain: Duration::from_millis(300) }
}

/// An address at which nobody listens for as long as the socket is kept, and which nobody else is given. A proxy may listen
/// there all the same.
pub fn reserved() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(LOOPBACK.parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// A server that says back what it hears.
pub async fn echo() -> SocketAddr {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = socket.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
                let _ = write.shutdown().await;
            });
        }
    });
    address
}

/// What comes back of as many bytes as these, which are said.
pub async fn says(socket: &mut TcpStream, words: &[u8]) -> Vec<u8> {
    socket.write_all(words).await.unwrap();
    let mut answer = vec![0; words.len()];
    let read = tokio::time::timeout(Duration::from_secs(30), socket.read_exact(&mut answer)).await.unwrap();
    read.map(|_| answer).unwrap_or_default()
}

/// All that comes until the end.
pub async fn rest(socket: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(30), socket.read_to_end(&mut rest)).await.unwrap();
    rest
}

/// Waits until nobody listens at an address any more.
pub async fn until_nobody_listens(address: SocketAddr) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(address).await.is_ok() {
        assert!(Instant::now() < deadline, "somebody listens at {address} still");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits for what comes a moment after what can be seen from outside.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
