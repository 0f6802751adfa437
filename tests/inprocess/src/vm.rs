//! One VM with one plugin, and its connections.

use std::cell::Ref;
use std::collections::BTreeMap;
use std::rc::Rc;

use gatewright_runner::{self as runner, Chain, Connection, HttpAnswer, Info, Peer, Plugin};

use crate::script::{HttpCall, Script};
use crate::{Fault, Filter, GrpcEvent, GrpcOrder, StreamId};

/// A running filter.
pub struct Vm {
    chain: Chain,
    script: Rc<Script>,
    /// What is left of connections that the filter closed.
    closed: BTreeMap<StreamId, Connection>,
}

impl Vm {
    /// Starts a VM with a plugin of that configuration, at `now` (milliseconds since 1970).
    ///
    /// # Errors
    /// The module cannot be linked, traps, or refuses its configuration.
    pub fn start(filter: &Filter, configuration: &[u8], now: u64) -> Result<Self, Fault> {
        let script = Script::new(now);
        let plugin = Plugin { configuration: configuration.to_vec(), ..Plugin::default() };
        let vm = runner::Vm::start(&filter.0, plugin, script.surroundings())?;
        Ok(Self { chain: Chain::new(vec![vm]), script, closed: BTreeMap::new() })
    }

    /// Every random byte that the filter gets from now on.
    pub fn set_random(&mut self, byte: u8) {
        self.script.random.set(byte);
    }

    /// A new connection; `source` is `address:port`.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn open(&mut self, source: &str) -> Result<StreamId, Fault> {
        let id = self.chain.open(Info { source: source.to_owned(), ..Info::default() })?;
        self.after()?;
        Ok(id)
    }

    /// Bytes from the client.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn downstream(&mut self, stream: StreamId, bytes: &[u8], end_of_stream: bool) -> Result<(), Fault> {
        let Some(connection) = self.chain.connection(stream) else { return Ok(()) };
        connection.downstream_mut().extend_from_slice(bytes);
        self.chain.downstream(stream, end_of_stream)?;
        self.after()
    }

    /// Bytes from the server.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn upstream(&mut self, stream: StreamId, bytes: &[u8], end_of_stream: bool) -> Result<(), Fault> {
        let Some(connection) = self.chain.connection(stream) else { return Ok(()) };
        connection.upstream_mut().extend_from_slice(bytes);
        self.chain.upstream(stream, end_of_stream)?;
        self.after()
    }

    /// Time goes on to `now` (milliseconds since 1970), and the plugin's timer fires once.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn tick(&mut self, now: u64) -> Result<(), Fault> {
        self.script.now.set(now);
        self.chain.tick(0)?;
        self.after()
    }

    /// The calls that were made since the last time; each waits for [`Self::answer`].
    pub fn take_calls(&mut self) -> Vec<HttpCall> {
        self.script.calls.take()
    }

    /// Answers a call; status 0 stands for a call that failed.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn answer(&mut self, token: u32, status: u16, body: &[u8]) -> Result<(), Fault> {
        let answer = match status {
            0 => HttpAnswer { body: body.to_vec(), ..HttpAnswer::default() },
            status => HttpAnswer::of(status, body),
        };
        self.chain.answer(0, token, answer)?;
        self.after()
    }

    /// What was wanted of gRPC since the last time; what comes of it goes to [`Self::grpc`].
    pub fn take_grpc(&mut self) -> Vec<GrpcOrder> {
        self.script.grpc.take()
    }

    /// Something comes of a gRPC call or a stream.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn grpc(&mut self, token: u32, event: GrpcEvent) -> Result<(), Fault> {
        self.chain.grpc(0, token, event)?;
        self.after()
    }

    /// All that went on to the server so far.
    #[must_use]
    pub fn to_server(&mut self, stream: StreamId) -> &[u8] {
        self.known(stream).map_or(&[], |connection| &connection.to_server)
    }

    /// All that went on to the client so far.
    #[must_use]
    pub fn to_client(&mut self, stream: StreamId) -> &[u8] {
        self.known(stream).map_or(&[], |connection| &connection.to_client)
    }

    /// Drops what went on so far.
    pub fn forget(&mut self, stream: StreamId) {
        if let Some(connection) = self.known(stream) {
            connection.to_server.clear();
            connection.to_client.clear();
        }
        self.script.logs.borrow_mut().clear();
    }

    /// Whether the filter closed the connection.
    #[must_use]
    pub fn is_closed(&mut self, stream: StreamId) -> bool {
        self.chain.connection(stream).is_none()
    }

    /// What the filter logged: level and message.
    #[must_use]
    pub fn logs(&self) -> Ref<'_, Vec<String>> {
        self.script.logs.borrow()
    }

    fn known(&mut self, stream: StreamId) -> Option<&mut Connection> {
        match self.chain.connection(stream) {
            Some(connection) => Some(connection),
            None => self.closed.get_mut(&stream),
        }
    }

    /// What a proxy does when a call into the VM has returned: connections that the filter closed are over.
    fn after(&mut self) -> Result<(), Fault> {
        loop {
            let touched: Vec<StreamId> = self.chain.touched().collect();
            if touched.is_empty() {
                return Ok(());
            }
            for id in touched {
                if self.chain.connection(id).is_some_and(|connection| connection.closing)
                    && let Some(connection) = self.chain.close(id, Peer::Local)?
                {
                    self.closed.insert(id, connection);
                }
            }
        }
    }
}
