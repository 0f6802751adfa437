//! Gatewright's facts against what PostgreSQL's tree requires.

use std::collections::BTreeSet;

use gatewright_core::catalogue::{Catalogue, CatalogueIndex, Relation, RelationKind};
use gatewright_core::policy::{Action, Target};
use gatewright_sql::{CopyDirection, PreparedNames, StatementFacts, Transaction, analyse};

use crate::expected::{Expected, Role, expected};

/// What became of one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// PostgreSQL does not take it either, or not as far as its tree can be transported.
    NotPostgres,
    /// Gatewright refuses it, and says why: safe.
    Refused(String),
    /// Both say the same.
    Same,
    /// Gatewright reports more: safe.
    More(Vec<String>),
    /// Gatewright takes the text for less than it is: unsafe.
    Less(Vec<String>),
}

/// Has both read `text`, with a catalogue in which every relation that PostgreSQL finds is known.
#[must_use]
pub fn verdict(text: &str) -> Verdict {
    let Ok(statements) = expected(text) else { return Verdict::NotPostgres };
    let facts = match analyse(text, &catalogue(&statements)) {
        Ok(facts) => facts,
        Err(error) => return Verdict::Refused(error.to_string()),
    };
    if facts.len() != statements.len() {
        return Verdict::Less(vec![format!("{} statements and not {}", facts.len(), statements.len())]);
    }
    let pairs = || statements.iter().zip(&facts);
    let less: Vec<String> = pairs().flat_map(|(expected, facts)| missing(expected, facts)).collect();
    if !less.is_empty() {
        return Verdict::Less(less);
    }
    let more: Vec<String> = pairs().flat_map(|(expected, facts)| surplus(expected, facts)).collect();
    if more.is_empty() { Verdict::Same } else { Verdict::More(more) }
}

fn catalogue(statements: &[Expected]) -> CatalogueIndex {
    let names: BTreeSet<(String, String)> =
        statements.iter().flat_map(|statement| statement.relations.keys().map(named)).collect();
    let relations = (20_000..).zip(names).map(|(oid, (schema, name))| Relation {
        oid,
        schema,
        name,
        kind: RelationKind::Table,
        columns: Vec::new(),
        definition: None,
        tags: Vec::new(),
    });
    CatalogueIndex::new(Catalogue {
        relations: relations.collect(),
        search_path: vec!["public".to_owned()],
        ..Catalogue::default()
    })
}

/// Schema and name as the search path completes them.
fn named((schema, name): &(String, String)) -> (String, String) {
    let schema = match schema.as_str() {
        "" if name.starts_with("pg_") => "pg_catalog",
        "" => "public",
        other => other,
    };
    (schema.to_owned(), name.clone())
}

fn is(target: &Target, relation: &(String, String)) -> bool {
    matches!(target, Target::Table { schema, name, .. } if (schema, name) == (&relation.0, &relation.1))
}

fn is_wide(target: &Target) -> bool {
    matches!(target, Target::Database | Target::Schema { .. })
}

fn missing(expected: &Expected, facts: &StatementFacts) -> Vec<String> {
    let mut missing = Vec::new();
    let mut want = |there: bool, what: &dyn Fn() -> String| {
        if !there {
            missing.push(what());
        }
    };
    let any = |fits: &dyn Fn(Action, &Target) -> bool| {
        facts.accesses.iter().any(|access| fits(access.action, &access.target))
    };
    for (relation, roles) in &expected.relations {
        let name = named(relation);
        for role in roles {
            let there = match role {
                Role::Read => any(&|action, target| action == Action::Select && is(target, &name)),
                Role::Act(Action::Create) => any(&|action, _| action == Action::Create),
                Role::Act(wanted) => any(&|action, target| action == *wanted && is(target, &name)),
                Role::Defined => any(&|_, target| is(target, &name) || is_wide(target)),
            };
            want(there, &|| format!("{role:?} of {}.{}", name.0, name.1));
        }
    }
    for function in &expected.functions {
        let there = facts.functions.iter().any(|known| known.rsplit('.').next() == Some(function));
        want(there || is_syntax(function), &|| format!("call of {function}"));
    }
    if expected.locks {
        want(any(&|action, _| action == Action::Lock), &|| "row locks".to_owned());
    }
    want(is_kind(&expected.kind, expected, facts), &|| {
        format!("{} is more than {} with {:?}", expected.kind, facts.statement, facts.accesses)
    });
    missing
}

/// Functions that the parser reads as syntax of its own; all of them only compute.
fn is_syntax(function: &str) -> bool {
    const SYNTAX: [&str; 13] = [
        "btrim",
        "ceil",
        "floor",
        "like_escape",
        "ltrim",
        "overlay",
        "position",
        "rtrim",
        "similar_to_escape",
        "substr",
        "substring",
        "timezone",
        "xmlexists",
    ];
    SYNTAX.contains(&function)
}

/// Whether the facts are those of a statement of that kind, as far as they tell.
fn is_kind(kind: &str, expected: &Expected, facts: &StatementFacts) -> bool {
    let acts = |wanted: &[Action]| facts.accesses.iter().any(|access| wanted.contains(&access.action));
    let sets = |name: &str| {
        facts.accesses.iter().any(|access| {
            access.action == Action::Set
                && matches!(&access.target, Target::Setting { name: known } if known == name)
        })
    };
    let text = |field: &str| expected.node[field].as_str().unwrap_or_default().to_owned();
    let label = facts.statement;
    match kind {
        "SelectStmt" => matches!(label, "SELECT" | "VALUES" | "INSERT" | "UPDATE" | "DELETE" | "MERGE"),
        "InsertStmt" => label == "INSERT" && acts(&[Action::Insert]),
        "UpdateStmt" => label == "UPDATE" && acts(&[Action::Update]),
        "DeleteStmt" => label == "DELETE" && acts(&[Action::Delete]),
        "MergeStmt" => label == "MERGE" && acts(&[Action::Merge]),
        "CopyStmt" => {
            let (direction, action) = if expected.node["is_from"].as_bool() == Some(true) {
                (CopyDirection::In, Action::CopyIn)
            } else {
                (CopyDirection::Out, Action::CopyOut)
            };
            label == "COPY"
                && facts.copy == Some(direction)
                && acts(&[action])
                && expected.node["is_program"].as_bool() != Some(true)
                && text("filename").is_empty()
        }
        "ExplainStmt" => label == "EXPLAIN" && inner(expected, facts),
        "PrepareStmt" => {
            label == "PREPARE"
                && facts.defines_outputs
                && facts.renames == Some(PreparedNames::One(text("name")))
                && inner(expected, facts)
        }
        "DeclareCursorStmt" => label == "DECLARE" && facts.defines_outputs && inner(expected, facts),
        "ExecuteStmt" => facts.uses_defined_outputs && label == "EXECUTE",
        "FetchStmt" => facts.uses_defined_outputs && matches!(label, "FETCH" | "MOVE"),
        "ClosePortalStmt" => label == "CLOSE",
        "DeallocateStmt" => {
            let name = text("name");
            let names = if name.is_empty() { PreparedNames::All } else { PreparedNames::One(name) };
            label == "DEALLOCATE" && facts.renames == Some(names)
        }
        "TransactionStmt" => {
            let wanted = match expected.node["kind"].as_i64() {
                Some(1 | 2) => Transaction::Begin,
                Some(3) => Transaction::Commit,
                Some(4) => Transaction::Rollback,
                Some(5..=7) => Transaction::Savepoint,
                _ => return false,
            };
            facts.transaction == Some(wanted)
        }
        "VariableSetStmt" => {
            let name = text("name").to_ascii_lowercase();
            acts(&[Action::Set])
                && match name.as_str() {
                    "" => sets("all"),
                    "transaction" | "session characteristics" => sets("transaction"),
                    "transaction snapshot" => false,
                    other => sets(other),
                }
        }
        "VariableShowStmt" => label == "SHOW",
        "ConstraintsSetStmt" => sets("constraints"),
        "DiscardStmt" => sets("discard"),
        "ListenStmt" => sets("listen"),
        "UnlistenStmt" => sets("unlisten"),
        "NotifyStmt" => sets("notify"),
        "TruncateStmt" => label == "TRUNCATE" && acts(&[Action::Truncate]),
        "LockStmt" => label == "LOCK" && acts(&[Action::Lock]),
        "VacuumStmt" => matches!(label, "VACUUM" | "ANALYZE") && acts(&[Action::Maintain]),
        "CallStmt" => label == "CALL" && acts(&[Action::Call]),
        "DropStmt" | "DropdbStmt" => label.starts_with("DROP") && acts(&[Action::Drop]),
        "GrantStmt" | "GrantRoleStmt" | "CreateRoleStmt" | "AlterRoleStmt" | "AlterRoleSetStmt"
        | "DropRoleStmt" => acts(&[Action::Grant]),
        "CommentStmt" => label == "COMMENT" && acts(&[Action::Alter]),
        "RenameStmt" => label.starts_with("ALTER") && acts(&[Action::Alter, Action::Grant]),
        kind if kind.starts_with("Alter") => label.starts_with("ALTER") && acts(&[Action::Alter]),
        "ViewStmt" | "IndexStmt" | "DefineStmt" | "CompositeTypeStmt" => {
            label.starts_with("CREATE") && acts(&[Action::Create])
        }
        kind if kind.starts_with("Create") => label.starts_with("CREATE") && acts(&[Action::Create]),
        // A kind that is not known here must not be one that Gatewright takes for something else.
        _ => false,
    }
}

/// The statement within another: its changes must be there.
fn inner(expected: &Expected, facts: &StatementFacts) -> bool {
    let wanted = match expected.inner.as_deref() {
        Some("SelectStmt" | "DeclareCursorStmt") => return true,
        Some("InsertStmt") => Action::Insert,
        Some("UpdateStmt") => Action::Update,
        Some("DeleteStmt") => Action::Delete,
        Some("MergeStmt") => Action::Merge,
        Some("CreateTableAsStmt") => Action::Create,
        Some("ExecuteStmt") => return facts.uses_defined_outputs,
        _ => return false,
    };
    facts.accesses.iter().any(|access| access.action == wanted)
}

/// Relations that Gatewright reports and PostgreSQL does not name.
fn surplus(expected: &Expected, facts: &StatementFacts) -> Vec<String> {
    let names: Vec<_> = expected.relations.keys().map(named).collect();
    let tables = facts.accesses.iter().filter(|access| matches!(access.target, Target::Table { .. }));
    let extra = tables.filter(|access| !names.iter().any(|name| is(&access.target, name)));
    extra.map(|access| format!("{} {:?}", access.action, access.target)).collect()
}
