//! Work that only one host does at a time, where several share a database: telling receivers, pruning, asking witnesses.
//! Whoever holds the lease does it. A host that ends gives it back; one that dies loses it after [`LASTS`].

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::store::Store;

/// The lease's name in the database.
const NAME: &str = "background";
/// How long a lease lasts without being made to last longer.
const LASTS: Duration = Duration::from_secs(10);
/// How often it is made to last longer, or asked for.
const EVERY: Duration = Duration::from_secs(2);
/// How long before its end nothing is begun any more: a database that does not answer does not make it last.
const MARGIN: Duration = Duration::from_secs(3);

/// The lease: until when this host has it, if it does.
#[derive(Debug, Clone)]
pub(crate) struct Lease(watch::Receiver<Option<Instant>>);

impl Lease {
    /// Holds it whenever nobody else does.
    pub(crate) fn start(store: Store) -> Self {
        // One host alone has it for as long as it runs.
        let always = || Instant::now() + Duration::from_secs(100 * 365 * 86_400);
        let (held, lease) = watch::channel((!store.is_shared()).then(always));
        if store.is_shared() {
            tokio::spawn(keep(store, held));
        }
        Self(lease)
    }

    /// Whether this host has it.
    pub(crate) fn is_held(&self) -> bool {
        is_now(*self.0.borrow())
    }

    /// Waits until this host has it.
    pub(crate) async fn held(&mut self) {
        if self.is_held() {
            return;
        }
        if self.0.wait_for(|until| is_now(*until)).await.is_err() {
            // Only when the host ends.
            std::future::pending::<()>().await;
        }
    }
}

fn is_now(until: Option<Instant>) -> bool {
    until.is_some_and(|until| Instant::now() < until)
}

/// Gives it back, so that another host need not wait until it runs out.
pub(crate) async fn give_back(store: &Store) {
    if let Err(cause) = store.give_back(NAME).await {
        tracing::debug!(%cause, "the lease runs out by itself");
    }
}

async fn keep(store: Store, held: watch::Sender<Option<Instant>>) {
    while !held.is_closed() {
        // By this host's clock from before it was asked for: never later than by the database's.
        let asked = Instant::now();
        let before = is_now(*held.borrow());
        match timeout(EVERY, store.lease(NAME, LASTS)).await {
            Ok(Ok(true)) => {
                held.send_replace(Some(asked + LASTS - MARGIN));
            }
            Ok(Ok(false)) => {
                held.send_replace(None);
            }
            Ok(Err(sqlx::Error::PoolClosed)) => return,
            // Until it runs out.
            Ok(Err(_)) | Err(_) => {}
        }
        let now = is_now(*held.borrow());
        if now != before {
            tracing::info!(held = now, "the lease for what one host does for all");
        }
        sleep(EVERY).await;
    }
}
