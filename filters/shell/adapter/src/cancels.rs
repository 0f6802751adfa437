//! CancelRequests arrive on connections of their own, maybe on another worker: they are passed on through the
//! proxy's shared data, as a short list of the latest.

use gatewright_core::digest::Digest;
use gatewright_core::time::Millis;
use proxy_wasm::hostcalls;

const KEY: &str = "gatewright.cancels";
/// Entries kept; a session looks every 100 ms or so.
const KEPT: usize = 1_024;
/// A digest and a time.
const ENTRY: usize = 40;

/// Announces a CancelRequest.
pub fn announce(cancelled: &Digest, now: Millis) {
    // Another worker may write at the same time; then the list is read anew.
    for _ in 0..8 {
        let Ok((list, cas)) = hostcalls::get_shared_data(KEY) else { return };
        let mut list = list.unwrap_or_default();
        list.extend_from_slice(cancelled);
        list.extend_from_slice(&now.to_be_bytes());
        let surplus = list.len().saturating_sub(KEPT.saturating_mul(ENTRY));
        list.drain(..surplus.min(list.len()));
        if hostcalls::set_shared_data(KEY, Some(&list), cas).is_ok() {
            return;
        }
    }
}

/// The latest CancelRequests with their times.
#[must_use]
pub fn latest() -> Vec<(Digest, Millis)> {
    let list = hostcalls::get_shared_data(KEY).ok().and_then(|(list, _)| list).unwrap_or_default();
    let entries = list.chunks_exact(ENTRY).filter_map(|entry| {
        let (digest, time) = entry.split_at_checked(32)?;
        Some((digest.try_into().ok()?, Millis::from_be_bytes(time.try_into().ok()?)))
    });
    entries.collect()
}
