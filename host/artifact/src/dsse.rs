//! Signed statements: in-toto's, in a DSSE envelope, as `cosign verify-attestation` and `verify-blob-attestation` read them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::fault::{Error, Result, check};
use crate::key::{PrivateKey, PublicKey};

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The version that cosign writes and every version of it reads.
const STATEMENT: &str = "https://in-toto.io/Statement/v0.1";

/// A statement about things.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Statement {
    #[serde(rename = "_type")]
    pub(crate) r#type: String,
    #[serde(rename = "predicateType")]
    pub(crate) predicate_type: String,
    pub(crate) subject: Vec<Subject>,
    pub(crate) predicate: Value,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subject {
    pub(crate) name: String,
    digest: BTreeMap<String, String>,
}

impl Subject {
    pub(crate) fn new(name: &str, digest: &Digest) -> Self {
        let digest = BTreeMap::from([("sha256".to_owned(), digest.hex().to_owned())]);
        Self { name: name.to_owned(), digest }
    }

    /// Its SHA-256; a digest that fits nothing if it has none.
    pub(crate) fn sha256(&self) -> Digest {
        Digest::from_hex(self.digest.get("sha256").map_or("", String::as_str))
    }
}

impl Statement {
    pub(crate) fn new(predicate_type: &str, subject: Vec<Subject>, predicate: Value) -> Self {
        let (r#type, predicate_type) = (STATEMENT.to_owned(), predicate_type.to_owned());
        Self { r#type, predicate_type, subject, predicate }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
struct Signature {
    keyid: String,
    sig: String,
}

/// What is signed: DSSE's pre-authentication encoding.
fn encoding(payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

fn envelope(payload: &[u8], signature: String) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        payload: STANDARD.encode(payload),
        signatures: vec![Signature { keyid: String::new(), sig: signature }],
    })
}

/// A statement in its envelope.
pub(crate) fn sign(statement: &Statement, key: &PrivateKey) -> serde_json::Result<Vec<u8>> {
    let payload = serde_json::to_vec(statement)?;
    let signature = key.sign(&encoding(&payload));
    envelope(&payload, signature)
}

/// What an envelope says, once its signature holds.
pub(crate) fn open(bytes: &[u8], key: &PublicKey, at: &str) -> Result<Statement> {
    let malformed =
        |cause: serde_json::Error| Error::wrong(at, format!("it is no signed statement: {cause}"));
    let read: Envelope = serde_json::from_slice(bytes).map_err(malformed)?;
    let [signature] = read.signatures.as_slice() else {
        return Err(Error::wrong(at, "it should have one signature"));
    };
    let payload =
        STANDARD.decode(&read.payload).map_err(|_| Error::wrong(at, "its payload is not base64"))?;
    key.verify(&encoding(&payload), &signature.sig, at)?;
    // The signature says nothing about what is around the payload.
    let own = envelope(&payload, signature.sig.clone()).map_err(malformed)?;
    check(own == bytes, at, || "it is not written as it was signed".to_owned())?;
    let statement: Statement = serde_json::from_slice(&payload).map_err(malformed)?;
    check(statement.r#type == STATEMENT, at, || {
        format!("it is a statement of another kind, `{}`", statement.r#type)
    })?;
    Ok(statement)
}
