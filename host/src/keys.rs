//! Public keys of the identity providers: fetched, refreshed, and kept when a provider does not answer.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::config::{Loaded, Provider};

/// Members of a JWK that are not public (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Largest JWKS or discovery document, in bytes.
const MAX_DOCUMENT: usize = 1 << 20;

/// The last good JWK Set of every provider, by issuer.
pub(crate) type Keys = HashMap<String, Value>;

/// An HTTP client for keys. It follows no redirects: where keys come from is what the configuration says.
pub(crate) fn client() -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("HTTP client")
}

/// Fetches the keys of every provider; a provider that fails keeps what `last` holds of it. Gives the keys and
/// what went wrong.
pub(crate) async fn fetch_all(client: &reqwest::Client, loaded: &Loaded, last: &Keys) -> (Keys, Vec<String>) {
    let mut keys = Keys::new();
    let mut faults = Vec::new();
    for provider in &loaded.config.identity.providers.value {
        let issuer = &provider.issuer.value;
        match fetch(client, &loaded.folder, provider).await {
            Ok(set) => {
                keys.insert(issuer.clone(), set);
            }
            Err(cause) => {
                faults.push(format!("the keys of `{issuer}` cannot be had: {cause:#}"));
                if let Some(set) = last.get(issuer) {
                    keys.insert(issuer.clone(), set.clone());
                }
            }
        }
    }
    (keys, faults)
}

async fn fetch(client: &reqwest::Client, folder: &Path, provider: &Provider) -> anyhow::Result<Value> {
    let jwks = &provider.jwks.value;
    let set = if let Some(path) = &jwks.file {
        let path = folder.join(path);
        let text = tokio::fs::read(&path).await.with_context(|| path.display().to_string())?;
        serde_json::from_slice(&text).with_context(|| path.display().to_string())?
    } else if let Some(url) = &jwks.url {
        document(client, &url.0).await?
    } else {
        let issuer = &provider.issuer.value;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let discovered = document(client, &url).await?;
        // OpenID Connect Discovery 1.0 section 4.3: the document must be about this very issuer.
        if discovered.get("issuer").and_then(Value::as_str) != Some(issuer) {
            bail!("{url} is not about the issuer `{issuer}`");
        }
        let Some(url) = discovered.get("jwks_uri").and_then(Value::as_str) else {
            bail!("{url} names no `jwks_uri`");
        };
        document(client, url).await?
    };
    public_keys(&set)
}

async fn document(client: &reqwest::Client, url: &str) -> anyhow::Result<Value> {
    let mut response = client.get(url).send().await?;
    if !response.status().is_success() {
        bail!("{url} answers {}", response.status());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_DOCUMENT {
            bail!("{url} answers more than {MAX_DOCUMENT} bytes");
        }
    }
    serde_json::from_slice(&body).with_context(|| format!("{url} is not JSON"))
}

/// The set without what is not public: bundles go to places that must not know it.
fn public_keys(set: &Value) -> anyhow::Result<Value> {
    let Some(keys) = set.get("keys").and_then(Value::as_array) else {
        bail!("not a JWK Set: it has no list `keys`")
    };
    let keys: Vec<Value> = keys
        .iter()
        .filter_map(Value::as_object)
        .filter(|key| key.get("kty").and_then(Value::as_str) != Some("oct"))
        .map(|key| key.iter().filter(|(name, _)| !PRIVATE.contains(&name.as_str())))
        .map(|members| Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect()))
        .collect();
    if keys.is_empty() {
        bail!("the JWK Set holds no public key");
    }
    Ok(serde_json::json!({ "keys": keys }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_public_members_leave() {
        let set = json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "secret", "kid": "1" },
            { "kty": "oct", "k": "secret" },
        ], "note": 1 });
        let public = public_keys(&set).unwrap();
        assert_eq!(public, json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "1" }] }));
        assert!(public_keys(&json!({ "keys": [] })).is_err());
        assert!(public_keys(&json!([])).is_err());
    }
}
