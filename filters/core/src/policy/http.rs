//! What policies see of HTTP: requests, and the entities of APIs and MCP servers.

use std::collections::{BTreeMap, HashMap, HashSet};

use cedar_policy::{Entity, EntityUid, RestrictedExpression as Expr};

use super::Target;
use super::engine::{EngineError, entity, name_attribute, tags_attribute, uid};

/// What an HTTP request says, as policies see it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Request {
    /// Method, upper case.
    pub method: String,
    /// Path, in its one spelling.
    pub path: String,
    /// MCP method; empty for other requests.
    pub rpc: String,
    /// Named values: variables of the path template by their names, `query.NAME`, `header.NAME`, fields of the body
    /// by their configured names, `arguments.NAME` of an MCP tool or prompt.
    pub fields: BTreeMap<String, String>,
    /// Those of them that are whole numbers.
    pub numbers: BTreeMap<String, i64>,
}

impl Request {
    /// What of it the context says.
    pub(super) fn pairs(&self) -> Result<[(String, Expr); 5], EngineError> {
        let text = |name: &str, value: &str| (name.to_owned(), Expr::new_string(value.to_owned()));
        Ok([
            text("method", &self.method),
            text("path", &self.path),
            text("rpc", &self.rpc),
            ("fields".to_owned(), Expr::new_entity_uid(uid("Texts", "")?)),
            ("numbers".to_owned(), Expr::new_entity_uid(uid("Numbers", "")?)),
        ])
    }

    /// The entities that hold the named values.
    pub(super) fn entities(&self) -> Result<Vec<Entity>, EngineError> {
        let texts = self.fields.iter().map(|(name, text)| (name.clone(), Expr::new_string(text.clone())));
        let numbers = self.numbers.iter().map(|(name, number)| (name.clone(), Expr::new_long(*number)));
        Ok(vec![tagged("Texts", texts)?, tagged("Numbers", numbers)?])
    }
}

/// An entity that is nothing but named values.
fn tagged(kind: &str, values: impl Iterator<Item = (String, Expr)>) -> Result<Entity, EngineError> {
    Entity::new_with_tags(uid(kind, "")?, HashMap::new(), HashSet::new(), values)
        .map_err(|e| EngineError(format!("{kind}: {e}")))
}

/// The uid of a target of the HTTP plane, and it with all that it is in; `None` for the others.
pub(super) fn target_entities(
    resource: &str,
    target: &Target,
) -> Result<Option<(EntityUid, Vec<Entity>)>, EngineError> {
    let top = |kind: &str| {
        let own = uid(kind, resource)?;
        Ok::<_, EngineError>((own.clone(), entity(own, [tags_attribute(&[])], None)?))
    };
    let (parent, id) = match target {
        Target::Api => return top("Api").map(|(own, api)| Some((own, vec![api]))),
        Target::McpServer => return top("McpServer").map(|(own, server)| Some((own, vec![server]))),
        Target::Endpoint { method, path, .. } => ("Api", format!("{resource}.{method} {path}")),
        Target::Field { name, .. } => ("Api", format!("{resource}.{name}")),
        Target::Tool { name, .. } | Target::Prompt { name } => ("McpServer", format!("{resource}.{name}")),
        Target::Document { uri } => ("McpServer", uri.clone()),
        _ => return Ok(None),
    };
    let (parent, top) = top(parent)?;
    let text = |name: &str, value: &str| (name.to_owned(), Expr::new_string(value.to_owned()));
    let (kind, attributes) = match target {
        Target::Endpoint { method, path, tags } => {
            ("Endpoint", vec![text("method", method), text("path", path), tags_attribute(tags)])
        }
        Target::Field { name, tags } => ("Field", vec![name_attribute(name), tags_attribute(tags)]),
        Target::Tool { name, tags } => ("Tool", vec![name_attribute(name), tags_attribute(tags)]),
        Target::Prompt { name } => ("Prompt", vec![name_attribute(name)]),
        _ => ("Document", vec![text("uri", &id)]),
    };
    let own = uid(kind, &id)?;
    Ok(Some((own.clone(), vec![top, entity(own, attributes, Some(parent))?])))
}
