//! Where events go, as the configuration and its secrets say.

use serde_json::Value;

use super::syslog::Server;
use crate::config::siem::{Siem, Told};
use crate::config::{Fault, Loaded};
use crate::notify::Key;
use crate::secret::Sources;

/// A place that events are sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sink {
    /// Name.
    pub(crate) name: String,
    pub(super) way: Way,
    resources: Option<Vec<String>>,
    pub(super) shows: Vec<Told>,
}

/// How they get there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    Syslog(Server),
    Signed { url: String, key: Key },
}

impl Sink {
    /// Fetches its secrets; what is wrong with them.
    pub(crate) fn read(one: &Siem, field: &str, loaded: &Loaded, sources: &Sources) -> Result<Self, Fault> {
        let way = match (&one.syslog, &one.webhook) {
            (Some(syslog), _) => {
                let ca = syslog.ca.as_ref().map(|ca| (ca, loaded.folder.join(&ca.value)));
                if let Some((ca, path)) = &ca {
                    std::fs::read(path).map_err(|cause| {
                        let message = format!("the file `{}` cannot be read: {cause}", path.display());
                        Fault::field(ca.referenced, format!("{field}.syslog.ca"), message)
                    })?;
                }
                let public_url = reqwest::Url::parse(&loaded.config.host.public_url.0).ok();
                let own_name = public_url.and_then(|url| url.host_str().map(str::to_owned));
                Way::Syslog(Server {
                    name: syslog.server.value.0.clone(),
                    port: syslog.port(),
                    tls: syslog.tls,
                    ca: ca.map(|(_, path)| path),
                    own_name: own_name.unwrap_or_else(|| "-".to_owned()),
                })
            }
            (None, Some(webhook)) => {
                let key = Key::read(webhook, &format!("{field}.webhook.secret"), sources)?;
                Way::Signed { url: webhook.url.value.0.clone(), key }
            }
            // INVARIANT: what is validated is one of them.
            (None, None) => return Err(Fault::field(one.name.referenced, field, "expected a place")),
        };
        Ok(Self {
            name: one.name.value.0.clone(),
            way,
            resources: one.resources.as_ref().map(|resources| resources.value.clone()),
            shows: one.shows.clone(),
        })
    }

    /// Whether it gets what happens on this resource.
    pub(super) fn is_about(&self, resource: &str) -> bool {
        self.resources.as_ref().is_none_or(|resources| resources.iter().any(|one| one == resource))
    }

    /// What the database keeps its place by: receivers of notifications are named without a `/`.
    pub(super) fn place(&self) -> String {
        format!("siem/{}", self.name)
    }
}

/// Events as one body.
pub(super) fn body(events: Vec<Value>) -> String {
    Value::Array(events).to_string()
}
