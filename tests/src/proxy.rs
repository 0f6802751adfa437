//! The proxy that the filter runs in: Envoy, as a process or in a container, or `gatewright run`. The same suites run on
//! all.

use std::env;

use anyhow::{Result, bail};

use crate::envoy::Envoy;
use crate::standalone::Standalone;

/// Which proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Envoy.
    Envoy,
    /// Envoy in a container.
    Container,
    /// `gatewright run`.
    Standalone,
}

impl Kind {
    /// What `$GATEWRIGHT_PROXY` says: `envoy`, which is the default, `container` or `standalone`.
    pub fn chosen() -> Result<Self> {
        match env::var("GATEWRIGHT_PROXY").as_deref() {
            Err(_) | Ok("" | "envoy") => Ok(Self::Envoy),
            Ok("container") => Ok(Self::Container),
            Ok("standalone") => Ok(Self::Standalone),
            Ok(other) => {
                bail!("$GATEWRIGHT_PROXY is `{other}`: expected `envoy`, `container` or `standalone`")
            }
        }
    }
}

/// Any filter for HTTP, and what it is started with.
#[derive(Debug, Clone, Copy, Default)]
pub struct HttpFilter<'a> {
    /// Its root id.
    pub root_id: &'a str,
    /// Its configuration.
    pub configuration: &'a str,
    /// What it may call: name and address.
    pub clusters: &'a [(&'a str, String)],
    /// They speak HTTP/2.
    pub http2: bool,
}

/// A running proxy with one listener.
#[derive(Debug)]
pub enum Proxy {
    /// Envoy.
    Envoy(Envoy),
    /// `gatewright run`.
    Standalone(Standalone),
}

impl Proxy {
    /// Port for agents.
    pub fn port(&self) -> u16 {
        match self {
            Self::Envoy(envoy) => envoy.port(),
            Self::Standalone(standalone) => standalone.port(),
        }
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        match self {
            Self::Envoy(envoy) => envoy.log(),
            Self::Standalone(standalone) => standalone.log(),
        }
    }

    /// Process id, under which `/proc` shows its memory.
    pub fn id(&self) -> u32 {
        match self {
            Self::Envoy(envoy) => envoy.id(),
            Self::Standalone(standalone) => standalone.id(),
        }
    }

    /// Envoy, where it is that.
    pub fn envoy(&self) -> Result<&Envoy> {
        match self {
            Self::Envoy(envoy) => Ok(envoy),
            Self::Standalone(_) => bail!("the proxy is not Envoy"),
        }
    }

    /// Everything that its admin interface tells.
    pub fn told(&self) -> Result<String> {
        match self {
            Self::Envoy(envoy) => envoy.config_dump(),
            Self::Standalone(standalone) => standalone.metrics(),
        }
    }
}
