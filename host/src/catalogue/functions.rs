//! Functions of which the configuration says that their result depends on their arguments only.

use gatewright_core::catalogue::{UserFunction, Volatility};
use serde_saphyr::Spanned;

use crate::config::{FunctionName, Resource};

/// Marks the functions that the configuration declares and that their owner calls IMMUTABLE. Two have to say so: the
/// one word alone could be a mistake, and may be outdated once somebody replaces the function.
///
/// What is declared and not IMMUTABLE stays opaque, with a warning. It is no fault, because the last bundle would stay
/// in force then, in which it was harmless.
///
/// # Errors
/// Every name that is no function's: it could be a typo.
pub(super) fn declare(functions: &mut [UserFunction], resource: &Resource) -> Vec<String> {
    let mut faults = Vec::new();
    for Spanned { value: declared, referenced, .. } in &resource.functions {
        let is_meant = |f: &&mut UserFunction| f.schema == declared.schema && f.name == declared.name;
        match functions.iter_mut().find(is_meant) {
            Some(function) if function.volatility == Volatility::Immutable => function.harmless = true,
            Some(function) => tracing::warn!(
                resource = resource.name.value.0,
                function = %declared,
                language = function.language,
                "is declared in `functions`, but not every function of that name is IMMUTABLE: its results stay \
                 masked, and calls need a permission"
            ),
            None => faults.push(unknown(declared, referenced.line(), &resource.database)),
        }
    }
    faults
}

fn unknown(declared: &FunctionName, line: u64, database: &str) -> String {
    format!("`functions` names `{declared}` (line {line}), which does not exist in database `{database}`")
}
