//! Why a command was decided as it was, for people: recorded with the command, and printed by `gatewright explain`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::mask::Method;

/// What a text does, and what policy says of each part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Why the text is not understood, if it is not; it then has no statements but the request for `unparsed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unparsed: Option<String>,
    /// One for each statement of the text, up to the one that is denied.
    pub statements: Vec<Explained>,
}

/// One statement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// `SELECT`, `CREATE TABLE`, …; `unparsed`.
    pub statement: String,
    /// What it needs to be permitted, up to what is denied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Requested>,
    /// Columns read, as `table.column`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub reads: BTreeSet<String>,
    /// Columns written.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub writes: BTreeSet<String>,
    /// Functions called, as `schema.name`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub functions: BTreeSet<String>,
    /// Where each output column comes from; none where that is not certain, and then each may carry all of `scope`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Vec<OutputColumn>>,
    /// Masked columns of all relations in it: what an output of uncertain origin or an error may carry.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub scope: BTreeSet<String>,
    /// Masked columns that decide what is seen otherwise than by being shown, by how; see the Cedar schema.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inference: BTreeMap<String, BTreeSet<String>>,
    /// Masked columns whose values it would store where they are not masked.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub spreads: BTreeSet<String>,
}

/// One authorization request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requested {
    /// Cedar action.
    pub action: String,
    /// What it is done to.
    pub resource: String,
    /// `allow`, `deny` or `approval`.
    pub decision: String,
    /// Policies that determined it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Why it is denied, or needs an approval.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputColumn {
    /// Label, where the statement gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `identity`, `transformed`, `aggregated`, `counted` or `constant`.
    pub kind: String,
    /// Base columns that it derives from, as `table.column`; `*` where that is not certain.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub from: BTreeSet<String>,
    /// Masked columns that flow in, and so the reason why it is masked.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub masked: BTreeSet<String>,
    /// How it is masked, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
}
