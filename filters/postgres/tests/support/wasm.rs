//! The built filter in a wasm VM.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::OnceLock;

use gatewright_core::api::BatchHead;
use gatewright_core::run::Run;
use gatewright_testing::{Filter, HttpCall, StreamId, Vm};
use serde_json::Value;

use super::player::Outcome;
use super::{NOW, Site};

const CONFIGURATION: &[u8] = br#"{"resource": "shop", "host_cluster": "host", "filter_token": "secret"}"#;

fn filter() -> &'static Filter {
    static FILTER: OnceLock<Filter> = OnceLock::new();
    FILTER.get_or_init(|| {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/filters/gatewright_postgres.wasm");
        Filter::load(&path).unwrap_or_else(|fault| panic!("`cargo xtask build` builds the filter: {fault}"))
    })
}

/// A connection through the filter.
pub struct Wasm {
    vm: Vm,
    stream: StreamId,
    now: u64,
    last_call: Option<u32>,
    /// Batches of events that wait for their answer: token, and number of the session's events up to its last.
    batches: VecDeque<(u32, u64)>,
    outcome: Outcome,
}

impl Wasm {
    pub fn new(site: &Site) -> Self {
        let mut vm = Vm::start(filter(), CONFIGURATION, NOW).expect("the filter starts");
        vm.tick(NOW).expect("no trap");
        let [question] = &vm.take_calls()[..] else {
            panic!("the filter asks for its bundle, and that alone")
        };
        assert_eq!(question.header(":path"), "/v1/filter/bundle?resource=shop");
        assert_eq!(question.header("authorization"), "Bearer secret");
        vm.answer(question.token, 200, &site.json).expect("no trap");
        let stream = vm.open("10.0.0.1:5000").expect("no trap");
        let (batches, outcome) = (VecDeque::new(), Outcome::default());
        Self { vm, stream, now: NOW, last_call: None, batches, outcome }
    }

    pub fn client(&mut self, bytes: &[u8]) {
        self.vm.downstream(self.stream, bytes, false).expect("no trap");
        self.sort_calls();
    }

    pub fn server(&mut self, bytes: &[u8]) {
        self.vm.upstream(self.stream, bytes, false).expect("no trap");
        self.sort_calls();
    }

    pub fn host(&mut self, status: u16, body: &str) {
        // A proxy never answers a call twice.
        let Some(token) = self.last_call.take() else { return };
        self.vm.answer(token, status, body.as_bytes()).expect("no trap");
        self.sort_calls();
    }

    /// Answers the batches whose events are all among the session's first `events`.
    pub fn durable(&mut self, events: usize) {
        while let Some((token, end)) = self.batches.pop_front() {
            if end as usize > events {
                self.batches.push_front((token, end));
                return;
            }
            self.vm.answer(token, 200, b"{}").expect("no trap");
            self.sort_calls();
        }
    }

    pub fn pass(&mut self, now: u64) {
        self.now = now;
        self.vm.tick(now).expect("no trap");
        self.sort_calls();
    }

    fn sort_calls(&mut self) {
        for call in self.vm.take_calls() {
            assert_eq!(call.cluster, "host");
            let path = call.header(":path").to_owned();
            match path.as_str() {
                "/v1/filter/events" => {
                    let lines = String::from_utf8(call.body).expect("UTF-8");
                    let (head, mut runs) = BatchHead::read(&lines).expect("a batch");
                    assert_eq!(head.resource, "shop");
                    let mut end = 0;
                    while !runs.is_empty() {
                        let (run, rest) = Run::split(runs).expect("a run");
                        // A batch comes again when its answer may have been lost.
                        for (event, seq) in run.events().zip(run.seq..) {
                            if seq as usize >= self.outcome.events.len() {
                                self.outcome.events.push(event.to_owned());
                            }
                        }
                        (runs, end) = (rest, run.end());
                    }
                    self.batches.push_back((call.token, end));
                }
                path if path.starts_with("/v1/filter/bundle") => {
                    self.vm.answer(call.token, 304, b"").expect("no trap");
                }
                path => {
                    self.last_call = Some(call.token);
                    let trace = match call.header("traceparent") {
                        "" => String::new(),
                        trace => format!(" in {trace}"),
                    };
                    let line = format!("{} {path}{trace}", call.header(":method"));
                    self.outcome.calls.push((line, body(&call)));
                }
            }
        }
    }

    /// Drops what came out so far.
    pub fn forget(&mut self) {
        self.vm.forget(self.stream);
        self.outcome.events.clear();
    }

    /// Whether the filter did what the library did.
    pub fn check(self, library: &Outcome) {
        let filter = self.outcome(library.events.len());
        assert_eq!(
            *library, filter,
            "the built filter differs from the library; is it current? `cargo xtask build`"
        );
    }

    /// All that came out, with the session's first `events` events.
    fn outcome(mut self, events: usize) -> Outcome {
        let mut outcome = self.outcome.clone();
        outcome.to_server = self.vm.to_server(self.stream).to_vec();
        outcome.to_client = self.vm.to_client(self.stream).to_vec();
        outcome.closed = self.vm.is_closed(self.stream);
        // What is still to be recorded comes once the batch before it is answered; what that sets off is not asked
        // for any more.
        while let Some((token, _)) = self.batches.pop_front() {
            self.vm.answer(token, 200, b"{}").expect("no trap");
            self.sort_calls();
            self.pass(self.now);
        }
        outcome.events = self.outcome.events;
        outcome.events.truncate(events);
        outcome
    }
}

fn body(call: &HttpCall) -> Value {
    if call.body.is_empty() { Value::Null } else { serde_json::from_slice(&call.body).expect("JSON") }
}
