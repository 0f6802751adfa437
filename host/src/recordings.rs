//! `gatewright sessions`: reads recordings straight from the database file.

pub(crate) mod export;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use gatewright_core::event::{Event, Kind};
use serde_json::json;
use tokio::time::sleep;

use crate::cli::{Output, Place};
use crate::log::checkpoint::Keys;
use crate::log::evidence;
use crate::log::verify::{self, Asked, Findings};
use crate::store::Store;
use crate::store::search::Wanted;
use crate::store::sessions::{Pruned, SessionRow};
use crate::table::{shown, table};
use crate::time::rfc3339;

/// Runs of events that are read at a time.
const PAGE: u32 = 50;
/// Rows of a result that the timeline shows.
const ROWS_SHOWN: usize = 10;

/// The list of sessions.
pub(crate) async fn list(place: &Place, wanted: &Wanted, output: Output) -> anyhow::Result<String> {
    let store = place.open().await?;
    let unread = wanted.text.is_some() || wanted.decision.is_some();
    if unread
        && store.wrapping_keys().await?.keys().any(|key| !store.vault().is_some_and(|vault| vault.has(key)))
    {
        eprintln!(
            "gatewright: what is encrypted was not looked through: its keys are not there (--config names them)"
        );
    }
    let sessions = store.find_sessions(wanted).await?;
    if output == Output::Json {
        return Ok(serde_json::to_string_pretty(&sessions)? + "\n");
    }
    let (shadow, locked) = (store.in_shadow(&sessions).await?, store.locked(&sessions).await?);
    let mode = |session: &SessionRow| match &session.id {
        id if locked.contains(id) => "encrypted",
        id if shadow.contains(id) => "shadow",
        _ => "enforced",
    };
    let header = ["SESSION", "RESOURCE", "PRINCIPAL", "ROLE", "OPENED", "CLOSED", "STATEMENTS", "MODE"];
    Ok(table(header, sessions.iter().map(|session| row(session, mode(session))).collect()))
}

fn row(session: &SessionRow, mode: &str) -> [String; 8] {
    let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    [
        session.id.clone(),
        session.resource.clone(),
        or_dash(&session.principal),
        or_dash(&session.role),
        rfc3339(session.opened_at),
        session.closed_at.map_or_else(|| "-".to_owned(), rfc3339),
        session.statements.to_string(),
        mode.to_owned(),
    ]
}

/// What happened in a session.
pub(crate) async fn show(place: &Place, id: &str, output: Output) -> anyhow::Result<String> {
    let store = place.open().await?;
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
    if let Some(Pruned { at, by }) = &session.pruned {
        writeln!(text, "its events were pruned at {} by the rule {}", rfc3339(*at), shown(by))?;
    }
    for event in &events {
        text += &told(&store, event).await?;
    }
    Ok(text)
}

/// How a session is replayed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// How much faster than it happened.
    pub(crate) speed: f64,
    /// The longest pause.
    pub(crate) longest: Duration,
}

/// Writes what happened in a session, in the time that it took.
pub(crate) async fn replay(place: &Place, id: &str, pace: Pace, to: &mut impl Write) -> anyhow::Result<()> {
    let store = place.open().await?;
    let session = store.session(id).await?.with_context(|| format!("there is no session `{id}`"))?;
    if let Some(Pruned { at, by }) = &session.pruned {
        bail!("its events were pruned at {} by the rule {}", rfc3339(*at), shown(by));
    }
    let (mut seq, mut last) = (0, session.opened_at);
    loop {
        let page = store.events(id, seq, PAGE).await?;
        if page.is_empty() {
            return Ok(());
        }
        seq += page.len() as u64;
        for body in page {
            let event = serde_json::from_str::<Event>(&body)?;
            // No time goes backwards: clocks of workers differ, and are set.
            let after = Duration::from_millis(event.at.saturating_sub(last)).div_f64(pace.speed);
            last = last.max(event.at);
            sleep(after.min(pace.longest)).await;
            write!(to, "{}", told(&store, &event).await?)?;
            to.flush()?;
        }
    }
}

/// An event as lines with its time in front.
async fn told(store: &Store, event: &Event) -> anyhow::Result<String> {
    let (time, mut text) = (rfc3339(event.at), String::new());
    for (i, line) in lines(&event.kind).into_iter().enumerate() {
        let margin = if i == 0 { time.as_str() } else { "" };
        writeln!(text, "{margin:<24}  {line}")?;
    }
    if let Kind::Approval { approval, state, .. } = &event.kind
        && state == "pending"
        && let Some(estimate) = store.estimate(approval).await?
    {
        writeln!(text, "{:<24}           estimate: {estimate}", "")?;
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
        Kind::Statement { statement, text, parameters, decision, would, policies, reason, trace, .. } => {
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
            lines.extend(trace.as_ref().map(|trace| format!("         trace {}", shown(trace))));
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

/// Verifies what is in the data folder; the report, and whether all is well.
pub(crate) async fn verify(place: &Place, asked: &Asked, output: Output) -> anyhow::Result<(String, bool)> {
    let store = place.open().await?;
    report(&verify::verify(&store, &place.data, asked).await?, output)
}

/// Verifies evidence, which needs nothing else than the log's public key.
pub(crate) fn verify_evidence(
    file: &Path,
    keys: &Keys,
    since: &[String],
    output: Output,
) -> anyhow::Result<(String, bool)> {
    let shown = || file.display().to_string();
    let reader = BufReader::new(File::open(file).with_context(shown)?);
    report(&evidence::verify(reader, keys, since).with_context(shown)?, output)
}

fn report(findings: &Findings, output: Output) -> anyhow::Result<(String, bool)> {
    let sound = findings.faults.is_empty();
    if output == Output::Json {
        return Ok((serde_json::to_string_pretty(findings)? + "\n", sound));
    }
    let mut text = String::new();
    for fault in &findings.faults {
        writeln!(text, "BAD  {}", shown(fault))?;
    }
    let verdict = if sound { "all as it was recorded" } else { "this is not what was recorded" };
    let tokens = match findings.tokens {
        0 => String::new(),
        tokens => format!("{tokens} personal tokens, "),
    };
    writeln!(
        text,
        "{verdict}: {} sessions, {} events, {} approvals, {} grants, {tokens}{} entries of the log",
        findings.sessions, findings.events, findings.approvals, findings.grants, findings.entries
    )?;
    if findings.locked > 0 {
        let why = "encrypted, and there are no keys to read them: they are what the log committed to";
        writeln!(text, "{} runs of events are {why}", findings.locked)?;
    }
    if findings.pruned > 0 {
        writeln!(text, "of those sessions, {} were pruned, as the log says", findings.pruned)?;
    }
    if !findings.checkpoints.is_empty() {
        let sizes: Vec<String> = findings.checkpoints.iter().map(u64::to_string).collect();
        writeln!(text, "as signed in checkpoints over {} entries", sizes.join(", "))?;
    }
    Ok((text, sound))
}
