//! `gatewright.yaml`: reading it, and saying precisely what is wrong with it.
//!
//! An unquoted scalar may hold `${NAME}` or `${NAME:-default}`: the environment variable's value takes its place.
//! This is for addresses and paths; secrets are named by reference ([`crate::secret::SecretRef`]) and never stand here.

pub(crate) mod api;
pub(crate) mod encryption;
mod endpoint;
mod fault;
mod filters;
pub(crate) mod identity;
pub(crate) mod model;
pub(crate) mod notifications;
pub(crate) mod retention;
pub(crate) mod secrets;
pub(crate) mod siem;
pub(crate) mod slack;
mod tokens;
pub(crate) mod traces;
mod validate;
pub(crate) mod values;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use gatewright_core::bundle::Enforcement;

use crate::secret::Sources;
use crate::store::Shared;
pub(crate) use api::{Api, Credential};
pub(crate) use endpoint::{At, Endpoint, Tls};
pub(crate) use fault::{Fault, Faults};
pub(crate) use model::{Config, Kind, People, Provider, Resource, Role};
pub(crate) use tokens::TokenRules;
pub(crate) use values::{ColumnPattern, FunctionName};

/// A configuration that is sound in itself, and where it lies.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its folder: what relative paths in it start from.
    pub(crate) folder: PathBuf,
    /// What it says.
    pub(crate) config: Config,
}

impl Loaded {
    /// Reads and checks the file. Neither secrets nor policies are looked at yet.
    pub(crate) fn read(path: &Path) -> Result<Self, Faults> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| Faults::from(Fault::file(path, format!("cannot be read: {cause}"))))?;
        Self::parse(path, &text)
    }

    /// As [`Loaded::read`], from the text.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Faults> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let config: Config = parse_yaml(text).map_err(|fault| Faults::from(fault.in_file(path)))?;
        let faults = validate::faults(path, &config);
        if faults.is_empty() {
            Ok(Self { path: path.to_owned(), folder: folder.to_owned(), config })
        } else {
            Err(Faults(faults))
        }
    }

    /// Folder of the host's own files.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join(&self.config.host.data)
    }

    /// The database that hosts share, where there is one: `other`, or the one that is named here.
    pub(crate) fn shared(&self, other: Option<&str>, sources: &Sources) -> anyhow::Result<Option<Shared>> {
        let host = &self.config.host;
        let Some(url) = other.or(host.database.as_ref().map(|database| &*database.0)) else {
            return Ok(None);
        };
        let password = host.database_password.as_ref().map(|password| sources.get(&password.value));
        let password = password.transpose().context("host.database_password")?;
        // A URL from elsewhere may hold its own.
        let password = password.filter(|_| !has_password(url));
        Shared::read(url, password.as_ref()).map(Some)
    }

    /// Folder of the policies.
    pub(crate) fn policies(&self) -> PathBuf {
        self.folder.join(&self.config.policies.value)
    }

    /// Files that hold secrets or keys.
    pub(crate) fn secret_files(&self) -> Vec<PathBuf> {
        let config = &self.config;
        let roles = config.resources.value.iter().flat_map(|resource| &resource.roles.value);
        let passwords = roles.clone().filter_map(|role| role.password.as_ref().or(role.login.as_ref()));
        let makers = roles.filter_map(|role| role.ephemeral.as_ref()?.value.password.as_ref());
        let client = config.people.as_ref().and_then(|people| people.client_secret.as_ref());
        let filters = config.host.filters.value.iter().map(|filter| &filter.token);
        let secrets = config.host.filter_token.iter().chain(filters).chain(&config.host.metrics_token);
        let slack = config.notifications.iter().filter_map(|one| one.slack.as_ref()).map(|slack| &slack.url);
        let signing = config.notifications.iter().filter_map(|one| one.webhook.as_ref());
        let watching = config.siem.iter().filter_map(|one| one.webhook.as_ref());
        let mail = config.notifications.iter().filter_map(|one| one.email.as_ref());
        let secrets = secrets.chain(slack).chain(signing.map(|webhook| &webhook.secret));
        let secrets = secrets.chain(watching.map(|webhook| &webhook.secret));
        let secrets = secrets.chain(mail.clone().filter_map(|email| email.password.as_ref()));
        let app = config.slack.as_ref().map(|app| &app.signing_secret);
        let headers = config.host.tracing.iter().flat_map(|tracing| tracing.value.headers.values());
        let secrets = secrets.chain(client).chain(app).chain(headers).chain(passwords);
        let secrets = secrets.map(|secret| &secret.value);
        let credentials = config.apis.value.iter().filter_map(|api| api.credential.as_ref()?.value.secret());
        let secrets = secrets.chain(credentials).chain(makers).filter_map(|secret| secret.path());
        let keys =
            config.identity.providers.value.iter().filter_map(|provider| provider.jwks.value.file.as_deref());
        let authorities = mail.filter_map(|email| Some(email.ca.as_ref()?.value.as_path()));
        let syslog =
            config.siem.iter().filter_map(|one| Some(one.syslog.as_ref()?.ca.as_ref()?.value.as_path()));
        let tracing = config.host.tracing.as_ref().map(|tracing| &tracing.value);
        let collector = tracing.and_then(|tracing| Some(tracing.ca.as_ref()?.value.as_path()));
        let files = secrets.chain(keys).chain(authorities).chain(syslog).chain(collector);
        files.map(|path| self.folder.join(path)).collect()
    }

    /// The resource of that name.
    pub(crate) fn resource(&self, name: &str) -> Option<&Resource> {
        self.config.resources.value.iter().find(|resource| resource.name.value.0 == name)
    }
}

impl Loaded {
    /// The API of that name.
    pub(crate) fn api(&self, name: &str) -> Option<&Api> {
        self.config.apis.value.iter().find(|api| api.name.value.0 == name)
    }
}

impl Config {
    /// Databases and APIs by name, and whether what is decided of them is done.
    pub(crate) fn enforcement(&self) -> impl Iterator<Item = (&str, Enforcement)> {
        let databases = self.resources.value.iter();
        let databases = databases.map(|one| (&one.name.value.0, &one.enforcement, &one.masking));
        let apis = self.apis.value.iter().map(|one| (&one.name.value.0, &one.enforcement, &one.masking));
        databases.chain(apis).map(|(name, decisions, masks)| {
            (name.as_str(), model::enforcement(decisions.as_ref(), masks.as_ref()))
        })
    }

    /// Those in shadow mode, and what that means, for people.
    pub(crate) fn in_shadow(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.enforcement().filter_map(|(name, enforcement)| match enforcement {
            Enforcement::Enforce => None,
            Enforcement::Shadow => Some((
                name,
                "shadow mode: policy is recorded and not enforced, nothing is blocked or held; masks count",
            )),
            Enforcement::ShadowMasks => Some((
                name,
                "shadow mode: policy is recorded and not enforced, nothing is blocked, held or masked",
            )),
        })
    }
}

impl Resource {
    /// The role of that name.
    pub(crate) fn role(&self, name: &str) -> Option<&Role> {
        self.roles.value.iter().find(|role| role.name.value == name)
    }

    /// The role that reads the catalogue.
    pub(crate) fn catalogue_role(&self) -> Option<&Role> {
        match &self.catalogue.role {
            Some(name) => self.role(&name.value),
            None => self.roles.value.first(),
        }
    }
}

/// Reads a file of the configuration's kind.
pub(crate) fn parse_yaml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let options =
        serde_saphyr::options! { strict_booleans: true, with_snippet: false }.with_properties(environment);
    let mut track = serde_path_to_error::Track::new();
    let parsed = serde_saphyr::with_deserializer_from_str_with_options(text, options, |deserializer| {
        serde::Deserialize::deserialize(serde_path_to_error::Deserializer::new(deserializer, &mut track))
    });
    parsed.map_err(|error| fault::from_yaml(&error, &track.path().to_string()))
}

fn has_password(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| url.password().is_some())
}

#[cfg(test)]
mod tests;
