//! What the types cannot say: names that must be unique, references that must lead somewhere.

mod api;

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use serde_saphyr::{Location, Spanned};

use gatewright_core::detect;

use super::fault::Fault;
use super::model::{Config, Detectors, Mode, People, Provider, Resource};
use super::notifications::{Email, MailTls, Shown, Webhook, is_here, is_private};
use super::retention::Retention;
use super::secrets::SecretsSection;
use super::slack::SlackApp;
use super::tokens::{LONGEST, TokenRules};
use super::traces::Tracing;
use crate::secret::{EXPECTED, SecretRef};

/// Algorithms that the filters verify.
const ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// Envoy hands a filter at most its connection buffer (4 MiB in `gatewright envoy`'s bootstrap): a larger
/// message would wait forever.
const MAX_MESSAGE: u32 = 3 * 1024 * 1024;

/// Shortest life of a token that makes sense to configure.
const MINUTE: Duration = Duration::from_secs(60);

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
        self.unless(reference.value.is_well_formed(), reference.referenced, field, EXPECTED);
    }
}

/// What a hold is about must be there: one that is written wrong would hold nothing.
fn retention(found: &mut Found<'_>, section: &Spanned<Retention>, config: &Config) {
    let (at, value) = (section.referenced, &section.value);
    let known = config.resources.value.iter().map(|one| &one.name.value.0);
    let known: HashSet<&String> =
        known.chain(config.apis.value.iter().map(|one| &one.name.value.0)).collect();
    let mut about = |field: String, names: &[String]| {
        for name in names.iter().filter(|name| !known.contains(name)) {
            found.add(at, field.clone(), format!("there is no resource and no API `{name}`"));
        }
    };
    for (i, rule) in value.rules.iter().enumerate() {
        about(format!("host.retention.rules[{i}].resources"), &rule.resources);
    }
    for (i, hold) in value.holds.iter().enumerate() {
        about(format!("host.retention.holds[{i}].resources"), &hold.resources);
    }
    let last = value.rules.len().saturating_sub(1);
    if let Some(all) = value.rules.iter().take(last).position(|rule| rule.resources.is_empty()) {
        let message = "it is about everything, so that the rules after it are never reached: put it last";
        found.add(at, format!("host.retention.rules[{all}]"), message);
    }
    let message = "expected some time: nothing would ever be looked at otherwise";
    found.unless(!value.every.0.is_zero(), at, "host.retention.every", message);
}

/// Every fault of a configuration that parsed.
pub(super) fn faults(file: &Path, config: &Config) -> Vec<Fault> {
    let mut found = Found { file, faults: Vec::new() };
    let version = &config.version;
    let message = format!("found {}, expected 1, the only version there is", version.value);
    found.unless(version.value == 1, version.referenced, "version", message);
    filters(&mut found, config);
    if let Some(token) = &config.host.metrics_token {
        found.secret("host.metrics_token".to_owned(), token);
    }
    if let Some(password) = &config.host.database_password {
        found.secret("host.database_password".to_owned(), password);
        let message = "it is the password of `host.database`, and there is none";
        found.unless(config.host.database.is_some(), password.referenced, "host.database_password", message);
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
    for (i, key) in config.host.encryption.iter().flat_map(|section| &section.keys).enumerate() {
        found.secret(format!("host.encryption.keys[{i}].secret"), &key.secret);
    }
    if let Some(section) = &config.host.tracing {
        tracing(&mut found, section);
    }
    secrets(&mut found, &config.secrets);
    if let Some(section) = &config.host.retention {
        retention(&mut found, section, config);
    }
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
    if let Some(section) = &config.slack {
        slack(&mut found, section, config);
    }
    notifications(&mut found, config, &names);
    siem(&mut found, config, &names);
    found.faults
}

/// Filters that may ask: each resource has some, and no name leads nowhere.
fn filters(found: &mut Found<'_>, config: &Config) {
    let resources = config.resources.value.iter().map(|one| &one.name);
    let known: HashSet<&str> =
        resources.chain(config.apis.value.iter().map(|one| &one.name)).map(|name| &*name.value.0).collect();
    let (all, some) = (&config.host.filter_token, &config.host.filters);
    if let Some(token) = all {
        found.secret("host.filter_token".to_owned(), token);
    }
    let (mut names, mut served) = (HashSet::new(), HashSet::new());
    for (i, one) in some.value.iter().enumerate() {
        let field = format!("host.filters[{i}]");
        found.secret(format!("{field}.token"), &one.token);
        let message = format!("`{}` stands here twice: expected another name", one.name.0);
        found.unless(names.insert(&one.name.0), some.referenced, format!("{field}.name"), message);
        let at = one.resources.referenced;
        let message = "expected at least one resource or API";
        found.unless(!one.resources.value.is_empty(), at, format!("{field}.resources"), message);
        for name in &one.resources.value {
            let message = format!("there is no resource and no API `{}`", name.0);
            found.unless(known.contains(&*name.0), at, format!("{field}.resources"), message);
            served.insert(&*name.0);
        }
    }
    if all.is_none() {
        let mut missing: Vec<&str> = known.difference(&served).copied().collect();
        missing.sort_unstable();
        let message = format!(
            "no filter may ask for {}: expected `host.filter_token`, or a token for it here",
            missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        );
        found.unless(missing.is_empty(), some.referenced, "host.filters", message);
    }
}

/// Headers are secrets: whoever is on the way to the collector would have them.
fn tracing(found: &mut Found<'_>, section: &Spanned<Tracing>) {
    let (at, tracing) = (section.referenced, &section.value);
    for (name, secret) in &tracing.headers {
        let field = format!("host.tracing.headers.{name}");
        let is_name = http::HeaderName::try_from(name.as_str()).is_ok();
        found.unless(
            is_name,
            secret.referenced,
            &*field,
            "expected the name of a header (RFC 9110 section 5.1)",
        );
        found.secret(field, secret);
    }
    let private = tracing.endpoint.as_ref().is_some_and(|endpoint| is_private(&endpoint.0));
    let message =
        "with `headers`, expected `https://…`, or an address of this machine: others could read them";
    found.unless(tracing.headers.is_empty() || private, at, "host.tracing.endpoint", message);
}

/// Whoever reads what goes to a store reads what comes from it.
fn secrets(found: &mut Found<'_>, section: &SecretsSection) {
    let message = "expected `https://…`, or an address of this machine";
    if let Some(vault) = &section.vault {
        let (at, auth) = (vault.auth.referenced, &vault.auth.value);
        found.unless(is_private(&vault.address.0), at, "secrets.vault.address", message);
        let expected = "expected one of `token`, `kubernetes` and `approle`, and a secret that is in a variable or a file";
        found.unless(auth.is_well_formed(), at, "secrets.vault.auth", expected);
    }
    if let Some(aws) = &section.aws {
        let private = aws.endpoint.as_ref().is_none_or(|endpoint| is_private(&endpoint.0));
        found.unless(private, aws.region.referenced, "secrets.aws.endpoint", message);
    }
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

fn siem(found: &mut Found<'_>, config: &Config, known: &HashSet<&String>) {
    let mut names = HashSet::new();
    for (i, one) in config.siem.iter().enumerate() {
        let (path, name) = (format!("siem[{i}]"), &one.name);
        let message = format!("`{}` stands here twice: expected another name", name.value.0);
        found.unless(names.insert(&name.value.0), name.referenced, format!("{path}.name"), message);
        let message = "expected exactly one of `syslog: { server: … }` and `webhook: { url: …, secret: … }`";
        found.unless(one.syslog.is_some() != one.webhook.is_some(), name.referenced, &*path, message);
        if let Some(syslog) = &one.syslog {
            let server = &syslog.server;
            let message = "others could read along: expected `tls: true`, or a server on this machine; or say \
                           `others_may_read_along: true`";
            let fits = syslog.tls || syslog.others_may_read_along || is_here(&server.value.0);
            found.unless(fits, server.referenced, format!("{path}.syslog.tls"), message);
        }
        if let Some(section) = &one.webhook {
            webhook(found, &format!("{path}.webhook"), section);
        }
        resources_of(found, &path, name.referenced, one.resources.as_ref(), known);
    }
}

fn webhook(found: &mut Found<'_>, path: &str, webhook: &Webhook) {
    found.secret(format!("{path}.secret"), &webhook.secret);
    let message = "expected `https://…`, or an address of this machine: others could read along";
    let private = is_private(&webhook.url.value.0);
    found.unless(private, webhook.url.referenced, format!("{path}.url"), message);
}

/// What a receiver is about must be there.
fn resources_of(
    found: &mut Found<'_>,
    path: &str,
    at: Location,
    resources: Option<&Spanned<Vec<String>>>,
    known: &HashSet<&String>,
) {
    for resource in resources.iter().flat_map(|resources| &resources.value) {
        let at = resources.map_or(at, |resources| resources.referenced);
        let message = format!("`{resource}` is not one of `resources` or `apis`");
        found.unless(known.contains(resource), at, format!("{path}.resources"), message);
    }
}

/// People whom Slack knows must be people whom the identity provider knows.
fn slack(found: &mut Found<'_>, section: &SlackApp, config: &Config) {
    found.secret("slack.signing_secret".to_owned(), &section.signing_secret);
    if let Some(url) = &section.answers_to {
        let parsed = reqwest::Url::parse(&url.value.0).ok();
        let here = parsed.is_some_and(|url| url.host_str().is_some_and(is_here));
        let message = "expected an address of this machine: answers go to Slack's own hosts otherwise";
        found.unless(here, url.referenced, "slack.answers_to", message);
    }
    let mut users = HashSet::new();
    for (i, person) in section.people.value.iter().enumerate() {
        let field = |name: &str| format!("slack.people[{i}].{name}");
        let (user, at) = (&person.user.value, person.user.referenced);
        let message = format!("`{}` stands here twice: expected each user once", user.0);
        found.unless(users.insert(user), at, field("user"), message);
        found.unless(!person.subject.is_empty(), at, field("subject"), "expected their `sub`");
        let usual = config.people.as_ref().map(|people| &people.issuer.value);
        let issuer = person.issuer.as_ref().map(|issuer| &issuer.value).or(usual);
        match issuer {
            None => found.add(at, field("issuer"), "expected an issuer, since there is no section `people`"),
            Some(issuer) => {
                let known = config.identity.providers.value.iter().any(|one| one.issuer.value == *issuer);
                let message = format!("`{issuer}` is not one of `identity.providers`");
                found.unless(known, at, field("issuer"), message);
                let message =
                    format!("`{issuer}` is not the issuer of `people`, so that nobody decides by it");
                found.unless(usual.is_none_or(|usual| usual == issuer), at, field("issuer"), message);
            }
        }
        let message = "expected groups, since nobody signs in without a section `people`";
        found.unless(person.groups.is_some() || usual.is_some(), at, field("groups"), message);
    }
}

/// Mail holds who does what, and whatever `shows` says; a password is worse still.
fn email(found: &mut Found<'_>, path: &str, section: &Email) {
    if let Some(password) = &section.password {
        found.secret(format!("{path}.password"), password);
    }
    let at = section.server.referenced;
    let message = "expected `username` and `password`, or neither";
    found.unless(section.username.is_some() == section.password.is_some(), at, path, message);
    let message = "expected at least one address";
    found.unless(!section.to.value.is_empty(), section.to.referenced, format!("{path}.to"), message);
    if section.tls == MailTls::Plaintext && !is_here(&section.server.value.0) {
        let message = "others could read along: expected `starttls` or `implicit`, or a server on this machine; or say \
                       `others_may_read_along: true`";
        found.unless(section.others_may_read_along, at, format!("{path}.tls"), message);
        let message =
            "a password is not sent to another machine in plain: expected `tls: starttls` or `implicit`";
        found.unless(section.password.is_none(), at, format!("{path}.password"), message);
    }
}

fn notifications(found: &mut Found<'_>, config: &Config, known: &HashSet<&String>) {
    let mut names = HashSet::new();
    for (i, one) in config.notifications.iter().enumerate() {
        let (path, name) = (format!("notifications[{i}]"), &one.name);
        let message = format!("`{}` stands here twice: expected another name", name.value.0);
        found.unless(names.insert(&name.value.0), name.referenced, format!("{path}.name"), message);
        let message = "expected exactly one of `slack: { url: … }`, `webhook: { url: …, secret: … }` and `email: { server: …, from: …, to: … }`";
        let ways = [one.slack.is_some(), one.webhook.is_some(), one.email.is_some()];
        let ways = ways.into_iter().filter(|way| *way).count();
        found.unless(ways == 1, name.referenced, &*path, message);
        if let Some(slack) = &one.slack {
            found.secret(format!("{path}.slack.url"), &slack.url);
            if slack.buttons {
                let (at, field) = (slack.url.referenced, format!("{path}.slack.buttons"));
                let message = "buttons need the app that they are of: expected a section `slack`";
                found.unless(config.slack.is_some(), at, &*field, message);
                let message =
                    "nobody can approve what they cannot read: expected `shows: [statement, parameters]`";
                let shown = [Shown::Statement, Shown::Parameters].iter().all(|what| one.shows.contains(what));
                found.unless(shown, at, &*field, message);
            }
        }
        if let Some(section) = &one.webhook {
            webhook(found, &format!("{path}.webhook"), section);
        }
        if let Some(section) = &one.email {
            email(found, &format!("{path}.email"), section);
        }
        resources_of(found, &path, name.referenced, one.resources.as_ref(), known);
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
    tokens(found, &people.tokens);
}

fn tokens(found: &mut Found<'_>, tokens: &Spanned<TokenRules>) {
    let (at, rules) = (tokens.referenced, &tokens.value);
    let most = rules.max_lifetime.0;
    let message = "expected a minute at least and `366d` at most: a token that hardly ends is a password";
    let fits = (MINUTE..=LONGEST).contains(&most);
    found.unless(fits, at, "people.tokens.max_lifetime", message);
    let message = format!(
        "expected a minute at least, and no more than `max_lifetime`, which is {}",
        humantime::format_duration(most)
    );
    let fits = rules.lifetime.is_none_or(|lifetime| (MINUTE..=most).contains(&lifetime.0));
    found.unless(fits, at, "people.tokens.lifetime", message);
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
        if let Some(ephemeral) = &role.ephemeral {
            let field = format!("{path}.roles[{i}].ephemeral");
            let sound = ephemeral.value.password.as_ref().is_none_or(SecretRef::is_well_formed);
            found.unless(sound, ephemeral.referenced, format!("{field}.password"), EXPECTED);
            let alone = role.login.is_none();
            found.unless(
                alone,
                ephemeral.referenced,
                field,
                "`login` gives the users already: expected one of the two",
            );
        }
        if let Some(login) = &role.login {
            let field = format!("{path}.roles[{i}].login");
            let message = "expected a path of Vault or a secret of AWS, without a field: it gives the user and the password";
            found.unless(login.value.gives_logins(), login.referenced, field.clone(), message);
            let alone = role.password.is_none() && role.target.is_none();
            found.unless(alone, login.referenced, field, "it stands instead of `target` and `password`");
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
