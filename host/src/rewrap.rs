//! A new key for recordings: what older keys wrap is wrapped by it as well, so that they can be thrown away. The data keys
//! stay what they are, and so does what is encrypted with them.

use std::time::Duration;

use tokio::time::sleep;

use crate::lease::Lease;
use crate::store::Store;

/// Data keys of one transaction.
const KEYS: u32 = 200;
/// Pause between two, so that nobody waits long for the database.
const PAUSE: Duration = Duration::from_millis(20);
/// Pause after a failure.
const TROUBLE: Duration = Duration::from_secs(60);

/// Wraps what older keys wrap by the first, beside all else.
pub(crate) fn start(store: Store, mut lease: Lease) {
    tokio::spawn(async move {
        let mut done = 0;
        loop {
            lease.held().await;
            match store.rewrap(KEYS).await {
                Ok(0) => break,
                Ok(some) => {
                    done += some;
                    sleep(PAUSE).await;
                }
                Err(cause) => {
                    tracing::error!("data keys are not wrapped by the first key: {cause:#}");
                    sleep(TROUBLE).await;
                }
            }
        }
        tracing::info!(sessions = done, "no recording needs an older key of host.encryption.keys any more");
    });
}
