//! The allocator of whatever is linked with this crate as wasm. A syntax tree is made of a thousand small pieces, and the
//! allocator that comes with the target takes long for each.
#![cfg(target_family = "wasm")]

use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();
