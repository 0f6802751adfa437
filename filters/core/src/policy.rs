//! Policy: Cedar decides about every (action, resource) that a command touches.

mod engine;
mod http;
mod vocabulary;

pub use engine::{
    ApprovalRule, Context, Denial, Engine, EngineError, Statement, Verdict, duration_s, rfc3339,
};
pub use http::Request;
pub use vocabulary::{Action, Target};

/// The Cedar schema of Gatewright's vocabulary, in Cedar's own text form. The host validates policies
/// against it; the filter evaluates without.
pub const SCHEMA: &str = include_str!("policy/gatewright.cedarschema");
