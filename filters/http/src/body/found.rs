//! What masked or replaced something, each once.

use super::rules::Rules;

/// Most labels of detectors that are kept apart.
const MOST_LABELS: usize = 128;

/// Which pointers and detectors had an effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Positions of pointers in the rules.
    pointers: Vec<usize>,
    labels: Vec<String>,
}

impl Found {
    pub(super) fn pointer(&mut self, position: usize) {
        if let Err(place) = self.pointers.binary_search(&position) {
            self.pointers.insert(place, position);
        }
    }

    pub(super) fn label(&mut self, label: &str) {
        if self.labels.len() < MOST_LABELS
            && let Err(place) = self.labels.binary_search_by(|known| known.as_str().cmp(label))
        {
            self.labels.insert(place, label.to_owned());
        }
    }

    /// The detectors that made one text of another: their tokens are more than they were.
    pub(super) fn replaced(&mut self, before: &[u8], after: &[u8]) {
        let mut told = false;
        for label in labels(after) {
            let count = |text| labels(text).filter(|other| *other == label).count();
            if self.labels.iter().any(|known| known == label) {
                told = true;
            } else if count(after) > count(before) {
                told = true;
                self.label(label);
            }
        }
        if !told {
            self.label("masked");
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        other.pointers.iter().for_each(|position| self.pointer(*position));
        other.labels.iter().for_each(|label| self.label(label));
    }

    pub(super) fn names<'a>(&'a self, rules: &'a Rules) -> Vec<&'a str> {
        let pointers = self.pointers.iter().filter_map(|position| rules.name(*position));
        pointers.chain(self.labels.iter().map(String::as_str)).collect()
    }
}

/// The labels of the tokens in a text: `[masked:LABEL]`.
fn labels(text: &[u8]) -> impl Iterator<Item = &str> {
    memchr::memmem::find_iter(text, b"[masked:").filter_map(|at| {
        let label = text.get(at.saturating_add(8)..)?;
        let label = label.get(..label.iter().take(64).position(|byte| *byte == b']')?)?;
        std::str::from_utf8(label).ok().filter(|label| !label.is_empty())
    })
}
