//! Client credentials (RFC 6749 section 4.4): one token for each API, until shortly before it ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gatewright_core::digest::{Digest, sha256_parts};
use gatewright_core::time::Millis;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::config::api::Oauth2;
use crate::login::Refused;
use crate::secret::Secret;
use crate::time::now;
use crate::trace;

/// A token is not used any more so long before its end, in milliseconds.
const EARLY: Millis = 30_000;
/// The same where no other can be had: time for a request to reach the target, in milliseconds.
const LAST: Millis = 2_000;
/// How long a token of a server that does not say is used, in milliseconds.
const UNSAID: Millis = 300_000;
/// Longest wait for the token endpoint.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Tokens by API.
#[derive(Clone)]
pub(super) struct Tokens {
    client: reqwest::Client,
    known: Arc<Mutex<HashMap<String, Known>>>,
}

struct Known {
    /// Of the configuration and secret that it was got with.
    of: Digest,
    token: Secret,
    expires_at: Millis,
}

/// Section 5.1.
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    token_type: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl Tokens {
    pub(super) fn new() -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            // A token endpoint that redirects would be sent the secret elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client, known: Arc::default() })
    }

    /// `Bearer` with the token, and until when it may be used.
    pub(super) async fn bearer(
        &self,
        api: &str,
        oauth2: &Oauth2,
        secret: &str,
    ) -> Result<(String, Millis), Refused> {
        let of = sha256_parts([format!("{oauth2:?}").as_bytes(), secret.as_bytes()]);
        // Held while the token is fetched: those who come meanwhile get the same one.
        let mut known = self.known.lock().await;
        if let Some(known) = known.get(api)
            && known.of == of
            && now() + EARLY < known.expires_at
        {
            return Ok((format!("Bearer {}", known.token.reveal()), known.expires_at - EARLY / 2));
        }
        let fetched = self.fetch(api, oauth2, secret);
        let answer = match trace::step("credential.fetch_token", Vec::new, fetched).await {
            Ok(answer) => answer,
            Err(refused) => {
                // The token endpoint is gone for now: the token that there is serves as long as it can.
                let last = known.get(api).filter(|known| known.of == of && now() + LAST < known.expires_at);
                let last = last.ok_or(refused)?;
                return Ok((format!("Bearer {}", last.token.reveal()), last.expires_at));
            }
        };
        let lifetime = answer.expires_in.map_or(UNSAID, |seconds| seconds.saturating_mul(1000));
        let expires_at = now().saturating_add(lifetime);
        let value = format!("Bearer {}", answer.access_token);
        let token = Secret::new(answer.access_token);
        known.insert(api.to_owned(), Known { of, token, expires_at });
        Ok((value, expires_at.saturating_sub(EARLY / 2)))
    }

    async fn fetch(&self, api: &str, oauth2: &Oauth2, secret: &str) -> Result<Answer, Refused> {
        let unanswerable = |why: String| {
            tracing::error!(api, why, "no token from the token endpoint");
            Refused::Unanswerable(format!("the token endpoint of `{api}` gives no token: {why}"))
        };
        let scope = oauth2.scopes.join(" ");
        let mut form = vec![("grant_type", "client_credentials")];
        if !scope.is_empty() {
            form.push(("scope", &scope));
        }
        if let Some(resource) = &oauth2.resource {
            form.push(("resource", resource));
        }
        // Section 2.3.1: both are form-encoded before they become user and password.
        let encoded = |text: &str| {
            reqwest::Url::parse_with_params("x:", [("", text)])
                .ok()
                .and_then(|url| url.query().and_then(|query| query.strip_prefix('=')).map(str::to_owned))
                .unwrap_or_default()
        };
        let request = self
            .client
            .post(&oauth2.token_url.0)
            .basic_auth(encoded(&oauth2.client_id), Some(encoded(secret)))
            .header("accept", "application/json")
            .form(&form);
        let response = request.send().await.map_err(|cause| unanswerable(cause.without_url().to_string()))?;
        let status = response.status();
        if !status.is_success() {
            return Err(unanswerable(format!("status {status}")));
        }
        let answer: Answer =
            response.json().await.map_err(|cause| unanswerable(cause.without_url().to_string()))?;
        let plain = |c: char| c.is_ascii_graphic();
        if !answer.token_type.eq_ignore_ascii_case("bearer") || !answer.access_token.chars().all(plain) {
            return Err(unanswerable("it is no bearer token".to_owned()));
        }
        Ok(answer)
    }
}
