//! What verification wants to know of an SBOM (CycloneDX, JSON).

use serde_json::Value;

use crate::digest::Digest;
use crate::fault::{Error, Result, check};

/// What it is about.
pub(crate) struct Sbom<'v>(&'v Value);

impl<'v> Sbom<'v> {
    /// Takes what is CycloneDX by its own word.
    pub(crate) fn new(value: &'v Value, at: &str) -> Result<Self> {
        check(value["bomFormat"] == "CycloneDX" && value["components"].is_array(), at, || {
            "it is no SBOM of CycloneDX".to_owned()
        })?;
        Ok(Self(value))
    }

    pub(crate) fn parse(bytes: &[u8], at: &str) -> Result<Value> {
        serde_json::from_slice(bytes).map_err(|cause| Error::wrong(at, format!("it is not JSON: {cause}")))
    }

    pub(crate) fn name(&self) -> &'v str {
        self.0["metadata"]["component"]["name"].as_str().unwrap_or_default()
    }

    pub(crate) fn version(&self) -> &'v str {
        self.0["metadata"]["component"]["version"].as_str().unwrap_or_default()
    }

    /// How many parts it names.
    pub(crate) fn components(&self) -> usize {
        self.0["components"].as_array().map_or(0, Vec::len)
    }

    /// Whether it is that of a module.
    pub(crate) fn is_of(&self, module: &Digest) -> bool {
        let hashes = self.0["metadata"]["component"]["hashes"].as_array();
        let sha256 = hashes.into_iter().flatten().filter(|hash| hash["alg"] == "SHA-256");
        let mut sha256 = sha256.map(|hash| hash["content"].as_str().unwrap_or_default());
        sha256.next() == Some(module.hex()) && sha256.next().is_none()
    }
}
