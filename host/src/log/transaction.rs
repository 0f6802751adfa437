//! How entries get into the log: in the same transaction of the database as the rows that they are about.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use sqlx::Sqlite;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::{Checkpoint, Head, Signer, history};
use crate::store::Store;
use crate::store::events::{self, NewRun};
use crate::time::now;

/// How far the file `checkpoint` may be behind the database.
const FILE_AGE: Duration = Duration::from_millis(50);

/// The log. Whoever adds to it holds its end until the commit, so that all entries stand in one order.
#[derive(Clone)]
pub(crate) struct Log {
    store: Store,
    signer: Arc<Signer>,
    end: Arc<Mutex<End>>,
    /// The newest checkpoint, for the file.
    newest: watch::Sender<Option<Checkpoint>>,
    /// Entries that the file vouches for.
    written: Arc<AtomicU64>,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log({:?})", self.signer)
    }
}

/// Where the log ends. It is kept here and not read from the database, so that a log which somebody cut off meanwhile
/// is not gone on with.
#[derive(Debug)]
struct End {
    head: Head,
    /// What a commit tried to make of it whose outcome is not known.
    tried: Option<Head>,
}

impl Log {
    /// Opens the log, once what is stored agrees with the checkpoint in the file: going on after a cut would cover it
    /// up.
    pub(crate) async fn open(store: Store, signer: Signer, data: &Path) -> anyhow::Result<Self> {
        let (head, written) = trusted_head(&store, &signer, data).await?;
        let written = Arc::new(AtomicU64::new(written));
        let (newest, checkpoints) = watch::channel(None);
        tokio::spawn(keep_file(checkpoints, data.to_owned(), Arc::clone(&written)));
        let end = Arc::new(Mutex::new(End { head, tried: None }));
        let log = Self { store, signer: Arc::new(signer), end, newest, written };
        history::begin(&log).await.context("approvals and grants of an earlier version")?;
        Ok(log)
    }

    /// The database that it is in.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Number of entries that the checkpoint in the file vouches for.
    pub(crate) fn checkpoint_file(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Waits until the file is not behind.
    pub(crate) async fn settle(&self) {
        let newest = || self.newest.borrow().as_ref().map_or(0, |newest| newest.head.size);
        while newest() > self.checkpoint_file() {
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Where it ends.
    #[cfg(test)]
    pub(crate) async fn head(&self) -> Head {
        self.end.lock().await.head
    }

    /// A transaction that holds the log's end and SQLite's write lock from the start.
    pub(crate) async fn begin(&self) -> sqlx::Result<Transaction> {
        let mut end = Arc::clone(&self.end).lock_owned().await;
        let mut at = self.store.begin().await?;
        if let Some(tried) = end.tried {
            if events::last(&mut at).await?.is_some_and(|last| last.head() == Some(tried)) {
                end.head = tried;
            }
            end.tried = None;
        }
        let head = end.head;
        Ok(Transaction { at, end, head, log: self.clone() })
    }
}

/// A transaction of the database in which entries are added to the log. Dropped without a commit it leaves nothing.
pub(crate) struct Transaction {
    // Dropped before the end is given back.
    at: sqlx::Transaction<'static, Sqlite>,
    end: OwnedMutexGuard<End>,
    head: Head,
    log: Log,
}

impl Deref for Transaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.at
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.at
    }
}

impl Transaction {
    /// Adds entries.
    pub(super) async fn append(&mut self, runs: &[NewRun<'_>]) -> sqlx::Result<()> {
        self.head = events::append(&mut self.at, runs, self.head).await?;
        Ok(())
    }

    /// Makes all of it durable, with a checkpoint over what was added.
    pub(crate) async fn commit(mut self) -> sqlx::Result<()> {
        if self.head == self.end.head {
            return self.at.commit().await;
        }
        let checkpoint = self.log.signer.sign(self.head, now());
        events::set_checkpoint(&mut self.at, &checkpoint.note).await?;
        // A task of its own: a caller that goes away must not leave the end behind what is committed.
        let commit = tokio::spawn(async move {
            self.end.tried = Some(self.head);
            self.at.commit().await?;
            *self.end = End { head: self.head, tried: None };
            self.log.store.committed();
            self.log.newest.send_replace(Some(checkpoint));
            Ok(())
        });
        commit.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }
}

/// The head to go on from, and for how many entries the file vouches.
async fn trusted_head(store: &Store, signer: &Signer, data: &Path) -> anyhow::Result<(Head, u64)> {
    let head = match store.log_head().await? {
        None => Head::EMPTY,
        Some(row) => row.head().context("the log's head is malformed")?,
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
        return Ok((head, 0));
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
    Ok((head, file.size))
}

/// Writes the file `checkpoint` beside the commits, so that no statement waits for it.
/// INVARIANT: it is never ahead of the database. Behind it is what a crash may leave.
async fn keep_file(mut newest: watch::Receiver<Option<Checkpoint>>, data: PathBuf, entries: Arc<AtomicU64>) {
    while newest.changed().await.is_ok() {
        let Some(checkpoint) = newest.borrow_and_update().clone() else { continue };
        let (data, size) = (data.clone(), checkpoint.head.size);
        let written = spawn_blocking(move || checkpoint.write_file(&data)).await;
        match written.unwrap_or_else(|cause| Err(cause.into())) {
            Ok(()) => entries.store(size, Ordering::Relaxed),
            Err(cause) => tracing::error!(
                %cause,
                "the file `checkpoint` cannot be written: the database alone vouches for itself"
            ),
        }
        sleep(FILE_AGE).await;
    }
}
