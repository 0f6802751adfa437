//! What people use: decide about approvals, read recordings.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::auth::Caller;
use super::problem::{Failure, Json, Query};
use super::view::ApprovalView;
use crate::approvals::{Decision, is_approver, is_requester};
use crate::store::approvals::Stage;
use crate::store::sessions::SessionRow;

type Shared = State<Arc<App>>;

/// Most runs of a session's events in one answer.
const MOST_RUNS: u32 = 1_000;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/approvals", get(list))
        .route("/v1/approvals/{id}", get(one))
        .route("/v1/approvals/{id}/decision", post(decide))
        .route("/v1/sessions", get(sessions))
        .route("/v1/sessions/{id}", get(session))
        .route("/approvals/{id}", get(page))
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
    let approval = app.approvals.look(&id).await?;
    if !is_requester(&approval, &who) && !is_approver(&approval, &who) {
        let detail = "only the requester and the approvers may see this approval";
        return Err(Failure::new(StatusCode::FORBIDDEN, detail));
    }
    Ok(Json(ApprovalView::new(approval, &public_url(&app))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionBody {
    decision: Decision,
    #[serde(default)]
    comment: Option<String>,
}

async fn decide(
    State(app): Shared,
    Caller(who): Caller,
    Path(id): Path<String>,
    Json(body): Json<DecisionBody>,
) -> Result<Json<ApprovalView>, Failure> {
    let comment = body.comment.unwrap_or_default();
    let approval = app.approvals.decide(&id, &who, body.decision, &comment).await?;
    Ok(Json(ApprovalView::new(approval, &public_url(&app))))
}

async fn sessions(State(app): Shared, Caller(who): Caller) -> Result<Json<Vec<SessionRow>>, Failure> {
    auditors_only(&app, &who.groups)?;
    Ok(Json(app.store.sessions(1000).await?))
}

async fn session(
    State(app): Shared,
    Caller(who): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    auditors_only(&app, &who.groups)?;
    let unknown = || Failure::new(StatusCode::NOT_FOUND, format!("there is no session `{id}`"));
    let row = app.store.session(&id).await?.ok_or_else(unknown)?;
    let events = app.store.events(&id, 0, MOST_RUNS).await?;
    let events: Vec<Value> = events.iter().filter_map(|event| serde_json::from_str(event).ok()).collect();
    Ok(Json(json!({ "session": row, "events": events })))
}

fn auditors_only(app: &App, groups: &[String]) -> Result<(), Failure> {
    let state = app.compiled.state();
    if state.settings.loaded.config.host.auditors.iter().any(|group| groups.contains(group)) {
        return Ok(());
    }
    Err(Failure::new(StatusCode::FORBIDDEN, "recordings are for members of the groups in `host.auditors`"))
}

/// What the link in a held statement's notice leads to: how to decide. It says nothing about the approval, since
/// whoever has the link is nobody in particular.
async fn page(State(app): Shared, Path(id): Path<String>) -> Result<String, Failure> {
    if id.len() > 16 || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(Failure::new(StatusCode::NOT_FOUND, "there is no such approval"));
    }
    let url = public_url(&app);
    Ok(format!(
        "Approval {id}\n\n\
         See what is asked for, with a token of your identity provider in $TOKEN:\n\n\
         \x20 curl -H \"authorization: Bearer $TOKEN\" {url}/v1/approvals/{id}\n\n\
         Decide, if you are of a group that may (\"approve\" or \"deny\"):\n\n\
         \x20 curl -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' \\\n\
         \x20   -d '{{\"decision\":\"approve\",\"comment\":\"why\"}}' {url}/v1/approvals/{id}/decision\n"
    ))
}

fn public_url(app: &App) -> String {
    app.compiled.state().settings.loaded.config.host.public_url.0.clone()
}
