//! Tokens of the host's own: short-lived JWTs (RFC 7519) that tell the target which agent it is.

use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use gatewright_core::digest::{sha256, sha256_parts};
use gatewright_core::identity::Identity;
use gatewright_core::time::{Millis, seconds};
use serde_json::{Value, json};

use crate::config::api::Minted;
use crate::log::private_file;

const KEY_FILE: &str = "tokens.key";

/// Signs tokens.
pub(crate) struct Mint {
    key: SigningKey,
    id: String,
}

impl Mint {
    /// Reads the key of the data folder; creates it at the first start.
    pub(crate) fn open(data: &Path) -> anyhow::Result<Self> {
        let seed = private_file(&data.join(KEY_FILE), || {
            format!("{}\n", STANDARD.encode(rand::random::<[u8; 32]>()))
        })?;
        let seed = STANDARD.decode(seed.trim()).ok().and_then(|seed| <[u8; 32]>::try_from(seed).ok());
        let key = SigningKey::from_bytes(&seed.with_context(|| format!("{KEY_FILE} holds no key"))?);
        let id = thumbprint(&key);
        Ok(Self { key, id })
    }

    /// Another secret that hosts with this key have the same of.
    pub(crate) fn secret_for(&self, purpose: &str) -> [u8; 32] {
        sha256_parts([b"gatewright secret", purpose.as_bytes(), &self.key.to_bytes()])
    }

    /// The public key, as a JWK Set (RFC 7517).
    pub(crate) fn keys(&self) -> Value {
        let key = json!({
            "kty": "OKP", "crv": "Ed25519", "x": x(&self.key), "kid": self.id, "alg": "EdDSA", "use": "sig",
        });
        json!({ "keys": [key] })
    }

    /// `Bearer` with a token for one agent, and when it ends: never later than the agent's own.
    pub(crate) fn bearer(
        &self,
        issuer: &str,
        minted: &Minted,
        who: &Identity,
        now: Millis,
    ) -> (String, Millis) {
        let lifetime = u64::try_from(minted.lifetime.0.as_millis()).unwrap_or(Millis::MAX);
        let expires_at = now.saturating_add(lifetime).min(who.expires_at);
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": self.id });
        let claims = json!({
            "iss": issuer,
            "sub": who.subject,
            "aud": minted.audience,
            "iat": seconds(now),
            "exp": seconds(expires_at),
            "jti": hex::encode(rand::random::<[u8; 16]>()),
            "groups": who.groups,
            // Who says that it is this agent.
            "agent_iss": who.issuer,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = self.key.sign(signed.as_bytes()).to_bytes();
        (format!("Bearer {signed}.{}", URL_SAFE_NO_PAD.encode(signature)), expires_at)
    }
}

fn x(key: &SigningKey) -> String {
    URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes())
}

/// JWK thumbprint (RFC 7638, RFC 8037 section 2).
fn thumbprint(key: &SigningKey) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, x(key));
    URL_SAFE_NO_PAD.encode(sha256(members.as_bytes()))
}

#[cfg(test)]
mod tests {
    use gatewright_core::bundle::Provider;
    use gatewright_core::identity::Verifier;

    use super::*;
    use crate::config::values::Span;

    #[test]
    fn a_token_verifies_and_ends_with_the_agents_own() {
        let folder = tempfile::tempdir().unwrap();
        let mint = Mint::open(folder.path()).unwrap();
        let who = Identity {
            issuer: "https://idp".into(),
            subject: "ann".into(),
            groups: vec!["support".into()],
            claims: serde_json::Map::new(),
            expires_at: 1_000_000_000,
        };
        let minted = Minted { audience: "shop".into(), lifetime: Span::seconds(300) };
        let (value, expires_at) = mint.bearer("https://gate", &minted, &who, 999_900_000);
        assert_eq!(expires_at, 1_000_000_000);
        let provider = Provider {
            issuer: "https://gate".into(),
            audiences: vec!["shop".into()],
            algorithms: vec!["EdDSA".into()],
            jwks: Mint::open(folder.path()).unwrap().keys(),
            groups_claim: "/groups".into(),
            leeway_s: 0,
            required_claims: vec!["jti".into()],
            groups: Vec::new(),
        };
        let verifier = Verifier::new(&[provider]).unwrap();
        let token = value.strip_prefix("Bearer ").unwrap();
        let seen = verifier.verify(token, 999_950_000).unwrap();
        assert_eq!((seen.subject.as_str(), seen.groups.as_slice()), ("ann", who.groups.as_slice()));
        assert!(verifier.verify(token, 1_000_001_000).is_err());
    }
}
