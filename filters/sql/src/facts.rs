//! The facts of a statement, as policy and masking need them.

use std::collections::BTreeSet;
use std::sync::Arc;

use gatewright_core::catalogue::{MaskId, Taint};
use gatewright_core::policy::{Action, Target};

use crate::Columns;

/// One thing that a statement does to one resource: one authorization request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Access {
    /// What.
    pub action: Action,
    /// To what.
    pub target: Target,
}

/// Transaction control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transaction {
    /// BEGIN, START TRANSACTION.
    Begin,
    /// COMMIT, END.
    Commit,
    /// ROLLBACK, ABORT.
    Rollback,
    /// SAVEPOINT, RELEASE, ROLLBACK TO.
    Savepoint,
}

/// Which way COPY moves data between client and server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyDirection {
    /// COPY … FROM STDIN.
    In,
    /// COPY … TO STDOUT.
    Out,
}

/// In which form COPY … TO STDOUT gives rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyForm {
    /// One line for a row, values with backslash escapes.
    Text {
        /// Between values.
        delimiter: u8,
        /// What stands for NULL.
        null: String,
        /// Whether the first line names the columns.
        header: bool,
    },
    /// Comma-separated values.
    Csv {
        /// Between values.
        delimiter: u8,
        /// Around values.
        quote: u8,
        /// Before a quote within a value, and before itself.
        escape: u8,
        /// What stands for NULL, without quotes.
        null: String,
        /// Whether the first line names the columns.
        header: bool,
    },
    /// PostgreSQL's own binary form.
    Binary,
}

impl CopyForm {
    /// What stands for NULL; the binary form has a length for it.
    #[must_use]
    pub fn null(&self) -> &[u8] {
        match self {
            Self::Text { null, .. } | Self::Csv { null, .. } => null.as_bytes(),
            Self::Binary => b"",
        }
    }

    /// What stands between values; the binary form has none.
    #[must_use]
    pub fn delimiter(&self) -> u8 {
        match self {
            Self::Text { delimiter, .. } | Self::Csv { delimiter, .. } => *delimiter,
            Self::Binary => 0,
        }
    }
}

/// Names of prepared statements that SQL defines or drops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreparedNames {
    /// PREPARE, DEALLOCATE.
    One(String),
    /// DEALLOCATE ALL, DISCARD ALL.
    All,
}

/// How an output was made of the columns that flow into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Derivation {
    /// No column flows in.
    Constant,
    /// The very value of one column.
    Identity,
    /// How many rows or values there are: nothing of the values themselves.
    Counted,
    /// Computed over many rows.
    Aggregated,
    /// Computed in any other way.
    Transformed,
}

impl Derivation {
    /// For people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Identity => "identity",
            Self::Counted => "counted",
            Self::Aggregated => "aggregated",
            Self::Transformed => "transformed",
        }
    }

    /// Of a value that is made in either way.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Transformed }
    }
}

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its label, where the statement gives one.
    pub name: Option<Arc<str>>,
    /// Masked columns that flow in.
    pub taint: Taint,
    /// Base columns that flow in, as `table.column`; `*` where that is not certain.
    pub columns: Columns,
    /// How.
    pub kind: Derivation,
}

impl Output {
    /// Whether it is the very value of masked column `id`.
    #[must_use]
    pub fn is_column(&self, id: MaskId) -> bool {
        self.kind == Derivation::Identity && self.taint == Taint::of(id)
    }
}

/// Masked columns that decide what is seen otherwise than by being an output, so that a mask does not help: by
/// which rows there are, in what order, or whether there is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inference {
    /// Equal to a parameter or literal, or NULL or not: `ssn = $1`, `ssn IN ('a', 'b')`, `ssn IS NULL`.
    pub compared: Taint,
    /// Equal to another masked column: `c.card_number = p.card_number`.
    pub joined: Taint,
    /// GROUP BY and DISTINCT of the very column.
    pub grouped: Taint,
    /// In any other condition: `LIKE`, `<`, a part of the value, equality with what is not constant. Counting rows by
    /// such a condition is the same (`count(nullif(left(ssn, 1), '1'))`), and so are rows made of the value.
    pub filtered: Taint,
    /// ORDER BY.
    pub sorted: Taint,
    /// In an expression that fails, or takes long, for some values: `ssn::int`, `1 / (pin - 5)`.
    pub failing: Taint,
}

impl Inference {
    /// Each kind by the name that policies know it by.
    #[must_use]
    pub fn kinds(&self) -> [(&'static str, &Taint); 6] {
        [
            ("compared", &self.compared),
            ("joined", &self.joined),
            ("grouped", &self.grouped),
            ("filtered", &self.filtered),
            ("sorted", &self.sorted),
            ("failing", &self.failing),
        ]
    }
}

/// By what name rows are asked for later.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Handle {
    /// A prepared statement: PREPARE, EXECUTE.
    Statement(String),
    /// A cursor: DECLARE, FETCH.
    Cursor(String),
}

/// What one statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementFacts {
    /// `SELECT`, `INSERT`, `CREATE TABLE`, …: for people and for policies.
    pub statement: &'static str,
    /// Everything it does; all of it must be permitted. Empty for what needs no permission (BEGIN, COMMIT,
    /// SHOW of a harmless setting, `SELECT 1`).
    pub accesses: BTreeSet<Access>,
    /// Whether it has a WHERE that is not plainly always true; true for statements that take none.
    pub has_where: bool,
    /// Columns read, as `table.column`; `*` where that is not certain.
    pub columns_read: BTreeSet<Arc<str>>,
    /// Columns written, as `table.column`.
    pub columns_written: BTreeSet<Arc<str>>,
    /// Functions called, as `schema.name`.
    pub functions: BTreeSet<String>,
    /// Every masked column that any of its relations carries, views included: what an output of uncertain
    /// origin, an error message or a COPY may contain. Everything where that is not certain.
    pub scope: Taint,
    /// Whether the rows' origin as the server tells it (RowDescription's table OID and attribute number)
    /// must not be trusted, because a system relation that shows data of others (`pg_stats`) is in scope.
    pub opaque: bool,
    /// Each output column as the tree proves it, by position; `None` where the whole list of outputs is not
    /// certain. A proof may only be narrower than `scope`.
    pub outputs: Option<Vec<Output>>,
    /// What masked columns decide beside the outputs.
    pub inference: Inference,
    /// Masked columns whose values it stores where their mask no longer covers them: `INSERT INTO notes SELECT
    /// ssn …`, `UPDATE … SET notes = ssn`, `CREATE TABLE … AS`, `set_config('my.x', ssn, …)`. Reading them back
    /// later would show them in the clear.
    pub spreads: Taint,
    /// Whether it gives something temporary a name by which statements mean something else until then: the session
    /// looks for temporary relations and types first.
    pub hides: bool,
    /// Transaction control.
    pub transaction: Option<Transaction>,
    /// COPY between client and server.
    pub copy: Option<CopyDirection>,
    /// The form of what COPY gives, where that is certain.
    pub copy_form: Option<CopyForm>,
    /// Prepared statements whose names mean something else afterwards.
    pub renames: Option<PreparedNames>,
    /// DECLARE CURSOR or PREPARE: later FETCH and EXECUTE give this statement's outputs.
    pub defines_outputs: bool,
    /// FETCH or EXECUTE: its outputs are those of statements that came before in the session.
    pub uses_defined_outputs: bool,
    /// The name in these; `None` where it is not certain.
    pub handle: Option<Handle>,
}

/// Text whose meaning is not known: the action `unparsed`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unparsed {
    /// The parser does not take it.
    #[error("the statement could not be parsed: {0}")]
    Syntax(String),
    /// A relation that the catalogue does not know.
    #[error("relation `{0}` is not in the catalogue")]
    UnknownRelation(String),
    /// A statement whose effects are not modelled.
    #[error("{0} is not understood")]
    NotModelled(String),
    /// Nested too deeply, or too long a text.
    #[error("the statement is too deeply nested or too long")]
    TooComplex,
}
