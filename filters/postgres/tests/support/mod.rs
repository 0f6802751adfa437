//! A bundle, tokens and messages to converse with a session, without any server.
#![allow(dead_code, unreachable_pub, reason = "a module of several suites, each of which uses its part")]

mod native;
mod player;
// Fuzzing looks for what the library alone does wrong: fast, and without a built filter.
#[cfg_attr(fuzzing, path = "no_wasm.rs")]
pub mod wasm;

use std::rc::Rc;
use std::str::FromStr as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use gatewright_core::bundle::{
    ApprovalMode, Approvals, Bundle, Enforcement, FORMAT, Limits, Provider, Recording, RecordingMode,
    Resource, Role, VERSION,
};
use gatewright_core::catalogue::{Catalogue, Column, MaskedColumn, Relation, RelationKind, Taint};
use gatewright_core::detect;
use gatewright_core::mask::Method;
use gatewright_postgres::Plane;
use serde_json::json;

pub use player::{Outcome, Step, play};

/// Now, in every conversation.
pub const NOW: u64 = 1_800_000_000_000;
/// OID of `customers`.
pub const CUSTOMERS: u32 = 20_000;

const POLICIES: &str = r#"
@id("connect") permit (principal, action == Action::"connect", resource) when { context.role == "support" };
@id("read") permit (principal, action == Action::"select", resource);
@id("insert") permit (principal, action in [Action::"insert", Action::"copy_in", Action::"copy_out"], resource);
@id("call") permit (principal, action == Action::"call", resource);
@id("alter") permit (principal, action == Action::"alter", resource);
@id("set") permit (principal, action == Action::"set", resource);
@id("delete") @approvers("dba") @reason("deleting needs a dba") @expires("15m")
permit (principal, action == Action::"delete", resource) when { context.approved };
@id("no-ddl") @reason("nobody may run DDL") forbid (principal, action in [Action::"create", Action::"drop"], resource);
@id("no-copy") @reason("masked values stay where they are")
forbid (principal, action == Action::"insert", resource) when { !context.spreads.isEmpty() };
"#;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// A token for that subject.
pub fn token(subject: &str, expires: u64) -> String {
    let claims = json!({"iss": "https://idp", "aud": "gatewright", "sub": subject, "groups": ["support"], "exp": expires});
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","kid":"k"}"#),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()).to_bytes());
    format!("{signed}.{signature}")
}

/// The bundle of these suites.
pub fn bundle(mode: RecordingMode, approvals: ApprovalMode) -> Bundle {
    let x = URL_SAFE_NO_PAD.encode(key().verifying_key().to_bytes());
    let column =
        |name: &str, attnum, taint| Column { name: name.into(), attnum, type_oid: 25, taint, derived: false };
    let policies = cedar_policy::PolicySet::from_str(POLICIES).expect("policies parse");
    // Ids as the host gives them: from `@id`.
    let mut named = cedar_policy::PolicySet::new();
    for policy in policies.policies() {
        let id = cedar_policy::PolicyId::new(policy.annotation("id").expect("every policy has an id"));
        named.add(policy.new_id(id)).expect("ids differ");
    }
    Bundle {
        format: FORMAT,
        version: VERSION.to_owned(),
        digest: format!("{mode:?}-{approvals:?}"),
        resource: Resource {
            name: "shop".into(),
            database: "shop".into(),
            roles: vec![Role { name: "support".into(), target: "support_ro".into(), ephemeral: false }],
            allow_cleartext_password: false,
            announce: false,
        },
        providers: vec![Provider {
            issuer: "https://idp".into(),
            audiences: vec!["gatewright".into()],
            algorithms: vec!["EdDSA".into()],
            jwks: json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "alg": "EdDSA", "x": x}]}),
            groups_claim: "/groups".into(),
            leeway_s: 30,
            required_claims: vec![],
            groups: vec![],
        }],
        policies: named.to_json().expect("policies have a JSON form"),
        catalogue: Catalogue {
            relations: vec![Relation {
                oid: CUSTOMERS,
                schema: "public".into(),
                name: "customers".into(),
                kind: RelationKind::Table,
                columns: vec![column("name", 1, Taint::CLEAN), column("ssn", 2, Taint::of(0))],
                definition: None,
                tags: vec![],
            }],
            masked: vec![MaskedColumn {
                schema: "public".into(),
                table: "customers".into(),
                column: "ssn".into(),
                method: Method::Redact,
                tags: vec![],
            }],
            functions: vec![],
            search_path: vec!["public".into()],
        },
        approvals: Approvals { mode: approvals, in_transaction: approvals, expires_s: 900 },
        recording: Recording { mode, max_unacknowledged: 1000, max_rows: 10, max_result_bytes: 10_000 },
        enforcement: Enforcement::Enforce,
        limits: Limits { max_message: 1 << 16, ..Limits::default() },
        mask_key: "key".into(),
        detectors: Default::default(),
        api: None,
    }
}

/// A message with a type byte.
pub fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    out.extend_from_slice(&u32::try_from(body.len() + 4).expect("short").to_be_bytes());
    out.extend_from_slice(body);
    out
}

/// Query.
pub fn query(text: &str) -> Vec<u8> {
    message(b'Q', &[text.as_bytes(), b"\0"].concat())
}

/// Parse of an unnamed or named statement without parameter types.
pub fn parse(name: &str, text: &str) -> Vec<u8> {
    message(b'P', &[name.as_bytes(), b"\0", text.as_bytes(), b"\0\0\0"].concat())
}

/// Bind of the unnamed portal without parameters.
pub fn bind(statement: &str) -> Vec<u8> {
    message(b'B', &[b"\0", statement.as_bytes(), b"\0\0\0\0\0\0\0"].concat())
}

/// Execute of the unnamed portal.
pub fn execute() -> Vec<u8> {
    message(b'E', b"\0\0\0\0\0")
}

/// Sync.
pub fn sync() -> Vec<u8> {
    message(b'S', b"")
}

/// RowDescription of columns: name, table OID, attribute number; all of type text.
pub fn row_description(columns: &[(&str, u32, i16)]) -> Vec<u8> {
    let typed: Vec<_> = columns.iter().map(|(name, table, attnum)| (*name, *table, *attnum, 25, 0)).collect();
    typed_row_description(&typed)
}

/// The same with type OID and format.
pub fn typed_row_description(columns: &[(&str, u32, i16, u32, u16)]) -> Vec<u8> {
    let mut body = u16::try_from(columns.len()).expect("few").to_be_bytes().to_vec();
    for (name, table, attnum, type_oid, format) in columns {
        body.extend_from_slice(name.as_bytes());
        body.push(0);
        body.extend_from_slice(&table.to_be_bytes());
        body.extend_from_slice(&attnum.to_be_bytes());
        body.extend_from_slice(&type_oid.to_be_bytes());
        body.extend_from_slice(&[0xff; 6]);
        body.extend_from_slice(&format.to_be_bytes());
    }
    message(b'T', &body)
}

/// DataRow of text values.
pub fn data_row(values: &[&str]) -> Vec<u8> {
    let values: Vec<_> = values.iter().map(|value| Some(value.as_bytes())).collect();
    binary_row(&values)
}

/// DataRow of any values; none for NULL.
pub fn binary_row(values: &[Option<&[u8]>]) -> Vec<u8> {
    let mut body = u16::try_from(values.len()).expect("few").to_be_bytes().to_vec();
    for value in values {
        let length = value.map_or(-1, |value| i32::try_from(value.len()).expect("short"));
        body.extend_from_slice(&length.to_be_bytes());
        body.extend_from_slice(value.unwrap_or_default());
    }
    message(b'D', &body)
}

/// CommandComplete.
pub fn complete(tag: &str) -> Vec<u8> {
    message(b'C', &[tag.as_bytes(), b"\0"].concat())
}

/// ReadyForQuery.
pub fn ready(status: u8) -> Vec<u8> {
    message(b'Z', &[status])
}

/// ErrorResponse.
pub fn error(code: &str, text: &str) -> Vec<u8> {
    message(b'E', format!("SERROR\0VERROR\0C{code}\0M{text}\0\0").as_bytes())
}

/// StartupMessage.
pub fn startup(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = 196_608_u32.to_be_bytes().to_vec();
    for (name, value) in parameters {
        body.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
    }
    body.push(0);
    let mut out = u32::try_from(body.len() + 4).expect("short").to_be_bytes().to_vec();
    out.extend_from_slice(&body);
    out
}

/// A bundle, compiled for the library and as JSON for the filter.
#[derive(Debug)]
pub struct Site {
    pub plane: Rc<Plane>,
    pub json: Vec<u8>,
}

/// The site of a bundle.
pub fn plane(mode: RecordingMode, approvals: ApprovalMode) -> Site {
    site(&bundle(mode, approvals))
}

/// A site with detectors.
pub fn with_detectors(detectors: detect::Config) -> Site {
    site(&Bundle { detectors, ..bundle(RecordingMode::Buffered, ApprovalMode::Hold) })
}

/// A bundle's site.
pub fn site(bundle: &Bundle) -> Site {
    Site {
        plane: Rc::new(Plane::new(bundle).expect("the bundle compiles")),
        json: serde_json::to_vec(bundle).expect("a bundle has a JSON form"),
    }
}

/// The steps of a login at a server that trusts everybody.
pub fn login() -> Vec<Step> {
    let hello = [message(b'R', &[0; 4]), message(b'K', &[0, 0, 0, 1, 9, 9, 9, 9]), ready(b'I')].concat();
    vec![
        Step::Client(startup(&[("user", "support"), ("database", "shop")])),
        Step::Server(hello),
        Step::Client(message(b'p', &[token("ann", NOW / 1000 + 3600).as_bytes(), b"\0"].concat())),
        Step::Server(ready(b'I')),
    ]
}
