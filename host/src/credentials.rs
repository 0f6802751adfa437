//! Credentials of HTTP targets: what an agent's requests carry there. The agent never sees them.

mod mint;
mod oauth2;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatewright_core::api::{CredentialReply, CredentialRequest, Presented};
use gatewright_core::identity::Identity;
use gatewright_core::policy::{Action, Context, Target, Verdict};
use gatewright_core::time::Millis;
use serde_json::Map;

use crate::compile::{Compiled, State};
use crate::config::{Api, Credential};
use crate::login::Refused;
use crate::secret::Secret;
use crate::time::now;
use crate::trace;

pub(crate) use mint::Mint;

/// How long a filter may keep a fixed credential: a rotated one is taken up after that, in milliseconds.
const FIXED: Millis = 60_000;

/// Gives credentials out.
#[derive(Clone)]
pub(crate) struct Credentials {
    compiled: Compiled,
    mint: Arc<Mint>,
    tokens: oauth2::Tokens,
}

impl Credentials {
    /// With nothing fetched yet.
    pub(crate) fn new(compiled: Compiled, mint: Mint) -> anyhow::Result<Self> {
        Ok(Self { compiled, mint: Arc::new(mint), tokens: oauth2::Tokens::new()? })
    }

    /// The keys with which targets check tokens of the host's own, as a JWK Set.
    pub(crate) fn keys(&self) -> serde_json::Value {
        self.mint.keys()
    }

    /// Verifies who asks and that they may use the API; gives what their requests carry.
    pub(crate) async fn answer(&self, request: CredentialRequest) -> Result<CredentialReply, Refused> {
        trace::step("credential.answer", Vec::new, self.answered(request)).await
    }

    async fn answered(&self, request: CredentialRequest) -> Result<CredentialReply, Refused> {
        let state = self.compiled.state();
        let name = &request.resource;
        let api = state.settings.loaded.api(name).ok_or_else(|| Refused::Resource(name.clone()))?;
        trace::note("gatewright.resource", name.clone());
        let who = self.identity(api, request.agent)?;
        let context = Context::session("", &request.source, now());
        match state.settings.engine.decide(&who, name, Action::Connect, &Target::Api, &context) {
            Verdict::Allow => {}
            Verdict::Deny(denial) => return Err(Refused::Forbidden(denial.reason)),
            Verdict::NeedsApproval(_) => {
                let why = "using an API at all cannot wait for an approval";
                return Err(Refused::Forbidden(why.to_owned()));
            }
        }
        let Some(credential) = &api.credential else {
            return Err(Refused::Unanswerable(format!("`{name}` has no credential")));
        };
        let (value, expires_at) = self.value(&state, name, &credential.value, &who).await?;
        Ok(CredentialReply { headers: vec![(credential.value.header(), value)], expires_at })
    }

    fn identity(&self, api: &Api, agent: Presented) -> Result<Identity, Refused> {
        match agent {
            Presented::Token(token) => {
                self.compiled.verify(&token).map_err(|refusal| Refused::Identity(refusal.to_string()))
            }
            Presented::Vouched { issuer, subject, groups } => {
                let providers = &self.compiled.state().settings.loaded.config.identity.providers.value;
                let known = |issuer: &str| {
                    issuer.starts_with("spiffe://") || providers.iter().any(|one| one.issuer.value == issuer)
                };
                if !api.identity.value.iter().any(|source| source.vouches_for(&issuer)) || !known(&issuer) {
                    let why = "the configuration does not let the proxy vouch for agents of this API";
                    return Err(Refused::Identity(why.to_owned()));
                }
                Ok(Identity { issuer, subject, groups, claims: Map::new(), expires_at: Millis::MAX })
            }
        }
    }

    async fn value(
        &self,
        state: &State,
        api: &str,
        credential: &Credential,
        who: &Identity,
    ) -> Result<(String, Millis), Refused> {
        let secret = || {
            let secret = state.settings.secret(api).map(Secret::reveal);
            secret.ok_or_else(|| Refused::Unanswerable(format!("the credential of `{api}` has no secret")))
        };
        match credential {
            Credential::Header(fixed) => Ok((format!("{}{}", fixed.prefix, secret()?), now() + FIXED)),
            Credential::Basic(basic) => {
                let pair = STANDARD.encode(format!("{}:{}", basic.username, secret()?));
                Ok((format!("Basic {pair}"), now() + FIXED))
            }
            Credential::Oauth2(oauth2) => self.tokens.bearer(api, oauth2, secret()?).await,
            Credential::Minted(minted) => {
                let issuer = &state.settings.loaded.config.host.public_url.0;
                Ok(self.mint.bearer(issuer, minted, who, now()))
            }
        }
    }
}
