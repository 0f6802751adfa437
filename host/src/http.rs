//! The HTTP service: the data plane for filters, the API for people, and health.

pub(crate) mod auth;
mod filter;
pub(crate) mod health;
pub(crate) mod limits;
mod metrics;
mod openapi;
pub(crate) mod people;
mod problem;
mod slack;
mod tlog;
mod tokens;
mod view;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use utoipa_axum::router::OpenApiRouter;

use crate::approvals::Approvals;
use crate::compile::Compiled;
use crate::credentials::Credentials;
use crate::estimate::Estimator;
use crate::log::{Log, Recorder};
use crate::login::Logins;
use crate::metrics::Metrics;
use crate::slack::Clicks;
use crate::store::Store;
use crate::tokens::{Tokens, scope};
use crate::tools::Tools;
use crate::{trace, ui};
use problem::Failure;

/// Longest that an answer may take; the long poll of approvals ends well before.
const TIMEOUT: Duration = Duration::from_secs(40);
/// Largest body of a person's request.
const PERSON_BODY: usize = 64 * 1024;
/// Largest body of Slack's requests, which repeat the message that has the button.
const SLACK_BODY: usize = 256 * 1024;
/// Largest body of a filter's request: a batch of events with results in them.
const FILTER_BODY: usize = 32 * 1024 * 1024;

/// What the handlers work with.
#[derive(Clone)]
pub(crate) struct App {
    /// Configuration, keys, bundles.
    pub(crate) compiled: Compiled,
    /// Logins at the target.
    pub(crate) logins: Logins,
    /// Credentials of HTTP targets.
    pub(crate) credentials: Credentials,
    /// Tools of MCP servers.
    pub(crate) tools: Tools,
    /// Approvals.
    pub(crate) approvals: Approvals,
    /// Personal access tokens.
    pub(crate) tokens: Tokens,
    /// How many rows held statements are about.
    pub(crate) estimator: Estimator,
    /// Takes events.
    pub(crate) recorder: Recorder,
    /// Reads recordings.
    pub(crate) store: Store,
    /// The log that they are in.
    pub(crate) log: Log,
    /// Whether the database can be written.
    pub(crate) probe: health::Probe,
    /// Counts.
    pub(crate) metrics: Metrics,
    /// How often somebody may ask.
    pub(crate) limits: limits::Limits,
    /// People on their way through the identity provider.
    pub(crate) sign_in: ui::SignIn,
    /// Clicks in Slack.
    pub(crate) clicks: Clicks,
    /// When filters were last heard of.
    pub(crate) contacts: ui::Contacts,
}

/// The whole service.
pub(crate) fn router(app: App) -> Router {
    let app = Arc::new(app);
    let counted = || from_fn_with_state(app.clone(), limits::by_address);
    let (described, mut api) = OpenApiRouter::with_openapi(openapi::base())
        .merge(
            people::routes()
                .merge(tokens::routes())
                .layer(DefaultBodyLimit::max(PERSON_BODY))
                .layer(counted()),
        )
        .merge(slack::routes().layer(DefaultBodyLimit::max(SLACK_BODY)).layer(counted()))
        .merge(filter::routes(&app).layer(DefaultBodyLimit::max(FILTER_BODY)))
        .merge(health::routes())
        .merge(metrics::routes().layer(counted()))
        .merge(tlog::routes().layer(counted()))
        .split_for_parts();
    scope::describe(&mut api);
    described
        .merge(openapi::route(api))
        .merge(ui::routes().layer(DefaultBodyLimit::max(PERSON_BODY)).layer(counted()))
        .fallback(async || Failure::new(StatusCode::NOT_FOUND, "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, "this path takes another method")
        })
        .layer(from_fn(in_time))
        .layer(from_fn_with_state(app.clone(), metrics::measured))
        .layer(from_fn(trace::traced))
        .with_state(app)
}

/// The description of what people use.
#[cfg(test)]
pub(crate) fn described() -> utoipa::openapi::OpenApi {
    let people = people::routes().merge(tokens::routes()).merge(tlog::routes());
    OpenApiRouter::with_openapi(openapi::base()).merge(people).split_for_parts().1
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::new(StatusCode::SERVICE_UNAVAILABLE, "the answer took too long").into_response(),
    }
}
