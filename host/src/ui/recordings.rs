//! Recorded sessions: finding them, and seeing one again.

use std::collections::HashSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use gatewright_core::event::Event;
use gatewright_core::time::Millis;
use serde::Deserialize;

use super::oidc::encoded;
use super::page::{Page, Place, Trouble, html};
use super::person::Person;
use super::timeline::Entry;
use super::words::{plain, short, span};
use crate::http::App;
use crate::store::search::Wanted;
use crate::store::sessions::SessionRow;
use crate::time::clock;

/// Sessions on a page.
const PAGE: u32 = 50;
/// Runs of events on a page of a session.
const RUNS: u32 = 500;

/// A session as it is shown.
pub(super) struct Shown {
    id: String,
    resource: String,
    principal: String,
    issuer: String,
    role: String,
    source: String,
    opened: String,
    lasted: String,
    is_open: bool,
    statements: u64,
    head_hash: String,
    is_shadow: bool,
    /// When its events went, and by which rule.
    pruned: Option<String>,
}

impl Shown {
    fn new(row: SessionRow, shadow: &HashSet<String>) -> Self {
        let lasted = row.closed_at.map(|closed| span(closed.saturating_sub(row.opened_at)));
        Self {
            is_shadow: shadow.contains(&row.id),
            id: row.id,
            resource: row.resource,
            principal: plain(&short(&row.principal, 200)),
            issuer: row.issuer,
            role: row.role,
            source: row.source,
            opened: clock(row.opened_at),
            is_open: row.closed_at.is_none(),
            lasted: lasted.unwrap_or_else(|| "open".to_owned()),
            statements: row.statements,
            head_hash: row.head_hash,
            pruned: row.pruned.map(|pruned| format!("{} UTC by the rule {}", clock(pruned.at), pruned.by)),
        }
    }
}

/// What somebody looks for; empty is whatever.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    resource: String,
    agent: String,
    decision: String,
    state: String,
    from: String,
    to: String,
    text: String,
    skip: u32,
}

impl Filter {
    fn wanted(&self) -> Result<Wanted, String> {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Wanted {
            resource: some(&self.resource),
            principal: some(&self.agent),
            decision: some(&self.decision),
            text: some(&self.text),
            from: day(&self.from)?,
            to: day(&self.to)?.map(|day| day + 86_400_000),
            open: match self.state.as_str() {
                "open" => Some(true),
                "over" => Some(false),
                _ => None,
            },
            skip: self.skip,
            limit: PAGE + 1,
        })
    }

    /// The same from another place on.
    fn at(&self, skip: u32) -> String {
        let fields = [
            ("resource", &self.resource),
            ("agent", &self.agent),
            ("decision", &self.decision),
            ("state", &self.state),
            ("from", &self.from),
            ("to", &self.to),
            ("text", &self.text),
        ];
        let fields = fields.iter().filter(|(_, value)| !value.is_empty());
        let fields = fields.map(|(name, value)| format!("{name}={}&", encoded(value)));
        format!("/sessions?{}skip={skip}", fields.collect::<String>())
    }
}

/// The beginning of a day in UTC, of `2026-11-28`.
fn day(text: &str) -> Result<Option<Millis>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = humantime::parse_rfc3339(&format!("{text}T00:00:00Z"));
    let day = day.map_err(|_| format!("`{}` is not a day such as 2026-11-28.", short(text, 20)))?;
    let since = day.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(Some(u64::try_from(since.as_millis()).unwrap_or_default()))
}

#[derive(Template)]
#[template(path = "sessions.html")]
struct List {
    page: Page,
    sessions: Vec<Shown>,
    /// Resources in shadow mode.
    shadow: Vec<String>,
    filter: Filter,
    places: Vec<Place>,
    newer: Option<String>,
    older: Option<String>,
}

/// The sessions that somebody looks for.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    person: Person,
    Query(filter): Query<Filter>,
) -> Result<Response, Trouble> {
    person.auditor()?;
    let wanted = filter.wanted().map_err(|words| Trouble::new(StatusCode::BAD_REQUEST, words))?;
    let mut sessions = app.store.find_sessions(&wanted).await?;
    let more = sessions.len() > PAGE as usize;
    sessions.truncate(PAGE as usize);
    let shadow = app.store.in_shadow(&sessions).await?;
    let settings = app.compiled.state().settings.clone();
    let config = &settings.loaded.config;
    let resources = config.resources.value.iter().map(|resource| &resource.name.value.0);
    let resources = resources.chain(config.apis.value.iter().map(|api| &api.name.value.0));
    let place =
        |name: &String| Place { value: name.clone(), label: name.clone(), chosen: *name == filter.resource };
    let places = resources.map(place).collect();
    let page = Page::new(&app, &person, "sessions", "Sessions").await?;
    html(&List {
        page,
        sessions: sessions.into_iter().map(|row| Shown::new(row, &shadow)).collect(),
        shadow: config.in_shadow().map(|(name, what)| format!("{name} is in {what}.")).collect(),
        newer: (filter.skip > 0).then(|| filter.at(filter.skip.saturating_sub(PAGE))),
        older: more.then(|| filter.at(filter.skip.saturating_add(PAGE))),
        places,
        filter,
    })
}

#[derive(Deserialize)]
pub(super) struct From {
    #[serde(default)]
    from: u64,
}

#[derive(Template)]
#[template(path = "session.html")]
struct One {
    page: Page,
    session: Shown,
    entries: Vec<Entry>,
    from: u64,
    next: Option<u64>,
    denied: usize,
    held: usize,
}

/// One session, from some event on.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    person: Person,
    Path(id): Path<String>,
    Query(From { from }): Query<From>,
) -> Result<Response, Trouble> {
    if !person.is_auditor {
        // Which sessions there are is nobody else's business.
        return Err(Trouble::not_found());
    }
    let row = app.store.session(&id).await?.ok_or_else(Trouble::not_found)?;
    let shadow = app.store.in_shadow(std::slice::from_ref(&row)).await?;
    let events = app.store.events(&id, from, RUNS).await?;
    let next = from + events.len() as u64;
    let began = row.opened_at;
    let mut entries: Vec<Entry> = (from..)
        .zip(&events)
        .filter_map(|(seq, text)| Some(Entry::new(seq, began, serde_json::from_str::<Event>(text).ok()?)))
        .collect();
    for entry in entries.iter_mut().filter(|entry| entry.verdict == "pending") {
        if let Some(id) = &entry.approval
            && let Some(estimate) = app.store.estimate(id).await?
        {
            entry.notes.push(("estimate".to_owned(), estimate.to_string()));
        }
    }
    let title = format!("Session of {}", plain(&short(&row.principal, 60)));
    let page = Page::new(&app, &person, "sessions", title).await?;
    html(&One {
        page,
        next: (next <= row.head_seq && !events.is_empty()).then_some(next),
        session: Shown::new(row, &shadow),
        denied: entries.iter().filter(|entry| entry.is_denied).count(),
        held: entries.iter().filter(|entry| entry.is_held).count(),
        entries,
        from,
    })
}
