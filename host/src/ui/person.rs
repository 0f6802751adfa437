//! Who looks at a page, and that what they send comes from one.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use gatewright_core::identity::Identity;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Map;
use subtle::ConstantTimeEq as _;

use super::cookies::Cookie;
use super::page::Trouble;
use crate::http::App;
use crate::http::auth::{approving, is_auditor};
use crate::time::now;

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Who.
    pub(super) who: Identity,
    /// What they are called.
    pub(super) name: String,
    /// What their forms carry.
    pub(super) csrf: String,
    /// Of their cookie.
    pub(super) digest: String,
    /// May read recordings.
    pub(super) is_auditor: bool,
    /// Their groups that may approve something.
    pub(super) approving: Vec<String>,
}

impl Person {
    async fn of(headers: &HeaderMap, app: &App) -> Result<Option<Self>, Trouble> {
        let state = app.compiled.state();
        let config = &state.settings.loaded.config;
        let Some(digest) = Cookie::SignedIn.digest(headers, &config.host.public_url.0) else {
            return Ok(None);
        };
        let Some(known) = app.store.signed_in(&digest, now()).await? else { return Ok(None) };
        let issuer = config.people.as_ref().map(|people| &people.issuer.value);
        if issuer != Some(&known.issuer) {
            // Whoever signed in by a provider that is not trusted any more is not signed in any more.
            return Ok(None);
        }
        Ok(Some(Self {
            is_auditor: is_auditor(app, &known.groups),
            approving: approving(app, &known.groups),
            who: Identity {
                issuer: known.issuer,
                subject: known.subject,
                groups: known.groups,
                claims: Map::new(),
                expires_at: known.expires_at,
            },
            name: known.name,
            csrf: known.csrf,
            digest: known.digest,
        }))
    }

    /// For pages of those who look after the gate.
    pub(super) fn auditor(&self) -> Result<(), Trouble> {
        if self.is_auditor {
            return Ok(());
        }
        let why = "Recordings are for members of the groups in host.auditors.";
        Err(Trouble::new(StatusCode::FORBIDDEN, why))
    }

    /// For pages that tell how the gate is set up.
    pub(super) fn auditor_or_approver(&self) -> Result<(), Trouble> {
        if self.is_auditor || !self.approving.is_empty() {
            return Ok(());
        }
        let why = "This is for those who approve, and for members of the groups in host.auditors.";
        Err(Trouble::new(StatusCode::FORBIDDEN, why))
    }
}

impl FromRequestParts<Arc<App>> for Person {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Trouble> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        if app.compiled.state().settings.loaded.config.people.is_none() {
            return Err(Trouble::NoPages(path.to_owned()));
        }
        match Self::of(&parts.headers, app).await? {
            Some(person) => Ok(person),
            None if parts.method == Method::GET => Err(Trouble::SignIn(path.to_owned())),
            None => Err(Trouble::new(StatusCode::UNAUTHORIZED, "Your time is over: sign in again.")),
        }
    }
}

/// A form of one of our pages, and who sent it.
pub(super) struct Sent<T> {
    /// Who.
    pub(super) person: Person,
    /// What.
    pub(super) form: T,
}

#[derive(Deserialize)]
struct WithToken<T> {
    csrf: String,
    #[serde(flatten)]
    form: T,
}

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Sent<T> {
    type Rejection = Trouble;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Trouble> {
        let (mut parts, body) = request.into_parts();
        let person = Person::from_request_parts(&mut parts, app).await?;
        let public_url = app.compiled.state().settings.loaded.config.host.public_url.0.clone();
        let foreign = || Trouble::new(StatusCode::FORBIDDEN, "This did not come from a page of this host.");
        if !comes_from_here(&parts.headers, &public_url) {
            return Err(foreign());
        }
        let request = Request::from_parts(parts, body);
        let form = axum::Form::<WithToken<T>>::from_request(request, app).await;
        let axum::Form(WithToken { csrf, form }) =
            form.map_err(|cause| Trouble::new(cause.status(), cause.body_text()))?;
        if !bool::from(csrf.as_bytes().ct_eq(person.csrf.as_bytes())) {
            return Err(foreign());
        }
        Ok(Self { person, form })
    }
}

/// What browsers say by themselves about where a request comes from. The token is what counts; this is the second lock.
fn comes_from_here(headers: &HeaderMap, public_url: &str) -> bool {
    let site = headers.get("sec-fetch-site").map(|site| site == "same-origin");
    let origin = headers.get(header::ORIGIN).map(|origin| {
        let ours = reqwest::Url::parse(public_url).map(|url| url.origin().ascii_serialization());
        ours.is_ok_and(|ours| origin == ours.as_str())
    });
    site.unwrap_or(true) && origin.unwrap_or(true)
}
