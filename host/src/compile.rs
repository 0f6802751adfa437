//! Bundles: compiled at the start and whenever the files, the keys or a catalogue change.
//!
//! Three kinds of watchers publish what they see; one task compiles. What does not validate is refused and the
//! last good bundle stays.

pub(crate) mod bundle;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;

use gatewright_core::identity::{Identity, Refusal, Verifier};
use tokio::sync::{Notify, watch as channel};

pub(crate) use bundle::Served;

use crate::catalogue::Raw;
use crate::config::Api;
use crate::keys::Keys;
use crate::settings::Settings;
use crate::time::now;
use crate::tools::Accepted;

/// What is known about one resource.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResourceState {
    /// The bundle in force.
    pub(crate) served: Option<Served>,
    /// Why the newest ingredients gave none, where they did not.
    pub(crate) faults: Vec<String>,
}

/// What the service answers from; replaced as a whole.
#[derive(Debug)]
pub(crate) struct State {
    /// Configuration and policies in force.
    pub(crate) settings: Arc<Settings>,
    /// Verifies tokens of agents; of people too, where the configuration does not tell them apart.
    pub(crate) verifier: Verifier,
    /// Verifies tokens of people, where it does.
    pub(crate) people: Option<Verifier>,
    /// Resources by name.
    pub(crate) resources: HashMap<String, ResourceState>,
    /// Faults of the files and keys themselves.
    pub(crate) faults: Vec<String>,
}

/// A handle on the state in force.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    state: channel::Receiver<Arc<State>>,
    refresh_keys: Arc<Notify>,
}

impl Compiled {
    /// The state now.
    pub(crate) fn state(&self) -> Arc<State> {
        self.state.borrow().clone()
    }

    /// The states from now on.
    pub(crate) fn states(&self) -> channel::Receiver<Arc<State>> {
        self.state.clone()
    }

    /// Verifies a token; an unknown key asks for a refresh of the keys, for the next try.
    pub(crate) fn verify(&self, token: &str) -> Result<Identity, Refusal> {
        let verdict = self.state().verifier.verify(token, now());
        if verdict.as_ref().is_err_and(Refusal::is_unknown_key) {
            self.refresh_keys.notify_one();
        }
        verdict
    }

    /// Verifies a person's token.
    pub(crate) fn verify_person(&self, token: &str) -> Result<Identity, String> {
        let state = self.state();
        let Some(people) = &state.people else {
            return self.verify(token).map_err(|refusal| refusal.to_string());
        };
        // One that is good for both could have come from an agent.
        if state.verifier.verify(token, now()).is_ok() {
            return Err("this is an agent's token: deciding and reading recordings is for people".to_owned());
        }
        let verdict = people.verify(token, now());
        if verdict.as_ref().is_err_and(Refusal::is_unknown_key) {
            self.refresh_keys.notify_one();
        }
        verdict.map_err(|refusal| refusal.to_string())
    }
}

/// What the watchers publish.
struct Seen {
    settings: channel::Receiver<(Arc<Settings>, Option<String>)>,
    keys: channel::Receiver<(Arc<Keys>, Vec<String>)>,
    catalogues: watch::Catalogues,
    tools: channel::Receiver<Arc<Accepted>>,
}

/// Starts the watchers and the compiler.
pub(crate) async fn start(
    settings: Settings,
    mask_key: String,
    tools: channel::Receiver<Arc<Accepted>>,
) -> anyhow::Result<Compiled> {
    let settings = watch::settings(settings);
    let refresh_keys = Arc::new(Notify::new());
    let keys = watch::keys(settings.clone(), refresh_keys.clone()).await?;
    let mut seen = Seen { settings, keys, catalogues: watch::Catalogues::default(), tools };
    seen.catalogues.follow(&seen.settings.borrow().0.clone());
    let (publish, state) = channel::channel(Arc::new(compile(&mut seen, &HashMap::new(), &mask_key)?));
    tokio::spawn(async move {
        while changed(&mut seen).await {
            seen.catalogues.follow(&seen.settings.borrow_and_update().0.clone());
            let last = publish.borrow().clone();
            match compile(&mut seen, &last.resources, &mask_key) {
                Ok(state) => {
                    report(&last, &state);
                    publish.send_replace(Arc::new(state));
                }
                Err(cause) => {
                    tracing::error!(%cause, "the new identity providers are refused, the last ones stay")
                }
            }
        }
    });
    Ok(Compiled { state, refresh_keys })
}

/// Waits until a watcher saw something new; false when they are gone.
async fn changed(seen: &mut Seen) -> bool {
    tokio::select! {
        settings = seen.settings.changed() => settings.is_ok(),
        keys = seen.keys.changed() => keys.is_ok(),
        () = seen.catalogues.changed() => true,
        tools = seen.tools.changed() => tools.is_ok(),
    }
}

fn compile(seen: &mut Seen, last: &HashMap<String, ResourceState>, mask_key: &str) -> anyhow::Result<State> {
    let (settings, file_fault) = seen.settings.borrow_and_update().clone();
    seen.tools.mark_unchanged();
    let (keys, key_faults) = seen.keys.borrow_and_update().clone();
    let verifier = Verifier::new(&bundle::providers(&settings, &keys)).map_err(anyhow::Error::msg)?;
    let people = settings.loaded.config.people.as_ref();
    let people = people.map(|people| Verifier::new(&bundle::people(&settings, people, &keys)));
    let people = people.transpose().map_err(anyhow::Error::msg)?;
    let mut resources = HashMap::new();
    for resource in &settings.loaded.config.resources.value {
        let name = &resource.name.value.0;
        let compiled = match seen.catalogues.latest(name) {
            Ok(raw) => bundle::compile(&settings, resource, &keys, &raw, mask_key),
            Err(cause) => Err(vec![cause]),
        };
        let last = last.get(name).and_then(|state| state.served.clone());
        let state = match compiled {
            Ok(served) => ResourceState { served: Some(served), faults: Vec::new() },
            Err(faults) => ResourceState { served: last, faults },
        };
        resources.insert(name.clone(), state);
    }
    for api in &settings.loaded.config.apis.value {
        let name = &api.name.value.0;
        let last = last.get(name).and_then(|state| state.served.clone());
        let state = match compile_api(&settings, api, &keys, seen, mask_key) {
            Ok(served) => ResourceState { served: Some(served), faults: Vec::new() },
            Err(faults) => ResourceState { served: last, faults },
        };
        resources.insert(name.clone(), state);
    }
    let faults = file_fault.into_iter().chain(key_faults).collect();
    Ok(State { settings, verifier, people, resources, faults })
}

fn compile_api(
    settings: &Settings,
    api: &Api,
    keys: &Keys,
    seen: &Seen,
    mask_key: &str,
) -> Result<Served, Vec<String>> {
    let database = match &api.sql {
        Some(sql) => {
            let name = &sql.database.value;
            let resource = settings.loaded.resource(name);
            let resource = resource.ok_or_else(|| vec![format!("there is no resource `{name}`")])?;
            Some((resource, seen.catalogues.latest(name).map_err(|cause| vec![cause])?))
        }
        None => None,
    };
    let database = database.as_ref().map(|(resource, raw)| (*resource, &**raw));
    let tools = seen.tools.borrow().get(&api.name.value.0).cloned().unwrap_or_default();
    bundle::compile_api(settings, api, keys, database, &tools, mask_key)
}

/// Logs what became of each resource, once per change.
fn report(last: &State, new: &State) {
    for (name, state) in &new.resources {
        let before = last.resources.get(name);
        let digest = state.served.as_ref().map(|served| served.digest.as_str());
        if digest.is_some() && digest != before.and_then(|s| s.served.as_ref()).map(|s| s.digest.as_str()) {
            tracing::info!(resource = name, digest, "new bundle");
        }
        if before.map(|s| &s.faults) != Some(&state.faults) {
            for fault in &state.faults {
                let kept = digest.is_some();
                tracing::error!(resource = name, fault, last_good_bundle_stays = kept, "no new bundle");
            }
        }
    }
}

/// The newest catalogue of a resource, or why there is none.
type CatalogueSeen = Result<Arc<Raw>, String>;
