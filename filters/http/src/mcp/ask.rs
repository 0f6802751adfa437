//! What a message asks for, as policy sees it.

use std::borrow::Cow;

use super::message::{Id, invalid_params};
use super::{Revision, RpcFault};
use crate::json::{Item, Kind, Value};

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// `initialize`
    Initialize {
        /// Revision that the client proposes; any text.
        protocol_version: String,
        /// Name that the client gives itself; nobody has verified it.
        client: Option<String>,
    },
    /// `server/discover` of 2026-07-28: revisions and capabilities.
    Discover,
    /// `ping`
    Ping,
    /// `tools/list`
    ToolsList,
    /// `tools/call`
    ToolsCall {
        /// Tool.
        name: String,
        /// Arguments; an empty [`Value::Record`] where there are none.
        arguments: Value,
    },
    /// `resources/list`
    ResourcesList,
    /// `resources/templates/list`
    ResourcesTemplatesList,
    /// `resources/read`
    ResourcesRead {
        /// Resource.
        uri: String,
    },
    /// `resources/subscribe`
    ResourcesSubscribe {
        /// Resource.
        uri: String,
    },
    /// `resources/unsubscribe`
    ResourcesUnsubscribe {
        /// Resource.
        uri: String,
    },
    /// `prompts/list`
    PromptsList,
    /// `prompts/get`
    PromptsGet {
        /// Prompt.
        name: String,
        /// Arguments; an empty [`Value::Record`] where there are none.
        arguments: Value,
    },
    /// `completion/complete`
    Completion {
        /// Name of the prompt or URI of the resource (template) that is completed.
        of: String,
    },
    /// `logging/setLevel`
    LoggingSetLevel,
    /// Any notification.
    Notification {
        /// Its method.
        method: String,
    },
    /// An answer to a request of the server (sampling, roots, elicitation).
    Response {
        /// Of the server's request; `None` in an error that has none.
        id: Option<Id>,
    },
    /// Any other request: tasks, `subscriptions/listen`, extensions. What the gate does not understand is to be
    /// denied unless a policy names it.
    Other {
        /// Its method.
        method: String,
    },
}

impl Ask {
    /// What is asked for by a request of `method` with `params`.
    pub(super) fn of(
        id: &Id,
        method: &str,
        params: Option<Item<'_>>,
        revision: Revision,
    ) -> Result<Self, RpcFault> {
        let params = Params { id, params };
        Ok(match method {
            "initialize" if revision < Revision::V2026_07_28 => Self::Initialize {
                protocol_version: params.required("protocolVersion")?,
                client: match params.member("clientInfo")? {
                    Some(info) => params
                        .text(info.member("name").map_err(|fault| invalid_params(id, fault))?, "name")?,
                    None => None,
                },
            },
            "server/discover" => Self::Discover,
            "ping" => Self::Ping,
            "tools/list" => Self::ToolsList,
            "tools/call" => {
                Self::ToolsCall { name: params.required("name")?, arguments: params.arguments()? }
            }
            "resources/list" => Self::ResourcesList,
            "resources/templates/list" => Self::ResourcesTemplatesList,
            "resources/read" => Self::ResourcesRead { uri: params.required("uri")? },
            "resources/subscribe" => Self::ResourcesSubscribe { uri: params.required("uri")? },
            "resources/unsubscribe" => Self::ResourcesUnsubscribe { uri: params.required("uri")? },
            "prompts/list" => Self::PromptsList,
            "prompts/get" => {
                Self::PromptsGet { name: params.required("name")?, arguments: params.arguments()? }
            }
            "completion/complete" => Self::Completion { of: params.completed()? },
            "logging/setLevel" => Self::LoggingSetLevel,
            other => Self::Other { method: other.to_owned() },
        })
    }

    /// Its method; none for a response.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        Some(match self {
            Self::Initialize { .. } => "initialize",
            Self::Discover => "server/discover",
            Self::Ping => "ping",
            Self::ToolsList => "tools/list",
            Self::ToolsCall { .. } => "tools/call",
            Self::ResourcesList => "resources/list",
            Self::ResourcesTemplatesList => "resources/templates/list",
            Self::ResourcesRead { .. } => "resources/read",
            Self::ResourcesSubscribe { .. } => "resources/subscribe",
            Self::ResourcesUnsubscribe { .. } => "resources/unsubscribe",
            Self::PromptsList => "prompts/list",
            Self::PromptsGet { .. } => "prompts/get",
            Self::Completion { .. } => "completion/complete",
            Self::LoggingSetLevel => "logging/setLevel",
            Self::Notification { method } | Self::Other { method } => method,
            Self::Response { .. } => return None,
        })
    }

    /// What `Mcp-Name` must say (2026-07-28), if anything.
    pub(super) fn named(&self) -> Option<&str> {
        match self {
            Self::ToolsCall { name, .. } | Self::PromptsGet { name, .. } => Some(name),
            Self::ResourcesRead { uri } => Some(uri),
            _ => None,
        }
    }
}

struct Params<'d> {
    id: &'d Id,
    params: Option<Item<'d>>,
}

impl<'d> Params<'d> {
    fn member(&self, name: &str) -> Result<Option<Item<'d>>, RpcFault> {
        let Some(params) = self.params else { return Ok(None) };
        params.member(name).map_err(|fault| invalid_params(self.id, fault))
    }

    /// A string that is not empty and has no U+0000, at which some servers would end it.
    fn text(&self, item: Option<Item<'d>>, name: &str) -> Result<Option<String>, RpcFault> {
        let Some(item) = item else { return Ok(None) };
        let text = item.as_str().map(Cow::into_owned);
        match text.filter(|text| !text.is_empty() && !text.contains('\0')) {
            Some(text) => Ok(Some(text)),
            None => Err(invalid_params(
                self.id,
                format_args!("`{name}` must be a string, not empty and without U+0000"),
            )),
        }
    }

    fn required(&self, name: &str) -> Result<String, RpcFault> {
        let text = self.text(self.member(name)?, name)?;
        text.ok_or_else(|| invalid_params(self.id, format_args!("`params.{name}` is missing")))
    }

    fn arguments(&self) -> Result<Value, RpcFault> {
        match self.member("arguments")? {
            None => Ok(Value::Record(Vec::new())),
            Some(item) if item.kind() == Kind::Object && item.has_distinct_names() => Ok(item.to_value()),
            Some(item) if item.kind() == Kind::Object => {
                Err(invalid_params(self.id, "two names in `params.arguments` differ only in case; send one"))
            }
            Some(_) => Err(invalid_params(self.id, "`params.arguments` must be an object")),
        }
    }

    /// `ref` is `{"type": "ref/prompt", "name": …}` or `{"type": "ref/resource", "uri": …}`.
    fn completed(&self) -> Result<String, RpcFault> {
        let wrong = || invalid_params(self.id, "`params.ref` must name a prompt or a resource");
        let of = self.member("ref")?.ok_or_else(wrong)?;
        let member = |name| of.member(name).map_err(|fault| invalid_params(self.id, fault));
        let key = match member("type")?.and_then(Item::as_str).as_deref() {
            Some("ref/prompt") => "name",
            Some("ref/resource") => "uri",
            _ => return Err(wrong()),
        };
        self.text(member(key)?, key)?.ok_or_else(wrong)
    }
}
