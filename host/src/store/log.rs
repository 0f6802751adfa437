//! The log: its entries, the nodes of its tree, and the notes that were signed over it.

use gatewright_core::digest::Digest;

use super::sql::{self, Connection, Dialect, QueryBuilder, Row};
use super::{ROWS, Store};
use crate::log::entry::{Entry, Form};
use crate::log::tree::{Node, Span};

/// Tables of the log, and what stands on columns that earlier versions had not. `nodes` are those that tiles above the lowest level are made of; see [`crate::log::tree`].
pub(crate) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS log (
    idx INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    seq INTEGER NOT NULL,
    count INTEGER NOT NULL,
    form INTEGER NOT NULL,
    hash BLOB NOT NULL,
    leaf BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS log_histories ON log (idx) WHERE session GLOB 'approval/*' OR session GLOB 'grant/*';
CREATE INDEX IF NOT EXISTS sessions_prunable ON sessions (opened_at) WHERE pruned_at IS NULL;
CREATE TABLE IF NOT EXISTS nodes (
    level INTEGER NOT NULL,
    n INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (level, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoint (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    note TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS notes (
    kind TEXT NOT NULL,
    witness TEXT NOT NULL,
    size INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (kind, witness, size)
) STRICT, WITHOUT ROWID;
";

/// An entry of the log as stored: a run, or a step in the life of an approval or a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogRow {
    /// Position, from 0.
    pub(crate) idx: u64,
    /// The entry.
    pub(crate) entry: Entry<'static>,
    /// Hash of the leaf, as it was when the entry was added.
    pub(crate) leaf: Digest,
}

const COLUMNS: &str = "idx, session, seq, count, form, hash, leaf";

/// Changes that are read at a time.
const CHANGES: u32 = 1_000;

/// Why a note is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The last one over the log before it was a tree.
    Chain,
    /// The last one that an old key signed.
    Rotated,
    /// Cosigned by witnesses.
    Witnessed,
}

impl Kept {
    fn as_str(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Rotated => "rotated",
            Self::Witnessed => "witnessed",
        }
    }
}

impl Store {
    /// Number of entries.
    pub(crate) async fn log_size(&self) -> sqlx::Result<u64> {
        let text = "SELECT idx + 1 FROM log ORDER BY idx DESC LIMIT 1";
        let row = sql::query(text).fetch_optional(&self.read).await?;
        row.map_or(Ok(0), |row| row.try_get::<i64>(0).map(i64::cast_unsigned))
    }

    /// Up to `limit` entries from position `from`.
    pub(crate) async fn log_from(&self, from: u64, limit: u32) -> sqlx::Result<Vec<LogRow>> {
        let text = format!("SELECT {COLUMNS} FROM log WHERE idx >= ? ORDER BY idx LIMIT ?");
        let rows = sql::query(sqlx::AssertSqlSafe(text)).bind(from.cast_signed()).bind(limit);
        rows.fetch_all(&self.read).await?.iter().map(log_row).collect()
    }

    /// Entries about a session, or about what else is named so.
    pub(crate) async fn log_of(&self, session: &str) -> sqlx::Result<Vec<LogRow>> {
        let text = format!("SELECT {COLUMNS} FROM log WHERE session = ? ORDER BY idx");
        let rows = sql::query(sqlx::AssertSqlSafe(text)).bind(session).fetch_all(&self.read).await?;
        rows.iter().map(log_row).collect()
    }

    /// The newest checkpoint.
    pub(crate) async fn checkpoint(&self) -> sqlx::Result<Option<String>> {
        checkpoint(&mut self.read.acquire().await?).await
    }

    /// Notes that are kept for a reason, in order.
    pub(crate) async fn notes(&self, kind: Kept) -> sqlx::Result<Vec<String>> {
        let query = sql::query("SELECT note FROM notes WHERE kind = ? ORDER BY size").bind(kind.as_str());
        query.fetch_all(&self.read).await?.iter().map(|row| row.try_get(0)).collect()
    }

    /// Over how many entries they are.
    pub(crate) async fn note_sizes(&self, kind: Kept) -> sqlx::Result<Vec<u64>> {
        let query = sql::query("SELECT size FROM notes WHERE kind = ? ORDER BY size").bind(kind.as_str());
        let size = |row: &Row| row.try_get::<i64>(0).map(i64::cast_unsigned);
        query.fetch_all(&self.read).await?.iter().map(size).collect()
    }

    /// Keeps the newest note that a witness cosigned.
    pub(crate) async fn keep_witnessed(&self, witness: &str, size: u64, note: &str) -> sqlx::Result<()> {
        let mut at = self.begin().await?;
        let kind = Kept::Witnessed.as_str();
        let query = sql::query("DELETE FROM notes WHERE kind = ? AND witness = ?").bind(kind).bind(witness);
        query.execute(&mut at).await?;
        let query = sql::query("INSERT INTO notes (kind, witness, size, note) VALUES (?, ?, ?, ?)");
        let query = query.bind(kind).bind(witness).bind(size.cast_signed()).bind(note);
        query.execute(&mut at).await?;
        at.commit().await
    }

    /// Hashes of a level of tiles, as they are stored; fewer where they are not there.
    pub(crate) async fn hashes(&self, span: Span) -> sqlx::Result<Vec<Digest>> {
        let mut hashes = hashes(&mut self.read.acquire().await?, &[span]).await?;
        Ok(hashes.pop().unwrap_or_default())
    }

    /// The same of several spans.
    pub(crate) async fn all_hashes(&self, spans: &[Span]) -> sqlx::Result<Vec<Vec<Digest>>> {
        hashes(&mut self.read.acquire().await?, spans).await
    }

    /// The names of what entries about approvals and grants are about, from a position on, and where those end that were
    /// looked at.
    pub(crate) async fn changed_since(&self, from: u64) -> sqlx::Result<(Vec<String>, u64)> {
        let text = format!(
            "SELECT log.idx, log.session FROM log WHERE log.idx >= ? AND {} ORDER BY log.idx LIMIT ?",
            self.dialect().histories()
        );
        let query = sql::query(sqlx::AssertSqlSafe(text)).bind(from.cast_signed()).bind(CHANGES);
        let (mut names, mut end) = (Vec::new(), from);
        for row in query.fetch_all(&self.read).await? {
            end = row.try_get::<i64>(0)?.cast_unsigned().saturating_add(1);
            names.push(row.try_get(1)?);
        }
        Ok((names, end))
    }
}

/// The newest checkpoint, inside of a transaction.
pub(crate) async fn checkpoint(at: &mut Connection) -> sqlx::Result<Option<String>> {
    note(sql::query("SELECT note FROM checkpoint").fetch_optional(at).await?)
}

/// Locks the log's end until the end of the transaction, whichever host it is that holds it: entries are added by whoever
/// has it, and by nobody else. Gives the newest checkpoint.
pub(crate) async fn lock(at: &mut Connection) -> sqlx::Result<Option<String>> {
    match at.dialect() {
        // The transaction has SQLite's write lock.
        Dialect::Sqlite => checkpoint(at).await,
        // The row that is given is the newest, though the transaction began before that was committed.
        Dialect::Postgres => {
            note(sql::query("SELECT note FROM checkpoint WHERE one = 1 FOR UPDATE").fetch_optional(at).await?)
        }
    }
}

/// Where the row to be locked must be there from the start, it is empty at first.
fn note(row: Option<Row>) -> sqlx::Result<Option<String>> {
    let note: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
    Ok(note.filter(|note| !note.is_empty()))
}

/// Whether an entry from a position on is about something, by its name.
pub(crate) async fn has_since(at: &mut Connection, from: u64, name: &str) -> sqlx::Result<bool> {
    let query = sql::query("SELECT 1 FROM log WHERE idx >= ? AND session = ? LIMIT 1");
    Ok(query.bind(from.cast_signed()).bind(name).fetch_optional(at).await?.is_some())
}

/// Tells other hosts that something happened to approvals or grants, once this is committed.
pub(crate) async fn tell(at: &mut Connection) -> sqlx::Result<()> {
    match at.dialect() {
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => {
            let query = sql::query("SELECT pg_notify(?, '')").bind(super::postgres::CHANNEL);
            query.fetch_optional(at).await.map(drop)
        }
    }
}

/// Hashes of levels of tiles, inside of a transaction: those of each span, fewer where they are not there. One question for
/// all, since the database may be far.
pub(crate) async fn hashes(at: &mut Connection, spans: &[Span]) -> sqlx::Result<Vec<Vec<Digest>>> {
    let mut found = vec![Vec::new(); spans.len()];
    if spans.is_empty() {
        return Ok(found);
    }
    let mut query = QueryBuilder::new("");
    for (number, span) in (0_i64..).zip(spans) {
        query.push(if number == 0 { "SELECT CAST(" } else { " UNION ALL SELECT CAST(" }).push_bind(number);
        match span.level {
            0 => query.push(" AS BIGINT), idx, leaf FROM log WHERE idx >= "),
            level => {
                query.push(" AS BIGINT), n, hash FROM nodes WHERE level = ").push_bind(i64::from(level));
                query.push(" AND n >= ")
            }
        };
        query.push_bind(span.from.cast_signed());
        query.push(if span.level == 0 { " AND idx < " } else { " AND n < " });
        query.push_bind(span.from.saturating_add(span.count).cast_signed());
    }
    query.push(" ORDER BY 1, 2");
    for row in query.build().fetch_all(at).await? {
        let number = usize::try_from(row.try_get::<i64>(0)?).unwrap_or(usize::MAX);
        if let Some(hashes) = found.get_mut(number) {
            hashes.push(digest(&row, 2)?);
        }
    }
    Ok(found)
}

/// Adds entries, whose leaves are given, from a position on.
pub(crate) async fn append(
    at: &mut Connection,
    first: u64,
    entries: &[(Entry<'_>, Digest)],
) -> sqlx::Result<()> {
    let mut idx = first;
    for entries in entries.chunks(ROWS) {
        let mut query = QueryBuilder::new(format!("INSERT INTO log ({COLUMNS}) "));
        query.push_values(entries, |mut row, (entry, leaf)| {
            row.push_bind(idx.cast_signed())
                .push_bind(&*entry.session)
                .push_bind(entry.seq.cast_signed())
                .push_bind(entry.count.cast_signed())
                .push_bind(entry.of.number())
                .push_bind(&entry.hash[..])
                .push_bind(&leaf[..]);
            idx += 1;
        });
        query.build().execute(&mut *at).await?;
    }
    Ok(())
}

/// Adds nodes; of 256 entries there is one.
pub(crate) async fn append_nodes(at: &mut Connection, nodes: &[Node]) -> sqlx::Result<()> {
    for node in nodes {
        let query = sql::query("INSERT INTO nodes (level, n, hash) VALUES (?, ?, ?)");
        let query = query.bind(i64::from(node.level)).bind(node.n.cast_signed()).bind(&node.hash[..]);
        query.execute(&mut *at).await?;
    }
    Ok(())
}

/// Replaces the checkpoint.
pub(crate) async fn set_checkpoint(at: &mut Connection, note: &str) -> sqlx::Result<()> {
    let text = "INSERT INTO checkpoint (one, note) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET note = excluded.note";
    sql::query(text).bind(note).execute(at).await?;
    Ok(())
}

/// Keeps a note.
pub(crate) async fn keep(at: &mut Connection, kind: Kept, size: u64, note: &str) -> sqlx::Result<()> {
    let text = "INSERT INTO notes (kind, witness, size, note) VALUES (?, '', ?, ?)
        ON CONFLICT (kind, witness, size) DO UPDATE SET note = excluded.note";
    sql::query(text).bind(kind.as_str()).bind(size.cast_signed()).bind(note).execute(at).await?;
    Ok(())
}

fn log_row(row: &Row) -> sqlx::Result<LogRow> {
    let number = |at: usize| row.try_get::<i64>(at).map(i64::cast_unsigned);
    // One that is not known was put there: the leaf will not fit.
    let form = Form::read(row.try_get(4)?).unwrap_or(Form::Text);
    let session: String = row.try_get(1)?;
    let entry = Entry {
        session: session.into(),
        seq: number(2)?,
        count: number(3)?,
        of: form,
        hash: digest(row, 5)?,
    };
    Ok(LogRow { idx: number(0)?, entry, leaf: digest(row, 6)? })
}

/// A hash. One that was made shorter or longer is none, which no hash is equal to but one in many.
fn digest(row: &Row, at: usize) -> sqlx::Result<Digest> {
    let bytes: &[u8] = row.try_get(at)?;
    Ok(bytes.try_into().unwrap_or_default())
}
