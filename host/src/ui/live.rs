//! Telling browsers and the command line that something changed. What it was they ask for, and get what they may see.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use gatewright_core::time::Millis;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::page::Trouble;
use super::person::Person;
use crate::http::App;
use crate::time::now;

/// Most listeners at a time.
static LISTENERS: Semaphore = Semaphore::const_new(500);
/// How often it is looked whether the listener is still somebody.
const LOOK: Duration = Duration::from_secs(10);
/// What happens at once is told once.
const TOGETHER: Duration = Duration::from_millis(50);

/// The stream of a signed-in person.
pub(super) async fn changes(
    State(app): State<Arc<App>>,
    person: Person,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Trouble> {
    stream(&app, person.who.expires_at, By::Cookie(person.digest))
        .ok_or_else(|| Trouble::new(StatusCode::SERVICE_UNAVAILABLE, "Too many people watch at a time."))
}

/// What somebody showed, and that may end before its time.
#[derive(Debug, Clone)]
pub(crate) enum By {
    /// A cookie, by its digest: until they sign out.
    Cookie(String),
    /// A personal token, by its id: until it is revoked.
    Token(String),
    /// A token of an identity provider.
    Provider,
}

struct Listener {
    app: Arc<App>,
    changes: tokio::sync::broadcast::Receiver<String>,
    until: Millis,
    by: By,
    greeted: bool,
    _permit: SemaphorePermit<'static>,
}

/// Says `change` whenever there may have been one, until then, and as long as what they showed is good.
pub(crate) fn stream(
    app: &Arc<App>,
    until: Millis,
    by: By,
) -> Option<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>> {
    let permit = LISTENERS.try_acquire().ok()?;
    let changes = app.approvals.changes();
    let listener = Listener { app: app.clone(), changes, until, by, greeted: false, _permit: permit };
    let events = unfold(listener, |mut listener: Listener| async move {
        listener.next().await.then(|| (Ok(Event::default().event("change").data("ask again")), listener))
    });
    Some(Sse::new(Box::pin(events)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

impl Listener {
    /// Waits for the next change; false when it is over.
    async fn next(&mut self) -> bool {
        if !self.greeted {
            // What changed while the connection was made.
            self.greeted = true;
            return true;
        }
        loop {
            let changed = match timeout(LOOK, self.changes.recv()).await {
                Ok(Ok(_) | Err(RecvError::Lagged(_))) => true,
                Ok(Err(RecvError::Closed)) => return false,
                Err(_) => false,
            };
            if !self.is_somebody().await {
                return false;
            }
            if changed {
                tokio::time::sleep(TOGETHER).await;
                while self.changes.try_recv().is_ok() {}
                return true;
            }
        }
    }

    async fn is_somebody(&self) -> bool {
        let is_good = match &self.by {
            By::Cookie(digest) => {
                self.app.store.signed_in(digest, now()).await.is_ok_and(|known| known.is_some())
            }
            By::Token(id) => {
                let state = self.app.compiled.state();
                self.app.tokens.is_good(id, &state.settings.loaded.config).await
            }
            By::Provider => true,
        };
        is_good && now() < self.until
    }
}
