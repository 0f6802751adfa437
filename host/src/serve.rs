//! `gatewright serve`: puts the parts together and runs them until it is told to stop.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use gatewright_core::digest::sha256_parts;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::approvals::Approvals;
use crate::credentials::{Credentials, Mint};
use crate::ephemeral::Ephemeral;
use crate::estimate::Estimator;
use crate::http::health::Probe;
use crate::http::limits::Limits;
use crate::http::{App, router};
use crate::lease::{self, Lease};
use crate::log::witness::{self, Witness};
use crate::log::{Log, Recorder, Signer, private_file};
use crate::login::Logins;
use crate::metrics::Metrics;
use crate::secret::Sources;
use crate::settings::Settings;
use crate::slack::Clicks;
use crate::store::Store;
use crate::tokens::Tokens;
use crate::tools::Tools;
use crate::trace::Traces;
use crate::ui::{Contacts, SignIn};
use crate::vault::Vault;
use crate::{compile, notify, retention, rewrap, siem, time};

/// How long requests under way may take after the signal to stop; held approvals are asked for again.
const GRACE: Duration = Duration::from_secs(3);

/// Serves until `stop` is there; it tells what asked for that.
pub(crate) async fn serve(
    config: &Path,
    data: Option<PathBuf>,
    database: Option<&str>,
    stop: impl Future<Output = std::io::Result<&'static str>>,
) -> anyhow::Result<()> {
    let settings = Settings::read(config, &Sources::default())?;
    let data = data.unwrap_or_else(|| settings.loaded.data());
    let listen = settings.loaded.config.host.listen.0;
    create_private_folder(&data).with_context(|| data.display().to_string())?;
    let mask_key =
        private_file(&data.join("mask.key"), || format!("{}\n", hex::encode(rand::random::<[u8; 32]>())))?;
    let signer = Signer::open(&data)?;
    let vault = settings.loaded.config.host.encryption.as_ref();
    let rewrap = vault.is_some_and(|section| section.rewrap);
    let vault = vault.map(|section| Vault::read(section, &settings.sources)).transpose();
    let vault = vault.context("host.encryption")?.map(Arc::new);
    let shared = settings.loaded.shared(database, &settings.sources)?;
    let store = match &shared {
        Some(shared) => Store::open_shared(shared).await?,
        None => Store::open(&data).await?,
    };
    let store = store.with_vault(vault);
    let mint = Mint::open(&data)?;
    keys_are_the_same(&store, &signer, &mask_key, &mint).await?;
    keys_fit(&store).await?;
    let log = Log::open(store.clone(), signer, &data).await?;
    let witnesses = settings.loaded.config.host.witnesses.iter().map(|witness| Witness {
        url: witness.url.0.clone(),
        key: witness.key.0.clone(),
        every: witness.every.0,
    });
    let lease = Lease::start(store.clone());
    witness::start(&log, data.clone(), witnesses.collect(), &lease)?;
    let metrics = Metrics::default();
    let recorder = Recorder::start(log.clone(), metrics.clone());
    let approvals = Approvals::start(log.clone());
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let tools = Tools::open(store.clone()).await?;
    let limits = Limits::start(&settings.loaded.config.host.rate_limits);
    let compiled = compile::start(settings, mask_key.trim().to_owned(), tools.accepted()).await?;
    tools.follow(approvals.clone(), compiled.clone(), lease.clone());
    notify::start(store.clone(), approvals.clone(), &compiled, metrics.clone(), lease.clone())?;
    siem::start(store.clone(), &compiled, metrics.clone(), lease.clone())?;
    if rewrap {
        rewrap::start(store.clone(), lease.clone());
    }
    retention::start(store.clone(), recorder.clone(), compiled.clone(), lease);
    let traces = Traces::start(&compiled, &metrics)?;
    let signing_in = mint.secret_for("signing in");
    let ephemeral = Ephemeral::new(mint.secret_for("users of sessions"));
    ephemeral.tidy(compiled.clone());
    let logins = Logins::new(compiled.clone(), mint.secret_for("logins"), ephemeral);
    let credentials = Credentials::new(compiled.clone(), mint)?;
    let address = listener.local_addr()?;
    let estimator = Estimator::new(compiled.clone());
    let app = App {
        compiled,
        logins,
        credentials,
        tools,
        approvals,
        tokens: Tokens::new(log.clone()),
        estimator,
        recorder,
        store: store.clone(),
        log: log.clone(),
        probe: Probe::default(),
        metrics,
        limits,
        sign_in: SignIn::new(signing_in)?,
        clicks: Clicks::new()?,
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
    let database = shared.map_or_else(|| "SQLite in the data folder".to_owned(), |shared| shared.to_string());
    tracing::info!(%address, data = %data.display(), database, started = time::rfc3339(time::now()), "serving");
    let (told, stopping) = tokio::sync::watch::channel(false);
    let mut stopped = stopping.clone();
    let server = axum::serve(listener, router(app).into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move {
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
    let _ = tokio::time::timeout(GRACE, lease::give_back(&store)).await;
    traces.stop().await;
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

/// Whether this host has the keys that the other hosts of the database have. With others it would sign what they do not
/// believe, mask otherwise than they do, and not go on with their logins.
async fn keys_are_the_same(
    store: &Store,
    signer: &Signer,
    mask_key: &str,
    mint: &Mint,
) -> anyhow::Result<()> {
    let digest = |parts: [&[u8]; 2]| hex::encode(sha256_parts(parts));
    let tokens = mint.secret_for("same file");
    let files = [
        ("signing.pub", digest([b"signing.pub", signer.name().as_bytes()])),
        ("mask.key", digest([b"mask.key", mask_key.trim().as_bytes()])),
        ("tokens.key", digest([b"tokens.key", &tokens])),
    ];
    for (file, digest) in files {
        anyhow::ensure!(
            store.has_same(file, &digest).await?,
            "`{file}` in the data folder is not that of the other hosts of this database: copy signing.key, signing.pub, \
             mask.key and tokens.key from one of them"
        );
    }
    Ok(())
}

/// Whether what is encrypted can be read: a key that has the name of another would be found out too late.
async fn keys_fit(store: &Store) -> anyhow::Result<()> {
    for (name, session) in store.wrapping_keys().await? {
        match store.data_key(&session).await {
            Ok(_) => {}
            Err(cause) if store.vault().is_some_and(|vault| vault.has(&name)) => {
                return Err(cause.context(format!("host.encryption: recordings as of session `{session}`")));
            }
            Err(cause) => {
                tracing::error!(
                    key = name,
                    "{cause:#}: what it encrypted cannot be read until it is among host.encryption.keys"
                );
            }
        }
    }
    Ok(())
}

/// The folder holds a signing key and what agents did: it is the owner's alone, when it is created here.
fn create_private_folder(path: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if std::fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the data folder can be read by others than its owner");
    }
    Ok(())
}
