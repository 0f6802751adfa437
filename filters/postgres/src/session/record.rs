//! What came back, for the recording: after masking, up to the configured caps.

use std::collections::HashMap;
use std::sync::Arc;

use gatewright_core::bundle::Recording;
use gatewright_core::digest::sha256;
use gatewright_core::event::Kind;
use gatewright_core::explanation::Explanation;
use gatewright_core::time::Millis;

use super::prepared::readable;
use crate::wire::backend::{Field, data_row};

/// Most bytes of a statement's text that are recorded; with JSON's escapes an event can be six times as long.
pub(crate) const MOST_TEXT: usize = 64 << 10;
/// The same of one parameter.
const MOST_PARAMETER: usize = 4 << 10;
/// The same of all parameters.
const MOST_PARAMETERS: usize = 64 << 10;

/// A text for the recording: at most `most` bytes of it, and what the whole hashes to.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let head = text.get(..text.floor_char_boundary(most)).unwrap_or_default();
    format!("{head}… ({} bytes, SHA-256 {})", text.len(), hex::encode(sha256(text.as_bytes())))
}

/// Parameters for the recording.
pub(crate) fn parameters(values: &[Option<String>]) -> Vec<Option<String>> {
    let mut left = MOST_PARAMETERS;
    let mut short = |value: &String| {
        let value = shortened(value, MOST_PARAMETER.min(left));
        left = left.saturating_sub(value.len());
        value
    };
    values.iter().map(|value| value.as_ref().map(&mut short)).collect()
}

/// Most explanations whose place is remembered.
const MOST_EXPLAINED: usize = 500;

/// Explanations that are in the recording already, by address, with the statements that carry them.
#[derive(Debug, Default)]
pub(crate) struct Recorded(HashMap<usize, (Arc<Explanation>, u64)>);

impl Recorded {
    /// An explanation for the first statement that has it; for later ones, the number of that one.
    pub(crate) fn once(
        &mut self,
        explanation: &Arc<Explanation>,
        statement: u64,
    ) -> (Option<Arc<Explanation>>, Option<u64>) {
        let address = Arc::as_ptr(explanation) as usize;
        if let Some((_, first)) = self.0.get(&address) {
            return (None, Some(*first));
        }
        if self.0.len() >= MOST_EXPLAINED {
            self.0.clear();
        }
        self.0.insert(address, (Arc::clone(explanation), statement));
        (Some(Arc::clone(explanation)), None)
    }
}

/// The result of one statement as it passes.
#[derive(Debug, Default)]
pub(crate) struct Result {
    columns: Vec<String>,
    formats: Vec<i16>,
    masked: Vec<String>,
    unmasked: bool,
    rows: Vec<Vec<Option<String>>>,
    bytes: usize,
    count: u64,
}

impl Result {
    /// The columns of the rows to come. `unmasked`: the agent gets as they are the values that are masked here.
    pub(crate) fn describe(&mut self, fields: &[Field], masked: Vec<String>, unmasked: bool) {
        self.unmasked = unmasked;
        self.columns = fields.iter().map(|field| field.name.clone()).collect();
        self.formats = fields.iter().map(|field| field.format).collect();
        self.masked = masked;
    }

    /// Whether a row of that many bytes would be recorded.
    pub(crate) fn wants(&self, bytes: usize, caps: &Recording) -> bool {
        self.rows.len() < caps.max_rows as usize
            && self.bytes.saturating_add(bytes) <= caps.max_result_bytes as usize
    }

    /// One row passed. `body` is as the client gets it, or in shadow mode of masks as it would; none where the row is not to be recorded.
    pub(crate) fn row(&mut self, body: Option<&[u8]>) {
        self.count = self.count.saturating_add(1);
        let Some(values) = body.and_then(data_row) else { return };
        self.bytes = self.bytes.saturating_add(body.map_or(0, <[u8]>::len));
        let formats = self.formats.iter().copied().chain(std::iter::repeat(0));
        self.rows
            .push(values.into_iter().zip(formats).map(|(value, format)| readable(format, value)).collect());
    }

    /// The event, at CommandComplete; the next statement of the same Query starts anew.
    pub(crate) fn complete(&mut self, statement: u64, tag: &[u8], since: Millis, now: Millis) -> Kind {
        let done = std::mem::take(self);
        Kind::Result {
            statement,
            tag: String::from_utf8_lossy(tag).into_owned(),
            columns: done.columns,
            rows: done.rows,
            row_count: done.count,
            masked: done.masked,
            unmasked: done.unmasked,
            would_hide: Vec::new(),
            would_withhold: None,
            elapsed_ms: now.saturating_sub(since),
        }
    }
}
