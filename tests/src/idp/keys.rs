//! Signing keys, new at every start.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use jsonwebtoken::{Algorithm, EncodingKey};
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

/// The kinds of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Alg {
    /// RSA, 2048 bits.
    Rs256,
    /// ECDSA over P-256.
    #[default]
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Alg {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// As it is in a token's header.
    pub(super) fn algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

/// A key pair.
pub(super) struct Key {
    pub(super) alg: Alg,
    pub(super) kid: String,
    pub(super) private: EncodingKey,
    /// The public half, as the JWKS lists it.
    pub(super) jwk: Value,
    /// The public half as PEM, for the attack that takes it for an HMAC secret.
    pub(super) public_pem: String,
}

impl Key {
    pub(super) fn generate(alg: Alg) -> Result<Self> {
        let kid = hex::encode(rand::random::<[u8; 8]>());
        let (private, mut jwk, public_pem) = match alg {
            Alg::Rs256 => rsa_pair()?,
            Alg::Es256 => p256_pair()?,
            Alg::EdDsa => ed25519_pair()?,
        };
        jwk["kid"] = json!(kid);
        jwk["use"] = json!("sig");
        Ok(Self { alg, kid, private, jwk, public_pem })
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({:?}, {})", self.alg, self.kid)
    }
}

type Pair = (EncodingKey, Value, String);

fn rsa_pair() -> Result<Pair> {
    let key = rsa::RsaPrivateKey::new(&mut OsRng, 2048)?;
    let private = EncodingKey::from_rsa_der(key.to_pkcs1_der()?.as_bytes());
    let (n, e) = (encode(&key.n().to_bytes_be()), encode(&key.e().to_bytes_be()));
    let jwk = json!({ "kty": "RSA", "alg": "RS256", "n": n, "e": e });
    Ok((private, jwk, key.to_public_key().to_public_key_pem(LineEnding::LF)?))
}

fn p256_pair() -> Result<Pair> {
    let key = p256::SecretKey::random(&mut OsRng);
    let private = EncodingKey::from_ec_der(key.to_pkcs8_der()?.as_bytes());
    let point = key.public_key().to_encoded_point(false);
    let coordinate = |part: Option<&p256::FieldBytes>| encode(part.map(|part| &part[..]).unwrap_or_default());
    let (x, y) = (coordinate(point.x()), coordinate(point.y()));
    let jwk = json!({ "kty": "EC", "alg": "ES256", "crv": "P-256", "x": x, "y": y });
    Ok((private, jwk, key.public_key().to_public_key_pem(LineEnding::LF)?))
}

fn ed25519_pair() -> Result<Pair> {
    let key = ed25519_dalek::SigningKey::from_bytes(&rand::random());
    let private = EncodingKey::from_ed_der(key.to_pkcs8_der()?.as_bytes());
    let public = key.verifying_key();
    let jwk = json!({ "kty": "OKP", "alg": "EdDSA", "crv": "Ed25519", "x": encode(public.as_bytes()) });
    Ok((private, jwk, ed25519_dalek::pkcs8::EncodePublicKey::to_public_key_pem(&public, Default::default())?))
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
