//! Where the host sends what is recorded, for those who watch.

use std::path::PathBuf;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::notifications::Webhook;
use super::values::{HostName, Name};

/// One place.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Siem {
    /// Name, for logs and metrics; what was sent already is kept by it.
    pub(crate) name: Spanned<Name>,
    /// Syslog over TCP.
    #[serde(default)]
    pub(crate) syslog: Option<Syslog>,
    /// Any program that takes signed JSON: a list of events.
    #[serde(default)]
    pub(crate) webhook: Option<Webhook>,
    /// Of these resources; of all if left out.
    #[serde(default)]
    pub(crate) resources: Option<Spanned<Vec<String>>>,
    /// What is sent beside who did what to which tables, by which policies: nothing that an agent, a person or a target
    /// wrote, unless it stands here.
    #[serde(default)]
    pub(crate) shows: Vec<Told>,
}

/// A server that takes syslog over TCP (RFC 5424, RFC 6587).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Syslog {
    /// The server: what its certificate says, too.
    pub(crate) server: Spanned<HostName>,
    /// Its port; the usual one if left out.
    #[serde(default)]
    port: Option<u16>,
    /// Whether the connection is encrypted.
    #[serde(default = "yes")]
    pub(crate) tls: bool,
    /// Whose certificates are believed, a file relative to this one; this machine's authorities if left out.
    #[serde(default)]
    pub(crate) ca: Option<Spanned<PathBuf>>,
    /// Says that events may go to another machine in plain.
    #[serde(default)]
    pub(crate) others_may_read_along: bool,
}

fn yes() -> bool {
    true
}

impl Syslog {
    /// The port (RFC 5425 section 4.1, and RFC 3195 section 9.2, which plain syslog over TCP goes by).
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(if self.tls { 6514 } else { 601 })
    }
}

/// Something that an agent, a person or a target wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    /// The statement, whose text may hold values; of a request, its path and query.
    Statement,
    /// Its parameters; of a request, the body.
    Parameters,
    /// Rows, as they are recorded, and what errors say. What is masked is masked.
    Results,
    /// What people said.
    Comments,
}
