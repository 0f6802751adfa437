//! A collector of traces: takes OTLP over HTTP in protobuf, and keeps all of it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::wait;

/// A span, as far as tests ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// `service.name` of whoever made it.
    pub service: String,
    /// Name.
    pub name: String,
    /// Trace id, hex.
    pub trace: String,
    /// Span id, hex.
    pub id: String,
    /// Id of the span above, hex; empty where there is none.
    pub parent: String,
    /// Attributes, as text.
    pub attributes: BTreeMap<String, String>,
    /// Ids of spans that it has to do with.
    pub links: Vec<String>,
    /// Whether its status is an error.
    pub is_error: bool,
}

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// At once, with 200.
    Good,
    /// Not for a minute.
    Hung,
    /// With that status.
    Refusing(u16),
}

/// A running collector.
#[derive(Debug)]
pub struct Collector {
    address: String,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        // Tests that are asynchronous must not wait for it.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[derive(Debug)]
struct Shared {
    got: Mutex<Got>,
}

#[derive(Debug)]
struct Got {
    mood: Mood,
    spans: Vec<Span>,
    /// Everything that came, headers too.
    raw: Vec<u8>,
    asked: usize,
}

impl Collector {
    /// Starts one.
    pub fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?.to_string();
        let got = Got { mood: Mood::Good, spans: Vec::new(), raw: Vec::new(), asked: 0 };
        let shared = Arc::new(Shared { got: Mutex::new(got) });
        let serving = Arc::clone(&shared);
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener)?;
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                let service = service_fn(move |request| take(request, Arc::clone(&shared)));
                tokio::spawn(async move {
                    // A client that went away is its own affair.
                    let _ = auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
            std::io::Result::Ok(())
        });
        Ok(Self { address, shared, runtime: Some(runtime) })
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What the host's configuration calls it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers so from now on.
    pub fn set(&self, mood: Mood) {
        self.shared.got().mood = mood;
    }

    /// All spans that it took.
    pub fn spans(&self) -> Vec<Span> {
        self.shared.got().spans.clone()
    }

    /// How often it was asked to take some.
    pub fn asked(&self) -> usize {
        self.shared.got().asked
    }

    /// Whether this was in anything that came, headers and names included.
    pub fn saw(&self, text: &str) -> bool {
        memchr::memmem::find(&self.shared.got().raw, text.as_bytes()).is_some()
    }

    /// The spans of a trace, once there is one of that name.
    pub fn wait_for(&self, trace: &str, name: &str) -> Result<Vec<Span>> {
        let found = wait::until(&format!("the span `{name}`"), Duration::from_secs(30), || {
            let spans: Vec<Span> = self.spans().into_iter().filter(|span| span.trace == trace).collect();
            Ok(spans.iter().any(|span| span.name == name).then_some(spans))
        });
        found.with_context(|| format!("{:#?}", self.spans()))
    }
}

impl Shared {
    fn got(&self) -> MutexGuard<'_, Got> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn take(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let mood = {
        let mut got = shared.got();
        got.asked += 1;
        got.raw.extend_from_slice(format!("{head:?}\n").as_bytes());
        got.raw.extend_from_slice(&body);
        got.mood
    };
    let answer = |status: u16| {
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = status.try_into().unwrap_or_default();
        answer
    };
    match mood {
        Mood::Good => {}
        Mood::Hung => tokio::time::sleep(Duration::from_secs(60)).await,
        Mood::Refusing(status) => return Ok(answer(status)),
    }
    let is_ours = head.method == "POST"
        && head.uri.path() == "/v1/traces"
        && head.headers.get("content-type").is_some_and(|kind| kind == "application/x-protobuf");
    let Some(said) = ExportTraceServiceRequest::decode(body).ok().filter(|_| is_ours) else {
        return Ok(answer(400));
    };
    shared.got().spans.extend(spans(said));
    Ok(answer(200))
}

fn spans(said: ExportTraceServiceRequest) -> Vec<Span> {
    let mut spans = Vec::new();
    for group in said.resource_spans {
        let resource = attributes(group.resource.map(|resource| resource.attributes).unwrap_or_default());
        let service = resource.get("service.name").cloned().unwrap_or_default();
        for span in group.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.push(Span {
                service: service.clone(),
                name: span.name,
                trace: hex::encode(span.trace_id),
                id: hex::encode(span.span_id),
                parent: hex::encode(span.parent_span_id),
                attributes: attributes(span.attributes),
                links: span.links.into_iter().map(|link| hex::encode(link.span_id)).collect(),
                is_error: span.status.is_some_and(|status| status.code == 2),
            });
        }
    }
    spans
}

fn attributes(all: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |value: Option<AnyValue>| match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    all.into_iter().map(|one| (one.key, text(one.value))).collect()
}
