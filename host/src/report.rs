//! `gatewright report --shadow`: what enforcement would have made of what was recorded in shadow mode.

mod print;
mod tally;

use anyhow::Context as _;
use gatewright_core::event::Event;
use gatewright_core::time::Millis;

use crate::cli::{Output, Place};
use crate::store::Store;
use crate::store::search::Wanted;
use crate::store::sessions::SessionRow;
use tally::Tally;

/// Sessions that are looked at in one go.
const SESSIONS: u32 = 500;
/// Runs of events that are read at a time.
const RUNS: u32 = 50;

/// What is asked for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Of this resource.
    pub(crate) resource: Option<String>,
    /// Only what happened from then on.
    pub(crate) since: Option<Millis>,
    /// How to print.
    pub(crate) output: Output,
}

/// The report, and whether enforcement would have changed nothing but masks.
pub(crate) async fn shadow(place: &Place, asked: &Asked) -> anyhow::Result<(String, bool)> {
    let store = place.open().await?;
    let mut tally = Tally::default();
    let mut skip = 0;
    loop {
        let wanted = Wanted { resource: asked.resource.clone(), skip, limit: SESSIONS, ..Wanted::default() };
        let sessions = store.find_sessions(&wanted).await?;
        if let Some(session) = store.locked(&sessions).await?.into_iter().next() {
            // What it holds is not known: to leave it out would be to say that it is nothing.
            anyhow::bail!(
                "session `{session}` is encrypted, and its key is not there: name the configuration with --config"
            );
        }
        let shadow = store.in_shadow(&sessions).await?;
        for session in sessions.iter().filter(|session| shadow.contains(&session.id)) {
            if session.closed_at.zip(asked.since).is_none_or(|(closed, since)| closed >= since) {
                read(&store, session, asked.since.unwrap_or(0), &mut tally).await?;
            }
        }
        if sessions.len() < SESSIONS as usize {
            break;
        }
        skip += SESSIONS;
    }
    let report = tally.report();
    anyhow::ensure!(
        !report.resources.is_empty(),
        "nothing that was asked for was recorded in shadow mode: this says nothing about what enforcement would do"
    );
    let text = match asked.output {
        Output::Json => serde_json::to_string_pretty(&report)? + "\n",
        Output::Text => print::text(&report)?,
    };
    Ok((text, report.is_harmless()))
}

async fn read(store: &Store, session: &SessionRow, since: Millis, tally: &mut Tally) -> anyhow::Result<()> {
    let mut reading = tally.session(session, since);
    let mut from = 0;
    loop {
        let page = store.events(&session.id, from, RUNS).await?;
        if page.is_empty() {
            return Ok(());
        }
        from += page.len() as u64;
        for body in page {
            let event: Event = serde_json::from_str(&body)
                .with_context(|| format!("session `{}` holds an event that cannot be read", session.id))?;
            reading.event(event);
        }
    }
}
