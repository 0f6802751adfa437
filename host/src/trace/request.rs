//! A span for each request.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use gatewright_core::trace::{TRACEPARENT, TRACESTATE, TraceContext};
use opentelemetry::trace::{
    FutureExt as _, SpanBuilder, SpanContext, SpanId, SpanKind, TraceContextExt as _, TraceFlags, TraceId,
    TraceState,
};
use opentelemetry::{Context, KeyValue, Value};

use super::{TRACER, about, begin, failed};

/// What was answered.
const STATUS: &str = "http.response.status_code";
/// What somebody asks all the time, whatever happens: a span only where it is part of a trace.
const ROUTINE: [&str; 5] = ["/healthz", "/readyz", "/metrics", "/static/{file}", "/v1/filter/bundle"];

/// Answers a request as a span, below the one that its headers name.
pub(crate) async fn traced(request: Request, next: Next) -> Response {
    let Some(span) = span(&request) else { return next.run(request).await };
    let response = next.run(request).with_context(span.clone()).await;
    let status = response.status();
    span.span().set_attribute(about(STATUS, i64::from(status.as_u16())));
    if status.is_server_error() {
        failed(&span);
    }
    response
}

/// The span of a request, where it has one. What there is nothing for has none: anybody could ask for it.
fn span(request: &Request) -> Option<Context> {
    TRACER.get()?;
    let route = request.extensions().get::<MatchedPath>()?.as_str().to_owned();
    let parent = parent(request.headers());
    if parent.is_none() && ROUTINE.contains(&&*route) {
        return None;
    }
    // Any word may be a method.
    let known = [Method::GET, Method::HEAD, Method::POST, Method::DELETE]
        .into_iter()
        .find(|known| known == request.method());
    let method = known.as_ref().map_or("_OTHER", Method::as_str).to_owned();
    let name = format!("{} {route}", known.as_ref().map_or("HTTP", Method::as_str));
    let attributes = vec![
        about("http.request.method", method),
        // As the route: in the path itself anything may stand.
        about("url.path", route.clone()),
        about("http.route", route),
        about("url.scheme", "http"),
    ];
    let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server).with_attributes(attributes);
    // Not what is going on: nothing is.
    let parent = parent.map_or_else(Context::new, |parent| Context::new().with_remote_span_context(parent));
    begin(builder, &parent)
}

/// The span that a request's headers name.
fn parent(headers: &HeaderMap) -> Option<SpanContext> {
    let all =
        |name: &'static str| headers.get_all(HeaderName::from_static(name)).iter().map(HeaderValue::as_bytes);
    let context = TraceContext::of_headers(all(TRACEPARENT), all(TRACESTATE))?;
    let state = context.state().and_then(|state| state.parse::<TraceState>().ok()).unwrap_or_default();
    let flags = u8::from_str_radix(context.flags(), 16).ok()?;
    Some(SpanContext::new(
        TraceId::from_hex(context.trace_id()).ok()?,
        SpanId::from_hex(context.span_id()).ok()?,
        TraceFlags::new(flags) & TraceFlags::SAMPLED,
        true,
        state,
    ))
}

/// Whether a request was answered before anybody was known, or because there were too many.
pub(super) fn was_turned_away(attributes: &[KeyValue]) -> bool {
    let status = attributes.iter().find(|attribute| attribute.key.as_str() == STATUS);
    status.is_some_and(|status| matches!(status.value, Value::I64(401 | 429)))
}
