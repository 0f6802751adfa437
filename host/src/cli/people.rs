//! `gatewright approvals` and `gatewright grants`: what people do, at the host's API.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::{Output, print};
use crate::client::{Client, ClientError, Connect};
use crate::table::{shown, table};

#[derive(Debug, Args)]
pub(super) struct How {
    #[command(flatten)]
    pub(super) connect: Connect,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(super) output: Output,
}

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum State {
    Pending,
    Approved,
    Used,
    Denied,
    Expired,
    Withdrawn,
    All,
}

#[derive(Debug, Subcommand)]
pub(super) enum Approvals {
    /// List approvals, the newest first.
    Ls {
        /// Where they stand.
        #[arg(long, value_enum, default_value_t = State::Pending)]
        state: State,
        #[command(flatten)]
        how: How,
    },
    /// Show one, and what happened to it.
    Show {
        /// Its id.
        id: String,
        #[command(flatten)]
        how: How,
    },
    /// Let it go ahead.
    Approve {
        /// Its id.
        id: String,
        /// What the agent is told.
        #[arg(long, default_value = "")]
        comment: String,
        /// Let more of the same pass for so long, such as `30m`.
        #[arg(long, value_name = "SPAN")]
        grant: Option<String>,
        #[command(flatten)]
        how: How,
    },
    /// Do not let it go ahead.
    Deny {
        /// Its id.
        id: String,
        /// What the agent is told.
        #[arg(long, default_value = "")]
        comment: String,
        #[command(flatten)]
        how: How,
    },
    /// Print approvals as they are asked for and decided, until it is stopped.
    Watch {
        #[command(flatten)]
        how: How,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Grants {
    /// List grants, the newest first.
    Ls {
        /// Those that are over as well.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        how: How,
    },
    /// Show one, and what happened to it: its uses among it.
    Show {
        /// Its id.
        id: String,
        #[command(flatten)]
        how: How,
    },
    /// Let an agent do one kind of thing for a while without asking.
    Add {
        /// Resource of the configuration.
        #[arg(long, value_name = "NAME")]
        resource: String,
        /// Role that the agent logs in as; none for APIs.
        #[arg(long, value_name = "ROLE", default_value = "")]
        role: String,
        /// The agent's subject.
        #[arg(long, value_name = "SUBJECT")]
        agent: String,
        /// The agent's issuer; yours if left out.
        #[arg(long, value_name = "ISSUER")]
        issuer: Option<String>,
        /// For how long, such as `30m`.
        #[arg(long = "for", value_name = "SPAN")]
        lasts: String,
        /// Why.
        #[arg(long)]
        comment: String,
        /// A statement of that kind (values in it do not matter); for APIs the shape that an approval shows.
        statement: String,
        #[command(flatten)]
        how: How,
    },
    /// End a grant at once.
    Revoke {
        /// Its id.
        id: String,
        /// Why.
        #[arg(long, default_value = "")]
        comment: String,
        #[command(flatten)]
        how: How,
    },
}

/// Does it; what the host refuses has an exit code of its own.
pub(super) async fn approvals(command: Approvals) -> anyhow::Result<ExitCode> {
    done(match command {
        Approvals::Ls { state, how } => list_approvals(state, &how).await,
        Approvals::Show { id, how } => show(&how, "approvals", &id).await,
        Approvals::Approve { id, comment, grant, how } => {
            let mut body = json!({ "decision": "approve", "comment": comment });
            if let Some(grant) = grant {
                body["grant"] = grant.into();
            }
            decide(&how, &id, &body).await
        }
        Approvals::Deny { id, comment, how } => {
            decide(&how, &id, &json!({ "decision": "deny", "comment": comment })).await
        }
        Approvals::Watch { how } => watch(&how).await,
    })
}

/// The same for grants.
pub(super) async fn grants(command: Grants) -> anyhow::Result<ExitCode> {
    done(match command {
        Grants::Ls { all, how } => list_grants(all, &how).await,
        Grants::Show { id, how } => show(&how, "grants", &id).await,
        Grants::Add { resource, role, agent, issuer, lasts, comment, statement, how } => {
            let body = json!({
                "resource": resource, "role": role, "principal": agent, "issuer": issuer, "lasts": lasts,
                "comment": comment, "statement": statement,
            });
            one(&how, "/v1/grants", &body).await
        }
        Grants::Revoke { id, comment, how } => {
            one(&how, &format!("/v1/grants/{}/revoke", part(&id)), &json!({ "comment": comment })).await
        }
    })
}

pub(super) fn done(answer: Result<String, ClientError>) -> anyhow::Result<ExitCode> {
    match answer {
        Ok(text) => print(&text),
        Err(error) => {
            eprintln!("gatewright: {}", shown(&error.to_string()));
            Ok(error.code())
        }
    }
}

async fn list_approvals(state: State, how: &How) -> Result<String, ClientError> {
    let client = Client::new(&how.connect)?;
    let state = match state {
        State::All => String::new(),
        state => {
            let name = state.to_possible_value().map(|value| value.get_name().to_owned());
            format!("?state={}", name.unwrap_or_default())
        }
    };
    let approvals = client.get(&format!("/v1/approvals{state}")).await?;
    if how.output == Output::Json {
        return Ok(pretty(&approvals));
    }
    let row = |approval: &Value| {
        let agent = format!("{} on {}", word(approval, "principal"), word(approval, "resource"));
        let rows = approval["estimated_rows"].as_u64().map(|rows| format!("~{rows}")).unwrap_or_default();
        let [id, state, expires_at, statement] =
            ["id", "state", "expires_at", "statement"].map(|name| word(approval, name));
        [id, state, agent, expires_at, rows, statement]
    };
    let rows = approvals.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(table(["APPROVAL", "STATE", "AGENT", "EXPIRES", "ROWS", "STATEMENT"], rows.iter().map(row).collect()))
}

async fn list_grants(all: bool, how: &How) -> Result<String, ClientError> {
    let client = Client::new(&how.connect)?;
    let grants = client.get(&format!("/v1/grants?active={}", !all)).await?;
    if how.output == Output::Json {
        return Ok(pretty(&grants));
    }
    let row = |grant: &Value| {
        let agent = format!("{} on {}", word(grant, "principal"), word(grant, "resource"));
        let kind = if grant["shape"].is_null() { "statement" } else { "shape" };
        [word(grant, "id"), word(grant, "state"), agent, word(grant, "expires_at"), word(grant, kind)]
    };
    let rows = grants.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(table(["GRANT", "STATE", "AGENT", "ENDS", "MAY"], rows.iter().map(row).collect()))
}

async fn show(how: &How, kind: &str, id: &str) -> Result<String, ClientError> {
    let found = Client::new(&how.connect)?.get(&format!("/v1/{kind}/{}", part(id))).await?;
    Ok(if how.output == Output::Json { pretty(&found) } else { described(&found) })
}

async fn decide(how: &How, id: &str, body: &Value) -> Result<String, ClientError> {
    one(how, &format!("/v1/approvals/{}/decision", part(id)), body).await
}

async fn one(how: &How, path: &str, body: &Value) -> Result<String, ClientError> {
    Ok(told(how, &Client::new(&how.connect)?.post(path, body).await?))
}

/// Where something stands now.
pub(super) fn told(how: &How, answer: &Value) -> String {
    match how.output {
        Output::Json => pretty(answer),
        Output::Text => format!("{} is {}\n", shown(&word(answer, "id")), shown(&word(answer, "state"))),
    }
}

/// Follows until it is stopped, or the host does not want us any more.
async fn watch(how: &How) -> Result<String, ClientError> {
    let client = Client::new(&how.connect)?;
    let mut pending = BTreeMap::new();
    let mut pause = Duration::from_millis(200);
    loop {
        match follow(&client, how.output, &mut pending).await {
            Ok(()) => pause = Duration::from_millis(200),
            Err(ClientError::Unreachable(why)) => {
                eprintln!("gatewright: {}; trying again", shown(&why));
                pause = (pause * 2).min(Duration::from_secs(10));
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(pause).await;
    }
}

async fn follow(
    client: &Client,
    output: Output,
    pending: &mut BTreeMap<String, Value>,
) -> Result<(), ClientError> {
    let mut changes = client.follow("/v1/changes").await?;
    // A chunk is one or more events; what they say is that there is something to ask for.
    while let Ok(Some(chunk)) = changes.chunk().await {
        if !chunk.windows(6).any(|part| part == b"change") {
            continue;
        }
        let now = client.get("/v1/approvals?state=pending").await?;
        let now: BTreeMap<String, Value> = now
            .as_array()
            .into_iter()
            .flatten()
            .map(|approval| (word(approval, "id"), approval.clone()))
            .collect();
        for (id, approval) in now.iter().filter(|(id, _)| !pending.contains_key(*id)) {
            say(output, id, approval);
        }
        for id in pending.keys().filter(|id| !now.contains_key(*id)) {
            say(output, id, &client.get(&format!("/v1/approvals/{}", part(id))).await?);
        }
        *pending = now;
    }
    Ok(())
}

fn say(output: Output, id: &str, approval: &Value) {
    let line = match output {
        Output::Json => format!("{approval}\n"),
        Output::Text => {
            let fields = ["state", "principal", "resource", "statement"].map(|name| word(approval, name));
            let [state, principal, resource, statement] = fields;
            shown(&format!("{id}  {state:<9}  {principal} on {resource}: {statement}")) + "\n"
        }
    };
    // Whoever reads has gone: the next call ends this as well.
    let _ = print(&line);
}

/// All that is known about something, a line for each part.
fn described(found: &Value) -> String {
    let mut text = String::new();
    let empty = Map::new();
    for (name, value) in found.as_object().unwrap_or(&empty) {
        let lines: Vec<String> = match value {
            Value::Null => continue,
            Value::Array(list) if list.is_empty() => continue,
            Value::Array(list) => list.iter().map(words).collect(),
            other => words(other).lines().map(str::to_owned).collect(),
        };
        for (i, line) in lines.iter().enumerate() {
            let label = if i == 0 { name.as_str() } else { "" };
            // INVARIANT: writing to a string succeeds.
            let _ = writeln!(text, "{label:<17} {}", shown(line));
        }
    }
    text
}

/// A value in one line, where it is not a text of several.
fn words(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let fields = fields.values().map(words).filter(|words| !words.is_empty());
            fields.collect::<Vec<_>>().join("  ")
        }
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

pub(super) fn word(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

pub(super) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// An id as a part of a path: nothing in it leads elsewhere.
pub(super) fn part(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).collect()
}
