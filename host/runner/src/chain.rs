//! A chain of filters and the connections that pass through it. There is no I/O here: whoever has the sockets puts
//! bytes in, and takes out what may go on.
//!
//! As in Envoy, all filters of a connection work on one buffer for each direction: the client's bytes pass the filters
//! in their order, the server's in the opposite one; a filter that pauses is shown the whole buffer again when more
//! comes; and what a filter resumes goes on to the next one, not to itself.

use std::cell::RefMut;
use std::rc::Rc;

use bytes::BytesMut;
use foldhash::{HashMap, HashMapExt as _};

use crate::abi::{Action, Peer};
use crate::fault::Fault;
use crate::grpc::GrpcEvent;
use crate::state::{Effect, FilterState, Info, ROOT, Sees, SharedBytes, Stream, Window};
use crate::vm::Vm;
use crate::world::HttpAnswer;

/// A connection, or a request with its response, of a chain. No two of one chain ever have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub(crate) u32);

/// One connection, between what it reads and what it writes.
#[derive(Debug, Default)]
pub struct Connection {
    info: Rc<Info>,
    filter_state: FilterState,
    downstream: SharedBytes,
    upstream: SharedBytes,
    /// How many filters know of it.
    opened: usize,
    client_ended: bool,
    /// What the server is to get.
    pub to_server: BytesMut,
    /// And after that no more.
    pub to_server_ended: bool,
    /// What the client is to get.
    pub to_client: BytesMut,
    /// And after that no more.
    pub to_client_ended: bool,
    /// All filters let it pass: the server may be connected to.
    pub admitted: bool,
    /// A filter closed it: nothing passes any more, and it ends when `to_client` has gone out.
    pub closing: bool,
}

impl Connection {
    /// What the client said and no filter has let pass yet: new bytes go to its end, then [`Chain::downstream`].
    #[must_use]
    pub fn downstream_mut(&self) -> RefMut<'_, BytesMut> {
        self.downstream.borrow_mut()
    }

    /// What the server said and no filter has let pass yet: new bytes go to its end, then [`Chain::upstream`].
    #[must_use]
    pub fn upstream_mut(&self) -> RefMut<'_, BytesMut> {
        self.upstream.borrow_mut()
    }

    /// Bytes of the client and of the server that filters hold back.
    #[must_use]
    pub fn held(&self) -> (usize, usize) {
        (self.downstream.borrow().len(), self.upstream.borrow().len())
    }

    fn stream(&self) -> Stream {
        let window = |bytes: &SharedBytes| Window { bytes: bytes.clone(), valid: false };
        Stream {
            info: self.info.clone(),
            filter_state: self.filter_state.clone(),
            sees: Sees::Bytes { downstream: window(&self.downstream), upstream: window(&self.upstream) },
            awaits_done: false,
        }
    }
}

/// Moves all bytes, without copying them where it can.
fn append(to: &mut BytesMut, from: &mut BytesMut) {
    if to.is_empty() {
        std::mem::swap(to, from);
    } else {
        to.extend_from_slice(from);
        from.clear();
    }
}

/// Filters in their order, and their connections.
pub struct Chain {
    vms: Vec<Vm>,
    connections: HashMap<u32, Connection>,
    last_id: u32,
    touched: Vec<ConnectionId>,
}

impl Chain {
    /// A chain of these filters, the nearest to the client first.
    #[must_use]
    pub fn new(vms: Vec<Vm>) -> Self {
        Self { vms, connections: HashMap::new(), last_id: ROOT, touched: Vec::new() }
    }

    /// The filters.
    #[must_use]
    pub fn vms(&self) -> &[Vm] {
        &self.vms
    }

    /// Puts another VM in the place of one. There must be no connection.
    pub fn replace(&mut self, index: usize, vm: Vm) {
        if let Some(place) = self.vms.get_mut(index) {
            *place = vm;
        }
    }

    /// A connection, while there is one of that id.
    pub fn connection(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.get_mut(&id.0)
    }

    /// How many connections there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether there is no connection.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// The connections that something may have become of since the last time.
    pub fn touched(&mut self) -> std::vec::Drain<'_, ConnectionId> {
        self.touched.drain(..)
    }

    /// A new connection; see [`Connection::admitted`] for what the filters say to it.
    ///
    /// # Errors
    /// A filter failed.
    pub fn open(&mut self, info: Info) -> Result<ConnectionId, Fault> {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(ROOT + 1);
            if !self.connections.contains_key(&self.last_id) {
                break;
            }
        }
        let id = self.last_id;
        self.connections.insert(id, Connection { info: Rc::new(info), ..Connection::default() });
        self.read(id, 0)?;
        Ok(ConnectionId(id))
    }

    /// There are new bytes of the client, or its end.
    ///
    /// # Errors
    /// A filter failed.
    pub fn downstream(&mut self, id: ConnectionId, end: bool) -> Result<(), Fault> {
        let Some(connection) = self.connections.get_mut(&id.0) else { return Ok(()) };
        connection.client_ended |= end;
        self.read(id.0, 0)
    }

    /// There are new bytes of the server, or its end.
    ///
    /// # Errors
    /// A filter failed.
    pub fn upstream(&mut self, id: ConnectionId, end: bool) -> Result<(), Fault> {
        let id = id.0;
        for index in (0..self.vms.len()).rev() {
            let Some(vm) = self.vms.get_mut(index) else { break };
            let action = vm.upstream(id, end)?;
            if end {
                vm.upstream_closed(id, Peer::Unknown)?;
            }
            self.settle(index)?;
            if action == Action::Pause {
                return Ok(());
            }
        }
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        let mut bytes = connection.upstream.borrow_mut();
        if connection.closing {
            // The connection was closed before these bytes were written.
            bytes.clear();
            return Ok(());
        }
        append(&mut connection.to_client, &mut bytes);
        connection.to_client_ended |= end;
        Ok(())
    }

    /// The connection is over: the filters hear of it. Gives what was left of it.
    ///
    /// # Errors
    /// A filter failed; the others have heard of it.
    pub fn close(&mut self, id: ConnectionId, peer: Peer) -> Result<Option<Connection>, Fault> {
        let connection = self.connections.remove(&id.0);
        let mut failed = Ok(());
        for index in 0..connection.as_ref().map_or(0, |connection| connection.opened) {
            let Some(vm) = self.vms.get_mut(index) else { break };
            let told = vm.closed(id.0, peer).and_then(|()| self.settle(index));
            failed = failed.and(told);
        }
        failed.map(|()| connection)
    }

    /// Closes all connections: what becomes of those of a failed filter, or at the end.
    pub fn close_all(&mut self) {
        let ids: Vec<u32> = self.connections.keys().copied().collect();
        for id in ids {
            // A filter that failed hears nothing, and of another one that fails the caller hears at its next call.
            let _ = self.close(ConnectionId(id), Peer::Local);
            self.touched.push(ConnectionId(id));
        }
    }

    /// A filter's timer fires.
    ///
    /// # Errors
    /// A filter failed.
    pub fn tick(&mut self, index: usize) -> Result<(), Fault> {
        self.with(index, Vm::tick)
    }

    /// A queue has something for a filter.
    ///
    /// # Errors
    /// A filter failed.
    pub fn queue_ready(&mut self, index: usize, queue: u32) -> Result<(), Fault> {
        self.with(index, |vm| vm.queue_ready(queue))
    }

    /// A call of a filter is answered.
    ///
    /// # Errors
    /// A filter failed.
    pub fn answer(&mut self, index: usize, token: u32, answer: HttpAnswer) -> Result<(), Fault> {
        self.with(index, |vm| vm.answer(token, answer))
    }

    /// Something comes of a gRPC call of a filter, or of a stream.
    ///
    /// # Errors
    /// A filter failed.
    pub fn grpc(&mut self, index: usize, token: u32, event: GrpcEvent) -> Result<(), Fault> {
        self.with(index, |vm| vm.grpc(token, event))
    }

    fn with(&mut self, index: usize, call: impl FnOnce(&mut Vm) -> Result<(), Fault>) -> Result<(), Fault> {
        let Some(vm) = self.vms.get_mut(index) else { return Ok(()) };
        call(vm)?;
        self.settle(index)
    }

    /// Shows the filters from `first` on what the client said, as far as each lets it pass.
    fn read(&mut self, id: u32, first: usize) -> Result<(), Fault> {
        for index in first..self.vms.len() {
            let Some(connection) = self.connections.get_mut(&id).filter(|c| !c.closing) else {
                return Ok(());
            };
            let Some(vm) = self.vms.get_mut(index) else { break };
            if index >= connection.opened {
                connection.opened = index + 1;
                let action = vm.open(id, connection.stream())?;
                self.settle(index)?;
                if action == Action::Pause {
                    return Ok(());
                }
            }
            let Some(connection) = self.connections.get_mut(&id).filter(|c| !c.closing) else {
                return Ok(());
            };
            let Some(vm) = self.vms.get_mut(index) else { break };
            if connection.client_ended || !connection.downstream.borrow().is_empty() {
                let action = vm.downstream(id, connection.client_ended)?;
                self.settle(index)?;
                if action == Action::Pause {
                    return Ok(());
                }
            }
        }
        let Some(connection) = self.connections.get_mut(&id).filter(|c| !c.closing) else { return Ok(()) };
        append(&mut connection.to_server, &mut connection.downstream.borrow_mut());
        connection.to_server_ended |= connection.client_ended;
        connection.admitted = true;
        self.touched.push(ConnectionId(id));
        Ok(())
    }

    /// Does what a filter wanted done when its callback has returned.
    fn settle(&mut self, index: usize) -> Result<(), Fault> {
        loop {
            let Some(vm) = self.vms.get_mut(index) else { return Ok(()) };
            let effects = vm.take_effects();
            if effects.is_empty() {
                return Ok(());
            }
            for effect in &effects {
                match *effect {
                    Effect::Resume(id) => self.read(id, index + 1)?,
                    // There may be room for more.
                    Effect::Changed(id) => self.touched.push(ConnectionId(id)),
                    Effect::Close(id) => {
                        if let Some(connection) = self.connections.get_mut(&id) {
                            connection.closing = true;
                            self.touched.push(ConnectionId(id));
                        }
                    }
                    Effect::Done(id) => {
                        if let Some(vm) = self.vms.get_mut(index) {
                            vm.forget(id)?;
                        }
                    }
                    // There is no request.
                    Effect::Continue(..) | Effect::Reply(..) | Effect::Reset(_) => {}
                }
            }
            if let Some(vm) = self.vms.get_mut(index) {
                vm.give_back(effects);
            }
        }
    }
}
