//! Approvals: those that wait, one of them, and those that are over.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use gatewright_core::api::Need;
use serde::Deserialize;

use super::page::{Page, Trouble, html};
use super::person::{Person, Sent};
use super::words::{plain, short, span};
use crate::approvals::{Choice, Decision, is_approver, is_requester, longest_grant};
use crate::config::values::Span;
use crate::http::App;
use crate::store::approvals::{Approval, Stage, Step};
use crate::time::{clock, now, rfc3339};

/// Spans that a grant may be given for, in seconds.
const SPANS: [u64; 5] = [900, 1_800, 3_600, 4 * 3_600, 8 * 3_600];

/// An approval as a card.
pub(super) struct Card {
    pub(super) id: String,
    pub(super) state: &'static str,
    pub(super) principal: String,
    pub(super) issuer: String,
    pub(super) resource: String,
    pub(super) role: String,
    pub(super) session: String,
    pub(super) statement: String,
    pub(super) parameters: Vec<Option<String>>,
    pub(super) reason: String,
    pub(super) policies: Vec<String>,
    pub(super) needs: Vec<Need>,
    pub(super) estimate: Option<String>,
    pub(super) digest: String,
    pub(super) approvers: String,
    pub(super) min_approvals: u32,
    pub(super) decided_by: Vec<String>,
    pub(super) comment: Option<String>,
    pub(super) grant: Option<String>,
    pub(super) comment_required: bool,
    pub(super) asked: String,
    pub(super) asked_iso: String,
    pub(super) expires_iso: String,
    pub(super) left: String,
    pub(super) is_mine: bool,
    pub(super) may_decide: bool,
    pub(super) has_approved: bool,
    pub(super) shape: Option<String>,
    pub(super) spans: Vec<(String, String)>,
    pub(super) csrf: String,
    pub(super) is_auditor: bool,
    /// Changes whenever the card does.
    pub(super) version: String,
}

impl Card {
    fn new(approval: Approval, person: &Person) -> Self {
        let is_mine = is_requester(&approval, &person.who);
        let pending = approval.stage == Stage::Pending;
        let most = longest_grant(&approval.request);
        let has_approved = approval.decided_by.contains(&person.who.subject);
        let may_decide = pending && !is_mine && is_approver(&approval, &person.who) && !has_approved;
        let version = format!("{} {}", approval.stage.as_str(), approval.decided_by.len());
        let Approval { id, request, stage, created_at, expires_at, estimate, decided_by, comment, grant } =
            approval;
        let spans = SPANS.iter().filter(|seconds| **seconds <= most);
        Self {
            id,
            state: stage.as_str(),
            principal: plain(&short(&request.principal, 200)),
            issuer: request.issuer,
            resource: request.resource,
            role: request.role,
            session: request.session,
            statement: plain(&request.statement),
            parameters: request.parameters.iter().map(|value| value.as_deref().map(plain)).collect(),
            reason: request.reason,
            policies: request.policies,
            needs: request.needs,
            estimate: estimate.map(|estimate| estimate.to_string()),
            digest: request.digest,
            approvers: request.approvers.join(", "),
            min_approvals: request.min_approvals,
            decided_by,
            comment: comment.as_deref().map(plain),
            grant,
            comment_required: request.comment_required,
            asked: clock(created_at),
            asked_iso: rfc3339(created_at),
            expires_iso: rfc3339(expires_at),
            left: span(expires_at.saturating_sub(now())),
            is_mine,
            may_decide,
            has_approved,
            shape: request.shape.as_deref().map(plain),
            spans: spans.map(|seconds| (format!("{seconds}s"), span(seconds * 1_000))).collect(),
            csrf: person.csrf.clone(),
            is_auditor: person.is_auditor,
            version,
        }
    }
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox {
    page: Page,
    cards: Vec<Card>,
    done: Option<Card>,
}

#[derive(Template)]
#[template(path = "cards.html")]
struct Cards {
    cards: Vec<Card>,
}

#[derive(Template)]
#[template(path = "approval.html")]
struct One {
    page: Page,
    card: Card,
    steps: Vec<Step>,
}

#[derive(Template)]
#[template(path = "history.html")]
struct History {
    page: Page,
    cards: Vec<Card>,
}

async fn pending(app: &App, person: &Person) -> Result<Vec<Card>, Trouble> {
    let mut approvals = app.approvals.list(&person.who, Some(Stage::Pending)).await?;
    // Those that end first are looked at first.
    approvals.sort_by_key(|approval| approval.expires_at);
    Ok(approvals.into_iter().map(|approval| Card::new(approval, person)).collect())
}

#[derive(Deserialize)]
pub(super) struct Done {
    #[serde(default)]
    done: String,
}

/// What waits for a decision.
pub(super) async fn inbox(
    State(app): State<Arc<App>>,
    person: Person,
    Query(Done { done }): Query<Done>,
) -> Result<Response, Trouble> {
    let done = match done.is_empty() {
        true => None,
        false => app.approvals.look_as(&done, &person.who).await.ok(),
    };
    let page = Page::new(&app, &person, "inbox", "Inbox").await?;
    let cards = pending(&app, &person).await?;
    html(&Inbox { page, cards, done: done.map(|approval| Card::new(approval, &person)) })
}

/// The cards alone, for the script.
pub(super) async fn cards(State(app): State<Arc<App>>, person: Person) -> Result<Response, Trouble> {
    html(&Cards { cards: pending(&app, &person).await? })
}

/// What is over.
pub(super) async fn history(State(app): State<Arc<App>>, person: Person) -> Result<Response, Trouble> {
    let mut approvals = app.approvals.list(&person.who, None).await?;
    approvals.retain(|approval| approval.stage != Stage::Pending);
    approvals.truncate(200);
    let page = Page::new(&app, &person, "history", "Decided approvals").await?;
    let cards = approvals.into_iter().map(|approval| Card::new(approval, &person)).collect();
    html(&History { page, cards })
}

/// One approval.
pub(super) async fn approval(
    State(app): State<Arc<App>>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    let approval = app.approvals.look_as(&id, &person.who).await?;
    let mut steps = app.store.approval_steps(&id).await?;
    steps.iter_mut().for_each(|step| step.detail = plain(&step.detail));
    let page = Page::new(&app, &person, "inbox", format!("Approval {id}")).await?;
    html(&One { page, card: Card::new(approval, &person), steps })
}

#[derive(Deserialize)]
pub(super) struct DecisionForm {
    decision: Decision,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    grant: String,
}

/// Takes a decision.
pub(super) async fn decide(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    sent: Sent<DecisionForm>,
) -> Result<Response, Trouble> {
    let Sent { person, form } = sent;
    let unreadable = |words: String| Trouble::new(StatusCode::UNPROCESSABLE_ENTITY, words);
    let grant_s = match (form.decision, form.grant.as_str()) {
        (Decision::Deny, _) | (_, "") => None,
        (_, span) => Some(Span::try_from(span.to_owned()).map_err(unreadable)?.0.as_secs()),
    };
    // Browsers send line ends of forms as CR LF.
    let comment = form.comment.replace("\r\n", "\n");
    let choice = Choice { decision: form.decision, comment, grant_s, elsewhere: None, token: None };
    app.approvals.decide(&id, &person.who, &choice).await?;
    Ok(Redirect::to(&format!("/?done={id}")).into_response())
}
