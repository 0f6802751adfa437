//! Takes batches of runs in. One task writes; batches that arrive while it writes share the next commit.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Log;
use super::batch::{Batch, Received};
use super::history::{Own, PrunedSession};
use crate::metrics::Metrics;
use crate::store::Connection;
use crate::store::data_keys;
use crate::store::events::{self, NewRun};
use crate::store::sessions::{self, Pruned, SessionRow};
use crate::time::now;
use crate::trace::{self, about};
use crate::vault::Vault;

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
    #[error(
        "the recording cannot be written: send the same batch again; what is there already is not recorded twice"
    )]
    Unavailable,
}

/// Who waits for a batch: gets the sessions that ended by it.
type Done = oneshot::Sender<Result<Vec<String>, Rejected>>;

enum Job {
    /// Make a batch durable.
    Record { batch: Batch, done: Done, span: trace::Context },
    /// Say in the log that these sessions' events go, by that rule.
    Prune { rule: String, sessions: Vec<SessionRow>, done: oneshot::Sender<sqlx::Result<Vec<String>>> },
}

/// A handle on the writer.
#[derive(Debug, Clone)]
pub(crate) struct Recorder(mpsc::Sender<Job>);

impl Recorder {
    /// Starts the writer.
    pub(crate) fn start(log: Log, metrics: Metrics) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        tokio::spawn(Writer { log, metrics, known: HashMap::new(), turns: 0 }.run(queue));
        Self(jobs)
    }

    /// Makes a batch durable, all of it or nothing. Gives the sessions that ended by it.
    pub(crate) async fn record(&self, batch: Batch) -> Result<Vec<String>, Rejected> {
        let attributes = vec![
            about("gatewright.resource", batch.resource().to_owned()),
            about("gatewright.events", batch.events().cast_signed()),
        ];
        let recorded = async {
            let (done, result) = oneshot::channel();
            let job = Job::Record { batch, done, span: trace::Context::current() };
            self.0.send(job).await.map_err(|_| Rejected::Unavailable)?;
            result.await.map_err(|_| Rejected::Unavailable)?
        };
        trace::step("events.record", || attributes, recorded).await
    }

    /// Has the log say that sessions' events go by a rule, from when on nothing is added to them. Gives the sessions of
    /// which it says so: those that nothing happened to since they were looked at.
    pub(crate) async fn prune(&self, rule: &str, sessions: Vec<SessionRow>) -> sqlx::Result<Vec<String>> {
        let (done, result) = oneshot::channel();
        let job = Job::Prune { rule: rule.to_owned(), sessions, done };
        self.0.send(job).await.map_err(|_| sqlx::Error::WorkerCrashed)?;
        result.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    /// Number of batches that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.max_capacity() - self.0.capacity()
    }
}

struct Writer {
    log: Log,
    metrics: Metrics,
    /// Rows of open sessions, as they are stored: nobody else writes them, unless another host had its turn.
    known: HashMap<Arc<str>, SessionRow>,
    /// How often that was.
    turns: u64,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(first) = queue.recv().await {
            let (mut batches, mut waiting, mut spans) = (Vec::new(), Vec::new(), Vec::new());
            let mut other = None;
            let mut next = Some(first);
            while let Some(job) = next {
                match job {
                    Job::Record { batch, done, span } => {
                        batches.push(batch);
                        waiting.push(done);
                        spans.push(span);
                    }
                    Job::Prune { rule, sessions, done } => {
                        other = Some((rule, sessions, done));
                        break;
                    }
                }
                next = (batches.len() < GROUP).then(|| queue.try_recv().ok()).flatten();
            }
            if !batches.is_empty() {
                self.record(&batches, waiting, &spans).await;
            }
            if let Some((rule, sessions, done)) = other {
                let _ = done.send(self.prune(rule, sessions).await);
            }
        }
    }

    async fn record(&mut self, batches: &[Batch], waiting: Vec<Done>, spans: &[trace::Context]) {
        // One commit, which each of those who wait for it finds in its trace.
        let shared = || vec![about("gatewright.batches", batches.len() as i64)];
        let commits = spans.iter().filter_map(|span| trace::below(span, "log.commit", shared));
        let commits: Vec<trace::Context> = commits.collect();
        let committed = self.commit(batches).await;
        if committed.is_err() {
            commits.iter().for_each(trace::failed);
        }
        drop(commits);
        let results = match committed {
            Ok(results) => results,
            Err(cause) => {
                tracing::error!(%cause, "events cannot be stored");
                self.known.clear();
                vec![Err(Rejected::Unavailable); waiting.len()]
            }
        };
        for (done, result) in waiting.into_iter().zip(results) {
            // A client that went away does not wait for its answer any more.
            let _ = done.send(result);
        }
    }

    /// Says that sessions' events go, in the log and in their rows.
    async fn prune(&mut self, rule: String, sessions: Vec<SessionRow>) -> sqlx::Result<Vec<String>> {
        let mut transaction = self.log.begin().await?;
        let (at, mut rows, mut pruned) = (now(), Vec::new(), Vec::new());
        for session in sessions {
            // Something may have happened to it since.
            match sessions::load(&mut transaction, &session.id).await? {
                Some(row) if row == session && row.pruned.is_none() => rows.push(row),
                _ => {}
            }
        }
        for row in &rows {
            let (id, events, digest) = (row.id.clone(), row.head_seq + 1, row.digest());
            pruned.push(PrunedSession { id, events, row: digest });
            let by = rule.clone();
            sessions::set_pruned(&mut transaction, &row.id, &Pruned { at, by }).await?;
        }
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        // Of what is encrypted, that is all that it takes.
        data_keys::erase(&mut transaction, rows.iter().map(|row| &*row.id)).await?;
        transaction.own_step(&Own::Pruned { at, rule, sessions: pruned }).await?;
        transaction.commit().await?;
        for row in &rows {
            self.known.remove(&*row.id);
            if let Some(vault) = self.log.store().vault() {
                vault.forget(&row.id);
            }
        }
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    /// One transaction for all batches; those that do not fit are left out of it.
    async fn commit(&mut self, batches: &[Batch]) -> sqlx::Result<Vec<Result<Vec<String>, Rejected>>> {
        let mut transaction = self.log.begin().await?;
        if transaction.turns() != self.turns {
            self.known.clear();
            self.turns = transaction.turns();
        }
        let log = self.log.clone();
        let vault = log.store().vault();
        let stored = stored(&mut transaction, batches, &self.known).await?;
        let mut group = Group { vault, stored, sessions: HashMap::new(), runs: Vec::new() };
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
                hash: run.hash,
                text: batch.text(run),
            })
            .collect();
        transaction.append(&runs).await?;
        let rows: Vec<&SessionRow> = group.sessions.values().collect();
        sessions::put(&mut transaction, &rows, vault.is_some()).await?;
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

/// The rows of sessions that are not known, as far as they are there.
async fn stored(
    at: &mut Connection,
    batches: &[Batch],
    known: &HashMap<Arc<str>, SessionRow>,
) -> sqlx::Result<HashMap<String, SessionRow>> {
    let ids = batches.iter().flat_map(|batch| &batch.runs).map(|run| &*run.session);
    let ids: BTreeSet<&str> = ids.filter(|id| !known.contains_key(*id)).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let rows = sessions::load_all(at, &ids).await?;
    Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
}

/// What batches add in one transaction.
struct Group<'a> {
    vault: Option<&'a Vault>,
    /// Rows that were not known.
    stored: HashMap<String, SessionRow>,
    /// Rows that change.
    sessions: HashMap<Arc<str>, SessionRow>,
    runs: Vec<(&'a Batch, &'a Received)>,
}

impl<'a> Group<'a> {
    /// Takes all of a batch, or nothing. Gives the sessions that ended by it, or what does not fit.
    async fn take(
        &mut self,
        at: &mut Connection,
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
                    None => self.load(at, id).await?,
                },
            };
            let next = row.as_ref().map_or(0, |row| row.head_seq + 1);
            let is_pruned = row.as_ref().is_some_and(|row| row.pruned.is_some());
            let is_anothers = row.as_ref().is_some_and(|row| row.resource != batch.resource());
            let conflict = if is_anothers {
                Some(format!("session `{id}` is of another resource"))
            } else if is_pruned {
                Some(format!("session `{id}` is over: its events were pruned"))
            } else if run.seq < next {
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
            row.take((run.seq, run.end()), &hex::encode(run.hash), &run.summary);
            row.heard_at = now();
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

    /// A session's row, and where its chain goes on: of what is encrypted, the row does not say that.
    async fn load(&self, at: &mut Connection, id: &str) -> sqlx::Result<Option<SessionRow>> {
        let Some(mut row) = self.stored.get(id).cloned() else { return Ok(None) };
        if row.head_hash.is_empty() && row.pruned.is_none() {
            row.head_hash = events::last_hash(at, self.vault, id).await?.map(hex::encode).unwrap_or_default();
        }
        Ok(Some(row))
    }

    /// Whether the very same run is there already.
    async fn is_repeated(&self, at: &mut Connection, run: &Received) -> sqlx::Result<bool> {
        let same = |(_, taken): &&(&Batch, &Received)| taken.session == run.session && taken.seq == run.seq;
        Ok(match self.runs.iter().rev().find(same) {
            Some((_, taken)) => taken.hash == run.hash,
            None => events::hash_at(at, self.vault, &run.session, run.seq).await? == Some(run.hash),
        })
    }
}
