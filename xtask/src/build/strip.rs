//! Taking out of a module what only debuggers read: `strip` in a Cargo profile leaves the names of all functions in.

use anyhow::{Context, Result};
use wasm_encoder::{Module, RawSection};
use wasmparser::{Parser, Payload};

/// The module without its custom sections; they are a tenth of it, and every proxy reads them at its start.
pub(super) fn strip(module: &[u8]) -> Result<Vec<u8>> {
    let mut stripped = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.context("reading the module that was built")?;
        if matches!(payload, Payload::CustomSection(_)) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            let data = module.get(range).context("a section that leaves the module")?;
            stripped.section(&RawSection { id, data });
        }
    }
    Ok(stripped.finish())
}
