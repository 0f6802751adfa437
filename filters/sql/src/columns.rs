//! A small set of columns.

use std::sync::Arc;

use smallvec::SmallVec;

/// Columns as `table.column`, in order, each once. Most values come from one or two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns(SmallVec<[Arc<str>; 2]>);

impl Columns {
    /// Adds one.
    pub fn insert(&mut self, column: Arc<str>) {
        if let Err(place) = self.0.binary_search(&column) {
            self.0.insert(place, column);
        }
    }

    /// Adds all of `other`.
    pub fn add(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
            return;
        }
        for column in &other.0 {
            if let Err(place) = self.0.binary_search(column) {
                self.0.insert(place, Arc::clone(column));
            }
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|column| &**column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_once_in_order() {
        let mut columns = Columns::default();
        for column in ["b.x", "a.z", "b.x", "a.a", "c.c"] {
            columns.insert(column.into());
        }
        let mut more = Columns::default();
        more.add(&columns);
        more.insert("b.a".into());
        columns.add(&more);
        assert_eq!(columns.iter().collect::<Vec<_>>(), ["a.a", "a.z", "b.a", "b.x", "c.c"]);
        assert_eq!(columns, more);
    }
}
