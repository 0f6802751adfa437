//! All that comes from files and the environment: the configuration, its secrets, the policies.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatewright_core::digest::{Digest, sha256_parts};
use gatewright_core::policy::Engine;
use gatewright_runner::proxy::Begin;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use serde_saphyr::{Location, Spanned};

use crate::catalogue::{Encryption, Source};
use crate::config::{Endpoint, Fault, Faults, Loaded, Resource, Role, Tls};
use crate::deployments::{self, Deployment};
use crate::notify::Receiver;
use crate::secret::{Login, Secret, SecretError, SecretRef, Sources};
use crate::siem::Sink;
use crate::{policies, slack};

/// A configuration with which the host can work.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The configuration.
    pub(crate) loaded: Loaded,
    /// Where the secrets came from, and come from anew.
    pub(crate) sources: Sources,
    /// Who may ask as a filter.
    pub(crate) deployments: Vec<Arc<Deployment>>,
    /// What Prometheus presents, where it has to.
    pub(crate) metrics_token: Option<Secret>,
    /// Users and passwords of the target's roles, by resource and role name: the one to use, and those before it.
    logins: HashMap<(String, String), Vec<Login>>,
    /// Those that make the users of sessions, by the same.
    makers: HashMap<(String, String), Login>,
    /// The secret by which the pages sign people in, where there is one.
    pub(crate) client_secret: Option<Secret>,
    /// Secrets of the credentials for APIs, by API.
    secrets: HashMap<String, Secret>,
    /// Headers of what is sent to the collector of traces.
    pub(crate) tracing_headers: HeaderMap,
    /// What Slack signs clicks with, where there is an app of Slack.
    pub(crate) slack_secret: Option<Secret>,
    /// Whom the host tells what happens to approvals.
    pub(crate) receivers: Vec<Receiver>,
    /// Where the host sends what is recorded.
    pub(crate) sinks: Vec<Sink>,
    /// Policies in their JSON form.
    pub(crate) policies: Value,
    /// The same, ready to decide.
    pub(crate) engine: Engine,
}

impl Settings {
    /// Reads everything and checks it all; gives every fault found.
    pub(crate) fn read(path: &Path, sources: &Sources) -> Result<Self, Faults> {
        let loaded = Loaded::read(path)?;
        sources.begin(&loaded.folder, &loaded.config.secrets);
        let mut faults = Vec::new();
        let mut logins = HashMap::new();
        let mut makers = HashMap::new();
        let deployments = deployments::read(&loaded, sources, path, &mut faults);
        for (i, resource) in loaded.config.resources.value.iter().enumerate() {
            for (k, role) in resource.roles.value.iter().enumerate() {
                if let Some(ephemeral) = &role.ephemeral {
                    let user = ephemeral.value.made_by.clone();
                    let password =
                        ephemeral.value.password.as_ref().map(|reference| sources.get(reference)).transpose();
                    match password {
                        Ok(password) => {
                            let password = password.unwrap_or_else(|| Secret::new(""));
                            let key = (resource.name.value.0.clone(), role.name.value.clone());
                            makers.insert(key, Login::lasting(user, password));
                        }
                        Err(cause) => {
                            let field = format!("resources[{i}].roles[{k}].ephemeral.password");
                            let fault = Fault::field(ephemeral.referenced, field, cause.to_string());
                            faults.push(fault.in_file(path));
                        }
                    }
                }
                let (reference, field, got) = match (&role.login, &role.password) {
                    (Some(login), _) => (login, "login", sources.logins(&login.value)),
                    (None, Some(reference)) => {
                        let user = role.target().to_owned();
                        let got = sources.get(&reference.value);
                        (reference, "password", got.map(|password| vec![Login::lasting(user, password)]))
                    }
                    (None, None) => continue,
                };
                match got {
                    Ok(got) => {
                        logins.insert((resource.name.value.0.clone(), role.name.value.clone()), got);
                    }
                    Err(cause) => {
                        let field = format!("resources[{i}].roles[{k}].{field}");
                        faults
                            .push(Fault::field(reference.referenced, field, cause.to_string()).in_file(path));
                    }
                }
            }
        }
        let mut optional = |reference: Option<&Spanned<SecretRef>>, field: &str| {
            let reference = reference?;
            let fetched = sources.get(&reference.value);
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
        // Taken up when the host starts.
        optional(loaded.config.host.database_password.as_ref(), "host.database_password");
        let mut secrets = HashMap::new();
        for (i, api) in loaded.config.apis.value.iter().enumerate() {
            let Some(credential) = &api.credential else { continue };
            match credential.value.secret().map(|secret| sources.get(secret)) {
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
        let slack_secret = slack::secret(&loaded, sources).and_then(|secret| {
            let wrong = |cause| {
                let app = loaded.config.slack.as_ref();
                let at = app.map_or(Location::UNKNOWN, |app| app.signing_secret.referenced);
                faults.push(Fault::field(at, "slack.signing_secret", cause).in_file(path));
            };
            secret.map_err(wrong).ok()
        });
        let tracing = loaded.config.host.tracing.as_ref().map(|tracing| &tracing.value);
        if let Some(ca) = tracing.and_then(|tracing| tracing.ca.as_ref())
            && let Err(cause) = std::fs::read(loaded.folder.join(&ca.value))
        {
            let message = format!("the file `{}` cannot be read: {cause}", ca.value.display());
            faults.push(Fault::field(ca.referenced, "host.tracing.ca", message).in_file(path));
        }
        let mut tracing_headers = HeaderMap::new();
        for (name, reference) in tracing.into_iter().flat_map(|tracing| &tracing.headers) {
            match header(name, sources.get(&reference.value)) {
                Ok((name, value)) => drop(tracing_headers.insert(name, value)),
                Err(cause) => {
                    let field = format!("host.tracing.headers.{name}");
                    faults.push(Fault::field(reference.referenced, field, cause).in_file(path));
                }
            }
        }
        let mut receivers = Vec::new();
        for (i, one) in loaded.config.notifications.iter().enumerate() {
            match Receiver::read(one, &format!("notifications[{i}]"), &loaded, sources, slack_secret.as_ref())
            {
                Ok(receiver) => receivers.push(receiver),
                Err(fault) => faults.push(fault.in_file(path)),
            }
        }
        let mut sinks = Vec::new();
        for (i, one) in loaded.config.siem.iter().enumerate() {
            match Sink::read(one, &format!("siem[{i}]"), &loaded, sources) {
                Ok(sink) => sinks.push(sink),
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
        sources.done();
        Ok(Self {
            loaded,
            sources: sources.clone(),
            deployments,
            metrics_token,
            tracing_headers,
            slack_secret,
            receivers,
            sinks,
            logins,
            makers,
            client_secret,
            secrets,
            policies,
            engine,
        })
    }

    /// The password of a role, where it has one: that of the user with which a login was begun, if it names one.
    pub(crate) fn password(&self, resource: &str, role: &str, user: Option<&str>) -> Option<&Secret> {
        let logins = self.logins.get(&(resource.to_owned(), role.to_owned()))?;
        let known = logins.iter().find(|login| login.is_good() && user.is_none_or(|user| user == login.user));
        known.map(|login| &login.password)
    }

    /// What a role is on the target.
    pub(crate) fn user<'a>(&'a self, resource: &str, role: &'a Role) -> &'a str {
        let logins = self.logins.get(&(resource.to_owned(), role.name.value.clone()));
        logins.and_then(|logins| logins.first()).map_or_else(|| role.target(), |login| &login.user)
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

    /// How the users of a role's sessions are made.
    pub(crate) fn maker(&self, resource: &Resource, role: &Role) -> Option<Source> {
        let maker = self.makers.get(&(resource.name.value.0.clone(), role.name.value.clone()))?;
        let password = Some(maker.password.clone()).filter(|password| !password.reveal().is_empty());
        Some(self.source_as(resource, maker.user.clone(), password))
    }

    /// How to read a resource's catalogue.
    pub(crate) fn source(&self, resource: &Resource) -> Option<Source> {
        let role = resource.catalogue_role()?;
        let name = &resource.name.value.0;
        match self.password(name, &role.name.value, None) {
            // A role whose users are made need not be able to log in itself.
            None if role.ephemeral.is_some() => self.maker(resource, role),
            password => Some(self.source_as(resource, self.user(name, role).to_owned(), password.cloned())),
        }
    }

    /// How to log in as a role: `None` where its users are made for one session each.
    pub(crate) fn lasting(&self, resource: &Resource, role: &Role) -> Option<Source> {
        if role.ephemeral.is_some() {
            return None;
        }
        let name = &resource.name.value.0;
        let password = self.password(name, &role.name.value, None).cloned();
        // One that ran out is not gone on with as if none were needed.
        if password.is_none() && (role.password.is_some() || role.login.is_some()) {
            return None;
        }
        Some(self.source_as(resource, self.user(name, role).to_owned(), password))
    }

    fn source_as(&self, resource: &Resource, role: String, password: Option<Secret>) -> Source {
        Source {
            at: resource.target.at.clone(),
            tls: self.encryption(&resource.target),
            database: resource.database.clone(),
            role,
            password,
        }
    }

    /// TLS of the host's own connections. `direct` by itself is the proxy's: who has a `ca` beside it says so of both.
    fn encryption(&self, target: &Endpoint) -> Option<Encryption> {
        let authorities = target.ca.as_ref().map(|ca| self.loaded.folder.join(ca));
        let begin = match target.tls {
            Tls::Request => Begin::Request,
            Tls::Direct if authorities.is_some() => Begin::Direct,
            Tls::Direct | Tls::None => return None,
        };
        Some(Encryption { begin, authorities })
    }
}

/// A header whose value is a secret.
fn header(name: &str, value: Result<Secret, SecretError>) -> Result<(HeaderName, HeaderValue), String> {
    let value = value.map_err(|cause| cause.to_string())?;
    let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| {
        "the secret cannot be in a header: it has line ends or other control characters".to_owned()
    })?;
    // Nothing shows it.
    value.set_sensitive(true);
    Ok((HeaderName::try_from(name).map_err(|cause| cause.to_string())?, value))
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
