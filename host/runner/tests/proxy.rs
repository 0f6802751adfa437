//! The data plane, with real sockets and small filters.
#![allow(missing_docs, reason = "a test")]

mod support;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gatewright_runner::Metrics;
use gatewright_runner::proxy::{Config, Protocol, Proxy, Service, StartError, Target};
use support::running::{
    self, LOOPBACK, Running, config, echo, reserved, rest, says, until, until_nobody_listens,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

fn service(upstream: Target, filters: &[&str]) -> Service {
    running::service(upstream, Protocol::Tcp, filters)
}

async fn run(config: Config) -> Running {
    Running::start(config).await
}

#[tokio::test]
async fn bytes_pass_both_ways_and_ends_pass_too() {
    let running = run(config(service(Target::Tcp(echo().await), &[""]), 2)).await;
    let mut socket = running.connect().await;
    assert_eq!(says(&mut socket, b"hello").await, b"hello");
    socket.write_all(b"last").await.unwrap();
    socket.shutdown().await.unwrap();
    assert_eq!(rest(&mut socket).await, b"last");
    running.stop().await;
}

#[tokio::test]
async fn more_than_the_buffers_hold_passes() {
    let running = run(config(service(Target::Tcp(echo().await), &["", ""]), 1)).await;
    let (mut read, mut write) = running.connect().await.into_split();
    let sent: Vec<u8> = (0..8_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let expected = sent.clone();
    let writing = tokio::spawn(async move {
        write.write_all(&sent).await.unwrap();
        write
    });
    // A reader that is slow at first, so that the buffers fill.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut got = vec![0; expected.len()];
    tokio::time::timeout(Duration::from_secs(60), read.read_exact(&mut got)).await.unwrap().unwrap();
    assert!(got == expected);
    drop(writing.await.unwrap());
    running.stop().await;
}

/// Fails when it sees an exclamation mark first.
const FRAGILE: &str = r#"(import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))
    (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
        (drop (call $get (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 4)))
        (if (i32.eq (i32.load8_u (i32.load (i32.const 0))) (i32.const 33)) (then unreachable))
        (i32.const 0))"#;

#[tokio::test]
async fn a_filter_that_fails_closes_its_connections_and_starts_again() {
    let running = run(config(service(Target::Tcp(echo().await), &[FRAGILE]), 1)).await;
    let (mut victim, mut other) = (running.connect().await, running.connect().await);
    assert_eq!(says(&mut other, b"one").await, b"one");
    victim.write_all(b"!").await.unwrap();
    assert_eq!(rest(&mut victim).await, b"");
    assert_eq!(rest(&mut other).await, b"", "it passed the same filter");
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let mut again = running.connect().await;
        if again.write_all(b"two").await.is_ok() {
            let mut answer = [0; 3];
            if again.read_exact(&mut answer).await.is_ok() {
                assert_eq!(answer, *b"two");
                break;
            }
        }
        assert!(Instant::now() < deadline, "it did not start again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(running.metrics.value("gatewright_filter_failures_total{kind=\"trap\"}"), Some(1));
    assert_eq!(running.metrics.value("gatewright_filter_restarts_total"), Some(1));
    running.stop().await;
}

#[tokio::test]
async fn workers_do_not_share_a_failure() {
    let running = run(config(service(Target::Tcp(echo().await), &[FRAGILE]), 2)).await;
    // Dealt out to the worker that has fewer.
    let (mut victim, mut other) = (running.connect().await, running.connect().await);
    assert_eq!(says(&mut other, b"one").await, b"one");
    assert_eq!(says(&mut victim, b"one").await, b"one");
    victim.write_all(b"!").await.unwrap();
    assert_eq!(rest(&mut victim).await, b"");
    assert_eq!(says(&mut other, b"two").await, b"two");
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_closes_the_client() {
    let (_kept, nobody) = reserved();
    let running = run(config(service(Target::Tcp(nobody), &[""]), 1)).await;
    assert_eq!(rest(&mut running.connect().await).await, b"");
    running.stop().await;
}

#[tokio::test]
async fn connections_may_end_before_the_proxy_does() {
    let mut config = config(service(Target::Tcp(echo().await), &[""]), 2);
    config.drain = Duration::from_secs(300);
    let running = run(config).await;
    let mut socket = running.connect().await;
    assert_eq!(says(&mut socket, b"one").await, b"one");
    let address = running.address;
    running.stop.send(()).unwrap();
    until_nobody_listens(address).await;
    assert_eq!(says(&mut socket, b"two").await, b"two");
    drop(socket);
    tokio::time::timeout(Duration::from_secs(60), running.ended).await.expect("all have ended").unwrap();
}

#[tokio::test]
async fn when_the_drain_time_is_over_connections_are_closed() {
    let running = run(config(service(Target::Tcp(echo().await), &[""]), 1)).await;
    let mut socket = running.connect().await;
    assert_eq!(says(&mut socket, b"one").await, b"one");
    let ended = tokio::spawn(running.stop());
    assert_eq!(rest(&mut socket).await, b"");
    tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_filter_that_refuses_its_configuration_does_not_start() {
    let refuses = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0))"#;
    let config = config(service(Target::Tcp(echo().await), &[refuses]), 1);
    let started = Proxy::start(config, Metrics::new()).await;
    assert!(matches!(started, Err(StartError::Filter(..))), "{started:?}");
}

/// Calls `other` when a connection comes, and `host` at each tick; says the status of an answer to the server.
const CALLER: &str = r#"
    (import "env" "proxy_http_call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_header_map_value" (func $header (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_set_effective_context" (func $act_on (param i32) (result i32)))
    (import "env" "proxy_set_buffer_bytes" (func $set (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_continue_stream" (func $resume (param i32) (result i32)))
    (data (i32.const 100) "host")
    (data (i32.const 110) "other")
    (data (i32.const 120) ":status")
    (data (i32.const 200) "\03\00\00\00\07\00\00\00\03\00\00\00\05\00\00\00\01\00\00\00\0a\00\00\00\01\00\00\00:method\00GET\00:path\00/\00:authority\00h\00")
    (global $stream (mut i32) (i32.const 0))
    (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
        (global.set $stream (local.get 0))
        (if (i32.ne (call $call (i32.const 110) (i32.const 5) (i32.const 200) (i32.const 61) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const 300) (i32.const 16)) (i32.const 2)) (then unreachable))
        (if (call $call (i32.const 100) (i32.const 4) (i32.const 200) (i32.const 61) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const 300) (i32.const 16)) (then unreachable))
        (i32.const 1))
    (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
        (drop (call $act_on (global.get $stream)))
        (i32.store (i32.const 0) (i32.const 120))
        (if (call $header (i32.const 6) (i32.const 120) (i32.const 7) (i32.const 0) (i32.const 4))
            (then (i32.store (i32.const 4) (i32.const 0)) (i32.store (i32.const 0) (i32.const 100))
                (i32.store (i32.const 4) (i32.const 3))))
        (if (call $set (i32.const 2) (i32.const 0) (i32.const -1) (i32.load (i32.const 0)) (i32.load (i32.const 4)))
            (then unreachable))
        (drop (call $resume (i32.const 2))))"#;

/// The same, waiting for a minute and not for 300 ms.
fn patient() -> String {
    CALLER.replace("(i32.const 300)", "(i32.const 60000)")
}

/// An HTTP server that answers so.
async fn answers(answer: &'static [u8], after: Duration) -> SocketAddr {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = socket.read(&mut request).await;
            tokio::time::sleep(after).await;
            let _ = socket.write_all(answer).await;
        }
    });
    address
}

#[tokio::test]
async fn calls_are_answered_whatever_becomes_of_them() {
    let (_kept, nobody) = reserved();
    let fine = b"HTTP/1.1 204 No Content\r\n\r\n";
    let cases = [
        ("204", answers(fine, Duration::ZERO).await),
        ("504", answers(fine, Duration::from_secs(3_600)).await),
        ("503", nobody),
        // An answer that breaks off has no status: the filter says `hos` then.
        ("hos", answers(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx", Duration::ZERO).await),
    ];
    for (expected, host) in cases {
        // What is answered has all the time that it needs.
        let caller = if expected == "504" { CALLER.to_owned() } else { patient() };
        let mut config = config(service(Target::Tcp(echo().await), &[&caller]), 1);
        config.clusters.insert("host".to_owned(), host);
        let running = run(config).await;
        let mut socket = running.connect().await;
        assert_eq!(String::from_utf8_lossy(&says(&mut socket, b"abc").await), expected);
        running.stop().await;
    }
}

#[tokio::test]
async fn an_answer_to_a_filter_that_failed_is_not_given_to_the_next_one() {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let host = listener.local_addr().unwrap();
    // Whoever calls is kept waiting.
    let calls = Arc::new(Mutex::new(Vec::new()));
    let kept = calls.clone();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            kept.lock().unwrap().push(socket);
        }
    });
    // Fails at a client that says nothing and goes.
    let fragile = patient().replace(
        "(global.set $stream (local.get 0))",
        "(if (local.get 2) (then unreachable)) (global.set $stream (local.get 0))",
    );
    let mut config = config(service(Target::Tcp(echo().await), &[&fragile]), 1);
    config.clusters.insert("host".to_owned(), host);
    let running = run(config).await;
    let mut first = running.connect().await;
    first.write_all(b"abc").await.unwrap();
    until("the first call", || calls.lock().unwrap().len() == 1).await;
    drop(running.connect().await);
    assert_eq!(rest(&mut first).await, b"");
    let restarts = || running.metrics.value("gatewright_filter_restarts_total");
    until("it starts again", || restarts() == Some(1)).await;
    let mut second = running.connect().await;
    second.write_all(b"abc").await.unwrap();
    until("the second call", || calls.lock().unwrap().len() == 2).await;
    // Only the first one is answered.
    let mut call = calls.lock().unwrap().remove(0);
    call.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(1), second.read_u8()).await;
    assert!(answer.is_err(), "{answer:?}");
    running.stop().await;
}
