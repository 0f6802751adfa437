//! gRPC of filters where servers and filters do what they should not; what they should is compared with Envoy.
#![allow(missing_docs, reason = "a test")]

mod support;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use gatewright_runner::Metrics;
use gatewright_runner::proxy::{Config, Protocol, Target};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use support::running::{self, LOOPBACK, Running, config, echo, rest, says, until};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

/// A body of parts, which ends or goes on for ever.
struct Says(Vec<Bytes>, bool);

impl Body for Says {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.pop() {
            Some(part) => Poll::Ready(Some(Ok(Frame::data(part)))),
            None if self.1 => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

/// What a server heard: how each request began, and how it ended.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn note(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// By the method: reads all and says nothing; reads nothing; says what is too large.
async fn serve(request: Request<Incoming>, heard: Heard) -> Result<Response<Says>, Infallible> {
    let path = request.uri().path().to_owned();
    heard.note(&path);
    let mut body = request.into_body();
    let mut parts = Vec::new();
    match path.as_str() {
        "/s/Deaf" => std::mem::forget(body),
        "/s/Large" => parts.push(Bytes::from_static(b"\0\x01\0\0\x01")),
        _ => drop(tokio::spawn(async move {
            while let Some(frame) = body.frame().await {
                match frame {
                    Ok(frame) => heard.note(format!("{:?}", frame.into_data().unwrap_or_default())),
                    Err(error) => {
                        let cause = std::error::Error::source(&error).map(ToString::to_string);
                        return heard.note(cause.unwrap_or_default());
                    }
                }
            }
            heard.note("end");
        })),
    }
    let response = Response::builder().header("content-type", "application/grpc");
    Ok(response.body(Says(parts, false)).unwrap())
}

async fn server() -> (SocketAddr, Heard) {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Heard::default();
    let ear = heard.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let ear = ear.clone();
            tokio::spawn(async move {
                let answer = service_fn(move |request| serve(request, ear.clone()));
                let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(TokioIo::new(socket), answer).await;
            });
        }
    });
    (address, heard)
}

/// Opens a stream when it starts, and says `hi` on it. Each byte of a client is a message of three MiB on it; an
/// exclamation mark is a trap. The status that it is closed with goes to the gauge `closed`.
fn streams(method: &str) -> String {
    format!(
        r#"(import "env" "proxy_grpc_stream" (func $stream (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_grpc_send" (func $send (param i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_record_metric" (func $record (param i32 i64) (result i32)))
        (data (i32.const 100) "grpc")
        (data (i32.const 110) "s")
        (data (i32.const 120) "{method}")
        (data (i32.const 130) "hi")
        (data (i32.const 140) "closed")
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (if (i32.lt_s (memory.grow (i32.const 64)) (i32.const 0)) (then unreachable))
            (if (call $stream (i32.const 100) (i32.const 4) (i32.const 110) (i32.const 1) (i32.const 120)
                    (i32.const {size}) (i32.const 0) (i32.const 0) (i32.const 200)) (then unreachable))
            (if (call $send (i32.load (i32.const 200)) (i32.const 130) (i32.const 2) (i32.const 0)) (then unreachable))
            (i32.const 1))
        (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
            (drop (call $get (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 300) (i32.const 304)))
            (if (i32.eq (i32.load8_u (i32.load (i32.const 300))) (i32.const 33)) (then unreachable))
            (if (local.get 1) (then
                (if (call $send (i32.load (i32.const 200)) (i32.const 1024) (i32.const 3145728) (i32.const 0))
                    (then unreachable))))
            (i32.const 0))
        (func (export "proxy_on_grpc_close") (param i32 i32 i32)
            (drop (call $define (i32.const 1) (i32.const 140) (i32.const 6) (i32.const 208)))
            (drop (call $record (i32.load (i32.const 208)) (i64.extend_i32_u (local.get 2)))))"#,
        size = method.len()
    )
}

async fn calling(host: SocketAddr, filter: &str) -> Config {
    let service = running::service(Target::Tcp(echo().await), Protocol::Tcp, &[filter]);
    let mut config = config(service, 1);
    config.clusters.insert("grpc".to_owned(), host);
    config
}

fn closed(metrics: &Metrics) -> Option<u64> {
    metrics.value("closed")
}

#[tokio::test]
async fn a_stream_ends_with_its_filter_and_the_server_hears_that_it_was_cancelled() {
    let (address, heard) = server().await;
    let running = Running::start(calling(address, &streams("All")).await).await;
    let hi = r#"b"\0\0\0\0\x02hi""#;
    until("the message arrives", || heard.all() == ["/s/All", hi]).await;
    let mut victim = running.connect().await;
    victim.write_all(b"!").await.unwrap();
    assert_eq!(rest(&mut victim).await, b"");
    // The next filter has a stream of its own, of which nothing of the first one is heard.
    until("the second stream", || heard.all().iter().filter(|said| *said == hi).count() == 2).await;
    let cancelled = |heard: &Heard| {
        heard
            .all()
            .iter()
            .filter(|said| said.contains("not longer needed") || said.contains("no longer needed"))
            .count()
    };
    until(&format!("{:?}", heard.all()), || cancelled(&heard) == 1).await;
    // A filter that a reload ended has no stream any more, either.
    running.control.reload(calling(address, "").await).await.unwrap();
    until(&format!("{:?}", heard.all()), || cancelled(&heard) == 2).await;
    assert_eq!(closed(&running.metrics), None);
    running.stop().await;
}

#[tokio::test]
async fn what_a_server_does_not_take_is_not_kept_without_end() {
    let (address, heard) = server().await;
    let running = Running::start(calling(address, &streams("Deaf")).await).await;
    until("the stream", || heard.all() == ["/s/Deaf"]).await;
    let mut socket = running.connect().await;
    // Sixteen MiB may wait, and what is on its way already.
    let mut said = 0;
    while closed(&running.metrics).is_none() {
        assert!(said < 12, "{said}");
        assert_eq!(says(&mut socket, b"m").await, b"m");
        said += 1;
        // It is closed a moment after there is too much.
        let closes = async {
            while closed(&running.metrics).is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let patience = Duration::from_millis(if said > 5 { 2_000 } else { 20 });
        let _ = tokio::time::timeout(patience, closes).await;
    }
    assert!(said > 5, "{said}");
    assert_eq!(closed(&running.metrics), Some(8));
    // Saying more of it is no fault.
    assert_eq!(says(&mut socket, b"m").await, b"m");
    running.stop().await;
}

#[tokio::test]
async fn a_message_that_is_too_large_closes_by_its_prefix() {
    let (address, _) = server().await;
    let running = Running::start(calling(address, &streams("Large")).await).await;
    until("it is closed", || closed(&running.metrics) == Some(8)).await;
    running.stop().await;
}
