//! What every plane of Gatewright shares: who the agent is, what policy says, how values are masked,
//! which events are recorded, and the shapes that travel between filter and host.
//!
//! Nothing here does I/O, reads a clock, or knows a protocol: time comes in as [`time::Millis`], bytes as
//! slices. The filters compile this to wasm32, the host links the very same code.
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![deny(clippy::arithmetic_side_effects, clippy::string_slice, clippy::unreachable)]

pub mod access;
pub mod address;
pub mod api;
pub mod bundle;
pub mod call;
pub mod catalogue;
pub mod detect;
pub mod digest;
pub mod event;
pub mod explanation;
pub mod identity;
pub mod mask;
pub mod policy;
pub mod run;
pub mod time;
pub mod trace;
