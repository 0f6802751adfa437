//! `gatewright policy test`: cases of statements and what is to be decided about them, for a CI of policies.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;
use std::rc::Rc;

use anyhow::Context as _;
use gatewright_core::mask::Method;
use gatewright_postgres::{Decision, Plane};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::config::{Fault, Faults, parse_yaml};
use crate::explain::{Asked, approvers, decide, plane};
use crate::settings::Settings;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Resource of the cases that name none.
    resource: Option<String>,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it shows, for people.
    name: Option<String>,
    resource: Option<String>,
    /// Groups of the agent.
    #[serde(default)]
    groups: Vec<String>,
    /// Its subject, for policies that name one.
    subject: Option<String>,
    role: Option<String>,
    sql: Spanned<String>,
    decision: Expected,
    /// Policies that must be among those that determine it.
    #[serde(default)]
    policies: Vec<String>,
    /// Groups that may approve, all of them.
    approvers: Option<Vec<String>>,
    /// Output columns that are masked, by label or number from 1, and how: all of them.
    masked: Option<BTreeMap<String, Method>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expected {
    Allow,
    Deny,
    Hold,
}

impl Expected {
    fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Hold => "hold",
        }
    }
}

/// Runs all cases of a file; gives what to print, and whether all are decided as they expect.
pub(crate) async fn run(settings: &Settings, path: &Path) -> anyhow::Result<(String, bool)> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Faults::from(Fault::file(path, format!("cannot be read: {cause}"))))?;
    let file: File = parse_yaml(&text).map_err(|fault| Faults::from(fault.in_file(path)))?;
    let mut planes: HashMap<&str, Rc<Plane>> = HashMap::new();
    let (mut report, mut failed) = (String::new(), 0_usize);
    for case in &file.cases {
        let resource = case.resource.as_ref().or(file.resource.as_ref());
        let resource = resource.context("a case names no resource, and neither does the file")?;
        if !planes.contains_key(resource.as_str()) {
            planes.insert(resource, plane(settings, resource).await?);
        }
        let Some(plane) = planes.get(resource.as_str()) else { continue };
        let asked = Asked {
            resource: resource.clone(),
            groups: case.groups.clone(),
            subject: case.subject.clone().unwrap_or_else(|| "somebody".to_owned()),
            role: case.role.clone(),
            sql: case.sql.value.clone(),
        };
        let wrong = case.compare(&decide(settings, plane, &asked)?);
        if wrong.is_empty() {
            continue;
        }
        failed += 1;
        let line = case.sql.referenced.line();
        writeln!(report, "{}:{line}: {}", path.display(), case.title())?;
        for what in wrong {
            writeln!(report, "    {what}")?;
        }
    }
    let passed = file.cases.len() - failed;
    writeln!(report, "{passed} passed, {failed} failed")?;
    Ok((report, failed == 0))
}

impl Case {
    fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.sql.value)
    }

    /// What is decided otherwise than the case expects.
    fn compare(&self, decision: &Decision) -> Vec<String> {
        let mut wrong = Vec::new();
        if decision.decision != self.decision.word() {
            let why = decision.refusal.as_ref().map(|refusal| format!(": {}", refusal.message));
            let expected = self.decision.word();
            wrong.push(format!("expected {expected}, got {}{}", decision.decision, why.unwrap_or_default()));
        }
        let missing: Vec<&str> = (self.policies.iter())
            .filter(|policy| !decided_by(decision).any(|by| by == policy.as_str()))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            let by: Vec<&str> = decided_by(decision).collect();
            wrong.push(format!("expected it to be decided by {}, got {}", missing.join(", "), list(&by)));
        }
        if let Some(expected) = &self.approvers {
            let (mut expected, mut got) = (expected.clone(), approvers(decision).to_vec());
            expected.sort();
            got.sort();
            if expected != got {
                wrong.push(format!("expected the approvers {}, got {}", list(&expected), list(&got)));
            }
        }
        if let Some(expected) = &self.masked {
            let expected: Vec<String> = expected.iter().map(shown).collect();
            let got: Vec<String> = masked(decision).iter().map(shown).collect();
            if expected != got {
                wrong.push(format!("expected masks {}, got {}", list(&expected), list(&got)));
            }
        }
        wrong
    }
}

fn shown((column, method): (&String, &Method)) -> String {
    format!("{column}: {}", format!("{method:?}").to_lowercase())
}

fn list(words: &[impl AsRef<str>]) -> String {
    if words.is_empty() {
        return "none".to_owned();
    }
    words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

fn decided_by(decision: &Decision) -> impl Iterator<Item = &str> {
    let requests = decision.explanation.statements.iter().flat_map(|statement| &statement.requests);
    let parts = requests.flat_map(|request| &request.policies);
    decision.policies.iter().chain(parts).map(String::as_str)
}

/// Masked outputs of the last statement; `*` where it is not certain which they are.
fn masked(decision: &Decision) -> BTreeMap<String, Method> {
    let Some(last) = decision.explanation.statements.last() else { return BTreeMap::new() };
    let Some(outputs) = &last.outputs else {
        return last.scope.iter().map(|_| ("*".to_owned(), Method::Redact)).collect();
    };
    let named = (1..).zip(outputs).filter_map(|(number, output)| {
        Some((output.name.clone().unwrap_or_else(|| format!("{number}")), output.method?))
    });
    named.collect()
}
