//! A task for each thing of some kind that the configuration has: it comes and goes with it.

use std::future::Future;

use tokio::task::AbortHandle;

use crate::compile::Compiled;
use crate::settings::Settings;

/// Follows the configuration: `run` is started for each of `list`, and aborted once that is not there any more, or has
/// changed.
pub(crate) fn each<T, R>(
    compiled: &Compiled,
    list: fn(&Settings) -> &[T],
    run: impl Fn(T) -> R + Send + 'static,
) where
    T: Clone + PartialEq + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let mut states = compiled.states();
    tokio::spawn(async move {
        let mut running: Vec<(T, AbortHandle)> = Vec::new();
        loop {
            let settings = states.borrow_and_update().settings.clone();
            let wanted = list(&settings);
            running.retain(|(one, task)| {
                let stays = wanted.contains(one);
                if !stays {
                    task.abort();
                }
                stays
            });
            for one in wanted {
                if running.iter().all(|(known, _)| known != one) {
                    running.push((one.clone(), tokio::spawn(run(one.clone())).abort_handle()));
                }
            }
            if states.changed().await.is_err() {
                break;
            }
        }
    });
}
