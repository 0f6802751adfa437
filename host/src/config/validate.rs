//! What the types cannot say: names that must be unique, references that must lead somewhere.

mod api;

use std::collections::HashSet;
use std::path::Path;

use serde_saphyr::{Location, Spanned};

use gatewright_core::detect;

use super::fault::Fault;
use super::model::{Config, Detectors, Mode, People, Provider, Resource};
use super::notifications::is_private;
use crate::secret::SecretRef;

/// Algorithms that the filters verify.
const ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// Envoy hands a filter at most its connection buffer (4 MiB in `gatewright envoy`'s bootstrap): a larger
/// message would wait forever.
const MAX_MESSAGE: u32 = 3 * 1024 * 1024;

struct Found<'a> {
    file: &'a Path,
    faults: Vec<Fault>,
}

impl Found<'_> {
    fn add(&mut self, at: Location, field: impl Into<String>, message: impl Into<String>) {
        self.faults.push(Fault::field(at, field, message).in_file(self.file));
    }

    fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    fn unless(&mut self, holds: bool, at: Location, field: impl Into<String>, message: impl Into<String>) {
        if !holds {
            self.add(at, field, message);
        }
    }

    fn secret(&mut self, field: String, reference: &Spanned<SecretRef>) {
        let expected = "expected one of `{ env: NAME }` and `{ file: PATH }`";
        self.unless(reference.value.is_well_formed(), reference.referenced, field, expected);
    }
}

/// Every fault of a configuration that parsed.
pub(super) fn faults(file: &Path, config: &Config) -> Vec<Fault> {
    let mut found = Found { file, faults: Vec::new() };
    let version = &config.version;
    let message = format!("found {}, expected 1, the only version there is", version.value);
    found.unless(version.value == 1, version.referenced, "version", message);
    found.secret("host.filter_token".to_owned(), &config.host.filter_token);
    if let Some(token) = &config.host.metrics_token {
        found.secret("host.metrics_token".to_owned(), token);
    }
    providers(&mut found, &config.identity.providers);
    if let Some(section) = &config.people {
        people(&mut found, section, &config.identity.providers.value);
    }
    let (resources, apis) = (&config.resources, &config.apis);
    found.unless(
        !resources.value.is_empty() || !apis.value.is_empty(),
        resources.referenced,
        "resources",
        "expected at least one database here, or one of `apis`",
    );
    let mut names = HashSet::new();
    for (i, one) in resources.value.iter().enumerate() {
        let name = &one.name;
        let message = format!("`{}` stands here twice: expected another name", name.value.0);
        found.unless(names.insert(&name.value.0), name.referenced, format!("resources[{i}].name"), message);
        resource(&mut found, &format!("resources[{i}]"), one);
    }
    for (i, one) in apis.value.iter().enumerate() {
        let name = &one.name;
        let message =
            format!("`{}` stands here or in `resources` already: expected another name", name.value.0);
        found.unless(names.insert(&name.value.0), name.referenced, format!("apis[{i}].name"), message);
        api::api(&mut found, &format!("apis[{i}]"), one, config);
    }
    notifications(&mut found, config, &names);
    found.faults
}

fn providers(found: &mut Found<'_>, providers: &Spanned<Vec<Provider>>) {
    let field = "identity.providers";
    found.unless(!providers.value.is_empty(), providers.referenced, field, "expected at least one provider");
    let mut issuers = HashSet::new();
    for (i, one) in providers.value.iter().enumerate() {
        let field = |name: &str| format!("identity.providers[{i}].{name}");
        let message = format!("`{}` stands here twice: expected another issuer", one.issuer.value);
        found.unless(issuers.insert(&one.issuer.value), one.issuer.referenced, field("issuer"), message);
        let message = "expected at least one audience: a token for anybody is a token for everybody";
        found.unless(!one.audiences.value.is_empty(), one.audiences.referenced, field("audiences"), message);
        let jwks = &one.jwks;
        let sources = [jwks.value.url.is_some(), jwks.value.file.is_some(), jwks.value.discovery];
        let message = "expected exactly one of `{ url: … }`, `{ file: … }` and `{ discovery: true }`";
        found.unless(sources.iter().filter(|s| **s).count() == 1, jwks.referenced, field("jwks"), message);
        if jwks.value.discovery && super::values::Url::try_from(one.issuer.value.clone()).is_err() {
            found.add(one.issuer.referenced, field("issuer"), "discovery needs an issuer that is a URL");
        }
        for (k, algorithm) in one.algorithms.iter().enumerate() {
            let name = &algorithm.value;
            let message = format!("`{name}` is not accepted: expected one of {}", ALGORITHMS.join(", "));
            let known = ALGORITHMS.contains(&name.as_str());
            found.unless(known, algorithm.referenced, field(&format!("algorithms[{k}]")), message);
        }
        for (k, rule) in one.groups.iter().enumerate() {
            let mut at = |fits: bool, name: &str, message: &str| {
                found.unless(
                    fits,
                    rule.referenced,
                    format!("identity.providers[{i}].groups[{k}]{name}"),
                    message,
                );
            };
            at(!rule.value.groups.is_empty(), ".groups", "expected at least one group");
            let message =
                "expected at least one claim: otherwise everybody with a token of this provider is meant";
            at(!rule.value.claims.is_empty(), ".claims", message);
            for (name, values) in &rule.value.claims {
                let name = format!(".claims.{name}");
                at(!values.all().is_empty(), &name, "expected at least one value");
                let open = values.all().iter().any(|value| {
                    value.trim_end_matches('*').contains('*') || value.ends_with("**") || value == "*"
                });
                at(!open, &name, "expected `*` only at the end, and something before it");
            }
        }
        if let Some(pointer) = &one.groups_claim {
            let message = format!(
                "`{}` is not a JSON pointer: expected a path such as `/groups` (RFC 6901)",
                pointer.value
            );
            found.unless(pointer.value.starts_with('/'), pointer.referenced, field("groups_claim"), message);
        }
    }
}

fn notifications(found: &mut Found<'_>, config: &Config, known: &HashSet<&String>) {
    let mut names = HashSet::new();
    for (i, one) in config.notifications.iter().enumerate() {
        let (path, name) = (format!("notifications[{i}]"), &one.name);
        let message = format!("`{}` stands here twice: expected another name", name.value.0);
        found.unless(names.insert(&name.value.0), name.referenced, format!("{path}.name"), message);
        let message = "expected exactly one of `slack: { url: … }` and `webhook: { url: …, secret: … }`";
        found.unless(one.slack.is_some() != one.webhook.is_some(), name.referenced, &*path, message);
        if let Some(slack) = &one.slack {
            found.secret(format!("{path}.slack.url"), &slack.url);
        }
        if let Some(webhook) = &one.webhook {
            found.secret(format!("{path}.webhook.secret"), &webhook.secret);
            let message = "expected `https://…`, or an address of this machine: others could read along";
            let private = is_private(&webhook.url.value.0);
            found.unless(private, webhook.url.referenced, format!("{path}.webhook.url"), message);
        }
        for resource in one.resources.iter().flat_map(|resources| &resources.value) {
            let at = one.resources.as_ref().map_or(name.referenced, |resources| resources.referenced);
            let message = format!("`{resource}` is not one of `resources` or `apis`");
            found.unless(known.contains(resource), at, format!("{path}.resources"), message);
        }
    }
}

fn people(found: &mut Found<'_>, people: &People, providers: &[Provider]) {
    let issuer = &people.issuer;
    let known = providers.iter().find(|provider| provider.issuer.value == issuer.value);
    let message = format!("`{}` is not one of `identity.providers`", issuer.value);
    found.unless(known.is_some(), issuer.referenced, "people.issuer", message);
    let url = super::values::Url::try_from(issuer.value.clone());
    found.unless(url.is_ok(), issuer.referenced, "people.issuer", "signing in needs an issuer that is a URL");
    if let Some(secret) = &people.client_secret {
        found.secret("people.client_secret".to_owned(), secret);
    }
    let (at, field) = match &people.audiences {
        Some(audiences) => (audiences.referenced, "people.audiences"),
        None => (people.client_id.referenced, "people.client_id"),
    };
    found.unless(!people.audiences().is_empty(), at, field, "expected at least one audience");
    let agents = providers.iter().flat_map(|provider| &provider.audiences.value);
    for audience in agents.filter(|audience| people.audiences().contains(audience)) {
        let message = format!(
            "`{audience}` is an audience of agents' tokens too: expected another one, or an agent could decide"
        );
        found.add(at, field, message);
    }
}

/// Masks alone are not in shadow mode: who may see what is masked only in the recording is a matter of policy (`unmask`).
fn masking(
    found: &mut Found<'_>,
    path: &str,
    decisions: Option<&Spanned<Mode>>,
    masks: Option<&Spanned<Mode>>,
) {
    if let Some(masks) = masks.filter(|masks| masks.value == Mode::Shadow) {
        let message =
            "`shadow` stands only beside `enforcement: shadow`: expected that as well, or `enforce`";
        let beside = decisions.is_some_and(|decisions| decisions.value == Mode::Shadow);
        found.unless(beside, masks.referenced, format!("{path}.masking"), message);
    }
}

fn resource(found: &mut Found<'_>, path: &str, one: &Resource) {
    masking(found, path, one.enforcement.as_ref(), one.masking.as_ref());
    let roles = &one.roles;
    found.unless(
        !roles.value.is_empty(),
        roles.referenced,
        format!("{path}.roles"),
        "expected at least one role",
    );
    let mut names = HashSet::new();
    for (i, role) in roles.value.iter().enumerate() {
        let message = format!("`{}` stands here twice: expected another name", role.name.value);
        let unique = names.insert(&role.name.value);
        found.unless(unique, role.name.referenced, format!("{path}.roles[{i}].name"), message);
        if let Some(password) = &role.password {
            found.secret(format!("{path}.roles[{i}].password"), password);
        }
    }
    if let Some(role) = &one.catalogue.role {
        let known: Vec<_> = roles.value.iter().map(|role| format!("`{}`", role.name.value)).collect();
        let message =
            format!("`{}` is not a role of this resource: expected one of {}", role.value, known.join(", "));
        found.unless(names.contains(&role.value), role.referenced, format!("{path}.catalogue.role"), message);
    }
    let mut declared = HashSet::new();
    for (i, function) in one.functions.iter().enumerate() {
        let name = &function.value;
        let message = match name.schema.as_str() {
            "pg_catalog" | "information_schema" => {
                format!("`{name}` is the server's own: expected a function that somebody created")
            }
            _ if !declared.insert(name) => format!("`{name}` stands here twice: expected each function once"),
            _ => continue,
        };
        found.add(function.referenced, format!("{path}.functions[{i}]"), message);
    }
    detectors(found, &format!("{path}.detectors"), &one.detectors);
    if let Some(cap) = &one.limits.max_message {
        let message = format!("expected at most {MAX_MESSAGE} bytes (3MiB), since Envoy's buffer holds 4MiB");
        found.unless(
            cap.value.0 <= MAX_MESSAGE,
            cap.referenced,
            format!("{path}.limits.max_message"),
            message,
        );
    }
}

fn detectors(found: &mut Found<'_>, path: &str, section: &Detectors) {
    let Some(own) = &section.custom else { return };
    let (before, mut names) = (found.faults.len(), HashSet::new());
    for (i, one) in own.value.iter().enumerate() {
        let message = format!("`{}` stands here twice: expected another name", one.name.value.0);
        let unique = names.insert(&one.name.value.0);
        found.unless(unique, one.name.referenced, format!("{path}.custom[{i}].name"), message);
        match detect::check_custom(&one.compiled()) {
            Ok(()) => {}
            Err(error @ (detect::DetectError::Name(_) | detect::DetectError::Twice(_))) => {
                found.add(one.name.referenced, format!("{path}.custom[{i}].name"), error.to_string());
            }
            Err(error) => {
                found.add(one.pattern.referenced, format!("{path}.custom[{i}].pattern"), error.to_string());
            }
        }
    }
    if found.faults.len() == before
        && let Err(error) = detect::Detectors::new(&section.compiled())
    {
        found.add(own.referenced, format!("{path}.custom"), error.to_string());
    }
}
