//! The bundle: all that a filter needs to decide, compiled by the host from `gatewright.yaml`, the Cedar
//! policies and the target's catalogue. It holds no credential.

pub mod http;
mod version;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::catalogue::Catalogue;
use crate::detect;

pub use version::VERSION;

/// The shape of the bundle. A filter refuses a bundle of another format.
pub const FORMAT: u32 = 1;

/// What the host delivers for one resource.
///
/// INVARIANT: a filter that does not know a field refuses the bundle, since the field may say what is not to pass. So a
/// new field is left out where nobody uses it (`skip_serializing_if`), and filters a version older go on working.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// [`FORMAT`].
    pub format: u32,
    /// Of the host that made it: [`VERSION`].
    pub version: String,
    /// Hex SHA-256 over everything else: equal digests, equal bundles. Sent back as `if-none-match`.
    pub digest: String,
    /// The resource that this bundle is for.
    pub resource: Resource,
    /// Identity providers whose tokens are accepted.
    pub providers: Vec<Provider>,
    /// Cedar policies in their JSON (EST) form, validated by the host: `PolicySet::to_json`.
    pub policies: Value,
    /// What the database holds.
    pub catalogue: Catalogue,
    /// How held commands behave.
    pub approvals: Approvals,
    /// How sessions are recorded.
    pub recording: Recording,
    /// Whether decisions count. One that this filter does not know makes the bundle unusable; a filter that does not
    /// know the field enforces.
    #[serde(default, skip_serializing_if = "Enforcement::is_enforced")]
    pub enforcement: Enforcement,
    /// Size caps.
    #[serde(default)]
    pub limits: Limits,
    /// Key of the masking method `hash`; any text, the same for as long as digests shall stay comparable.
    #[serde(default)]
    pub mask_key: String,
    /// What is looked for in columns and fields that are not masked.
    #[serde(default)]
    pub detectors: detect::Config,
    /// The HTTP API; none where the resource is a database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<http::Api>,
}

/// The resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Name in `gatewright.yaml`; also the id of its `Database` entity.
    pub name: String,
    /// Database name on the target; a StartupMessage that asks for another is refused.
    pub database: String,
    /// Roles that agents may ask for, and what they become on the target.
    pub roles: Vec<Role>,
    /// Whether a server that asks for a cleartext password may get it. The password then passes through
    /// the proxy's memory; off unless the configuration says so.
    #[serde(default)]
    pub allow_cleartext_password: bool,
    /// Whether the server is told who the agent is, in settings of the session. Left out where it is: filters that do not
    /// know of it take the bundle all the same.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub announce: bool,
}

fn yes() -> bool {
    true
}

/// One role that agents may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// What the agent's StartupMessage says.
    pub name: String,
    /// What the target's StartupMessage says.
    pub target: String,
    /// The host makes a user for each session, and names it once it knows who asks; `target` is what it is a member of.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ephemeral: bool,
}

/// One identity provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Required `iss`, compared as is.
    pub issuer: String,
    /// Accepted `aud` values, at least one.
    pub audiences: Vec<String>,
    /// Accepted `alg` values, such as `RS256`; `none` never is.
    pub algorithms: Vec<String>,
    /// JWK Set (RFC 7517), public keys only.
    pub jwks: Value,
    /// JSON pointer (RFC 6901) to the list of groups in the claims.
    pub groups_claim: String,
    /// Clock skew tolerated on `exp` and `nbf`, in seconds.
    pub leeway_s: u64,
    /// Claims that must be present, beyond `iss`, `aud`, `exp` and `sub`.
    #[serde(default)]
    pub required_claims: Vec<String>,
    /// Groups that claims give, beside those of `groups_claim`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupRule>,
}

/// Groups of those whose claims are these: of pipelines, whose tokens name no groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRule {
    /// The groups.
    pub groups: Vec<String>,
    /// All of these claims, each with one of its values. A value that ends with `*` is any that begins so, up to the next
    /// `/` or `:`.
    pub claims: BTreeMap<String, Vec<String>>,
}

impl GroupRule {
    /// Whether the claims give the groups. No claim gives none.
    #[must_use]
    pub fn fits(&self, claims: &Map<String, Value>) -> bool {
        let is = |claim: &Value, wanted: &String| match (claim, wanted.strip_suffix('*')) {
            (Value::String(text), Some(beginning)) => text
                .strip_prefix(beginning)
                .is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', ':'])),
            (Value::String(text), None) => text == wanted,
            (Value::Bool(truth), _) => wanted == if *truth { "true" } else { "false" },
            (Value::Number(number), _) => wanted.parse::<u64>().is_ok_and(|it| number.as_u64() == Some(it)),
            _ => false,
        };
        let has = |name: &String, wanted: &Vec<String>| {
            claims.get(name).is_some_and(|claim| wanted.iter().any(|wanted| is(claim, wanted)))
        };
        !self.claims.is_empty() && self.claims.iter().all(|(name, wanted)| has(name, wanted))
    }
}

/// What a command that needs approval does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalMode {
    /// It waits on the open connection until somebody decides.
    Hold,
    /// It fails with the approval's id; the same command succeeds once after approval.
    Retry,
}

/// How held commands behave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// Outside of an open transaction.
    pub mode: ApprovalMode,
    /// Inside of an open transaction, where waiting keeps locks.
    pub in_transaction: ApprovalMode,
    /// Lifetime of an approval whose policy names none, in seconds.
    pub expires_s: u64,
}

/// Whether what is decided is done. Who an agent is, whether it may connect and what cannot be read is no matter of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// It is.
    #[default]
    Enforce,
    /// It is recorded, and nothing is blocked or held for it. Masks count.
    Shadow,
    /// The same, and agents get values as they are; the recording has them masked.
    ShadowMasks,
}

impl Enforcement {
    /// Whether decisions count.
    #[must_use]
    pub fn is_enforced(&self) -> bool {
        *self == Self::Enforce
    }

    /// Whether masks do.
    #[must_use]
    pub fn masks(&self) -> bool {
        *self != Self::ShadowMasks
    }

    /// A decision as it is recorded: what happens, and in shadow mode what would have. `stands`: it is refused even so.
    #[must_use]
    pub fn recorded(&self, decision: &str, stands: bool) -> (String, Option<String>) {
        match (self, stands) {
            (Self::Enforce, _) => (decision.to_owned(), None),
            (_, true) => (decision.to_owned(), Some(decision.to_owned())),
            (_, false) => ("allow".to_owned(), Some(decision.to_owned())),
        }
    }
}

/// How events reach the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingMode {
    /// A statement is forwarded only after its event is durable at the host.
    Strict,
    /// Statements go ahead until too many events are unacknowledged.
    Buffered,
}

/// How sessions are recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// When a statement may go ahead.
    pub mode: RecordingMode,
    /// `buffered`: a session's unacknowledged events beyond which its statements wait.
    pub max_unacknowledged: u32,
    /// Result rows recorded of each statement, after masking.
    pub max_rows: u32,
    /// Result bytes recorded of each statement, after masking.
    pub max_result_bytes: u32,
}

/// Size caps, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest message that is inspected whole (Query, Parse, Bind, RowDescription, a masked DataRow, …); a
    /// larger one is refused. COPY data and unmasked rows stream and have no cap.
    pub max_message: u32,
    /// Most commands of one session whose answers are outstanding (pipeline depth).
    pub max_pipeline: u32,
    /// Most prepared statements of one session.
    pub max_prepared: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_message: 1 << 20, max_pipeline: 100_000, max_prepared: 10_000 }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::{Enforcement, GroupRule};

    #[test]
    fn claims_give_groups_only_as_a_whole() {
        let rule = |claims: serde_json::Value| -> GroupRule {
            serde_json::from_value(json!({ "groups": ["release"], "claims": claims })).unwrap()
        };
        let token = json!({ "repository": "acme/shop", "ref": "refs/tags/v1.2", "sub": "repo:acme/shop:environment:production", "run": 7, "protected": true, "list": ["x"] });
        let token = token.as_object().unwrap();
        let fits = |claims: serde_json::Value| rule(claims).fits(token);
        assert!(fits(json!({ "repository": ["acme/web", "acme/shop"], "ref": ["refs/tags/v*"] })));
        assert!(fits(json!({ "run": ["7"], "protected": ["true"] })));
        for other in [
            json!({}),
            json!({ "repository": [] }),
            json!({ "repository": ["acme/shop"], "ref": ["refs/heads/main"] }),
            json!({ "repository": ["acme/shop"], "environment": ["production"] }),
            json!({ "repository": ["acme/shop2"] }),
            json!({ "repository": ["ACME/shop"] }),
            // Not past the next `/`, nor nothing at all.
            json!({ "repository": ["ac*"] }),
            json!({ "ref": ["refs/tags/v1.2*"] }),
            json!({ "sub": ["repo:acme/*"] }),
            json!({ "list": ["x"] }),
            json!({ "repository": ["*shop"] }),
        ] {
            assert!(!fits(other.clone()), "{other}");
        }
    }

    #[test]
    fn nothing_but_the_very_word_is_shadow_mode() {
        let read = |text: &str| serde_json::from_str::<Enforcement>(text);
        assert_eq!(read("\"shadow\"").unwrap(), Enforcement::Shadow);
        for other in ["\"Shadow\"", "\"shadow \"", "\"off\"", "\"\"", "true", "1", "null", "[\"shadow\"]"] {
            assert!(read(other).is_err(), "{other}");
        }
        assert!(Enforcement::default().is_enforced() && Enforcement::default().masks());
    }
}
