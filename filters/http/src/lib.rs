//! The HTTP plane, sans-IO: headers, pieces of bodies, host replies and time come in; changed headers and bodies,
//! host calls and events go out.
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![deny(clippy::arithmetic_side_effects, clippy::string_slice, clippy::unreachable)]

pub mod body;
mod fold;
pub mod headers;
pub mod json;
pub mod mcp;
pub mod path;
pub mod query;
pub mod refusal;
