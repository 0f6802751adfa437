//! The pages for people: rendered here, with a little script that only makes them livelier. Who signs in, by whom and
//! as what is in `oidc`; that a request comes from a page of ours is checked in `person`.

mod assets;
mod cookies;
mod grants;
mod inbox;
pub(crate) mod live;
mod oidc;
mod on_the_way;
mod page;
mod person;
mod policies;
mod recordings;
mod status;
mod timeline;
mod tokens;
pub(crate) mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};

pub(crate) use oidc::{SignIn, called};
pub(crate) use status::Contacts;

use crate::http::App;

/// What browsers are told of every page: nothing is loaded from elsewhere, nothing in the page itself is script or
/// style, nobody frames it, nothing of it is kept.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// The pages.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(inbox::inbox))
        .route("/inbox", get(inbox::cards))
        .route("/changes", get(live::changes))
        .route("/approvals", get(inbox::history))
        .route("/approvals/{id}", get(inbox::approval))
        .route("/approvals/{id}/decision", post(inbox::decide))
        .route("/grants", get(grants::list).post(grants::give))
        .route("/grants/{id}", get(grants::one))
        .route("/grants/{id}/revoke", post(grants::revoke))
        .route("/tokens", get(tokens::list).post(tokens::make))
        .route("/tokens/{id}/revoke", post(tokens::revoke))
        .route("/sessions", get(recordings::list))
        .route("/sessions/{id}", get(recordings::one))
        .route("/policies", get(policies::page).post(policies::explained))
        .route("/status", get(status::page))
        .route("/sign-in", get(oidc::start))
        .route("/signed-in", get(oidc::finish))
        .route("/sign-out", post(oidc::sign_out))
        .route("/signed-out", get(oidc::signed_out))
        .route("/static/{file}", get(assets::asset))
        .layer(from_fn(headers))
}

async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let kept = response.headers().contains_key(header::CACHE_CONTROL);
    if !kept {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
