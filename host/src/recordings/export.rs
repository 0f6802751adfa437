//! Recordings in formats of others: events as lines of JSON, statements as CSV, a session as a terminal's recording.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::{Context as _, bail, ensure};
use gatewright_core::event::{Event, Kind};
use gatewright_core::time::Millis;
use serde_json::json;

use super::lines;
use crate::progress::Progress;
use crate::store::Store;
use crate::store::search::Wanted;
use crate::store::sessions::SessionRow;
use crate::time::rfc3339;

/// Runs of events that are read at a time.
const RUNS: u32 = 50;
/// Sessions that are read at a time.
const SESSIONS: u32 = 100;

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Each event with its session, a line of JSON each.
    Jsonl,
    /// One session as asciicast v3.
    Asciicast,
    /// What agents wanted and what became of it, a line each (RFC 4180).
    Csv,
}

/// Writes sessions by their ids, or those that are wanted, the newest first. Those that are pruned have no events.
pub(crate) async fn write(
    store: &Store,
    format: Format,
    ids: &[String],
    wanted: &Wanted,
    to: &mut impl Write,
) -> anyhow::Result<()> {
    if format == Format::Asciicast {
        ensure!(ids.len() == 1, "a terminal's recording is of one session: name it");
    }
    if format == Format::Csv {
        writeln!(to, "{}\r", COLUMNS.join(","))?;
    }
    let progress = match ids.len() {
        0 => Progress::of_some("sessions"),
        some => Progress::of("sessions", some as u64),
    };
    for id in ids {
        progress.one();
        let session = store.session(id).await?.with_context(|| format!("there is no session `{id}`"))?;
        one(store, format, &session, to).await?;
    }
    let mut skip = 0;
    while ids.is_empty() {
        let page = store.find_sessions(&Wanted { skip, limit: SESSIONS, ..wanted.clone() }).await?;
        if page.is_empty() {
            break;
        }
        skip += SESSIONS;
        for session in &page {
            progress.one();
            one(store, format, session, to).await?;
        }
    }
    Ok(())
}

async fn one(store: &Store, format: Format, session: &SessionRow, to: &mut impl Write) -> anyhow::Result<()> {
    let (mut seq, mut cast, mut statements) = (0, Cast::default(), Statements::default());
    if format == Format::Asciicast {
        if let Some(pruned) = &session.pruned {
            bail!("its events were pruned at {} by the rule {}", rfc3339(pruned.at), pruned.by);
        }
        cast.begin(session, to)?;
    }
    loop {
        let page = store.events(&session.id, seq, RUNS).await?;
        if page.is_empty() {
            break;
        }
        for text in page {
            let event = || {
                serde_json::from_str::<Event>(&text)
                    .with_context(|| format!("session `{}` holds an event that cannot be read", session.id))
            };
            match format {
                Format::Jsonl => as_line(session, seq, &text, to)?,
                Format::Asciicast => cast.event(&event()?, to)?,
                Format::Csv => statements.event(session, event()?, to)?,
            }
            seq += 1;
        }
    }
    match format {
        Format::Csv => statements.rest(to),
        Format::Asciicast => cast.end(to),
        Format::Jsonl => Ok(()),
    }
}

/// The event exactly as it was recorded, and whose it is.
fn as_line(session: &SessionRow, seq: u64, event: &str, to: &mut impl Write) -> anyhow::Result<()> {
    let whose = json!({
        "id": session.id, "resource": session.resource, "principal": session.principal,
        "issuer": session.issuer, "role": session.role,
    });
    Ok(writeln!(to, "{{\"session\":{whose},\"seq\":{seq},\"event\":{}}}", event.trim_end())?)
}

/// A recording of a terminal (asciicast v3): what `sessions show` prints, when it happened.
#[derive(Default)]
struct Cast {
    last: Millis,
}

impl Cast {
    fn begin(&mut self, session: &SessionRow, to: &mut impl Write) -> anyhow::Result<()> {
        self.last = session.opened_at;
        let header = json!({
            "version": 3,
            "term": { "cols": 120, "rows": 40 },
            "timestamp": session.opened_at / 1_000,
            "idle_time_limit": 3.0,
            "title": format!("{} on {}", session.principal, session.resource),
        });
        Ok(writeln!(to, "{header}")?)
    }

    fn event(&mut self, event: &Event, to: &mut impl Write) -> anyhow::Result<()> {
        // No time goes backwards: clocks of workers differ, and are set.
        let after = event.at.saturating_sub(self.last);
        self.last = self.last.max(event.at);
        let mut text = String::new();
        for (i, line) in lines(&event.kind).into_iter().enumerate() {
            // What agents wrote has no control characters any more.
            let (on, off) = match &event.kind {
                Kind::Statement { .. } if i == 0 => ("\u{1b}[1m", "\u{1b}[0m"),
                Kind::Error { .. } | Kind::Refused { .. } => ("\u{1b}[31m", "\u{1b}[0m"),
                _ => ("", ""),
            };
            text += &format!("{on}{line}{off}\r\n");
        }
        Ok(writeln!(to, "{}", json!([seconds(after), "o", text]))?)
    }

    fn end(&self, to: &mut impl Write) -> anyhow::Result<()> {
        Ok(writeln!(to, "{}", json!([0.0, "x", "0"]))?)
    }
}

fn seconds(millis: Millis) -> f64 {
    std::time::Duration::from_millis(millis).as_secs_f64()
}

const COLUMNS: [&str; 20] = [
    "session",
    "time",
    "resource",
    "principal",
    "issuer",
    "role",
    "statement",
    "decision",
    "would",
    "policies",
    "reason",
    "text",
    "parameters",
    "approval",
    "decided_by",
    "result",
    "rows",
    "elapsed_ms",
    "masked",
    "error",
];
/// Where the columns are that what comes after a statement fills.
const APPROVAL: usize = 13;
const BY: usize = 14;
const RESULT: usize = 15;
const ROWS: usize = 16;
const ELAPSED: usize = 17;
const MASKED: usize = 18;
const ERROR: usize = 19;

/// Statements whose results are not known yet, by their numbers.
#[derive(Default)]
struct Statements(BTreeMap<u64, [String; COLUMNS.len()]>);

impl Statements {
    fn event(&mut self, session: &SessionRow, event: Event, to: &mut impl Write) -> anyhow::Result<()> {
        match event.kind {
            Kind::Statement { statement, text, parameters, decision, would, policies, reason, .. } => {
                let mut row = <[String; COLUMNS.len()]>::default();
                let parameters =
                    if parameters.is_empty() { String::new() } else { serde_json::to_string(&parameters)? };
                for (at, value) in [
                    session.id.clone(),
                    rfc3339(event.at),
                    session.resource.clone(),
                    session.principal.clone(),
                    session.issuer.clone(),
                    session.role.clone(),
                    statement.to_string(),
                    decision,
                    would.unwrap_or_default(),
                    policies.join(" "),
                    reason,
                    text,
                    parameters,
                ]
                .into_iter()
                .enumerate()
                {
                    row[at] = value;
                }
                if let Some(former) = self.0.insert(statement, row) {
                    write_row(&former, to)?;
                }
            }
            Kind::Approval { statement, approval, state, by, .. } => {
                if let Some(row) = self.0.get_mut(&statement) {
                    row[APPROVAL] = format!("{approval} {state}");
                    row[BY] = by.join(" ");
                }
            }
            Kind::Result { statement, tag, row_count, masked, elapsed_ms, .. } => {
                if let Some(mut row) = self.0.remove(&statement) {
                    (row[RESULT], row[ROWS]) = (tag, row_count.to_string());
                    (row[ELAPSED], row[MASKED]) = (elapsed_ms.to_string(), masked.join(" "));
                    write_row(&row, to)?;
                }
            }
            Kind::Error { statement, code, message } => {
                if let Some(mut row) = self.0.remove(&statement) {
                    row[ERROR] = format!("{code}: {message}");
                    write_row(&row, to)?;
                }
            }
            Kind::Open { .. } | Kind::Refused { .. } | Kind::Close { .. } => {}
        }
        Ok(())
    }

    /// Those of which nothing more is known.
    fn rest(&mut self, to: &mut impl Write) -> anyhow::Result<()> {
        std::mem::take(&mut self.0).values().try_for_each(|row| write_row(row, to))
    }
}

fn write_row(row: &[String], to: &mut impl Write) -> anyhow::Result<()> {
    let fields: Vec<String> = row.iter().map(|value| field(value)).collect();
    Ok(writeln!(to, "{}\r", fields.join(","))?)
}

/// A field of CSV. Spreadsheets run what begins like a formula, and agents write these texts: an apostrophe before it
/// makes it text.
fn field(value: &str) -> String {
    let guard = if value.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    match value.contains([',', '"', '\r', '\n']) {
        true => format!("\"{guard}{}\"", value.replace('"', "\"\"")),
        false => format!("{guard}{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn fields_are_text_and_nothing_else() {
        for (value, written) in [
            ("SELECT 1", "SELECT 1"),
            ("SELECT 1, 2", "\"SELECT 1, 2\""),
            ("a \"b\"\nc", "\"a \"\"b\"\"\nc\""),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("-- a comment", "'-- a comment"),
            ("", ""),
        ] {
            assert_eq!(field(value), written);
        }
    }
}
