//! The folder of Cedar policies: parsed, validated strictly against the schema, given their ids.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use gatewright_core::policy::{SCHEMA, duration_s};
use miette::Diagnostic;
use serde_json::Value;

use crate::config::{Fault, Faults};

/// Annotations that have a meaning; any other is a typo until proved otherwise.
const ANNOTATIONS: [&str; 7] =
    ["id", "reason", "approvers", "min_approvals", "expires", "comment_required", "max_grant"];

/// Policies that are in force wherever the configuration does not switch them off.
pub(crate) const DEFAULT: &str = include_str!("policies/default.cedar");

/// Reads every `*.cedar` file of the folder and gives the policies in their JSON form, `with_default` those that are
/// built in among them.
///
/// A policy's id is its `@id`; without one, the file's name and a number.
pub(crate) fn load(folder: &Path, with_default: bool) -> Result<Value, Faults> {
    let files = files(folder)
        .map_err(|cause| Faults::from(Fault::file(folder, format!("cannot be read: {cause}"))))?;
    if files.is_empty() {
        return Err(Fault::file(folder, "holds no `*.cedar` file: expected at least one policy").into());
    }
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA)
        .map_err(|cause| Faults::from(Fault::file(folder, format!("the built-in schema: {cause}"))))?;
    let validator = Validator::new(schema);
    let mut all = Gathered::default();
    if with_default {
        all.take(Path::new("built-in/default.cedar"), DEFAULT, &validator);
    }
    for file in files {
        match std::fs::read_to_string(&file) {
            Ok(text) => all.take(&file, &text, &validator),
            Err(cause) => all.faults.push(Fault::file(&file, format!("cannot be read: {cause}"))),
        }
    }
    if !all.faults.is_empty() {
        return Err(Faults(all.faults));
    }
    all.policies.to_json().map_err(|cause| Fault::file(folder, cause.to_string()).into())
}

/// The folder's policy files, in the order of their names.
pub(crate) fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "cedar") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[derive(Default)]
struct Gathered {
    policies: PolicySet,
    seen: HashMap<String, PathBuf>,
    faults: Vec<Fault>,
}

impl Gathered {
    fn take(&mut self, file: &Path, text: &str, validator: &Validator) {
        let parsed: PolicySet = match text.parse() {
            Ok(parsed) => parsed,
            Err(errors) => {
                let errors: &cedar_policy::ParseErrors = &errors;
                self.faults.extend(errors.iter().map(|error| fault(file, text, error)));
                return;
            }
        };
        if let Some(template) = parsed.templates().next() {
            let message =
                format!("policy `{}` is a template: expected policies without slots", template.id());
            self.faults.push(Fault::file(file, message));
        }
        for error in validator.validate(&parsed, ValidationMode::Strict).validation_errors() {
            self.faults.push(fault(file, text, error));
        }
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for policy in parsed.policies() {
            self.add(file, &stem, policy);
        }
    }

    fn add(&mut self, file: &Path, stem: &str, policy: &Policy) {
        let id = policy.annotation("id").map_or_else(|| format!("{stem}.{}", policy.id()), str::to_owned);
        for message in annotation_faults(&id, policy) {
            self.faults.push(Fault::file(file, message));
        }
        if let Some(other) = self.seen.insert(id.clone(), file.to_owned()) {
            let message = format!(
                "the policy id `{id}` is taken already, in {}: expected another `@id`",
                other.display()
            );
            self.faults.push(Fault::file(file, message));
            return;
        }
        if let Err(cause) = self.policies.add(policy.new_id(PolicyId::new(&id))) {
            self.faults.push(Fault::file(file, format!("policy `{id}`: {cause}")));
        }
    }
}

fn annotation_faults(id: &str, policy: &Policy) -> Vec<String> {
    let mut faults = Vec::new();
    for (key, value) in policy.annotations() {
        let expected = match key {
            "min_approvals" if !value.trim().parse::<u32>().is_ok_and(|n| n > 0) => {
                "a number of people, at least 1"
            }
            "expires" | "max_grant" if duration_s(value).is_none() => {
                "a number and one of `s`, `m`, `h` and `d`, such as `15m`"
            }
            "comment_required" if !matches!(value, "" | "true" | "false") => "`true`, `false`, or nothing",
            "approvers" if value.split(',').all(|group| group.trim().is_empty()) => {
                "group names separated by commas"
            }
            _ if ANNOTATIONS.contains(&key) => continue,
            _ => {
                faults.push(format!(
                    "policy `{id}`: the annotation `@{key}` means nothing: expected one of {}",
                    ANNOTATIONS.map(|known| format!("`@{known}`")).join(", ")
                ));
                continue;
            }
        };
        faults.push(format!("policy `{id}`: `@{key}(\"{value}\")`: expected {expected}"));
    }
    faults
}

/// What Cedar says, with the line of its first label.
fn fault(file: &Path, text: &str, error: &dyn Diagnostic) -> Fault {
    let offset = error.labels().and_then(|mut labels| labels.next()).map(|label| label.offset());
    let mut message = error.to_string();
    if let Some(help) = error.help() {
        message = format!("{message} ({help})");
    }
    Fault {
        file: file.to_owned(),
        at: offset.map(|offset| line_and_column(text, offset)),
        field: String::new(),
        message,
    }
}

fn line_and_column(text: &str, offset: usize) -> (u64, u64) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line as u64, column as u64)
}

#[cfg(test)]
mod tests {
    use gatewright_core::identity::Identity;
    use gatewright_core::policy::{Action, Context, Engine, Statement, Target, Verdict};

    use super::*;

    fn loaded(files: &[(&str, &str)]) -> Result<Value, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        load(folder.path(), true).map_err(|faults| faults.to_string())
    }

    const CONNECT: &str =
        "@id(\"connect\")\npermit (principal in Group::\"a\", action == Action::\"connect\", resource);\n";

    #[test]
    fn policies_get_their_ids() {
        let json = loaded(&[
            ("a.cedar", CONNECT),
            ("b.cedar", "permit(principal, action == Action::\"set\", resource);"),
        ]);
        let json = json.unwrap().to_string();
        assert!(json.contains("\"connect\":") && json.contains("\"b.policy0\":"), "{json}");
    }

    #[test]
    fn what_spreads_is_forbidden_by_a_built_in_policy_and_by_that_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("all.cedar"), "permit (principal, action, resource);").unwrap();
        let decided = |with_default: bool, spreads: &[&str]| {
            let engine = Engine::from_json(&load(folder.path(), with_default).unwrap()).unwrap();
            let spreads = spreads.iter().map(|column| (*column).to_owned()).collect();
            let statement = Statement { spreads, ..Statement::default() };
            let context = Context::session("support", "127.0.0.1", 0).statement(statement);
            let who = Identity {
                issuer: "https://idp".to_owned(),
                subject: "ann".to_owned(),
                groups: Vec::new(),
                claims: serde_json::Map::new(),
                expires_at: 0,
            };
            let verdict = |action: Action| engine.decide(&who, "shop", action, &Target::Database, &context);
            (verdict(Action::Insert), verdict(Action::Create))
        };
        for verdict in <[Verdict; 2]>::from(decided(true, &["customers.ssn"])) {
            let Verdict::Deny(denial) = verdict else { panic!("{verdict:?}") };
            assert_eq!(denial.policies, ["gatewright.no-copy-of-masked"]);
        }
        assert_eq!(decided(true, &[]), (Verdict::Allow, Verdict::Allow));
        assert_eq!(decided(false, &["customers.ssn"]), (Verdict::Allow, Verdict::Allow));
    }

    #[test]
    fn what_is_wrong_is_found_at_its_line() {
        let syntax = loaded(&[("a.cedar", "permit (principal, action, resource);\n\npermit (principal;\n")])
            .unwrap_err();
        assert!(syntax.contains("a.cedar:3:18"), "{syntax}");
        let wrong = format!(
            "{CONNECT}\npermit (principal, action == Action::\"select\", resource)\nwhen {{ context.has_wher }};\n"
        );
        let wrong = loaded(&[("a.cedar", &wrong)]).unwrap_err();
        assert!(wrong.contains("a.cedar:5:") && wrong.contains("has_wher"), "{wrong}");
        let unknown = loaded(&[("a.cedar", "permit (principal, action == Action::\"selekt\", resource);")])
            .unwrap_err();
        assert!(unknown.contains("a.cedar:1:") && unknown.contains("selekt"), "{unknown}");
    }

    #[test]
    fn ids_are_unique_and_annotations_known() {
        let twice = loaded(&[("a.cedar", CONNECT), ("b.cedar", CONNECT)]).unwrap_err();
        assert!(twice.contains("b.cedar") && twice.contains("`connect` is taken"), "{twice}");
        let typo = loaded(&[("a.cedar", &CONNECT.replace("@id", "@expire(\"1m\") @id"))]).unwrap_err();
        assert!(typo.contains("`@expire`"), "{typo}");
        let value = loaded(&[("a.cedar", &CONNECT.replace("@id", "@expires(\"soon\") @id"))]).unwrap_err();
        assert!(value.contains("such as `15m`"), "{value}");
        // What the filter does not read is not accepted here either.
        for wrong in ["@expires(\"1h 30m\")", "@max_grant(\"soon\")", "@comment_required(\"please\")"] {
            let wrong = loaded(&[("a.cedar", &CONNECT.replace("@id", &format!("{wrong} @id")))]).unwrap_err();
            assert!(wrong.contains("expected"), "{wrong}");
        }
        let right = "@max_grant(\"0s\") @comment_required @expires(\"90m\") @id";
        loaded(&[("a.cedar", &CONNECT.replace("@id", right))]).unwrap();
        assert!(loaded(&[]).unwrap_err().contains("no `*.cedar` file"));
    }
}
