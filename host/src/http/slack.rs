//! Where Slack says that somebody clicked.
#![allow(unused_qualifications, reason = "utoipa's macros write some")]

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Form, FromRequest as _, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::problem::Failure;
use crate::slack::{Click, Refused, Unfit};
use crate::time::now;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(interactive))
}

#[derive(Deserialize)]
struct Sent {
    payload: String,
}

/// A click on a button of a message, signed by Slack (`v0`).
#[utoipa::path(
    post,
    path = "/v1/slack/interactive",
    tag = "slack",
    security(("slack" = [])),
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Taken; what becomes of it is said in Slack"), Failure),
)]
async fn interactive(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Failure> {
    let settings = app.compiled.state().settings.clone();
    let (Some(section), Some(secret)) = (&settings.loaded.config.slack, &settings.slack_secret) else {
        return Err(Failure::new(StatusCode::NOT_FOUND, "there is no `slack` in the configuration"));
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (timestamp, signature) = (header("x-slack-request-timestamp"), header("x-slack-signature"));
    let seen = &app.clicks.seen;
    if let Err(refused) = seen.verify(secret, timestamp, signature, &body, now() / 1000) {
        tracing::warn!(%refused, "not a request of Slack");
        return Err(refused.into());
    }
    let unfit = |unfit: Unfit| {
        tracing::warn!(%unfit, "a request of Slack is not taken");
        Failure::from(unfit)
    };
    let payload = payload(body).await.ok_or_else(|| unfit(Unfit::Unreadable))?;
    let click = Click::read(&payload, section).map_err(unfit)?;
    click.work(&app.clicks, app.clone()).map_err(unfit)?;
    Ok(StatusCode::OK)
}

async fn payload(body: Bytes) -> Option<String> {
    let form = Request::post("/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let Form(sent) = Form::<Sent>::from_request(form.body(Body::from(body)).ok()?, &()).await.ok()?;
    Some(sent.payload)
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, refused.to_string())
    }
}

impl From<Unfit> for Failure {
    fn from(unfit: Unfit) -> Self {
        let status = match unfit {
            Unfit::Unreadable => StatusCode::BAD_REQUEST,
            Unfit::Foreign | Unfit::Elsewhere => StatusCode::FORBIDDEN,
            Unfit::Busy => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, unfit.to_string())
    }
}
