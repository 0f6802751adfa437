//! Where a target is.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// Where the target listens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "EndpointForm")]
pub(crate) struct Endpoint {
    /// Which server.
    pub(crate) at: At,
    /// Whether the proxy speaks TLS to it.
    pub(crate) tls: Tls,
    /// Certificate authorities (PEM) of which one must have signed the server's certificate, relative to this file. With `tls:
    /// request` the machine's if left out; with `tls: direct` the host speaks TLS too if it is there.
    pub(crate) ca: Option<PathBuf>,
}

/// Address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum At {
    /// TCP.
    Tcp(SocketAddr),
    /// TCP, at a name of the DNS and a port.
    Name(String, u16),
    /// Path of a Unix socket, such as `/run/postgresql/.s.PGSQL.5432`.
    Unix(PathBuf),
}

impl At {
    /// What HTTP calls the server (RFC 9110 section 7.2) where nobody names it otherwise.
    pub(crate) fn authority(&self) -> String {
        match self {
            Self::Tcp(_) | Self::Name(..) => self.to_string(),
            Self::Unix(_) => "localhost".to_owned(),
        }
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// TLS between the proxy and the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tls {
    /// None: loopback, a Unix socket, or a mesh that encrypts.
    #[default]
    None,
    /// TLS from the first byte (PostgreSQL 17 and later, ALPN `postgresql`): by the proxy, and with `ca` by the host.
    Direct,
    /// TLS by SSLRequest, as any PostgreSQL has it: by `gatewright run`, and by the host. Envoy cannot do that.
    Request,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndpointForm {
    #[serde(default)]
    address: Option<Place>,
    #[serde(default)]
    unix: Option<PathBuf>,
    #[serde(default)]
    tls: Tls,
    #[serde(default)]
    ca: Option<PathBuf>,
}

impl TryFrom<EndpointForm> for Endpoint {
    type Error = String;

    fn try_from(form: EndpointForm) -> Result<Self, String> {
        let at = match (form.address, form.unix) {
            (Some(place), None) => place.0,
            (None, Some(path)) => At::Unix(path),
            _ => return Err("expected exactly one of `address: HOST:PORT` and `unix: PATH`".to_owned()),
        };
        if matches!(at, At::Unix(_)) && form.tls != Tls::None {
            return Err("a Unix socket needs no TLS, and has none: leave out `tls`".to_owned());
        }
        if form.ca.is_some() && form.tls == Tls::None {
            return Err(
                "`ca` goes with `tls: request` or `tls: direct`: nothing is encrypted here".to_owned()
            );
        }
        Ok(Self { at, tls: form.tls, ca: form.ca })
    }
}

/// `address:port`, or `name:port`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Place(At);

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self(At::Tcp(address)));
        }
        let named = text.rsplit_once(':').and_then(|(name, port)| {
            let port = port.parse().ok().filter(|port| *port != 0)?;
            is_name(name).then(|| At::Name(name.to_ascii_lowercase(), port))
        });
        named.map(Self).ok_or_else(|| {
            format!(
                "`{text}` is not an address: expected an IP address or a name, and a port, such as \
                 `10.0.0.5:5432` or `db.internal.example:5432`"
            )
        })
    }
}

/// A host's name (RFC 1123 section 2.1). One whose last label is a number would be an IP address gone wrong.
fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253 && name.split('.').all(label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let place = |text: &str| Place::try_from(text.to_owned()).map(|place| place.0);
        assert_eq!(place("127.0.0.1:5432"), Ok(At::Tcp(([127, 0, 0, 1], 5432).into())));
        assert_eq!(place("[::1]:5432").map(|at| at.to_string()), Ok("[::1]:5432".to_owned()));
        assert_eq!(place("DB.internal:5432"), Ok(At::Name("db.internal".to_owned(), 5432)));
        assert_eq!(place("postgres:5432").map(|at| at.authority()), Ok("postgres:5432".to_owned()));
        for wrong in [
            "db.internal",
            "db.internal:0",
            "db.internal:x",
            ":5432",
            "256.0.0.1:5432",
            "a..b:1",
            "-a:1",
            "a_b:1",
            "a b:1",
            "http://db:80",
            "::1:5432",
            "user@db:5432",
        ] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
