//! `gatewright doctor`: looks in what an Envoy really runs for the mistakes that would open a hole.

mod checks;
mod dump;
mod gate;
mod routes;
mod targets;
mod tls;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value;

use crate::cli::Output;
use crate::config::Loaded;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Envoy's admin interface.
    pub(crate) admin: Option<String>,
    /// Its config dump in a file.
    pub(crate) dump: Option<PathBuf>,
    /// SHA-256 that a module must have, in hex; any of these.
    pub(crate) wasm: Vec<String>,
    /// How to print.
    pub(crate) output: Output,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// A way round the gate, or a secret in the open.
    Hole,
    /// It works, and may surprise.
    Warning,
}

/// Something found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// Listener, cluster or filter.
    pub(crate) at: String,
    /// What is wrong and what to do.
    pub(crate) what: String,
}

/// What there is to say, and whether there is no hole.
pub(crate) async fn run(loaded: &Loaded, asked: Asked) -> anyhow::Result<(String, bool)> {
    let text = match (&asked.dump, &asked.admin) {
        (Some(path), _) => {
            std::fs::read_to_string(path).with_context(|| format!("reading `{}`", path.display()))?
        }
        (None, Some(admin)) => fetch(admin).await.with_context(|| format!("asking `{admin}`"))?,
        (None, None) => anyhow::bail!("say where the configuration is: --admin URL or --dump FILE"),
    };
    let dump: Value = serde_json::from_str(&text).context("the config dump is not JSON")?;
    let (targets, unknown) = targets::of(loaded).await;
    let mut findings = checks::all(targets, &dump, &asked.wasm)?;
    findings.extend(unknown.into_iter().map(|name| Finding {
        severity: Severity::Warning,
        at: format!("target `{name}`"),
        what: "its address cannot be found out from here: a way to it by address would go unseen".to_owned(),
    }));
    findings.extend(loaded.config.in_shadow().map(|(name, what)| Finding {
        severity: Severity::Warning,
        at: format!("resource `{name}`"),
        what: format!("{what}. `gatewright report --shadow` says what enforcement would have done"),
    }));
    let sound = !findings.iter().any(|finding| finding.severity == Severity::Hole);
    let report = match asked.output {
        Output::Json => serde_json::to_string_pretty(&findings)? + "\n",
        Output::Text => text_of(&findings),
    };
    Ok((report, sound))
}

async fn fetch(admin: &str) -> anyhow::Result<String> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).no_proxy().build()?;
    let url = format!("{}/config_dump?include_eds", admin.trim_end_matches('/'));
    Ok(client.get(url).send().await?.error_for_status()?.text().await?)
}

fn text_of(findings: &[Finding]) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let mut text = String::new();
    for Finding { severity, at, what } in findings {
        let word = match severity {
            Severity::Hole => "HOLE",
            Severity::Warning => "warning",
        };
        text += &format!("{word:<8} {at}: {what}\n");
    }
    text + &format!("{} holes, {} warnings\n", count(Severity::Hole), count(Severity::Warning))
}
