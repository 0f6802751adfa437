//! Traces (OpenTelemetry): what a request of a filter or a person makes the host do, as spans below theirs.
//!
//! Attributes are ids of sessions and approvals, names of the configuration, counts, and words of the program. INVARIANT:
//! nothing that an agent, a person or a target wrote, and no credential, is in a span; nor is the text of an error, which
//! may hold some of it. (But for the `tracestate` that an agent sends: that is for the collector, and stays as it is.) Logs
//! and other crates' spans stay out, so this is no subscriber of `tracing`.
//!
//! Where tracing is off, or a trace is not sampled, no span is made.

mod client;
mod origins;
mod queue;
mod request;

use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;
pub(crate) use opentelemetry::Context;
use opentelemetry::trace::{
    FutureExt as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{InstrumentationScope, Key, KeyValue, Value};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, SpanExporter as _};

use crate::compile::Compiled;
use crate::config::traces::Tracing;
use crate::metrics::Metrics;
use client::Client;
pub(crate) use origins::Origins;
use queue::Queue;
pub(crate) use request::traced;

/// How long the last spans may take when the host stops.
const LAST: Duration = Duration::from_secs(2);

/// Makes spans, once it is there.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// What is said of a span.
pub(crate) type Attributes = Vec<KeyValue>;

/// Spans on their way to the collector.
pub(crate) struct Traces(Option<Queue>);

impl Traces {
    /// Begins to send, where the configuration says where to.
    pub(crate) fn start(compiled: &Compiled, metrics: &Metrics) -> anyhow::Result<Self> {
        let settings = compiled.state().settings.clone();
        let is_disabled =
            std::env::var("OTEL_SDK_DISABLED").is_ok_and(|said| said.eq_ignore_ascii_case("true"));
        let section = settings.loaded.config.host.tracing.as_ref().filter(|_| !is_disabled);
        let Some(section) = section.map(|section| &section.value) else { return Ok(Self(None)) };
        let ca = section.ca.as_ref().map(|ca| settings.loaded.folder.join(&ca.value));
        let client = Client::new(ca.as_deref(), compiled.clone()).context("host.tracing")?;
        let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().with_http_client(client);
        let exporter = match &section.endpoint {
            Some(endpoint) => exporter.with_endpoint(format!("{}/v1/traces", endpoint.0)),
            None => exporter,
        };
        let mut exporter = exporter.build().context("host.tracing")?;
        let resource = resource(section);
        exporter.set_resource(&resource);
        let (queue, end) = Queue::start(exporter, metrics.clone());
        let mut provider = SdkTracerProvider::builder().with_span_processor(end).with_resource(resource);
        if let Some(ratio) = section.ratio {
            let ratio = Sampler::TraceIdRatioBased(ratio.0);
            provider = provider.with_sampler(Sampler::ParentBased(Box::new(ratio)));
        }
        let scope = InstrumentationScope::builder("gatewright").with_version(env!("CARGO_PKG_VERSION"));
        let _ = TRACER.set(provider.build().tracer_with_scope(scope.build()));
        Ok(Self(Some(queue)))
    }

    /// Sends what there is, as far as the collector takes it in time.
    pub(crate) async fn stop(self) {
        if let Some(queue) = self.0 {
            queue.stop(LAST).await;
        }
    }
}

/// Who the spans are of.
fn resource(section: &Tracing) -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = || Resource::builder().with_attribute(version.clone());
    if let Some(name) = &section.service_name {
        return resource().with_service_name(name.clone()).build();
    }
    let said = resource().build();
    let name = said.get(&Key::new("service.name")).map(|name| name.to_string());
    // What the specification calls a service that nobody named.
    match name.is_none_or(|name| name.starts_with("unknown_service")) {
        true => resource().with_service_name("gatewright").build(),
        false => said,
    }
}

/// An attribute.
pub(crate) fn about(key: &'static str, value: impl Into<Value>) -> KeyValue {
    KeyValue::new(key, value)
}

/// What a step comes to.
pub(crate) trait Ended {
    /// Whether it failed.
    fn has_failed(&self) -> bool;
}

impl<T, E> Ended for Result<T, E> {
    fn has_failed(&self) -> bool {
        self.is_err()
    }
}

/// Does something, as a span below the one that is going on.
pub(crate) fn step<T: Ended>(
    name: &'static str,
    attributes: impl FnOnce() -> Attributes,
    work: impl Future<Output = T>,
) -> impl Future<Output = T> {
    // Boxed before anything is wrapped around it: each layer would hold it twice, and steps are within steps.
    let work = Box::pin(work);
    async move { within(&Context::current(), name, attributes, work).await }
}

/// Does something, as a span below that one.
pub(crate) fn step_of<T: Ended>(
    parent: &Context,
    name: &'static str,
    attributes: impl FnOnce() -> Attributes,
    work: impl Future<Output = T>,
) -> impl Future<Output = T> {
    within(parent, name, attributes, Box::pin(work))
}

async fn within<T: Ended>(
    parent: &Context,
    name: &'static str,
    attributes: impl FnOnce() -> Attributes,
    work: Pin<Box<impl Future<Output = T>>>,
) -> T {
    let Some(span) = below(parent, name, attributes) else { return work.await };
    let done = work.with_context(span.clone()).await;
    if done.has_failed() {
        failed(&span);
    }
    done
}

/// A span below that one, which lasts until it is dropped. None where that one is not sampled.
pub(crate) fn below(
    parent: &Context,
    name: &'static str,
    attributes: impl FnOnce() -> Attributes,
) -> Option<Context> {
    if !parent.span().span_context().is_sampled() {
        return None;
    }
    let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Internal).with_attributes(attributes());
    begin(builder, parent)
}

/// A span of a trace of its own, by the ratio.
pub(crate) fn root(name: &'static str, attributes: impl FnOnce() -> Attributes) -> Option<Context> {
    TRACER.get()?;
    begin(SpanBuilder::from_name(name).with_attributes(attributes()), &Context::new())
}

/// A span has failed. Not why: an error's text may hold what somebody wrote.
pub(crate) fn failed(span: &Context) {
    span.span().set_status(Status::error(""));
}

/// Says more about the span that is going on.
pub(crate) fn note(key: &'static str, value: impl Into<Value>) {
    let span = Context::current();
    let span = span.span();
    if span.span_context().is_sampled() {
        span.set_attribute(KeyValue::new(key, value));
    }
}

/// Says that the span that is going on has to do with another.
pub(crate) fn link(other: Option<SpanContext>) {
    if let Some(other) = other {
        Context::current().span().add_link(other, Vec::new());
    }
}

fn begin(builder: SpanBuilder, parent: &Context) -> Option<Context> {
    Some(parent.with_span(TRACER.get()?.build_with_context(builder, parent)))
}
