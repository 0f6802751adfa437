//! What a monitoring system asks.

use std::net::SocketAddr;

use anyhow::Context as _;
use axum::Router;
use axum::routing::get;
use gatewright_runner::Metrics;

/// Serves `/metrics` and `/ready` from now on.
pub(super) async fn serve(address: SocketAddr, metrics: Metrics) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let router = Router::new()
        .route("/metrics", get(move || std::future::ready(metrics.render())))
        .route("/ready", get(|| std::future::ready("ready\n")));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(())
}
