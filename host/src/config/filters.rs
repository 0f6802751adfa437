//! Deployments of filters, each with a token of its own.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::values::Name;
use crate::secret::SecretRef;

/// A deployment of filters.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilterSection {
    /// Its name.
    pub(crate) name: Name,
    /// What its filters present.
    pub(crate) token: Spanned<SecretRef>,
    /// What they serve, and nothing else is told to them.
    pub(crate) resources: Spanned<Vec<Name>>,
}
