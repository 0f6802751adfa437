//! The harness of the end-to-end suites, which `cargo xtask demo` uses as well.

pub mod account;
pub mod tools;
