//! How resources and filters are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use gatewright_core::time::Millis;

use super::page::{Page, Trouble, html};
use super::person::Person;
use super::words::{short, span};
use crate::http::App;
use crate::time::now;

/// A filter asks for its bundle every few seconds; one that was silent for so long is gone.
const SILENT: Millis = 60_000;

/// When filters were last heard of, by resource.
#[derive(Clone, Default)]
pub(crate) struct Contacts(Arc<Mutex<BTreeMap<String, Contact>>>);

#[derive(Debug, Clone)]
struct Contact {
    at: Millis,
    /// Digest of the bundle that it has.
    bundle: Option<String>,
}

impl Contacts {
    /// A filter of a resource asks for its bundle and says which one it has.
    pub(crate) fn note(&self, resource: &str, bundle: Option<&str>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(
            resource.to_owned(),
            Contact { at: now(), bundle: bundle.map(|bundle| short(bundle, 64)) },
        );
    }

    /// When a filter of a resource was last heard of, and which bundle it had.
    pub(crate) fn last(&self, resource: &str) -> Option<(Millis, Option<String>)> {
        self.of(resource).map(|contact| (contact.at, contact.bundle))
    }

    fn of(&self, resource: &str) -> Option<Contact> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(resource).cloned()
    }
}

struct Row {
    name: String,
    state: &'static str,
    bundle: String,
    faults: Vec<String>,
    filter: &'static str,
    heard: String,
    /// What shadow mode means, where it is in it.
    shadow: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "status.html")]
struct Status {
    page: Page,
    rows: Vec<Row>,
    faults: Vec<String>,
    entries: u64,
    policies: usize,
}

/// The page.
pub(super) async fn page(State(app): State<Arc<App>>, person: Person) -> Result<Response, Trouble> {
    person.auditor_or_approver()?;
    let state = app.compiled.state();
    let shadow: BTreeMap<&str, &str> = state.settings.loaded.config.in_shadow().collect();
    let mut rows: Vec<Row> = state
        .resources
        .iter()
        .map(|(name, resource)| {
            let digest = resource.served.as_ref().map(|served| served.digest.clone());
            let contact = app.contacts.of(name);
            let (filter, heard) = match &contact {
                None => ("never seen", "since the host started".to_owned()),
                Some(Contact { at, bundle }) => {
                    let silent = now().saturating_sub(*at);
                    let filter = match () {
                        () if silent > SILENT => "silent",
                        () if *bundle != digest => "updating",
                        () => "up to date",
                    };
                    (filter, format!("{} ago", span(silent)))
                }
            };
            Row {
                name: name.clone(),
                state: match (&digest, resource.faults.is_empty()) {
                    (Some(_), true) => "ready",
                    (Some(_), false) => "stale",
                    (None, _) => "no bundle",
                },
                bundle: digest.as_deref().map(|digest| short(digest, 12)).unwrap_or_default(),
                faults: resource.faults.clone(),
                filter,
                heard,
                shadow: shadow.get(name.as_str()).copied(),
            }
        })
        .collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let entries = app.store.log_size().await?;
    let page = Page::new(&app, &person, "status", "Status").await?;
    let policies = state.settings.policy_count();
    html(&Status { page, rows, faults: state.faults.clone(), entries, policies })
}
