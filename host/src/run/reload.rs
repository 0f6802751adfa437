//! SIGHUP: what is served is read anew.

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::Context as _;
use gatewright_runner::Metrics;
use gatewright_runner::proxy::{Config, Control};
use tokio::signal::unix::Signal;

use super::{Args, services};

/// Reads the configuration, the modules and the certificates again each time it is asked to; what is wrong with them is
/// logged, and changes nothing.
pub(super) async fn follow(
    args: Arc<Args>,
    mut asked: Signal,
    control: Control,
    metrics: Metrics,
) -> Infallible {
    loop {
        if asked.recv().await.is_none() {
            // There are no signals any more.
            std::future::pending::<()>().await;
        }
        let result = match reload(args.clone(), &control).await {
            Ok(served) => {
                tracing::info!(served, "reloaded: new connections go by what is written now");
                "done"
            }
            Err(error) => {
                tracing::error!("not reloaded, and everything goes on as before: {error:#}");
                "failed"
            }
        };
        metrics.count(&format!("gatewright_reloads_total{{result=\"{result}\"}}"));
    }
}

/// Tells what is served then.
async fn reload(args: Arc<Args>, control: &Control) -> anyhow::Result<String> {
    let (read, drain) = (args.clone(), args.drain);
    let read = tokio::task::spawn_blocking(move || services::of(&read)).await;
    let (services, clusters) = read.context("reading what to serve")??;
    let names: Vec<String> = services.iter().map(|service| service.name.clone()).collect();
    let addresses = control.reload(Config { services, clusters, workers: 0, drain }).await?;
    let served = names.iter().zip(addresses).map(|(name, address)| format!("{name} on {address}"));
    Ok(served.collect::<Vec<_>>().join(", "))
}
