//! The PostgreSQL plane, sans-IO: bytes, host replies and time come in, bytes, host calls and events go out.
//!
//! [`Session`] is one connection. [`Plane`] is what all sessions of a worker share: the compiled bundle.
//! Protocol references are to PostgreSQL's documentation, chapter "Frontend/Backend Protocol".
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![deny(clippy::arithmetic_side_effects, clippy::string_slice, clippy::unreachable)]

mod explain;
mod plane;
mod refusal;
mod session;
pub mod wire;

pub use explain::{Decision, explain};
pub use plane::{Plane, PlaneError};
pub use refusal::Refusal;
pub use session::{Env, Io, Session};
