//! Who may ask as a filter: deployments of filters, each known by a token, and what each serves. A token that got lost at
//! one place is worth nothing for the resources of another.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use gatewright_core::digest::{Digest, sha256};
use serde_saphyr::Spanned;
use subtle::ConstantTimeEq as _;

use crate::config::{Fault, Loaded};
use crate::secret::{Secret, SecretRef, Sources};

/// A deployment of filters.
#[derive(Debug)]
pub(crate) struct Deployment {
    /// Its name in the configuration; none of the one that `host.filter_token` is of.
    name: Option<String>,
    /// SHA-256 of its token.
    token: Digest,
    /// What it serves: everything where there is no list.
    resources: Option<Vec<String>>,
}

impl Deployment {
    /// Whether it serves a resource or an API.
    pub(crate) fn serves(&self, resource: &str) -> bool {
        serves(self.resources.as_deref(), resource)
    }

    /// Whether it serves everything.
    pub(crate) fn serves_all(&self) -> bool {
        self.resources.is_none()
    }

    /// As errors call it.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("host.filter_token")
    }
}

fn serves(resources: Option<&[String]>, resource: &str) -> bool {
    resources.is_none_or(|served| served.iter().any(|name| name == resource))
}

/// Those of a configuration; adds what is wrong with their tokens.
pub(crate) fn read(
    loaded: &Loaded,
    sources: &Sources,
    path: &Path,
    faults: &mut Vec<Fault>,
) -> Vec<Arc<Deployment>> {
    let mut all: Vec<Arc<Deployment>> = Vec::new();
    for (field, reference, name, resources) in sections(loaded) {
        let fetched = sources.get(&reference.value).map_err(|cause| cause.to_string()).and_then(|token| {
            let token = sha256(token.reveal().as_bytes());
            let other = all.iter().find(|other| other.token == token);
            let twice = |other: &Arc<Deployment>| format!("it is the same as that of `{}`", other.name());
            other.map_or(Ok(token), |other| Err(twice(other)))
        });
        match fetched {
            Ok(token) => all.push(Arc::new(Deployment { name, token, resources })),
            Err(cause) => faults.push(Fault::field(reference.referenced, field, cause).in_file(path)),
        }
    }
    all
}

/// Whose token that is. It takes as long for every token.
pub(crate) fn known<'a>(all: &'a [Arc<Deployment>], presented: &str) -> Option<&'a Arc<Deployment>> {
    // Digests have one length.
    let presented = sha256(presented.as_bytes());
    let is = |one: &&Arc<Deployment>| bool::from(presented.ct_eq(&one.token));
    all.iter().rev().fold(None, |found, one| if is(&one) { Some(one) } else { found })
}

/// The token of filters of a resource or an API: that of the deployment which names it, or `host.filter_token`.
pub(crate) fn token_for(loaded: &Loaded, sources: &Sources, resource: &str) -> anyhow::Result<Secret> {
    // Whatever has the least to say.
    let fitting = sections(loaded).filter(|(.., resources)| serves(resources.as_deref(), resource));
    let least = fitting.min_by_key(|(.., resources)| resources.as_ref().map_or(usize::MAX, Vec::len));
    let (field, reference, ..) = least.with_context(|| {
        format!("there is no token for filters of `{resource}`: expected it in `host.filters`, or `host.filter_token`")
    })?;
    sources.get(&reference.value).context(field)
}

/// Their fields, references, names and resources.
fn sections(
    loaded: &Loaded,
) -> impl Iterator<Item = (String, &Spanned<SecretRef>, Option<String>, Option<Vec<String>>)> {
    let host = &loaded.config.host;
    let all = host.filter_token.iter().map(|token| ("host.filter_token".to_owned(), token, None, None));
    all.chain(host.filters.value.iter().enumerate().map(|(i, one)| {
        let resources = one.resources.value.iter().map(|name| name.0.clone()).collect();
        (format!("host.filters[{i}].token"), &one.token, Some(one.name.0.clone()), Some(resources))
    }))
}
