//! The shape of `gatewright.yaml`.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use gatewright_core::bundle::{ApprovalMode, Enforcement, GroupRule, RecordingMode};
use gatewright_core::detect::{self, Detector};
use gatewright_core::mask::Method;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::api::{Api, nothing};
use super::encryption::Encryption;
use super::endpoint::Endpoint;
use super::filters::FilterSection;
use super::notifications::Notification;
use super::retention::Retention;
use super::secrets::SecretsSection;
use super::siem::Siem;
use super::slack::SlackApp;
use super::tokens::TokenRules;
use super::traces::Tracing;
use super::values::{Address, Bytes, ColumnPattern, DatabaseUrl, FunctionName, Name, Span, Url, WitnessKey};
use crate::secret::SecretRef;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Of the file's shape: 1.
    pub(crate) version: Spanned<u32>,
    /// The host service itself.
    pub(crate) host: Host,
    /// Whose tokens are accepted.
    pub(crate) identity: IdentitySection,
    /// How people sign in to the pages, and by which tokens they use the API.
    #[serde(default)]
    pub(crate) people: Option<People>,
    /// Folder of `*.cedar` files, relative to this file.
    pub(crate) policies: Spanned<PathBuf>,
    /// Whether the built-in policies are in force as well (`gatewright policies` prints them).
    #[serde(default = "yes")]
    pub(crate) default_policies: bool,
    /// Databases that agents may be let through to.
    #[serde(default = "nothing")]
    pub(crate) resources: Spanned<Vec<Resource>>,
    /// HTTP APIs and MCP servers that agents may be let through to.
    #[serde(default = "nothing")]
    pub(crate) apis: Spanned<Vec<Api>>,
    /// Whom the host tells what happens to approvals.
    #[serde(default)]
    pub(crate) notifications: Vec<Notification>,
    /// How the stores of secrets are reached that references name.
    #[serde(default)]
    pub(crate) secrets: SecretsSection,
    /// Where the host sends what is recorded.
    #[serde(default)]
    pub(crate) siem: Vec<Siem>,
    /// The app of Slack whose messages have buttons.
    #[serde(default)]
    pub(crate) slack: Option<SlackApp>,
}

fn yes() -> bool {
    true
}

/// The host service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Host {
    /// Where it listens.
    pub(crate) listen: Address,
    /// How people reach it; approval URLs start with this.
    pub(crate) public_url: Url,
    /// Folder of the database, the signing key and the checkpoint, relative to this file.
    pub(crate) data: PathBuf,
    /// A PostgreSQL database, which several hosts share; SQLite in the data folder if left out.
    #[serde(default)]
    pub(crate) database: Option<DatabaseUrl>,
    /// Its password.
    #[serde(default)]
    pub(crate) database_password: Option<Spanned<SecretRef>>,
    /// What filters of everything present.
    #[serde(default)]
    pub(crate) filter_token: Option<Spanned<SecretRef>>,
    /// Filters of some resources, with tokens for nothing else.
    #[serde(default = "nothing")]
    pub(crate) filters: Spanned<Vec<FilterSection>>,
    /// What Prometheus presents at `/metrics`, which is open to everybody without it.
    #[serde(default)]
    pub(crate) metrics_token: Option<Spanned<SecretRef>>,
    /// Groups whose members may read all recordings.
    #[serde(default)]
    pub(crate) auditors: Vec<String>,
    /// Who is asked to cosign the log's checkpoints.
    #[serde(default)]
    pub(crate) witnesses: Vec<Witness>,
    /// What recordings are encrypted with; they are not if left out.
    #[serde(default)]
    pub(crate) encryption: Option<Encryption>,
    /// How often people, and whoever is not known, may ask; filters may as often as they like.
    #[serde(default)]
    pub(crate) rate_limits: RateLimits,
    /// How long recordings are kept: for ever if left out.
    #[serde(default)]
    pub(crate) retention: Option<Spanned<Retention>>,
    /// Where traces are sent: nowhere if left out.
    #[serde(default)]
    pub(crate) tracing: Option<Spanned<Tracing>>,
}

/// Requests a second; ten seconds' worth of them may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RateLimits {
    /// Of one address (of one network, with IPv6).
    pub(crate) per_address: NonZeroU32,
    /// Of one person.
    pub(crate) per_person: NonZeroU32,
    /// The host is behind a proxy that adds the client's address to `x-forwarded-for`.
    pub(crate) forwarded_for: bool,
}

impl Default for RateLimits {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self { per_address: number(200), per_person: number(50), forwarded_for: false }
    }
}

/// Somebody who cosigns checkpoints (C2SP `tlog-witness`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Witness {
    /// Where it takes them: its submission prefix.
    pub(crate) url: Url,
    /// Its public key, `NAME+ID+BASE64` with the type of cosignatures.
    pub(crate) key: WitnessKey,
    /// How often it is asked, at most.
    #[serde(default = "default_witness_every")]
    pub(crate) every: Span,
}

fn default_witness_every() -> Span {
    Span::seconds(60)
}

/// Whose tokens are accepted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentitySection {
    /// The providers, at least one.
    pub(crate) providers: Spanned<Vec<Provider>>,
}

/// People: those who decide about approvals and read recordings.
///
/// With this section, their tokens are told from the agents' by their audience, and the pages can be signed in to.
/// Without it, whoever has a token of a provider is a person too, and there are no pages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct People {
    /// One of the identity providers; discovery answers under it.
    pub(crate) issuer: Spanned<String>,
    /// What the provider knows the pages as.
    pub(crate) client_id: Spanned<String>,
    /// The client's secret; none for a public client (PKCE is used in any case).
    #[serde(default)]
    pub(crate) client_secret: Option<Spanned<SecretRef>>,
    /// Scopes beside `openid`; those that bring the groups among them, where the provider wants to be asked.
    #[serde(default = "default_scopes")]
    pub(crate) scopes: Vec<String>,
    /// `aud` of the tokens by which people use the API; the client id if left out.
    #[serde(default)]
    pub(crate) audiences: Option<Spanned<Vec<String>>>,
    /// How long somebody stays signed in.
    #[serde(default = "default_session")]
    pub(crate) session: Span,
    /// Personal access tokens.
    #[serde(default = "default_tokens")]
    pub(crate) tokens: Spanned<TokenRules>,
}

impl People {
    /// `aud` of people's tokens.
    pub(crate) fn audiences(&self) -> Vec<String> {
        let client = || vec![self.client_id.value.clone()];
        self.audiences.as_ref().map_or_else(client, |audiences| audiences.value.clone())
    }
}

fn default_scopes() -> Vec<String> {
    vec!["profile".to_owned()]
}

fn default_tokens() -> Spanned<TokenRules> {
    let at = serde_saphyr::Location::UNKNOWN;
    Spanned::new(TokenRules::default(), at, at)
}

fn default_session() -> Span {
    Span::seconds(8 * 3_600)
}

/// One identity provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    /// `iss`, compared as is.
    pub(crate) issuer: Spanned<String>,
    /// Accepted `aud` values.
    pub(crate) audiences: Spanned<Vec<String>>,
    /// Where its keys come from.
    pub(crate) jwks: Spanned<Jwks>,
    /// Accepted signature algorithms.
    #[serde(default = "default_algorithms")]
    pub(crate) algorithms: Vec<Spanned<String>>,
    /// JSON pointer to the groups in the claims.
    #[serde(default)]
    pub(crate) groups_claim: Option<Spanned<String>>,
    /// Clock skew tolerated.
    #[serde(default = "default_leeway")]
    pub(crate) leeway: Span,
    /// Claims that must be there.
    #[serde(default)]
    pub(crate) required_claims: Vec<String>,
    /// Groups that claims give: of pipelines, whose tokens name no groups.
    #[serde(default)]
    pub(crate) groups: Vec<Spanned<GroupsOf>>,
}

/// Groups of those whose claims are these.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupsOf {
    /// The groups.
    pub(crate) groups: Vec<String>,
    /// All of these claims, each with its value or one of several.
    pub(crate) claims: BTreeMap<String, OneOrMore>,
}

/// A text, or a list of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    /// All of them.
    pub(crate) fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(all) => all,
        }
    }
}

impl GroupsOf {
    /// As the filter takes it.
    pub(crate) fn compiled(&self) -> GroupRule {
        let claims = self.claims.iter().map(|(name, values)| (name.clone(), values.all().to_vec()));
        GroupRule { groups: self.groups.clone(), claims: claims.collect() }
    }
}

/// Where a provider's keys come from: exactly one of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Jwks {
    /// A JWK Set's URL.
    #[serde(default)]
    pub(crate) url: Option<Url>,
    /// A JWK Set in a file, relative to this file.
    #[serde(default)]
    pub(crate) file: Option<PathBuf>,
    /// `ISSUER/.well-known/openid-configuration` names the URL.
    #[serde(default)]
    pub(crate) discovery: bool,
}

/// One database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resource {
    /// Name: what Envoy's side refers to, and the id of its `Database` in policies.
    pub(crate) name: Spanned<Name>,
    /// What it is.
    pub(crate) kind: Kind,
    /// Where it listens.
    pub(crate) target: Endpoint,
    /// Where agents connect to, when `gatewright run` serves it.
    #[serde(default)]
    pub(crate) listen: Option<Address>,
    /// Database on it.
    pub(crate) database: String,
    /// Roles that agents may ask for.
    pub(crate) roles: Spanned<Vec<Role>>,
    /// How the host reads the catalogue.
    #[serde(default)]
    pub(crate) catalogue: CatalogueSection,
    /// What is masked.
    #[serde(default)]
    pub(crate) masks: Vec<Mask>,
    /// What is looked for in text that is not masked.
    #[serde(default)]
    pub(crate) detectors: Detectors,
    /// Functions that somebody created, and whose result depends on their arguments only.
    #[serde(default)]
    pub(crate) functions: Vec<Spanned<FunctionName>>,
    /// Tags of tables, for policies: table (or `schema.table`) to tags.
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, Vec<String>>,
    /// How held commands behave.
    #[serde(default)]
    pub(crate) approvals: ApprovalsSection,
    /// How sessions are recorded.
    #[serde(default)]
    pub(crate) recording: RecordingSection,
    /// Size caps.
    #[serde(default)]
    pub(crate) limits: LimitsSection,
    /// Whether a server that asks for a cleartext password gets it (through the proxy's memory).
    #[serde(default)]
    pub(crate) allow_cleartext_password: bool,
    /// Whether the server is told who the agent is, in settings of the session: not behind a pooler that gives a session's
    /// connection to others.
    #[serde(default = "yes")]
    pub(crate) announce_agent: bool,
    /// Whether those who decide are told how many rows the database expects: the host then has it plan what is
    /// held.
    #[serde(default = "yes")]
    pub(crate) estimate: bool,
    /// Whether decisions count; they do if left out.
    #[serde(default)]
    pub(crate) enforcement: Option<Spanned<Mode>>,
    /// Whether masks count; they do if left out.
    #[serde(default)]
    pub(crate) masking: Option<Spanned<Mode>>,
}

/// Whether what is decided is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// It is.
    Enforce,
    /// It is recorded only.
    Shadow,
}

/// `enforcement` and `masking` as the filter takes them. Nothing but the word `shadow` turns enforcement off, and
/// nothing turns masks off alone.
pub(crate) fn enforcement(decisions: Option<&Spanned<Mode>>, masks: Option<&Spanned<Mode>>) -> Enforcement {
    let is_shadow = |mode: Option<&Spanned<Mode>>| mode.is_some_and(|mode| mode.value == Mode::Shadow);
    match (is_shadow(decisions), is_shadow(masks)) {
        (false, _) => Enforcement::Enforce,
        (true, false) => Enforcement::Shadow,
        (true, true) => Enforcement::ShadowMasks,
    }
}

/// Kind of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// PostgreSQL, 14 and later.
    Postgres,
}

/// One role.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Role {
    /// What agents ask for.
    pub(crate) name: Spanned<String>,
    /// What it is on the target; the same if left out.
    #[serde(default)]
    pub(crate) target: Option<String>,
    /// The target's password; none for servers that ask for none.
    #[serde(default)]
    pub(crate) password: Option<Spanned<SecretRef>>,
    /// User and password in one, from a store that makes or rotates them together; instead of `target` and `password`.
    #[serde(default)]
    pub(crate) login: Option<Spanned<SecretRef>>,
    /// Each session gets a user of its own, a member of the role.
    #[serde(default)]
    pub(crate) ephemeral: Option<Spanned<EphemeralUsers>>,
}

/// Who makes the users of sessions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EphemeralUsers {
    /// A user with CREATEROLE, and with the ADMIN option of the role (PostgreSQL 16 and later).
    pub(crate) made_by: String,
    /// Its password; none for servers that ask for none.
    #[serde(default)]
    pub(crate) password: Option<SecretRef>,
}

impl Role {
    /// The role's name on the target.
    pub(crate) fn target(&self) -> &str {
        self.target.as_deref().unwrap_or(&self.name.value)
    }
}

/// How the host reads the catalogue.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogueSection {
    /// Whose credential; the first role's if left out.
    #[serde(default)]
    pub(crate) role: Option<Spanned<String>>,
}

/// One rule of masking.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mask {
    /// Which columns.
    pub(crate) columns: Vec<Spanned<ColumnPattern>>,
    /// How.
    pub(crate) method: Method,
    /// Tags of these columns, for `unmask` policies.
    #[serde(default)]
    pub(crate) tags: Vec<String>,
}

/// What is looked for in text that is not masked: nothing, unless it says so.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Detectors {
    /// Those built in.
    pub(crate) enabled: Enabled,
    /// The operator's own.
    pub(crate) custom: Option<Spanned<Vec<CustomDetector>>>,
}

/// One detector of the operator's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomDetector {
    /// The label of what it finds.
    pub(crate) name: Spanned<Name>,
    /// A regular expression.
    pub(crate) pattern: Spanned<String>,
}

impl CustomDetector {
    /// As the filter takes it.
    pub(crate) fn compiled(&self) -> detect::Custom {
        detect::Custom { name: self.name.value.0.clone(), pattern: self.pattern.value.clone() }
    }
}

impl Detectors {
    /// As the filter takes them.
    pub(crate) fn compiled(&self) -> detect::Config {
        let custom = self.custom.iter().flat_map(|custom| &custom.value).map(CustomDetector::compiled);
        detect::Config { enabled: self.enabled.0.clone(), custom: custom.collect() }
    }
}

/// `all`, or a list of detectors.
#[derive(Debug, Clone, Default)]
pub(crate) struct Enabled(pub(crate) Vec<Detector>);

impl<'de> Deserialize<'de> for Enabled {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> serde::de::Visitor<'de> for Either {
            type Value = Enabled;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`all` or a list of detectors, such as `[email, payment_card]`")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Enabled, E> {
                match word {
                    "all" => Ok(Enabled(Detector::ALL.to_vec())),
                    other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
                }
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Enabled, A::Error> {
                let mut enabled = Vec::new();
                while let Some(one) = list.next_element()? {
                    enabled.push(one);
                }
                Ok(Enabled(enabled))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// How held commands behave.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ApprovalsSection {
    /// Outside of a transaction.
    pub(crate) mode: ApprovalMode,
    /// Inside of a transaction.
    pub(crate) in_transaction: ApprovalMode,
    /// Lifetime where the policy names none.
    pub(crate) expires: Span,
}

impl Default for ApprovalsSection {
    fn default() -> Self {
        Self { mode: ApprovalMode::Hold, in_transaction: ApprovalMode::Hold, expires: Span::seconds(900) }
    }
}

/// How sessions are recorded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RecordingSection {
    /// `strict` or `buffered`.
    pub(crate) mode: RecordingMode,
    /// `buffered`: unacknowledged events of a session beyond which its statements wait.
    pub(crate) max_unacknowledged: u32,
    /// Rows recorded of each result.
    pub(crate) max_rows: u32,
    /// Bytes recorded of each result.
    pub(crate) max_result_bytes: Bytes,
}

impl Default for RecordingSection {
    fn default() -> Self {
        Self {
            mode: RecordingMode::Strict,
            max_unacknowledged: 1000,
            max_rows: 100,
            max_result_bytes: Bytes(65_536),
        }
    }
}

/// Size caps; what is left out takes the filter's default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsSection {
    /// Largest message that is inspected whole.
    pub(crate) max_message: Option<Spanned<Bytes>>,
    /// Most commands of a session whose answers are outstanding.
    pub(crate) max_pipeline: Option<u32>,
    /// Most prepared statements of a session.
    pub(crate) max_prepared: Option<u32>,
}

fn default_algorithms() -> Vec<Spanned<String>> {
    let at = serde_saphyr::Location::UNKNOWN;
    ["RS256", "ES256", "EdDSA"].map(|name| Spanned::new(name.to_owned(), at, at)).into()
}

fn default_leeway() -> Span {
    Span::seconds(30)
}
