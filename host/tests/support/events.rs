//! Events as filters record them.

use gatewright_core::event::Kind;

/// A statement without parameters, and what was decided about it by which policies.
pub(crate) fn statement(number: u64, text: &str, decision: &str, policies: &[&str]) -> Kind {
    Kind::Statement {
        statement: number,
        text: text.to_owned(),
        parameters: Vec::new(),
        decision: decision.to_owned(),
        would: None,
        policies: policies.iter().map(|&policy| policy.to_owned()).collect(),
        reason: String::new(),
        shape: None,
        explanation: None,
        explained_by: None,
        trace: None,
    }
}
