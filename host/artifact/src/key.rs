//! Keys of ECDSA on P-256 with SHA-256, in PEM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{DerSignature, Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _, LineEnding};

use crate::digest::Digest;
use crate::fault::{Error, Result};

/// Signs.
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

/// Verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey")
    }
}

impl PrivateKey {
    /// From PKCS #8 (`BEGIN PRIVATE KEY`) or SEC 1 (`BEGIN EC PRIVATE KEY`).
    pub fn from_pem(pem: &str) -> Result<Self> {
        if pem.contains("ENCRYPTED") {
            let how =
                "it is encrypted; give it decrypted, by a file that only you can read or by the environment";
            return Err(Error::Key(how.to_owned()));
        }
        let pkcs8 = SigningKey::from_pkcs8_pem(pem).ok();
        let key = pkcs8.or_else(|| p256::SecretKey::from_sec1_pem(pem).ok().map(SigningKey::from));
        // Never what the text was.
        key.map(Self).ok_or_else(|| {
            let how = "it is no private key of P-256 in PEM; \
                       `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` makes one";
            Error::Key(how.to_owned())
        })
    }

    /// What verifies what this signs.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }

    /// A signature (RFC 6979: the same for the same message), in DER and base64.
    pub(crate) fn sign(&self, message: &[u8]) -> String {
        let signature: Signature = self.0.sign(message);
        STANDARD.encode(signature.to_der().as_bytes())
    }
}

impl PublicKey {
    /// From a SubjectPublicKeyInfo (`BEGIN PUBLIC KEY`).
    pub fn from_pem(pem: &str) -> Result<Self> {
        if pem.contains("PRIVATE KEY") {
            return Err(Error::Key(
                "it is a private key; the public one verifies (`openssl pkey -pubout`)".to_owned(),
            ));
        }
        VerifyingKey::from_public_key_pem(pem)
            .map(Self)
            .map_err(|_| Error::Key("it is no public key of P-256 in PEM".to_owned()))
    }

    /// The same as text.
    pub fn to_pem(&self) -> Result<String> {
        self.0.to_public_key_pem(LineEnding::LF).map_err(|cause| Error::Key(cause.to_string()))
    }

    /// By which people tell keys apart: SHA-256 of the SubjectPublicKeyInfo.
    pub fn fingerprint(&self) -> Result<Digest> {
        let der = self.0.to_public_key_der().map_err(|cause| Error::Key(cause.to_string()))?;
        Ok(Digest::of(der.as_bytes()))
    }

    /// Whether the signature (base64 of DER) is this key's, of this message.
    pub(crate) fn verify(&self, message: &[u8], signature: &str, at: &str) -> Result<()> {
        let bytes =
            STANDARD.decode(signature).map_err(|_| Error::wrong(at, "its signature is not base64"))?;
        let signature =
            DerSignature::from_bytes(&bytes).map_err(|_| Error::wrong(at, "its signature is malformed"))?;
        self.0.verify(message, &signature).map_err(|_| {
            Error::wrong(at, "its signature is not of this key: it was changed, or another key signed it")
        })
    }
}
