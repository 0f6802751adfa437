//! What a statement does by PostgreSQL's own tree: the least that Gatewright has to report.
//!
//! The tree is walked as JSON, and so completely: there is no node kind whose children could be forgotten.

use std::collections::{BTreeMap, BTreeSet};

use gatewright_core::policy::Action;
use serde_json::{Map, Value};

/// What has to be reported at least.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// The node at the top, as `SelectStmt`.
    pub kind: String,
    /// Relations, as schema (empty where none is given) and name, with what is done to each.
    pub relations: BTreeMap<(String, String), BTreeSet<Role>>,
    /// Functions called by name, without their schema.
    pub functions: BTreeSet<String>,
    /// Whether rows are locked (FOR UPDATE and its kin).
    pub locks: bool,
    /// The statement within EXPLAIN, PREPARE, DECLARE and the like.
    pub inner: Option<String>,
    /// The tree of the statement itself.
    pub node: Value,
}

/// What is done to a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Its rows are read.
    Read,
    /// An action on the relation itself.
    Act(Action),
    /// It is what a definition is about: what exactly is required depends on the statement.
    Defined,
}

/// The statements of a text.
///
/// # Errors
/// PostgreSQL's message, for a text that it does not take, or that nests deeper than its tree is transported.
pub fn expected(text: &str) -> Result<Vec<Expected>, String> {
    let parsed = pg_query::parse(text, 0).map_err(|error| error.to_string())?;
    let tree = serde_json::to_value(&parsed.protobuf).map_err(|error| error.to_string())?;
    let statements = tree["stmts"].as_array().cloned().unwrap_or_default();
    Ok(statements.iter().filter_map(|statement| variant(&statement["stmt"])).map(one).collect())
}

/// Kind and fields of a node.
fn variant(node: &Value) -> Option<(&str, &Value)> {
    let (kind, fields) = node.get("node")?.as_object()?.iter().next()?;
    Some((kind, fields))
}

fn one((kind, fields): (&str, &Value)) -> Expected {
    let mut expected = Expected { kind: kind.to_owned(), node: fields.clone(), ..Expected::default() };
    let inner = ["query", "stmt"].into_iter().find_map(|field| variant(fields.get(field)?));
    expected.inner = inner.map(|(kind, _)| kind.to_owned());
    let mut walk = Walk { expected: &mut expected, ctes: Vec::new() };
    // This one names constraints only.
    if kind != "ConstraintsSetStmt" {
        walk.node(kind, fields);
    }
    dropped(fields, &mut expected);
    expected
}

struct Walk<'e> {
    expected: &'e mut Expected,
    ctes: Vec<String>,
}

impl Walk<'_> {
    fn node(&mut self, kind: &str, fields: &Value) {
        let role = match kind {
            "SelectStmt" => Role::Read,
            "InsertStmt" => Role::Act(Action::Insert),
            "UpdateStmt" => Role::Act(Action::Update),
            "DeleteStmt" => Role::Act(Action::Delete),
            "MergeStmt" => Role::Act(Action::Merge),
            _ => Role::Defined,
        };
        if kind == "FuncCall" {
            self.call(fields);
        }
        let Some(fields) = fields.as_object() else { return };
        let queries = ["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"];
        let role_elsewhere = if queries.contains(&kind) { Role::Read } else { role };
        self.struct_of(fields, role, role_elsewhere, kind);
    }

    /// The fields of a node or of a part of one.
    fn struct_of(&mut self, fields: &Map<String, Value>, target: Role, elsewhere: Role, kind: &str) {
        let outer = self.ctes.len();
        if let Some(with) = fields.get("with_clause").filter(|with| !with.is_null()) {
            self.with(with);
        }
        let has =
            |field: &str| fields.get(field).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if kind == "SelectStmt" && has("locking_clause") {
            // What the query itself names; a WITH query has no rows to lock.
            let from = fields.get("from_clause").and_then(Value::as_array).into_iter().flatten();
            let names = from.filter_map(variant).filter(|(kind, _)| *kind == "RangeVar");
            self.expected.locks |= names.into_iter().any(|(_, range)| !self.is_cte(range));
        }
        for (name, value) in fields {
            match name.as_str() {
                "with_clause" => {}
                // These name aliases of the query.
                "locking_clause" => {}
                "relation" if target != elsewhere && value.get("relname").is_some() => {
                    self.relation(value, target, true)
                }
                // The arms of a set operation are no nodes.
                "larg" | "rarg" if value.is_object() => self.node("SelectStmt", value),
                "into_clause" | "into" if value.is_object() => self.value(value, Role::Act(Action::Create)),
                "on_conflict_clause" => {
                    if value["action"].as_i64() == Some(3)
                        && let Some(relation) = fields.get("relation")
                    {
                        self.relation(relation, Role::Act(Action::Update), true);
                    }
                    self.value(value, elsewhere);
                }
                _ => self.value(value, elsewhere),
            }
        }
        self.ctes.truncate(outer);
    }

    fn value(&mut self, value: &Value, role: Role) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.value(item, role)),
            Value::Object(fields) => {
                if let Some((kind, inner)) = variant(value) {
                    match kind {
                        "RangeVar" => self.relation(inner, role, role != Role::Read),
                        "SelectStmt" | "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt"
                        | "FuncCall" => {
                            let before = role;
                            if kind == "FuncCall" {
                                self.call(inner);
                                self.fields(inner, before);
                            } else {
                                self.node(kind, inner);
                            }
                        }
                        _ => self.value(inner, role),
                    }
                } else if fields.contains_key("relname") && fields.contains_key("relpersistence") {
                    self.relation(value, role, role != Role::Read);
                } else {
                    self.fields(value, role);
                }
            }
            _ => {}
        }
    }

    fn fields(&mut self, value: &Value, role: Role) {
        let Some(fields) = value.as_object() else { return };
        fields.values().for_each(|value| self.value(value, role));
    }

    fn with(&mut self, with: &Value) {
        let ctes: Vec<&Value> = with["ctes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(variant)
            .map(|(_, fields)| fields)
            .collect();
        let name = |cte: &Value| cte["ctename"].as_str().unwrap_or_default().to_owned();
        let recursive = with["recursive"].as_bool() == Some(true);
        if recursive {
            self.ctes.extend(ctes.iter().map(|cte| name(cte)));
        }
        for cte in ctes {
            self.value(&cte["ctequery"], Role::Read);
            if !recursive {
                self.ctes.push(name(cte));
            }
        }
    }

    fn is_cte(&self, range: &Value) -> bool {
        range["schemaname"] == "" && self.ctes.iter().any(|cte| range["relname"] == cte.as_str())
    }

    fn relation(&mut self, range: &Value, role: Role, is_target: bool) {
        let schema = range["schemaname"].as_str().unwrap_or_default();
        let name = range["relname"].as_str().unwrap_or_default();
        if name.is_empty() || (!is_target && schema.is_empty() && self.ctes.iter().any(|cte| cte == name)) {
            return;
        }
        self.expected.relations.entry((schema.to_owned(), name.to_owned())).or_default().insert(role);
    }

    /// Calls that are written as calls; the rest is syntax that the grammar turns into one.
    fn call(&mut self, call: &Value) {
        const EXPLICIT: i64 = 1;
        let name = call["funcname"].as_array().and_then(|parts| parts.last()).and_then(string);
        if let (Some(name), Some(EXPLICIT)) = (name, call["funcformat"].as_i64()) {
            self.expected.functions.insert(name);
        }
    }
}

fn string(node: &Value) -> Option<String> {
    let (kind, fields) = variant(node)?;
    if kind == "String" { fields["sval"].as_str().map(str::to_owned) } else { None }
}

/// DROP and COMMENT name their objects by lists of strings.
fn dropped(fields: &Value, expected: &mut Expected) {
    const RELATIONS: [i32; 6] = [
        pg_query::protobuf::ObjectType::ObjectTable as i32,
        pg_query::protobuf::ObjectType::ObjectView as i32,
        pg_query::protobuf::ObjectType::ObjectMatview as i32,
        pg_query::protobuf::ObjectType::ObjectSequence as i32,
        pg_query::protobuf::ObjectType::ObjectForeignTable as i32,
        pg_query::protobuf::ObjectType::ObjectIndex as i32,
    ];
    // The last part is the object's own name, those before it the relation's.
    const PARTS: [i32; 5] = [
        pg_query::protobuf::ObjectType::ObjectTrigger as i32,
        pg_query::protobuf::ObjectType::ObjectPolicy as i32,
        pg_query::protobuf::ObjectType::ObjectRule as i32,
        pg_query::protobuf::ObjectType::ObjectColumn as i32,
        pg_query::protobuf::ObjectType::ObjectTabconstraint as i32,
    ];
    let (objects, kind) = match expected.kind.as_str() {
        "DropStmt" => {
            (fields["objects"].as_array().cloned().unwrap_or_default(), fields["remove_type"].as_i64())
        }
        "CommentStmt" => (vec![fields["object"].clone()], fields["objtype"].as_i64()),
        _ => return,
    };
    let kind = kind.and_then(|kind| i32::try_from(kind).ok()).unwrap_or_default();
    for object in objects {
        let Some(("List", list)) = variant(&object) else { continue };
        let mut parts: Vec<String> =
            list["items"].as_array().into_iter().flatten().filter_map(string).collect();
        if PARTS.contains(&kind) {
            parts.pop();
        } else if !RELATIONS.contains(&kind) {
            continue;
        }
        let relation = match parts.as_slice() {
            [name] => (String::new(), name.clone()),
            [.., schema, name] => (schema.clone(), name.clone()),
            [] => continue,
        };
        expected.relations.entry(relation).or_default().insert(Role::Defined);
    }
}
