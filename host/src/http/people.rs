//! What people use: decide about approvals, read recordings.
#![allow(unused_qualifications, reason = "utoipa's macros write some")]

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::{Caller, approving, is_auditor};
use super::problem::{Failure, Json, Path, Query};
use super::view::{ApprovalView, GrantView};
use crate::approvals::{Choice, Decision, NewGrant};
use crate::config::values::Span;
use crate::store::approvals::Stage;
use crate::store::search::Wanted;
use crate::store::sessions::SessionRow;
use crate::tokens::scope::Scope;
use crate::ui::live::By;

type Shared = State<Arc<App>>;

/// Most runs of a session's events in one answer.
const MOST_RUNS: u32 = 1_000;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(decide))
        .routes(routes!(changes))
        .routes(routes!(grants, grant))
        .routes(routes!(one_grant))
        .routes(routes!(revoke))
        .routes(routes!(sessions))
        .routes(routes!(session))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// `pending`, `approved`, `used`, `denied`, `expired` or `withdrawn`.
    #[serde(default)]
    state: Option<String>,
}

/// Approvals that the caller may see.
#[utoipa::path(
    get,
    path = "/v1/approvals",
    tag = "people",
    security(("person" = [])),
    params(Filter),
    responses((status = 200, body = Vec<ApprovalView>), Failure),
)]
async fn list(
    State(app): Shared,
    Caller { who, .. }: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<ApprovalView>>, Failure> {
    let stage = match filter.state {
        None => None,
        Some(text) => Some(Stage::parse(&text).ok_or_else(|| {
            let states = "pending, approved, used, denied, expired, withdrawn";
            Failure::new(
                StatusCode::BAD_REQUEST,
                format!("`{text}` is not a state: expected one of {states}"),
            )
        })?),
    };
    let approvals = app.approvals.list(&who, stage).await?;
    let public_url = public_url(&app);
    Ok(Json(approvals.into_iter().map(|approval| ApprovalView::new(approval, &public_url)).collect()))
}

/// One approval, with its steps.
#[utoipa::path(
    get,
    path = "/v1/approvals/{id}",
    tag = "people",
    security(("person" = [])),
    params(("id" = String, Path, description = "Of the approval")),
    responses((status = 200, body = ApprovalView), Failure),
)]
async fn one(
    State(app): Shared,
    Caller { who, .. }: Caller,
    Path(id): Path<String>,
) -> Result<Json<ApprovalView>, Failure> {
    let approval = app.approvals.look_as(&id, &who).await?;
    let steps = app.store.approval_steps(&id).await?;
    Ok(Json(ApprovalView::new(approval, &public_url(&app)).with_steps(steps)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecisionBody {
    decision: Decision,
    #[serde(default)]
    comment: Option<String>,
    /// `30m`: for how long more of the same may pass.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "30m")]
    grant: Option<Span>,
}

/// Approves or denies.
#[utoipa::path(
    post,
    path = "/v1/approvals/{id}/decision",
    tag = "people",
    security(("person" = [])),
    params(("id" = String, Path, description = "Of the approval")),
    request_body = DecisionBody,
    responses((status = 200, body = ApprovalView), Failure),
)]
async fn decide(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<DecisionBody>,
) -> Result<Json<ApprovalView>, Failure> {
    if body.grant.is_some() {
        // A decision that gives a grant is more than a decision.
        caller.also(Scope::GrantsWrite, "a decision with `grant`")?;
    }
    let choice = Choice {
        decision: body.decision,
        comment: body.comment.unwrap_or_default(),
        grant_s: body.grant.map(|span| span.0.as_secs()),
        elsewhere: None,
        token: caller.token_id(),
    };
    let approval = app.approvals.decide(&id, &caller.who, &choice).await?;
    Ok(Json(ApprovalView::new(approval, &public_url(&app))))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WhichGrants {
    #[serde(default)]
    active: bool,
}

/// Grants that the caller may see.
#[utoipa::path(
    get,
    path = "/v1/grants",
    tag = "people",
    security(("person" = [])),
    params(WhichGrants),
    responses((status = 200, body = Vec<GrantView>), Failure),
)]
async fn grants(
    State(app): Shared,
    Caller { who, .. }: Caller,
    Query(which): Query<WhichGrants>,
) -> Result<Json<Vec<GrantView>>, Failure> {
    let grants = app.approvals.grants(&who, which.active).await?;
    Ok(Json(grants.into_iter().map(GrantView::new).collect()))
}

/// One grant, with its steps, its uses among them.
#[utoipa::path(
    get,
    path = "/v1/grants/{id}",
    tag = "people",
    security(("person" = [])),
    params(("id" = String, Path, description = "Of the grant")),
    responses((status = 200, body = GrantView), Failure),
)]
async fn one_grant(
    State(app): Shared,
    Caller { who, .. }: Caller,
    Path(id): Path<String>,
) -> Result<Json<GrantView>, Failure> {
    let grant = app.approvals.look_at_grant(&id, &who).await?;
    let steps = app.store.grant_steps(&id).await?;
    Ok(Json(GrantView::new(grant).with_steps(steps)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GrantBody {
    resource: String,
    principal: String,
    #[serde(default)]
    issuer: Option<String>,
    #[serde(default)]
    role: String,
    statement: String,
    /// `30m`.
    #[schema(value_type = String, example = "30m")]
    lasts: Span,
    comment: String,
}

/// Gives a grant.
#[utoipa::path(
    post,
    path = "/v1/grants",
    tag = "people",
    security(("person" = [])),
    request_body = GrantBody,
    responses((status = 201, body = GrantView), Failure),
)]
async fn grant(
    State(app): Shared,
    caller: Caller,
    Json(body): Json<GrantBody>,
) -> Result<(StatusCode, Json<GrantView>), Failure> {
    let who = &caller.who;
    let approving = approving(&app, &who.groups);
    let shape = shape_of(&app, &body.resource, &body.role, &body.statement)
        .map_err(|detail| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, detail))?;
    let new = NewGrant {
        resource: body.resource,
        principal: body.principal,
        issuer: body.issuer.unwrap_or_else(|| who.issuer.clone()),
        role: body.role,
        statement: body.statement,
        shape,
        seconds: body.lasts.0.as_secs(),
        comment: body.comment,
        token: caller.token_id(),
    };
    let grant = app.approvals.grant(new, who, approving).await?;
    Ok((StatusCode::CREATED, Json(GrantView::new(grant))))
}

/// What commands of the same kind have in common, as the filter of that resource says it.
pub(crate) fn shape_of(app: &App, resource: &str, role: &str, statement: &str) -> Result<String, String> {
    let state = app.compiled.state();
    match state.settings.loaded.resource(resource) {
        Some(found) if found.role(role).is_some() => Ok(gatewright_sql::shape(statement).into_owned()),
        Some(_) => Err(format!("`{resource}` has no role `{role}`")),
        // Of an API: what approvals of it show as their kind.
        None if state.settings.loaded.api(resource).is_some() => Ok(statement.to_owned()),
        None => Err(format!("there is no resource `{resource}`")),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RevokeBody {
    #[serde(default)]
    comment: String,
}

/// Ends a grant at once.
#[utoipa::path(
    post,
    path = "/v1/grants/{id}/revoke",
    tag = "people",
    security(("person" = [])),
    params(("id" = String, Path, description = "Of the grant")),
    request_body = RevokeBody,
    responses((status = 200, body = GrantView), Failure),
)]
async fn revoke(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<RevokeBody>,
) -> Result<Json<GrantView>, Failure> {
    let revoked = app.approvals.revoke(&id, &caller.who, &body.comment, caller.token_id()).await?;
    Ok(Json(GrantView::new(revoked)))
}

/// Says whenever something may have changed, as server-sent events; what it was is to be asked for.
#[utoipa::path(
    get,
    path = "/v1/changes",
    tag = "people",
    security(("person" = [])),
    responses((status = 200, description = "It does not end", body = String, content_type = "text/event-stream"), Failure),
)]
async fn changes(State(app): Shared, caller: Caller) -> Result<impl IntoResponse, Failure> {
    let busy = || Failure::new(StatusCode::SERVICE_UNAVAILABLE, "too many people watch at a time");
    let by = caller.token_id().map_or(By::Provider, By::Token);
    crate::ui::live::stream(&app, caller.who.expires_at, by).ok_or_else(busy)
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct WhichSessions {
    resource: Option<String>,
    principal: Option<String>,
    decision: Option<String>,
    text: Option<String>,
    /// At most 1,000.
    #[param(value_type = i64, minimum = 0, maximum = 4_294_967_295_u32)]
    limit: u32,
    #[param(value_type = i64, minimum = 0, maximum = 4_294_967_295_u32)]
    skip: u32,
}

impl Default for WhichSessions {
    fn default() -> Self {
        Self { resource: None, principal: None, decision: None, text: None, limit: 1_000, skip: 0 }
    }
}

/// Sessions, the newest first, for auditors.
#[utoipa::path(
    get,
    path = "/v1/sessions",
    tag = "people",
    security(("person" = [])),
    params(WhichSessions),
    responses((status = 200, body = Vec<SessionRow>), Failure),
)]
async fn sessions(
    State(app): Shared,
    Caller { who, .. }: Caller,
    Query(which): Query<WhichSessions>,
) -> Result<Json<Vec<SessionRow>>, Failure> {
    if !is_auditor(&app, &who.groups) {
        let detail = "recordings are for members of the groups in `host.auditors`";
        return Err(Failure::new(StatusCode::FORBIDDEN, detail));
    }
    let WhichSessions { resource, principal, decision, text, limit, skip } = which;
    let limit = limit.min(1_000);
    let wanted = Wanted { resource, principal, decision, text, limit, skip, ..Wanted::default() };
    Ok(Json(app.store.find_sessions(&wanted).await?))
}

/// A session as auditors see it.
#[derive(Serialize, ToSchema)]
struct SessionView {
    session: SessionRow,
    /// Its events, as they were recorded.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Value>,
}

/// One session with its events, for auditors.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}",
    tag = "people",
    security(("person" = [])),
    params(("id" = String, Path, description = "Of the session")),
    responses((status = 200, body = SessionView), Failure),
)]
async fn session(
    State(app): Shared,
    Caller { who, .. }: Caller,
    Path(id): Path<String>,
) -> Result<Json<SessionView>, Failure> {
    let unknown = || Failure::new(StatusCode::NOT_FOUND, format!("there is no session `{id}`"));
    if !is_auditor(&app, &who.groups) {
        // Which sessions there are is nobody else's business.
        return Err(unknown());
    }
    let row = app.store.session(&id).await?.ok_or_else(unknown)?;
    let events = app.store.events(&id, 0, MOST_RUNS).await?;
    let events = events.iter().filter_map(|event| serde_json::from_str(event).ok()).collect();
    Ok(Json(SessionView { session: row, events }))
}

fn public_url(app: &App) -> String {
    app.compiled.state().settings.loaded.config.host.public_url.0.clone()
}
