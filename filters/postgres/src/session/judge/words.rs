//! Decisions in words: the explanation that is recorded, and what the agent is told.

use std::collections::BTreeSet;

use gatewright_core::catalogue::Taint;
use gatewright_core::explanation::{Explained, Explanation, OutputColumn, Requested};
use gatewright_core::mask::Method;
use gatewright_core::policy::{Action, Target, Verdict};
use gatewright_sql::{Output, StatementFacts};

use super::Judge;
use crate::refusal::code;
use crate::{Plane, Refusal};

impl Judge {
    /// The facts of a statement, as far as this agent sees things masked, in words.
    pub(super) fn explained(&self, facts: &StatementFacts, plane: &Plane) -> Explained {
        let names = |taint: &Taint| {
            let columns = taint.iter().filter(|id| self.active.contains(*id));
            let columns = columns.filter_map(|id| plane.catalogue.masked(id));
            columns.map(|masked| format!("{}.{}", masked.table, masked.column)).collect::<BTreeSet<_>>()
        };
        let output = |output: &Output| {
            let masked = output.taint.iter().find(|id| self.active.contains(*id));
            let own = |id| plane.catalogue.masked(id).filter(|_| output.is_column(id));
            let method = masked.map(|id| own(id).map_or(Method::Redact, |column| column.method));
            OutputColumn {
                name: output.name.as_deref().map(str::to_owned),
                kind: output.kind.as_str().to_owned(),
                from: output.columns.iter().map(str::to_owned).collect(),
                masked: names(&output.taint),
                method,
            }
        };
        let inference = facts.inference.kinds().map(|(kind, taint)| (kind.to_owned(), names(taint)));
        Explained {
            statement: facts.statement.to_owned(),
            requests: Vec::new(),
            reads: facts.columns_read.iter().map(ToString::to_string).collect(),
            writes: facts.columns_written.iter().map(ToString::to_string).collect(),
            functions: facts.functions.clone(),
            outputs: facts.outputs.as_ref().map(|outputs| outputs.iter().map(output).collect()),
            scope: names(&facts.scope),
            inference: inference.into_iter().filter(|(_, columns)| !columns.is_empty()).collect(),
            spreads: names(&facts.spreads),
        }
    }
}

/// A request and what policy said.
pub(super) fn requested(
    action: Action,
    target: &Target,
    verdict: &Verdict,
    policies: Vec<String>,
) -> Requested {
    let (decision, reason) = match verdict {
        Verdict::Allow => ("allow", String::new()),
        Verdict::Deny(denial) => ("deny", denial.reason.clone()),
        Verdict::NeedsApproval(rule) => ("approval", rule.reason.clone()),
    };
    Requested {
        action: action.to_string(),
        resource: target.to_string(),
        decision: decision.to_owned(),
        policies,
        reason,
    }
}

/// Names the masked columns that a statement uses otherwise than by showing them.
fn used(explanation: &Explanation) -> Option<String> {
    let list = |columns: &BTreeSet<String>| {
        columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ")
    };
    let how = |kind: &str| match kind {
        "compared" => "compared with a value",
        "joined" => "compared with each other",
        "grouped" => "grouped by",
        "filtered" => "used in a condition",
        "sorted" => "sorted by",
        _ => "used in an expression that can fail or take long",
    };
    let all = &explanation.statements;
    let inferred = all.iter().flat_map(|explained| &explained.inference);
    let inferred = inferred.map(|(kind, columns)| format!("{}: {}", how(kind), list(columns)));
    let spread = all.iter().map(|explained| &explained.spreads).filter(|spread| !spread.is_empty());
    let spread = spread.map(|columns| format!("written where they are not masked: {}", list(columns)));
    let told: Vec<String> = inferred.chain(spread).collect();
    (!told.is_empty()).then(|| format!("Masked columns in this statement, {}.", told.join("; ")))
}

/// What the agent is told.
pub(super) fn denied(policies: &[String], reason: &str, explanation: &Explanation) -> Refusal {
    if let Some(why) = &explanation.unparsed {
        return Refusal::new(code::DENIED, format!("the gate cannot tell what this statement does: {why}"))
            .detail(format!("Text whose meaning is not known needs the action `unparsed`: {reason}."))
            .hint("write it in plain SQL with tables that exist, one thing at a time");
    }
    let message = match policies {
        [] => format!("denied by policy: {reason}"),
        [one] => format!("denied by policy `{one}`: {reason}"),
        more => format!("denied by policies `{}`: {reason}", more.join("`, `")),
    };
    let mut refusal = Refusal::new(code::DENIED, message)
        .hint("nothing of it ran; ask the owner of the policy, or do it another way");
    refusal.detail = used(explanation);
    refusal
}
