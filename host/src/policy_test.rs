//! `gatewright policy test`: cases of statements and requests, and what is to be decided about them, for a CI of policies.

mod case;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use gatewright_core::mask::Method;
use serde::Deserialize;

use crate::config::{Fault, Faults, parse_yaml};
use crate::settings::Settings;
use case::{Case, Got, Plane};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Resource of the cases that name none.
    resource: Option<String>,
    cases: Vec<Case>,
}

/// Runs all cases of a file; gives what to print, and whether all are decided as they expect.
pub(crate) async fn run(settings: &Settings, path: &Path) -> anyhow::Result<(String, bool)> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Faults::from(Fault::file(path, format!("cannot be read: {cause}"))))?;
    let file: File = parse_yaml(&text).map_err(|fault| Faults::from(fault.in_file(path)))?;
    anyhow::ensure!(!file.cases.is_empty(), "{} has no cases: nothing is tested by it", path.display());
    let mut planes: HashMap<&str, Plane> = HashMap::new();
    let (mut report, mut failed) = (String::new(), 0_usize);
    for case in &file.cases {
        let resource = case.resource.as_ref().or(file.resource.as_ref());
        let resource = resource.context("a case names no resource, and neither does the file")?;
        let plane = match planes.get(resource.as_str()) {
            Some(plane) => plane.clone(),
            None => Plane::of(settings, resource).await?,
        };
        let got = case.decide(settings, resource, &plane);
        planes.insert(resource, plane);
        let (line, title) = (case.line(), case.title());
        let wrong = case.compare(&got.with_context(|| format!("{}:{line}: {title}", path.display()))?);
        if wrong.is_empty() {
            continue;
        }
        failed += 1;
        writeln!(report, "{}:{line}: {title}", path.display())?;
        for what in wrong {
            writeln!(report, "    {what}")?;
        }
    }
    let passed = file.cases.len() - failed;
    writeln!(report, "{passed} passed, {failed} failed")?;
    Ok((report, failed == 0))
}

impl Case {
    /// What is decided otherwise than the case expects.
    fn compare(&self, got: &Got) -> Vec<String> {
        let mut wrong = Vec::new();
        if got.decision != self.decision.word() {
            let why = got.refusal.as_ref().map(|refusal| format!(": {refusal}"));
            let expected = self.decision.word();
            wrong.push(format!("expected {expected}, got {}{}", got.decision, why.unwrap_or_default()));
        }
        let missing: Vec<&String> =
            self.policies.iter().filter(|policy| !got.policies.contains(policy)).collect();
        if !missing.is_empty() {
            wrong.push(format!(
                "expected it to be decided by {}, got {}",
                list(&missing),
                list(&got.policies)
            ));
        }
        if let Some(expected) = &self.approvers {
            let (mut expected, mut got) = (expected.clone(), got.approvers.clone());
            expected.sort();
            got.sort();
            if expected != got {
                wrong.push(format!("expected the approvers {}, got {}", list(&expected), list(&got)));
            }
        }
        if let Some(expected) = &self.masked
            && *expected != got.masked
        {
            wrong.push(format!("expected masks {}, got {}", shown(expected), shown(&got.masked)));
        }
        wrong
    }
}

fn shown(masks: &BTreeMap<String, Method>) -> String {
    let shown =
        masks.iter().map(|(what, method)| format!("{what}: {}", format!("{method:?}").to_lowercase()));
    list(&shown.collect::<Vec<_>>())
}

fn list(words: &[impl AsRef<str>]) -> String {
    if words.is_empty() {
        return "none".to_owned();
    }
    words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}
