//! The catalogue: what the target's database holds, read with the target's credential.

mod connect;
mod functions;
mod masks;
mod read;
mod taint;

pub(crate) use connect::{Encryption, Source, connect, connect_briefly, connect_to_write};
pub(crate) use masks::compile;
pub(crate) use read::{Raw, fingerprint, read};
