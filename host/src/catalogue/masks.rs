//! Masks of the configuration, laid over the catalogue.

use std::collections::{BTreeMap, HashMap};

use gatewright_core::catalogue::{Catalogue, MaskedColumn, Relation, RelationKind, Taint};
use gatewright_core::mask::Method;

use super::read::Raw;
use super::{functions, taint};
use crate::config::Resource;

/// A mask on one column, before it has an id.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    method: Method,
    tags: Vec<String>,
}

/// Marks by relation (its position) and column name; ordered, so that ids come out the same every time.
type Marks = BTreeMap<(usize, String), Mark>;

/// The catalogue as the filter gets it: masks, tags, and what the columns of views carry.
///
/// # Errors
/// Every mask pattern and tag that fits nothing: a typo must not silently unmask.
pub(crate) fn compile(raw: &Raw, resource: &Resource) -> Result<Catalogue, Vec<String>> {
    let mut relations = raw.relations.clone();
    let mut faults = set_tags(&mut relations, &resource.tags);
    let mut functions = raw.functions.clone();
    faults.extend(functions::declare(&mut functions, resource));
    let mut marks = Marks::new();
    for mask in &resource.masks {
        let mark = Mark { method: mask.method, tags: mask.tags.clone() };
        for pattern in &mask.columns {
            if !mark_columns(&relations, &pattern.value, &mark, &mut marks) {
                faults.push(format!(
                    "the mask pattern `{}` (line {}) fits no column of database `{}`",
                    pattern.value.text,
                    pattern.referenced.line(),
                    resource.database
                ));
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    spread(&relations, &raw.inherits, &mut marks);
    let masked = number(&mut relations, marks);
    let catalogue = Catalogue { relations, masked, functions, search_path: raw.search_path.clone() };
    Ok(taint::of_views(catalogue))
}

/// Marks what the pattern means; whether there was anything. A pattern with `*` for the table means tables only:
/// what views show of them follows from their definitions.
fn mark_columns(
    relations: &[Relation],
    pattern: &crate::config::ColumnPattern,
    mark: &Mark,
    marks: &mut Marks,
) -> bool {
    let mut found = false;
    for (position, relation) in relations.iter().enumerate() {
        let fits = match relation.kind {
            RelationKind::Table | RelationKind::ForeignTable => true,
            RelationKind::View | RelationKind::MaterializedView => pattern.names_one_table(),
            RelationKind::Sequence => false,
        };
        for column in relation.columns.iter().filter(|_| fits) {
            if pattern.matches(&relation.schema, &relation.name, &column.name) {
                found = true;
                // The first mask that fits is the one that counts.
                marks.entry((position, column.name.clone())).or_insert_with(|| mark.clone());
            }
        }
    }
    found
}

/// A parent shows its children's rows and a child holds its parent's: what is masked in one table of a family is
/// masked in all of it.
fn spread(relations: &[Relation], inherits: &[(u32, u32)], marks: &mut Marks) {
    let position: HashMap<u32, usize> = relations.iter().enumerate().map(|(i, r)| (r.oid, i)).collect();
    let pairs: Vec<(usize, usize)> = inherits
        .iter()
        .filter_map(|(child, parent)| Some((*position.get(child)?, *position.get(parent)?)))
        .flat_map(|(child, parent)| [(child, parent), (parent, child)])
        .collect();
    loop {
        let before = marks.len();
        for (from, to) in &pairs {
            let theirs: Vec<(String, Mark)> = marks
                .range((*from, String::new())..(*from + 1, String::new()))
                .map(|((_, column), mark)| (column.clone(), mark.clone()))
                .collect();
            for (column, mark) in theirs {
                if relations[*to].column(&column).is_some() {
                    marks.entry((*to, column)).or_insert(mark);
                }
            }
        }
        if marks.len() == before {
            return;
        }
    }
}

/// Gives every mark its id and its column the taint of it.
fn number(relations: &mut [Relation], marks: Marks) -> Vec<MaskedColumn> {
    let mut masked = Vec::with_capacity(marks.len());
    for (id, ((position, column), mark)) in (0_u32..).zip(marks) {
        let relation = &mut relations[position];
        for own in relation.columns.iter_mut().filter(|own| own.name == column) {
            own.taint = Taint::of(id);
        }
        let (schema, table) = (relation.schema.clone(), relation.name.clone());
        masked.push(MaskedColumn { schema, table, column, method: mark.method, tags: mark.tags });
    }
    masked
}

fn set_tags(relations: &mut [Relation], tags: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, tags) in tags {
        let (schema, table) = name.split_once('.').unwrap_or(("public", name));
        match relations.iter_mut().find(|r| r.schema == schema && r.name == table) {
            Some(relation) => relation.tags.clone_from(tags),
            None => faults.push(format!("`tags` names the table `{name}`, which does not exist")),
        }
    }
    faults
}
