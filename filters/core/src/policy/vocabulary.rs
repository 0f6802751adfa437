//! The words of policies: actions and resources.

/// What a command does to a resource; the name is the Cedar action's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Log in to a database under a role.
    Connect,
    /// Read rows.
    Select,
    /// Add rows.
    Insert,
    /// Change rows.
    Update,
    /// Remove rows.
    Delete,
    /// Remove all rows.
    Truncate,
    /// MERGE.
    Merge,
    /// CREATE anything.
    Create,
    /// ALTER anything, COMMENT, SECURITY LABEL.
    Alter,
    /// DROP anything.
    Drop,
    /// GRANT, REVOKE, REASSIGN OWNED, anything about roles.
    Grant,
    /// COPY into a table.
    CopyIn,
    /// COPY out of a table or query.
    CopyOut,
    /// CALL of a procedure, or use of a function that is not known to be harmless.
    Call,
    /// DO: a block of procedural code.
    Execute,
    /// SET, RESET and what else changes the session.
    Set,
    /// LOCK, and row locks (FOR UPDATE and its kin).
    Lock,
    /// VACUUM, ANALYZE, REINDEX, CLUSTER, REFRESH, CHECKPOINT.
    Maintain,
    /// Text whose meaning is not known.
    Unparsed,
    /// See a masked column's or field's values.
    Unmask,
    /// An HTTP request.
    Request,
    /// An HTTP request that leaves HTTP: WebSocket and other upgrades, CONNECT.
    Upgrade,
    /// MCP: call a tool.
    ToolCall,
    /// MCP: see that a tool exists.
    ToolList,
    /// MCP: read a resource.
    ResourceRead,
    /// MCP: get a prompt.
    PromptGet,
    /// MCP: any other method of the protocol.
    Mcp,
}

impl Action {
    /// The Cedar action's id.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Truncate => "truncate",
            Self::Merge => "merge",
            Self::Create => "create",
            Self::Alter => "alter",
            Self::Drop => "drop",
            Self::Grant => "grant",
            Self::CopyIn => "copy_in",
            Self::CopyOut => "copy_out",
            Self::Call => "call",
            Self::Execute => "execute_block",
            Self::Set => "set",
            Self::Lock => "lock",
            Self::Maintain => "maintain",
            Self::Unparsed => "unparsed",
            Self::Unmask => "unmask",
            Self::Request => "request",
            Self::Upgrade => "upgrade",
            Self::ToolCall => "tool_call",
            Self::ToolList => "tool_list",
            Self::ResourceRead => "resource_read",
            Self::PromptGet => "prompt_get",
            Self::Mcp => "mcp",
        }
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an action is done to. Ids are dotted names below the resource's name:
/// `Table::"shop.public.customers"` is in `Schema::"shop.public"` is in `Database::"shop"`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// The database (the resource of `gatewright.yaml`) itself.
    Database,
    /// A schema.
    Schema {
        /// Its name.
        schema: String,
    },
    /// A table, view, materialised view, foreign table or sequence.
    Table {
        /// Schema name.
        schema: String,
        /// Relation name.
        name: String,
        /// Tags from the configuration.
        tags: Vec<String>,
    },
    /// A column, for `unmask`.
    Column {
        /// Schema name.
        schema: String,
        /// Table name.
        table: String,
        /// Column name.
        column: String,
        /// Tags from the configuration.
        tags: Vec<String>,
    },
    /// A function or procedure.
    Function {
        /// Schema name; `pg_catalog` for the server's own.
        schema: String,
        /// Function name.
        name: String,
    },
    /// A session setting.
    Setting {
        /// Its name, lower case.
        name: String,
    },
    /// The API (the resource of `gatewright.yaml`) itself; also a request that fits none of its endpoints.
    Api,
    /// An endpoint of an API: `Endpoint::"shop-api.GET /customers/{id}"` is in `Api::"shop-api"`.
    Endpoint {
        /// Method, upper case.
        method: String,
        /// Path template, as configured.
        path: String,
        /// Tags from the configuration.
        tags: Vec<String>,
    },
    /// A field of an API's answers, for `unmask`.
    Field {
        /// Its pattern, as configured.
        name: String,
        /// Tags from the configuration.
        tags: Vec<String>,
    },
    /// The MCP server behind an API.
    McpServer,
    /// A tool: `Tool::"shop-mcp.delete_order"` is in `McpServer::"shop-mcp"`.
    Tool {
        /// Its name.
        name: String,
        /// Tags from the configuration.
        tags: Vec<String>,
    },
    /// A resource of an MCP server.
    Document {
        /// Its URI.
        uri: String,
    },
    /// A prompt of an MCP server.
    Prompt {
        /// Its name.
        name: String,
    },
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Database => f.write_str("the database"),
            Self::Schema { schema } => write!(f, "schema `{schema}`"),
            Self::Table { schema, name, .. } if schema == "public" => write!(f, "`{name}`"),
            Self::Table { schema, name, .. } => write!(f, "`{schema}.{name}`"),
            Self::Column { table, column, .. } => write!(f, "column `{table}.{column}`"),
            Self::Function { schema, name } => write!(f, "function `{schema}.{name}`"),
            Self::Setting { name } => write!(f, "setting `{name}`"),
            Self::Api => f.write_str("the API"),
            Self::Endpoint { method, path, .. } => write!(f, "`{method} {path}`"),
            Self::Field { name, .. } => write!(f, "field `{name}`"),
            Self::McpServer => f.write_str("the MCP server"),
            Self::Tool { name, .. } => write!(f, "tool `{name}`"),
            Self::Document { uri } => write!(f, "resource `{uri}`"),
            Self::Prompt { name } => write!(f, "prompt `{name}`"),
        }
    }
}
