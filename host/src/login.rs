//! Logins at the target: the host proves that it knows a role's password, so that neither the agent nor the
//! proxy has to.

mod begun;
mod md5;
mod scram;

use gatewright_core::api::{Challenge, LoginReply, LoginRequest};
use gatewright_core::policy::{Action, Context, Target, Verdict};

use crate::compile::Compiled;
use crate::ephemeral::Ephemeral;
use crate::time::now;
use crate::trace::{self, about};
use begun::Begun;
pub(crate) use scram::verifier;

/// Why there is no proof. The texts may be shown to the agent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The token does not verify.
    #[error("{0}")]
    Identity(String),
    /// The role, or the login, is not permitted.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such resource.
    #[error("there is no resource `{0}`")]
    Resource(String),
    /// The configuration holds no way to answer this server.
    #[error("{0}")]
    Unanswerable(String),
    /// The server's message, or the order of the steps, makes no sense.
    #[error("{0}")]
    Protocol(&'static str),
}

/// Answers challenges.
#[derive(Clone)]
pub(crate) struct Logins {
    compiled: Compiled,
    /// What all hosts of a database have the same of, and nobody else.
    secret: [u8; 32],
    ephemeral: Ephemeral,
}

impl Logins {
    /// Hosts with the same secret go on with each other's logins.
    pub(crate) fn new(compiled: Compiled, secret: [u8; 32], ephemeral: Ephemeral) -> Self {
        Self { compiled, secret, ephemeral }
    }

    /// One step: verifies the token and the permission again, then proves.
    pub(crate) async fn answer(&self, request: LoginRequest) -> Result<LoginReply, Refused> {
        let step = match request.challenge {
            Challenge::User => "user",
            Challenge::ScramFirst { .. } => "scram_first",
            Challenge::ScramFinal { .. } => "scram_final",
            Challenge::Md5 { .. } => "md5",
            Challenge::Cleartext => "cleartext",
        };
        let attributes =
            vec![about("gatewright.session", request.session.clone()), about("gatewright.login.step", step)];
        trace::step("login.answer", || attributes, self.answered(request)).await
    }

    async fn answered(&self, request: LoginRequest) -> Result<LoginReply, Refused> {
        let state = self.compiled.state();
        let name = &request.resource;
        let resource = state.settings.loaded.resource(name).ok_or_else(|| Refused::Resource(name.clone()))?;
        let who =
            self.compiled.verify(&request.token).map_err(|refusal| Refused::Identity(refusal.to_string()))?;
        let role = resource.role(&request.role).ok_or_else(|| {
            Refused::Forbidden(format!("the role `{}` is not one that agents may ask for", request.role))
        })?;
        // Which agents asked for, so not before they are known to be there.
        trace::note("gatewright.resource", name.clone());
        trace::note("gatewright.role", role.name.value.clone());
        let context = Context::session(&request.role, &request.source, now());
        match state.settings.engine.decide(&who, name, Action::Connect, &Target::Database, &context) {
            Verdict::Allow => {}
            Verdict::Deny(denial) => return Err(Refused::Forbidden(denial.reason)),
            Verdict::NeedsApproval(_) => {
                return Err(Refused::Forbidden("a login cannot wait for an approval".to_owned()));
            }
        }
        let password = || {
            let user = (!request.user.is_empty()).then_some(&*request.user);
            if role.ephemeral.is_some() {
                return Ok(self.ephemeral.password(name, &request.session, user.unwrap_or_default()));
            }
            let password = state.settings.password(name, &request.role, user).cloned();
            password.ok_or_else(|| {
                Refused::Unanswerable(format!(
                    "the server asks for a password of role `{}`, and the gate has none that is good now",
                    request.role
                ))
            })
        };
        // A filter of an earlier version does not say whom it named to the server.
        let current = state.settings.user(name, role);
        let user = if request.user.is_empty() { current } else { &request.user };
        // The second step must be of the very login that the first one began.
        let begun = Begun {
            session: &request.session,
            resource: name,
            role: &request.role,
            subject: &who.subject,
            issuer: &who.issuer,
        };
        match &request.challenge {
            Challenge::User => {
                let made = self.ephemeral.make(&state.settings, resource, role, &who, &request.session);
                let user = trace::step("login.make_user", Vec::new, made).await?;
                Ok(LoginReply { proof: user, server_final: None })
            }
            Challenge::ScramFirst { mechanisms } => {
                if !mechanisms.iter().any(|mechanism| mechanism == scram::MECHANISM) {
                    let message =
                        format!("the server offers no {} but {}", scram::MECHANISM, mechanisms.join(", "));
                    return Err(Refused::Unanswerable(message));
                }
                password()?;
                let exchange = scram::Exchange::of(begun.nonce(&self.secret, now()));
                Ok(LoginReply { proof: exchange.client_first(), server_final: None })
            }
            Challenge::ScramFinal { server_first } => {
                let nonce = begun.of(&self.secret, server_first, now()).map_err(Refused::Protocol)?;
                let exchange = scram::Exchange::of(nonce.to_owned());
                let (password, server_first) = (password()?, server_first.clone());
                // Thousands of rounds of HMAC: not on a thread that others wait for.
                let work = move || exchange.finish(password.reveal(), &server_first);
                let done = tokio::task::spawn_blocking(work)
                    .await
                    .map_err(|_| Refused::Protocol("the proof failed"))?;
                let (proof, server_final) = done.map_err(Refused::Protocol)?;
                Ok(LoginReply { proof, server_final: Some(server_final) })
            }
            Challenge::Md5 { salt } => {
                let salt = hex::decode(salt).ok().and_then(|salt| <[u8; 4]>::try_from(salt).ok());
                let salt = salt.ok_or(Refused::Protocol("the salt is not 4 bytes in hex"))?;
                Ok(LoginReply { proof: md5::proof(user, password()?.reveal(), salt), server_final: None })
            }
            Challenge::Cleartext if resource.allow_cleartext_password => {
                Ok(LoginReply { proof: password()?.reveal().to_owned(), server_final: None })
            }
            Challenge::Cleartext => Err(Refused::Unanswerable(
                "the server asks for a cleartext password, which `allow_cleartext_password` does not permit"
                    .to_owned(),
            )),
        }
    }
}
