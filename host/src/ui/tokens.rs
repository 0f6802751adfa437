//! Personal access tokens: what a person's scripts show to the API.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::page::{Page, Trouble, html};
use super::person::{Person, Sent};
use super::words::plain;
use crate::config::TokenRules;
use crate::http::App;
use crate::store::tokens::Token;
use crate::time::{clock, now, rfc3339};
use crate::tokens::scope::Scope;
use crate::tokens::{self, NewToken, ends, rules, state};

const DAY: Duration = Duration::from_secs(86_400);
/// What the names of checkboxes begin with.
const BOX: &str = "scope.";

/// A token as it is shown.
struct Shown {
    id: String,
    state: &'static str,
    name: String,
    scopes: String,
    made: String,
    made_iso: String,
    ends: String,
    ends_iso: String,
    used: Option<String>,
    is_active: bool,
}

impl Shown {
    fn new(token: Token, rules: Option<&TokenRules>) -> Self {
        let (state, ends) = (state(&token, rules, now()), ends(&token, rules));
        Self {
            is_active: state == "active",
            state,
            name: plain(&token.name),
            scopes: token.scopes.join(", "),
            made: clock(token.created_at),
            made_iso: rfc3339(token.created_at),
            ends: clock(ends),
            ends_iso: rfc3339(ends),
            used: token.used_at.map(clock),
            id: token.id,
        }
    }
}

/// A scope to choose.
struct Choice {
    name: String,
    scope: &'static str,
    words: &'static str,
}

/// A token that was just made.
struct Made {
    token: String,
    name: String,
    ends: String,
}

#[derive(Template)]
#[template(path = "tokens.html")]
struct List {
    page: Page,
    tokens: Vec<Shown>,
    all: bool,
    made: Option<Made>,
    /// None where tokens are switched off.
    days: Option<(u64, u64)>,
    choices: Vec<Choice>,
}

impl List {
    async fn new(app: &App, person: &Person, all: bool, made: Option<Made>) -> Result<Self, Trouble> {
        let compiled = app.compiled.state();
        let rules = rules(&compiled.settings.loaded.config);
        let tokens = app.tokens.list(&person.who).await?;
        let tokens = tokens.into_iter().map(|token| Shown::new(token, rules));
        let choice = |scope: Scope| Choice {
            name: format!("{BOX}{}", scope.as_str()),
            scope: scope.as_str(),
            words: scope.words(),
        };
        let days = |span: Duration| (span.as_secs() / DAY.as_secs()).max(1);
        Ok(Self {
            page: Page::new(app, person, "tokens", "Tokens").await?,
            tokens: tokens.filter(|token| all || token.is_active).collect(),
            all,
            made,
            days: rules.map(|rules| (days(rules.usual()), days(rules.max_lifetime.0))),
            choices: Scope::ALL.into_iter().map(choice).collect(),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    all: String,
}

/// One's own tokens.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    person: Person,
    Query(Which { all }): Query<Which>,
) -> Result<Response, Trouble> {
    html(&List::new(&app, &person, !all.is_empty(), None).await?)
}

#[derive(Deserialize)]
pub(super) struct NewForm {
    name: String,
    days: String,
    /// The checkboxes that are checked.
    #[serde(flatten)]
    boxes: BTreeMap<String, String>,
}

/// Makes a token. The page that says so is the only one that has it: it is not kept, so there is none to be sent on to.
pub(super) async fn make(State(app): State<Arc<App>>, sent: Sent<NewForm>) -> Result<Response, Trouble> {
    let Sent { person, form } = sent;
    let wrong = |words: String| Trouble::new(StatusCode::UNPROCESSABLE_ENTITY, words);
    let scope = |name: &String| {
        let scope = name.strip_prefix(BOX).and_then(Scope::parse);
        scope.ok_or_else(|| wrong(format!("There is no scope {}.", plain(name))))
    };
    let scopes = form.boxes.keys().map(scope).collect::<Result<Vec<_>, _>>()?;
    let days: u64 = form.days.trim().parse().map_err(|_| wrong("Say a number of days.".to_owned()))?;
    let compiled = app.compiled.state();
    let config = &compiled.settings.loaded.config;
    // Where a token may not last as long as a day, the one day that can be chosen is as long as it may.
    let most = rules(config).map_or(u64::MAX, |rules| rules.max_lifetime.0.as_secs());
    let seconds = match days {
        1 => most.min(DAY.as_secs()),
        days => days.saturating_mul(DAY.as_secs()),
    };
    let new = NewToken { name: form.name, scopes, seconds: Some(seconds) };
    let (token, secret) = app.tokens.make(new, &person.who, person.name.clone(), config).await?;
    let made =
        Made { token: secret.reveal().to_owned(), name: plain(&token.name), ends: clock(token.expires_at) };
    html(&List::new(&app, &person, false, Some(made)).await?)
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// Ends a token.
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    sent: Sent<Nothing>,
) -> Result<Response, Trouble> {
    let Sent { person, form: Nothing {} } = sent;
    app.tokens.revoke(&id, &person.who).await?;
    Ok(Redirect::to("/tokens").into_response())
}

impl From<tokens::Refused> for Trouble {
    fn from(refused: tokens::Refused) -> Self {
        use tokens::Refused;
        let status = match refused {
            Refused::Unknown(_) => return Self::not_found(),
            Refused::Off(_) => StatusCode::FORBIDDEN,
            Refused::Conflict(_) => StatusCode::CONFLICT,
            Refused::Senseless(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refused::Store(cause) => return cause.into(),
        };
        Self::new(status, refused.to_string())
    }
}
