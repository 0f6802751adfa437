//! Approving in Slack: messages with buttons, and what becomes of a click.
//!
//! A click decides as its person would on the pages, by the same code. INVARIANTS, each with a test: who could not decide
//! there cannot here; a click counts only for what its message showed, all of it; what Slack did not sign is not looked at,
//! and nothing twice.

pub(crate) mod blocks;
mod button;
mod click;
mod signature;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::Semaphore;

use crate::config::Loaded;
use crate::secret::{Secret, Sources};
pub(crate) use button::Key;
pub(crate) use click::{Click, Unfit};
pub(crate) use signature::{Refused, Seen};

/// Shortest signing secret, in bytes; Slack's have 32.
const SHORTEST: usize = 16;
/// Most clicks that are worked on at a time.
const CLICKS: usize = 64;
/// Longest that Slack may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the app's signing secret; `None` where there is no app.
pub(crate) fn secret(loaded: &Loaded, sources: &Sources) -> Option<Result<Secret, String>> {
    let app = loaded.config.slack.as_ref()?;
    Some(match sources.get(&app.signing_secret.value) {
        Ok(secret) if secret.reveal().len() < SHORTEST => {
            Err(format!("the secret is too short: expected {SHORTEST} bytes at least"))
        }
        fetched => fetched.map_err(|cause| cause.to_string()),
    })
}

/// What clicks need from one to the next.
#[derive(Debug, Clone)]
pub(crate) struct Clicks {
    /// Requests that were taken.
    pub(crate) seen: Arc<Seen>,
    /// Those that are worked on.
    working: Arc<Semaphore>,
    http: reqwest::Client,
}

impl Clicks {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("gatewright/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("HTTP client")?;
        Ok(Self { seen: Arc::default(), working: Arc::new(Semaphore::new(CLICKS)), http })
    }
}
