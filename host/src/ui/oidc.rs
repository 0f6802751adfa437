//! Signing in: OpenID Connect, authorization code with PKCE.
//!
//! The provider's answer counts within minutes, in the browser that asked; its code counts once at the provider. The ID token is verified twice: by the
//! library (issuer, client, nonce, signature), and by the code that verifies agents' tokens, so that a group is a group
//! in the same way for both.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse as _, Redirect, Response};
use gatewright_core::identity::{Identity, Verifier};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, PkceCodeChallenge, RedirectUrl, Scope,
    TokenResponse as _,
};
use serde::Deserialize;

use super::cookies::{Cookie, digest, random};
use super::on_the_way::{self, OnTheWay, TAKES};
use super::page::{Page, Trouble, html};
use super::person::Sent;
use crate::compile::bundle;
use crate::config::People;
use crate::http::App;
use crate::settings::Settings;
use crate::store::signed_in::SignedIn;
use crate::time::now;
use crate::trace;

/// How long what the provider says of itself is believed.
const METADATA: Duration = Duration::from_secs(60);

/// What people sign in with.
#[derive(Clone)]
pub(crate) struct SignIn {
    http: reqwest::Client,
    /// What all hosts of a database have the same of, and nobody else.
    secret: [u8; 32],
    metadata: Arc<tokio::sync::Mutex<Option<(String, Instant, CoreProviderMetadata)>>>,
}

impl SignIn {
    /// Hosts with the same secret take each other's people in.
    pub(crate) fn new(secret: [u8; 32]) -> anyhow::Result<Self> {
        // Following redirects would let a provider's answer send us anywhere.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .build()?;
        Ok(Self { http, secret, metadata: Arc::default() })
    }

    async fn metadata(&self, issuer: &str) -> anyhow::Result<CoreProviderMetadata> {
        let mut known = self.metadata.lock().await;
        if let Some((of, at, metadata)) = &*known
            && of == issuer
            && at.elapsed() < METADATA
        {
            return Ok(metadata.clone());
        }
        let metadata = CoreProviderMetadata::discover_async(IssuerUrl::new(issuer.to_owned())?, &self.http)
            .await
            .context("asking the identity provider about itself")?;
        *known = Some((issuer.to_owned(), Instant::now(), metadata.clone()));
        Ok(metadata)
    }
}

/// A macro and not a function: the client's type says in eight parameters which endpoints are known.
macro_rules! client {
    ($metadata:expr, $people:expr, $settings:expr) => {{
        let secret = $settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.reveal().to_owned()));
        let id = ClientId::new($people.client_id.value.clone());
        let back = format!("{}/signed-in", $settings.loaded.config.host.public_url.0);
        CoreClient::from_provider_metadata($metadata, id, secret).set_redirect_uri(RedirectUrl::new(back)?)
    }};
}

#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

/// Sends a browser to the provider.
pub(super) async fn start(
    State(app): State<Arc<App>>,
    Query(Next { next }): Query<Next>,
) -> Result<Response, Trouble> {
    let settings = app.compiled.state().settings.clone();
    let Some(people) = settings.loaded.config.people.clone() else {
        return Err(Trouble::NoPages("/sign-in".to_owned()));
    };
    let cookie = on_the_way::cookie(now());
    let leaving = OnTheWay::new(&app.sign_in.secret, &cookie, &local(&next));
    let url = ask(&app.sign_in, &settings, &people, leaving).await.map_err(|cause| {
        tracing::warn!(cause = format!("{cause:#}"), "nobody can sign in");
        Trouble::new(StatusCode::BAD_GATEWAY, "The identity provider does not answer. Try again later.")
    })?;
    let public_url = &settings.loaded.config.host.public_url.0;
    let set = Cookie::SigningIn.set(&cookie, TAKES.as_secs(), public_url);
    Ok(([(header::SET_COOKIE, set)], Redirect::to(&url)).into_response())
}

async fn ask(
    sign_in: &SignIn,
    settings: &Settings,
    people: &People,
    leaving: OnTheWay,
) -> anyhow::Result<String> {
    let metadata = sign_in.metadata(&people.issuer.value).await?;
    let client = client!(metadata, people, settings);
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&leaving.verifier);
    let request = client.authorize_url(
        CoreAuthenticationFlow::AuthorizationCode,
        || CsrfToken::new(leaving.state),
        || leaving.nonce,
    );
    let scopes = people.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
    let (url, _, _) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
    Ok(url.to_string())
}

#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

/// Takes the provider's answer.
pub(super) async fn finish(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Result<Response, Trouble> {
    let settings = app.compiled.state().settings.clone();
    let Some(people) = settings.loaded.config.people.clone() else {
        return Err(Trouble::NoPages("/signed-in".to_owned()));
    };
    let public_url = &settings.loaded.config.host.public_url.0;
    let back = Cookie::SigningIn
        .value(&headers, public_url)
        .and_then(|cookie| OnTheWay::back(&app.sign_in.secret, cookie, &answer.state, now()));
    let Some((known, next)) = back else {
        let why = "This sign-in was not begun in this browser, or too long ago. Begin again.";
        return Err(Trouble::new(StatusCode::BAD_REQUEST, why));
    };
    let Some(code) = answer.code else {
        let error = answer.error.unwrap_or_default();
        let why = format!("The identity provider did not let you in: {}.", super::words::short(&error, 100));
        return Err(Trouble::new(StatusCode::FORBIDDEN, why));
    };
    let exchanged = exchange(&app.sign_in, &settings, &people, code, known);
    let who = trace::step("sign_in.exchange_code", Vec::new, exchanged).await.map_err(|cause| {
        tracing::warn!(cause = format!("{cause:#}"), "somebody could not sign in");
        Trouble::new(StatusCode::FORBIDDEN, "What the identity provider says of you does not verify.")
    })?;
    // Whoever was signed in in this browser is not any more; a cookie from before never becomes a good one.
    if let Some(before) = Cookie::SignedIn.digest(&headers, public_url) {
        app.store.sign_out(&before).await?;
    }
    // What the provider says now is what is known of their groups.
    app.tokens.narrow(&who).await?;
    let cookie = random();
    let seconds = people.session.0.as_secs();
    let known = SignedIn {
        digest: digest(&cookie),
        name: called(&who),
        issuer: who.issuer,
        subject: who.subject,
        groups: who.groups,
        csrf: random(),
        expires_at: now().saturating_add(seconds.saturating_mul(1000)),
    };
    app.store.sign_in(&known, now()).await?;
    tracing::info!(subject = known.subject, "signed in");
    let set = [
        (header::SET_COOKIE, Cookie::SigningIn.unset(public_url)),
        (header::SET_COOKIE, Cookie::SignedIn.set(&cookie, seconds, public_url)),
    ];
    Ok((AppendHeaders(set), Redirect::to(&local(&next))).into_response())
}

async fn exchange(
    sign_in: &SignIn,
    settings: &Settings,
    people: &People,
    code: String,
    known: OnTheWay,
) -> anyhow::Result<Identity> {
    let metadata = sign_in.metadata(&people.issuer.value).await?;
    let keys = serde_json::to_value(metadata.jwks())?;
    let client = client!(metadata, people, settings);
    let request = client.exchange_code(AuthorizationCode::new(code))?.set_pkce_verifier(known.verifier);
    let answer = request.request_async(&sign_in.http).await.context("exchanging the code")?;
    let token = answer.id_token().context("there is no ID token in the answer")?;
    let provider = bundle::provider(settings, &people.issuer.value, &keys)
        .context("the issuer is not one of the providers")?;
    let algorithms = provider
        .algorithms
        .iter()
        .filter_map(|name| serde_json::from_value::<CoreJwsSigningAlgorithm>(name.as_str().into()).ok());
    let verifier = client.id_token_verifier().set_allowed_algs(algorithms);
    token.claims(&verifier, &known.nonce).context("the ID token")?;
    let provider =
        gatewright_core::bundle::Provider { audiences: vec![people.client_id.value.clone()], ..provider };
    let verifier = Verifier::new(&[provider]).map_err(anyhow::Error::msg)?;
    Ok(verifier.verify(&token.to_string(), now())?)
}

/// What somebody is called.
pub(crate) fn called(who: &Identity) -> String {
    let claim = |name: &str| who.claims.get(name).and_then(serde_json::Value::as_str);
    let name = ["name", "preferred_username", "email"].into_iter().find_map(claim);
    super::words::short(name.filter(|name| !name.is_empty()).unwrap_or(&who.subject), 60)
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// Signs out.
pub(super) async fn sign_out(State(app): State<Arc<App>>, sent: Sent<Nothing>) -> Result<Response, Trouble> {
    let Sent { person, form: Nothing {} } = sent;
    app.store.sign_out(&person.digest).await?;
    let state = app.compiled.state();
    let unset = Cookie::SignedIn.unset(&state.settings.loaded.config.host.public_url.0);
    Ok(([(header::SET_COOKIE, unset)], Redirect::to("/signed-out")).into_response())
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOut {
    page: Page,
}

/// What is there after signing out.
pub(super) async fn signed_out() -> Result<Response, Trouble> {
    html(&SignedOut { page: Page::public("Signed out") })
}

/// Where to go after signing in: a page of ours, whatever the link says.
fn local(next: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.?=&%+~:".contains(c);
    let ours = next.starts_with('/') && !next.starts_with("//") && next.chars().all(plain);
    if ours && next.len() <= 1_000 { next.to_owned() } else { "/".to_owned() }
}

/// As a value in a query.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::{encoded, local};

    #[test]
    fn nobody_is_sent_elsewhere() {
        for ours in ["/", "/approvals/K7", "/sessions?text=a%20b&skip=50"] {
            assert_eq!(local(ours), ours);
        }
        for other in [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            "/a\r\nset-cookie: x=y",
            "/@evil.example",
        ] {
            assert_eq!(local(other), "/", "{other:?}");
        }
        assert_eq!(encoded("/a?b=c d&e"), "%2Fa%3Fb%3Dc%20d%26e");
    }
}
