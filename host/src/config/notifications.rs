//! Whom the host tells what happens to approvals and grants.

use std::path::PathBuf;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::values::{HostName, MailAddress, Name, Span, Url};
use crate::secret::SecretRef;

/// One receiver.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notification {
    /// Name, for logs and metrics; what was told already is kept by it.
    pub(crate) name: Spanned<Name>,
    /// A channel of Slack.
    #[serde(default)]
    pub(crate) slack: Option<Slack>,
    /// Any program that takes signed JSON.
    #[serde(default)]
    pub(crate) webhook: Option<Webhook>,
    /// People, by e-mail.
    #[serde(default)]
    pub(crate) email: Option<Email>,
    /// What is told.
    #[serde(default = "usual")]
    pub(crate) on: Vec<On>,
    /// About these resources; about all if left out.
    #[serde(default)]
    pub(crate) resources: Option<Spanned<Vec<String>>>,
    /// What is told beside who, what for and by which policy: nothing that an agent or a person wrote, unless it stands
    /// here.
    #[serde(default)]
    pub(crate) shows: Vec<Shown>,
    /// How long it is tried to tell something.
    #[serde(default = "an_hour")]
    pub(crate) give_up_after: Span,
}

/// An incoming webhook of Slack.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slack {
    /// Its URL, which is a secret: whoever has it can write to the channel.
    pub(crate) url: Spanned<SecretRef>,
    /// Whether messages have buttons to approve and deny with.
    #[serde(default)]
    pub(crate) buttons: bool,
}

/// A webhook.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    /// Where it is.
    pub(crate) url: Spanned<Url>,
    /// What signs.
    pub(crate) secret: Spanned<SecretRef>,
}

/// E-mail, by a server that takes it (RFC 6409).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Email {
    /// The server: what its certificate says, too.
    pub(crate) server: Spanned<HostName>,
    /// Its port; the usual one if left out.
    #[serde(default)]
    port: Option<u16>,
    /// How the connection is encrypted.
    #[serde(default)]
    pub(crate) tls: MailTls,
    /// Whose certificates are believed, a file relative to this one; this machine's authorities if left out.
    #[serde(default)]
    pub(crate) ca: Option<Spanned<PathBuf>>,
    /// Who the host is to the server; nobody if left out.
    #[serde(default)]
    pub(crate) username: Option<String>,
    /// The password.
    #[serde(default)]
    pub(crate) password: Option<Spanned<SecretRef>>,
    /// Who writes.
    pub(crate) from: MailAddress,
    /// To whom.
    pub(crate) to: Spanned<Vec<MailAddress>>,
    /// Says that mail may go to another machine in plain.
    #[serde(default)]
    pub(crate) others_may_read_along: bool,
}

impl Email {
    /// The port (RFC 8314 section 3.3, RFC 6409 section 3.1, RFC 5321 section 4.5.4.2).
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            MailTls::Implicit => 465,
            MailTls::Starttls => 587,
            MailTls::Plaintext => 25,
        })
    }
}

/// How a connection to a mail server is encrypted. None of them is satisfied with less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MailTls {
    /// From its first byte on.
    Implicit,
    /// After STARTTLS (RFC 3207), which the server must offer.
    #[default]
    Starttls,
    /// Not at all.
    Plaintext,
}

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum On {
    /// An approval is asked for.
    Asked,
    /// One person approved or denied.
    Vote,
    /// It is approved.
    Approved,
    /// It is denied.
    Denied,
    /// Nobody decided, or used it, in time.
    Expired,
    /// It is not wanted any more.
    Withdrawn,
    /// It is used.
    Used,
    /// A grant is given.
    Granted,
    /// A grant is used.
    GrantUsed,
    /// A grant is revoked.
    Revoked,
    /// A grant's time is over.
    GrantExpired,
}

impl On {
    /// As it is told to programs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "approval.asked",
            Self::Vote => "approval.vote",
            Self::Approved => "approval.approved",
            Self::Denied => "approval.denied",
            Self::Expired => "approval.expired",
            Self::Withdrawn => "approval.withdrawn",
            Self::Used => "approval.used",
            Self::Granted => "grant.given",
            Self::GrantUsed => "grant.used",
            Self::Revoked => "grant.revoked",
            Self::GrantExpired => "grant.expired",
        }
    }
}

/// Something that an agent or a person wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shown {
    /// The statement, whose text may hold values.
    Statement,
    /// Its parameters; of a request, the body.
    Parameters,
    /// What people said.
    Comments,
}

fn usual() -> Vec<On> {
    vec![On::Asked, On::Approved, On::Denied, On::Expired, On::Granted, On::Revoked]
}

fn an_hour() -> Span {
    Span::seconds(3_600)
}

/// Whether what is sent to a URL can be read on the way by nobody else: TLS, or this machine.
pub(crate) fn is_private(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "https" || (url.scheme() == "http" && is_here(host))
}

/// Whether a host is this machine.
pub(crate) fn is_here(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
