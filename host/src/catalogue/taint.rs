//! What the columns of views carry.

use gatewright_core::catalogue::{Catalogue, CatalogueIndex, RelationKind};
use gatewright_sql::view_taint;

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
            let taints =
                view_taint(view.definition.as_deref().unwrap_or_default(), view.columns.len(), &index);
            for (column, taint) in view.columns.iter_mut().zip(taints) {
                let before = column.taint.clone();
                column.taint.extend(&taint);
                changed |= column.taint != before;
            }
        }
        if !changed {
            break;
        }
    }
    catalogue
}
