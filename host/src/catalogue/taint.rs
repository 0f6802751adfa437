//! What the columns of views carry.

use gatewright_core::catalogue::{Catalogue, CatalogueIndex, RelationKind};
use gatewright_sql::view_columns;

/// Works out the taint of every view's columns. Views over views: repeated until nothing changes. The taints
/// only grow from round to round, so that this ends.
pub(super) fn of_views(mut catalogue: Catalogue) -> Catalogue {
    let views: Vec<usize> = catalogue
        .relations
        .iter()
        .enumerate()
        .filter(|(_, r)| matches!(r.kind, RelationKind::View | RelationKind::MaterializedView))
        .map(|(position, _)| position)
        .collect();
    // A chain of views is at most as long as there are views; one more round finds nothing new.
    for _ in 0..=views.len() {
        let index = CatalogueIndex::new(catalogue.clone());
        let mut changed = false;
        for position in &views {
            let view = &mut catalogue.relations[*position];
            let found =
                view_columns(view.definition.as_deref().unwrap_or_default(), view.columns.len(), &index);
            for (column, found) in view.columns.iter_mut().zip(found) {
                let before = (column.taint.clone(), column.derived);
                column.taint.extend(&found.taint);
                column.derived |= found.derived;
                changed |= (&before.0, before.1) != (&column.taint, column.derived);
            }
        }
        if !changed {
            break;
        }
    }
    catalogue
}
