//! A service that passes bytes on.

use std::rc::Rc;

use super::number;
use super::pump;
use super::sockets;
use super::thread::Visitor;
use super::worker::Worker;
use crate::abi::Peer;
use crate::chain::{Chain, Connection, ConnectionId};
use crate::state::Info;

impl Worker<Chain> {
    /// Looks at a connection; `None` where it is gone.
    pub(super) fn connection<T>(
        &self,
        id: ConnectionId,
        look: impl FnOnce(&mut Connection) -> T,
    ) -> Option<T> {
        self.chain.borrow_mut().connection(id).map(look)
    }

    /// The connection is over; gives what is left of it.
    pub(super) fn close(self: &Rc<Self>, id: ConnectionId, peer: Peer) -> Option<Connection> {
        self.unwatch(id);
        self.with(|chain| chain.close(id, peer)).flatten()
    }

    /// Serves one connection to its end.
    pub(super) async fn visit(self: Rc<Self>, visitor: Visitor) {
        if self.is_failed() {
            self.metrics.count("gatewright_connections_refused_total");
            return;
        }
        let begun = async { self.service.client.accept(sockets::client(visitor.socket)?).await };
        let mut client = match begun.await {
            Ok(client) => client,
            Err(error) => {
                self.metrics.count("gatewright_connections_not_begun_total");
                tracing::debug!(service = self.service.name, source = %visitor.source, %error, "a client did not begin");
                return;
            }
        };
        // It may have taken long to begin.
        if !self.is_open() {
            self.metrics.count("gatewright_connections_refused_total");
            return;
        }
        let info = Info {
            id: number(),
            source: visitor.source.to_string(),
            destination: self.service.listen.to_string(),
            upstream: Some(self.service.upstream.to_string()),
            encryption: client.encryption.take(),
        };
        let _present = self.metrics.present("gatewright_connections");
        if let Some(id) = self.with(|chain| chain.open(info)) {
            pump::run(&self, id, client).await;
            // Whatever became of it, the filters must not think that it is still there.
            self.close(id, Peer::Local);
        }
    }
}
