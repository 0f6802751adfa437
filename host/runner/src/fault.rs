//! What can be wrong with a filter.

use wasmtime::Trap;

/// What is wrong with a filter.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The module cannot be had, compiled or linked.
    #[error("{0}")]
    Module(String),
    /// The filter does not take its configuration.
    #[error("the filter refused its configuration in `{0}`; its log says why")]
    Refused(&'static str),
    /// It trapped, or was stopped. The VM is of no use any more.
    #[error("`{callback}`: {cause}")]
    Trap {
        /// Where.
        callback: &'static str,
        /// For counting: `trap`, `interrupt`, `stack`.
        kind: &'static str,
        /// In words.
        cause: String,
    },
    /// It trapped before.
    #[error("the filter failed before")]
    Failed,
}

impl Fault {
    pub(crate) fn module(error: impl std::fmt::Display) -> Self {
        Self::Module(error.to_string())
    }

    pub(crate) fn trap(callback: &'static str, error: &wasmtime::Error) -> Self {
        let (kind, cause) = match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => ("interrupt", "it ran for too long and was stopped".to_owned()),
            Some(Trap::StackOverflow) => ("stack", "it used up its stack".to_owned()),
            Some(trap) => ("trap", trap.to_string()),
            None => ("trap", format!("{error:#}")),
        };
        Self::Trap { callback, kind, cause }
    }
}
