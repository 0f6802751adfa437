//! Who is admitted: the token, the role and database, and the settings that come with the connection.

use gatewright_core::identity::Identity;
use gatewright_core::policy::{Action, Context, Statement, Target, Verdict};

use super::Login;
use crate::refusal::code;
use crate::session::announce::announced;
use crate::session::{Env, Link, settings};
use crate::wire::frontend::StartupMessage;
use crate::{Plane, Refusal};

/// Why an agent is not admitted.
pub(super) struct Refused {
    pub(super) refusal: Refusal,
    /// A fresher JWKS might change that.
    pub(super) unknown_key: bool,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, unknown_key: false }
    }
}

impl Login {
    /// Verifies the token and decides `connect`.
    pub(super) fn admit(&self, link: &Link, env: Env<'_>) -> Result<Identity, Refused> {
        let Some(plane) = env.plane else {
            return Err(Refusal::new(code::UNAVAILABLE, "the gate has no configuration").into());
        };
        let identity = plane.verifier.verify(&self.token, env.now).map_err(|why| Refused {
            unknown_key: why.is_unknown_key(),
            refusal: Refusal::new(code::IDENTITY, format!("the gate does not accept this identity: {why}"))
                .hint("give a fresh JSON Web Token of your identity provider as the password"),
        })?;
        let refused = |detail: String| -> Refused {
            Refusal::new(
                code::IDENTITY,
                format!(
                    "`{}` may not connect as role `{}` to database `{}`",
                    identity.subject, self.role.name, self.database
                ),
            )
            .detail(detail)
            .into()
        };
        if !self.role_exists {
            let roles: Vec<&str> = plane.resource.roles.iter().map(|role| role.name.as_str()).collect();
            let detail = format!(
                "This gate serves database `{}` with the roles: {}.",
                plane.resource.database,
                roles.join(", ")
            );
            return Err(refused(detail));
        }
        let context = Context::session(&self.role.name, link.source_ip(), env.now);
        let decide = |action, target: &Target, context: &Context| {
            plane.engine.decide(&identity, &plane.resource.name, action, target, context)
        };
        match decide(Action::Connect, &Target::Database, &context) {
            Verdict::Allow => {}
            Verdict::Deny(denial) => return Err(refused(denial.reason)),
            Verdict::NeedsApproval(rule) => {
                return Err(refused(format!(
                    "It needs approval, which a login cannot wait for: {}",
                    rule.reason
                )));
            }
        }
        let denied = self.denied_settings(&identity, plane, link, env);
        if plane.enforcement.is_enforced()
            && let Some((name, _)) = denied.first()
        {
            return Err(refused(format!("No policy lets you set `{name}` with the connection.")));
        }
        Ok(identity)
    }

    /// Settings that come with the connection and that policy does not permit, with what it says.
    pub(super) fn denied_settings(
        &self,
        identity: &Identity,
        plane: &Plane,
        link: &Link,
        env: Env<'_>,
    ) -> Vec<(&str, Verdict)> {
        let set = Statement { name: "SET".to_owned(), has_where: true, ..Statement::default() };
        let context = Context::session(&self.role.name, link.source_ip(), env.now).statement(set);
        let resource = &plane.resource.name;
        let verdict = |name: &String| {
            let target = Target::Setting { name: name.clone() };
            plane.engine.decide(identity, resource, Action::Set, &target, &context)
        };
        let all = self.settings.iter().map(|name| (name.as_str(), verdict(name)));
        all.filter(|(_, verdict)| *verdict != Verdict::Allow).collect()
    }
}

/// Takes the token out of the settings that come with the connection, where it is among them: of its own name, or in
/// `options`.
pub(super) fn taken_token(message: &mut StartupMessage) -> Result<Option<String>, Refusal> {
    const NAME: &str = "gatewright.token";
    let mut tokens: Vec<String> = Vec::new();
    message.parameters.retain(|(name, value)| {
        let is_it = name.eq_ignore_ascii_case(NAME.as_bytes());
        if is_it {
            tokens.push(String::from_utf8_lossy(value).into_owned());
        }
        !is_it
    });
    for (name, value) in &mut message.parameters {
        if name != b"options" {
            continue;
        }
        // What cannot be read is refused by whoever reads it next.
        let Some(all) = settings::options(&String::from_utf8_lossy(value)) else { continue };
        let (of_it, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(name, _)| name == NAME);
        if of_it.is_empty() {
            continue;
        }
        tokens.extend(of_it.into_iter().map(|(_, token)| token));
        let others: Vec<String> = others.iter().map(|(name, value)| format!("-c {name}={value}")).collect();
        *value = others.join(" ").into_bytes();
    }
    message.parameters.retain(|(name, value)| name != b"options" || !value.is_empty());
    match tokens.as_slice() {
        [] => Ok(None),
        [token] if !token.is_empty() => Ok(Some(token.clone())),
        _ => Err(Refusal::new(code::IDENTITY, "expected one token with the connection")
            .hint("give `gatewright.token` once")),
    }
}

/// Settings that come with the connection and need a permission; refuses those that nobody may change.
pub(super) fn wanted_settings(message: &StartupMessage) -> Result<Vec<String>, Refusal> {
    let mut wanted = Vec::new();
    let mut all: Vec<(String, String)> = Vec::new();
    for (name, value) in &message.parameters {
        let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        match name.as_ref() {
            "user" | "database" | "replication" => {}
            "options" => all.extend(settings::options(&value).ok_or_else(|| {
                Refusal::new(code::PROTOCOL, "the connection's `options` could not be read")
                    .hint("use only `-c name=value`")
            })?),
            other if other.starts_with("_pq_.") => {}
            other => all.push((other.to_ascii_lowercase(), value.into_owned())),
        }
    }
    for (name, value) in all {
        if name.starts_with("gatewright.") {
            return Err(announced(&name));
        }
        if settings::changes_meaning(&name) {
            return Err(Refusal::new(code::DENIED, format!("`{name}` cannot be set through the gate"))
                .detail("It would change what a statement means after the gate has understood it.")
                .hint("use schema-qualified names instead of search_path"));
        }
        if name == "client_encoding" && !settings::encoding_is_readable(&value) {
            return Err(Refusal::new(code::PROTOCOL, "this client_encoding cannot be checked by the gate")
                .hint("use UTF8"));
        }
        if !settings::is_harmless(&name) {
            wanted.push(name);
        }
    }
    Ok(wanted)
}
