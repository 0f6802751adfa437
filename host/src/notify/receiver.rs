//! Receivers, as the configuration and its secrets say.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::Fault;
use crate::config::Loaded;
use crate::config::notifications::{Notification, On, Shown, is_private};
use crate::secret::Secret;

/// Shortest secret that signs, in bytes: what the specification asks for.
const SHORTEST: usize = 24;

/// A receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receiver {
    /// Name.
    pub(crate) name: String,
    /// Where to, and in which form.
    pub(super) way: Way,
    /// What is told.
    pub(super) on: Vec<On>,
    /// About which resources.
    resources: Option<Vec<String>>,
    shows: Vec<Shown>,
    pub(super) give_up_after: Duration,
    /// Where people reach the host.
    pub(super) public_url: String,
}

/// Where to, and in which form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// An incoming webhook of Slack, whose URL is the secret.
    Slack(Secret),
    /// JSON, signed with a key.
    Signed { url: String, key: Key },
}

/// A key that signs.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key(pub(super) Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Receiver {
    /// Fetches its secrets; what is wrong with them.
    pub(crate) fn read(one: &Notification, field: &str, loaded: &Loaded) -> Result<Self, Fault> {
        let way = match (&one.slack, &one.webhook) {
            (Some(slack), _) => {
                let field = format!("{field}.slack.url");
                let wrong = |what: String| Fault::field(slack.url.referenced, field.clone(), what);
                let url = slack.url.value.fetch(&loaded.folder).map_err(|cause| wrong(cause.to_string()))?;
                if !is_private(url.reveal()) {
                    return Err(wrong("the secret is not an `https://…` URL".to_owned()));
                }
                Way::Slack(url)
            }
            (None, Some(webhook)) => {
                let field = format!("{field}.webhook.secret");
                let wrong = |what: String| Fault::field(webhook.secret.referenced, field.clone(), what);
                let secret =
                    webhook.secret.value.fetch(&loaded.folder).map_err(|cause| wrong(cause.to_string()))?;
                // Standard Webhooks: with this prefix, the key in base64.
                let key = match secret.reveal().strip_prefix("whsec_") {
                    Some(key) => STANDARD
                        .decode(key)
                        .map_err(|_| wrong("`whsec_` is not followed by base64".to_owned()))?,
                    None => secret.reveal().as_bytes().to_vec(),
                };
                if key.len() < SHORTEST {
                    return Err(wrong(format!(
                        "the secret is too short: expected {SHORTEST} bytes at least"
                    )));
                }
                Way::Signed { url: webhook.url.value.0.clone(), key: Key(key) }
            }
            // INVARIANT: what is validated is one or the other.
            (None, None) => return Err(Fault::field(one.name.referenced, field, "expected a receiver")),
        };
        Ok(Self {
            name: one.name.value.0.clone(),
            way,
            on: one.on.clone(),
            resources: one.resources.as_ref().map(|resources| resources.value.clone()),
            shows: one.shows.clone(),
            give_up_after: one.give_up_after.0,
            public_url: loaded.config.host.public_url.0.clone(),
        })
    }

    /// Whether something about this resource is told.
    pub(super) fn is_about(&self, resource: &str) -> bool {
        self.resources.as_ref().is_none_or(|resources| resources.iter().any(|one| one == resource))
    }

    /// Whether this is shown.
    pub(super) fn shows(&self, what: Shown) -> bool {
        self.shows.contains(&what)
    }
}
