//! Grants: what agents may do for a while without asking.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::page::{Page, Place, Trouble, html};
use super::person::{Person, Sent};
use super::words::{plain, short, span};
use crate::approvals::NewGrant;
use crate::config::values::Span;
use crate::http::App;
use crate::http::people::shape_of;
use crate::store::approvals::Step;
use crate::store::grants::Grant;
use crate::time::{clock, now};

/// A grant as it is shown.
pub(super) struct Shown {
    id: String,
    state: String,
    principal: String,
    resource: String,
    role: String,
    kind: String,
    is_exact: bool,
    granters: String,
    comment: String,
    approval: Option<String>,
    given: String,
    ends: String,
    left: String,
    is_active: bool,
}

impl Shown {
    fn new(grant: Grant) -> Self {
        let granters: Vec<&str> = grant.granters.iter().map(|granter| granter.by.subject.as_str()).collect();
        Self {
            is_active: grant.state == "active",
            is_exact: grant.shape.is_none(),
            principal: plain(&short(&grant.principal, 200)),
            kind: plain(grant.shape.as_deref().unwrap_or(&grant.statement)),
            granters: granters.join(", "),
            comment: plain(&grant.comment),
            given: clock(grant.created_at),
            ends: clock(grant.expires_at),
            left: span(grant.expires_at.saturating_sub(now())),
            id: grant.id,
            state: grant.state,
            resource: grant.resource,
            role: grant.role,
            approval: grant.approval,
        }
    }
}

#[derive(Template)]
#[template(path = "grants.html")]
struct List {
    page: Page,
    grants: Vec<Shown>,
    all: bool,
    may_give: bool,
    places: Vec<Place>,
}

#[derive(Template)]
#[template(path = "grant.html")]
struct One {
    page: Page,
    grant: Shown,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    all: String,
}

/// All grants that this person may see.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    person: Person,
    Query(Which { all }): Query<Which>,
) -> Result<Response, Trouble> {
    let all = !all.is_empty();
    let grants = app.approvals.grants(&person.who, !all).await?;
    let page = Page::new(&app, &person, "grants", "Grants").await?;
    let settings = app.compiled.state().settings.clone();
    let places = Place::all(&settings, "");
    let grants = grants.into_iter().map(Shown::new).collect();
    html(&List { page, grants, all, may_give: !person.approving.is_empty(), places })
}

/// One grant, with its uses.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    let grant = app.approvals.look_at_grant(&id, &person.who).await?;
    let steps = app.store.grant_steps(&id).await?;
    let page = Page::new(&app, &person, "grants", format!("Grant {id}")).await?;
    html(&One { page, grant: Shown::new(grant), steps })
}

#[derive(Deserialize)]
pub(super) struct NewForm {
    /// `resource role`, as the page's list has them.
    place: String,
    principal: String,
    statement: String,
    lasts: String,
    comment: String,
}

/// Gives a grant before anything is asked for.
pub(super) async fn give(State(app): State<Arc<App>>, sent: Sent<NewForm>) -> Result<Response, Trouble> {
    let Sent { person, form } = sent;
    let wrong = |words: String| Trouble::new(StatusCode::UNPROCESSABLE_ENTITY, words);
    let (resource, role) = form.place.split_once(' ').unwrap_or((&form.place, ""));
    let statement = form.statement.replace("\r\n", "\n");
    let shape = shape_of(&app, resource, role, &statement).map_err(wrong)?;
    let new = NewGrant {
        resource: resource.to_owned(),
        role: role.to_owned(),
        principal: form.principal.trim().to_owned(),
        issuer: person.who.issuer.clone(),
        statement,
        shape,
        seconds: Span::try_from(form.lasts).map_err(wrong)?.0.as_secs(),
        comment: form.comment.replace("\r\n", "\n"),
        token: None,
    };
    let grant = app.approvals.grant(new, &person.who, person.approving.clone()).await?;
    Ok(Redirect::to(&format!("/grants/{}", grant.id)).into_response())
}

#[derive(Deserialize)]
pub(super) struct RevokeForm {
    #[serde(default)]
    comment: String,
}

/// Ends a grant.
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    sent: Sent<RevokeForm>,
) -> Result<Response, Trouble> {
    app.approvals.revoke(&id, &sent.person.who, &sent.form.comment, None).await?;
    Ok(Redirect::to(&format!("/grants/{id}")).into_response())
}
