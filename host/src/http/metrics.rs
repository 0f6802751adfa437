//! `/metrics`, in the text format of OpenMetrics 1.0, which Prometheus reads.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::has_token;
use super::problem::Failure;
use crate::metrics::{Labels, PREFIX};
use crate::store::approvals::Stage;
use crate::time::now;

/// What the specification calls the format.
const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(scrape))
}

/// Measures how long an answer takes.
pub(super) async fn measured(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    // Any word may be a method: what strangers make up shall not become a series each.
    let known = [Method::GET, Method::HEAD, Method::POST, Method::DELETE]
        .into_iter()
        .find(|known| known == request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let method = known.as_ref().map_or("other", Method::as_str);
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    app.metrics.answered(method, route, response.status().as_u16(), started.elapsed());
    response
}

/// Counts and gauges (OpenMetrics 1.0).
#[utoipa::path(get, path = "/metrics", tag = "health", security((), ("metrics" = [])), responses(
    (status = 200, body = String, content_type = "application/openmetrics-text"),
    Failure,
))]
async fn scrape(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Failure> {
    let state = app.compiled.state();
    if let Some(token) = &state.settings.metrics_token {
        has_token(&headers, token, "expected `authorization: Bearer` with the token for metrics")?;
    }
    let mut now = Now(Registry::with_prefix(PREFIX));
    database(&app, &mut now).await?;
    resources(&app, &mut now);
    let version = vec![(vec![("version", env!("CARGO_PKG_VERSION").to_owned())], 1)];
    now.gauge("host_info", "The host's version", version);
    let mut text = String::new();
    let written = encode_registry(&mut text, app.metrics.registry())
        .and_then(|()| encode_registry(&mut text, &now.0))
        .and_then(|()| encode_eof(&mut text));
    // INVARIANT: writing to a string does not fail.
    written.map_err(|_| sqlx::Error::WorkerCrashed)?;
    Ok(([(header::CONTENT_TYPE, FORMAT)], text).into_response())
}

/// What is so at this moment.
struct Now(Registry);

impl Now {
    fn gauge(&mut self, name: &str, help: &str, values: Vec<(Labels, u64)>) {
        let family = Family::<Labels, Gauge<u64, AtomicU64>>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).set(value);
        }
        self.0.register(name, help, family);
    }

    fn one(&mut self, name: &str, help: &str, value: u64) {
        self.gauge(name, help, vec![(Vec::new(), value)]);
    }
}

async fn database(app: &App, to: &mut Now) -> sqlx::Result<()> {
    let by_state = |states: &[&str], counts: Vec<(String, u64)>| -> Vec<(Labels, u64)> {
        // None of them is a number too: what is not there cannot be watched.
        let none = states.iter().map(|state| ((*state).to_owned(), 0));
        none.chain(counts).map(|(state, count)| (vec![("state", state)], count)).collect()
    };
    let approvals = by_state(&Stage::ALL.map(Stage::as_str), app.store.approval_counts().await?);
    to.gauge("approvals", "Approvals by where they stand", approvals);
    let grants = by_state(&["active", "expired", "revoked"], app.store.grant_counts().await?);
    to.gauge("grants", "Grants by where they stand", grants);
    let oldest = app.store.oldest_pending().await?.map_or(0, |at| now().saturating_sub(at) / 1000);
    to.one("approvals_oldest_pending_seconds", "For how long the oldest one waits for a decision", oldest);
    let entries = app.store.log_size().await?;
    to.one("log_entries", "Entries of the log: where its head is", entries);
    let written = app.log.checkpoint_file();
    to.one("checkpoint_file_entries", "Entries that the checkpoint in the file vouches for", written);
    let bytes = app.store.size().await?;
    to.one("database_bytes", "Size of the database, without its write-ahead log", bytes);
    let waiting = app.recorder.waiting() as u64;
    to.one("batches_waiting", "Batches of events that wait for the disk", waiting);
    Ok(())
}

fn resources(app: &App, to: &mut Now) {
    let state = app.compiled.state();
    let (mut bundles, mut ready, mut faults, mut heard, mut current) = Default::default();
    type Values = Vec<(Labels, u64)>;
    let add = |to: &mut Values, name: &str, value: u64| to.push((vec![("resource", name.to_owned())], value));
    for (name, resource) in &state.resources {
        let digest = resource.served.as_ref().map(|served| served.digest.clone());
        add(&mut ready, name, u64::from(digest.is_some()));
        add(&mut faults, name, resource.faults.len() as u64);
        if let Some((at, bundle)) = app.contacts.last(name) {
            add(&mut heard, name, at / 1000);
            add(&mut current, name, u64::from(bundle == digest));
        }
        if let Some(digest) = digest {
            let labels = vec![("resource", name.clone()), ("digest", digest)];
            Values::push(&mut bundles, (labels, 1));
        }
    }
    to.gauge("bundle_info", "The bundle in force", bundles);
    to.gauge("bundle_ready", "1 where there is a bundle", ready);
    to.gauge("bundle_faults", "Why the newest ingredients gave none: how many faults", faults);
    let shadow = state.settings.loaded.config.enforcement();
    let shadow =
        shadow.map(|(name, mode)| (vec![("resource", name.to_owned())], u64::from(!mode.is_enforced())));
    to.gauge("shadow_mode", "1 where policy is recorded and not enforced", shadow.collect());
    to.gauge("filter_heard_timestamp_seconds", "When a filter last asked for its bundle", heard);
    to.gauge("filter_current", "1 where that filter had the bundle in force", current);
    let faults = state.faults.len() as u64;
    to.one(
        "configuration_faults",
        "Faults of files and keys, in spite of which the last good ones stay",
        faults,
    );
}
