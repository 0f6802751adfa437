//! Logins at the target: the host proves that it knows a role's password, so that neither the agent nor the
//! proxy has to.

mod md5;
mod scram;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gatewright_core::api::{Challenge, LoginReply, LoginRequest};
use gatewright_core::policy::{Action, Context, Target, Verdict};

use crate::compile::Compiled;
use crate::time::now;

/// How long the first step waits for the second.
const LIFETIME: Duration = Duration::from_secs(60);
/// Logins between their steps; more than these, and the oldest are forgotten.
const MOST: usize = 10_000;

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

/// A SCRAM exchange between its two steps.
struct Started {
    resource: String,
    role: String,
    subject: String,
    issuer: String,
    exchange: scram::Exchange,
    at: Instant,
}

/// Answers challenges.
#[derive(Clone)]
pub(crate) struct Logins {
    compiled: Compiled,
    started: Arc<Mutex<HashMap<String, Started>>>,
}

impl Logins {
    /// With nothing under way.
    pub(crate) fn new(compiled: Compiled) -> Self {
        Self { compiled, started: Arc::default() }
    }

    /// One step: verifies the token and the permission again, then proves.
    pub(crate) async fn answer(&self, request: LoginRequest) -> Result<LoginReply, Refused> {
        let state = self.compiled.state();
        let name = &request.resource;
        let resource = state.settings.loaded.resource(name).ok_or_else(|| Refused::Resource(name.clone()))?;
        let who =
            self.compiled.verify(&request.token).map_err(|refusal| Refused::Identity(refusal.to_string()))?;
        let role = resource.role(&request.role).ok_or_else(|| {
            Refused::Forbidden(format!("the role `{}` is not one that agents may ask for", request.role))
        })?;
        let context = Context::session(&request.role, &request.source, now());
        match state.settings.engine.decide(&who, name, Action::Connect, &Target::Database, &context) {
            Verdict::Allow => {}
            Verdict::Deny(denial) => return Err(Refused::Forbidden(denial.reason)),
            Verdict::NeedsApproval(_) => {
                return Err(Refused::Forbidden("a login cannot wait for an approval".to_owned()));
            }
        }
        let password = || {
            let password = state.settings.password(name, &request.role).cloned();
            password.ok_or_else(|| {
                Refused::Unanswerable(format!(
                    "the server asks for a password of role `{}`, and none is configured",
                    request.role
                ))
            })
        };
        match &request.challenge {
            Challenge::ScramFirst { mechanisms } => {
                if !mechanisms.iter().any(|mechanism| mechanism == scram::MECHANISM) {
                    let message =
                        format!("the server offers no {} but {}", scram::MECHANISM, mechanisms.join(", "));
                    return Err(Refused::Unanswerable(message));
                }
                password()?;
                let exchange = scram::Exchange::start();
                let proof = exchange.client_first();
                let (subject, issuer) = (who.subject, who.issuer);
                let (resource, role) = (name.clone(), request.role.clone());
                self.keep(
                    request.session,
                    Started { resource, role, subject, issuer, exchange, at: Instant::now() },
                );
                Ok(LoginReply { proof, server_final: None })
            }
            Challenge::ScramFinal { server_first } => {
                let started = self
                    .take(&request.session)
                    .ok_or(Refused::Protocol("the login was not begun, or too long ago"))?;
                // The second step must be of the very login that the first one began.
                if (&started.resource, &started.role, &started.subject, &started.issuer)
                    != (name, &request.role, &who.subject, &who.issuer)
                {
                    return Err(Refused::Protocol("the login was begun by somebody else"));
                }
                let (password, server_first) = (password()?, server_first.clone());
                // Thousands of rounds of HMAC: not on a thread that others wait for.
                let work = move || started.exchange.finish(password.reveal(), &server_first);
                let done = tokio::task::spawn_blocking(work)
                    .await
                    .map_err(|_| Refused::Protocol("the proof failed"))?;
                let (proof, server_final) = done.map_err(Refused::Protocol)?;
                Ok(LoginReply { proof, server_final: Some(server_final) })
            }
            Challenge::Md5 { salt } => {
                let salt = hex::decode(salt).ok().and_then(|salt| <[u8; 4]>::try_from(salt).ok());
                let salt = salt.ok_or(Refused::Protocol("the salt is not 4 bytes in hex"))?;
                Ok(LoginReply {
                    proof: md5::proof(role.target(), password()?.reveal(), salt),
                    server_final: None,
                })
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

    fn keep(&self, session: String, login: Started) {
        let mut started = self.started.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if started.len() >= MOST {
            started.retain(|_, login| login.at.elapsed() < LIFETIME);
        }
        if started.len() >= MOST
            && let Some(oldest) = started.iter().min_by_key(|(_, login)| login.at).map(|(id, _)| id.clone())
        {
            started.remove(&oldest);
        }
        started.insert(session, login);
    }

    fn take(&self, session: &str) -> Option<Started> {
        let mut started = self.started.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        started.remove(session).filter(|login| login.at.elapsed() < LIFETIME)
    }
}
