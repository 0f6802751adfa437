//! Retention: recordings that are old enough go, by the rules of the configuration. The log says which, when and by which
//! rule, and stays what it was: only the texts go that its entries are about.

use std::time::{Duration, Instant};

use gatewright_core::time::Millis;
use tokio::time::sleep;

use crate::compile::Compiled;
use crate::config::retention::Retention;
use crate::lease::Lease;
use crate::log::Recorder;
use crate::store::Store;
use crate::store::retention::Prunable;
use crate::time::now;

/// Sessions that one entry of the log is about.
const SESSIONS: u32 = 100;
/// The same where as few as possible are to go.
const FEW: u32 = 10;
/// Runs that are removed at a time, so that nobody waits long for the database.
const RUNS: u32 = 100;
/// Pause between two of those.
const PAUSE: Duration = Duration::from_millis(20);
/// By how much the clock may have been set since the host began.
const DRIFT: u64 = 3_600_000;
/// How long nothing must have happened in a session that is not over, and in any that the size cap takes.
const AT_REST: u64 = 86_400_000;
/// What the log calls the size cap.
const MAX_SIZE: &str = "max_size";

/// Prunes beside all else, as the configuration of the moment says.
pub(crate) fn start(store: Store, recorder: Recorder, compiled: Compiled, mut lease: Lease) {
    let clock = Clock::default();
    tokio::spawn(async move {
        lease.held().await;
        if let Err(cause) = finish(&store).await {
            tracing::error!(%cause, "what was pruned could not be removed");
        }
        loop {
            lease.held().await;
            let settings = compiled.state().settings.clone();
            let retention = settings.loaded.config.host.retention.clone().map(|retention| retention.value);
            if let Some(retention) = &retention {
                match clock.now() {
                    Some(now) => {
                        if let Err(cause) = prune(&store, &recorder, retention, now).await {
                            tracing::error!(%cause, "recordings could not be pruned");
                        }
                    }
                    None => tracing::error!(
                        "nothing is pruned: the clock was set by more than an hour since the host began; if it is right now, start the host again"
                    ),
                }
            }
            sleep(retention.map_or(Duration::from_secs(60), |retention| retention.every.0)).await;
        }
    });
}

/// The time, if it can be believed: a clock that jumps ahead must not make everything old.
struct Clock {
    began: Instant,
    at: Millis,
}

impl Default for Clock {
    fn default() -> Self {
        Self { began: Instant::now(), at: now() }
    }
}

impl Clock {
    fn now(&self) -> Option<Millis> {
        self.at(now())
    }

    fn at(&self, now: Millis) -> Option<Millis> {
        let lasted = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        (now.abs_diff(self.at.saturating_add(lasted)) <= DRIFT).then_some(now)
    }
}

/// Prunes once; gives the number of sessions.
pub(crate) async fn prune(
    store: &Store,
    recorder: &Recorder,
    retention: &Retention,
    now: Millis,
) -> sqlx::Result<u64> {
    for (name, held) in retention.held() {
        if store.held(&held).await? == 0 {
            tracing::warn!(hold = name, "this hold holds no session: is it written right?");
        }
    }
    let held: Vec<_> = retention.held().map(|(_, held)| held).collect();
    let (mut pruned, at_rest) = (0, now.saturating_sub(AT_REST));
    let mut except: Vec<String> = Vec::new();
    for rule in &retention.rules {
        let age = u64::try_from(rule.older_than.0.as_millis()).unwrap_or(u64::MAX);
        // What is older than the clock goes back to stays.
        let Some(before) = now.checked_sub(age) else { continue };
        let which = Prunable {
            resources: rule.resources.clone(),
            except: except.clone(),
            before,
            open_before: before.min(at_rest),
            held: held.clone(),
        };
        while let Some(some) = page(store, recorder, &rule.name.0, &which, SESSIONS).await? {
            pruned += some;
        }
        // The first rule about a resource counts.
        except.extend(rule.resources.iter().cloned());
    }
    if let Some(most) = retention.max_size {
        let which = Prunable { before: at_rest, open_before: at_rest, held, ..Prunable::default() };
        while store.used().await? > most.0 {
            match page(store, recorder, MAX_SIZE, &which, FEW).await? {
                Some(some) => pruned += some,
                None => {
                    tracing::warn!(
                        "the database is larger than host.retention.max_size, and there is nothing more to prune"
                    );
                    break;
                }
            }
        }
    }
    if pruned > 0 {
        store.fold().await?;
        tracing::info!(sessions = pruned, "recordings were pruned");
    }
    Ok(pruned)
}

/// Prunes some sessions; `None` where there are none.
async fn page(
    store: &Store,
    recorder: &Recorder,
    rule: &str,
    which: &Prunable,
    limit: u32,
) -> sqlx::Result<Option<u64>> {
    let sessions = store.prunable(which, limit).await?;
    if sessions.is_empty() {
        return Ok(None);
    }
    // First the log says so, then they go: what is missing without that was not pruned.
    let pruned = recorder.prune(rule, sessions).await?;
    for session in &pruned {
        remove(store, session).await?;
    }
    // Something happened to all of them: at the next time they are looked at again.
    Ok((!pruned.is_empty()).then_some(pruned.len() as u64))
}

/// Removes what was not removed yet when the host ended.
async fn finish(store: &Store) -> sqlx::Result<()> {
    for session in store.half_pruned().await? {
        remove(store, &session).await?;
    }
    Ok(())
}

async fn remove(store: &Store, session: &str) -> sqlx::Result<()> {
    while store.remove_runs(session, RUNS).await? > 0 {
        sleep(PAUSE).await;
    }
    Ok(())
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
