//! TLS on both sides, as PostgreSQL's protocol begins it (protocol documentation, "SSL Session Encryption"): by
//! SSLRequest, or directly with ALPN `postgresql`. The filters see plain bytes.

mod client;
mod http;
mod peer;
mod server;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub(super) use client::Client;
pub use client::{ClientSide, Tls};
pub use server::{Begin, ServerSide};

const ALPN: &[u8] = b"postgresql";
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds something else.
    #[error("`{0}`: {1}")]
    File(PathBuf, String),
    /// What the files hold does not go together.
    #[error("{0}")]
    Config(String),
}

impl TlsError {
    pub(super) fn config(error: impl fmt::Display) -> Self {
        Self::Config(error.to_string())
    }
}

/// A certificate and its key, in PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The chain, the own certificate first.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Identity {
    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| TlsError::File(self.key.clone(), error.to_string()))?;
        Ok((certificates(&self.certificate)?, key))
    }
}

pub(super) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

pub(super) fn roots(ca: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| TlsError::File(path.to_owned(), error.to_string()))?;
            }
        }
        None => {
            // What cannot be used is left out, as everywhere.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(TlsError::Config(
                    "this machine trusts no certificate authority: name one".to_owned(),
                ));
            }
        }
    }
    Ok(roots)
}

pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |error: rustls::pki_types::pem::Error| TlsError::File(path.to_owned(), error.to_string());
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    if found.is_empty() {
        return Err(TlsError::File(path.to_owned(), "there is no certificate in it".to_owned()));
    }
    Ok(found)
}
