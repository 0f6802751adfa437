//! Another configuration in the place of the one that is served. Connections that are there go on by theirs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::accept::{self, Accepting, Acceptor};
use super::thread::Door;
use super::{Config, StartError};
use crate::metrics::Metrics;

/// How long filters that were started may take to find out what to do, before connections go to them.
const WARM_UP: Duration = Duration::from_millis(500);

/// Tells a proxy to serve something else.
#[derive(Debug, Clone)]
pub struct Control(mpsc::Sender<Reload>);

type Outcome = Result<Vec<SocketAddr>, StartError>;

/// A configuration to serve.
#[derive(Debug)]
pub(super) struct Reload {
    config: Config,
    told: oneshot::Sender<Outcome>,
}

impl Control {
    pub(super) fn new() -> (Self, mpsc::Receiver<Reload>) {
        let (sender, receiver) = mpsc::channel(1);
        (Self(sender), receiver)
    }

    /// Starts another configuration, with filters of its own, and then lets new connections go there; addresses that it
    /// listens on as before are not let go of meanwhile. Connections that there are go on as they began, requests of HTTP
    /// to their end. Gives where each service listens.
    ///
    /// # Errors
    /// An address is taken, or a filter does not start: the configuration before is served on. Or the proxy has ended.
    pub async fn reload(&self, config: Config) -> Result<Vec<SocketAddr>, StartError> {
        let ended = || StartError::Io("the proxy".to_owned(), std::io::Error::other("it has ended"));
        let (told, outcome) = oneshot::channel();
        self.0.send(Reload { config, told }).await.map_err(|_| ended())?;
        outcome.await.map_err(|_| ended())?
    }
}

impl Reload {
    /// Gives who accepts from now on.
    pub(super) async fn run(self, accepting: Accepting, doors: &[Door], metrics: &Metrics) -> Accepting {
        let prepared = prepare(self.config, &accepting, doors).await;
        let (accepting, outcome) = match prepared {
            Ok((acceptors, addresses)) => {
                // INVARIANT: what was accepted before is with a thread before it switches.
                accepting.stop().await;
                for door in doors {
                    door.switch(true);
                }
                (Accepting::start(acceptors, doors, metrics), Ok(addresses))
            }
            Err(error) => {
                for door in doors {
                    door.switch(false);
                }
                (accepting, Err(error))
            }
        };
        // Whoever asked may not want to know any more.
        let _ = self.told.send(outcome);
        accepting
    }
}

async fn prepare(
    config: Config,
    accepting: &Accepting,
    doors: &[Door],
) -> Result<(Vec<Acceptor>, Vec<SocketAddr>), StartError> {
    let config = Arc::new(config);
    let acceptors = accept::bind(&config.services, accepting.acceptors())?;
    let addresses = acceptors.iter().map(Acceptor::address).collect::<Result<_, _>>();
    let addresses = addresses.map_err(|error| StartError::Io("a listener".to_owned(), error))?;
    for door in doors {
        door.prepare(&config).await?;
    }
    tokio::time::sleep(WARM_UP).await;
    Ok((acceptors, addresses))
}
