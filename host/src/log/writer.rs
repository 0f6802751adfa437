//! Takes batches of runs in. One task writes; batches that arrive while it writes share the next commit.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use super::Log;
use super::batch::{Batch, Received};
use crate::metrics::Metrics;
use crate::store::events::{self, NewRun};
use crate::store::sessions::{self, SessionRow};

/// Batches that may wait for the writer; further senders wait.
const QUEUE: usize = 1024;
/// Batches that share one commit at most.
const GROUP: usize = 256;
/// Sessions whose rows are kept in memory.
const KNOWN: usize = 10_000;

/// Why a batch was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejected {
    /// It is not a batch.
    #[error("{0}")]
    Unreadable(String),
    /// A run does not continue its session's chain, or cannot be read.
    #[error("{0}")]
    Conflict(String),
    /// It could not be stored; the same batch may be sent again.
    #[error("the recording cannot be written")]
    Unavailable,
}

struct Job {
    batch: Batch,
    done: oneshot::Sender<Result<Vec<String>, Rejected>>,
}

/// A handle on the writer.
#[derive(Debug, Clone)]
pub(crate) struct Recorder(mpsc::Sender<Job>);

impl Recorder {
    /// Starts the writer.
    pub(crate) fn start(log: Log, metrics: Metrics) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        tokio::spawn(Writer { log, metrics, known: HashMap::new() }.run(queue));
        Self(jobs)
    }

    /// Makes a batch durable, all of it or nothing. Gives the sessions that ended by it.
    pub(crate) async fn record(&self, batch: Batch) -> Result<Vec<String>, Rejected> {
        let (done, result) = oneshot::channel();
        self.0.send(Job { batch, done }).await.map_err(|_| Rejected::Unavailable)?;
        result.await.map_err(|_| Rejected::Unavailable)?
    }

    /// Number of batches that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.max_capacity() - self.0.capacity()
    }
}

struct Writer {
    log: Log,
    metrics: Metrics,
    /// Rows of open sessions, as they are stored: nobody else writes them.
    known: HashMap<Arc<str>, SessionRow>,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(first) = queue.recv().await {
            let mut jobs = vec![first];
            while jobs.len() < GROUP
                && let Ok(job) = queue.try_recv()
            {
                jobs.push(job);
            }
            let batches: Vec<&Batch> = jobs.iter().map(|job| &job.batch).collect();
            let results = match self.commit(&batches).await {
                Ok(results) => results,
                Err(cause) => {
                    tracing::error!(%cause, "events cannot be stored");
                    self.known.clear();
                    vec![Err(Rejected::Unavailable); jobs.len()]
                }
            };
            for (job, result) in jobs.into_iter().zip(results) {
                // A client that went away does not wait for its answer any more.
                let _ = job.done.send(result);
            }
        }
    }

    /// One transaction for all batches; those that do not fit are left out of it.
    async fn commit(&mut self, batches: &[&Batch]) -> sqlx::Result<Vec<Result<Vec<String>, Rejected>>> {
        let mut transaction = self.log.begin().await?;
        let mut group = Group::default();
        let mut results = Vec::with_capacity(batches.len());
        for batch in batches {
            let taken = group.take(&mut transaction, batch, &self.known).await?;
            results.push(taken.map_err(Rejected::Conflict));
        }
        if group.runs.is_empty() {
            return Ok(results);
        }
        let runs: Vec<NewRun<'_>> = group
            .runs
            .iter()
            .map(|(batch, run)| NewRun {
                session: &run.session,
                seq: run.seq,
                count: run.count,
                hash: &run.hash,
                text: batch.text(run),
            })
            .collect();
        transaction.append(&runs).await?;
        let rows: Vec<&SessionRow> = group.sessions.values().collect();
        sessions::put(&mut transaction, &rows).await?;
        transaction.commit().await?;
        for (batch, run) in &group.runs {
            self.metrics.recorded(batch.resource(), run.count, run.summary.counts);
        }
        self.remember(group.sessions);
        Ok(results)
    }

    fn remember(&mut self, sessions: HashMap<Arc<str>, SessionRow>) {
        if self.known.len() >= KNOWN {
            self.known.clear();
        }
        for (id, row) in sessions {
            match row.closed_at {
                None => self.known.insert(id, row),
                Some(_) => self.known.remove(&id),
            };
        }
    }
}

/// What batches add in one transaction.
#[derive(Default)]
struct Group<'a> {
    /// Rows that change.
    sessions: HashMap<Arc<str>, SessionRow>,
    runs: Vec<(&'a Batch, &'a Received)>,
}

impl<'a> Group<'a> {
    /// Takes all of a batch, or nothing. Gives the sessions that ended by it, or what does not fit.
    async fn take(
        &mut self,
        at: &mut SqliteConnection,
        batch: &'a Batch,
        known: &HashMap<Arc<str>, SessionRow>,
    ) -> sqlx::Result<Result<Vec<String>, String>> {
        let mut changed: HashMap<Arc<str>, SessionRow> = HashMap::new();
        let (before, mut ended) = (self.runs.len(), Vec::new());
        for run in &batch.runs {
            let id = &*run.session;
            let row = match changed.remove(id) {
                Some(row) => Some(row),
                None => match self.sessions.get(id).or_else(|| known.get(id)) {
                    Some(row) => Some(row.clone()),
                    None => sessions::load(at, id).await?,
                },
            };
            let next = row.as_ref().map_or(0, |row| row.head_seq + 1);
            let conflict = if run.seq < next {
                if self.is_repeated(at, run).await? {
                    if let Some(row) = row {
                        changed.insert(Arc::clone(&run.session), row);
                    }
                    continue;
                }
                Some(format!("session `{id}` has another event {} already", run.seq))
            } else if run.seq > next {
                Some(format!("session `{id}` goes on with event {next}, not with event {}", run.seq))
            } else if hex::encode(run.prev) != row.as_ref().map_or(&*"0".repeat(64), |row| &row.head_hash) {
                Some(format!("event {next} of session `{id}` does not continue the event before"))
            } else {
                None
            };
            if let Some(conflict) = conflict {
                self.runs.truncate(before);
                return Ok(Err(conflict));
            }
            let mut row = row.unwrap_or_else(|| SessionRow {
                id: id.to_owned(),
                resource: batch.resource().to_owned(),
                ..SessionRow::default()
            });
            row.take((run.seq, run.end()), &run.hash, &run.summary);
            changed.insert(Arc::clone(&run.session), row);
            self.runs.push((batch, run));
            if run.summary.closes {
                ended.push(id.to_owned());
            }
        }
        // A session that only repeated what was there has its row written as it is.
        self.sessions.extend(changed);
        Ok(Ok(ended))
    }

    /// Whether the very same run is there already.
    async fn is_repeated(&self, at: &mut SqliteConnection, run: &Received) -> sqlx::Result<bool> {
        let same = |(_, taken): &&(&Batch, &Received)| taken.session == run.session && taken.seq == run.seq;
        Ok(match self.runs.iter().rev().find(same) {
            Some((_, taken)) => taken.hash == run.hash,
            None => events::hash_at(at, &run.session, run.seq).await?.as_ref() == Some(&run.hash),
        })
    }
}
