//! One service on one thread: its chain of filters, and who waits for what becomes of a connection or a request.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use super::Service;
use super::calls::Clients;
use super::filters::Filters;
use super::restart::Backoff;
use super::world::Real;
use crate::chain::ConnectionId;
use crate::fault::Fault;
use crate::grpc::GrpcEvent;
use crate::metrics::Metrics;
use crate::shared::Shared;
use crate::vm::{Surroundings, Vm};
use crate::world::{HttpAnswer, HttpCall};

/// How long the filters' last calls may take at the end.
const LAST_CALLS: Duration = Duration::from_secs(2);
/// How often a filter without a timer is asked whether it wants one now.
const NO_TIMER: Duration = Duration::from_millis(100);

/// One service on one thread.
pub(super) struct Worker<C> {
    pub(super) service: Service,
    shared: Shared,
    pub(super) metrics: Metrics,
    pub(super) clients: Rc<Clients>,
    pub(super) chain: RefCell<C>,
    wakers: RefCell<HashMap<ConnectionId, Waker>>,
    backoff: RefCell<Backoff>,
    /// Calls of filters that are not answered.
    pub(super) calls: Cell<usize>,
    /// No more connections are taken.
    ending: Cell<bool>,
    over: Cell<bool>,
}

impl<C: Filters> Worker<C> {
    /// Starts the service's filters.
    pub(super) fn start(
        service: &Service,
        shared: &Shared,
        metrics: &Metrics,
        clients: &Rc<Clients>,
    ) -> Result<Rc<Self>, Fault> {
        let worker = Rc::new(Self {
            service: service.clone(),
            shared: shared.clone(),
            metrics: metrics.clone(),
            clients: clients.clone(),
            chain: RefCell::new(C::of(Vec::new(), service)),
            wakers: RefCell::default(),
            backoff: RefCell::default(),
            calls: Cell::new(0),
            ending: Cell::new(false),
            over: Cell::new(false),
        });
        let vms = (0..service.filters.len()).map(|index| worker.vm(index)).collect::<Result<Vec<_>, _>>()?;
        *worker.chain.borrow_mut() = C::of(vms, service);
        for index in 0..service.filters.len() {
            tokio::task::spawn_local(worker.clone().tick(index));
        }
        Ok(worker)
    }

    fn vm(self: &Rc<Self>, index: usize) -> Result<Vm, Fault> {
        let Some(filter) = self.service.filters.get(index) else { return Err(Fault::Failed) };
        let world = Rc::new(Real::new(Rc::downgrade(self), index, &filter.plugin.name));
        let around = Surroundings { world, shared: self.shared.clone(), metrics: self.metrics.clone() };
        Vm::start(&filter.module, filter.plugin.clone(), around)
    }

    /// Lets the chain do something, and wakes whom it concerns. `None` where a filter failed by it: then all
    /// connections are gone.
    pub(super) fn with<T>(self: &Rc<Self>, act: impl FnOnce(&mut C) -> Result<T, Fault>) -> Option<T> {
        self.with_for(None, act)
    }

    /// The same on behalf of a connection, which is awake.
    pub(super) fn with_for<T>(
        self: &Rc<Self>,
        awake: Option<ConnectionId>,
        act: impl FnOnce(&mut C) -> Result<T, Fault>,
    ) -> Option<T> {
        let mut chain = self.chain.borrow_mut();
        let result = act(&mut chain);
        let result = result.map_err(|fault| self.failed(&mut chain, &fault)).ok();
        let wakers = self.wakers.borrow();
        for id in chain.touched() {
            if awake != Some(id)
                && let Some(waker) = wakers.get(&id)
            {
                waker.wake_by_ref();
            }
        }
        result
    }

    /// Has `waker` woken when something becomes of the connection.
    pub(super) fn watch(&self, id: ConnectionId, waker: &Waker) {
        let mut wakers = self.wakers.borrow_mut();
        match wakers.get_mut(&id) {
            Some(known) => known.clone_from(waker),
            None => drop(wakers.insert(id, waker.clone())),
        }
    }

    /// Nobody watches that connection any more.
    pub(super) fn unwatch(&self, id: ConnectionId) {
        self.wakers.borrow_mut().remove(&id);
    }

    /// A filter failed: all connections pass through it, so all of them end. A new VM takes its place.
    fn failed(self: &Rc<Self>, chain: &mut C, fault: &Fault) {
        if let Fault::Trap { kind, .. } = fault {
            self.metrics.count(&format!("gatewright_filter_failures_total{{kind=\"{kind}\"}}"));
        }
        let connections = chain.len();
        let pause = self.backoff.borrow_mut().pause();
        tracing::error!(
            service = self.service.name, %fault, connections, ?pause,
            "a filter failed: its connections are closed, and it starts anew"
        );
        chain.close_all();
        tokio::task::spawn_local(self.clone().restart(pause));
    }

    async fn restart(self: Rc<Self>, pause: Duration) {
        tokio::time::sleep(pause).await;
        if self.over.get() {
            return;
        }
        let failed: Vec<usize> = {
            let chain = self.chain.borrow();
            chain.vms().iter().enumerate().filter(|(_, vm)| vm.is_failed()).map(|(index, _)| index).collect()
        };
        for index in failed {
            match self.vm(index) {
                Ok(vm) => {
                    let mut chain = self.chain.borrow_mut();
                    chain.close_all();
                    chain.replace(index, vm);
                    self.metrics.count("gatewright_filter_restarts_total");
                }
                Err(fault) => {
                    let pause = self.backoff.borrow_mut().pause();
                    tracing::error!(service = self.service.name, %fault, ?pause, "the filter does not start");
                    let again: std::pin::Pin<Box<dyn Future<Output = ()>>> =
                        Box::pin(self.clone().restart(pause));
                    tokio::task::spawn_local(again);
                    return;
                }
            }
        }
    }

    pub(super) fn is_failed(&self) -> bool {
        self.chain.borrow().vms().iter().any(Vm::is_failed)
    }

    /// Whether connections are taken.
    pub(super) fn is_open(&self) -> bool {
        !self.ending.get() && !self.is_failed()
    }

    /// Makes a call of the filter whose `life` that is. Tells whether there is anybody to call.
    pub(super) fn call(self: &Rc<Self>, index: usize, life: &Rc<()>, call: HttpCall) -> bool {
        if !self.clients.knows(&call.cluster) {
            return false;
        }
        self.calls.set(self.calls.get() + 1);
        let (worker, life) = (self.clone(), Rc::downgrade(life));
        tokio::task::spawn_local(async move {
            let token = call.token;
            let answer = worker.clients.call(call).await;
            worker.calls.set(worker.calls.get() - 1);
            if life.strong_count() > 0 {
                worker.answered(index, token, answer);
            }
        });
        true
    }

    fn answered(self: &Rc<Self>, index: usize, token: u32, answer: HttpAnswer) {
        if !self.is_failed() {
            self.with(|chain| chain.answer(index, token, answer));
        }
    }

    /// Something comes of a gRPC call of a filter.
    pub(super) fn grpc(self: &Rc<Self>, index: usize, token: u32, event: GrpcEvent) {
        if !self.is_failed() {
            self.with(|chain| chain.grpc(index, token, event));
        }
    }

    /// Something is in a queue of a filter.
    pub(super) fn queue_ready(self: &Rc<Self>, index: usize, queue: u32) {
        if !self.is_failed() {
            self.with(|chain| chain.queue_ready(index, queue));
        }
    }

    async fn tick(self: Rc<Self>, index: usize) {
        while !self.over.get() {
            let period = self.chain.borrow().vms().get(index).map_or(Duration::ZERO, Vm::tick_period);
            if period.is_zero() || self.is_failed() {
                tokio::time::sleep(NO_TIMER).await;
                continue;
            }
            tokio::time::sleep(period).await;
            if !self.is_failed() {
                self.with(|chain| chain.tick(index));
            }
        }
    }

    /// Closes what is left, and gives the filters time for their last calls.
    pub(super) async fn end(self: Rc<Self>) {
        self.ending.set(true);
        self.with(|chain| {
            chain.close_all();
            Ok(())
        });
        let period = self.chain.borrow().vms().iter().map(Vm::tick_period).max().unwrap_or_default();
        let last = async {
            tokio::time::sleep(period.min(LAST_CALLS) * 2).await;
            while self.calls.get() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(LAST_CALLS, last).await;
        self.over.set(true);
        // With the filters end the streams that they have open.
        *self.chain.borrow_mut() = C::of(Vec::new(), &self.service);
    }
}
