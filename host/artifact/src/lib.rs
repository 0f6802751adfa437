//! What a release of the filters is made of, written by `cargo xtask package` and verified by `gatewright verify-artifact`:
//!
//! - an OCI image layout for each filter ([`layout`]), in the "compat" format of the WebAssembly image specification, which
//!   Istio and Envoy Gateway pull, with a signature and a signed SBOM as cosign keeps them on disk (`cosign save`);
//! - the modules and SBOMs as plain files, and a signed list of all of it ([`package`]).
//!
//! Everything is made in memory from what it is of: equal parts, equal bytes. Signatures are ECDSA on P-256, since that is
//! what stock tools verify with a plain public key (`cosign verify --key`, `openssl dgst -verify`).

mod digest;
mod dsse;
mod fault;
mod key;
mod layer;
pub mod layout;
mod oci;
pub mod package;
mod sbom;
mod tree;

pub use digest::Digest;
pub use fault::{Error, Result};
pub use key::{PrivateKey, PublicKey};
pub use tree::Tree;

#[cfg(test)]
mod tests;
