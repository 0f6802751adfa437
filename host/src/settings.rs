//! All that comes from files and the environment: the configuration, its secrets, the policies.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use gatewright_core::digest::{Digest, sha256_parts};
use gatewright_core::policy::Engine;
use serde_json::Value;
use serde_saphyr::Spanned;

use crate::catalogue::{Authorities, Source};
use crate::config::{Fault, Faults, Loaded, Resource, Tls};
use crate::notify::Receiver;
use crate::policies;
use crate::secret::{Secret, SecretRef};

/// A configuration with which the host can work.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The configuration.
    pub(crate) loaded: Loaded,
    /// What filters present.
    pub(crate) filter_token: Secret,
    /// What Prometheus presents, where it has to.
    pub(crate) metrics_token: Option<Secret>,
    /// Passwords of the target's roles, by resource and role name.
    passwords: HashMap<(String, String), Secret>,
    /// The secret by which the pages sign people in, where there is one.
    pub(crate) client_secret: Option<Secret>,
    /// Secrets of the credentials for APIs, by API.
    secrets: HashMap<String, Secret>,
    /// Whom the host tells what happens to approvals.
    pub(crate) receivers: Vec<Receiver>,
    /// Policies in their JSON form.
    pub(crate) policies: Value,
    /// The same, ready to decide.
    pub(crate) engine: Engine,
}

impl Settings {
    /// Reads everything and checks it all; gives every fault found.
    pub(crate) fn read(path: &Path) -> Result<Self, Faults> {
        let loaded = Loaded::read(path)?;
        let mut faults = Vec::new();
        let mut passwords = HashMap::new();
        let token = &loaded.config.host.filter_token;
        let filter_token = token.value.fetch(&loaded.folder).unwrap_or_else(|cause| {
            faults.push(Fault::field(token.referenced, "host.filter_token", cause.to_string()).in_file(path));
            Secret::new("")
        });
        for (i, resource) in loaded.config.resources.value.iter().enumerate() {
            for (k, role) in resource.roles.value.iter().enumerate() {
                let Some(reference) = &role.password else { continue };
                match reference.value.fetch(&loaded.folder) {
                    Ok(password) => {
                        passwords.insert((resource.name.value.0.clone(), role.name.value.clone()), password);
                    }
                    Err(cause) => {
                        let field = format!("resources[{i}].roles[{k}].password");
                        faults
                            .push(Fault::field(reference.referenced, field, cause.to_string()).in_file(path));
                    }
                }
            }
        }
        let mut optional = |reference: Option<&Spanned<SecretRef>>, field: &str| {
            let reference = reference?;
            let fetched = reference.value.fetch(&loaded.folder);
            fetched
                .map_err(|cause| {
                    let fault = Fault::field(reference.referenced, field, cause.to_string());
                    faults.push(fault.in_file(path));
                })
                .ok()
        };
        let client = loaded.config.people.as_ref().and_then(|people| people.client_secret.as_ref());
        let client_secret = optional(client, "people.client_secret");
        let metrics_token = optional(loaded.config.host.metrics_token.as_ref(), "host.metrics_token");
        let mut secrets = HashMap::new();
        for (i, api) in loaded.config.apis.value.iter().enumerate() {
            let Some(credential) = &api.credential else { continue };
            match credential.value.secret().map(|secret| secret.fetch(&loaded.folder)) {
                None => {}
                Some(Ok(secret)) => {
                    secrets.insert(api.name.value.0.clone(), secret);
                }
                Some(Err(cause)) => {
                    let field = format!("apis[{i}].credential");
                    faults.push(Fault::field(credential.referenced, field, cause.to_string()).in_file(path));
                }
            }
        }
        let mut receivers = Vec::new();
        for (i, one) in loaded.config.notifications.iter().enumerate() {
            match Receiver::read(one, &format!("notifications[{i}]"), &loaded) {
                Ok(receiver) => receivers.push(receiver),
                Err(fault) => faults.push(fault.in_file(path)),
            }
        }
        let policies =
            policies::load(&loaded.policies(), loaded.config.default_policies).unwrap_or_else(|found| {
                faults.extend(found.0);
                Value::Null
            });
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        let engine = Engine::from_json(&policies)
            .map_err(|cause| Faults::from(Fault::file(&loaded.policies(), cause.to_string())))?;
        Ok(Self {
            loaded,
            filter_token,
            metrics_token,
            receivers,
            passwords,
            client_secret,
            secrets,
            policies,
            engine,
        })
    }

    /// The password of a role, where it has one.
    pub(crate) fn password(&self, resource: &str, role: &str) -> Option<&Secret> {
        self.passwords.get(&(resource.to_owned(), role.to_owned()))
    }

    /// The secret of an API's credential, where it has one.
    pub(crate) fn secret(&self, api: &str) -> Option<&Secret> {
        self.secrets.get(api)
    }

    /// Groups whose members may approve anything at all.
    pub(crate) fn approver_groups(&self) -> BTreeSet<String> {
        let policies = self.policies.get("staticPolicies").and_then(Value::as_object);
        let named = policies
            .into_iter()
            .flatten()
            .filter_map(|(_, policy)| policy.pointer("/annotations/approvers").and_then(Value::as_str));
        let named = named.flat_map(|list| list.split(',')).map(|group| group.trim().to_owned());
        let apis = self.loaded.config.apis.value.iter().filter_map(|api| api.mcp.as_ref());
        let apis = apis.flat_map(|mcp| mcp.changes_accepted_by.iter().cloned());
        named.chain(apis).filter(|group| !group.is_empty()).collect()
    }

    /// How many policies there are.
    pub(crate) fn policy_count(&self) -> usize {
        let policies = self.policies.get("staticPolicies").and_then(Value::as_object);
        policies.map_or(0, serde_json::Map::len)
    }

    /// How to read a resource's catalogue.
    pub(crate) fn source(&self, resource: &Resource) -> Option<Source> {
        let role = resource.catalogue_role()?;
        Some(Source {
            at: resource.target.at.clone(),
            tls: (resource.target.tls == Tls::Request).then(|| Authorities {
                file: resource.target.ca.as_ref().map(|ca| self.loaded.folder.join(ca)),
            }),
            database: resource.database.clone(),
            role: role.target().to_owned(),
            password: self.password(&resource.name.value.0, &role.name.value).cloned(),
        })
    }
}

/// A digest of every file that [`Settings::read`] reads, so that a change is noticed. Files that cannot be read
/// count by that; secrets in files count too, so that a rotated password is taken up.
pub(crate) fn fingerprint(path: &Path, last: Option<&Loaded>) -> Digest {
    let mut files: Vec<PathBuf> = vec![path.to_owned()];
    let fresh = Loaded::read(path).ok();
    if let Some(loaded) = fresh.as_ref().or(last) {
        files.extend(policies::files(&loaded.policies()).unwrap_or_default());
        files.extend(loaded.secret_files());
    }
    let mut parts: Vec<Vec<u8>> = Vec::with_capacity(files.len() * 2);
    for file in &files {
        parts.push(file.to_string_lossy().into_owned().into_bytes());
        parts.push(std::fs::read(file).unwrap_or_else(|cause| cause.to_string().into_bytes()));
    }
    sha256_parts(parts.iter().map(Vec::as_slice))
}
