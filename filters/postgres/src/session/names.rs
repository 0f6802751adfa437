//! Names of prepared statements and portals, as the server will know them.
//!
//! A definition counts for the server only once it was confirmed, but commands that follow in the same pipeline
//! already refer to it. So a definition is pending until its reply comes, and one that failed is forgotten:
//! otherwise a failed redefinition would let the gate believe that a name means something harmless.

use std::collections::HashMap;
use std::rc::Rc;

/// One kind of names.
#[derive(Debug)]
pub(crate) struct Names<T> {
    confirmed: HashMap<Vec<u8>, Rc<T>>,
    pending: Vec<(u64, Vec<u8>, Rc<T>)>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { confirmed: HashMap::new(), pending: Vec::new() }
    }
}

impl<T> Names<T> {
    /// What a command sent now would mean by `name`.
    pub(crate) fn lookup(&self, name: &[u8]) -> Option<Rc<T>> {
        let pending = self.pending.iter().rev().find(|(_, n, _)| n == name).map(|(_, _, value)| value);
        pending.or_else(|| self.confirmed.get(name)).cloned()
    }

    /// A definition was sent as number `seq`.
    pub(crate) fn define(&mut self, seq: u64, name: &[u8], value: Rc<T>) {
        self.pending.push((seq, name.to_vec(), value));
    }

    /// The server took definition `seq`.
    pub(crate) fn confirm(&mut self, seq: u64) {
        if let Some(at) = self.pending.iter().position(|(s, _, _)| *s == seq) {
            let (_, name, value) = self.pending.swap_remove(at);
            // Order among pending ones matters to look-ups only by name, and the server confirms in order.
            self.pending.sort_by_key(|(s, _, _)| *s);
            self.confirmed.insert(name, value);
        }
    }

    /// The server did not take definition `seq`.
    pub(crate) fn abandon(&mut self, seq: u64) {
        self.pending.retain(|(s, _, _)| *s != seq);
    }

    /// The server forgot a name.
    pub(crate) fn forget(&mut self, name: &[u8]) {
        self.confirmed.remove(name);
    }

    /// The server forgot all names that it had confirmed.
    pub(crate) fn forget_confirmed(&mut self) {
        self.confirmed.clear();
    }

    /// Nothing is certain any more: every name is unknown until it is defined anew.
    pub(crate) fn forget_all(&mut self) {
        self.confirmed.clear();
        self.pending.clear();
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.confirmed.len().saturating_add(self.pending.len())
    }
}
