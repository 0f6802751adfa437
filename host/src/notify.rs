//! Tells receivers what happens to approvals and grants.
//!
//! Each receiver follows the log by itself and keeps its place in the database: the log is the queue. So nothing waits
//! for a receiver, a slow one delays no other, and after a restart of either side it goes on where it was. What cannot
//! be told within a receiver's time is passed over.

mod deliver;
mod email;
mod message;
mod receiver;

use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::time::{sleep, timeout};

use crate::approvals::Approvals;
use crate::compile::Compiled;
use crate::each::each;
use crate::lease::Lease;
use crate::log::history::Whose;
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::notified::Entry;
use crate::time::now;
use crate::trace::{self, about};
pub(crate) use deliver::{Outcome, Sender, pause};
use message::Message;
pub(crate) use receiver::{Key, Receiver};

/// Entries that are read at a time.
const PAGE: u32 = 50;
/// How often it is looked without a reason: a grant's end is announced by nobody.
const EVERY: Duration = Duration::from_secs(5);
/// Pause after a failure of the database.
const TROUBLE: Duration = Duration::from_secs(5);

/// Follows the configuration: receivers come, change and go with it.
pub(crate) fn start(
    store: Store,
    approvals: Approvals,
    compiled: &Compiled,
    metrics: Metrics,
    lease: Lease,
) -> anyhow::Result<()> {
    let sender = Sender::new()?;
    each(
        compiled,
        |settings| &settings.receivers,
        move |receiver| {
            let follower = Follower {
                store: store.clone(),
                approvals: approvals.clone(),
                metrics: metrics.clone(),
                sender: sender.clone(),
                lease: lease.clone(),
                receiver,
            };
            follower.run()
        },
    );
    Ok(())
}

/// What became of telling an entry.
enum Told {
    /// There was nothing to tell.
    Nothing,
    /// It is done with.
    Done,
    /// This host is not the one that tells any more.
    NotHere,
}

/// One receiver on its way through the log.
struct Follower {
    store: Store,
    approvals: Approvals,
    metrics: Metrics,
    sender: Sender,
    lease: Lease,
    receiver: Receiver,
}

impl Follower {
    async fn run(mut self) {
        let mut changes = self.approvals.changes();
        self.metrics.notifies(&self.receiver.name);
        loop {
            self.lease.held().await;
            match self.round().await {
                Ok(true) => {}
                Ok(false) => {
                    // What happens is looked for in the database: who lags behind loses nothing.
                    if let Ok(Err(RecvError::Closed)) = timeout(EVERY, changes.recv()).await {
                        return;
                    }
                }
                Err(cause) => {
                    tracing::error!(receiver = self.receiver.name, %cause, "cannot be told what happens");
                    sleep(TROUBLE).await;
                }
            }
        }
    }

    /// Tells some of what happened; whether there was anything.
    async fn round(&self) -> sqlx::Result<bool> {
        let name = &self.receiver.name;
        let Some(next) = self.store.notified(name).await? else {
            // A new receiver is not told what was before it.
            let next = self.store.log_size().await?;
            self.store.set_notified(name, next).await?;
            return Ok(true);
        };
        let entries = self.store.histories(next, PAGE).await?;
        for entry in &entries {
            if !self.lease.is_held() {
                // Another host goes on.
                return Ok(true);
            }
            self.metrics.notifications_behind(name, self.store.count_histories(entry.idx).await?);
            match self.tell(entry).await? {
                Told::Nothing => {}
                Told::Done => self.store.set_notified(name, entry.idx + 1).await?,
                Told::NotHere => return Ok(true),
            }
        }
        if let Some(last) = entries.last() {
            self.store.set_notified(name, last.idx + 1).await?;
            self.metrics.notifications_behind(name, self.store.count_histories(last.idx + 1).await?);
        }
        Ok(!entries.is_empty())
    }

    /// Tells what an entry says, however often that takes.
    async fn tell(&self, entry: &Entry) -> sqlx::Result<Told> {
        let name = &self.receiver.name;
        let mut attempt = 0;
        loop {
            // Each time anew: what is so may have changed meanwhile.
            let Some(message) = Message::new(&self.store, &self.receiver, entry).await? else {
                return Ok(Told::Nothing);
            };
            let sent = self.sender.send(&self.receiver, &message);
            let (parent, attributes) = (self.origin(entry), || self.attributes(entry, attempt));
            let sent = trace::step_of(&parent, "notification.send", attributes, sent).await;
            let (outcome, pause) = match sent {
                Outcome::Delivered => {
                    self.metrics.notified(name, "delivered");
                    return Ok(Told::Done);
                }
                Outcome::Refused(cause) => {
                    tracing::error!(
                        receiver = name,
                        id = message.id,
                        cause,
                        "refuses to be told, and is not again"
                    );
                    self.metrics.notified(name, "refused");
                    return Ok(Told::Done);
                }
                Outcome::Failed { cause, wait } => (cause, wait.unwrap_or_else(|| pause(attempt))),
            };
            let give_up_at = message.at.saturating_add(millis(self.receiver.give_up_after));
            if now().saturating_add(millis(pause)) > give_up_at {
                tracing::error!(
                    receiver = name,
                    id = message.id,
                    cause = outcome,
                    "could not be told in time"
                );
                self.metrics.notified(name, "given_up");
                return Ok(Told::Done);
            }
            tracing::warn!(receiver = name, id = message.id, cause = outcome, "cannot be told; tried again");
            self.metrics.notified(name, "retried");
            sleep(pause).await;
            if !self.lease.is_held() {
                return Ok(Told::NotHere);
            }
            attempt += 1;
        }
    }
}

impl Follower {
    /// The span that the approval was asked for in which an entry is about.
    fn origin(&self, entry: &Entry) -> trace::Context {
        match Whose::read(&entry.name) {
            Some(Whose::Approval(id)) => self.approvals.origins().context(id),
            _ => trace::Context::new(),
        }
    }

    /// What is said of sending it.
    fn attributes(&self, entry: &Entry, attempt: u32) -> trace::Attributes {
        let receiver = about("gatewright.receiver", self.receiver.name.clone());
        let attempt = about("gatewright.attempt", i64::from(attempt));
        let approval = match Whose::read(&entry.name) {
            Some(Whose::Approval(id)) => Some(about("gatewright.approval", id.to_owned())),
            _ => None,
        };
        [receiver, attempt].into_iter().chain(approval).collect()
    }
}

impl trace::Ended for Outcome {
    fn has_failed(&self) -> bool {
        !matches!(self, Self::Delivered)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
