//! Takes batches of runs in. One task writes; batches that arrive while it writes share the next commit.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout_at;

use super::batch::{Batch, Received};
use super::{Checkpoint, Head, Signer};
use crate::store::events::NewRun;
use crate::store::sessions::{self, SessionRow};
use crate::store::{Store, events};
use crate::time::now;

/// Batches that may wait for the writer; further senders wait.
const QUEUE: usize = 1024;
/// Batches that share one commit at most.
const GROUP: usize = 256;
/// Sessions whose rows are kept in memory.
const KNOWN: usize = 10_000;
/// How far the file `checkpoint` may be behind the database.
const FILE_AGE: Duration = Duration::from_millis(50);

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
    /// Starts the writer, once what is stored agrees with the checkpoint in the file: going on after a cut would
    /// cover it up.
    pub(crate) async fn start(store: Store, signer: Signer, data: PathBuf) -> anyhow::Result<Self> {
        let head = trusted_head(&store, &signer, &data).await?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let known = HashMap::new();
        let file = CheckpointFile { data, newest: None, writing: None, due: Instant::now() };
        tokio::spawn(Writer { store, signer, head, known, file }.run(queue));
        Ok(Self(jobs))
    }

    /// Makes a batch durable, all of it or nothing. Gives the sessions that ended by it.
    pub(crate) async fn record(&self, batch: Batch) -> Result<Vec<String>, Rejected> {
        let (done, result) = oneshot::channel();
        self.0.send(Job { batch, done }).await.map_err(|_| Rejected::Unavailable)?;
        result.await.map_err(|_| Rejected::Unavailable)?
    }
}

/// The head to go on from.
async fn trusted_head(store: &Store, signer: &Signer, data: &std::path::Path) -> anyhow::Result<Head> {
    let head = match store.log_head().await? {
        None => Head::EMPTY,
        Some(row) => {
            let hash = hex::decode(&row.chain_hash).ok().and_then(|hash| hash.try_into().ok());
            Head { size: row.idx + 1, hash: hash.context("the log's head is malformed")? }
        }
    };
    let restore = "run `gatewright sessions verify`, and restore the database";
    let advice = "run `gatewright sessions verify`; to go on nevertheless, move the file `checkpoint` away and keep it";
    let stored = store.checkpoint().await?.map(|note| signer.public().open(&note)).transpose();
    let stored =
        stored.context("the checkpoint in the database").context(restore)?.map_or(Head::EMPTY, |c| c.head);
    ensure!(stored == head, "the log in the database does not end as its checkpoint says: {restore}");
    let Some(note) = Checkpoint::read_file(data)? else {
        if head == Head::EMPTY {
            // Later ones are written a moment after the commits that they speak of: whoever verifies in between finds
            // this one.
            signer.sign(head, now()).write_file(data).context("the file `checkpoint`")?;
        } else {
            tracing::warn!(
                "the file `checkpoint` is missing: nothing outside the database vouches for what is in it"
            );
        }
        return Ok(head);
    };
    let file = signer.public().open(&note).context("the file `checkpoint`").context(advice)?.head;
    // The file is written after the commit: after a crash it may be behind, but never ahead or elsewhere.
    let covered = match file.size.checked_sub(1) {
        None => file == Head::EMPTY,
        Some(last) => {
            let row = store.log_from(last, 1).await?.into_iter().find(|row| row.idx == last);
            row.is_some_and(|row| row.chain_hash == hex::encode(file.hash))
        }
    };
    ensure!(covered, "the log in the database does not hold what the file `checkpoint` says: {advice}");
    Ok(head)
}

struct Writer {
    store: Store,
    signer: Signer,
    head: Head,
    /// Rows of open sessions, as they are stored: nobody else writes them.
    known: HashMap<Arc<str>, SessionRow>,
    file: CheckpointFile,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        loop {
            let first = match self.file.due() {
                None => queue.recv().await,
                Some(due) => match timeout_at(due.into(), queue.recv()).await {
                    Ok(first) => first,
                    Err(_) => {
                        self.file.write();
                        continue;
                    }
                },
            };
            let Some(first) = first else { break };
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
            if self.file.due().is_some_and(|due| due <= Instant::now()) {
                self.file.write();
            }
        }
        if let Some(writing) = self.file.writing.take() {
            // Its failure was told.
            let _ = writing.await;
        }
        self.file.write();
    }

    /// One transaction for all batches; those that do not fit are left out of it.
    async fn commit(&mut self, batches: &[&Batch]) -> sqlx::Result<Vec<Result<Vec<String>, Rejected>>> {
        let mut transaction = self.store.begin().await?;
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
        let head = events::append(&mut transaction, &runs, self.head).await?;
        let rows: Vec<&SessionRow> = group.sessions.values().collect();
        sessions::put(&mut transaction, &rows).await?;
        let checkpoint = self.signer.sign(head, now());
        events::set_checkpoint(&mut transaction, &checkpoint.note).await?;
        transaction.commit().await?;
        self.store.committed();
        self.head = head;
        self.file.newest = Some(checkpoint);
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

/// The file `checkpoint`, which is written beside the commits, so that no statement waits for it.
/// INVARIANT: it is never ahead of the database. Behind it is what a crash may leave.
struct CheckpointFile {
    data: PathBuf,
    /// The newest checkpoint, while it is not in the file.
    newest: Option<Checkpoint>,
    writing: Option<JoinHandle<()>>,
    /// When it may be written again.
    due: Instant,
}

impl CheckpointFile {
    fn due(&self) -> Option<Instant> {
        self.newest.as_ref().map(|_| self.due)
    }

    fn write(&mut self) {
        self.due = Instant::now() + FILE_AGE;
        if self.writing.as_ref().is_some_and(|writing| !writing.is_finished()) {
            return;
        }
        let Some(checkpoint) = self.newest.take() else { return };
        let data = self.data.clone();
        self.writing = Some(spawn_blocking(move || {
            if let Err(cause) = checkpoint.write_file(&data) {
                tracing::error!(%cause, "the file `checkpoint` cannot be written: the database alone vouches for itself");
            }
        }));
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
