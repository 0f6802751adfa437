//! What the proxy knows while a filter runs.

use std::collections::{BTreeMap, HashMap};

/// A call that the filter made and that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCall {
    /// Names the call in [`crate::Vm::answer`].
    pub token: u32,
    /// The proxy's cluster.
    pub cluster: String,
    /// Headers, `:method` and `:path` among them.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl HttpCall {
    /// A header's value; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// One connection.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    pub(crate) source: String,
    /// The client's bytes that have not gone on, while the filter may use them.
    pub(crate) downstream: Option<Vec<u8>>,
    /// The server's bytes, within their callback only.
    pub(crate) upstream: Option<Vec<u8>>,
    /// The filter asked for what is in `downstream` to go on.
    pub(crate) resumed: bool,
    pub(crate) close_asked: bool,
    pub(crate) closed: bool,
    pub(crate) to_server: Vec<u8>,
    pub(crate) to_client: Vec<u8>,
}

/// The proxy's side of one VM.
#[derive(Debug, Default)]
pub(crate) struct Host {
    pub(crate) configuration: Vec<u8>,
    /// Milliseconds since 1970.
    pub(crate) now: u64,
    pub(crate) effective: u32,
    pub(crate) streams: BTreeMap<u32, Stream>,
    pub(crate) calls: Vec<HttpCall>,
    pub(crate) last_call: u32,
    pub(crate) answer_headers: Vec<(String, String)>,
    pub(crate) answer_body: Vec<u8>,
    pub(crate) shared: HashMap<String, (Vec<u8>, u32)>,
    /// Every random byte.
    pub(crate) random: u8,
    pub(crate) logs: Vec<String>,
}

impl Host {
    /// The connection that calls act on.
    pub(crate) fn stream(&mut self) -> Option<&mut Stream> {
        self.streams.get_mut(&self.effective)
    }

    pub(crate) fn buffer(&self, kind: i32) -> Option<&Vec<u8>> {
        use crate::abi::buffer;
        let stream = self.streams.get(&self.effective);
        match kind {
            buffer::DOWNSTREAM => stream?.downstream.as_ref(),
            buffer::UPSTREAM => stream?.upstream.as_ref(),
            buffer::CALL_RESPONSE_BODY => Some(&self.answer_body),
            buffer::PLUGIN_CONFIGURATION => Some(&self.configuration),
            _ => None,
        }
    }

    pub(crate) fn buffer_mut(&mut self, kind: i32) -> Option<&mut Vec<u8>> {
        use crate::abi::buffer;
        match kind {
            buffer::DOWNSTREAM => self.stream()?.downstream.as_mut(),
            buffer::UPSTREAM => self.stream()?.upstream.as_mut(),
            _ => None,
        }
    }
}
