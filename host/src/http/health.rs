//! What anybody may ask: whether the service lives, whether it can serve, and its public keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};

use super::App;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/.well-known/jwks.json", get(keys))
}

/// The keys with which targets check tokens of the host's own.
async fn keys(State(app): State<Arc<App>>) -> axum::Json<Value> {
    axum::Json(app.credentials.keys())
}

/// 200 once every resource has a bundle. A resource whose newest ingredients were refused keeps its last good
/// bundle and says why.
async fn ready(State(app): State<Arc<App>>) -> (StatusCode, axum::Json<Value>) {
    let state = app.compiled.state();
    let mut ready = true;
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
    (status, axum::Json(json!({ "ready": ready, "resources": resources, "faults": state.faults })))
}
