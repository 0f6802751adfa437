//! One VM with one filter: the calls into it.

use std::rc::Rc;
use std::time::Duration;

use foldhash::{HashMap, HashMapExt as _};
use wasmtime::{Instance, Store, StoreLimitsBuilder, TypedFunc, WasmParams, WasmResults};

use crate::abi::{Action, Peer};
use crate::engine::{Engine, Limits, Module};
use crate::exports::Exports;
use crate::fault::Fault;
use crate::hostcalls;
use crate::metrics::Metrics;
use crate::plugin::Plugin;
use crate::shared::Shared;
use crate::state::{Effect, ROOT, State, Stream};
use crate::world::{HttpAnswer, World};

/// What a VM has around it.
#[derive(Clone)]
pub struct Surroundings {
    /// Time, randomness, log, calls.
    pub world: Rc<dyn World>,
    /// What VMs share.
    pub shared: Shared,
    /// Where the filter's metrics go.
    pub metrics: Metrics,
}

/// A running filter.
pub struct Vm {
    store: Store<State>,
    pub(crate) exports: Exports,
    limits: Limits,
    failed: bool,
}

impl Vm {
    /// Starts a VM with a plugin.
    ///
    /// # Errors
    /// The module cannot be linked, traps, or refuses its configuration.
    pub fn start(module: &Module, plugin: Plugin, around: Surroundings) -> Result<Self, Fault> {
        let sizes = (size(&plugin.vm_configuration)?, size(&plugin.configuration)?);
        let (store, instance) = instantiate(module, plugin, around)?;
        let exports = Exports::default();
        let mut vm = Self { store, exports, limits: module.engine.limits, failed: false };
        vm.initialize(&instance)?;
        vm.exports = Exports::of(&instance, &mut vm.store)?;
        let state = vm.store.data_mut();
        state.memory = vm.exports.memory;
        state.allocate = vm.exports.allocate.clone();
        state.missing_is_empty = vm.exports.missing_is_empty;
        let deadline = vm.limits.start;
        vm.call_within(deadline, ROOT, "proxy_on_context_create", |e| &e.context_create, (ROOT, 0))?;
        let started =
            vm.call_within(deadline, ROOT, "proxy_on_vm_start", |e| &e.vm_start, (ROOT, sizes.0))?;
        if started == Some(0) {
            return Err(Fault::Refused("proxy_on_vm_start"));
        }
        let taken =
            vm.call_within(deadline, ROOT, "proxy_on_configure", |e| &e.configure, (ROOT, sizes.1))?;
        if taken == Some(0) {
            return Err(Fault::Refused("proxy_on_configure"));
        }
        Ok(vm)
    }

    /// Runs what a module does before anything else.
    fn initialize(&mut self, instance: &Instance) -> Result<(), Fault> {
        let mut run = |name: &'static str| -> Result<bool, Fault> {
            let Some(function) = instance.get_func(&mut self.store, name) else { return Ok(false) };
            let Ok(function) = function.typed::<(), ()>(&self.store) else { return Ok(false) };
            self.store.set_epoch_deadline(Engine::ticks(self.limits.start));
            function.call(&mut self.store, ()).map_err(|trap| Fault::trap(name, &trap))?;
            Ok(true)
        };
        if run("_initialize")? {
            let main = instance.get_typed_func::<(u32, u32), u32>(&mut self.store, "main");
            if let Ok(main) = main {
                main.call(&mut self.store, (0, 0)).map_err(|trap| Fault::trap("main", &trap))?;
            }
        } else {
            run("_start")?;
        }
        Ok(())
    }

    /// How often the filter wants [`Self::tick`] to be called; zero for never.
    #[must_use]
    pub fn tick_period(&self) -> Duration {
        self.store.data().tick
    }

    /// Whether it trapped; nothing can be called any more.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.failed
    }

    /// Bytes of its memory.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        self.store.data().memory.map_or(0, |memory| memory.data_size(&self.store))
    }

    /// The timer fires.
    pub(crate) fn tick(&mut self) -> Result<(), Fault> {
        self.call(ROOT, "proxy_on_tick", |e| &e.tick, ROOT).map(drop)
    }

    /// A queue has something.
    pub(crate) fn queue_ready(&mut self, queue: u32) -> Result<(), Fault> {
        self.call(ROOT, "proxy_on_queue_ready", |e| &e.queue_ready, (ROOT, queue)).map(drop)
    }

    /// A call is answered. What made it may be gone: then nobody hears of it.
    pub(crate) fn answer(&mut self, token: u32, answer: HttpAnswer) -> Result<(), Fault> {
        let state = self.store.data_mut();
        match state.calls.remove(&token) {
            Some(context) if context == ROOT || state.streams.contains_key(&context) => {}
            _ => return Ok(()),
        }
        let sizes = (count(answer.headers.0.len()), size(&answer.body)?, count(answer.trailers.0.len()));
        state.answer = Some(answer);
        let arguments = (ROOT, token, sizes.0, sizes.1, sizes.2);
        let called = self.call(ROOT, "proxy_on_http_call_response", |e| &e.http_call_response, arguments);
        self.store.data_mut().answer = None;
        called.map(drop)
    }

    /// A connection is there.
    pub(crate) fn open(&mut self, id: u32, stream: Stream) -> Result<Action, Fault> {
        self.store.data_mut().streams.insert(id, stream);
        self.call(id, "proxy_on_context_create", |e| &e.context_create, (id, ROOT))?;
        let action = self.call(id, "proxy_on_new_connection", |e| &e.new_connection, id)?;
        Ok(Action::of(action.unwrap_or(0)))
    }

    /// The client said something.
    pub(crate) fn downstream(&mut self, id: u32, end: bool) -> Result<Action, Fault> {
        let window = self.store.data_mut().streams.get_mut(&id).and_then(Stream::downstream);
        let Some(window) = window else { return Ok(Action::Continue) };
        window.valid = true;
        let arguments = (id, count(window.bytes.borrow().len()), u32::from(end));
        let action = self.call(id, "proxy_on_downstream_data", |e| &e.downstream_data, arguments)?;
        let action = Action::of(action.unwrap_or(0));
        if let Some(window) = self.store.data_mut().streams.get_mut(&id).and_then(Stream::downstream) {
            window.valid = action == Action::Pause;
        }
        Ok(action)
    }

    /// The server said something.
    pub(crate) fn upstream(&mut self, id: u32, end: bool) -> Result<Action, Fault> {
        let window = self.store.data_mut().streams.get_mut(&id).and_then(Stream::upstream);
        let Some(window) = window else { return Ok(Action::Continue) };
        window.valid = true;
        let arguments = (id, count(window.bytes.borrow().len()), u32::from(end));
        let action = self.call(id, "proxy_on_upstream_data", |e| &e.upstream_data, arguments)?;
        let action = Action::of(action.unwrap_or(0));
        if let Some(window) = self.store.data_mut().streams.get_mut(&id).and_then(Stream::upstream) {
            window.valid = action == Action::Pause;
        }
        Ok(action)
    }

    /// The server will say nothing more.
    pub(crate) fn upstream_closed(&mut self, id: u32, peer: Peer) -> Result<(), Fault> {
        let arguments = (id, peer as u32);
        self.call(id, "proxy_on_upstream_connection_close", |e| &e.upstream_close, arguments).map(drop)
    }

    /// The connection is over: the filter hears of it, and forgets it.
    pub(crate) fn closed(&mut self, id: u32, peer: Peer) -> Result<(), Fault> {
        if self.failed || !self.store.data().streams.contains_key(&id) {
            return Ok(());
        }
        let arguments = (id, peer as u32);
        self.call(id, "proxy_on_downstream_connection_close", |e| &e.downstream_close, arguments)?;
        if self.call(id, "proxy_on_done", |e| &e.done, id)? == Some(0) {
            if let Some(stream) = self.store.data_mut().streams.get_mut(&id) {
                stream.awaits_done = true;
            }
            return Ok(());
        }
        self.forget(id)
    }

    /// What comes after `proxy_on_done`.
    pub(crate) fn forget(&mut self, id: u32) -> Result<(), Fault> {
        self.call(id, "proxy_on_log", |e| &e.log, id)?;
        self.call(id, "proxy_on_delete", |e| &e.delete, id)?;
        self.store.data_mut().streams.remove(&id);
        Ok(())
    }

    /// What the filter wants done; the list is given back by [`Self::give_back`], so that it is allocated once.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.store.data_mut().effects)
    }

    /// See [`Self::take_effects`].
    pub(crate) fn give_back(&mut self, mut effects: Vec<Effect>) {
        let known = &mut self.store.data_mut().effects;
        if known.is_empty() {
            effects.clear();
            *known = effects;
        }
    }

    /// The host's side.
    pub(crate) fn state_mut(&mut self) -> &mut State {
        self.store.data_mut()
    }

    /// The time as the filter sees it.
    pub(crate) fn now(&self) -> Duration {
        self.store.data().world.now()
    }

    /// See [`Plugin::body_of_stopped_head`].
    pub(crate) fn shows_body_of_stopped_head(&self) -> bool {
        self.store.data().plugin.body_of_stopped_head
    }

    pub(crate) fn call<P: WasmParams, R: WasmResults>(
        &mut self,
        context: u32,
        name: &'static str,
        function: fn(&Exports) -> &Option<TypedFunc<P, R>>,
        arguments: P,
    ) -> Result<Option<R>, Fault> {
        self.call_within(self.limits.callback, context, name, function, arguments)
    }

    fn call_within<P: WasmParams, R: WasmResults>(
        &mut self,
        deadline: Duration,
        context: u32,
        name: &'static str,
        function: fn(&Exports) -> &Option<TypedFunc<P, R>>,
        arguments: P,
    ) -> Result<Option<R>, Fault> {
        if self.failed {
            return Err(Fault::Failed);
        }
        let Some(function) = function(&self.exports) else { return Ok(None) };
        self.store.data_mut().effective = context;
        self.store.set_epoch_deadline(Engine::ticks(deadline));
        match function.call(&mut self.store, arguments) {
            Ok(result) => Ok(Some(result)),
            Err(trap) => {
                self.failed = true;
                Err(Fault::trap(name, &trap))
            }
        }
    }
}

fn size(bytes: &[u8]) -> Result<u32, Fault> {
    u32::try_from(bytes.len()).map_err(Fault::module)
}

/// A number as the ABI takes it.
pub(crate) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn instantiate(
    module: &Module,
    plugin: Plugin,
    around: Surroundings,
) -> Result<(Store<State>, Instance), Fault> {
    let engine = &module.engine;
    let linker = hostcalls::linker(&engine.engine, &module.module)?;
    let Surroundings { world, shared, metrics } = around;
    let state = State {
        memory: None,
        allocate: None,
        limits: StoreLimitsBuilder::new()
            .memory_size(engine.limits.memory)
            .table_elements(engine.limits.table_elements)
            .build(),
        world,
        space: shared.space(&plugin.vm_id),
        plugin: Rc::new(plugin),
        shared,
        metrics,
        effective: ROOT,
        streams: HashMap::new(),
        answer: None,
        calls: HashMap::new(),
        last_token: 0,
        grpc: crate::grpc::Open::default(),
        event: None,
        status: (0, Vec::new()),
        tick: Duration::ZERO,
        effects: Vec::new(),
        missing_is_empty: false,
    };
    let mut store = Store::new(&engine.engine, state);
    store.limiter(|state| &mut state.limits);
    store.set_epoch_deadline(Engine::ticks(engine.limits.start));
    let instance = linker
        .instantiate(&mut store, &module.module)
        .map_err(|error| Fault::Module(format!("the module cannot be started: {error:#}")))?;
    Ok((store, instance))
}

/// A module's exported functions by themselves, for benchmarks.
pub struct Functions {
    store: Store<State>,
    instance: Instance,
    limits: Limits,
}

impl Functions {
    /// Instantiates a module that is no filter.
    ///
    /// # Errors
    /// It cannot be linked, or traps.
    pub fn start(module: &Module, around: Surroundings) -> Result<Self, Fault> {
        let (store, instance) = instantiate(module, Plugin::default(), around)?;
        let limits = module.engine.limits;
        let mut vm = Vm { store, exports: Exports::default(), limits, failed: false };
        vm.initialize(&instance)?;
        Ok(Self { store: vm.store, instance, limits })
    }

    /// Calls a function that takes a number and gives one.
    ///
    /// # Errors
    /// There is none of that name and type, or it traps.
    pub fn call(&mut self, name: &str, argument: u32) -> Result<u32, Fault> {
        let function =
            self.instance.get_typed_func::<u32, u32>(&mut self.store, name).map_err(Fault::module)?;
        self.store.set_epoch_deadline(Engine::ticks(self.limits.start));
        function.call(&mut self.store, argument).map_err(|trap| Fault::trap("a function", &trap))
    }
}
