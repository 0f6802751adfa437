//! The shape of one API in `gatewright.yaml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gatewright_core::bundle::http;
use gatewright_core::mask::Method;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::endpoint::Endpoint;
use super::identity::Identity;
use super::model::{ApprovalsSection, Detectors, LimitsSection, Mode, RecordingSection};
use super::values::{Address, Name, Span, Url};
use crate::secret::SecretRef;
use crate::tools::Known;

/// One HTTP API, or MCP server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    /// Name: what Envoy's side refers to, and the id of its `Api` in policies.
    pub(crate) name: Spanned<Name>,
    /// Where it listens.
    pub(crate) target: Endpoint,
    /// Where agents connect to, when `gatewright run` serves it.
    #[serde(default)]
    pub(crate) listen: Option<Address>,
    /// Whether it is spoken to in HTTP/2.
    #[serde(default)]
    pub(crate) http2: bool,
    /// Host name that it is called by; its address if left out. Never what the agent says.
    #[serde(default)]
    pub(crate) authority: Option<String>,
    /// How the proxy takes connections, as `gatewright envoy` prints it; in plain if left out.
    #[serde(default)]
    pub(crate) listen_tls: Option<Spanned<ListenTls>>,
    /// How agents reach it: `resource` of its metadata (RFC 9728), which tells agents where to get a token.
    #[serde(default)]
    pub(crate) public_url: Option<Url>,
    /// Scopes named in the metadata.
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    /// Where the agent's identity comes from, the first one that is there.
    #[serde(default = "bearer")]
    pub(crate) identity: Spanned<Vec<Identity>>,
    /// What requests carry to the target.
    #[serde(default)]
    pub(crate) credential: Option<Spanned<Credential>>,
    /// Requests that policies know by name.
    #[serde(default = "nothing")]
    pub(crate) endpoints: Spanned<Vec<EndpointSection>>,
    /// What is masked in answers.
    #[serde(default)]
    pub(crate) masks: Vec<FieldMask>,
    /// What is looked for in what is not masked.
    #[serde(default)]
    pub(crate) detectors: Detectors,
    /// The database of endpoints and tools that take SQL.
    #[serde(default)]
    pub(crate) sql: Option<Sql>,
    /// The MCP server.
    #[serde(default)]
    pub(crate) mcp: Option<Mcp>,
    /// What becomes of answers that cannot be looked into, where something is masked.
    #[serde(default)]
    pub(crate) opaque: http::Opaque,
    /// Protocols that requests may be upgraded to, such as `websocket`, where policy permits it too.
    #[serde(default)]
    pub(crate) upgrades: Vec<Spanned<String>>,
    /// How held requests behave.
    #[serde(default)]
    pub(crate) approvals: ApprovalsSection,
    /// How sessions are recorded.
    #[serde(default)]
    pub(crate) recording: RecordingSection,
    /// Size caps.
    #[serde(default)]
    pub(crate) limits: LimitsSection,
    /// Whether decisions count; they do if left out.
    #[serde(default)]
    pub(crate) enforcement: Option<Spanned<Mode>>,
    /// Whether masks count; they do if left out.
    #[serde(default)]
    pub(crate) masking: Option<Spanned<Mode>>,
}

/// An empty list that stands nowhere in the file.
pub(crate) fn nothing<T>() -> Spanned<Vec<T>> {
    let at = serde_saphyr::Location::UNKNOWN;
    Spanned::new(Vec::new(), at, at)
}

fn bearer() -> Spanned<Vec<Identity>> {
    let at = serde_saphyr::Location::UNKNOWN;
    Spanned::new(vec![Identity::Bearer], at, at)
}

/// TLS between agents and the proxy. The files are the proxy's to read, not the host's.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListenTls {
    /// The proxy's certificate with its chain, PEM.
    pub(crate) certificate: PathBuf,
    /// Its private key, PEM.
    pub(crate) key: PathBuf,
    /// Who issues certificates of agents, PEM; none are asked for if left out.
    #[serde(default)]
    pub(crate) client_ca: Option<PathBuf>,
}

/// What requests carry to the target.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Credential {
    /// A fixed header, such as an API key.
    Header(FixedHeader),
    /// `Authorization: Basic` (RFC 7617).
    Basic(Basic),
    /// `Authorization: Bearer` with a token that the client credentials grant gives (RFC 6749 section 4.4).
    Oauth2(Oauth2),
    /// `Authorization: Bearer` with a short-lived JWT of the host's own, whose `sub` is the agent. The target finds the
    /// keys at the host's `/.well-known/jwks.json`.
    Minted(Minted),
}

/// A fixed header.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixedHeader {
    /// Its name.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: SecretRef,
    /// What stands before the value, such as `Bearer `.
    #[serde(default)]
    pub(crate) prefix: String,
}

/// Basic authentication.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Basic {
    /// User.
    pub(crate) username: String,
    /// Password.
    pub(crate) password: SecretRef,
}

/// Client credentials.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Oauth2 {
    /// Token endpoint.
    pub(crate) token_url: Url,
    /// Client.
    pub(crate) client_id: String,
    /// Its secret.
    pub(crate) client_secret: SecretRef,
    /// Scopes asked for.
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    /// `resource` (RFC 8707), where the server wants one.
    #[serde(default)]
    pub(crate) resource: Option<String>,
}

/// A JWT of the host's own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Minted {
    /// `aud`.
    pub(crate) audience: String,
    /// How long it is good for.
    #[serde(default = "minutes")]
    pub(crate) lifetime: Span,
}

fn minutes() -> Span {
    Span::seconds(300)
}

impl Credential {
    /// Name of the header that carries it, lower case.
    pub(crate) fn header(&self) -> String {
        match self {
            Self::Header(fixed) => fixed.name.to_ascii_lowercase(),
            Self::Basic(_) | Self::Oauth2(_) | Self::Minted(_) => "authorization".to_owned(),
        }
    }

    /// The secret that it is made of.
    pub(crate) fn secret(&self) -> Option<&SecretRef> {
        match self {
            Self::Header(fixed) => Some(&fixed.value),
            Self::Basic(basic) => Some(&basic.password),
            Self::Oauth2(oauth2) => Some(&oauth2.client_secret),
            Self::Minted(_) => None,
        }
    }
}

/// One kind of request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndpointSection {
    /// Path template.
    pub(crate) path: Spanned<String>,
    /// Methods.
    pub(crate) methods: Vec<String>,
    /// For policies.
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    /// Fields of a JSON body, as policies name them.
    #[serde(default)]
    pub(crate) fields: BTreeMap<String, String>,
    /// Headers that policies see.
    #[serde(default)]
    pub(crate) headers: Vec<String>,
    /// Query parameters that may occur more than once.
    #[serde(default)]
    pub(crate) repeated: Vec<String>,
    /// The body carries SQL.
    #[serde(default)]
    pub(crate) sql: Option<SqlBody>,
}

impl EndpointSection {
    /// As the filter takes it.
    pub(crate) fn compiled(&self) -> http::Endpoint {
        http::Endpoint {
            methods: self.methods.clone(),
            path: self.path.value.clone(),
            tags: self.tags.clone(),
            fields: self.fields.clone(),
            headers: self.headers.iter().map(|name| name.to_ascii_lowercase()).collect(),
            repeated: self.repeated.clone(),
            sql: self.sql.as_ref().map(SqlBody::compiled),
        }
    }
}

/// Where a body carries SQL.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SqlBody {
    /// JSON pointer to the text.
    pub(crate) statement: String,
    /// Pattern of the answer's rows; left out, columns are masked by their names wherever they stand.
    #[serde(default)]
    pub(crate) rows: Option<String>,
}

impl SqlBody {
    fn compiled(&self) -> http::SqlBody {
        http::SqlBody { statement: self.statement.clone(), rows: self.rows.clone() }
    }
}

/// The database that SQL in bodies is for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sql {
    /// Which of `resources`.
    pub(crate) database: Spanned<String>,
    /// Role that the API has on it.
    pub(crate) role: String,
}

/// One rule of masking.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldMask {
    /// Which fields: JSON pointers in which `*` is any one step and `**` any number of them.
    pub(crate) fields: Vec<Spanned<String>>,
    /// How.
    pub(crate) method: Method,
    /// Tags of these fields, for `unmask` policies.
    #[serde(default)]
    pub(crate) tags: Vec<String>,
}

/// An MCP server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mcp {
    /// Path of its endpoint.
    pub(crate) path: Spanned<String>,
    /// What is known of its tools.
    #[serde(default)]
    pub(crate) tools: BTreeMap<String, Tool>,
    /// Who accepts tools whose definition changed; such tools are held back until then. Nobody: changes are let
    /// through.
    #[serde(default)]
    pub(crate) changes_accepted_by: Vec<String>,
}

/// A tool.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tool {
    /// For policies.
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    /// Its arguments carry SQL.
    #[serde(default)]
    pub(crate) sql: Option<SqlBody>,
}

impl Api {
    /// As the filter takes it.
    pub(crate) fn compiled(&self, tools: &Known) -> http::Api {
        let masks = self.masks.iter().flat_map(|mask| {
            mask.fields.iter().map(|field| http::FieldMask {
                field: field.value.clone(),
                method: mask.method,
                tags: mask.tags.clone(),
            })
        });
        let mcp = self.mcp.as_ref().map(|mcp| http::Mcp {
            path: mcp.path.value.clone(),
            tools: mcp
                .tools
                .iter()
                .map(|(name, tool)| {
                    let sql = tool.sql.as_ref().map(SqlBody::compiled);
                    (name.clone(), http::Tool { tags: tool.tags.clone(), sql })
                })
                .collect(),
            accepted: tools.accepted.clone(),
            held: tools.held.clone(),
            pinned: !mcp.changes_accepted_by.is_empty(),
        });
        http::Api {
            identity: self.identity.value.iter().map(Identity::compiled).collect(),
            credential_headers: self.credential.iter().map(|credential| credential.value.header()).collect(),
            // Never the agent's choice: the target may serve other hosts at the same address.
            authority: Some(self.authority.clone().unwrap_or_else(|| self.target.at.authority())),
            endpoints: self.endpoints.value.iter().map(EndpointSection::compiled).collect(),
            masks: masks.collect(),
            sql: self
                .sql
                .as_ref()
                .map(|sql| http::SqlTarget { database: sql.database.value.clone(), role: sql.role.clone() }),
            mcp,
            opaque: self.opaque,
            upgrades: self.upgrades.iter().map(|upgrade| upgrade.value.to_ascii_lowercase()).collect(),
            public_url: self.public_url.as_ref().map(|url| url.0.clone()),
            scopes: self.scopes.clone(),
        }
    }
}
