//! Events of a session as entries of its timeline.

use gatewright_core::event::{Event, Kind};
use gatewright_core::explanation::Explanation;
use gatewright_core::time::Millis;

use super::words::plain;

/// Rows of a result that are shown.
const ROWS: usize = 20;

/// An event, as it is shown.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// Its place in the session.
    pub(super) seq: u64,
    /// Milliseconds since the session began.
    pub(super) after: Millis,
    /// The same, for people.
    pub(super) clock: String,
    /// Of event.
    pub(super) kind: &'static str,
    /// Number of the statement that it is about.
    pub(super) statement: u64,
    /// What happened, in a few words.
    pub(super) title: String,
    /// What was decided: `allow`, `deny`, `hold`, or an approval's state.
    pub(super) verdict: String,
    /// Somebody or something said no.
    pub(super) is_denied: bool,
    /// Somebody was to be asked.
    pub(super) is_held: bool,
    /// The statement.
    pub(super) code: Option<String>,
    /// Its parameters.
    pub(super) parameters: Vec<Option<String>>,
    /// More about it.
    pub(super) notes: Vec<(String, String)>,
    /// Columns of a result.
    pub(super) columns: Vec<String>,
    /// Its first rows.
    pub(super) rows: Vec<Vec<Option<String>>>,
    /// How many there are beside them.
    pub(super) more: u64,
    /// An approval, to look at.
    pub(super) approval: Option<String>,
    /// A grant, to look at.
    pub(super) grant: Option<String>,
}

impl Entry {
    /// Of an event of a session that began then.
    pub(super) fn new(seq: u64, began: Millis, event: Event) -> Self {
        let after = event.at.saturating_sub(began);
        let kind = event.kind.name();
        let entry = Self { seq, after, clock: clock(after), kind, ..Self::default() };
        entry.about(event.kind)
    }

    fn about(mut self, kind: Kind) -> Self {
        let mut notes = Vec::new();
        let mut note = |name: &str, value: String| {
            if !value.is_empty() {
                notes.push((name.to_owned(), plain(&value)));
            }
        };
        match kind {
            Kind::Open { resource, principal, issuer, groups, role, database, source, application } => {
                self.title = format!("{} logs in", plain(&principal));
                note("resource", resource);
                note("role", role);
                note("database", database);
                note("groups", groups.join(", "));
                note("issuer", issuer);
                note("from", source);
                note("application", application);
            }
            Kind::Refused { resource, source, reason } => {
                self.title = "login refused".to_owned();
                (self.verdict, self.is_denied) = ("deny".to_owned(), true);
                note("resource", resource);
                note("from", source);
                note("why", reason);
            }
            Kind::Statement {
                statement,
                text,
                parameters,
                decision,
                would,
                policies,
                reason,
                shape: _,
                explanation,
                explained_by,
                trace,
            } => {
                self.statement = statement;
                self.title = format!("statement {statement}");
                // What enforcement says counts for finding it, whether it is done or not.
                let decided = would.as_ref().unwrap_or(&decision);
                (self.is_denied, self.is_held) = (decided == "deny", decided == "hold");
                if let Some(would) = would.filter(|would| *would != decision) {
                    note("shadow mode", format!("it ran; enforcement would say {would}"));
                }
                self.code = Some(plain(&text));
                self.parameters = parameters.iter().map(|value| value.as_deref().map(plain)).collect();
                self.verdict = decision;
                note("why", reason);
                note("policies", policies.join(", "));
                explanation.iter().for_each(|explanation| explained(explanation, &mut note));
                if let Some(other) = explained_by {
                    note("explained", format!("as statement {other}"));
                }
                note("trace", trace.unwrap_or_default());
            }
            Kind::Approval { statement, approval, state, by, comment, grant } => {
                self.statement = statement;
                self.title = match by.is_empty() {
                    true => format!("approval {state}"),
                    false => format!("approval {state} by {}", plain(&by.join(", "))),
                };
                self.is_denied = state == "denied";
                self.verdict = state;
                note("comment", comment.unwrap_or_default());
                self.approval = Some(approval).filter(|id| !id.is_empty());
                self.grant = grant;
            }
            Kind::Result {
                statement,
                tag,
                columns,
                rows,
                row_count,
                masked,
                unmasked,
                would_hide,
                would_withhold,
                elapsed_ms,
            } => {
                if unmasked {
                    note("shadow mode", "the agent got the masked values as they are".to_owned());
                }
                note("would hide", would_hide.join(", "));
                note("would withhold", would_withhold.unwrap_or_default());
                self.statement = statement;
                self.title = format!("{} in {elapsed_ms} ms", plain(&tag));
                note("masked", masked.join(", "));
                self.columns = columns.iter().map(|name| plain(name)).collect();
                let shown = rows.iter().take(ROWS);
                let row = |row: &Vec<Option<String>>| row.iter().map(|v| v.as_deref().map(plain)).collect();
                self.rows = shown.map(row).collect();
                self.more = row_count.saturating_sub(self.rows.len() as u64);
                if self.rows.is_empty() {
                    self.more = 0;
                }
            }
            Kind::Error { statement, code, message } => {
                self.statement = statement;
                self.title = format!("error {}", plain(&code));
                note("message", message);
            }
            Kind::Close { reason } => {
                self.title = "the session ends".to_owned();
                note("why", reason);
            }
        }
        self.notes = notes;
        self
    }
}

/// What each part needed, and which columns are masked.
fn explained(explanation: &Explanation, note: &mut impl FnMut(&str, String)) {
    for statement in &explanation.statements {
        for request in &statement.requests {
            let by = match request.policies.is_empty() {
                true => String::new(),
                false => format!(" by {}", request.policies.join(", ")),
            };
            note(&request.decision, format!("{} on {}{by}", request.action, request.resource));
        }
        for output in statement.outputs.iter().flatten() {
            if let Some(method) = output.method {
                let name = output.name.as_deref().unwrap_or("?");
                note("masks", format!("{name}: {method:?}").to_lowercase());
            }
        }
    }
}

/// `0:07.250`, `1:02:03.000`.
fn clock(after: Millis) -> String {
    let (seconds, millis) = (after / 1_000, after % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}.{millis:03}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}.{millis:03}"),
    }
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn time_reads_as_on_a_clock() {
        assert_eq!(clock(7_250), "0:07.250");
        assert_eq!(clock(3_723_004), "1:02:03.004");
    }
}
