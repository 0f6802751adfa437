//! Receivers, as the configuration and its secrets say.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::notifications::{Notification, On, Shown, Webhook, is_private};
use crate::config::{Fault, Loaded};
use crate::secret::{Secret, Sources};
use crate::slack;

use super::email::Mail;

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
    Slack {
        /// Where it is.
        url: Secret,
        /// What seals its buttons, where it has some.
        buttons: Option<slack::Key>,
    },
    /// JSON, signed with a key.
    Signed { url: String, key: Key },
    /// E-mail.
    Email(Box<Mail>),
}

/// A key that signs.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key(pub(super) Vec<u8>);

impl Key {
    /// Fetches the secret of a webhook.
    pub(crate) fn read(webhook: &Webhook, field: &str, sources: &Sources) -> Result<Self, Fault> {
        let wrong = |what: String| Fault::field(webhook.secret.referenced, field, what);
        let secret = sources.get(&webhook.secret.value).map_err(|cause| wrong(cause.to_string()))?;
        // Standard Webhooks: with this prefix, the key in base64.
        let key = match secret.reveal().strip_prefix("whsec_") {
            Some(key) => {
                STANDARD.decode(key).map_err(|_| wrong("`whsec_` is not followed by base64".to_owned()))?
            }
            None => secret.reveal().as_bytes().to_vec(),
        };
        if key.len() < SHORTEST {
            return Err(wrong(format!("the secret is too short: expected {SHORTEST} bytes at least")));
        }
        Ok(Self(key))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Receiver {
    /// Fetches its secrets; what is wrong with them.
    pub(crate) fn read(
        one: &Notification,
        field: &str,
        loaded: &Loaded,
        sources: &Sources,
        signing_secret: Option<&Secret>,
    ) -> Result<Self, Fault> {
        let way = match (&one.slack, &one.webhook, &one.email) {
            (Some(section), ..) => {
                let field = format!("{field}.slack.url");
                let wrong = |what: String| Fault::field(section.url.referenced, field.clone(), what);
                let url = sources.get(&section.url.value).map_err(|cause| wrong(cause.to_string()))?;
                if !is_private(url.reveal()) {
                    return Err(wrong("the secret is not an `https://…` URL".to_owned()));
                }
                // INVARIANT: what is validated has an app; where its secret is amiss, that is a fault of its own.
                let buttons = signing_secret.filter(|_| section.buttons).map(slack::Key::new);
                Way::Slack { url, buttons }
            }
            (None, Some(webhook), _) => {
                let key = Key::read(webhook, &format!("{field}.webhook.secret"), sources)?;
                Way::Signed { url: webhook.url.value.0.clone(), key }
            }
            (None, None, Some(section)) => {
                Way::Email(Box::new(Mail::read(section, &format!("{field}.email"), loaded, sources)?))
            }
            // INVARIANT: what is validated is one of them.
            (None, None, None) => {
                return Err(Fault::field(one.name.referenced, field, "expected a receiver"));
            }
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
