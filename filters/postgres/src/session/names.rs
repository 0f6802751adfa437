//! Names of prepared statements and portals, as the server will know them.
//!
//! A definition counts for the server only once it was confirmed, but commands that follow in the same pipeline
//! already refer to it. So a definition is pending until its reply comes, and one that failed is forgotten:
//! otherwise a failed redefinition would let the gate believe that a name means something harmless.
//!
//! Up to the next Sync a pending definition can be relied on: if it fails, the server skips whatever refers to it.
//! Behind that Sync it cannot, and who refers to it has to wait for the reply.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// Longest name, in bytes: the server compares no more (`NAMEDATALEN - 1`), so longer ones could mean each other.
pub(crate) const MAX_NAME: usize = 63;
/// Memory that the names of one kind may hold in one session.
const MOST_BYTES: usize = 16 << 20;

/// One kind of names.
#[derive(Debug)]
pub(crate) struct Names<T> {
    slots: HashMap<Vec<u8>, Slot<T>>,
    /// Bytes of memory that all of them hold, roughly.
    weight: usize,
}

/// What one name means.
#[derive(Debug)]
struct Slot<T> {
    confirmed: Option<Entry<T>>,
    /// Definitions that the server has not answered, the latest last.
    pending: VecDeque<Pending<T>>,
}

#[derive(Debug)]
struct Pending<T> {
    seq: u64,
    segment: u64,
    entry: Entry<T>,
}

/// A definition, and how many bytes of memory it holds, roughly.
#[derive(Debug)]
struct Entry<T> {
    value: Rc<T>,
    weight: usize,
    /// Code that the gate does not know may have given the name another meaning.
    doubtful: bool,
}

/// What a command sent now would mean by a name.
#[derive(Debug)]
pub(crate) enum Meaning<T> {
    /// The server does not know it.
    Nothing,
    /// That depends on a reply that has not come.
    NotYetKnown,
    /// This.
    Known(Rc<T>),
    /// Once it was this.
    Doubtful(Rc<T>),
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { slots: HashMap::new(), weight: 0 }
    }
}

impl<T> Names<T> {
    /// What a command sent in that segment (the Syncs before it) would mean by `name`.
    pub(crate) fn lookup(&self, name: &[u8], segment: u64) -> Meaning<T> {
        let Some(slot) = self.slots.get(name) else { return Meaning::Nothing };
        let entry = match (slot.pending.back(), &slot.confirmed) {
            (Some(pending), _) if pending.segment != segment => return Meaning::NotYetKnown,
            (Some(pending), _) => &pending.entry,
            (None, Some(entry)) => entry,
            (None, None) => return Meaning::Nothing,
        };
        let value = Rc::clone(&entry.value);
        if entry.doubtful { Meaning::Doubtful(value) } else { Meaning::Known(value) }
    }

    /// A definition was sent as number `seq`; it holds `weight` bytes of memory, roughly.
    pub(crate) fn define(&mut self, name: &[u8], seq: u64, segment: u64, value: Rc<T>, weight: usize) {
        self.weight = self.weight.saturating_add(weight);
        let entry = Entry { value, weight, doubtful: false };
        let slot = self
            .slots
            .entry(name.to_vec())
            .or_insert_with(|| Slot { confirmed: None, pending: VecDeque::new() });
        slot.pending.push_back(Pending { seq, segment, entry });
    }

    /// The server took definition `seq` of `name`.
    pub(crate) fn confirm(&mut self, name: &[u8], seq: u64) {
        if let Some(slot) = self.slots.get_mut(name)
            && let Some(at) = slot.pending.iter().position(|pending| pending.seq == seq)
            && let Some(pending) = slot.pending.remove(at)
        {
            let old = slot.confirmed.replace(pending.entry);
            self.weight = self.weight.saturating_sub(old.map_or(0, |old| old.weight));
        }
    }

    /// The server did not take definition `seq` of `name`.
    pub(crate) fn abandon(&mut self, name: &[u8], seq: u64) {
        if let Some(slot) = self.slots.get_mut(name)
            && let Some(at) = slot.pending.iter().position(|pending| pending.seq == seq)
        {
            let freed = slot.pending.remove(at).map_or(0, |pending| pending.entry.weight);
            self.weight = self.weight.saturating_sub(freed);
            if slot.pending.is_empty() && slot.confirmed.is_none() {
                self.slots.remove(name);
            }
        }
    }

    /// The server forgot a name.
    pub(crate) fn forget(&mut self, name: &[u8]) {
        if let Some(slot) = self.slots.get_mut(name) {
            let freed = slot.confirmed.take().map_or(0, |entry| entry.weight);
            self.weight = self.weight.saturating_sub(freed);
            if slot.pending.is_empty() {
                self.slots.remove(name);
            }
        }
    }

    /// The server forgot all names that it had confirmed.
    pub(crate) fn forget_confirmed(&mut self) {
        self.slots.retain(|_, slot| {
            let freed = slot.confirmed.take().map_or(0, |entry| entry.weight);
            self.weight = self.weight.saturating_sub(freed);
            !slot.pending.is_empty()
        });
    }

    /// Those that are not to be kept are unknown until they are defined anew.
    pub(crate) fn keep(&mut self, keep: impl Fn(&[u8], &Rc<T>) -> bool) {
        self.slots.retain(|name, slot| {
            slot.confirmed.take_if(|entry| !keep(name, &entry.value));
            slot.pending.retain(|pending| keep(name, &pending.entry.value));
            slot.confirmed.is_some() || !slot.pending.is_empty()
        });
        let entries = self
            .slots
            .values()
            .flat_map(|slot| slot.confirmed.iter().chain(slot.pending.iter().map(|pending| &pending.entry)));
        self.weight = entries.map(|entry| entry.weight).sum();
    }

    /// Nothing is certain any more: every name is unknown until it is defined anew.
    pub(crate) fn forget_all(&mut self) {
        self.slots.clear();
        self.weight = 0;
    }

    /// Every name but the empty one, which only the protocol's messages can define, is in doubt.
    pub(crate) fn doubt_all(&mut self) {
        for (_, slot) in self.slots.iter_mut().filter(|(name, _)| !name.is_empty()) {
            let pending = slot.pending.iter_mut().map(|pending| &mut pending.entry);
            slot.confirmed.iter_mut().chain(pending).for_each(|entry| entry.doubtful = true);
        }
    }

    /// Whether there are so many names, or so much memory behind them, that one more is too much.
    pub(crate) fn is_full(&self, most: u32) -> bool {
        self.weight > MOST_BYTES || self.slots.len() >= most as usize
    }
}
