//! The session machine under any bytes from client, server and host: no panic, and no other outcome when the
//! same bytes come one by one.
#![no_main]

#[path = "../../filters/postgres/tests/support/mod.rs"]
mod support;

use std::cell::LazyCell;

use gatewright_core::bundle::{ApprovalMode, RecordingMode};
use libfuzzer_sys::fuzz_target;
use support::{Site, Step, login, play, plane};

thread_local! {
    static SITES: LazyCell<[Site; 2]> = LazyCell::new(|| {
        [plane(RecordingMode::Buffered, ApprovalMode::Hold), plane(RecordingMode::Strict, ApprovalMode::Retry)]
    });
}

fuzz_target!(|data: &[u8]| {
    let Some((how, mut rest)) = data.split_first() else { return };
    let mut steps = if how & 1 == 0 { login() } else { Vec::new() };
    while let [kind, length, tail @ ..] = rest {
        let (bytes, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        steps.push(match kind % 6 {
            0 | 1 => Step::Client(bytes.to_vec()),
            2 | 3 => Step::Server(bytes.to_vec()),
            4 => Step::Durable,
            _ => Step::Pass(100 * u64::from(*length)),
        });
        rest = tail;
    }
    SITES.with(|sites| {
        let site = &sites[usize::from(how >> 1 & 1)];
        assert_eq!(play(site, &steps, |all| all), play(site, &steps, |_| 1));
    });
});
