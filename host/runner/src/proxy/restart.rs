//! How soon a filter that failed is started again.

use std::time::{Duration, Instant};

/// The first pause after a restart.
const FIRST: Duration = Duration::from_millis(100);
/// The longest one.
const LONGEST: Duration = Duration::from_secs(10);
/// How long a filter must run for its failures to be forgotten.
const SOUND: Duration = Duration::from_secs(60);

/// How often a filter failed of late.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    last: Option<Instant>,
}

impl Backoff {
    /// It failed: how long to wait. Nothing the first time, then twice as long each time.
    pub(super) fn pause(&mut self) -> Duration {
        self.pause_at(Instant::now())
    }

    fn pause_at(&mut self, now: Instant) -> Duration {
        let sound = self.last.is_none_or(|last| now.saturating_duration_since(last) > SOUND);
        self.failures = if sound { 1 } else { self.failures.saturating_add(1) };
        self.last = Some(now);
        match self.failures {
            1 => Duration::ZERO,
            n => FIRST.saturating_mul(1 << (n - 2).min(16)).min(LONGEST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_forgotten() {
        let mut backoff = Backoff::default();
        let start = Instant::now();
        let pauses: Vec<_> = (0..5).map(|_| backoff.pause_at(start).as_millis()).collect();
        assert_eq!(pauses, [0, 100, 200, 400, 800]);
        for _ in 0..20 {
            assert!(backoff.pause_at(start) <= LONGEST);
        }
        assert_eq!(backoff.pause_at(start + SOUND * 2), Duration::ZERO);
    }
}
