//! What all pages have, and pages that say what went wrong.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::assets::VERSION;
use super::person::Person;
use crate::approvals::Refused;
use crate::http::App;
use crate::settings::Settings;
use crate::store::approvals::Stage;

/// What all pages have.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    /// Title.
    pub(super) title: String,
    /// Which entry of the menu it is.
    pub(super) here: &'static str,
    /// Who looks at it; empty for nobody in particular.
    pub(super) name: String,
    /// What its forms carry.
    pub(super) csrf: String,
    /// Whether recordings are in the menu.
    pub(super) is_auditor: bool,
    /// Whether policies and status are.
    pub(super) sees_setup: bool,
    /// How many approvals this person could decide now.
    pub(super) waiting: usize,
}

impl Page {
    /// For somebody who is signed in.
    pub(super) async fn new(
        app: &App,
        person: &Person,
        here: &'static str,
        title: impl Into<String>,
    ) -> Result<Self, Trouble> {
        let pending = app.approvals.list(&person.who, Some(Stage::Pending)).await?;
        let to_decide = |approval: &&crate::store::approvals::Approval| {
            !crate::approvals::is_requester(approval, &person.who)
        };
        Ok(Self {
            title: title.into(),
            here,
            name: person.name.clone(),
            csrf: person.csrf.clone(),
            is_auditor: person.is_auditor,
            sees_setup: person.is_auditor || !person.approving.is_empty(),
            waiting: pending.iter().filter(to_decide).count(),
        })
    }

    /// For nobody in particular.
    pub(super) fn public(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    /// What the files' names end with.
    pub(super) fn version(&self) -> &'static str {
        &VERSION
    }
}

/// Something to choose from a list.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// What the form sends.
    pub(super) value: String,
    /// What people read.
    pub(super) label: String,
    /// Whether it is what was chosen last.
    pub(super) chosen: bool,
}

impl Place {
    /// All databases, in all their roles.
    pub(super) fn all(settings: &Settings, chosen: &str) -> Vec<Self> {
        let databases = settings.loaded.config.resources.value.iter();
        let roles =
            databases.flat_map(|it| it.roles.value.iter().map(|role| (&it.name.value.0, &role.name.value)));
        let place = |(name, role): (&String, &String)| {
            let value = format!("{name} {role}");
            Self { chosen: value == chosen, label: format!("{name} as {role}"), value }
        };
        roles.map(place).collect()
    }
}

/// Renders a page.
pub(super) fn html(template: &impl Template) -> Result<Response, Trouble> {
    match template.render() {
        Ok(text) => Ok(Html(text).into_response()),
        Err(cause) => {
            tracing::error!(%cause, "a page cannot be rendered");
            Err(Trouble::new(StatusCode::INTERNAL_SERVER_ERROR, "This page cannot be shown."))
        }
    }
}

/// Why there is another page than the one asked for.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nobody is signed in; where they wanted to go.
    SignIn(String),
    /// The configuration says nothing about people; what was asked for.
    NoPages(String),
    /// Something else, in words for this person.
    Other(StatusCode, String),
}

impl Trouble {
    /// In words for this person.
    pub(super) fn new(status: StatusCode, words: impl Into<String>) -> Self {
        Self::Other(status, words.into())
    }

    /// As if there were none.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing here, or nothing that you may see.")
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(cause: sqlx::Error) -> Self {
        tracing::error!(%cause, "the database");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "The host's database does not answer. Try again.")
    }
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::Unknown(_) => return Self::not_found(),
            Refused::Forbidden(_) => StatusCode::FORBIDDEN,
            Refused::Conflict(_) => StatusCode::CONFLICT,
            Refused::Senseless(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refused::Store(cause) => return cause.into(),
        };
        Self::new(status, refused.to_string())
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage {
    page: Page,
    status: StatusCode,
    words: String,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn(next) => {
                let next = super::oidc::encoded(&next);
                Redirect::to(&format!("/sign-in?next={next}")).into_response()
            }
            Self::NoPages(path) => match path.strip_prefix("/approvals/") {
                Some(id)
                    if !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric()) && id.len() <= 16 =>
                {
                    how_to_decide(id).into_response()
                }
                _ => (
                    StatusCode::NOT_FOUND,
                    "There are no pages: the configuration has no section `people`.\n",
                )
                    .into_response(),
            },
            Self::Other(status, words) => {
                let title = status.canonical_reason().unwrap_or("Error");
                let page = TroublePage { page: Page::public(title), status, words };
                match page.render() {
                    Ok(text) => (status, Html(text)).into_response(),
                    Err(_) => status.into_response(),
                }
            }
        }
    }
}

/// Without pages, what the link in a held statement's notice leads to. It says nothing about the approval, since whoever
/// has the link is nobody in particular.
fn how_to_decide(id: &str) -> String {
    format!(
        "Approval {id}\n\n\
         With a token of your identity provider in $GATEWRIGHT_TOKEN and this host's URL in $GATEWRIGHT_HOST, see what\n\
         is asked for:\n\n\
         \x20 gatewright approvals show {id}\n\n\
         Decide, if you are of a group that may:\n\n\
         \x20 gatewright approvals approve {id} --comment 'why'\n\
         \x20 gatewright approvals deny {id} --comment 'why'\n"
    )
}
