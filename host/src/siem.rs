//! Sends what is recorded to those who watch: events as OCSF, by syslog or webhooks.
//!
//! As with notifications, the log is the queue: each sink follows it from a place that the database keeps, in order, at
//! least once. Nothing waits for a sink, and what one cannot be sent waits for it, for as long as it is recorded.

mod ocsf;
mod sink;
mod syslog;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use gatewright_core::event::Event;
use gatewright_core::run::Run;
use gatewright_core::time::Millis;
use tokio::time::{Instant, sleep, timeout};

use crate::compile::Compiled;
use crate::each::each;
use crate::lease::Lease;
use crate::log::history::Whose;
use crate::metrics::Metrics;
use crate::notify::{Outcome, Sender, pause};
use crate::store::Store;
use crate::store::data_keys::Locked;
use crate::store::log::LogRow;
use crate::store::sessions::SessionRow;
use ocsf::{Ocsf, Place, Plane};
pub(crate) use sink::Sink;
use sink::{Way, body};
use syslog::{Connection, SETTLES, Server};

/// Entries of the log that are read at a time.
const PAGE: u32 = 200;
/// Most bytes of a batch, but for its last entry.
const BATCH: usize = 1 << 20;
/// Most events of a webhook's body.
const EVENTS: usize = 500;
/// How often it is looked whether there is more.
const EVERY: Duration = Duration::from_millis(500);
/// Pause after a failure of the database.
const TROUBLE: Duration = Duration::from_secs(5);
/// Sessions that are remembered.
const SESSIONS: usize = 1_000;

/// Follows the configuration: sinks come, change and go with it.
pub(crate) fn start(store: Store, compiled: &Compiled, metrics: Metrics, lease: Lease) -> anyhow::Result<()> {
    let sender = Sender::new()?;
    let state = compiled.clone();
    each(
        compiled,
        |settings| &settings.sinks,
        move |sink| {
            let follower = Follower {
                store: store.clone(),
                compiled: state.clone(),
                metrics: metrics.clone(),
                sender: sender.clone(),
                sink,
                lease: lease.clone(),
                sessions: HashMap::new(),
            };
            follower.run()
        },
    );
    Ok(())
}

/// One sink on its way through the log.
struct Follower {
    store: Store,
    compiled: Compiled,
    metrics: Metrics,
    sender: Sender,
    sink: Sink,
    /// One host follows the log for all.
    lease: Lease,
    sessions: HashMap<String, SessionRow>,
}

/// Some of the log.
struct Batch {
    events: Vec<(Millis, Ocsf)>,
    /// Where the log goes on.
    end: u64,
}

/// Why it does not go on.
#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error("the database: {0}")]
    Store(#[from] sqlx::Error),
    #[error("session `{session}`: {why}")]
    Locked { session: String, why: Locked },
}

impl Follower {
    async fn run(mut self) {
        self.metrics.watches(&self.sink.name);
        loop {
            self.lease.held().await;
            let way = self.sink.way.clone();
            let stuck = match &way {
                Way::Syslog(server) => self.by_syslog(server).await,
                Way::Signed { url, key } => self.by_webhook(url, key).await,
            };
            if let Err(cause) = stuck {
                tracing::error!(sink = self.sink.name, %cause, "cannot be sent what is recorded");
                self.metrics.siem_failed(&self.sink.name);
                sleep(TROUBLE).await;
            }
        }
    }

    /// Where it goes on. A new sink is not sent what was before it.
    async fn place(&self) -> sqlx::Result<u64> {
        let place = self.sink.place();
        match self.store.notified(&place).await? {
            Some(next) => Ok(next),
            None => {
                let next = self.store.log_size().await?;
                self.store.set_notified(&place, next).await?;
                Ok(next)
            }
        }
    }

    /// Keeps that all before this was taken.
    async fn taken(&self, next: u64) -> sqlx::Result<()> {
        self.store.set_notified(&self.sink.place(), next).await?;
        let behind = self.store.log_size().await?.saturating_sub(next);
        self.metrics.siem_behind(&self.sink.name, behind);
        Ok(())
    }

    /// Something went wrong that may go better next time.
    async fn failed(&self, cause: &str, failures: &mut u32, wait: Option<Duration>) -> sqlx::Result<()> {
        tracing::warn!(sink = self.sink.name, cause, "cannot be sent what is recorded; tried again");
        self.metrics.siem_failed(&self.sink.name);
        let behind = self.store.log_size().await?.saturating_sub(self.place().await?);
        self.metrics.siem_behind(&self.sink.name, behind);
        sleep(wait.unwrap_or_else(|| pause(*failures))).await;
        *failures += 1;
        Ok(())
    }

    /// Each batch until it is taken, while this host is the one that sends.
    async fn by_webhook(&mut self, url: &str, key: &crate::notify::Key) -> Result<(), Stuck> {
        let mut next = self.place().await?;
        let (mut failures, mut most) = (0, EVENTS);
        while self.lease.is_held() {
            let batch = self.batch(next, most).await?;
            if batch.events.is_empty() {
                if batch.end > next {
                    next = batch.end;
                    self.taken(next).await?;
                } else {
                    sleep(EVERY).await;
                }
                continue;
            }
            let count = batch.events.len() as u64;
            let text = body(batch.events.into_iter().map(|(_, event)| event.json).collect());
            // The same for the same entries; each event has an id of its own besides.
            let id = format!("gw-siem-{next}-{}", batch.end);
            match self.sender.send_signed(url, key, &id, text).await {
                Outcome::Delivered => {
                    next = batch.end;
                    self.taken(next).await?;
                    self.metrics.siem_sent(&self.sink.name, count);
                    failures = 0;
                    most = (most * 2).min(EVENTS);
                }
                // Here nothing is final: what is recorded is not passed over. It may be too much at a time.
                Outcome::Refused(cause) => {
                    most = (most / 2).max(1);
                    self.failed(&cause, &mut failures, None).await?;
                }
                Outcome::Failed { cause, wait } => self.failed(&cause, &mut failures, wait).await?,
            }
        }
        Ok(())
    }

    /// Over one connection after the other, while this host is the one that sends.
    async fn by_syslog(&mut self, server: &Server) -> Result<(), Stuck> {
        let mut failures = 0;
        while self.lease.is_held() {
            let broken = match server.connect().await {
                Ok(connection) => self.over(server, connection, &mut failures).await?,
                Err(cause) => Some(format!("{}: {cause}", server.name)),
            };
            if let Some(cause) = broken {
                self.failed(&cause, &mut failures, None).await?;
            }
        }
        Ok(())
    }

    /// Over one connection, until it breaks, and why; or until it is another host that sends.
    async fn over(
        &mut self,
        server: &Server,
        mut connection: Connection,
        failures: &mut u32,
    ) -> Result<Option<String>, Stuck> {
        // What was sent over the last one and had not settled is sent again.
        let mut next = self.place().await?;
        let mut unsettled: VecDeque<(u64, u64, Instant)> = VecDeque::new();
        while self.lease.is_held() {
            if connection.is_over() {
                return Ok(Some(format!("{}: the connection is over", server.name)));
            }
            let (mut settled, mut sent) = (None, 0);
            while let Some((end, count, _)) = unsettled.pop_front_if(|(_, _, at)| at.elapsed() >= SETTLES) {
                (settled, sent) = (Some(end), sent + count);
            }
            if let Some(end) = settled {
                self.taken(end).await?;
                self.metrics.siem_sent(&self.sink.name, sent);
                *failures = 0;
            }
            let batch = self.batch(next, usize::MAX).await?;
            if batch.end == next {
                // Nothing new: until there is, or it breaks, or something has settled.
                let _ = timeout(EVERY, connection.over()).await;
                continue;
            }
            let mut frames = Vec::new();
            for (at, event) in &batch.events {
                server.frame(*at, event, &mut frames);
            }
            if let Err(cause) = connection.write(&frames).await {
                return Ok(Some(format!("{}: {cause}", server.name)));
            }
            next = batch.end;
            unsettled.push_back((next, batch.events.len() as u64, Instant::now()));
        }
        Ok(None)
    }

    /// What comes next, in the order of the log; empty where there is nothing, or nothing for this sink.
    async fn batch(&mut self, next: u64, most: usize) -> Result<Batch, Stuck> {
        let mut batch = Batch { events: Vec::new(), end: next };
        let mut bytes = 0;
        for row in self.store.log_from(next, PAGE).await? {
            // A batch is whole entries, so that its end is a place in the log.
            if bytes > BATCH || batch.events.len() >= most {
                break;
            }
            bytes += self.entry(&row, &mut batch.events).await?;
            batch.end = row.idx + 1;
        }
        Ok(batch)
    }

    /// The events of an entry; their bytes.
    async fn entry(&mut self, row: &LogRow, events: &mut Vec<(Millis, Ocsf)>) -> Result<usize, Stuck> {
        let id = &*row.entry.session;
        if Whose::read(id).is_some() {
            return Ok(0);
        }
        let Some(session) = self.session(id).await? else { return Ok(0) };
        if !self.sink.is_about(&session.resource) {
            return Ok(0);
        }
        let runs = self.store.runs(id, row.entry.seq, 1).await?;
        // Its events may be pruned.
        let Some(run) = runs.into_iter().find(|run| run.seq == row.entry.seq) else { return Ok(0) };
        match run.locked {
            None => {}
            // It may be there again tomorrow.
            Some(why @ Locked::NoKey(_)) => return Err(Stuck::Locked { session: id.to_owned(), why }),
            Some(why) => {
                tracing::error!(sink = self.sink.name, session = id, %why, "events cannot be read, and are not sent");
                self.metrics.siem_unreadable(&self.sink.name, run.count);
                return Ok(0);
            }
        }
        let state = self.compiled.state();
        let is_api = state.settings.loaded.api(&session.resource).is_some();
        let plane = if is_api { Plane::Api } else { Plane::Database };
        let Ok((parsed, _)) = Run::split(&run.text) else {
            tracing::error!(sink = self.sink.name, session = id, "a run of events is not readable");
            self.metrics.siem_unreadable(&self.sink.name, run.count);
            return Ok(0);
        };
        let mut bytes = 0;
        for (seq, text) in (run.seq..).zip(parsed.events()) {
            match serde_json::from_str::<Event>(text) {
                Ok(event) => {
                    let place = Place { session: &session, plane, seq };
                    events.push((event.at, Ocsf::new(place, &event, &self.sink.shows)));
                    bytes += text.len();
                }
                Err(cause) => {
                    tracing::error!(sink = self.sink.name, session = id, seq, %cause, "an event is not readable");
                    self.metrics.siem_unreadable(&self.sink.name, 1);
                }
            }
        }
        Ok(bytes)
    }

    /// A session. What is sent of it does not change while it goes on.
    async fn session(&mut self, id: &str) -> sqlx::Result<Option<SessionRow>> {
        if let Some(known) = self.sessions.get(id) {
            return Ok(Some(known.clone()));
        }
        let found = self.store.session(id).await?;
        if let Some(session) = &found {
            if self.sessions.len() >= SESSIONS {
                self.sessions.clear();
            }
            self.sessions.insert(id.to_owned(), session.clone());
        }
        Ok(found)
    }
}
