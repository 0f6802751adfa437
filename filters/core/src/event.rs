//! What is recorded: a session is an append-only list of events. How they are sealed is in [`crate::run`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::api::ApprovalReply;
use crate::explanation::Explanation;
use crate::time::Millis;

/// One event of a session: a line of its recording. Its place is its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Millis,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// An agent logged in. Without a principal: requests begin that were refused before anybody was known.
    Open {
        /// Resource name.
        resource: String,
        /// Subject of the token.
        principal: String,
        /// Issuer of the token.
        issuer: String,
        /// Groups of the token.
        groups: Vec<String>,
        /// Role on the target.
        role: String,
        /// Database on the target.
        database: String,
        /// Where the agent connected from, `address:port`.
        source: String,
        /// `application_name` as the agent gave it.
        application: String,
    },
    /// A login that failed, or a request that was refused before anybody was known.
    Refused {
        /// Resource name.
        resource: String,
        /// Where from, `address:port`.
        source: String,
        /// Why, as the agent was told.
        reason: String,
    },
    /// A statement and what was decided about it.
    Statement {
        /// Statement number within the session, from 1; results and approvals refer to it.
        statement: u64,
        /// Its text.
        text: String,
        /// Parameters: text, or a description of a binary value; `None` for NULL.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<Option<String>>,
        /// `allow`, `deny` or `hold`: what became of it.
        decision: String,
        /// In shadow mode: what enforcement would have made of it, for the reason and by the policies below.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        would: Option<String>,
        /// Policies that determined the decision.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        policies: Vec<String>,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// In shadow mode, of a request: what it has in common with others, `GET /customers/{id}`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shape: Option<String>,
        /// What it does and what policy says of each part.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Arc<Explanation>>,
        /// Number of an earlier statement of the session that has the same explanation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explained_by: Option<u64>,
        /// Id of the trace that it is part of, where the agent says so: 32 hex digits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trace: Option<String>,
    },
    /// What became of a held statement.
    Approval {
        /// Statement number.
        statement: u64,
        /// Approval id.
        approval: String,
        /// State, as in [`crate::api::ApprovalState`].
        state: String,
        /// Who decided.
        by: Vec<String>,
        /// What they said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
        /// The grant by which it was approved at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<String>,
    },
    /// What came back, after masking.
    Result {
        /// Statement number.
        statement: u64,
        /// CommandComplete's tag.
        tag: String,
        /// Column names.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        columns: Vec<String>,
        /// Rows up to the caps, text form; binary values as `\x…`; `None` for NULL.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rows: Vec<Vec<Option<String>>>,
        /// Rows that came back.
        row_count: u64,
        /// Columns that were masked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        masked: Vec<String>,
        /// Masks are in shadow mode: the agent got as they are the values that are masked here.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unmasked: bool,
        /// In shadow mode: entries of lists (tools, …) that enforcement would have left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        would_hide: Vec<String>,
        /// The same: why it would have withheld the answer, which it could not have masked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        would_withhold: Option<String>,
        /// Milliseconds from the statement to its result.
        elapsed_ms: u64,
    },
    /// An error that the client got, as the client saw it.
    Error {
        /// Statement number, 0 for none.
        statement: u64,
        /// SQLSTATE.
        code: String,
        /// Message.
        message: String,
    },
    /// The session ended.
    Close {
        /// Why.
        reason: String,
    },
}

impl Kind {
    /// What became of a held statement, by the host's answer.
    #[must_use]
    pub fn approval(statement: u64, reply: &ApprovalReply) -> Self {
        let state = serde_json::to_value(reply.state).ok();
        Self::Approval {
            statement,
            approval: reply.id.clone(),
            // INVARIANT: a state is one word.
            state: state.and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default(),
            by: reply.decided_by.clone(),
            comment: reply.comment.clone(),
            grant: reply.grant.clone(),
        }
    }

    /// Its name, as in the JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Refused { .. } => "refused",
            Self::Statement { .. } => "statement",
            Self::Approval { .. } => "approval",
            Self::Result { .. } => "result",
            Self::Error { .. } => "error",
            Self::Close { .. } => "close",
        }
    }
}
