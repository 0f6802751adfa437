//! Certificates for TLS, made with OpenSSL as its manual says.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::run;
use crate::scratch::Scratch;

/// Somebody who issues certificates.
#[derive(Debug)]
pub struct Authority {
    scratch: Scratch,
}

/// A certificate and its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// PEM.
    pub certificate: PathBuf,
    /// PEM.
    pub key: PathBuf,
}

impl Authority {
    /// A new one.
    pub fn new() -> Result<Self> {
        let authority = Self { scratch: Scratch::new("authority")? };
        let (certificate, key) = (authority.certificate(), authority.key());
        openssl(|command| {
            command
                .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
                .args(["-days", "2", "-subj", "/CN=authority", "-keyout"])
                .arg(&key)
                .arg("-out")
                .arg(&certificate)
        })?;
        Ok(authority)
    }

    /// Its own certificate.
    pub fn certificate(&self) -> PathBuf {
        self.scratch.join("ca.pem")
    }

    fn key(&self) -> PathBuf {
        self.scratch.join("ca.key")
    }

    /// A certificate with alternative names such as `IP:127.0.0.1` or `URI:spiffe://…`; `name` is that of its files.
    pub fn issue(&self, name: &str, alternative_names: &str) -> Result<Certificate> {
        let issued = Certificate {
            certificate: self.scratch.join(format!("{name}.pem")),
            key: self.scratch.join(format!("{name}.key")),
        };
        openssl(|command| {
            command
                .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
                .args(["-days", "2", "-subj", "/CN=somebody", "-CA"])
                .arg(self.certificate())
                .arg("-CAkey")
                .arg(self.key())
                .args(["-addext", "basicConstraints=critical,CA:FALSE"])
                .args(["-addext", &format!("subjectAltName={alternative_names}"), "-keyout"])
                .arg(&issued.key)
                .arg("-out")
                .arg(&issued.certificate)
        })?;
        Ok(issued)
    }
}

fn openssl(arguments: impl FnOnce(&mut Command) -> &mut Command) -> Result<()> {
    let output = run(arguments(&mut Command::new("openssl")))?;
    ensure!(output.success, "openssl failed:\n{}", output.stderr);
    Ok(())
}
