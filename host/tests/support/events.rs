//! Events as filters record them.

use gatewright_core::event::Kind;

/// A session of somebody in the group `support` begins.
#[allow(dead_code, reason = "only some suites record sessions from their beginning")]
pub(crate) fn open(resource: &str, principal: &str) -> Kind {
    Kind::Open {
        resource: resource.to_owned(),
        principal: principal.to_owned(),
        issuer: "https://idp.example".to_owned(),
        groups: vec!["support".to_owned()],
        role: "support".to_owned(),
        database: "shop".to_owned(),
        source: "127.0.0.1:5".to_owned(),
        application: "psql".to_owned(),
    }
}

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
