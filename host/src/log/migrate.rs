//! Takes up the log of an earlier version, in which it was a chain: its entries become the tree's first leaves.

use anyhow::{Context as _, ensure};
use gatewright_core::digest::Digest;

use super::chain::Chain;
use super::checkpoint::{Checkpoint, Keys};
use super::entry::{Entry, Form};
use super::tree::{Node, Tree};
use crate::store::log::{self, Kept};
use crate::store::{Connection, sql};

/// Entries that are read at a time.
const PAGE: i64 = 10_000;

/// The chain's table, under the name that it gets while its entries are taken over.
const FORMER: &str = "
DROP INDEX IF EXISTS log_histories;
ALTER TABLE log RENAME TO former_log;
ALTER TABLE events ADD COLUMN salt BLOB NOT NULL DEFAULT x'';
ALTER TABLE events ADD COLUMN sealed BLOB;
ALTER TABLE sessions ADD COLUMN last_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN heard_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN pruned_at INTEGER;
ALTER TABLE sessions ADD COLUMN pruned_by TEXT;
";

/// Makes the chain a tree, if the chain is what its checkpoints were signed for. Gives the tree, and keeps the newest
/// checkpoint of the chain.
pub(super) async fn to_tree(at: &mut Connection, keys: &Keys, file: Option<&str>) -> anyhow::Result<Tree> {
    let restore = "run `gatewright sessions verify` of the version that wrote it, and restore the database";
    let stored = log::checkpoint(at).await?.map(|note| keys.open_chain(&note)).transpose();
    let stored = stored.context("the checkpoint in the database").context(restore)?;
    let file = file.map(|note| keys.open_chain(note)).transpose();
    let file = file.context("the file `checkpoint`").context(restore)?;
    at.script(FORMER).await?;
    at.script(log::SCHEMA).await?;
    let mut signed: Vec<&Checkpoint> = stored.iter().chain(&file).filter(|note| note.head.size > 0).collect();
    let (mut tree, mut chain) = (Tree::default(), Chain::default());
    loop {
        let page = page(at, tree.size()).await?;
        if page.is_empty() {
            break;
        }
        let first = tree.size();
        let (mut entries, mut nodes) = (Vec::with_capacity(page.len()), Vec::<Node>::new());
        for (idx, entry, hash) in page {
            chain = chain.append(&entry);
            ensure!(idx == tree.size() && chain.0 == hash, "entry {idx} of the log was changed: {restore}");
            let leaf = entry.leaf();
            tree.push(leaf, |node| nodes.push(node));
            entries.push((entry, leaf));
            let size = tree.size();
            let differs = signed.iter().any(|note| note.head.size == size && note.head.hash != chain.0);
            ensure!(!differs, "the log is not the one that its checkpoint was signed for: {restore}");
            signed.retain(|note| note.head.size != size);
        }
        log::append(at, first, &entries).await?;
        log::append_nodes(at, &nodes).await?;
        tracing::info!(entries = tree.size(), "the log becomes a tree");
    }
    let end = stored.as_ref().map_or(0, |note| note.head.size);
    ensure!(
        signed.is_empty() && end == tree.size(),
        "the log in the database does not end as its checkpoint says: {restore}"
    );
    at.script("DROP TABLE former_log").await?;
    if let Some(stored) = stored {
        log::keep(at, Kept::Chain, stored.head.size, &stored.note).await?;
    }
    Ok(tree)
}

/// Entries of the chain, with its hashes.
async fn page(at: &mut Connection, from: u64) -> anyhow::Result<Vec<(u64, Entry<'static>, Digest)>> {
    let query = "SELECT idx, session, seq, count, leaf_hash, chain_hash FROM former_log WHERE idx >= ? ORDER BY idx LIMIT ?";
    let rows = sql::query(query).bind(from.cast_signed()).bind(PAGE).fetch_all(at).await?;
    let read = |row: &sql::Row| {
        let number = |at: usize| row.try_get::<i64>(at).map(i64::cast_unsigned);
        let digest = |at: usize| -> anyhow::Result<Digest> {
            let hex: &str = row.try_get(at)?;
            let mut digest = Digest::default();
            hex::decode_to_slice(hex, &mut digest).context("a hash of the log is malformed")?;
            Ok(digest)
        };
        let session: String = row.try_get(1)?;
        let (of, hash) = (Form::Text, digest(4)?);
        let entry = Entry { session: session.into(), seq: number(2)?, count: number(3)?, of, hash };
        Ok((number(0)?, entry, digest(5)?))
    };
    rows.iter().map(read).collect()
}
