//! `cargo xtask package`: what a release is made of, for operators to push, copy and verify.

mod sbom;
mod twice;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use gatewright_artifact::layout::Image;
use gatewright_artifact::{Digest, PrivateKey, package};
use gatewright_tests::tools;

use crate::build;
use crate::command::target_dir;
use crate::report::{step, warn};
use crate::setup::{self, WasmToolchain};
use sbom::Subject;

/// The version of everything in this workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The variable that may hold the key itself, as CI systems hand out secrets.
const KEY_VARIABLE: &str = "GATEWRIGHT_SIGNING_KEY";

#[derive(Args)]
pub(crate) struct Package {
    /// Private key that signs, PEM of P-256; or the PEM itself in $GATEWRIGHT_SIGNING_KEY. Without a key nothing is signed
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Where to write; an earlier release there is replaced
    #[arg(long, value_name = "DIR", default_value = "target/package")]
    out: PathBuf,
    /// Take the modules in target/filters as they are, without building
    #[arg(long, conflicts_with = "twice")]
    built: bool,
    /// Build the modules once more in another folder, and fail unless the bytes are the same
    #[arg(long)]
    twice: bool,
}

pub(crate) fn run(asked: &Package) -> Result<()> {
    let key = key(asked)?;
    let wasm = setup::wasm_toolchain()?;
    if !asked.built {
        build::filters(wasm)?;
    }
    if asked.twice {
        twice::prove(wasm)?;
    }
    let parts = build::RELEASED.map(|(package, module)| Part::read(wasm, package, module));
    let parts = parts.into_iter().collect::<Result<Vec<_>>>()?;
    let host = sbom::of(&Subject {
        package: "gatewright",
        name: "gatewright",
        target: None,
        digest: None,
        rustc: WasmToolchain::Own.rustc_version()?,
    })?;
    let images: Vec<Image<'_>> = parts.iter().map(Part::image).collect();
    let host = (format!("gatewright{}", package::SBOM), package::lines(&host)?);
    replaceable(&asked.out)?;
    let release = package::write(&images, &[(&host.0, host.1)], VERSION, key.as_ref())?;
    release.tree.write(&asked.out)?;

    step("Packaged", format!("{VERSION} into {}", asked.out.display()));
    let modules = parts.iter().map(|part| (part.module_name, Digest::of(&part.module)));
    for line in digests(&release.images, modules) {
        println!("{:>12} {line}", "");
    }
    match key {
        Some(key) => step("Signed", format!("by the key {}", key.public().fingerprint()?)),
        None => warn(format!("nothing is signed: give a key with --key FILE or ${KEY_VARIABLE}")),
    }
    Ok(())
}

/// What each thing is known by: images by their manifests, to registries and meshes; modules, where they lie as files.
fn digests<'p>(
    images: &[(String, Digest)],
    modules: impl IntoIterator<Item = (&'p str, Digest)>,
) -> Vec<String> {
    let images = images.iter().map(|(name, digest)| format!("image {name} {digest}"));
    let modules = modules.into_iter().map(|(name, digest)| format!("module {name} {digest}"));
    images.chain(modules).collect()
}

/// An error unless the folder may be replaced: it is empty, or an earlier release.
fn replaceable(out: &Path) -> Result<()> {
    let Ok(mut entries) = out.read_dir() else { return Ok(()) };
    let is_release = build::RELEASED.iter().all(|(_, module)| out.join(module).is_file());
    if !is_release && entries.next().is_some() {
        bail!("`{}` is no earlier release, and would be replaced: name another folder", out.display());
    }
    Ok(())
}

fn key(asked: &Package) -> Result<Option<PrivateKey>> {
    let (pem, from) = match (&asked.key, env::var(KEY_VARIABLE)) {
        (Some(path), _) => {
            let shown = format!("`{}`", path.display());
            (fs::read_to_string(path).with_context(|| shown.clone())?, shown)
        }
        (None, Ok(pem)) => (pem, format!("${KEY_VARIABLE}")),
        (None, Err(_)) => return Ok(None),
    };
    Ok(Some(PrivateKey::from_pem(&pem).context(from)?))
}

/// A filter.
struct Part {
    name: String,
    module_name: &'static str,
    module: Vec<u8>,
    sbom: serde_json::Value,
}

impl Part {
    fn read(wasm: WasmToolchain, package: &str, module_name: &'static str) -> Result<Self> {
        let path = tools::filters().join(module_name);
        let module = fs::read(&path)
            .with_context(|| format!("`{}` is not built: run `cargo xtask build`", path.display()))?;
        let sbom = sbom::of(&Subject {
            package,
            name: module_name,
            target: Some(setup::TARGET),
            digest: Some(Digest::of(&module)),
            rustc: wasm.rustc_version()?,
        })?;
        // `gatewright_postgres.wasm` is in the image `gatewright-postgres`.
        let name = module_name.trim_end_matches(".wasm").replace('_', "-");
        Ok(Self { name, module_name, module, sbom })
    }

    fn image(&self) -> Image<'_> {
        Image {
            name: &self.name,
            version: VERSION,
            module_name: self.module_name,
            module: &self.module,
            sbom: &self.sbom,
        }
    }
}

/// The folder for builds that are compared.
fn elsewhere() -> PathBuf {
    target_dir().join("twice")
}

#[cfg(test)]
mod tests;
