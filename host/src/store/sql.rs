//! One text of SQL for both databases, SQLite and PostgreSQL: the statements of this program are of what the two have in
//! common, with `?` for values, and what differs is in [`Dialect`].

use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::pin::Pin;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{
    Arguments as _, AssertSqlSafe, Decode, Postgres, Row as _, SqlSafeStr, SqlStr, Sqlite, Transaction, Type,
};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The largest of some numbers, none of which is null.
    pub(crate) fn greatest(self) -> &'static str {
        match self {
            Self::Sqlite => "max",
            Self::Postgres => "greatest",
        }
    }

    /// A condition: a column contains a value, in any ASCII case where that is said.
    pub(crate) fn contains(self, column: &str, any_case: bool) -> (String, &'static str) {
        match (self, any_case) {
            (Self::Sqlite, false) => (format!("instr({column}, "), ") > 0"),
            (Self::Sqlite, true) => (format!("instr(lower({column}), lower("), ")) > 0"),
            (Self::Postgres, false) => (format!("strpos({column}, "), ") > 0"),
            // Only of ASCII, as SQLite has it, whatever the database's locale is.
            (Self::Postgres, true) => {
                (format!("strpos(lower({column} COLLATE \"C\"), lower("), " COLLATE \"C\")) > 0")
            }
        }
    }

    /// Which entries of the log are about approvals and grants: the very words of an index.
    pub(crate) fn histories(self) -> &'static str {
        match self {
            Self::Sqlite => "(log.session GLOB 'approval/*' OR log.session GLOB 'grant/*')",
            Self::Postgres => "(log.session LIKE 'approval/%' OR log.session LIKE 'grant/%')",
        }
    }

    /// What SQLite has to be told so that it finds them by that index.
    pub(crate) fn by_histories(self) -> &'static str {
        match self {
            Self::Sqlite => "INDEXED BY log_histories",
            Self::Postgres => "",
        }
    }

    /// The statement as the database takes it.
    fn text(self, sql: SqlStr) -> SqlStr {
        match self {
            Self::Sqlite => sql,
            Self::Postgres => AssertSqlSafe(numbered(sql.as_str())).into_sql_str(),
        }
    }
}

/// `?` becomes `$1`, `$2` and so on. No statement has a question mark for anything else.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len() + 64);
    for (number, part) in sql.split('?').enumerate() {
        if number > 0 {
            // INVARIANT: writing to a string does not fail.
            let _ = write!(text, "${number}");
        }
        text.push_str(part);
    }
    text
}

/// Connections to one of the two.
#[derive(Debug, Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Pool {
    /// A connection of its own.
    pub(crate) async fn acquire(&self) -> sqlx::Result<Connection> {
        Ok(Connection(match self {
            Self::Sqlite(pool) => Inner::Sqlite(pool.acquire().await?),
            Self::Postgres(pool) => Inner::Postgres(pool.acquire().await?),
        }))
    }

    /// A transaction. SQLite's holds the write lock from the start; of PostgreSQL's, each statement sees what was committed
    /// before it began.
    pub(crate) async fn begin(&self) -> sqlx::Result<Connection> {
        Ok(Connection(match self {
            Self::Sqlite(pool) => Inner::SqliteTransaction(pool.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
                Inner::PostgresTransaction(pool.begin_with(begin).await?)
            }
        }))
    }

    /// Ends the connections, once what is under way is finished.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A connection, perhaps inside of a transaction; dropped without a commit that leaves nothing.
#[derive(Debug)]
pub(crate) struct Connection(Inner);

#[derive(Debug)]
enum Inner {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
    SqliteTransaction(Transaction<'static, Sqlite>),
    PostgresTransaction(Transaction<'static, Postgres>),
}

enum Side<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl Connection {
    /// Which database it is to.
    pub(crate) fn dialect(&self) -> Dialect {
        match &self.0 {
            Inner::Sqlite(_) | Inner::SqliteTransaction(_) => Dialect::Sqlite,
            Inner::Postgres(_) | Inner::PostgresTransaction(_) => Dialect::Postgres,
        }
    }

    /// Commits what is a transaction.
    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        match self.0 {
            Inner::Sqlite(_) | Inner::Postgres(_) => Ok(()),
            Inner::SqliteTransaction(at) => at.commit().await,
            Inner::PostgresTransaction(at) => at.commit().await,
        }
    }

    /// Runs statements without values, one after the other.
    pub(crate) async fn script(&mut self, sql: impl SqlSafeStr) -> sqlx::Result<()> {
        match self.side() {
            Side::Sqlite(at) => sqlx::raw_sql(sql).execute(at).await.map(drop),
            Side::Postgres(at) => sqlx::raw_sql(sql).execute(at).await.map(drop),
        }
    }

    fn side(&mut self) -> Side<'_> {
        match &mut self.0 {
            Inner::Sqlite(at) => Side::Sqlite(at),
            Inner::Postgres(at) => Side::Postgres(at),
            Inner::SqliteTransaction(at) => Side::Sqlite(at),
            Inner::PostgresTransaction(at) => Side::Postgres(at),
        }
    }
}

/// Where a statement runs: on a connection, or on any of a pool.
pub(crate) enum On<'a> {
    Connection(&'a mut Connection),
    Pool(&'a Pool),
}

impl<'a> From<&'a mut Connection> for On<'a> {
    fn from(at: &'a mut Connection) -> Self {
        Self::Connection(at)
    }
}

impl<'a> From<&'a Pool> for On<'a> {
    fn from(pool: &'a Pool) -> Self {
        Self::Pool(pool)
    }
}

/// A value of a statement.
#[derive(Debug, Clone)]
pub(crate) enum Value<'q> {
    Number(Option<i64>),
    Flag(bool),
    Text(Option<Cow<'q, str>>),
    Bytes(Option<Cow<'q, [u8]>>),
}

macro_rules! values {
    ($($type:ty: $value:ident => $made:expr;)*) => {
        $(impl<'q> From<$type> for Value<'q> {
            fn from($value: $type) -> Self {
                $made
            }
        })*
    };
}

values! {
    i64: value => Self::Number(Some(value));
    u32: value => Self::Number(Some(value.into()));
    Option<i64>: value => Self::Number(value);
    bool: value => Self::Flag(value);
    &'q str: value => Self::Text(Some(value.into()));
    &'q String: value => Self::Text(Some(value.as_str().into()));
    String: value => Self::Text(Some(value.into()));
    Option<&'q str>: value => Self::Text(value.map(Cow::from));
    Option<&'q String>: value => Self::Text(value.map(|value| value.as_str().into()));
    Option<String>: value => Self::Text(value.map(Cow::from));
    &'q Option<String>: value => Self::Text(value.as_deref().map(Cow::from));
    &'q [u8]: value => Self::Bytes(Some(value.into()));
    &'q Vec<u8>: value => Self::Bytes(Some(value.as_slice().into()));
    Vec<u8>: value => Self::Bytes(Some(value.into()));
    Option<&'q [u8]>: value => Self::Bytes(value.map(Cow::from));
}

/// A statement with its values.
#[derive(Debug)]
#[must_use]
pub(crate) struct Query<'q> {
    sql: SqlStr,
    values: Vec<Value<'q>>,
}

/// A statement of which nothing comes from outside: values are bound.
pub(crate) fn query<'q>(sql: impl SqlSafeStr) -> Query<'q> {
    Query { sql: sql.into_sql_str(), values: Vec::new() }
}

/// What a statement did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done(u64);

impl Done {
    /// Rows that it added, changed or removed.
    pub(crate) fn rows_affected(self) -> u64 {
        self.0
    }
}

/// Runs one statement on whichever database it is.
macro_rules! run {
    ($query:expr, $on:expr, |$ran:ident, $at:ident| $run:expr) => {{
        let query = $query;
        match $on.into() {
            On::Connection(at) => match at.side() {
                Side::Sqlite($at) => {
                    let $ran = query.sqlite();
                    Box::pin(async move {
                        let $ran = $ran?;
                        $run
                    })
                }
                Side::Postgres($at) => {
                    let $ran = query.postgres();
                    Box::pin(async move {
                        let $ran = $ran?;
                        $run
                    })
                }
            },
            On::Pool(Pool::Sqlite($at)) => {
                let $ran = query.sqlite();
                Box::pin(async move {
                    let $ran = $ran?;
                    $run
                })
            }
            On::Pool(Pool::Postgres($at)) => {
                let $ran = query.postgres();
                Box::pin(async move {
                    let $ran = $ran?;
                    $run
                })
            }
        }
    }};
}

impl<'q> Query<'q> {
    /// The next value.
    pub(crate) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs it.
    pub(crate) fn execute<'a>(self, on: impl Into<On<'a>>) -> Running<'a, Done> {
        run!(self, on, |query, at| Ok(Done(query.execute(at).await?.rows_affected())))
    }

    /// All rows.
    pub(crate) fn fetch_all<'a>(self, on: impl Into<On<'a>>) -> Running<'a, Vec<Row>> {
        run!(self, on, |query, at| Ok(query.fetch_all(at).await?.into_iter().map(Row::from).collect()))
    }

    /// The first row, if there is one.
    pub(crate) fn fetch_optional<'a>(self, on: impl Into<On<'a>>) -> Running<'a, Option<Row>> {
        run!(self, on, |query, at| Ok(query.fetch_optional(at).await?.map(Row::from)))
    }

    /// The one row.
    pub(crate) fn fetch_one<'a>(self, on: impl Into<On<'a>>) -> Running<'a, Row> {
        let row = self.fetch_optional(on);
        Box::pin(async move { row.await?.ok_or(sqlx::Error::RowNotFound) })
    }

    fn sqlite(self) -> sqlx::Result<sqlx::query::Query<'static, Sqlite, SqliteArguments>> {
        let arguments = sqlite(self.values)?;
        Ok(sqlx::query_with(Dialect::Sqlite.text(self.sql), arguments))
    }

    fn postgres(self) -> sqlx::Result<sqlx::query::Query<'static, Postgres, PgArguments>> {
        let arguments = postgres(self.values)?;
        Ok(sqlx::query_with(Dialect::Postgres.text(self.sql), arguments))
    }
}

/// A statement that runs once it is waited for. Boxed, as sqlx does it: of which type it is matters to nobody.
pub(crate) type Running<'a, T> = Pin<Box<dyn Future<Output = sqlx::Result<T>> + Send + 'a>>;

fn sqlite(values: Vec<Value<'_>>) -> sqlx::Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        match value {
            Value::Number(value) => arguments.add(value),
            Value::Flag(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value.map(Cow::into_owned)),
            Value::Bytes(value) => arguments.add(value.map(Cow::into_owned)),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn postgres(values: Vec<Value<'_>>) -> sqlx::Result<PgArguments> {
    let mut arguments = PgArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        match value {
            Value::Number(value) => arguments.add(value),
            Value::Flag(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value.as_deref()),
            Value::Bytes(value) => arguments.add(value.as_deref()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// What a column can be read as.
pub(crate) trait Column<'r>:
    Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>
{
}

impl<'r, T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>> Column<'r> for T {}

/// A row.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self::Postgres(row)
    }
}

impl Row {
    /// A column by its place, from 0.
    pub(crate) fn try_get<'r, T: Column<'r>>(&'r self, at: usize) -> sqlx::Result<T> {
        match self {
            Self::Sqlite(row) => row.try_get(at),
            Self::Postgres(row) => row.try_get(at),
        }
    }
}

/// A statement that is put together.
#[derive(Debug)]
pub(crate) struct QueryBuilder<'q> {
    sql: String,
    values: Vec<Value<'q>>,
}

impl<'q> QueryBuilder<'q> {
    /// Begins with these words of the program.
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }

    /// Adds words of the program.
    pub(crate) fn push(&mut self, sql: impl Display) -> &mut Self {
        // INVARIANT: writing to a string does not fail.
        let _ = write!(self.sql, "{sql}");
        self
    }

    /// Adds a value.
    pub(crate) fn push_bind(&mut self, value: impl Into<Value<'q>>) -> &mut Self {
        self.sql.push('?');
        self.values.push(value.into());
        self
    }

    /// Adds a condition: a column contains a value.
    pub(crate) fn push_contains(
        &mut self,
        dialect: Dialect,
        (column, any_case): (&str, bool),
        value: impl Into<Value<'q>>,
    ) -> &mut Self {
        let (before, after) = dialect.contains(column, any_case);
        self.push(before).push_bind(value).push(after)
    }

    /// Adds values with something in between.
    pub(crate) fn separated<'b>(&'b mut self, by: &'static str) -> Separated<'b, 'q> {
        Separated { to: self, by, is_first: true }
    }

    /// Adds `VALUES` with a row for each of some things.
    pub(crate) fn push_values<T>(
        &mut self,
        things: impl IntoIterator<Item = T>,
        mut row: impl FnMut(Separated<'_, 'q>, T),
    ) -> &mut Self {
        self.push("VALUES ");
        for (number, thing) in things.into_iter().enumerate() {
            self.push(if number == 0 { "(" } else { ", (" });
            row(self.separated(", "), thing);
            self.push(")");
        }
        self
    }

    /// The statement.
    pub(crate) fn build(self) -> Query<'q> {
        Query { sql: AssertSqlSafe(self.sql).into_sql_str(), values: self.values }
    }
}

/// Values with something in between.
pub(crate) struct Separated<'b, 'q> {
    to: &'b mut QueryBuilder<'q>,
    by: &'static str,
    is_first: bool,
}

impl<'q> Separated<'_, 'q> {
    /// Adds a value.
    pub(crate) fn push_bind(&mut self, value: impl Into<Value<'q>>) -> &mut Self {
        if !std::mem::take(&mut self.is_first) {
            self.to.push(self.by);
        }
        self.to.push_bind(value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_for_postgresql() {
        assert_eq!(numbered("a = ? AND b IN (?, ?)"), "a = $1 AND b IN ($2, $3)");
        assert_eq!(numbered("SELECT 1"), "SELECT 1");
    }
}
