//! One case: who does what, and what is expected; and how it is put to the filter's own code.

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::{Context as _, bail};
use gatewright_core::identity::Identity;
use gatewright_core::mask::Method;
use gatewright_http::Head;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use serde_saphyr::Spanned;

use crate::settings::Settings;
use crate::{explain, time};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// What it shows, for people.
    name: Option<String>,
    /// A database or an API.
    pub(super) resource: Option<String>,
    /// Groups of the agent.
    #[serde(default)]
    groups: Vec<String>,
    /// Its subject, issuer and claims, for policies that look at them.
    subject: Option<String>,
    issuer: Option<String>,
    #[serde(default)]
    claims: Map<String, Value>,
    role: Option<String>,
    /// Of a database: the statement.
    sql: Option<Spanned<String>>,
    /// Of an API: `DELETE /orders/3`.
    request: Option<Spanned<String>>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// JSON; a text is sent as it is.
    body: Option<Value>,
    /// Of an MCP server: the tool that is called.
    tool: Option<Spanned<String>>,
    arguments: Option<Value>,
    pub(super) decision: Expected,
    /// Policies that must be among those that determine it.
    #[serde(default)]
    pub(super) policies: Vec<String>,
    /// Groups that may approve, all of them.
    pub(super) approvers: Option<Vec<String>>,
    /// What is masked and how, all of it: output columns by label or number from 1; of an API fields by their patterns.
    pub(super) masked: Option<BTreeMap<String, Method>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Expected {
    Allow,
    Deny,
    Hold,
}

impl Expected {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Hold => "hold",
        }
    }
}

/// What would be decided by.
#[derive(Debug, Clone)]
pub(super) enum Plane {
    Database(Rc<gatewright_postgres::Plane>),
    Api(Rc<gatewright_http::Plane>),
}

impl Plane {
    /// That of a resource of the configuration.
    pub(super) async fn of(settings: &Settings, name: &str) -> anyhow::Result<Self> {
        match settings.loaded.api(name) {
            Some(api) => Ok(Self::Api(explain::api_plane(settings, api).await?)),
            None => Ok(Self::Database(explain::plane(settings, name).await?)),
        }
    }
}

/// What was decided.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) decision: &'static str,
    /// What the agent would be told instead of an answer.
    pub(super) refusal: Option<String>,
    pub(super) policies: Vec<String>,
    pub(super) approvers: Vec<String>,
    pub(super) masked: BTreeMap<String, Method>,
}

impl Case {
    /// What it is called.
    pub(super) fn title(&self) -> &str {
        let asked = [&self.sql, &self.request, &self.tool].into_iter().flatten().next();
        let asked = asked.map_or("nothing", |asked| asked.value.as_str());
        self.name.as_deref().unwrap_or(asked)
    }

    /// Where it stands.
    pub(super) fn line(&self) -> u64 {
        let asked = [&self.sql, &self.request, &self.tool].into_iter().flatten().next();
        asked.map_or(0, |asked| asked.referenced.line())
    }

    fn agent(&self) -> Identity {
        Identity {
            issuer: self.issuer.clone().unwrap_or_default(),
            subject: self.subject.clone().unwrap_or_else(|| "somebody".to_owned()),
            groups: self.groups.clone(),
            claims: self.claims.clone(),
            expires_at: u64::MAX,
        }
    }

    /// Decides as the filter would.
    pub(super) fn decide(&self, settings: &Settings, resource: &str, plane: &Plane) -> anyhow::Result<Got> {
        match (plane, &self.sql, &self.request, &self.tool) {
            (Plane::Database(plane), Some(sql), None, None) => {
                let role = explain::role(settings, resource, self.role.as_deref())?;
                let decision =
                    gatewright_postgres::explain(plane, self.agent(), role, &sql.value, time::now());
                Ok(of_statement(&decision))
            }
            (Plane::Api(plane), None, Some(request), None) => {
                let (head, body) = self.request(&request.value)?;
                Ok(of_request(gatewright_http::explain(plane, self.agent(), head, &body, time::now())))
            }
            (Plane::Api(plane), None, None, Some(tool)) => {
                let mcp = settings.loaded.api(resource).and_then(|api| api.mcp.as_ref());
                let mcp = mcp.with_context(|| format!("`{resource}` has no MCP server"))?;
                let arguments = self.arguments.clone().unwrap_or_else(|| json!({}));
                let params = json!({ "name": tool.value, "arguments": arguments });
                let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
                let mut head = head("POST", &mcp.path.value);
                head.push(("accept".to_owned(), b"application/json, text/event-stream".to_vec()));
                head.push(("content-type".to_owned(), b"application/json".to_vec()));
                let body = call.to_string().into_bytes();
                Ok(of_request(gatewright_http::explain(
                    plane,
                    self.agent(),
                    head.into_iter().collect(),
                    &body,
                    time::now(),
                )))
            }
            (Plane::Database(_), ..) => {
                bail!("`{resource}` is a database: expected `sql`, and nothing else to ask")
            }
            (Plane::Api(_), ..) => {
                bail!("`{resource}` is an API: expected one of `request: METHOD /PATH` and `tool: NAME`")
            }
        }
    }

    fn request(&self, line: &str) -> anyhow::Result<(Head, Vec<u8>)> {
        let (method, path) = line.split_once(' ').with_context(|| {
            format!("`{line}` is not a request: expected a method and a path, such as `GET /orders`")
        })?;
        let mut head = head(method, path);
        let mut sent = |name: &str, value: &str| head.push((name.to_lowercase(), value.as_bytes().to_vec()));
        self.headers.iter().for_each(|(name, value)| sent(name, value));
        let body = match &self.body {
            None => Vec::new(),
            Some(Value::String(text)) => text.clone().into_bytes(),
            Some(json) => {
                if !self.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
                    sent("content-type", "application/json");
                }
                json.to_string().into_bytes()
            }
        };
        Ok((head.into_iter().collect(), body))
    }
}

fn head(method: &str, path: &str) -> Vec<(String, Vec<u8>)> {
    let pairs = [(":method", method), (":path", path), (":scheme", "https"), (":authority", "api.example")];
    pairs.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).into()
}

fn of_statement(decision: &gatewright_postgres::Decision) -> Got {
    let requests = decision.explanation.statements.iter().flat_map(|statement| &statement.requests);
    let parts = requests.flat_map(|request| &request.policies);
    Got {
        decision: decision.decision,
        refusal: decision.refusal.as_ref().map(|refusal| refusal.message.clone()),
        policies: decision.policies.iter().chain(parts).cloned().collect(),
        approvers: explain::approvers(decision).to_vec(),
        masked: masked(decision),
    }
}

fn of_request(decision: gatewright_http::Decision) -> Got {
    Got {
        decision: decision.decision,
        refusal: decision.refusal.map(|(status, why)| format!("{status} {why}")),
        policies: decision.policies,
        approvers: decision.rule.map(|rule| rule.approvers).unwrap_or_default(),
        masked: decision.masked,
    }
}

/// Masked outputs of the last statement; `*` where it is not certain which they are.
fn masked(decision: &gatewright_postgres::Decision) -> BTreeMap<String, Method> {
    if decision.is_uncertain {
        return BTreeMap::from([("*".to_owned(), Method::Redact)]);
    }
    let Some(last) = decision.explanation.statements.last() else { return BTreeMap::new() };
    let Some(outputs) = &last.outputs else {
        return last.scope.iter().map(|_| ("*".to_owned(), Method::Redact)).collect();
    };
    let named = (1..).zip(outputs).filter_map(|(number, output)| {
        Some((output.name.clone().unwrap_or_else(|| format!("{number}")), output.method?))
    });
    named.collect()
}
