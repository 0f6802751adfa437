//! Filters of others: the examples that the crate `proxy-wasm` had in it until 0.1.4, for the tests of `gatewright run`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use gatewright_tests::tools;
use serde_json::Value;

use super::{Place, wasm_target_dir};
use crate::command::{cargo, output, run};
use crate::report::step;
use crate::setup::{self, WasmToolchain};

const SDK: &str = "0.1.4";

/// Their names in the crate.
const EXAMPLES: [&str; 5] = ["hello_world", "http_auth_random", "http_body", "http_config", "http_headers"];

/// Size over speed, as the examples' own instructions have it but for that.
const WORKSPACE: &str = r#"[workspace]
resolver = "2"
members = ["sdk", @members]

[profile.release]
opt-level = "s"
lto = true
panic = "abort"
strip = true
"#;

const PACKAGE: &str = r#"[package]
name = "@name"
version = "0.0.0"
edition = "2018"

[lib]
crate-type = ["cdylib"]
path = "lib.rs"

[dependencies]
proxy-wasm = "=@sdk"
cfg-if = "1"
chrono = { version = "0.4", default-features = false, features = ["clock"] }
getrandom = "0.2"
log = "0.4"
"#;

/// The example as it is. It was written for a target whose modules begin with `_start`; those of WASI's reactors are
/// initialised, and then their `main` is called.
const LIBRARY: &str = r#"#[path = "@example"]
mod example;

#[no_mangle]
pub extern "C" fn main(_: i32, _: i32) -> i32 {
    example::_start();
    0
}
"#;

/// Builds them, unless they are there.
pub(super) fn build(wasm: WasmToolchain) -> Result<()> {
    let public = |name: &str| tools::filters().join(format!("stranger_{name}.wasm"));
    let marker = tools::filters().join("strangers.txt");
    let wanted = [SDK, WORKSPACE, PACKAGE, LIBRARY, &EXAMPLES.join(" ")].concat();
    if fs::read_to_string(&marker).is_ok_and(|built| built == wanted)
        && EXAMPLES.iter().all(|name| public(name).is_file())
    {
        return Ok(());
    }
    step("Building", format!("the examples of proxy-wasm {SDK}"));
    let folder = wasm_target_dir().join("strangers");
    fs::create_dir_all(folder.join("sdk"))?;
    let members = EXAMPLES.map(|name| format!("\"{name}\"")).join(", ");
    fs::write(folder.join("Cargo.toml"), WORKSPACE.replace("@members", &members))?;
    // A package first that only wants the SDK, since where its source is must be known for the others.
    let sdk = PACKAGE.replace("@name", "sdk").replace("@sdk", SDK);
    fs::write(folder.join("sdk/Cargo.toml"), sdk)?;
    fs::write(folder.join("sdk/lib.rs"), "")?;
    for name in EXAMPLES {
        fs::create_dir_all(folder.join(name))?;
        fs::write(folder.join(name).join("lib.rs"), "")?;
        let package = PACKAGE.replace("@name", name).replace("@sdk", SDK);
        fs::write(folder.join(name).join("Cargo.toml"), package)?;
    }
    let examples = examples(cargo().current_dir(&folder))?;
    for name in EXAMPLES {
        let path = examples.join(format!("{name}.rs"));
        let library = LIBRARY.replace("@example", &path.display().to_string());
        fs::write(folder.join(name).join("lib.rs"), library)?;
    }
    let target = wasm_target_dir().join("strangers-target");
    run(wasm
        .cargo("build", &Place::here()?)?
        .current_dir(&folder)
        .args(["--quiet", "--release", "--workspace", "--exclude", "sdk", "--target-dir"])
        .arg(&target))?;
    for name in EXAMPLES {
        let built = target.join(setup::TARGET).join("release").join(format!("{name}.wasm"));
        let built = fs::read(&built).with_context(|| format!("reading `{}`", built.display()))?;
        super::publish(&built, &public(name))?;
    }
    fs::write(&marker, wanted).with_context(|| format!("writing `{}`", marker.display()))
}

/// The folder of the SDK's examples, which its crate brings along.
fn examples(cargo: &mut Command) -> Result<PathBuf> {
    let metadata: Value = serde_json::from_str(&output(cargo.args(["metadata", "--format-version", "1"]))?)?;
    let packages = metadata["packages"].as_array().context("Cargo tells of no packages")?;
    let sdk = packages.iter().find(|package| package["name"] == "proxy-wasm" && package["version"] == SDK);
    let manifest =
        sdk.and_then(|sdk| sdk["manifest_path"].as_str()).context("Cargo knows no `proxy-wasm`")?;
    Ok(PathBuf::from(manifest).with_file_name("examples"))
}
