//! Tokens: good ones, and the forgeries that everybody who reads about JWTs tries first.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};

use super::keys::{Alg, Key};
use super::{AUDIENCE, Idp};

/// What a token says, beyond its subject and groups.
#[derive(Debug, Clone)]
pub struct TokenOptions {
    /// Which key signs it.
    pub alg: Alg,
    /// `exp`, in seconds from now; negative is in the past.
    pub expires_in: i64,
    /// `nbf`, in seconds from now.
    pub not_before: Option<i64>,
    /// `aud`.
    pub audience: String,
    /// `iss`, if not the provider's own.
    pub issuer: Option<String>,
    /// `kid` in the header, if not the key's own.
    pub kid: Option<String>,
    /// More claims. A claim that is `null` here is left out of the token.
    pub claims: Map<String, Value>,
}

impl Default for TokenOptions {
    fn default() -> Self {
        Self {
            alg: Alg::default(),
            expires_in: 3600,
            not_before: None,
            audience: AUDIENCE.to_owned(),
            issuer: None,
            kid: None,
            claims: Map::new(),
        }
    }
}

/// A token that must not be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgery {
    /// `alg: none` and no signature.
    AlgNone,
    /// HS256, with the PEM of the RSA public key as the secret.
    PublicKeyAsSecret,
    /// Good, but expired two hours ago.
    Expired,
    /// Good, but for somebody else.
    ForeignAudience,
    /// Good, but of an issuer that is not configured.
    ForeignIssuer,
    /// Good, but valid only from tomorrow on.
    NotYetValid,
    /// Signed by a key of the same `kid` that is not the provider's.
    ForeignKey,
    /// The groups were changed after signing.
    ChangedClaims,
    /// No token at all.
    Garbage,
}

impl Forgery {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::AlgNone,
        Self::PublicKeyAsSecret,
        Self::Expired,
        Self::ForeignAudience,
        Self::ForeignIssuer,
        Self::NotYetValid,
        Self::ForeignKey,
        Self::ChangedClaims,
        Self::Garbage,
    ];
}

pub(super) fn claims(issuer: &str, subject: &str, groups: &[&str], options: &TokenOptions) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() as i64);
    let mut claims = json!({
        "iss": options.issuer.as_deref().unwrap_or(issuer),
        "sub": subject,
        "aud": options.audience,
        "iat": now,
        "exp": now + options.expires_in,
        "groups": groups,
    });
    if let Some(seconds) = options.not_before {
        claims["nbf"] = json!(now + seconds);
    }
    if let Value::Object(claims) = &mut claims {
        claims.extend(options.claims.clone());
        claims.retain(|_, value| !value.is_null());
    }
    claims
}

pub(super) fn sign(key: &Key, claims: &Value, options: &TokenOptions) -> Result<String> {
    let mut header = Header::new(key.alg.algorithm());
    header.kid = Some(options.kid.clone().unwrap_or_else(|| key.kid.clone()));
    Ok(jsonwebtoken::encode(&header, claims, &key.private)?)
}

pub(super) fn forge(idp: &Idp, subject: &str, groups: &[&str], forgery: Forgery) -> Result<String> {
    let mut options = TokenOptions::default();
    match forgery {
        Forgery::Expired => options.expires_in = -7200,
        Forgery::ForeignAudience => options.audience = "somebody-else".to_owned(),
        Forgery::ForeignIssuer => options.issuer = Some("https://idp.example.com".to_owned()),
        Forgery::NotYetValid => options.not_before = Some(86_400),
        Forgery::AlgNone => {
            let claims = claims(&idp.issuer, subject, groups, &options);
            return Ok(format!("{}.{}.", part(&json!({ "alg": "none", "typ": "JWT" })), part(&claims)));
        }
        Forgery::PublicKeyAsSecret => {
            let keys = idp.keys();
            let key = idp.newest(&keys, Alg::Rs256)?;
            let mut header = Header::new(Algorithm::HS256);
            header.kid = Some(key.kid.clone());
            let secret = EncodingKey::from_secret(key.public_pem.as_bytes());
            let claims = claims(&idp.issuer, subject, groups, &options);
            return Ok(jsonwebtoken::encode(&header, &claims, &secret)?);
        }
        Forgery::ForeignKey => {
            let kid = idp.newest(&idp.keys(), options.alg)?.kid.clone();
            options.kid = Some(kid);
            let claims = claims(&idp.issuer, subject, groups, &options);
            return sign(&Key::generate(options.alg)?, &claims, &options);
        }
        Forgery::ChangedClaims => {
            let token = idp.token_with(subject, &[], &options)?;
            let claims = claims(&idp.issuer, subject, groups, &options);
            let mut parts: Vec<&str> = token.split('.').collect();
            let changed = part(&claims);
            if let Some(middle) = parts.get_mut(1) {
                *middle = &changed;
            }
            return Ok(parts.join("."));
        }
        Forgery::Garbage => return Ok("correct horse battery staple".to_owned()),
    }
    idp.token_with(subject, groups, &options)
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
