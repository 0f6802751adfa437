//! One VM with one plugin, and its connections.

use wasmtime::{Instance, Linker, Store, WasmParams, WasmResults};

use crate::abi::CONTINUE;
use crate::host::{Host, HttpCall, Stream};
use crate::{Fault, Filter, imports, wasi};

/// Context id of the plugin.
pub(crate) const ROOT: u32 = 1;

/// A connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamId(u32);

/// A running filter.
pub struct Vm {
    store: Store<Host>,
    instance: Instance,
    last_context: u32,
}

impl Vm {
    /// Starts a VM with a plugin of that configuration, at `now` (milliseconds since 1970).
    ///
    /// # Errors
    /// The module cannot be linked, traps, or refuses its configuration.
    pub fn start(filter: &Filter, configuration: &[u8], now: u64) -> Result<Self, Fault> {
        let mut linker = Linker::new(&filter.engine);
        imports::define(&mut linker, &filter.module)?;
        wasi::define(&mut linker, &filter.module)?;
        let host = Host { configuration: configuration.to_vec(), now, ..Host::default() };
        let mut store = Store::new(&filter.engine, host);
        let instance = linker.instantiate(&mut store, &filter.module)?;
        let mut vm = Self { store, instance, last_context: ROOT };
        for start in ["_initialize", "_start"] {
            if vm.instance.get_func(&mut vm.store, start).is_some() {
                vm.call::<_, ()>(start, ())?;
                break;
            }
        }
        vm.call::<_, ()>("proxy_on_context_create", (ROOT, 0))?;
        vm.store.data_mut().effective = ROOT;
        vm.call::<_, u32>("proxy_on_vm_start", (ROOT, 0))?;
        let size = u32::try_from(configuration.len()).map_err(Fault::new)?;
        if vm.call::<_, u32>("proxy_on_configure", (ROOT, size))? == 0 {
            return Err(Fault::new(format!("the configuration was refused: {:?}", vm.logs())));
        }
        Ok(vm)
    }

    /// Every random byte that the filter gets from now on.
    pub fn set_random(&mut self, byte: u8) {
        self.store.data_mut().random = byte;
    }

    /// A new connection; `source` is `address:port`.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn open(&mut self, source: &str) -> Result<StreamId, Fault> {
        self.last_context = self.last_context.wrapping_add(1);
        let id = self.last_context;
        let stream = Stream { source: source.to_owned(), ..Stream::default() };
        self.store.data_mut().streams.insert(id, stream);
        self.enter(id);
        self.call::<_, ()>("proxy_on_context_create", (id, ROOT))?;
        self.call::<_, u32>("proxy_on_new_connection", id)?;
        self.after()?;
        Ok(StreamId(id))
    }

    /// Bytes from the client.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn downstream(&mut self, stream: StreamId, bytes: &[u8], end_of_stream: bool) -> Result<(), Fault> {
        let Some(state) = self.open_stream(stream) else { return Ok(()) };
        let buffer = state.downstream.get_or_insert_default();
        buffer.extend_from_slice(bytes);
        let size = u32::try_from(buffer.len()).map_err(Fault::new)?;
        self.enter(stream.0);
        let end = u32::from(end_of_stream);
        let action = self.call::<_, i32>("proxy_on_downstream_data", (stream.0, size, end))?;
        if action == CONTINUE
            && let Some(state) = self.open_stream(stream)
        {
            let bytes = state.downstream.take().unwrap_or_default();
            state.to_server.extend(bytes);
        }
        self.after()
    }

    /// Bytes from the server.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn upstream(&mut self, stream: StreamId, bytes: &[u8], end_of_stream: bool) -> Result<(), Fault> {
        let Some(state) = self.open_stream(stream) else { return Ok(()) };
        let buffer = state.upstream.get_or_insert_default();
        buffer.extend_from_slice(bytes);
        let size = u32::try_from(buffer.len()).map_err(Fault::new)?;
        self.enter(stream.0);
        let end = u32::from(end_of_stream);
        let action = self.call::<_, i32>("proxy_on_upstream_data", (stream.0, size, end))?;
        if action == CONTINUE
            && let Some(state) = self.open_stream(stream)
        {
            let bytes = state.upstream.take().unwrap_or_default();
            state.to_client.extend(bytes);
        }
        self.after()
    }

    /// Time goes on to `now` (milliseconds since 1970), and the plugin's timer fires once.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn tick(&mut self, now: u64) -> Result<(), Fault> {
        self.store.data_mut().now = now;
        self.enter(ROOT);
        self.call::<_, ()>("proxy_on_tick", ROOT)?;
        self.after()
    }

    /// The calls that were made since the last time; each waits for [`Self::answer`].
    pub fn take_calls(&mut self) -> Vec<HttpCall> {
        std::mem::take(&mut self.store.data_mut().calls)
    }

    /// Answers a call; status 0 stands for a call that failed.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn answer(&mut self, token: u32, status: u16, body: &[u8]) -> Result<(), Fault> {
        let host = self.store.data_mut();
        host.answer_headers = match status {
            0 => Vec::new(),
            status => vec![(":status".to_owned(), status.to_string())],
        };
        host.answer_body = body.to_vec();
        let headers = u32::try_from(host.answer_headers.len()).map_err(Fault::new)?;
        let size = u32::try_from(body.len()).map_err(Fault::new)?;
        self.enter(ROOT);
        self.call::<_, ()>("proxy_on_http_call_response", (ROOT, token, headers, size, 0))?;
        self.after()
    }

    /// All that went on to the server so far.
    #[must_use]
    pub fn to_server(&self, stream: StreamId) -> &[u8] {
        self.store.data().streams.get(&stream.0).map_or(&[], |stream| &stream.to_server)
    }

    /// All that went on to the client so far.
    #[must_use]
    pub fn to_client(&self, stream: StreamId) -> &[u8] {
        self.store.data().streams.get(&stream.0).map_or(&[], |stream| &stream.to_client)
    }

    /// Drops what went on so far.
    pub fn forget(&mut self, stream: StreamId) {
        if let Some(stream) = self.store.data_mut().streams.get_mut(&stream.0) {
            stream.to_server.clear();
            stream.to_client.clear();
        }
        self.store.data_mut().logs.clear();
    }

    /// Whether the filter closed the connection.
    #[must_use]
    pub fn is_closed(&self, stream: StreamId) -> bool {
        self.store.data().streams.get(&stream.0).is_none_or(|stream| stream.closed)
    }

    /// What the filter logged: level and message.
    #[must_use]
    pub fn logs(&self) -> &[String] {
        &self.store.data().logs
    }

    fn open_stream(&mut self, stream: StreamId) -> Option<&mut Stream> {
        self.store.data_mut().streams.get_mut(&stream.0).filter(|stream| !stream.closed)
    }

    fn enter(&mut self, context: u32) {
        self.store.data_mut().effective = context;
    }

    /// What Envoy does when a call into the VM has returned.
    fn after(&mut self) -> Result<(), Fault> {
        let mut closed = Vec::new();
        for (id, stream) in &mut self.store.data_mut().streams {
            if std::mem::take(&mut stream.resumed)
                && let Some(buffer) = &mut stream.downstream
            {
                stream.to_server.append(buffer);
            }
            if stream.close_asked && !std::mem::replace(&mut stream.closed, true) {
                closed.push(*id);
            }
        }
        for id in closed {
            self.enter(id);
            // 1: the proxy itself closed it.
            self.call::<_, ()>("proxy_on_downstream_connection_close", (id, 1))?;
            self.call::<_, u32>("proxy_on_done", id)?;
            self.call::<_, ()>("proxy_on_log", id)?;
            self.call::<_, ()>("proxy_on_delete", id)?;
        }
        Ok(())
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, arguments: P) -> Result<R, Fault> {
        let function = self.instance.get_typed_func::<P, R>(&mut self.store, name)?;
        function.call(&mut self.store, arguments).map_err(|trap| {
            let last = self.store.data().logs.last().map_or("", String::as_str);
            Fault::new(format!("{name}: {trap:?}\nlast log: {last}"))
        })
    }
}
