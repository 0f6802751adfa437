//! What a module exports, looked up once.

use wasmtime::{Extern, Instance, Memory, Store, TypedFunc, WasmParams, WasmResults};

use crate::fault::Fault;
use crate::state::State;

type Callback<P, R> = Option<TypedFunc<P, R>>;
/// The callback of a head, by the ABI since 0.2.0, or before.
type Heads = (Callback<(u32, u32, u32), u32>, Callback<(u32, u32), u32>);

/// The callbacks of a filter; each may be missing.
#[derive(Default)]
pub(crate) struct Exports {
    pub(crate) memory: Option<Memory>,
    pub(crate) allocate: Callback<u32, u32>,
    pub(crate) context_create: Callback<(u32, u32), ()>,
    pub(crate) vm_start: Callback<(u32, u32), u32>,
    pub(crate) configure: Callback<(u32, u32), u32>,
    pub(crate) tick: Callback<u32, ()>,
    pub(crate) queue_ready: Callback<(u32, u32), ()>,
    pub(crate) grpc_initial_metadata: Callback<(u32, u32, u32), ()>,
    pub(crate) grpc_receive: Callback<(u32, u32, u32), ()>,
    pub(crate) grpc_trailing_metadata: Callback<(u32, u32, u32), ()>,
    pub(crate) grpc_close: Callback<(u32, u32, u32), ()>,
    pub(crate) http_call_response: Callback<(u32, u32, u32, u32, u32), ()>,
    pub(crate) new_connection: Callback<u32, u32>,
    pub(crate) downstream_data: Callback<(u32, u32, u32), u32>,
    pub(crate) upstream_data: Callback<(u32, u32, u32), u32>,
    pub(crate) downstream_close: Callback<(u32, u32), ()>,
    pub(crate) upstream_close: Callback<(u32, u32), ()>,
    pub(crate) request_headers: Callback<(u32, u32, u32), u32>,
    /// Of the ABI 0.1.0, which does not tell whether the head is all.
    pub(crate) request_headers_old: Callback<(u32, u32), u32>,
    pub(crate) request_body: Callback<(u32, u32, u32), u32>,
    pub(crate) request_trailers: Callback<(u32, u32), u32>,
    pub(crate) response_headers: Callback<(u32, u32, u32), u32>,
    /// Of the ABI 0.1.0.
    pub(crate) response_headers_old: Callback<(u32, u32), u32>,
    pub(crate) response_body: Callback<(u32, u32, u32), u32>,
    pub(crate) response_trailers: Callback<(u32, u32), u32>,
    /// Whether missing headers are empty, as in the ABI 0.1.0.
    pub(crate) missing_is_empty: bool,
    pub(crate) done: Callback<u32, u32>,
    pub(crate) log: Callback<u32, ()>,
    pub(crate) delete: Callback<u32, ()>,
}

impl Exports {
    /// Those of an instance.
    ///
    /// # Errors
    /// One has another type than the specification says.
    pub(crate) fn of(instance: &Instance, store: &mut Store<State>) -> Result<Self, Fault> {
        let mut find = Find { instance, store };
        let old = find.exists("proxy_abi_version_0_1_0");
        let heads = |find: &mut Find<'_>, name: &str| -> Result<Heads, Fault> {
            if old { Ok((None, find.function(name)?)) } else { Ok((find.function(name)?, None)) }
        };
        let (request_headers, request_headers_old) = heads(&mut find, "proxy_on_request_headers")?;
        let (response_headers, response_headers_old) = heads(&mut find, "proxy_on_response_headers")?;
        Ok(Self {
            request_headers,
            request_headers_old,
            request_body: find.function("proxy_on_request_body")?,
            request_trailers: find.function("proxy_on_request_trailers")?,
            response_headers,
            response_headers_old,
            response_body: find.function("proxy_on_response_body")?,
            response_trailers: find.function("proxy_on_response_trailers")?,
            missing_is_empty: old,
            memory: find.memory(),
            allocate: match find.function("proxy_on_memory_allocate")? {
                None => find.function("malloc")?,
                found => found,
            },
            context_create: find.function("proxy_on_context_create")?,
            vm_start: find.function("proxy_on_vm_start")?,
            configure: find.function("proxy_on_configure")?,
            tick: find.function("proxy_on_tick")?,
            queue_ready: find.function("proxy_on_queue_ready")?,
            http_call_response: find.function("proxy_on_http_call_response")?,
            grpc_initial_metadata: find.function("proxy_on_grpc_receive_initial_metadata")?,
            grpc_receive: find.function("proxy_on_grpc_receive")?,
            grpc_trailing_metadata: find.function("proxy_on_grpc_receive_trailing_metadata")?,
            grpc_close: find.function("proxy_on_grpc_close")?,
            new_connection: find.function("proxy_on_new_connection")?,
            downstream_data: find.function("proxy_on_downstream_data")?,
            upstream_data: find.function("proxy_on_upstream_data")?,
            downstream_close: find.function("proxy_on_downstream_connection_close")?,
            upstream_close: find.function("proxy_on_upstream_connection_close")?,
            done: find.function("proxy_on_done")?,
            log: find.function("proxy_on_log")?,
            delete: find.function("proxy_on_delete")?,
        })
    }
}

struct Find<'a> {
    instance: &'a Instance,
    store: &'a mut Store<State>,
}

impl Find<'_> {
    fn exists(&mut self, name: &str) -> bool {
        self.instance.get_func(&mut *self.store, name).is_some()
    }

    fn memory(&mut self) -> Option<Memory> {
        self.instance.get_export(&mut *self.store, "memory").and_then(Extern::into_memory)
    }

    fn function<P: WasmParams, R: WasmResults>(&mut self, name: &str) -> Result<Callback<P, R>, Fault> {
        let Some(function) = self.instance.get_func(&mut *self.store, name) else { return Ok(None) };
        let typed = function.typed(&*self.store);
        typed
            .map(Some)
            .map_err(|error| Fault::Module(format!("`{name}` has another type than it must: {error:#}")))
    }
}
