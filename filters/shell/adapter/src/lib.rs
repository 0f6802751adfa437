//! The layer between the sans-IO planes and proxy-wasm: host calls that do not panic, the poll for bundles, and
//! the recorder that brings events to the host. One [`Worker`] per worker thread of the proxy.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![deny(clippy::arithmetic_side_effects, clippy::string_slice, clippy::unreachable)]

pub mod cancels;
pub mod host;
pub mod hostcalls;
mod recorder;
mod settings;
mod worker;

// Linked for its allocator.
use gatewright_allocator as _;

pub use recorder::{Acknowledged, Contexts, Journal, Recorder};
pub use settings::Settings;
pub use worker::{Party, Plane, Worker};
