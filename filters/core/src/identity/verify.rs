//! Verification of one token.

use std::fmt;

use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};

use crate::bundle::Provider;
use crate::time::{Millis, seconds};

/// Longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 16 * 1024;

/// Algorithms that a provider may name. HS* is not among them: a JWKS holds public keys.
const ALGORITHMS: [(&str, Algorithm); 9] = [
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

/// A verified agent or person.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// Groups, from the provider's groups claim.
    pub groups: Vec<String>,
    /// All claims.
    pub claims: Map<String, Value>,
    /// `exp`: when the session must end.
    pub expires_at: Millis,
}

/// Why a token does not verify, in words for a person. Never holds any part of the token but its
/// unverified issuer, algorithm and key id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not three base64url parts with JSON in them.
    Malformed,
    /// Too long.
    TooLong,
    /// `alg` is not one that the provider's configuration accepts.
    Algorithm(String),
    /// No provider has this issuer.
    Issuer(String),
    /// No key of the provider has this key id.
    Key(Option<String>),
    /// The signature does not verify.
    Signature,
    /// Past its `exp`.
    Expired {
        /// Seconds since.
        ago_s: u64,
    },
    /// Before its `nbf`.
    NotYetValid,
    /// For another audience.
    Audience,
    /// A required claim is missing or of the wrong type.
    Claim(String),
}

impl Refusal {
    /// Whether a fresher JWKS might change the answer.
    #[must_use]
    pub fn is_unknown_key(&self) -> bool {
        matches!(self, Self::Key(_))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => {
                f.write_str("the password is not a JSON Web Token (three base64url parts joined by dots)")
            }
            Self::TooLong => write!(f, "the token is longer than {MAX_TOKEN} bytes"),
            Self::Algorithm(alg) => write!(f, "the token's signature algorithm `{alg}` is not accepted"),
            Self::Issuer(issuer) => {
                write!(f, "the token's issuer `{issuer}` is not a configured identity provider")
            }
            Self::Key(Some(kid)) => write!(f, "the identity provider has no usable key `{kid}`"),
            Self::Key(None) => {
                f.write_str("the token names no key and none of the identity provider's keys fits")
            }
            Self::Signature => f.write_str("the token's signature does not verify"),
            Self::Expired { ago_s } => write!(f, "the token expired {ago_s} seconds ago"),
            Self::NotYetValid => f.write_str("the token is not valid yet"),
            Self::Audience => f.write_str("the token was issued for another audience"),
            Self::Claim(name) => write!(f, "the token's claim `{name}` is missing or malformed"),
        }
    }
}

impl std::error::Error for Refusal {}

struct Key {
    kid: Option<String>,
    alg: Option<String>,
    key: DecodingKey,
}

struct Trusted {
    provider: Provider,
    keys: Vec<Key>,
}

/// Verifies tokens against the providers of a bundle.
pub struct Verifier {
    trusted: Vec<Trusted>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({} providers)", self.trusted.len())
    }
}

impl Verifier {
    /// Takes over providers and their keys. Keys of unknown kinds are passed over, as RFC 7517 section 5 asks.
    ///
    /// # Errors
    /// Says which provider cannot be used and why: no audience, no or unknown algorithm, a JWKS that is none.
    pub fn new(providers: &[Provider]) -> Result<Self, String> {
        let mut trusted = Vec::with_capacity(providers.len());
        for provider in providers {
            let name = &provider.issuer;
            if provider.audiences.is_empty() {
                return Err(format!("provider `{name}` names no audience"));
            }
            if provider.algorithms.is_empty() {
                return Err(format!("provider `{name}` names no algorithm"));
            }
            if let Some(alg) = provider.algorithms.iter().find(|alg| algorithm(alg).is_none()) {
                return Err(format!("provider `{name}` names the algorithm `{alg}`, which is not supported"));
            }
            let keys = provider
                .jwks
                .get("keys")
                .and_then(Value::as_array)
                .ok_or_else(|| format!("the JWKS of provider `{name}` has no list `keys`"))?;
            trusted.push(Trusted {
                provider: provider.clone(),
                keys: keys.iter().filter_map(usable_key).collect(),
            });
        }
        Ok(Self { trusted })
    }

    /// Who it is whose token somebody else verified, by its claims. All but the signature is checked here too.
    ///
    /// # Errors
    /// [`Refusal`] says why not.
    pub fn vouched(&self, claims: Map<String, Value>, now: Millis) -> Result<Identity, Refusal> {
        let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
        self.trusted(issuer)?.identity(claims, now)
    }

    fn trusted(&self, issuer: &str) -> Result<&Trusted, Refusal> {
        let trusted = self.trusted.iter().find(|trusted| trusted.provider.issuer == issuer);
        trusted.ok_or_else(|| Refusal::Issuer(issuer.chars().take(200).collect()))
    }

    /// Verifies a token at a time.
    ///
    /// # Errors
    /// [`Refusal`] says why not.
    pub fn verify(&self, token: &str, now: Millis) -> Result<Identity, Refusal> {
        if token.len() > MAX_TOKEN {
            return Err(Refusal::TooLong);
        }
        let Ok(header) = decode_header(token) else {
            return Err(unreadable_header(token));
        };
        if header.crit.is_some() {
            // RFC 7515 section 4.1.11: extensions that must be understood, and none is.
            return Err(Refusal::Malformed);
        }
        let unverified: Map<String, Value> =
            jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| Refusal::Malformed)?;
        let issuer = unverified.get("iss").and_then(Value::as_str).unwrap_or_default();
        let trusted = self.trusted(issuer)?;
        let alg = ALGORITHMS.iter().find(|(_, alg)| *alg == header.alg).map(|(name, _)| *name);
        let Some(alg) = alg.filter(|alg| trusted.provider.algorithms.iter().any(|a| a == alg)) else {
            return Err(Refusal::Algorithm(format!("{:?}", header.alg)));
        };
        let claims = trusted.signed_claims(token, header.alg, alg, header.kid.as_deref())?;
        trusted.identity(claims, now)
    }
}

impl Trusted {
    /// The claims, once one of the fitting keys verifies the signature.
    fn signed_claims(
        &self,
        token: &str,
        algorithm: Algorithm,
        alg: &str,
        kid: Option<&str>,
    ) -> Result<Map<String, Value>, Refusal> {
        let mut validation = Validation::new(algorithm);
        // Claims are checked below, against the caller's time.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let mut tried = false;
        let fitting = self.keys.iter().filter(|key| {
            key.key.family() == algorithm.family()
                && key.alg.as_deref().is_none_or(|only| only == alg)
                && kid.is_none_or(|kid| key.kid.as_deref() == Some(kid))
        });
        // A token without a key id is tried against a few keys only: a signature check is not cheap.
        for key in fitting.take(8) {
            tried = true;
            if let Ok(data) = decode::<Map<String, Value>>(token, &key.key, &validation) {
                return Ok(data.claims);
            }
        }
        Err(if tried {
            Refusal::Signature
        } else {
            Refusal::Key(kid.map(|kid| kid.chars().take(200).collect()))
        })
    }

    fn identity(&self, claims: Map<String, Value>, now: Millis) -> Result<Identity, Refusal> {
        let provider = &self.provider;
        let now = seconds(now);
        let expires = numeric_date(&claims, "exp")?.ok_or_else(|| Refusal::Claim("exp".to_owned()))?;
        if expires.saturating_add(provider.leeway_s) <= now {
            return Err(Refusal::Expired { ago_s: now.saturating_sub(expires) });
        }
        if numeric_date(&claims, "nbf")?.is_some_and(|nbf| nbf > now.saturating_add(provider.leeway_s)) {
            return Err(Refusal::NotYetValid);
        }
        let for_us =
            |aud: &Value| aud.as_str().is_some_and(|aud| provider.audiences.iter().any(|a| a == aud));
        let audience_fits = match claims.get("aud") {
            Some(Value::Array(list)) => list.iter().any(for_us),
            Some(one) => for_us(one),
            None => false,
        };
        if !audience_fits {
            return Err(Refusal::Audience);
        }
        let subject = claims.get("sub").and_then(Value::as_str).filter(|sub| !sub.is_empty());
        let subject = subject.ok_or_else(|| Refusal::Claim("sub".to_owned()))?.to_owned();
        if let Some(missing) = provider.required_claims.iter().find(|name| !claims.contains_key(*name)) {
            return Err(Refusal::Claim(missing.clone()));
        }
        let claims_value = Value::Object(claims);
        let mut groups = match claims_value.pointer(&provider.groups_claim) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(list)) => list.iter().filter_map(|g| g.as_str().map(str::to_owned)).collect(),
            Some(_) => return Err(Refusal::Claim(provider.groups_claim.clone())),
        };
        let Value::Object(claims) = claims_value else { return Err(Refusal::Malformed) };
        for group in provider.groups.iter().filter(|rule| rule.fits(&claims)).flat_map(|rule| &rule.groups) {
            if !groups.contains(group) {
                groups.push(group.clone());
            }
        }
        Ok(Identity {
            issuer: provider.issuer.clone(),
            subject,
            groups,
            claims,
            expires_at: expires.saturating_add(provider.leeway_s).saturating_mul(1000),
        })
    }
}

/// A NumericDate claim (RFC 7519 section 2: seconds, fractions allowed); `None` where there is none.
fn numeric_date(claims: &Map<String, Value>, name: &str) -> Result<Option<u64>, Refusal> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => match (value.as_u64(), value.as_f64()) {
            (Some(whole), _) => Ok(Some(whole)),
            (None, Some(fraction)) if fraction >= 0.0 => Ok(Some(fraction as u64)),
            _ => Err(Refusal::Claim(name.to_owned())),
        },
    }
}

fn algorithm(name: &str) -> Option<Algorithm> {
    ALGORITHMS.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
}

fn usable_key(jwk: &Value) -> Option<Key> {
    let parsed: Jwk = serde_json::from_value(jwk.clone()).ok()?;
    if matches!(parsed.common.public_key_use, Some(PublicKeyUse::Encryption)) || jwk.get("kty")? == "oct" {
        return None;
    }
    let key = DecodingKey::from_jwk(&parsed).ok()?;
    let alg = jwk.get("alg").and_then(Value::as_str).map(str::to_owned);
    Some(Key { kid: parsed.common.key_id, alg, key })
}

/// Tells an unknown algorithm (`none` among them) from garbage.
fn unreadable_header(token: &str) -> Refusal {
    use base64::Engine as _;
    let mut parts = token.split('.');
    let header = parts.next().unwrap_or_default();
    if parts.count() != 2 {
        return Refusal::Malformed;
    }
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    match serde_json::from_slice::<Value>(&header)
        .ok()
        .as_ref()
        .and_then(|h| h.get("alg"))
        .and_then(Value::as_str)
    {
        Some(alg) if algorithm(alg).is_none() => Refusal::Algorithm(alg.chars().take(32).collect()),
        _ => Refusal::Malformed,
    }
}
