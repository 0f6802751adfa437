//! `gatewright explain`: what would become of a statement, and why.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::rc::Rc;

use anyhow::{Context as _, bail};
use gatewright_core::explanation::{Explained, Explanation};
use gatewright_core::identity::Identity;
use gatewright_postgres::{Decision, Plane};
use serde_json::{Map, json};

use crate::catalogue::Raw;
use crate::cli::Output;
use crate::compile::bundle;
use crate::config::{Api, Resource};
use crate::settings::Settings;
use crate::tools::Known;
use crate::{catalogue, time};

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Resource of the configuration.
    pub(crate) resource: String,
    /// Groups of the agent.
    pub(crate) groups: Vec<String>,
    /// Its subject.
    pub(crate) subject: String,
    /// Role that it logs in as; the resource's first one if left out.
    pub(crate) role: Option<String>,
    /// The statement.
    pub(crate) sql: String,
}

/// Reads the catalogue and decides as the filter would.
pub(crate) async fn explain(settings: &Settings, asked: &Asked, output: Output) -> anyhow::Result<String> {
    let plane = plane(settings, &asked.resource).await?;
    let decision = decide(settings, &plane, asked)?;
    match output {
        Output::Text => text(&decision),
        Output::Json => Ok(serde_json::to_string_pretty(&as_json(&decision))? + "\n"),
    }
}

/// What the filter would decide by: the configuration, and the catalogue as it is now.
pub(crate) async fn plane(settings: &Settings, name: &str) -> anyhow::Result<Rc<Plane>> {
    let resource = resource(settings, name)?;
    let raw = raw(settings, resource).await?;
    let bundle = bundle::assemble(settings, resource, Vec::new(), &raw, "")
        .map_err(|faults| anyhow::anyhow!(faults.join("\n")))?;
    Ok(Rc::new(Plane::new(&bundle)?))
}

/// The same of an API, and of the database that its SQL is for. Definitions of tools were never seen.
pub(crate) async fn api_plane(settings: &Settings, api: &Api) -> anyhow::Result<Rc<gatewright_http::Plane>> {
    let database = match &api.sql {
        Some(sql) => {
            let resource = resource(settings, &sql.database.value)?;
            Some((resource, raw(settings, resource).await?))
        }
        None => None,
    };
    let database = database.as_ref().map(|(resource, raw)| (*resource, raw));
    let bundle = bundle::assemble_api(settings, api, Vec::new(), database, &Known::default(), "")
        .map_err(|faults| anyhow::anyhow!(faults.join("\n")))?;
    Ok(Rc::new(gatewright_http::Plane::new(&bundle)?))
}

/// What the database holds.
async fn raw(settings: &Settings, resource: &Resource) -> anyhow::Result<Raw> {
    let source = settings.source(resource).context("the resource has no role whose password is known")?;
    let mut client = catalogue::connect(&source).await.context("reading the catalogue")?;
    catalogue::read(&mut client).await.context("reading the catalogue")
}

/// The role of that name, or the first one.
pub(crate) fn role<'s>(settings: &'s Settings, name: &str, role: Option<&str>) -> anyhow::Result<&'s str> {
    let resource = resource(settings, name)?;
    let role = match role {
        Some(role) => resource.role(role).with_context(|| format!("`{name}` has no role `{role}`"))?,
        None => resource.roles.value.first().context("the resource has no roles")?,
    };
    Ok(&role.name.value)
}

/// Decides as the filter would.
pub(crate) fn decide(settings: &Settings, plane: &Rc<Plane>, asked: &Asked) -> anyhow::Result<Decision> {
    let role = role(settings, &asked.resource, asked.role.as_deref())?;
    let agent = Identity {
        issuer: String::new(),
        subject: asked.subject.clone(),
        groups: asked.groups.clone(),
        claims: Map::new(),
        expires_at: u64::MAX,
    };
    Ok(gatewright_postgres::explain(plane, agent, role, &asked.sql, time::now()))
}

fn resource<'s>(settings: &'s Settings, name: &str) -> anyhow::Result<&'s Resource> {
    settings.loaded.resource(name).with_context(|| format!("there is no resource `{name}`"))
}

fn as_json(decision: &Decision) -> serde_json::Value {
    let refusal = decision.refusal.as_ref().map(|refusal| {
        json!({ "code": refusal.code, "message": refusal.message, "detail": refusal.detail, "hint": refusal.hint })
    });
    json!({
        "decision": decision.decision,
        "let_pass": decision.is_let_pass,
        "refusal": refusal,
        "approvers": approvers(decision),
        "explanation": decision.explanation,
    })
}

/// Who would have to approve.
pub(crate) fn approvers(decision: &Decision) -> &[String] {
    decision.rule.as_ref().map_or(&[], |rule| &rule.approvers)
}

fn text(decision: &Decision) -> anyhow::Result<String> {
    let mut text = String::new();
    let Explanation { unparsed, statements } = &decision.explanation;
    if let Some(why) = unparsed {
        writeln!(text, "not understood: {why}")?;
    }
    for explained in statements {
        statement(&mut text, explained)?;
    }
    let approvers = approvers(decision).join(", ");
    match decision.decision {
        "hold" => writeln!(text, "=> held until somebody of {approvers} approves")?,
        word => writeln!(text, "=> {word}")?,
    }
    if decision.is_let_pass {
        writeln!(text, "   in shadow mode: it runs all the same")?;
    }
    if let Some(refusal) = &decision.refusal {
        writeln!(text, "   ERROR {}: {}", refusal.code, refusal.message)?;
        for (label, words) in [("DETAIL", &refusal.detail), ("HINT", &refusal.hint)] {
            if let Some(words) = words {
                writeln!(text, "   {label}: {words}")?;
            }
        }
    }
    if text.is_empty() {
        bail!("there is no statement in it")
    }
    Ok(text)
}

fn statement(text: &mut String, explained: &Explained) -> anyhow::Result<()> {
    writeln!(text, "{}", explained.statement)?;
    for request in &explained.requests {
        let policies = if request.policies.is_empty() {
            String::new()
        } else {
            format!("  ({})", request.policies.join(", "))
        };
        writeln!(text, "  {:<9} {} on {}{policies}", request.decision, request.action, request.resource)?;
    }
    list(text, "reads", &explained.reads)?;
    list(text, "writes", &explained.writes)?;
    list(text, "calls", &explained.functions)?;
    for (kind, columns) in &explained.inference {
        list(text, kind, columns)?;
    }
    list(text, "spreads", &explained.spreads)?;
    match &explained.outputs {
        Some(outputs) => {
            let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "?".to_owned());
            let width = outputs.iter().map(|output| name(&output.name).chars().count()).max().unwrap_or(0);
            for (position, output) in (1..).zip(outputs) {
                let from = joined(&output.from);
                let label = if position == 1 { "outputs" } else { "" };
                let masked = output.method.map_or_else(String::new, |method| {
                    format!("  => {method:?}, for {}", joined(&output.masked)).to_lowercase()
                });
                let line = format!(
                    "  {label:<9} {position}. {:<width$}  {:<11} {from}{masked}",
                    name(&output.name),
                    output.kind
                );
                writeln!(text, "{}", line.trim_end())?;
            }
        }
        None if !explained.scope.is_empty() => {
            writeln!(text, "  outputs   not certain: each masked for {}", joined(&explained.scope))?;
        }
        None => {}
    }
    Ok(())
}

fn list(text: &mut String, label: &str, names: &BTreeSet<String>) -> anyhow::Result<()> {
    if !names.is_empty() {
        writeln!(text, "  {label:<9} {}", joined(names))?;
    }
    Ok(())
}

fn joined(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
