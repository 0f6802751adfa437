//! How long recordings are kept.

use gatewright_core::time::Millis;
use serde::Deserialize;

use super::values::{Day, Name, Size, Span};
use crate::store::retention::Held;

/// How long recordings are kept: for ever, where nothing says otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retention {
    /// For how long; the first rule about a resource counts.
    #[serde(default)]
    pub(crate) rules: Vec<Rule>,
    /// How much of the database may be in use; then the oldest go, whatever their age.
    #[serde(default)]
    pub(crate) max_size: Option<Size>,
    /// What is kept whatever the rules and the size say.
    #[serde(default)]
    pub(crate) holds: Vec<Hold>,
    /// How often that is looked at.
    #[serde(default = "default_every")]
    pub(crate) every: Span,
}

fn default_every() -> Span {
    Span::seconds(3_600)
}

/// For how long.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// What the log says that it was pruned by.
    pub(crate) name: Name,
    /// Of these resources and APIs; of all that no rule before is about if left out.
    #[serde(default)]
    pub(crate) resources: Vec<String>,
    /// How long after its last event a session's events go.
    pub(crate) older_than: Span,
}

/// What is kept: sessions that all of this is true of. Of a hold that says nothing more, that is everything.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hold {
    /// Why.
    pub(crate) name: Name,
    /// These sessions, by their ids.
    #[serde(default)]
    pub(crate) sessions: Vec<String>,
    /// Of these resources and APIs.
    #[serde(default)]
    pub(crate) resources: Vec<String>,
    /// Of agents with these subjects.
    #[serde(default)]
    pub(crate) principals: Vec<String>,
    /// On this day or later.
    #[serde(default)]
    pub(crate) from: Option<Day>,
    /// On this day or before.
    #[serde(default)]
    pub(crate) to: Option<Day>,
}

/// A day, in milliseconds.
const DAY: Millis = 86_400_000;

impl Retention {
    /// What is kept, by the names of the holds.
    pub(crate) fn held(&self) -> impl Iterator<Item = (&str, Held)> {
        self.holds.iter().map(|hold| {
            let held = Held {
                sessions: hold.sessions.clone(),
                resources: hold.resources.clone(),
                principals: hold.principals.clone(),
                from: hold.from.map(|day| day.0),
                to: hold.to.map(|day| day.0.saturating_add(DAY)),
            };
            (hold.name.0.as_str(), held)
        })
    }
}
