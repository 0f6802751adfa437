//! Servers that this harness starts but did not write: each a process with a port on loopback and a log.

use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use rustix::process::Signal;
use serde_json::Value;

use crate::port::Port;
use crate::postgres::Postgres;
use crate::process::{Process, command};
use crate::scratch::Scratch;
use crate::{secret, tools};

/// A running server.
#[derive(Debug)]
pub struct Service {
    process: Process,
    port: Port,
    _scratch: Scratch,
}

impl Service {
    /// Starts a command (made by [`command`]) that will listen on `port`, and waits until it does.
    pub fn start(name: &str, command: Command, port: Port) -> Result<Self> {
        let scratch = Scratch::new("service")?;
        // They keep nothing, so there is nothing to end in good order, open streams least of all.
        let mut process = Process::spawn(name, command, &scratch.join("log"), Signal::KILL)?;
        process.ready(Duration::from_secs(60), |_| TcpStream::connect(port.address()).ok().map(|_| ()))?;
        Ok(Self { process, port, _scratch: scratch })
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.port.address()
    }

    /// Its URL, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

/// One of the shop's own services, of `examples/shop`, with the one credential that it takes.
#[derive(Debug)]
pub struct ShopService {
    service: Service,
    secret: String,
}

impl ShopService {
    /// Starts a script as the owner of the shop's database.
    pub(crate) fn start(script: &str, postgres: &Postgres, env: &[(&str, &str)]) -> Result<Self> {
        let (port, secret) = (Port::free()?, secret());
        let mut python = command(tools::python(), Signal::KILL);
        python
            .arg(tools::repo().join("examples/shop").join(script))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("SHOP_DATABASE_URL", postgres.admin_url())
            .env("SHOP_SECRET", &secret)
            .env("SHOP_LISTEN", port.address())
            .envs(env.iter().copied());
        Ok(Self { service: Service::start(script, python, port)?, secret })
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.service.address()
    }

    /// Its URL, without a path.
    pub fn url(&self) -> String {
        self.service.url()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.service.id()
    }

    /// The credential that it wants: what agents must never get to see.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Every request that reached it, refused ones too, as `examples/shop/service.py` logs them: `method`, `path`,
    /// `query`, `http`, `credentials` and `headers`, in which only its own secret is blanked.
    pub fn requests(&self) -> Vec<Value> {
        let log = self.service.log();
        log.lines()
            .filter(|line| line.starts_with('{'))
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        self.service.log()
    }
}
