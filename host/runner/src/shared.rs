//! What VMs share: the data of a `vm_id`, with compare-and-swap, and queues.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::HashMap;

use crate::abi::Status;
use crate::world::QueueBell;

/// Bytes that the values of one `vm_id`, and all queues, may hold: what a filter keeps must not end the process.
const MAX_BYTES: usize = 256 << 20;

/// All that VMs of a process share; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Shared {
    spaces: Arc<Mutex<HashMap<String, Arc<Space>>>>,
    queues: Arc<Mutex<Queues>>,
}

/// The data of one `vm_id`.
#[derive(Debug, Default)]
pub(crate) struct Space(Mutex<Data>);

#[derive(Default)]
struct Data {
    values: HashMap<Vec<u8>, (Vec<u8>, u32)>,
    last_cas: u32,
    bytes: Bytes,
}

/// The queues of all `vm_id`s: one may put into another's.
#[derive(Default)]
struct Queues {
    queues: Vec<Queue>,
    bytes: Bytes,
}

struct Queue {
    vm_id: String,
    name: Vec<u8>,
    items: VecDeque<Vec<u8>>,
    /// The VM that registered it last.
    consumer: Option<QueueBell>,
}

#[derive(Debug, Default)]
struct Bytes(usize);

impl Bytes {
    fn take(&mut self, released: usize, wanted: usize) -> Result<(), Status> {
        let bytes = self.0.saturating_sub(released).saturating_add(wanted);
        if bytes > MAX_BYTES {
            return Err(Status::InternalFailure);
        }
        self.0 = bytes;
        Ok(())
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queues").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The data of a `vm_id`, made where there is none.
    pub(crate) fn space(&self, vm_id: &str) -> Arc<Space> {
        lock(&self.spaces).entry(vm_id.to_owned()).or_default().clone()
    }

    /// Opens a queue, made where there is none; from now on it is the caller whose bell rings.
    pub(crate) fn register(&self, vm_id: &str, name: &[u8], bell: Option<QueueBell>) -> Result<u32, Status> {
        let mut all = lock(&self.queues);
        let index = match all.position(vm_id, name) {
            Some(index) => index,
            None => {
                all.bytes.take(0, name.len() + size_of::<Queue>())?;
                let (vm_id, name) = (vm_id.to_owned(), name.to_vec());
                all.queues.push(Queue { vm_id, name, items: VecDeque::new(), consumer: None });
                all.queues.len() - 1
            }
        };
        if let Some(queue) = all.queues.get_mut(index) {
            queue.consumer = bell;
        }
        u32::try_from(index + 1).map_err(|_| Status::InternalFailure)
    }

    /// A queue by its name.
    pub(crate) fn resolve(&self, vm_id: &str, name: &[u8]) -> Option<u32> {
        u32::try_from(lock(&self.queues).position(vm_id, name)? + 1).ok()
    }

    /// Puts something into a queue.
    pub(crate) fn enqueue(&self, id: u32, item: &[u8]) -> Result<(), Status> {
        let mut all = lock(&self.queues);
        all.get(id)?;
        all.bytes.take(0, item.len() + size_of::<Vec<u8>>())?;
        let queue = all.get(id)?;
        queue.items.push_back(item.to_vec());
        let consumer = queue.consumer.clone();
        drop(all);
        if let Some(bell) = consumer {
            bell(id);
        }
        Ok(())
    }

    /// Takes what was put into a queue first.
    pub(crate) fn dequeue(&self, id: u32) -> Result<Vec<u8>, Status> {
        let mut all = lock(&self.queues);
        let item = all.get(id)?.items.pop_front().ok_or(Status::Empty)?;
        all.bytes.take(item.len() + size_of::<Vec<u8>>(), 0)?;
        Ok(item)
    }
}

impl Queues {
    fn position(&self, vm_id: &str, name: &[u8]) -> Option<usize> {
        self.queues.iter().position(|queue| queue.vm_id == vm_id && queue.name == name)
    }

    fn get(&mut self, id: u32) -> Result<&mut Queue, Status> {
        let index = (id as usize).checked_sub(1);
        index.and_then(|index| self.queues.get_mut(index)).ok_or(Status::NotFound)
    }
}

impl Space {
    /// A value and its compare-and-swap number.
    pub(crate) fn get(&self, key: &[u8]) -> Option<(Vec<u8>, u32)> {
        lock(&self.0).values.get(key).cloned()
    }

    /// Sets a value; a `cas` other than 0 must be the known one's.
    pub(crate) fn set(&self, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        let mut data = lock(&self.0);
        let known = data.values.get(key).map(|(value, cas)| (value.len(), *cas));
        if known.is_some_and(|(_, known)| cas != 0 && cas != known) {
            return Err(Status::CasMismatch);
        }
        let released = known.map_or(0, |(size, _)| size + key.len());
        data.bytes.take(released, key.len() + value.len())?;
        // 0 means "whatever it is".
        data.last_cas = data.last_cas.checked_add(1).unwrap_or(1);
        let cas = data.last_cas;
        data.values.insert(key.to_vec(), (value.to_vec(), cas));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_changes_only_from_what_was_read() {
        let space = Shared::new().space("vm");
        space.set(b"k", b"1", 0).unwrap();
        let (_, cas) = space.get(b"k").unwrap();
        space.set(b"k", b"2", cas).unwrap();
        assert_eq!(space.set(b"k", b"3", cas), Err(Status::CasMismatch));
        space.set(b"k", b"4", 0).unwrap();
        assert_eq!(space.get(b"k").unwrap().0, b"4");
    }

    #[test]
    fn queues_are_first_in_first_out_and_ring() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let shared = Shared::new();
        let rang = Arc::new(AtomicU32::new(0));
        let count = rang.clone();
        let bell: QueueBell = Arc::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let id = shared.register("vm", b"q", Some(bell)).unwrap();
        assert_ne!(shared.register("other", b"q", None), Ok(id));
        assert_eq!(shared.resolve("vm", b"q"), Some(id));
        assert_eq!(shared.resolve("vm", b"r"), None);
        shared.enqueue(id, b"1").unwrap();
        shared.enqueue(id, b"2").unwrap();
        assert_eq!(rang.load(Ordering::Relaxed), 2);
        assert_eq!(shared.dequeue(id).unwrap(), b"1");
        assert_eq!(shared.dequeue(id).unwrap(), b"2");
        assert_eq!(shared.dequeue(id), Err(Status::Empty));
        assert_eq!(shared.dequeue(id + 2), Err(Status::NotFound));
    }

    #[test]
    fn what_is_kept_has_a_limit() {
        let space = Shared::new().space("vm");
        let big = vec![0; MAX_BYTES - 10];
        space.set(b"k", &big, 0).unwrap();
        assert_eq!(space.set(b"l", b"123456789abc", 0), Err(Status::InternalFailure));
        space.set(b"k", b"", 0).unwrap();
        space.set(b"l", b"123456789abc", 0).unwrap();
    }
}
