//! The proxy-wasm ABI 0.2.1: its numbers, the guest's memory, and its serialized maps.

pub(crate) mod memory;
pub(crate) mod numbers;
pub(crate) mod pairs;

pub use numbers::{Action, Level, Peer, Status};
pub use pairs::Pairs;
