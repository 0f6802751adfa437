//! The HTTP plane, sans-IO: heads, pieces of bodies, host replies and time come in; changed heads and bodies, host
//! calls and events go out.
//!
//! [`Exchange`] is one request and its response. [`Plane`] is what all of a worker share: the compiled bundle.
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![deny(clippy::arithmetic_side_effects, clippy::string_slice, clippy::unreachable)]

mod agent;
mod answer;
pub mod body;
mod exchange;
mod fold;
mod head;
pub mod headers;
pub mod json;
pub mod mcp;
mod metadata;
pub mod path;
mod plane;
pub mod query;
pub mod refusal;
mod reply;
pub mod verified;
mod visit;

pub use exchange::{Decision, Env, Exchange, Flow, Io, Peer, explain};
pub use head::{Change, Head, Place};
pub use plane::{Plane, PlaneError, check};
pub use reply::Reply;
pub use visit::{Recorded, Visit, Visits};
