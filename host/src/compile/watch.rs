//! Watchers: files, keys, catalogues.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch as channel};
use tokio::task::AbortHandle;

use super::CatalogueSeen;
use crate::catalogue::{self, Source};
use crate::keys::{self, Keys};
use crate::settings::{Settings, fingerprint};

/// How often files are looked at.
const FILES_EVERY: Duration = Duration::from_secs(1);
/// How often keys are fetched, while all goes well.
const KEYS_EVERY: Duration = Duration::from_secs(180);
/// How often keys are fetched while a provider fails; also the shortest time between two fetches, so that tokens
/// with made-up key ids cannot make the host hammer a provider.
const KEYS_AT_MOST_EVERY: Duration = Duration::from_secs(2);
/// How often a catalogue is asked whether it changed.
const CATALOGUE_EVERY: Duration = Duration::from_secs(2);
/// Longest wait for a catalogue; a server that hangs counts as away.
const CATALOGUE_TIMEOUT: Duration = Duration::from_secs(30);

/// Watches the files. Publishes the settings in force and, while the files do not validate, why.
pub(super) fn settings(first: Settings) -> channel::Receiver<(Arc<Settings>, Option<String>)> {
    let path = first.loaded.path.clone();
    let mut seen = (fingerprint(&path, Some(&first.loaded)), 0);
    // What is wrong with the files, while it is.
    let mut files: Option<String> = None;
    let (publish, receive) = channel::channel((Arc::new(first), None));
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(FILES_EVERY).await;
            let last = publish.borrow().0.clone();
            let at = path.clone();
            let refused = publish.borrow().1.clone();
            let work = move || {
                let (changes, not_renewed) = last.sources.renew();
                let now = (fingerprint(&at, Some(&last.loaded)), changes);
                let read = (now != seen).then(|| Settings::read(&at, &last.sources));
                (now, read, last, not_renewed)
            };
            let Ok((now, read, last, not_renewed)) = tokio::task::spawn_blocking(work).await else {
                continue;
            };
            seen = now;
            let news = match read {
                Some(Ok(settings)) => {
                    tracing::info!("configuration, secrets and policies were read again");
                    warn_of_fixed(&last, &settings);
                    files = None;
                    (Arc::new(settings), join(&files, &not_renewed))
                }
                Some(Err(faults)) => {
                    tracing::error!(%faults, "the changed configuration is refused, the last good one stays");
                    files = Some(faults.to_string());
                    (last, join(&files, &not_renewed))
                }
                None => (last, join(&files, &not_renewed)),
            };
            // Nothing is new: whoever waits for news compiles everything.
            if Arc::ptr_eq(&news.0, &publish.borrow().0) && news.1 == refused {
                continue;
            }
            if publish.send(news).is_err() {
                return;
            }
        }
    });
    receive
}

/// Everything that is wrong, for people.
fn join(files: &Option<String>, not_renewed: &[String]) -> Option<String> {
    let all: Vec<&str> = files.iter().chain(not_renewed).map(String::as_str).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn warn_of_fixed(last: &Settings, new: &Settings) {
    let (last, new) = (&last.loaded.config.host, &new.loaded.config.host);
    if last.listen != new.listen || last.data != new.data || last.database != new.database {
        tracing::warn!("`host.listen`, `host.data` and `host.database` take effect at the next start");
    }
}

/// Fetches keys now and then, sooner when `refresh` asks or a provider fails.
pub(super) async fn keys(
    mut settings: channel::Receiver<(Arc<Settings>, Option<String>)>,
    refresh: Arc<Notify>,
) -> anyhow::Result<channel::Receiver<(Arc<Keys>, Vec<String>)>> {
    let client = keys::client()?;
    let loaded = settings.borrow_and_update().0.clone();
    let (first, faults) = keys::fetch_all(&client, &loaded.loaded, &Keys::new()).await;
    for fault in &faults {
        tracing::error!(fault, "no keys");
    }
    let (publish, receive) = channel::channel((Arc::new(first), faults));
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(KEYS_AT_MOST_EVERY).await;
            if publish.borrow().1.is_empty() {
                tokio::select! {
                    () = tokio::time::sleep(KEYS_EVERY) => {}
                    () = refresh.notified() => {}
                    changed = settings.changed() => if changed.is_err() { return },
                }
            }
            let loaded = settings.borrow_and_update().0.clone();
            let (last, before) = publish.borrow().clone();
            let (keys, faults) = keys::fetch_all(&client, &loaded.loaded, &last).await;
            if faults != before {
                for fault in &faults {
                    tracing::error!(fault, "the last good keys stay");
                }
            }
            publish.send_if_modified(|seen| {
                let modified = *seen.0 != keys || seen.1 != faults;
                if modified {
                    *seen = (Arc::new(keys), faults);
                }
                modified
            });
            if publish.is_closed() {
                return;
            }
        }
    });
    Ok(receive)
}

/// The catalogues of all resources, each watched by a task of its own.
#[derive(Default)]
pub(super) struct Catalogues {
    watched: HashMap<String, Watched>,
    news: Arc<Notify>,
}

struct Watched {
    source: Source,
    seen: channel::Receiver<CatalogueSeen>,
    task: AbortHandle,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Catalogues {
    /// Watches what the settings name, and nothing else.
    pub(super) fn follow(&mut self, settings: &Settings) {
        let mut wanted = HashMap::new();
        for resource in &settings.loaded.config.resources.value {
            if let Some(source) = settings.source(resource) {
                wanted.insert(resource.name.value.0.clone(), source);
            }
        }
        self.watched.retain(|name, watched| wanted.get(name) == Some(&watched.source));
        for (name, source) in wanted {
            self.watched.entry(name.clone()).or_insert_with(|| {
                let (publish, seen) = channel::channel(Err("the catalogue was not read yet".to_owned()));
                let task =
                    tokio::spawn(watch(name, source.clone(), publish, self.news.clone())).abort_handle();
                Watched { source, seen, task }
            });
        }
    }

    /// The newest catalogue, or why there is none.
    pub(super) fn latest(&self, resource: &str) -> CatalogueSeen {
        self.watched.get(resource).map_or_else(
            || Err("no role reads the catalogue".to_owned()),
            |watched| watched.seen.borrow().clone(),
        )
    }

    /// Waits until a catalogue changed.
    pub(super) async fn changed(&self) {
        self.news.notified().await;
    }
}

async fn watch(name: String, source: Source, publish: channel::Sender<CatalogueSeen>, news: Arc<Notify>) {
    loop {
        // Only an error ends following.
        let Err(cause) = follow(&source, &publish, &news).await;
        let cause = format!("the catalogue of `{name}` cannot be read: {cause:#}");
        let changed = publish.send_if_modified(|seen| {
            // A catalogue that was read stays good while the server is away: nobody can change it unseen for
            // longer than it takes to come back.
            let changed = seen.as_ref().is_err_and(|last| *last != cause);
            if changed {
                *seen = Err(cause.clone());
            }
            changed
        });
        if changed {
            tracing::warn!(resource = name, cause, "trying again");
            news.notify_one();
        }
        tokio::time::sleep(CATALOGUE_EVERY).await;
    }
}

async fn follow(
    source: &Source,
    publish: &channel::Sender<CatalogueSeen>,
    news: &Notify,
) -> anyhow::Result<std::convert::Infallible> {
    let mut client = tokio::time::timeout(CATALOGUE_TIMEOUT, catalogue::connect(source)).await??;
    let mut last = String::new();
    loop {
        let now = tokio::time::timeout(CATALOGUE_TIMEOUT, catalogue::fingerprint(&client)).await??;
        if now != last {
            let raw = tokio::time::timeout(CATALOGUE_TIMEOUT, catalogue::read(&mut client)).await??;
            last = now;
            publish.send_if_modified(|seen| {
                let changed = seen.as_ref().is_ok_and(|last| **last == raw);
                *seen = Ok(Arc::new(raw));
                !changed
            });
            news.notify_one();
        }
        tokio::time::sleep(CATALOGUE_EVERY).await;
    }
}
