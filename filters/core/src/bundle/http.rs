//! What the bundle says of an HTTP API.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::mask::Method;

/// An HTTP API, and the MCP server that it may be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// Where the agent's identity is looked for, in this order.
    pub identity: Vec<IdentitySource>,
    /// Names of the headers that carry the target's credential, lower case: the agent's own are dropped. Where there
    /// are some, the host gives their values.
    #[serde(default)]
    pub credential_headers: Vec<String>,
    /// `:authority` towards the target, whatever the agent says; the agent's only where the bundle names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// Requests that policies know by name.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// Fields of answers that are masked unless `unmask` is permitted.
    #[serde(default)]
    pub masks: Vec<FieldMask>,
    /// The database of endpoints and tools that take SQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<SqlTarget>,
    /// The MCP server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp: Option<Mcp>,
    /// Answers whose content cannot be looked into, where something is masked.
    #[serde(default)]
    pub opaque: Opaque,
    /// Protocols that a request may be upgraded to, lower case, where policy permits it too.
    #[serde(default)]
    pub upgrades: Vec<String>,
    /// How agents reach the API: `resource` of its protected resource metadata (RFC 9728).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// `scopes_supported` of the same.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// Where an agent's identity comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum IdentitySource {
    /// `Authorization: Bearer` with a JWT (RFC 6750). Braces, since serde passes over unknown members of what has none.
    Bearer {},
    /// A header that holds the JWT alone.
    Header {
        /// Its name, lower case.
        name: String,
    },
    /// A cookie that holds the JWT alone.
    Cookie {
        /// Its name.
        name: String,
    },
    /// The client certificate's SPIFFE ID, which becomes the subject; the trust domain becomes the issuer.
    Mtls {
        /// Groups of those whose SPIFFE ID begins so: prefix to groups.
        #[serde(default)]
        groups: BTreeMap<String, Vec<String>>,
    },
    /// A token that the proxy's own filter `jwt_authn` verified before this one. Its claims are read from the
    /// proxy's metadata, which no agent can write; issuer, audience and times are checked again.
    JwtAuthn {
        /// `payload_in_metadata` of that filter.
        payload: String,
    },
}

/// One kind of request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Methods, upper case.
    pub methods: Vec<String>,
    /// Path template, such as `/customers/{id}` or `/files/{path...}`.
    pub path: String,
    /// For policies.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Fields of a JSON body, as policies name them: name to JSON pointer (RFC 6901).
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Headers that policies see, lower case.
    #[serde(default)]
    pub headers: Vec<String>,
    /// Query parameters that may occur more than once.
    #[serde(default)]
    pub repeated: Vec<String>,
    /// The body carries SQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<SqlBody>,
}

/// Where a body carries SQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlBody {
    /// JSON pointer to the text.
    pub statement: String,
    /// Pattern of the answer's rows, such as `/rows/*`: each an object by column names, or a list in their order.
    /// Where it is not known, columns are masked by their names wherever they stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
}

/// The database that SQL in bodies is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlTarget {
    /// Name of the database among the resources: what policies call it.
    pub database: String,
    /// Role that the API has on it.
    pub role: String,
}

/// One rule of masking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldMask {
    /// Which fields: a JSON pointer in which `*` is any one step and `**` any number of them.
    pub field: String,
    /// How.
    pub method: Method,
    /// For `unmask` policies.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// What becomes of an answer that cannot be looked into, where something is masked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opaque {
    /// The agent gets an error instead.
    #[default]
    Refuse,
    /// It passes as it is.
    Pass,
}

/// An MCP server over streamable HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mcp {
    /// Path of its endpoint.
    pub path: String,
    /// What is known of its tools.
    #[serde(default)]
    pub tools: BTreeMap<String, Tool>,
    /// Definitions of tools that are accepted, hex SHA-256 by name. A tool of another definition is held back; one
    /// that is not here was never seen.
    #[serde(default)]
    pub accepted: BTreeMap<String, String>,
    /// Tools that were seen with another definition.
    #[serde(default)]
    pub held: BTreeSet<String>,
    /// Whether changed tools are held back.
    #[serde(default)]
    pub pinned: bool,
}

/// What the configuration says of a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// For policies.
    #[serde(default)]
    pub tags: Vec<String>,
    /// JSON pointer to SQL in its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<SqlBody>,
}
