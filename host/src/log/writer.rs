//! Takes batches of events in. One task writes; batches that arrive while it writes share the next commit.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use gatewright_core::api::SealedEvent;
use gatewright_core::digest::{Digest, sha256};
use gatewright_core::event::{Event, Kind};
use gatewright_core::time::Millis;
use serde::Deserialize;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use super::{Checkpoint, Head, Signer};
use crate::store::sessions::{self, SessionRow};
use crate::store::{Store, events};
use crate::time::now;

/// Batches that may wait for the writer; further senders wait.
const QUEUE: usize = 1024;
/// Batches that share one commit at most.
const GROUP: usize = 256;

/// Why a batch was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejected {
    /// An event does not continue its session's chain, or is not what its hash says.
    #[error("{0}")]
    Conflict(String),
    /// It could not be stored; the same batch may be sent again.
    #[error("the recording cannot be written")]
    Unavailable,
}

/// Events as a filter sends them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch {
    /// Resource that they are about.
    pub(crate) resource: String,
    /// The events' texts.
    pub(crate) bodies: Vec<String>,
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
        tokio::spawn(Writer { store, signer, data, head }.run(queue));
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
        if head != Head::EMPTY {
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
    data: PathBuf,
    head: Head,
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
        let mut transaction = self.store.begin().await?;
        let mut known: HashMap<String, SessionRow> = HashMap::new();
        let mut fresh = Vec::new();
        // Hashes of the group's events, which are not in the table yet.
        let mut taken = Hashes::new();
        let mut results = Vec::with_capacity(batches.len());
        for batch in batches {
            match Staged::check(&mut transaction, batch, &known, &taken).await? {
                Ok(staged) => {
                    known.extend(staged.sessions);
                    fresh.extend(staged.fresh);
                    taken.extend(staged.hashes);
                    results.push(Ok(staged.ended));
                }
                Err(conflict) => results.push(Err(Rejected::Conflict(conflict))),
            }
        }
        if fresh.is_empty() {
            return Ok(results);
        }
        let head = events::append(&mut transaction, &fresh, self.head).await?;
        for session in known.values() {
            session.put(&mut transaction).await?;
        }
        let checkpoint = self.signer.sign(head, now());
        events::set_checkpoint(&mut transaction, &checkpoint.note).await?;
        transaction.commit().await?;
        self.head = head;
        // INVARIANT: the file is never ahead of the database. Behind it is what a crash may leave.
        if let Err(cause) = checkpoint.write_file(&self.data) {
            tracing::error!(%cause, "the file `checkpoint` cannot be written: the database alone vouches for itself");
        }
        Ok(results)
    }
}

/// Hashes of events by session and position.
type Hashes = HashMap<(Arc<str>, u64), Digest>;

/// What a batch adds, once all of it is found to fit.
#[derive(Default)]
struct Staged {
    sessions: HashMap<String, SessionRow>,
    fresh: Vec<SealedEvent>,
    hashes: Hashes,
    ended: Vec<String>,
}

/// What is looked at of every event; the rest is kept as it is.
#[derive(Deserialize)]
struct Brief<'a> {
    #[serde(borrow)]
    session: Cow<'a, str>,
    seq: u64,
    #[serde(borrow)]
    prev: Cow<'a, str>,
    at: Millis,
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

impl Staged {
    async fn check(
        at: &mut SqliteConnection,
        batch: &Batch,
        known: &HashMap<String, SessionRow>,
        taken: &Hashes,
    ) -> sqlx::Result<Result<Self, String>> {
        let mut staged = Self::default();
        for body in &batch.bodies {
            let brief: Brief<'_> = match serde_json::from_str(body) {
                Ok(brief) => brief,
                Err(cause) => return Ok(Err(format!("an event is not readable: {cause}"))),
            };
            let id = &*brief.session;
            if !staged.sessions.contains_key(id) {
                let row = match known.get(id) {
                    Some(row) => Some(row.clone()),
                    None => sessions::load(at, id).await?,
                };
                if let Some(row) = row {
                    staged.sessions.insert(id.to_owned(), row);
                }
            }
            if let Some(row) = staged.sessions.get(id)
                && brief.seq <= row.head_seq
            {
                match staged.is_repeated(at, &brief, body, taken).await? {
                    true => continue,
                    false => {
                        let seq = brief.seq;
                        return Ok(Err(format!("session `{id}` has another event {seq} already")));
                    }
                }
            }
            if let Err(conflict) = staged.take(&batch.resource, &brief, body) {
                return Ok(Err(conflict));
            }
        }
        // Sessions that only repeated what was there need no new row.
        let changed: HashSet<&str> = staged.fresh.iter().map(|event| &*event.session).collect();
        staged.sessions.retain(|id, _| changed.contains(id.as_str()));
        Ok(Ok(staged))
    }

    /// Whether the very same event is there already.
    async fn is_repeated(
        &self,
        at: &mut SqliteConnection,
        brief: &Brief<'_>,
        body: &str,
        taken: &Hashes,
    ) -> sqlx::Result<bool> {
        let key = (Arc::from(&*brief.session), brief.seq);
        Ok(match self.hashes.get(&key).or_else(|| taken.get(&key)) {
            Some(hash) => *hash == sha256(body.as_bytes()),
            None => {
                let stored = events::event_at(at, &brief.session, brief.seq).await?;
                stored.is_some_and(|stored| stored == body)
            }
        })
    }

    fn take(&mut self, resource: &str, brief: &Brief<'_>, body: &str) -> Result<(), String> {
        let (session, seq) = (&*brief.session, brief.seq);
        let row = self.sessions.get(session);
        let (expected, prev) =
            row.map_or_else(|| (0, "0".repeat(64)), |row| (row.head_seq + 1, row.head_hash.clone()));
        if seq != expected {
            return Err(format!("session `{session}` goes on with event {expected}, not with event {seq}"));
        }
        if brief.prev != prev {
            return Err(format!("event {seq} of session `{session}` does not continue the event before"));
        }
        if body.contains(['\n', '\r']) {
            return Err(format!("event {seq} of session `{session}` is more than one line"));
        }
        let digest = sha256(body.as_bytes());
        let hash = hex::encode(digest);
        let row = self.sessions.entry(session.to_owned()).or_insert_with(|| SessionRow {
            id: session.to_owned(),
            resource: resource.to_owned(),
            ..SessionRow::default()
        });
        if matches!(&*brief.kind, "open" | "refused") {
            let event: Event = serde_json::from_str(body)
                .map_err(|cause| format!("event {seq} of session `{session}` is not readable: {cause}"))?;
            if let Kind::Open { resource: named, .. } | Kind::Refused { resource: named, .. } = &event.kind
                && named != resource
            {
                return Err(format!(
                    "event {seq} of session `{session}` is about another resource than its batch"
                ));
            }
            row.take(&event, &hash);
        } else {
            row.note(seq, brief.at, &brief.kind, &hash);
        }
        if brief.kind == "close" {
            self.ended.push(session.to_owned());
        }
        let session: Arc<str> = match self.fresh.last() {
            Some(last) if *last.session == *session => Arc::clone(&last.session),
            _ => session.into(),
        };
        self.hashes.insert((Arc::clone(&session), seq), digest);
        self.fresh.push(SealedEvent { session, seq, body: body.to_owned(), hash: digest });
        Ok(())
    }
}
