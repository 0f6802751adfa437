//! How entries get into the log: in the same transaction of the database as the rows that they are about.

use std::collections::HashMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use gatewright_core::digest::sha256;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::checkpoint::{self, Checkpoint};
use super::entry::{Entry, Form, salted};
use super::history::{Own, Whose};
use super::keys::Signer;
use super::tree::{Head, Node, Tree};
use super::{history, migrate};
use crate::store::data_keys;
use crate::store::events::{self, Body, NewRun};
use crate::store::log::{self, Kept};
use crate::store::{Connection, Store, TREE, WITHOUT_HISTORIES, format, set_format};
use crate::time::now;
use crate::trace;
use crate::vault::DataKey;

/// What a commitment is salted with.
pub(crate) type Salt = [u8; 16];

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
/// is not gone on with. Where other hosts add to it as well, what they made of it is taken up only if it holds this.
#[derive(Debug, Default)]
struct End {
    tree: Tree,
    /// What a commit tried to make of it whose outcome is not known, and the note that it wrote.
    tried: Option<(Tree, String)>,
    /// The note that is in the database, as far as this host knows.
    note: Option<String>,
    /// How often another host added to it.
    turns: u64,
}

impl Log {
    /// Opens the log, once what is stored agrees with the checkpoint in the file: going on after a cut would cover it
    /// up. Takes up what an earlier version left, and a new key.
    pub(crate) async fn open(store: Store, signer: Signer, data: &Path) -> anyhow::Result<Self> {
        let mut at = store.begin().await?;
        let former = format(&mut at).await?;
        // Other hosts must not add to it while it is looked at.
        log::lock(&mut at).await?;
        let (end, written) = match former {
            TREE => trusted_end(&store, &signer, data).await?,
            // What is there is looked at while it is taken up.
            _ => (End::default(), 0),
        };
        drop(at);
        let written = Arc::new(AtomicU64::new(written));
        let (newest, checkpoints) = watch::channel(None);
        tokio::spawn(keep_file(checkpoints, data.to_owned(), Arc::clone(&written)));
        let end = Arc::new(Mutex::new(end));
        let mut log = Self { store, signer: Arc::new(signer), end, newest, written };
        if former != TREE {
            log.take_up(former, data).await.context("the log of an earlier version")?;
        }
        if log.signer.next().is_some() {
            log.signer = Arc::new(log.take_next_key(data).await.context("the new signing key")?);
        }
        Ok(log)
    }

    /// Makes the log of an earlier version one of this, all of it or nothing.
    async fn take_up(&self, former: i64, data: &Path) -> anyhow::Result<()> {
        let mut at = self.begin().await?;
        at.tree =
            migrate::to_tree(&mut at, self.signer.keys(), Checkpoint::read_file(data)?.as_deref()).await?;
        if former == WITHOUT_HISTORIES {
            history::found(&mut at).await.context("approvals and grants")?;
        }
        set_format(&mut at, TREE).await?;
        // Also where nothing was added: what is there is signed as a tree from now on.
        at.is_changed = true;
        Ok(at.commit().await?)
    }

    /// Lets the new key take over, once the log says which it is and both keys signed that.
    async fn take_next_key(&self, data: &Path) -> anyhow::Result<Signer> {
        let signer = Signer::open(data)?;
        let Some(next) = signer.next() else { return Ok(signer) };
        let is_said = self.store.notes(Kept::Rotated).await?.iter().any(|note| {
            let note = super::note::Note::read(note);
            note.is_ok_and(|note| next.signed(&note).unwrap_or(false))
        });
        if !is_said {
            let mut at = self.begin().await?;
            at.own_step(&Own::Key { at: now(), key: next.text() }).await?;
            at.keep = Some(Kept::Rotated);
            at.commit().await?;
            tracing::info!(key = next.text(), "a new key signs from now on");
        }
        signer.take_over()
    }

    /// The database that it is in.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Number of entries that the checkpoint in the file vouches for.
    pub(crate) fn checkpoint_file(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// The newest checkpoint, as it comes.
    pub(super) fn checkpoints(&self) -> watch::Receiver<Option<Checkpoint>> {
        self.newest.subscribe()
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
        self.end.lock().await.tree.head()
    }

    /// A transaction that holds the log's end from the start, here and in the database: SQLite's write lock, or the row that
    /// all hosts lock.
    pub(crate) async fn begin(&self) -> sqlx::Result<Transaction> {
        trace::step("log.begin", Vec::new, self.begun()).await
    }

    async fn begun(&self) -> sqlx::Result<Transaction> {
        let mut end = Arc::clone(&self.end).lock_owned().await;
        let mut at = self.store.begin().await?;
        if self.store.is_shared() {
            self.follow(&mut at, &mut end).await?;
        } else if let Some((_, note)) = &end.tried
            && log::checkpoint(&mut at).await?.as_ref() == Some(note)
        {
            end.tree = end.tried.take().map(|(tree, _)| tree).unwrap_or_default();
        }
        end.tried = None;
        let tree = end.tree.clone();
        Ok(Transaction {
            at,
            end,
            tree,
            is_changed: false,
            is_told: false,
            keep: None,
            fresh: HashMap::new(),
            log: self.clone(),
        })
    }

    /// Locks the end in the database, and takes up what other hosts added: signed by this log's key, and nothing but a
    /// continuation of what this host knows.
    async fn follow(&self, at: &mut Connection, end: &mut End) -> sqlx::Result<()> {
        let note = log::lock(at).await?;
        if note == end.note {
            return Ok(());
        }
        let checkpoint = note.as_ref().map(|note| self.signer.own(note)).transpose();
        let checkpoint = checkpoint.map_err(|cause| {
            refused(&format!(
                "the checkpoint in the database: {cause:#}; do all hosts have the same signing.key?"
            ))
        })?;
        let (head, known) = (checkpoint.as_ref().map_or(Head::EMPTY, |note| note.head), end.tree.head());
        let tree = restored_at(at, head.size).await?;
        let goes_on = tree.head() == head
            && known.size <= head.size
            && restored_at(at, known.size).await?.head() == known;
        if !goes_on {
            return Err(refused(&format!(
                "the log in the database has {} entries and does not hold the {} that this host knows: it was cut off, or put \
                 back; run `gatewright sessions verify`, and restore the database",
                head.size, known.size
            )));
        }
        if let Some(vault) = self.store.vault()
            && log::has_since(at, known.size, &Whose::Host(history::OWN).name()).await?
        {
            // What another host pruned is not to be read by what is remembered here.
            vault.forget_all();
        }
        *end = End { tree, tried: None, note, turns: end.turns + 1 };
        // So that this host's file vouches for it too.
        self.newest.send_replace(checkpoint);
        Ok(())
    }
}

fn refused(why: &str) -> sqlx::Error {
    sqlx::Error::Protocol(why.to_owned())
}

/// A transaction of the database in which entries are added to the log. Dropped without a commit it leaves nothing.
pub(crate) struct Transaction {
    // Dropped before the end is given back.
    at: Connection,
    end: OwnedMutexGuard<End>,
    tree: Tree,
    /// Whether a checkpoint is to be signed.
    is_changed: bool,
    /// Whether other hosts are to hear of it.
    is_told: bool,
    /// Why that checkpoint is to be kept.
    keep: Option<Kept>,
    /// Data keys that were made for sessions in it.
    fresh: HashMap<String, DataKey>,
    log: Log,
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.at
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.at
    }
}

impl Transaction {
    /// The database that the log is in.
    pub(super) fn store(&self) -> &Store {
        &self.log.store
    }

    /// How often another host had added to the log when this began: what was read before the last time may not be so any
    /// more.
    pub(super) fn turns(&self) -> u64 {
        self.end.turns
    }

    /// Adds entries, and the texts that they are about.
    pub(super) async fn append(&mut self, runs: &[NewRun<'_>]) -> sqlx::Result<()> {
        let first = self.tree.size();
        let (mut entries, mut nodes) = (Vec::with_capacity(runs.len()), Vec::<Node>::new());
        let mut bodies = Vec::with_capacity(runs.len());
        for run in runs {
            let (seq, count, body) = (run.seq, run.count, self.body(run).await?);
            let (of, hash) = match &body {
                Body::Plain(salt) => (Form::Salted, salted(salt, &run.hash)),
                Body::Sealed(sealed) => (Form::Sealed, sha256(sealed)),
            };
            bodies.push(body);
            let entry = Entry { session: run.session.into(), seq, count, of, hash };
            let leaf = entry.leaf();
            self.tree.push(leaf, |node| nodes.push(node));
            entries.push((entry, leaf));
        }
        self.is_changed |= !runs.is_empty();
        self.is_told |= runs.iter().any(|run| Whose::read(run.session).is_some());
        events::append(&mut self.at, runs, &bodies).await?;
        log::append(&mut self.at, first, &entries).await?;
        log::append_nodes(&mut self.at, &nodes).await
    }

    /// How a run's text is stored. What happens to approvals and grants stands in tables of its own as well.
    async fn body(&mut self, run: &NewRun<'_>) -> sqlx::Result<Body> {
        let store = self.log.store.clone();
        let Some(vault) = store.vault().filter(|_| Whose::read(run.session).is_none()) else {
            return Ok(Body::Plain(rand::random()));
        };
        let key = match self.fresh.get(run.session) {
            Some(key) => Ok((key.clone(), false)),
            None => data_keys::for_writing(&mut self.at, vault, run.session).await,
        };
        let sealed = key.and_then(|(key, is_fresh)| {
            let sealed = key.seal(run.session, run.seq, run.text);
            if is_fresh {
                self.fresh.insert(run.session.to_owned(), key);
            }
            sealed
        });
        sealed.map(Body::Sealed).map_err(|cause| sqlx::Error::Encode(cause.into()))
    }

    /// Makes all of it durable, with a checkpoint over what was added.
    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        match self.is_changed {
            true => trace::step("log.commit", Vec::new, self.committed()).await,
            false => self.at.commit().await,
        }
    }

    async fn committed(mut self) -> sqlx::Result<()> {
        let checkpoint = self.log.signer.sign(self.tree.head(), now());
        log::set_checkpoint(&mut self.at, &checkpoint.note).await?;
        if let Some(kind) = self.keep {
            log::keep(&mut self.at, kind, checkpoint.head.size, &checkpoint.note).await?;
        }
        if self.is_told {
            log::tell(&mut self.at).await?;
        }
        // A task of its own: a caller that goes away must not leave the end behind what is committed.
        let commit = tokio::spawn(async move {
            self.end.tried = Some((self.tree.clone(), checkpoint.note.clone()));
            self.at.commit().await?;
            let note = Some(checkpoint.note.clone());
            *self.end = End { tree: self.tree, tried: None, note, turns: self.end.turns };
            if let Some(vault) = self.log.store.vault() {
                self.fresh.iter().for_each(|(session, key)| vault.keep(session, key));
            }
            self.log.store.committed();
            self.log.newest.send_replace(Some(checkpoint));
            Ok(())
        });
        commit.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }
}

/// The end to go on from, and for how many entries the file vouches.
async fn trusted_end(store: &Store, signer: &Signer, data: &Path) -> anyhow::Result<(End, u64)> {
    let restore = "run `gatewright sessions verify`, and restore the database";
    let advice = "run `gatewright sessions verify`; to go on nevertheless, move the file `checkpoint` away and keep it";
    let size = store.log_size().await?;
    let tree = restored(store, size).await?;
    // By the key of now: whoever has an old one must not go on with it.
    let stored = store.checkpoint().await?.map(|note| signer.own(&note)).transpose();
    let stored = stored.context("the checkpoint in the database").context(match store.is_shared() {
        true => "are signing.key and signing.pub those of the other hosts? If they are, restore the database",
        false => restore,
    })?;
    let note = stored.as_ref().map(|stored| stored.note.clone());
    let stored = stored.map_or(Head::EMPTY, |stored| stored.head);
    ensure!(stored == tree.head(), "the log in the database does not end as its checkpoint says: {restore}");
    let end = End { tree, tried: None, note, turns: 0 };
    let Some(note) = Checkpoint::read_file(data)? else {
        if size == 0 {
            // Later ones are written a moment after the commits that they speak of: whoever verifies in between finds
            // this one.
            signer.sign(Head::EMPTY, now()).write_file(data).context("the file `checkpoint`")?;
        } else {
            tracing::warn!(
                "the file `checkpoint` is missing: nothing outside the database vouches for what is in it"
            );
        }
        return Ok((end, 0));
    };
    let written = if checkpoint::is_chain(&note) {
        // The host ended between the commit that took an earlier log up and the file: it was looked at before.
        let file = signer.keys().open_chain(&note).context("the file `checkpoint`").context(advice)?;
        let chain = store.notes(Kept::Chain).await?;
        let chain = chain.iter().map(|note| signer.keys().open_chain(note)).collect::<Result<Vec<_>, _>>()?;
        let covered = file.head.size == 0 || chain.iter().any(|chain| file.head.size <= chain.head.size);
        covered.then_some(0)
    } else {
        let file = signer.keys().open(&note).context("the file `checkpoint`").context(advice)?.head;
        // The file is written after the commit: after a crash it may be behind, but never ahead or elsewhere.
        (file.size <= size && restored(store, file.size).await?.head() == file).then_some(file.size)
    };
    let written = written.with_context(|| {
        format!("the log in the database does not hold what the file `checkpoint` says: {advice}")
    })?;
    Ok((end, written))
}

/// The tree as it was at a size.
pub(crate) async fn restored(store: &Store, size: u64) -> sqlx::Result<Tree> {
    Ok(Tree::restore(size, &store.all_hashes(&Tree::spans(size)).await?))
}

/// The same inside of a transaction.
async fn restored_at(at: &mut Connection, size: u64) -> sqlx::Result<Tree> {
    Ok(Tree::restore(size, &log::hashes(at, &Tree::spans(size)).await?))
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
