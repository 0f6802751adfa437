//! One bundle from its ingredients.

use axum::body::Bytes;
use gatewright_core::bundle::{
    Approvals, Bundle, FORMAT, Limits, Provider, Recording, Resource as BundleResource, Role as BundleRole,
    VERSION,
};
use gatewright_core::catalogue::Catalogue;
use gatewright_core::digest::sha256;
use gatewright_core::identity::Verifier;
use serde_json::Value;

use crate::catalogue::{self, Raw};
use crate::config::model::{ApprovalsSection, LimitsSection, RecordingSection, enforcement};
use crate::config::{self, Api, People, Resource};
use crate::keys::Keys;
use crate::settings::Settings;
use crate::tools::Known;

/// A bundle, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Served {
    /// The bundle's digest.
    pub(crate) digest: String,
    /// The bundle as JSON.
    pub(crate) json: Bytes,
}

/// The providers of a configuration with their keys; a provider whose keys were never had is left out, and
/// tokens of it are refused.
pub(crate) fn providers(settings: &Settings, keys: &Keys) -> Vec<Provider> {
    let providers = settings.loaded.config.identity.providers.value.iter();
    providers.filter_map(|one| Some(with_keys(one, keys.get(&one.issuer.value)?))).collect()
}

/// One of them, with keys that were had otherwise.
pub(crate) fn provider(settings: &Settings, issuer: &str, jwks: &Value) -> Option<Provider> {
    let mut providers = settings.loaded.config.identity.providers.value.iter();
    Some(with_keys(providers.find(|provider| provider.issuer.value == issuer)?, jwks))
}

fn with_keys(provider: &config::Provider, jwks: &Value) -> Provider {
    Provider {
        issuer: provider.issuer.value.clone(),
        audiences: provider.audiences.value.clone(),
        algorithms: provider.algorithms.iter().map(|algorithm| algorithm.value.clone()).collect(),
        jwks: sorted(jwks),
        groups_claim: provider
            .groups_claim
            .as_ref()
            .map_or_else(|| "/groups".to_owned(), |pointer| pointer.value.clone()),
        leeway_s: provider.leeway.0.as_secs(),
        required_claims: provider.required_claims.clone(),
        groups: provider.groups.iter().map(|rule| rule.value.compiled()).collect(),
    }
}

/// The provider of people's tokens, as far as its keys were had.
pub(crate) fn people(settings: &Settings, people: &People, keys: &Keys) -> Vec<Provider> {
    let of = |provider: &Provider| provider.issuer == people.issuer.value;
    let providers = providers(settings, keys).into_iter().filter(of);
    providers.map(|provider| Provider { audiences: people.audiences(), ..provider }).collect()
}

/// Compiles the bundle of one resource.
///
/// # Errors
/// Why there can be none, in words for an operator.
pub(crate) fn compile(
    settings: &Settings,
    resource: &Resource,
    keys: &Keys,
    raw: &Raw,
    mask_key: &str,
) -> Result<Served, Vec<String>> {
    let providers = usable(settings, keys)?;
    let bundle = assemble(settings, resource, providers, raw, mask_key)?;
    seal(bundle).map_err(|cause| vec![cause.to_string()])
}

/// Compiles the bundle of one API. `database`: the resource that its SQL is for, and that one's catalogue;
/// `tools`: what is known of its tools.
///
/// # Errors
/// Why there can be none, in words for an operator.
pub(crate) fn compile_api(
    settings: &Settings,
    api: &Api,
    keys: &Keys,
    database: Option<(&Resource, &Raw)>,
    tools: &Known,
    mask_key: &str,
) -> Result<Served, Vec<String>> {
    let bundle = assemble_api(settings, api, usable(settings, keys)?, database, tools, mask_key)?;
    // What the filter would refuse is refused here, where somebody reads the log.
    gatewright_http::Plane::new(&bundle).map_err(|cause| vec![cause.to_string()])?;
    seal(bundle).map_err(|cause| vec![cause.to_string()])
}

/// The bundle of an API without its digest.
///
/// # Errors
/// Why there can be none, in words for an operator.
pub(crate) fn assemble_api(
    settings: &Settings,
    api: &Api,
    providers: Vec<Provider>,
    database: Option<(&Resource, &Raw)>,
    tools: &Known,
    mask_key: &str,
) -> Result<Bundle, Vec<String>> {
    let catalogue = match database {
        Some((resource, raw)) => catalogue::compile(raw, resource)?,
        None => Catalogue::default(),
    };
    Ok(Bundle {
        format: FORMAT,
        version: VERSION.to_owned(),
        digest: String::new(),
        resource: BundleResource {
            name: api.name.value.0.clone(),
            database: String::new(),
            roles: Vec::new(),
            allow_cleartext_password: false,
            announce: true,
        },
        providers,
        policies: sorted(&settings.policies),
        catalogue,
        approvals: approvals(&api.approvals),
        recording: recording(&api.recording),
        enforcement: enforcement(api.enforcement.as_ref(), api.masking.as_ref()),
        limits: limits(&api.limits),
        mask_key: mask_key.to_owned(),
        detectors: api.detectors.compiled(),
        api: Some(api.compiled(tools)),
    })
}

/// The providers, at least one, as the filter takes them.
fn usable(settings: &Settings, keys: &Keys) -> Result<Vec<Provider>, Vec<String>> {
    let providers = providers(settings, keys);
    if providers.is_empty() {
        return Err(vec!["no identity provider's keys could be had yet".to_owned()]);
    }
    // What the filter would refuse is refused here, where somebody reads the log.
    Verifier::new(&providers).map_err(|cause| vec![cause])?;
    Ok(providers)
}

/// A bundle without its digest.
///
/// # Errors
/// Why there can be none, in words for an operator.
pub(crate) fn assemble(
    settings: &Settings,
    resource: &Resource,
    providers: Vec<Provider>,
    raw: &Raw,
    mask_key: &str,
) -> Result<Bundle, Vec<String>> {
    let catalogue = catalogue::compile(raw, resource)?;
    let roles = resource.roles.value.iter();
    Ok(Bundle {
        format: FORMAT,
        version: VERSION.to_owned(),
        digest: String::new(),
        resource: BundleResource {
            name: resource.name.value.0.clone(),
            database: resource.database.clone(),
            roles: roles
                .map(|role| BundleRole {
                    name: role.name.value.clone(),
                    target: settings.user(&resource.name.value.0, role).to_owned(),
                    ephemeral: role.ephemeral.is_some(),
                })
                .collect(),
            allow_cleartext_password: resource.allow_cleartext_password,
            announce: resource.announce_agent,
        },
        providers,
        policies: sorted(&settings.policies),
        catalogue,
        approvals: approvals(&resource.approvals),
        recording: recording(&resource.recording),
        enforcement: enforcement(resource.enforcement.as_ref(), resource.masking.as_ref()),
        limits: limits(&resource.limits),
        mask_key: mask_key.to_owned(),
        detectors: resource.detectors.compiled(),
        api: None,
    })
}

fn approvals(set: &ApprovalsSection) -> Approvals {
    Approvals { mode: set.mode, in_transaction: set.in_transaction, expires_s: set.expires.0.as_secs() }
}

fn recording(set: &RecordingSection) -> Recording {
    Recording {
        mode: set.mode,
        max_unacknowledged: set.max_unacknowledged,
        max_rows: set.max_rows,
        max_result_bytes: set.max_result_bytes.0,
    }
}

fn limits(set: &LimitsSection) -> Limits {
    let default = Limits::default();
    Limits {
        max_message: set.max_message.as_ref().map_or(default.max_message, |cap| cap.value.0),
        max_pipeline: set.max_pipeline.unwrap_or(default.max_pipeline),
        max_prepared: set.max_prepared.unwrap_or(default.max_prepared),
    }
}

/// Fills in the digest: SHA-256 of the bundle's JSON with an empty digest.
fn seal(mut bundle: Bundle) -> serde_json::Result<Served> {
    let digest = hex::encode(sha256(&serde_json::to_vec(&bundle)?));
    bundle.digest.clone_from(&digest);
    Ok(Served { digest, json: serde_json::to_vec(&bundle)?.into() })
}

/// The same value with the members of every object in order, so that equal values give equal text.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            Value::Object(members.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        other => other.clone(),
    }
}
