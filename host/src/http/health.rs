//! What anybody may ask: whether the service lives, whether it can serve, and its public keys.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::timeout;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use crate::store::Store;
use crate::time::now;

/// How often it is tried at most whether the database can be written.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// How long that may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(lives)).routes(routes!(ready)).routes(routes!(keys))
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = String)))]
async fn lives() -> &'static str {
    "ok\n"
}

/// The keys with which targets check tokens of the host's own.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "health", responses((status = 200, body = Object)))]
async fn keys(State(app): State<Arc<App>>) -> axum::Json<Value> {
    axum::Json(app.credentials.keys())
}

/// Whether the database can be written. Anybody may ask, so it is tried once a second at most.
#[derive(Clone, Default)]
pub(crate) struct Probe(Arc<Tried>);

#[derive(Default)]
struct Tried {
    /// When it was tried last, and what came of it.
    last: Mutex<Option<(Instant, bool)>>,
    /// Events could not be written since there was room for them.
    failed: AtomicBool,
}

impl Probe {
    /// Events could not be written.
    pub(super) fn failed(&self) {
        self.0.failed.store(true, Ordering::Relaxed);
    }

    async fn is_writable(&self, store: &Store) -> bool {
        // Whoever asks meanwhile waits for the same answer.
        let mut last = self.0.last.lock().await;
        if let Some((at, writable)) = *last
            && at.elapsed() < PROBE_EVERY
        {
            return writable;
        }
        let failed = self.0.failed.load(Ordering::Relaxed);
        let tried = timeout(PROBE_TIMEOUT, async {
            store.probe(now()).await?;
            if failed { store.probe_room().await } else { Ok(()) }
        });
        let tried = tried.await;
        let writable = match &tried {
            Ok(Ok(())) => true,
            Ok(Err(cause)) => {
                tracing::error!(%cause, "the database cannot be written");
                false
            }
            Err(_) => {
                tracing::error!("the database cannot be written in time");
                false
            }
        };
        if failed && writable {
            self.0.failed.store(false, Ordering::Relaxed);
        }
        *last = Some((Instant::now(), writable));
        writable
    }
}

/// 200 where the database can be written and every resource has a bundle, for which its catalogue was read. A resource
/// whose newest ingredients were refused keeps its last good bundle and says why.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, body = Object),
    (status = 503, description = "What is missing", body = Object),
))]
async fn ready(State(app): State<Arc<App>>) -> (StatusCode, axum::Json<Value>) {
    let state = app.compiled.state();
    let writable = app.probe.is_writable(&app.store).await;
    let mut ready = writable;
    let mut resources = BTreeMap::new();
    for (name, resource) in &state.resources {
        let digest = resource.served.as_ref().map(|served| &served.digest);
        ready &= digest.is_some();
        let status = match (digest.is_some(), resource.faults.is_empty()) {
            (true, true) => "ready",
            (true, false) => "stale",
            (false, _) => "no bundle",
        };
        resources.insert(name, json!({ "status": status, "bundle": digest, "faults": resource.faults }));
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let store = if writable { "writable" } else { "it cannot be written" };
    let said = json!({ "ready": ready, "store": store, "resources": resources, "faults": state.faults });
    (status, axum::Json(said))
}
