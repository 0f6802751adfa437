//! What the host knows of one VM while the filter runs.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use foldhash::HashMap;
use wasmtime::{Memory, StoreLimits, TypedFunc};

use crate::abi::Status;
use crate::abi::numbers::buffer;
use crate::grpc::{GrpcEvent, Open};
use crate::http::{Reply, View, Way};
use crate::metrics::Metrics;
use crate::plugin::Plugin;
use crate::shared::{Shared, Space};
use crate::world::{HttpAnswer, World};

/// Context id of the plugin.
pub(crate) const ROOT: u32 = 1;

/// Bytes of a connection that filters and proxy both work on.
pub(crate) type SharedBytes = Rc<RefCell<BytesMut>>;

/// Properties that filters of a connection set, by name.
pub(crate) type FilterState = Rc<RefCell<HashMap<Vec<u8>, Vec<u8>>>>;

/// What is known of a connection, as properties tell it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Info {
    /// Number of the connection in this process.
    pub id: u64,
    /// The client's `address:port`.
    pub source: String,
    /// The listener's `address:port`.
    pub destination: String,
    /// The server's `address:port`, or the path of its socket; none until it is chosen.
    pub upstream: Option<String>,
    /// How the client encrypts; none where it does not.
    pub encryption: Option<Encryption>,
}

/// What TLS tells of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encryption {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    /// The server name that the client asked for.
    pub server_name: Option<String>,
    /// The client's certificate, which was verified.
    pub certificate: Option<Certificate>,
}

/// A certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificate {
    /// The URIs that it is for (subjectAltName), the first one first.
    pub uri_sans: Vec<String>,
    /// The host names that it is for (subjectAltName), the first one first.
    pub dns_sans: Vec<String>,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// One connection, or one request with its response, as one filter sees it.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) info: Rc<Info>,
    pub(crate) filter_state: FilterState,
    pub(crate) sees: Sees,
    /// `proxy_on_done` gave false: what comes after waits for `proxy_done`.
    pub(crate) awaits_done: bool,
}

/// What a filter can work on.
#[derive(Debug)]
pub(crate) enum Sees {
    /// Bytes of a connection.
    Bytes { downstream: Window, upstream: Window },
    /// A request and its response.
    Http(View),
}

impl Stream {
    /// The window on the client's bytes.
    pub(crate) fn downstream(&mut self) -> Option<&mut Window> {
        match &mut self.sees {
            Sees::Bytes { downstream, .. } => Some(downstream),
            Sees::Http(_) => None,
        }
    }

    /// The window on the server's bytes.
    pub(crate) fn upstream(&mut self) -> Option<&mut Window> {
        match &mut self.sees {
            Sees::Bytes { upstream, .. } => Some(upstream),
            Sees::Http(_) => None,
        }
    }

    /// What it is shown of a request and its response.
    pub(crate) fn http(&self) -> Option<&View> {
        match &self.sees {
            Sees::Http(view) => Some(view),
            Sees::Bytes { .. } => None,
        }
    }

    /// The same, to be changed.
    pub(crate) fn http_mut(&mut self) -> Option<&mut View> {
        match &mut self.sees {
            Sees::Http(view) => Some(view),
            Sees::Bytes { .. } => None,
        }
    }

    fn window(&self, kind: u32) -> Option<&SharedBytes> {
        match (&self.sees, kind) {
            (Sees::Bytes { downstream: window, .. }, buffer::DOWNSTREAM)
            | (Sees::Bytes { upstream: window, .. }, buffer::UPSTREAM) => {
                window.valid.then_some(&window.bytes)
            }
            (Sees::Http(view), buffer::HTTP_REQUEST_BODY) => view.body(Way::Request),
            (Sees::Http(view), buffer::HTTP_RESPONSE_BODY) => view.body(Way::Response),
            _ => None,
        }
    }
}

/// A buffer that a filter may use at times.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) bytes: SharedBytes,
    /// From the callback on, and after it if that returned Pause.
    pub(crate) valid: bool,
}

/// What a filter wants done when its callback has returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The client's bytes of that connection go on.
    Resume(u32),
    /// The connection is closed.
    Close(u32),
    /// The filter changed a buffer of that connection.
    Changed(u32),
    /// `proxy_done` was called for that context.
    Done(u32),
    /// That message goes on.
    Continue(u32, Way),
    /// That request is answered.
    Reply(u32, Box<Reply>),
    /// That request and its response break off.
    Reset(u32),
}

/// The host's side of one VM.
pub(crate) struct State {
    pub(crate) memory: Option<Memory>,
    pub(crate) allocate: Option<TypedFunc<u32, u32>>,
    pub(crate) limits: StoreLimits,
    pub(crate) world: Rc<dyn World>,
    pub(crate) plugin: Rc<Plugin>,
    pub(crate) shared: Shared,
    pub(crate) space: Arc<Space>,
    pub(crate) metrics: Metrics,
    /// The context that hostcalls act on.
    pub(crate) effective: u32,
    pub(crate) streams: HashMap<u32, Stream>,
    /// Within `proxy_on_http_call_response` only.
    pub(crate) answer: Option<HttpAnswer>,
    /// Who made the calls that are not answered, by token.
    pub(crate) calls: HashMap<u32, u32>,
    pub(crate) last_token: u32,
    /// gRPC calls and streams.
    pub(crate) grpc: Open,
    /// Within the callbacks of gRPC only.
    pub(crate) event: Option<GrpcEvent>,
    /// The status of what was closed last; and what was said of it, within that callback only.
    pub(crate) status: (u32, Vec<u8>),
    pub(crate) tick: Duration,
    pub(crate) effects: Vec<Effect>,
    /// Whether missing headers are empty, as in the ABI 0.1.0.
    pub(crate) missing_is_empty: bool,
}

impl State {
    /// The connection that hostcalls act on.
    pub(crate) fn stream(&self) -> Option<&Stream> {
        self.streams.get(&self.effective)
    }

    /// Shows a buffer; an empty one where it is not to be had now.
    pub(crate) fn with_buffer<T>(&self, kind: u32, look: impl FnOnce(&[u8]) -> T) -> Result<T, Status> {
        match kind {
            buffer::HTTP_REQUEST_BODY
            | buffer::HTTP_RESPONSE_BODY
            | buffer::DOWNSTREAM
            | buffer::UPSTREAM => {
                let bytes = self.stream().and_then(|stream| stream.window(kind)).map(|bytes| bytes.borrow());
                Ok(look(bytes.as_ref().map_or(&[], |bytes| bytes)))
            }
            buffer::CALL_RESPONSE_BODY => Ok(look(&self.answer.as_ref().ok_or(Status::NotFound)?.body)),
            buffer::VM_CONFIGURATION => Ok(look(&self.plugin.vm_configuration)),
            buffer::PLUGIN_CONFIGURATION => Ok(look(&self.plugin.configuration)),
            buffer::GRPC_MESSAGE => match &self.event {
                Some(GrpcEvent::Message(message)) => Ok(look(message)),
                _ => Err(Status::NotFound),
            },
            buffer::FOREIGN_ARGUMENTS => Err(Status::NotFound),
            _ => Err(Status::BadArgument),
        }
    }

    /// A buffer that can be changed now.
    pub(crate) fn buffer_mut(&self, kind: u32) -> Result<SharedBytes, Status> {
        self.stream().and_then(|stream| stream.window(kind)).cloned().ok_or(Status::BadArgument)
    }
}
