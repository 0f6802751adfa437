//! Where the identity of an API's agents comes from.

use std::collections::BTreeMap;
use std::fmt;

use gatewright_core::bundle::http;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Where an agent's identity comes from: a word, or a word with what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// `Authorization: Bearer`.
    Bearer,
    /// A header that holds the token alone.
    Header(String),
    /// A cookie that holds the token alone.
    Cookie(String),
    /// The client certificate's SPIFFE ID.
    Mtls(Mtls),
    /// A token that Envoy's own filter `jwt_authn` verified.
    JwtAuthn(JwtAuthn),
}

/// The client certificate's SPIFFE ID.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mtls {
    /// Beginnings of SPIFFE IDs, to groups.
    #[serde(default)]
    pub(crate) groups: BTreeMap<String, Vec<String>>,
}

/// A token that Envoy's own filter `jwt_authn` verified.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JwtAuthn {
    /// `payload_in_metadata` of that filter's provider.
    #[serde(default = "payload")]
    pub(crate) payload_in_metadata: String,
}

fn payload() -> String {
    "jwt_payload".to_owned()
}

/// With all that it needs.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Given {
    Bearer,
    Header(String),
    Cookie(String),
    Mtls(Mtls),
    JwtAuthn(JwtAuthn),
}

impl From<Given> for Identity {
    fn from(given: Given) -> Self {
        match given {
            Given::Bearer => Self::Bearer,
            Given::Header(name) => Self::Header(name),
            Given::Cookie(name) => Self::Cookie(name),
            Given::Mtls(mtls) => Self::Mtls(mtls),
            Given::JwtAuthn(verified) => Self::JwtAuthn(verified),
        }
    }
}

impl<'de> Deserialize<'de> for Identity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Source)
    }
}

struct Source;

impl<'de> Visitor<'de> for Source {
    type Value = Identity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`bearer`, `header: NAME`, `cookie: NAME`, `mtls` or `jwt_authn`")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Identity, E> {
        match word {
            "mtls" => Ok(Identity::Mtls(Mtls::default())),
            "jwt_authn" => Ok(Identity::JwtAuthn(JwtAuthn { payload_in_metadata: payload() })),
            word => Given::deserialize(StrDeserializer::new(word)).map(Identity::from),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Identity, A::Error> {
        Given::deserialize(MapAccessDeserializer::new(map)).map(Identity::from)
    }
}

impl Identity {
    /// As the filter takes it.
    pub(crate) fn compiled(&self) -> http::IdentitySource {
        match self {
            Self::Bearer => http::IdentitySource::Bearer {},
            Self::Header(name) => http::IdentitySource::Header { name: name.to_ascii_lowercase() },
            Self::Cookie(name) => http::IdentitySource::Cookie { name: name.clone() },
            Self::Mtls(mtls) => http::IdentitySource::Mtls { groups: mtls.groups.clone() },
            Self::JwtAuthn(verified) => {
                http::IdentitySource::JwtAuthn { payload: verified.payload_in_metadata.clone() }
            }
        }
    }

    /// Whether the proxy may vouch for an agent of that issuer, instead of a token that the host can verify.
    pub(crate) fn vouches_for(&self, issuer: &str) -> bool {
        match self {
            Self::Mtls(_) => issuer.starts_with("spiffe://"),
            Self::JwtAuthn(_) => !issuer.starts_with("spiffe://"),
            Self::Bearer | Self::Header(_) | Self::Cookie(_) => false,
        }
    }
}
