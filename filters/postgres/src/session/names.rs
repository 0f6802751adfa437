//! Names of prepared statements and portals, as the server will know them.
//!
//! A definition counts for the server only once it was confirmed, but commands that follow in the same pipeline
//! already refer to it. So a definition is pending until its reply comes, and one that failed is forgotten:
//! otherwise a failed redefinition would let the gate believe that a name means something harmless.

use std::collections::HashMap;
use std::rc::Rc;

/// Memory that the names of one kind may hold in one session.
const MOST_BYTES: usize = 16 << 20;

/// One kind of names.
#[derive(Debug)]
pub(crate) struct Names<T> {
    confirmed: HashMap<Vec<u8>, Entry<T>>,
    pending: Vec<(u64, Vec<u8>, Entry<T>)>,
    /// Bytes of memory that all of them hold, roughly.
    weight: usize,
}

/// What a name means, and how many bytes of memory it holds, roughly.
#[derive(Debug)]
struct Entry<T> {
    value: Rc<T>,
    weight: usize,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { confirmed: HashMap::new(), pending: Vec::new(), weight: 0 }
    }
}

impl<T> Names<T> {
    /// What a command sent now would mean by `name`.
    pub(crate) fn lookup(&self, name: &[u8]) -> Option<Rc<T>> {
        let pending = self.pending.iter().rev().find(|(_, n, _)| n == name).map(|(_, _, value)| value);
        pending.or_else(|| self.confirmed.get(name)).map(|entry| Rc::clone(&entry.value))
    }

    /// A definition was sent as number `seq`; it holds `weight` bytes of memory, roughly.
    pub(crate) fn define(&mut self, seq: u64, name: &[u8], value: Rc<T>, weight: usize) {
        self.weight = self.weight.saturating_add(weight);
        self.pending.push((seq, name.to_vec(), Entry { value, weight }));
    }

    /// The server took definition `seq`.
    pub(crate) fn confirm(&mut self, seq: u64) {
        if let Some(at) = self.pending.iter().position(|(s, _, _)| *s == seq) {
            let (_, name, value) = self.pending.swap_remove(at);
            // Order among pending ones matters to look-ups only by name, and the server confirms in order.
            self.pending.sort_by_key(|(s, _, _)| *s);
            if let Some(old) = self.confirmed.insert(name, value) {
                self.weight = self.weight.saturating_sub(old.weight);
            }
        }
    }

    /// The server did not take definition `seq`.
    pub(crate) fn abandon(&mut self, seq: u64) {
        let mut freed = 0_usize;
        self.pending.retain(|(s, _, entry)| {
            let keep = *s != seq;
            if !keep {
                freed = entry.weight;
            }
            keep
        });
        self.weight = self.weight.saturating_sub(freed);
    }

    /// The server forgot a name.
    pub(crate) fn forget(&mut self, name: &[u8]) {
        if let Some(entry) = self.confirmed.remove(name) {
            self.weight = self.weight.saturating_sub(entry.weight);
        }
    }

    /// The server forgot all names that it had confirmed.
    pub(crate) fn forget_confirmed(&mut self) {
        self.confirmed.clear();
        self.weight = self.pending.iter().map(|(_, _, entry)| entry.weight).sum();
    }

    /// Nothing is certain any more: every name is unknown until it is defined anew.
    pub(crate) fn forget_all(&mut self) {
        self.confirmed.clear();
        self.pending.clear();
        self.weight = 0;
    }

    /// Whether there are so many names, or so much memory behind them, that one more is too much.
    pub(crate) fn is_full(&self, most: u32) -> bool {
        self.weight > MOST_BYTES || self.confirmed.len().saturating_add(self.pending.len()) >= most as usize
    }
}
