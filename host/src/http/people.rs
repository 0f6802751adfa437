//! What people use: decide about approvals, read recordings.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::auth::{Caller, approving, is_auditor};
use super::problem::{Failure, Json, Query};
use super::view::{ApprovalView, GrantView};
use crate::approvals::{Choice, Decision, NewGrant};
use crate::config::values::Span;
use crate::store::approvals::Stage;
use crate::store::search::Wanted;
use crate::store::sessions::SessionRow;

type Shared = State<Arc<App>>;

/// Most runs of a session's events in one answer.
const MOST_RUNS: u32 = 1_000;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/approvals", get(list))
        .route("/v1/approvals/{id}", get(one))
        .route("/v1/approvals/{id}/decision", post(decide))
        .route("/v1/changes", get(changes))
        .route("/v1/grants", get(grants).post(grant))
        .route("/v1/grants/{id}", get(one_grant))
        .route("/v1/grants/{id}/revoke", post(revoke))
        .route("/v1/sessions", get(sessions))
        .route("/v1/sessions/{id}", get(session))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(default)]
    state: Option<String>,
}

async fn list(
    State(app): Shared,
    Caller(who): Caller,
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

async fn one(
    State(app): Shared,
    Caller(who): Caller,
    Path(id): Path<String>,
) -> Result<Json<ApprovalView>, Failure> {
    let approval = app.approvals.look_as(&id, &who).await?;
    let steps = app.store.approval_steps(&id).await?;
    Ok(Json(ApprovalView::new(approval, &public_url(&app)).with_steps(steps)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionBody {
    decision: Decision,
    #[serde(default)]
    comment: Option<String>,
    /// `30m`: for how long more of the same may pass.
    #[serde(default)]
    grant: Option<Span>,
}

async fn decide(
    State(app): Shared,
    Caller(who): Caller,
    Path(id): Path<String>,
    Json(body): Json<DecisionBody>,
) -> Result<Json<ApprovalView>, Failure> {
    let choice = Choice {
        decision: body.decision,
        comment: body.comment.unwrap_or_default(),
        grant_s: body.grant.map(|span| span.0.as_secs()),
    };
    let approval = app.approvals.decide(&id, &who, &choice).await?;
    Ok(Json(ApprovalView::new(approval, &public_url(&app))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhichGrants {
    #[serde(default)]
    active: bool,
}

async fn grants(
    State(app): Shared,
    Caller(who): Caller,
    Query(which): Query<WhichGrants>,
) -> Result<Json<Vec<GrantView>>, Failure> {
    let grants = app.approvals.grants(&who, which.active).await?;
    Ok(Json(grants.into_iter().map(GrantView::new).collect()))
}

async fn one_grant(
    State(app): Shared,
    Caller(who): Caller,
    Path(id): Path<String>,
) -> Result<Json<GrantView>, Failure> {
    let grant = app.approvals.look_at_grant(&id, &who).await?;
    let steps = app.store.grant_steps(&id).await?;
    Ok(Json(GrantView::new(grant).with_steps(steps)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantBody {
    resource: String,
    principal: String,
    #[serde(default)]
    issuer: Option<String>,
    #[serde(default)]
    role: String,
    statement: String,
    lasts: Span,
    comment: String,
}

async fn grant(
    State(app): Shared,
    Caller(who): Caller,
    Json(body): Json<GrantBody>,
) -> Result<(StatusCode, Json<GrantView>), Failure> {
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
    };
    let grant = app.approvals.grant(new, &who, approving).await?;
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeBody {
    #[serde(default)]
    comment: String,
}

async fn revoke(
    State(app): Shared,
    Caller(who): Caller,
    Path(id): Path<String>,
    Json(body): Json<RevokeBody>,
) -> Result<Json<GrantView>, Failure> {
    Ok(Json(GrantView::new(app.approvals.revoke(&id, &who, &body.comment).await?)))
}

/// Says whenever something may have changed, as server-sent events; what it was is to be asked for.
async fn changes(State(app): Shared, Caller(who): Caller) -> Result<impl IntoResponse, Failure> {
    let busy = || Failure::new(StatusCode::SERVICE_UNAVAILABLE, "too many people watch at a time");
    crate::ui::live::stream(&app, who.expires_at, None).ok_or_else(busy)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WhichSessions {
    resource: Option<String>,
    principal: Option<String>,
    decision: Option<String>,
    text: Option<String>,
    limit: u32,
    skip: u32,
}

impl Default for WhichSessions {
    fn default() -> Self {
        Self { resource: None, principal: None, decision: None, text: None, limit: 1_000, skip: 0 }
    }
}

async fn sessions(
    State(app): Shared,
    Caller(who): Caller,
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

async fn session(
    State(app): Shared,
    Caller(who): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let unknown = || Failure::new(StatusCode::NOT_FOUND, format!("there is no session `{id}`"));
    if !is_auditor(&app, &who.groups) {
        // Which sessions there are is nobody else's business.
        return Err(unknown());
    }
    let row = app.store.session(&id).await?.ok_or_else(unknown)?;
    let events = app.store.events(&id, 0, MOST_RUNS).await?;
    let events: Vec<Value> = events.iter().filter_map(|event| serde_json::from_str(event).ok()).collect();
    Ok(Json(json!({ "session": row, "events": events })))
}

fn public_url(app: &App) -> String {
    app.compiled.state().settings.loaded.config.host.public_url.0.clone()
}
