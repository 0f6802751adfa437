//! Ends the demo of this source tree, whichever process it belongs to.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use gatewright_tests::process;
use rustix::process::Signal;

use super::files;
use crate::report::step;

/// Whether to speak when there is nothing to end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Say {
    Always,
    IfRunning,
}

/// How long it may take to end in good order; its parts get five seconds each.
const PATIENCE: Duration = Duration::from_secs(25);

pub(super) fn run(say: Say) -> Result<()> {
    let processes = files::read_state();
    // One that was killed could not remove its folders.
    let sweep = gatewright_tests::scratch::sweep;
    let running = || processes.iter().any(files::Owned::is_running);
    if !running() {
        files::remove();
        sweep();
        if say == Say::Always {
            step("Stopped", "no demo was running");
        }
        return Ok(());
    }
    step("Stopping", "the demo that is running");
    // The demo's own process comes first, and ends the others in order. Where it is gone, they are ended one by one.
    let (own, children) = processes.split_at(1);
    end(own, Signal::TERM, PATIENCE);
    end(children, Signal::TERM, Duration::from_secs(5));
    end(&processes, Signal::KILL, Duration::from_secs(5));
    if running() {
        let left: Vec<_> =
            processes.iter().filter(|process| process.is_running()).map(|p| &*p.name).collect();
        bail!("still running after SIGKILL: {}", left.join(", "));
    }
    files::remove();
    sweep();
    step("Stopped", "the demo");
    Ok(())
}

fn end(processes: &[files::Owned], signal: Signal, limit: Duration) {
    for process in processes.iter().filter(|process| process.is_running()) {
        process::signal(process.id, signal);
    }
    let start = Instant::now();
    while start.elapsed() < limit && processes.iter().any(files::Owned::is_running) {
        std::thread::sleep(Duration::from_millis(50));
    }
}
