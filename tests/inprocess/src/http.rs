//! One VM with one HTTP filter, and its requests.

use std::cell::Ref;
use std::collections::BTreeMap;
use std::rc::Rc;

use gatewright_runner::{
    self as runner, ConnectionId, Flow, HttpAnswer, HttpChain, Incoming, Info, Pairs, Plugin, Way,
};

use crate::script::{HttpCall, Script};
use crate::{Fault, Filter, GrpcEvent, GrpcOrder, StreamId};

/// Bytes of a body that a filter may gather.
const LIMIT: usize = 4 << 20;

/// A message, as far as it passed the filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Header fields, pseudo-fields such as `:path` and `:status` first; none while the head did not pass.
    pub head: Vec<(String, Vec<u8>)>,
    /// Body.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// It passed to its end.
    pub ended: bool,
    /// It broke off.
    pub broken: bool,
}

impl Message {
    /// The first value of a header, where it is text; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.head.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice());
        value.and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default()
    }

    fn take(&mut self, flow: &Flow) {
        if let Some(head) = flow.take_head() {
            self.head = fields(head.fields);
        }
        self.body.extend(flow.take_body());
        if let Some(trailers) = flow.take_trailers() {
            self.trailers = fields(trailers);
        }
        (self.ended, self.broken) = (flow.ended(), flow.broken());
    }
}

fn fields(pairs: Pairs) -> Vec<(String, Vec<u8>)> {
    let text = |name: Vec<u8>| String::from_utf8_lossy(&name).into_owned();
    pairs.0.into_iter().map(|(name, value)| (text(name), value)).collect()
}

fn pairs(fields: &[(&str, &[u8])]) -> Pairs {
    Pairs(fields.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.to_vec())).collect())
}

struct Exchange {
    to_server: Flow,
    to_client: Flow,
    request: Message,
    response: Message,
}

/// A running HTTP filter.
pub struct HttpVm {
    chain: HttpChain,
    script: Rc<Script>,
    exchanges: BTreeMap<StreamId, Exchange>,
}

impl HttpVm {
    /// Starts a VM with a plugin of that configuration, at `now` (milliseconds since 1970), as with Envoy's
    /// `allow_on_headers_stop_iteration`.
    ///
    /// # Errors
    /// The module cannot be linked, traps, or refuses its configuration.
    pub fn start(filter: &Filter, configuration: &[u8], now: u64) -> Result<Self, Fault> {
        let script = Script::new(now);
        let plugin =
            Plugin { configuration: configuration.to_vec(), body_of_stopped_head: true, ..Plugin::default() };
        let vm = runner::Vm::start(&filter.0, plugin, script.surroundings())?;
        Ok(Self { chain: HttpChain::new(vec![vm], LIMIT), script, exchanges: BTreeMap::new() })
    }

    /// Every random byte that the filter gets from now on.
    pub fn set_random(&mut self, byte: u8) {
        self.script.random.set(byte);
    }

    /// The head of a request from `source` (`address:port`); `end` where it is all.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn request(&mut self, source: &str, head: &[(&str, &[u8])], end: bool) -> Result<StreamId, Fault> {
        let info = Info { source: source.to_owned(), ..Info::default() };
        let protocol = "HTTP/1.1".to_owned();
        let incoming = Incoming { info, head: pairs(head), end, protocol, ..Incoming::default() };
        let mut opened = None;
        let result = self.chain.open(incoming, |id, exchange| {
            let (to_server, to_client) =
                (exchange.out(Way::Request).clone(), exchange.out(Way::Response).clone());
            let (request, response) = Default::default();
            opened = Some((id, Exchange { to_server, to_client, request, response }));
        });
        // INVARIANT: it is told before anything else happens.
        let Some((id, exchange)) = opened else { return Err(result.err().unwrap_or(Fault::Failed)) };
        self.exchanges.insert(id, exchange);
        result?;
        self.after()?;
        Ok(id)
    }

    /// Some of a request's body.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn request_body(&mut self, stream: StreamId, bytes: &[u8], end: bool) -> Result<(), Fault> {
        self.chain.body(stream, Way::Request, bytes.into(), end)?;
        self.after()
    }

    /// A request's trailers, which end it.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn request_trailers(&mut self, stream: StreamId, trailers: &[(&str, &[u8])]) -> Result<(), Fault> {
        self.chain.trailers(stream, Way::Request, pairs(trailers))?;
        self.after()
    }

    /// The head of the server's response, `:status` first.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn response(&mut self, stream: StreamId, head: &[(&str, &[u8])], end: bool) -> Result<(), Fault> {
        self.chain.respond(stream, pairs(head), end)?;
        self.after()
    }

    /// Some of a response's body.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn response_body(&mut self, stream: StreamId, bytes: &[u8], end: bool) -> Result<(), Fault> {
        self.chain.body(stream, Way::Response, bytes.into(), end)?;
        self.after()
    }

    /// A response's trailers, which end it.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn response_trailers(&mut self, stream: StreamId, trailers: &[(&str, &[u8])]) -> Result<(), Fault> {
        self.chain.trailers(stream, Way::Response, pairs(trailers))?;
        self.after()
    }

    /// The client goes away.
    ///
    /// # Errors
    /// The filter trapped.
    pub fn leave(&mut self, stream: StreamId) -> Result<(), Fault> {
        self.chain.broke_off(stream);
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

    /// What the server got so far.
    #[must_use]
    pub fn to_server(&mut self, stream: StreamId) -> &Message {
        &self.known(stream).request
    }

    /// What the client got so far.
    #[must_use]
    pub fn to_client(&mut self, stream: StreamId) -> &Message {
        &self.known(stream).response
    }

    /// Whether the exchange is over: the response passed, or all broke off.
    #[must_use]
    pub fn is_over(&self, stream: StreamId) -> bool {
        self.chain.exchange(stream).is_none()
    }

    /// What the filter logged: level and message.
    #[must_use]
    pub fn logs(&self) -> Ref<'_, Vec<String>> {
        self.script.logs.borrow()
    }

    fn known(&mut self, stream: StreamId) -> &mut Exchange {
        let empty = || Exchange {
            to_server: Flow::default(),
            to_client: Flow::default(),
            request: Message::default(),
            response: Message::default(),
        };
        let exchange = self.exchanges.entry(stream).or_insert_with(empty);
        exchange.request.take(&exchange.to_server);
        exchange.response.take(&exchange.to_client);
        exchange
    }

    /// What a proxy does when a call into the VM has returned: exchanges whose response passed are over.
    fn after(&mut self) -> Result<(), Fault> {
        loop {
            let touched: Vec<ConnectionId> = self.chain.touched().collect();
            if touched.is_empty() {
                return Ok(());
            }
            for id in touched {
                if self.chain.exchange(id).is_some_and(runner::Exchange::is_over) {
                    self.chain.close(id)?;
                }
            }
        }
    }
}
