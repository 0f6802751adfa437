//! Who calls: a filter by its token, a person by a JWT.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use gatewright_core::digest::sha256;
use gatewright_core::identity::Identity;
use subtle::ConstantTimeEq as _;

use super::App;
use super::problem::Failure;
use crate::deployments::{self, Deployment};
use crate::secret::Secret;

/// Lets filters in and nobody else.
pub(super) async fn filter_only(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let state = app.compiled.state();
    let presented = bearer(request.headers()).unwrap_or_default();
    let Some(known) = deployments::known(&state.settings.deployments, presented).cloned() else {
        // Whoever guesses is counted, and a filter is not.
        app.limits.address(request.extensions(), request.headers())?;
        let wanted = "expected `authorization: Bearer` with the filter's token";
        return Err(Failure::new(StatusCode::UNAUTHORIZED, wanted));
    };
    request.extensions_mut().insert(Filter(Arc::new(known)));
    Ok(next.run(request).await)
}

/// The deployment whose filter asks.
#[derive(Clone)]
pub(super) struct Filter(Arc<Deployment>);

impl Filter {
    /// Refuses what it has no business with, whether that is there or not.
    pub(super) fn about(&self, resource: &str) -> Result<(), Failure> {
        if self.0.serves(resource) {
            return Ok(());
        }
        let (name, resource) = (self.0.name(), cut(resource));
        tracing::warn!(filter = name, resource, "a filter asked for what it does not serve");
        let detail = format!(
            "the token is that of the filter `{name}`, and `{resource}` is not among its resources: `host.filters` in the \
             host's configuration says which are"
        );
        Err(Failure::new(StatusCode::FORBIDDEN, detail))
    }

    /// Whether something of that resource is for it.
    pub(super) fn serves(&self, resource: &str) -> bool {
        self.0.serves(resource)
    }
}

/// As much of a name as a message needs.
fn cut(name: &str) -> &str {
    name.char_indices().nth(100).map_or(name, |(at, _)| name.get(..at).unwrap_or_default())
}

/// Lets whoever has a token in.
pub(super) fn has_token(headers: &HeaderMap, expected: &Secret, wanted: &'static str) -> Result<(), Failure> {
    // Digests have one length: the comparison takes as long for every token.
    let presented = bearer(headers).unwrap_or_default();
    let same = sha256(presented.as_bytes()).ct_eq(&sha256(expected.reveal().as_bytes()));
    if bool::from(same) { Ok(()) } else { Err(Failure::new(StatusCode::UNAUTHORIZED, wanted)) }
}

/// A person, by the bearer token of one of the identity providers.
pub(super) struct Caller(pub(super) Identity);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let missing =
            || Failure::new(StatusCode::UNAUTHORIZED, "expected `authorization: Bearer` with your token");
        let token = bearer(&parts.headers).ok_or_else(missing)?;
        let verdict = app.compiled.verify_person(token);
        let who = verdict.map_err(|refusal| Failure::new(StatusCode::UNAUTHORIZED, refusal))?;
        app.limits.person(&who)?;
        Ok(Self(who))
    }
}

/// Whether somebody of these groups may read all recordings.
pub(crate) fn is_auditor(app: &App, groups: &[String]) -> bool {
    let state = app.compiled.state();
    state.settings.loaded.config.host.auditors.iter().any(|group| groups.contains(group))
}

/// The groups of these whose members may approve something.
pub(crate) fn approving(app: &App, groups: &[String]) -> Vec<String> {
    let known = app.compiled.state().settings.approver_groups();
    groups.iter().filter(|group| known.contains(*group)).cloned().collect()
}

/// The bearer token of a request (RFC 6750 section 2.1; the scheme's case does not matter).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
