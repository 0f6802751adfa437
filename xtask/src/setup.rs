//! `cargo xtask setup`: brings what the other commands need. What is already there costs nothing.

mod browser;
mod debian;
mod faketime;
mod node;
mod postgres;
mod python;
mod wasm;

use std::time::Instant;

use anyhow::Result;

use crate::report::{seconds, step};
pub(crate) use wasm::{TARGET, WasmToolchain};

/// How much setup tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Say {
    /// Also what is there already.
    Everything,
    /// Only what it changes.
    Changes,
}

/// What the other commands need to know of it.
pub(crate) struct Ready {
    /// How to build for wasm.
    pub(crate) wasm: WasmToolchain,
}

/// Brings everything.
pub(crate) fn run(say: Say) -> Result<Ready> {
    let start = Instant::now();
    python::ensure(say)?;
    node::ensure(say)?;
    postgres::ensure(say)?;
    browser::ensure(say)?;
    faketime::ensure(say)?;
    let wasm = wasm::ensure(say)?;
    if say == Say::Everything {
        step("Finished", format!("setup in {}", seconds(start.elapsed())));
    }
    Ok(Ready { wasm })
}

/// How to build for wasm, alone.
pub(crate) fn wasm_toolchain() -> Result<WasmToolchain> {
    wasm::ensure(Say::Changes)
}

impl Say {
    fn there(self, what: impl std::fmt::Display) {
        if self == Self::Everything {
            step("Ready", what);
        }
    }
}
