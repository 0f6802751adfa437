//! `gatewright serve`: puts the parts together and runs them until it is told to stop.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::approvals::Approvals;
use crate::credentials::{Credentials, Mint};
use crate::http::health::Probe;
use crate::http::{App, router};
use crate::log::{Log, Recorder, Signer, private_file};
use crate::login::Logins;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::store::Store;
use crate::tools::Tools;
use crate::ui::{Contacts, SignIn};
use crate::{compile, notify, time};

/// How long requests under way may take after the signal to stop; held approvals are asked for again.
const GRACE: Duration = Duration::from_secs(3);

/// Serves until `stop` is there; it tells what asked for that.
pub(crate) async fn serve(
    config: &Path,
    data: Option<PathBuf>,
    stop: impl Future<Output = std::io::Result<&'static str>>,
) -> anyhow::Result<()> {
    let settings = Settings::read(config)?;
    let data = data.unwrap_or_else(|| settings.loaded.data());
    let listen = settings.loaded.config.host.listen.0;
    create_private_folder(&data).with_context(|| data.display().to_string())?;
    let mask_key =
        private_file(&data.join("mask.key"), || format!("{}\n", hex::encode(rand::random::<[u8; 32]>())))?;
    let signer = Signer::open(&data)?;
    let store = Store::open(&data).await?;
    let log = Log::open(store.clone(), signer, &data).await?;
    let metrics = Metrics::default();
    let recorder = Recorder::start(log.clone(), metrics.clone());
    let approvals = Approvals::start(log.clone());
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let tools = Tools::open(store.clone()).await?;
    let compiled = compile::start(settings, mask_key.trim().to_owned(), tools.accepted()).await?;
    tools.follow(approvals.clone(), compiled.clone());
    notify::start(store.clone(), approvals.clone(), compiled.clone(), metrics.clone())?;
    let logins = Logins::new(compiled.clone());
    let credentials = Credentials::new(compiled.clone(), Mint::open(&data)?)?;
    let address = listener.local_addr()?;
    let app = App {
        compiled,
        logins,
        credentials,
        tools,
        approvals,
        recorder,
        store: store.clone(),
        log: log.clone(),
        probe: Probe::default(),
        metrics,
        sign_in: SignIn::new()?,
        contacts: Contacts::default(),
    };
    // Signals are listened for before anybody is told that there is somebody to stop.
    let mut stop = std::pin::pin!(stop);
    tokio::select! {
        biased;
        reason = &mut stop => {
            tracing::info!(reason = reason?, "stopped before it began");
            return Ok(());
        }
        () = std::future::ready(()) => {}
    }
    // Scripts wait for this line; nothing else goes to standard output.
    writeln!(std::io::stdout(), "gatewright host ready on http://{address}").context("standard output")?;
    tracing::info!(%address, data = %data.display(), started = time::rfc3339(time::now()), "serving");
    let (told, stopping) = tokio::sync::watch::channel(false);
    let mut stopped = stopping.clone();
    let server = axum::serve(listener, router(app)).with_graceful_shutdown(async move {
        // The sender lives as long as this function: an error means that it is over as well.
        let _ = stopped.wait_for(|stop| *stop).await;
    });
    let mut server = tokio::spawn(server.into_future());
    tokio::select! {
        ended = &mut server => ended??,
        reason = &mut stop => {
            tracing::info!(reason = reason?, "stopping");
            told.send_replace(true);
            if tokio::time::timeout(GRACE, &mut server).await.is_err() {
                server.abort();
            }
        }
    }
    // What was acknowledged is on disk already; this brings the checkpoint's file up to it and folds the write-ahead log in.
    let _ = tokio::time::timeout(GRACE, log.settle()).await;
    let _ = tokio::time::timeout(GRACE, store.close()).await;
    Ok(())
}

/// SIGTERM or Ctrl-C.
pub(crate) async fn asked_to_stop() -> std::io::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}

/// The folder holds a signing key and what agents did: it is the owner's alone, when it is created here.
fn create_private_folder(path: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if std::fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the data folder can be read by others than its owner");
    }
    Ok(())
}
