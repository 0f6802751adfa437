//! A chain of HTTP filters, and the requests that pass through it.

use std::time::Duration;

use bytes::BytesMut;
use foldhash::{HashMap, HashMapExt as _};

use super::facts::Facts;
use super::reply::Reply;
use super::{Exchange, Way};
use crate::abi::Pairs;
use crate::chain::ConnectionId;
use crate::fault::Fault;
use crate::grpc::GrpcEvent;
use crate::state::{Effect, Info, ROOT};
use crate::vm::Vm;
use crate::world::HttpAnswer;

/// A request that comes.
#[derive(Debug, Clone, Default)]
pub struct Incoming {
    /// Its connection.
    pub info: Info,
    /// Header fields, `:method`, `:path`, `:authority` and `:scheme` first.
    pub head: Pairs,
    /// The head is all of it.
    pub end: bool,
    /// Such as `HTTP/1.1`.
    pub protocol: String,
    /// The name of the route that it takes.
    pub route: String,
}

/// Filters in their order, and the requests that pass through them.
pub struct HttpChain {
    pub(super) vms: Vec<Vm>,
    /// By filter: a body is shown although its head was stopped.
    pub(super) body_goes_on: Vec<bool>,
    pub(super) exchanges: HashMap<u32, Exchange>,
    /// Bytes of a body that a filter may have wait.
    pub(super) limit: usize,
    last_id: u32,
    touched: Vec<ConnectionId>,
}

impl HttpChain {
    /// A chain of these filters, the nearest to the client first. Bodies of which more than `limit` bytes wait are given
    /// up (413).
    #[must_use]
    pub fn new(vms: Vec<Vm>, limit: usize) -> Self {
        let body_goes_on = vms.iter().map(Vm::shows_body_of_stopped_head).collect();
        let (exchanges, touched) = (HashMap::new(), Vec::new());
        Self { vms, body_goes_on, exchanges, limit, last_id: ROOT, touched }
    }

    /// The filters.
    #[must_use]
    pub fn vms(&self) -> &[Vm] {
        &self.vms
    }

    /// Puts another VM in the place of one. There must be no request.
    pub fn replace(&mut self, index: usize, vm: Vm) {
        if let Some(place) = self.vms.get_mut(index) {
            *place = vm;
        }
    }

    /// How many requests there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    /// A request with its response, while there is one of that id.
    #[must_use]
    pub fn exchange(&self, id: ConnectionId) -> Option<&Exchange> {
        self.exchanges.get(&id.0)
    }

    /// The requests that something may have become of since the last time.
    pub fn touched(&mut self) -> std::vec::Drain<'_, ConnectionId> {
        self.touched.drain(..)
    }

    pub(super) fn touch(&mut self, id: u32) {
        self.touched.push(ConnectionId(id));
    }

    /// The id that the next request will have.
    fn next_id(&mut self) -> u32 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(ROOT + 1);
            if !self.exchanges.contains_key(&self.last_id) {
                return self.last_id;
            }
        }
    }

    /// A new request. `known` is told its id, and where it comes out, before the filters are.
    ///
    /// # Errors
    /// A filter failed.
    pub fn open(
        &mut self,
        incoming: Incoming,
        known: impl FnOnce(ConnectionId, &Exchange),
    ) -> Result<(), Fault> {
        let id = self.next_id();
        let started = self.vms.first().map_or(Duration::ZERO, Vm::now);
        let Incoming { info, head, end, protocol, route } = incoming;
        let facts = Facts { protocol, started, route, ..Facts::default() };
        *facts.request.head.borrow_mut() = head;
        facts.request.begun.set(true);
        let exchange = Exchange::new(info, facts, self.vms.len());
        known(ConnectionId(id), &exchange);
        let first = exchange.next(Way::Request, None);
        self.exchanges.insert(id, exchange);
        self.head(id, Way::Request, first, end)
    }

    /// The head of the target's response.
    ///
    /// # Errors
    /// A filter failed.
    pub fn respond(&mut self, id: ConnectionId, head: Pairs, end: bool) -> Result<(), Fault> {
        let Some(exchange) = self.exchanges.get(&id.0).filter(|exchange| !exchange.replied) else {
            return Ok(());
        };
        "via_upstream".clone_into(&mut exchange.facts.details.borrow_mut());
        self.response(id.0, head, end)
    }

    /// The target cannot be had, or broke off before it said anything.
    ///
    /// # Errors
    /// A filter failed.
    pub fn unavailable(&mut self, id: ConnectionId, status: u16, body: &str) -> Result<(), Fault> {
        self.reply(id.0, None, Reply::plain(u32::from(status), body, "upstream_reset"))
    }

    /// Some of a body, or its end.
    ///
    /// # Errors
    /// A filter failed.
    pub fn body(&mut self, id: ConnectionId, way: Way, bytes: BytesMut, end: bool) -> Result<(), Fault> {
        let Some(exchange) = self.listens(id, way) else { return Ok(()) };
        let count = &exchange.facts.message(way).bytes;
        count.set(count.get().saturating_add(bytes.len() as u64));
        let first = exchange.next(way, None);
        self.data(id.0, way, first, bytes, end)
    }

    /// The trailers of a message, which end it.
    ///
    /// # Errors
    /// A filter failed.
    pub fn trailers(&mut self, id: ConnectionId, way: Way, trailers: Pairs) -> Result<(), Fault> {
        let Some(exchange) = self.listens(id, way) else { return Ok(()) };
        *exchange.facts.message(way).trailers.borrow_mut() = trailers;
        let first = exchange.next(way, None);
        self.last(id.0, way, first)
    }

    fn listens(&self, id: ConnectionId, way: Way) -> Option<&Exchange> {
        let exchange = self.exchanges.get(&id.0)?;
        let listens = exchange.is_live(way) && (way == Way::Request || !exchange.replied);
        listens.then_some(exchange)
    }

    /// A message broke off at its source.
    pub fn broke_off(&mut self, id: ConnectionId) {
        if let Some(exchange) = self.exchanges.get_mut(&id.0) {
            exchange.reset();
            self.touch(id.0);
        }
    }

    /// The exchange is over: the filters hear of it.
    ///
    /// # Errors
    /// A filter failed; the others have heard of it.
    pub fn close(&mut self, id: ConnectionId) -> Result<(), Fault> {
        let Some(mut exchange) = self.exchanges.remove(&id.0) else { return Ok(()) };
        exchange.reset();
        let mut failed = Ok(());
        // Each writes to its log before any is done.
        for index in 0..self.vms.len() {
            let stream = (index >= exchange.opened).then(|| exchange.stream());
            let told = self.tell(index, |vm| {
                if let Some(stream) = stream {
                    vm.http_open(id.0, stream)?;
                }
                vm.http_log(id.0)
            });
            failed = failed.and(told);
        }
        for index in 0..self.vms.len() {
            let told = self.tell(index, |vm| vm.http_done(id.0));
            failed = failed.and(told);
        }
        failed
    }

    /// Tells a filter something, unless it failed.
    fn tell(&mut self, index: usize, tell: impl FnOnce(&mut Vm) -> Result<(), Fault>) -> Result<(), Fault> {
        match self.vms.get_mut(index) {
            Some(vm) if !vm.is_failed() => tell(vm)?,
            _ => return Ok(()),
        }
        self.settle(index)
    }

    /// Ends all requests: what becomes of those of a failed filter, or at the end. Clients that have not got anything
    /// yet get 503.
    pub fn close_all(&mut self) {
        let ids: Vec<u32> = self.exchanges.keys().copied().collect();
        for id in ids {
            if let Some(exchange) = self.exchanges.get_mut(&id)
                && !exchange.out(Way::Response).begun()
            {
                exchange.give_up(Way::Response);
                let (head, _) = Reply::plain(503, "", "wasm_fail_stream").message(&Pairs::default());
                exchange.out(Way::Response).push_head(head, true);
            }
            // A filter that failed hears nothing, and of another one that fails the caller hears at its next call.
            let _ = self.close(ConnectionId(id));
            self.touch(id);
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

    /// Does what a filter wanted done when its callback has returned.
    pub(super) fn settle(&mut self, index: usize) -> Result<(), Fault> {
        loop {
            let Some(vm) = self.vms.get_mut(index) else { return Ok(()) };
            let mut effects = vm.take_effects();
            if effects.is_empty() {
                return Ok(());
            }
            for effect in effects.drain(..) {
                match effect {
                    Effect::Continue(id, way) => self.go_on(id, way, index)?,
                    Effect::Reply(id, reply) => self.reply(id, Some(index), *reply)?,
                    Effect::Reset(id) => self.broke_off(ConnectionId(id)),
                    // There may be room for more.
                    Effect::Changed(id) => self.touch(id),
                    Effect::Done(id) => {
                        if let Some(vm) = self.vms.get_mut(index) {
                            vm.http_delete(id)?;
                        }
                    }
                    // There is no connection of bytes.
                    Effect::Resume(_) | Effect::Close(_) => {}
                }
            }
            if let Some(vm) = self.vms.get_mut(index) {
                vm.give_back(effects);
            }
        }
    }
}
