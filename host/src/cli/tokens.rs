//! `gatewright tokens`: personal access tokens, at the host's API.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::Output;
use super::people::{How, done, part, pretty, told, word};
use crate::client::{Client, ClientError};
use crate::table::{shown, table};

#[derive(Debug, Subcommand)]
pub(super) enum Tokens {
    /// List your tokens, the newest first.
    Ls {
        /// Those that are over as well.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        how: How,
    },
    /// Make a token, and print it: this once, alone on standard output.
    Create {
        /// What it is for.
        #[arg(long, value_name = "TEXT")]
        name: String,
        /// What it is to be good for; may be repeated. One of approvals:read, approvals:decide, grants:read, grants:write,
        /// sessions:read, log:read.
        #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',')]
        scopes: Vec<String>,
        /// For how long, such as `30d`; as the host's configuration says if left out.
        #[arg(long = "for", value_name = "SPAN")]
        lasts: Option<String>,
        #[command(flatten)]
        how: How,
    },
    /// End a token at once.
    Revoke {
        /// Its id, which is not the token itself.
        id: String,
        #[command(flatten)]
        how: How,
    },
}

/// Does it; what the host refuses has an exit code of its own.
pub(super) async fn tokens(command: Tokens) -> anyhow::Result<ExitCode> {
    done(match command {
        Tokens::Ls { all, how } => list(all, &how).await,
        Tokens::Create { name, scopes, lasts, how } => create(&how, &name, &scopes, lasts.as_deref()).await,
        Tokens::Revoke { id, how } => revoke(&how, &id).await,
    })
}

async fn list(all: bool, how: &How) -> Result<String, ClientError> {
    let tokens = Client::new(&how.connect)?.get(&format!("/v1/tokens?active={}", !all)).await?;
    if how.output == Output::Json {
        return Ok(pretty(&tokens));
    }
    let row = |token: &Value| {
        let scopes = token["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let used = match word(token, "used_at") {
            at if at.is_empty() => "never".to_owned(),
            at => at,
        };
        let scopes = scopes.collect::<Vec<_>>().join(",");
        [
            word(token, "id"),
            word(token, "state"),
            word(token, "name"),
            word(token, "expires_at"),
            used,
            scopes,
        ]
    };
    let rows = tokens.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(table(["TOKEN", "STATE", "NAME", "ENDS", "USED", "GOOD FOR"], rows.iter().map(row).collect()))
}

async fn create(
    how: &How,
    name: &str,
    scopes: &[String],
    lasts: Option<&str>,
) -> Result<String, ClientError> {
    let body = json!({ "name": name, "scopes": scopes, "lasts": lasts });
    let made = Client::new(&how.connect)?.post("/v1/tokens", &body).await?;
    if how.output == Output::Json {
        return Ok(pretty(&made));
    }
    // Beside it, so that a script or a file gets the token and nothing else.
    let (id, ends) = (word(&made, "id"), word(&made, "expires_at"));
    eprintln!("gatewright: token {} is good until {}; it is shown this once", shown(&id), shown(&ends));
    Ok(format!("{}\n", shown(&word(&made, "token"))))
}

async fn revoke(how: &How, id: &str) -> Result<String, ClientError> {
    let revoked = Client::new(&how.connect)?.delete(&format!("/v1/tokens/{}", part(id))).await?;
    Ok(told(how, &revoked))
}
