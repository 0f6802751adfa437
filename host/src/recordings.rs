//! `gatewright sessions`: reads recordings straight from the database file.

use std::fmt::Write as _;
use std::path::Path;

use gatewright_core::event::{Event, Kind};
use serde_json::json;

use crate::cli::Output;
use crate::log::verify;
use crate::store::Store;
use crate::store::search::Wanted;
use crate::store::sessions::SessionRow;
use crate::table::{shown, table};
use crate::time::rfc3339;

/// Runs of events that are read at a time.
const PAGE: u32 = 50;
/// Rows of a result that the timeline shows.
const ROWS_SHOWN: usize = 10;

/// The list of sessions.
pub(crate) async fn list(data: &Path, wanted: &Wanted, output: Output) -> anyhow::Result<String> {
    let store = Store::open_read_only(data).await?;
    let sessions = store.find_sessions(wanted).await?;
    if output == Output::Json {
        return Ok(serde_json::to_string_pretty(&sessions)? + "\n");
    }
    let shadow = store.in_shadow(&sessions).await?;
    let header = ["SESSION", "RESOURCE", "PRINCIPAL", "ROLE", "OPENED", "CLOSED", "STATEMENTS", "MODE"];
    Ok(table(header, sessions.iter().map(|session| row(session, shadow.contains(&session.id))).collect()))
}

fn row(session: &SessionRow, is_shadow: bool) -> [String; 8] {
    let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    [
        session.id.clone(),
        session.resource.clone(),
        or_dash(&session.principal),
        or_dash(&session.role),
        rfc3339(session.opened_at),
        session.closed_at.map_or_else(|| "-".to_owned(), rfc3339),
        session.statements.to_string(),
        if is_shadow { "shadow" } else { "enforced" }.to_owned(),
    ]
}

/// What happened in a session.
pub(crate) async fn show(data: &Path, id: &str, output: Output) -> anyhow::Result<String> {
    let store = Store::open_read_only(data).await?;
    let session = store.session(id).await?.ok_or_else(|| anyhow::anyhow!("there is no session `{id}`"))?;
    let mut events = Vec::new();
    loop {
        let page = store.events(id, events.len() as u64, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for body in page {
            events.push(serde_json::from_str::<Event>(&body)?);
        }
    }
    if output == Output::Json {
        return Ok(serde_json::to_string_pretty(&json!({ "session": session, "events": events }))? + "\n");
    }
    let mut text = String::new();
    for event in &events {
        let time = rfc3339(event.at);
        for (i, line) in lines(&event.kind).into_iter().enumerate() {
            let margin = if i == 0 { time.as_str() } else { "" };
            writeln!(text, "{margin:<24}  {line}")?;
        }
    }
    Ok(text)
}

fn lines(kind: &Kind) -> Vec<String> {
    match kind {
        Kind::Open { resource, principal, .. } if principal.is_empty() => {
            vec![format!("open     nobody in particular, on {}", shown(resource))]
        }
        Kind::Open { resource, principal, issuer, groups, role, database, source, application } => vec![
            format!(
                "open     {} ({}) of groups {}",
                shown(principal),
                shown(issuer),
                shown(&groups.join(", "))
            ),
            format!(
                "         as {} on {} (database {}), from {} {}",
                shown(role),
                shown(resource),
                shown(database),
                shown(source),
                shown(application)
            ),
        ],
        Kind::Refused { source, reason, .. } => {
            vec![format!("refused  from {}: {}", shown(source), shown(reason))]
        }
        Kind::Statement { statement, text, parameters, decision, would, policies, reason, .. } => {
            let mut lines = vec![format!("#{statement:<3}     {}", shown(text))];
            if !parameters.is_empty() {
                lines.push(format!("         with {}", values(parameters)));
            }
            let policies =
                if policies.is_empty() { String::new() } else { format!(" by {}", policies.join(", ")) };
            let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            let would = would.as_ref().map(|would| match would == decision {
                true => " (shadow mode)".to_owned(),
                false => format!(" (shadow mode; would {would})"),
            });
            let would = would.unwrap_or_default();
            lines.push(shown(&format!("         {decision}{would}{policies}{reason}")));
            lines
        }
        Kind::Approval { statement, approval, state, by, comment, grant } => {
            let by = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
            let grant = grant.as_ref().map(|grant| format!(" (grant {grant})")).unwrap_or_default();
            let comment = comment.as_ref().map(|comment| format!(": {comment}")).unwrap_or_default();
            vec![shown(&format!("#{statement:<3}     approval {approval} {state}{by}{grant}{comment}"))]
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
            let mut lines =
                vec![format!("#{statement:<3}     {} ({row_count} rows, {elapsed_ms} ms)", shown(tag))];
            if !masked.is_empty() {
                let unmasked = if *unmasked { " (shadow mode; the agent got them as they are)" } else { "" };
                lines.push(format!("         masked{unmasked}: {}", shown(&masked.join(", "))));
            }
            if !would_hide.is_empty() {
                lines.push(format!("         would hide: {}", shown(&would_hide.join(", "))));
            }
            if let Some(why) = would_withhold {
                lines.push(format!("         would withhold: {}", shown(why)));
            }
            if !rows.is_empty() {
                lines.push(format!("         {}", shown(&columns.join(" | "))));
            }
            lines.extend(rows.iter().take(ROWS_SHOWN).map(|row| format!("         {}", values(row))));
            let hidden = (*row_count).saturating_sub(rows.len().min(ROWS_SHOWN) as u64);
            if hidden > 0 {
                lines.push(format!("         … and {hidden} more rows"));
            }
            lines
        }
        Kind::Error { statement, code, message } => {
            vec![format!("#{statement:<3}     error {}: {}", shown(code), shown(message))]
        }
        Kind::Close { reason } => vec![format!("close    {}", shown(reason))],
    }
}

fn values(values: &[Option<String>]) -> String {
    let values: Vec<String> =
        values.iter().map(|value| value.as_deref().map_or_else(|| "NULL".to_owned(), shown)).collect();
    values.join(" | ")
}

/// Verifies; the report, and whether all is well.
pub(crate) async fn verify(data: &Path, id: Option<&str>, output: Output) -> anyhow::Result<(String, bool)> {
    let store = Store::open_read_only(data).await?;
    let findings = verify::verify(&store, data, id).await?;
    let sound = findings.faults.is_empty();
    if output == Output::Json {
        return Ok((serde_json::to_string_pretty(&findings)? + "\n", sound));
    }
    let mut text = String::new();
    for fault in &findings.faults {
        writeln!(text, "BAD  {}", shown(fault))?;
    }
    let verdict = if sound { "all as it was recorded" } else { "this is not what was recorded" };
    writeln!(
        text,
        "{verdict}: {} sessions, {} events, {} approvals, {} grants, {} entries of the log",
        findings.sessions, findings.events, findings.approvals, findings.grants, findings.entries
    )?;
    Ok((text, sound))
}
