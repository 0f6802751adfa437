//! The data plane: what filters ask for. The shapes are those of `gatewright_core::api`, and no promise to anybody
//! else: the description calls them objects.
#![allow(unused_qualifications, reason = "utoipa's macros write some")]

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use gatewright_core::api::{
    ApprovalReply, ApprovalRequest, CredentialReply, CredentialRequest, EventAck, LoginReply, LoginRequest,
    SeenTools,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::{Filter, filter_only};
use super::problem::{Failure, Json, Path, Query};
use crate::approvals;
use crate::log::{Batch, Rejected};

type Shared = State<Arc<App>>;

pub(super) fn routes(app: &Arc<App>) -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(bundle))
        .routes(routes!(login))
        .routes(routes!(credential))
        .routes(routes!(tools))
        .routes(routes!(events))
        .routes(routes!(request_approval))
        .routes(routes!(wait))
        .routes(routes!(withdraw))
        .route_layer(from_fn_with_state(app.clone(), filter_only))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    resource: String,
}

/// What a resource is decided by. `If-None-Match` with its digest: 304 while it is the same.
#[utoipa::path(
    get,
    path = "/v1/filter/bundle",
    tag = "filters",
    security(("filter" = [])),
    params(Which),
    responses((status = 200, body = Object), (status = 304, description = "The same still"), Failure),
)]
async fn bundle(
    State(app): Shared,
    Extension(filter): Extension<Filter>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let state = app.compiled.state();
    let name = &which.resource;
    filter.about(name)?;
    let Some(resource) = state.resources.get(name) else {
        return Err(Failure::new(StatusCode::NOT_FOUND, format!("there is no resource `{name}`")));
    };
    let Some(served) = &resource.served else {
        let why = resource.faults.join("; ");
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, format!("there is no bundle yet: {why}")));
    };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|digest| digest.to_str().ok());
    app.contacts.note(name, known.map(|known| known.trim_matches('"')));
    if known.is_some_and(|known| known.trim_matches('"') == served.digest) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::ETAG, format!("\"{}\"", served.digest)),
    ];
    Ok((headers, served.json.clone()).into_response())
}

/// A proof for a login at the target, which only the host can make.
#[utoipa::path(
    post,
    path = "/v1/filter/login",
    tag = "filters",
    security(("filter" = [])),
    request_body = Object,
    responses((status = 200, body = Object), Failure),
)]
async fn login(
    State(app): Shared,
    Extension(filter): Extension<Filter>,
    Json(request): Json<LoginRequest>,
) -> Result<Json<LoginReply>, Failure> {
    filter.about(&request.resource)?;
    let (resource, session, role) = (request.resource.clone(), request.session.clone(), request.role.clone());
    let answer = app.logins.answer(request).await;
    if let Err(refused) = &answer {
        tracing::warn!(resource, session, role, %refused, "login refused");
    }
    Ok(Json(answer?))
}

/// The target's credential for an agent.
#[utoipa::path(
    post,
    path = "/v1/filter/credential",
    tag = "filters",
    security(("filter" = [])),
    request_body = Object,
    responses((status = 200, body = Object), Failure),
)]
async fn credential(
    State(app): Shared,
    Extension(filter): Extension<Filter>,
    Json(request): Json<CredentialRequest>,
) -> Result<Json<CredentialReply>, Failure> {
    filter.about(&request.resource)?;
    let resource = request.resource.clone();
    let answer = app.credentials.answer(request).await;
    if let Err(refused) = &answer {
        tracing::warn!(resource, %refused, "credential refused");
    }
    Ok(Json(answer?))
}

/// Tools that an MCP server showed.
#[utoipa::path(
    post,
    path = "/v1/filter/tools",
    tag = "filters",
    security(("filter" = [])),
    request_body = Object,
    responses((status = 204, description = "Noted"), Failure),
)]
async fn tools(
    State(app): Shared,
    Extension(filter): Extension<Filter>,
    Json(seen): Json<SeenTools>,
) -> Result<StatusCode, Failure> {
    filter.about(&seen.resource)?;
    app.tools.seen(seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Events of sessions, each a line of JSON; answered once they are durable.
#[utoipa::path(
    post,
    path = "/v1/filter/events",
    tag = "filters",
    security(("filter" = [])),
    request_body(content = String, content_type = "application/json"),
    responses((status = 200, body = Object), Failure),
)]
async fn events(
    State(app): Shared,
    Extension(filter): Extension<Filter>,
    body: Bytes,
) -> Result<Json<EventAck>, Failure> {
    let batch = Batch::read(body.into()).inspect_err(|rejected| {
        app.metrics.rejected(rejected);
        tracing::warn!(%rejected, "events refused");
    })?;
    let resource = batch.resource().to_owned();
    filter.about(&resource)?;
    let durable = batch.events();
    match app.recorder.record(batch).await {
        Ok(ended) => {
            for session in ended {
                // The events are durable whatever becomes of this; what is left pending expires.
                if let Err(cause) = app.approvals.session_ended(&session).await {
                    tracing::error!(session, %cause, "its approvals stay pending");
                }
            }
            Ok(Json(EventAck { durable }))
        }
        Err(rejected) => {
            app.metrics.rejected(&rejected);
            if rejected == Rejected::Unavailable {
                app.probe.failed();
            }
            tracing::warn!(resource, %rejected, "events refused");
            Err(rejected.into())
        }
    }
}

/// Asks for an approval.
#[utoipa::path(
    post,
    path = "/v1/filter/approvals",
    tag = "filters",
    security(("filter" = [])),
    request_body = Object,
    responses((status = 200, body = Object), Failure),
)]
async fn request_approval(
    State(app): Shared,
    Extension(filter): Extension<Filter>,
    Json(request): Json<ApprovalRequest>,
) -> Result<Json<ApprovalReply>, Failure> {
    filter.about(&request.resource)?;
    let estimator = &app.estimator;
    let estimate = async |asked: ApprovalRequest| estimator.estimate(&asked).await;
    let (approval, state) = app.approvals.request_with(request, estimate).await?;
    let (resource, session) = (&approval.request.resource, &approval.request.session);
    tracing::info!(approval = approval.id, resource, session, ?state, "approval asked for");
    Ok(reply(&app, &approval, state))
}

/// Waits for a decision, for 25 seconds at most.
#[utoipa::path(
    get,
    path = "/v1/filter/approvals/{id}/wait",
    tag = "filters",
    security(("filter" = [])),
    params(("id" = String, Path, description = "Of the approval")),
    responses((status = 200, body = Object), Failure),
)]
async fn wait(
    State(app): Shared,
    Extension(filter): Extension<Filter>,
    Path(id): Path<String>,
) -> Result<Json<ApprovalReply>, Failure> {
    has_approval(&app, &filter, &id).await?;
    let (approval, state) = app.approvals.wait(&id).await?;
    Ok(reply(&app, &approval, state))
}

/// Says that nobody waits for the decision any more.
#[utoipa::path(
    post,
    path = "/v1/filter/approvals/{id}/withdraw",
    tag = "filters",
    security(("filter" = [])),
    params(("id" = String, Path, description = "Of the approval")),
    responses((status = 200, body = Object), Failure),
)]
async fn withdraw(
    State(app): Shared,
    Extension(filter): Extension<Filter>,
    Path(id): Path<String>,
) -> Result<Json<ApprovalReply>, Failure> {
    has_approval(&app, &filter, &id).await?;
    let (approval, state) = app.approvals.withdraw(&id).await?;
    Ok(reply(&app, &approval, state))
}

/// To a filter of something else, there is no approval of that id.
async fn has_approval(app: &App, filter: &Filter, id: &str) -> Result<(), Failure> {
    let deployment = filter.deployment();
    // For whoever may ask for everything it need not be looked up.
    let is_its =
        deployment.serves_all() || deployment.serves(&app.approvals.look(id).await?.request.resource);
    if is_its { Ok(()) } else { Err(approvals::Refused::Unknown(id.to_owned()).into()) }
}

fn reply(
    app: &App,
    approval: &crate::store::approvals::Approval,
    state: gatewright_core::api::ApprovalState,
) -> Json<ApprovalReply> {
    let settings = app.compiled.state().settings.clone();
    Json(approvals::reply(approval, state, &settings.loaded.config.host.public_url.0))
}
