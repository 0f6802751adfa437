//! One call or stream: from its request to its end, as Envoy's gRPC client tells of it.

use std::cell::RefCell;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::HeaderMap;
use hyper::{Request, StatusCode};

use super::frames::{Frames, Unfit};
use crate::abi::Pairs;
use crate::grpc::GrpcEvent;
use crate::proxy::http::outlet::Outlet;
use crate::proxy::http::pool::{Pool, Unreachable};

/// Status codes of gRPC (`statuscodes.md` of its specification).
mod code {
    pub(super) const OK: u32 = 0;
    pub(super) const UNKNOWN: u32 = 2;
    pub(super) const PERMISSION_DENIED: u32 = 7;
    pub(super) const RESOURCE_EXHAUSTED: u32 = 8;
    pub(super) const UNIMPLEMENTED: u32 = 12;
    pub(super) const INTERNAL: u32 = 13;
    pub(super) const UNAVAILABLE: u32 = 14;
    pub(super) const UNAUTHENTICATED: u32 = 16;
    pub(super) const LAST: u32 = 16;
}

/// How it ended.
pub(super) struct End {
    pub(super) trailers: Pairs,
    pub(super) status: u32,
    pub(super) message: Vec<u8>,
}

impl End {
    fn of(status: u32, message: &str) -> Self {
        Self { trailers: Pairs::default(), status, message: message.into() }
    }

    /// As the trailers say.
    fn told(trailers: Pairs) -> Self {
        let status =
            trailers.first(b"grpc-status").and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
        // Envoy's number for what is no code.
        let status = match trailers.first(b"grpc-status") {
            Some(_) => status.filter(|status| *status <= code::LAST).unwrap_or(u32::MAX),
            None => code::UNKNOWN,
        };
        let message = trailers.first(b"grpc-message").unwrap_or_default().to_vec();
        Self { trailers, status, message }
    }

    /// There was no response, of which trailers are made as of an answer of the proxy's own.
    fn unavailable(message: String) -> Self {
        let pair = |name: &str, value: &str| (name.into(), value.into());
        let trailers = vec![
            pair("grpc-status", &code::UNAVAILABLE.to_string()),
            pair("grpc-message", &message.replace(|c: char| !c.is_ascii_graphic(), " ")),
        ];
        Self { trailers: Pairs(trailers), status: code::UNAVAILABLE, message: message.into() }
    }

    /// The server answered as HTTP has it (`http-grpc-status-mapping.md` of gRPC's specification).
    fn of_http(status: StatusCode) -> Self {
        let code = match status.as_u16() {
            400 => code::INTERNAL,
            401 => code::UNAUTHENTICATED,
            403 => code::PERMISSION_DENIED,
            404 => code::UNIMPLEMENTED,
            429 | 502..=504 => code::UNAVAILABLE,
            _ => code::UNKNOWN,
        };
        Self::of(code, &format!("the server answered with {status}"))
    }

    /// The server does not take what it is sent.
    pub(super) fn overflow() -> Self {
        Self::of(code::RESOURCE_EXHAUSTED, "the server does not take what it is sent")
    }
}

/// A unary call: its message, or why there is none.
pub(super) async fn call(pool: &Pool, request: Request<Outlet>, timeout: Option<Duration>) -> GrpcEvent {
    let answer = RefCell::new(None);
    let hear = |event| {
        if let GrpcEvent::Message(message) = event {
            answer.replace(Some(message));
        }
    };
    let made = stream(pool, request, hear);
    let end = match timeout {
        Some(timeout) => tokio::time::timeout(timeout, made).await,
        None => Ok(made.await),
    };
    // Envoy takes its own patience for the server's fault.
    let end = end.unwrap_or_else(|_| End::of(code::UNAVAILABLE, "upstream request timeout"));
    match (end.status, answer.into_inner()) {
        (code::OK, Some(message)) => GrpcEvent::Message(message),
        (code::OK, None) => GrpcEvent::Close { status: code::INTERNAL, message: Vec::new() },
        (status, _) => GrpcEvent::Close { status, message: end.message },
    }
}

/// A stream, of which `hear` hears everything but the end.
pub(super) async fn stream(pool: &Pool, request: Request<Outlet>, hear: impl Fn(GrpcEvent)) -> End {
    let response = match pool.send(request).await {
        Ok(answer) => answer.response,
        Err(error) => {
            hear(GrpcEvent::InitialMetadata(Pairs::default()));
            return End::unavailable(unreachable(error));
        }
    };
    let (head, body) = response.into_parts();
    let mut fields = pairs(&head.headers);
    fields.0.insert(0, (b":status".to_vec(), head.status.as_str().into()));
    let end = body.is_end_stream();
    if end || head.status != StatusCode::OK {
        hear(GrpcEvent::InitialMetadata(Pairs::default()));
        return match end && (head.status == StatusCode::OK || fields.first(b"grpc-status").is_some()) {
            true => End::told(fields),
            false => End::of_http(head.status),
        };
    }
    hear(GrpcEvent::InitialMetadata(fields));
    messages(body, hear).await
}

async fn messages(mut body: Incoming, hear: impl Fn(GrpcEvent)) -> End {
    let mut frames = Frames::default();
    loop {
        let frame = match body.frame().await {
            None => return End::of(code::UNKNOWN, ""),
            Some(Err(error)) => return End::of(code::INTERNAL, &format!("the stream broke off: {error}")),
            Some(Ok(frame)) => frame,
        };
        let bytes = match frame.into_data() {
            Ok(bytes) => bytes,
            Err(frame) => match frame.into_trailers() {
                Ok(trailers) => return End::told(pairs(&trailers)),
                Err(_) => continue,
            },
        };
        frames.push(&bytes);
        loop {
            match frames.next() {
                Ok(Some(message)) => hear(GrpcEvent::Message(message)),
                Ok(None) => break,
                Err(Unfit::Malformed) => return End::of(code::INTERNAL, "the server's message is malformed"),
                Err(Unfit::TooLarge) => {
                    return End::of(code::RESOURCE_EXHAUSTED, "the server's message is too large");
                }
            }
            // A frame may hold thousands of messages: others get their turn between them.
            tokio::task::consume_budget().await;
        }
    }
}

fn unreachable(error: Unreachable) -> String {
    match error {
        Unreachable::Connect(error) => format!("cannot connect: {error}"),
        Unreachable::BrokeOff(error) => format!("the connection broke off: {error}"),
    }
}

fn pairs(headers: &HeaderMap) -> Pairs {
    Pairs(headers.iter().map(|(name, value)| (name.as_str().into(), value.as_bytes().into())).collect())
}
