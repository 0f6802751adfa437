//! Whether people may make personal access tokens, and how long those last.

use std::time::Duration;

use serde::Deserialize;

use super::values::Span;

/// What tokens last where nobody says.
const USUAL: Span = Span::seconds(30 * 86_400);
/// What they last at most where nobody says.
const MOST: Span = Span::seconds(90 * 86_400);
/// What nobody may go beyond: a year, and a day for leap years.
pub(super) const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// The rules for personal access tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TokenRules {
    /// Whether there are any. Those that were made are of no use while there are not.
    pub(crate) enabled: bool,
    /// How long one lasts whose maker does not say.
    pub(crate) lifetime: Option<Span>,
    /// How long one lasts at most, those that were made before included.
    pub(crate) max_lifetime: Span,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self { enabled: true, lifetime: None, max_lifetime: MOST }
    }
}

impl TokenRules {
    /// How long one lasts whose maker does not say.
    pub(crate) fn usual(&self) -> Duration {
        self.lifetime.unwrap_or(USUAL).0.min(self.max_lifetime.0)
    }
}
