//! How many rows a held statement is about, as the target's database expects: for those who decide.
//!
//! It comes from `EXPLAIN`, which plans a statement and does not run it. That reaches the database before
//! anybody has approved, so what may be planned is narrow ([`fits`]), and how it is asked for is narrower
//! ([`ask`]). Whatever goes wrong, the approval is asked for all the same: then it says that the number is
//! not known, and why, in words of this program, since the database's own may hold data.

mod ask;
mod fits;
mod plan;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gatewright_core::api::ApprovalRequest;
use gatewright_core::bundle::Bundle;
use gatewright_core::catalogue::CatalogueIndex;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::compile::{Compiled, Served};
use ask::Question;

/// Longest that asking for an approval waits for the estimate: filters wait for five seconds in all.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// Most estimates at once, over all resources: an agent must not be able to keep a database busy with
/// planning.
const AT_ONCE: usize = 4;

/// What is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Estimate {
    /// What the database expects.
    Rows(Rows),
    /// Nothing.
    NotKnown(Why),
}

/// What the database expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rows {
    /// How many.
    pub(crate) count: u64,
    /// What becomes of them.
    pub(crate) are: Fate,
    /// The plan is for any values of the parameters: the database was not told these.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) generic: bool,
}

/// What becomes of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// Inserted, updated, deleted.
    Changed,
    /// Given to the agent.
    Returned,
}

/// Why nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    /// It is no query and changes no rows.
    #[error("statements of this kind are not estimated")]
    Kind,
    /// It is more than one.
    #[error("it is more than one statement")]
    Several,
    /// Planning may run functions.
    #[error("it calls functions that planning might run")]
    Calls,
    /// The host cannot log in as this role.
    #[error("the gate has no lasting credential for this role")]
    Credential,
    /// Too many others wait for theirs, or something holds a lock, or the server is slow.
    #[error("the database did not say in time")]
    Late,
    /// No connection.
    #[error("the database could not be reached")]
    Away,
    /// An error.
    #[error("the database did not plan it")]
    Refused,
}

impl Estimate {
    /// How many rows, where that is known.
    pub(crate) fn count(self) -> Option<u64> {
        match self {
            Self::Rows(rows) => Some(rows.count),
            Self::NotKnown(_) => None,
        }
    }
}

/// For people: `about 1,200 rows are changed`.
impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = match self {
            Self::Rows(rows) => rows,
            Self::NotKnown(why) => return write!(f, "not known: {why}"),
        };
        let are = if rows.count == 1 { "row is" } else { "rows are" };
        let fate = match rows.are {
            Fate::Changed => "changed",
            Fate::Returned => "returned",
        };
        let typical = if rows.generic { ", with typical parameters" } else { "" };
        write!(f, "about {} {are} {fate}{typical}", grouped(rows.count))
    }
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A catalogue, and the digest of the bundle that it is of.
type Known = (String, Arc<CatalogueIndex>);

/// Asks the targets' databases.
#[derive(Clone)]
pub(crate) struct Estimator {
    compiled: Compiled,
    at_once: Arc<Semaphore>,
    /// Of each resource.
    catalogues: Arc<Mutex<HashMap<String, Known>>>,
}

impl Estimator {
    /// Nothing is asked for yet.
    pub(crate) fn new(compiled: Compiled) -> Self {
        Self { compiled, at_once: Arc::new(Semaphore::new(AT_ONCE)), catalogues: Arc::default() }
    }

    /// What the database expects of a statement, within a second and a half. `None` where nobody is to be
    /// asked: the request is for an API, or the configuration says so.
    pub(crate) async fn estimate(&self, request: &ApprovalRequest) -> Option<Estimate> {
        let state = self.compiled.state();
        let resource = state.settings.loaded.resource(&request.resource)?;
        if !resource.estimate {
            return None;
        }
        let looked = async {
            let role = resource.role(&request.role).ok_or(Why::Credential)?;
            let source = state.settings.lasting(resource, role).ok_or(Why::Credential)?;
            let served = state.resources.get(&request.resource).and_then(|state| state.served.as_ref());
            let catalogue = self.catalogue(&request.resource, served.ok_or(Why::Away)?).await?;
            let (statement, index) = (request.statement.clone(), Arc::clone(&catalogue));
            // A long statement takes a while to read: not on a thread that others wait for.
            spawn_blocking(move || fits::fits(&statement, &index)).await.map_err(|_| Why::Refused)??;
            let _permit = self.at_once.acquire().await.map_err(|_| Why::Late)?;
            let settings = if resource.announce_agent { agent(request) } else { Vec::new() };
            let question = Question { request, search_path: catalogue.search_path(), settings };
            ask::ask(&source, &question).await
        };
        let estimate = match timeout(PATIENCE, looked).await {
            Ok(Ok(rows)) => Estimate::Rows(rows),
            Ok(Err(why)) => Estimate::NotKnown(why),
            Err(_) => Estimate::NotKnown(Why::Late),
        };
        if let Estimate::NotKnown(why) = estimate {
            tracing::info!(resource = request.resource, session = request.session, %why, "no estimate");
        }
        Some(estimate)
    }

    async fn catalogue(&self, name: &str, served: &Served) -> Result<Arc<CatalogueIndex>, Why> {
        let mut known = self.catalogues.lock().await;
        if let Some((digest, index)) = known.get(name)
            && *digest == served.digest
        {
            return Ok(Arc::clone(index));
        }
        let json = served.json.clone();
        let read = move || serde_json::from_slice::<Bundle>(&json);
        let bundle = spawn_blocking(read).await.map_err(|_| Why::Refused)?.map_err(|_| Why::Refused)?;
        let index = Arc::new(CatalogueIndex::new(bundle.catalogue));
        known.insert(name.to_owned(), (served.digest.clone(), Arc::clone(&index)));
        Ok(index)
    }
}

/// What the gate tells the database of the agent in its own sessions, for row-level security.
fn agent(request: &ApprovalRequest) -> Vec<(&'static str, &str)> {
    vec![
        ("gatewright.agent", &request.principal),
        ("gatewright.issuer", &request.issuer),
        ("gatewright.session", &request.session),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_people_say_it() {
        let rows = |count, are, generic| Estimate::Rows(Rows { count, are, generic }).to_string();
        assert_eq!(rows(0, Fate::Returned, false), "about 0 rows are returned");
        assert_eq!(rows(1, Fate::Changed, false), "about 1 row is changed");
        assert_eq!(
            rows(1_234_567, Fate::Changed, true),
            "about 1,234,567 rows are changed, with typical parameters"
        );
        assert_eq!(rows(999, Fate::Changed, false), "about 999 rows are changed");
        let late = Estimate::NotKnown(Why::Late);
        assert_eq!(late.to_string(), "not known: the database did not say in time");
        // As the log keeps it.
        assert_eq!(serde_json::to_string(&late).unwrap(), r#"{"not_known":"late"}"#);
        let rows = Estimate::Rows(Rows { count: 7, are: Fate::Changed, generic: false });
        assert_eq!(serde_json::to_string(&rows).unwrap(), r#"{"rows":{"count":7,"are":"changed"}}"#);
    }
}
