//! Another configuration in the place of the one that is served.
#![allow(missing_docs, reason = "a test")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gatewright_runner::proxy::{Config, HttpOptions, Protocol, StartError, Target};
use support::running::{self, LOOPBACK, Running, config, reserved, rest, says, until, until_nobody_listens};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A server that says its name, then what it hears.
async fn server(name: &'static str) -> Target {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = socket.write_all(name.as_bytes()).await;
                let (mut read, mut write) = socket.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    Target::Tcp(address)
}

fn to(target: &Target) -> Config {
    config(running::service(target.clone(), Protocol::Tcp, &[""]), 2)
}

/// A connection, and the name of the server that it came to.
async fn arrive(running: &Running) -> (TcpStream, String) {
    let mut socket = running.connect().await;
    let mut name = [0; 3];
    tokio::time::timeout(Duration::from_secs(30), socket.read_exact(&mut name)).await.unwrap().unwrap();
    (socket, String::from_utf8_lossy(&name).into_owned())
}

#[tokio::test]
async fn new_connections_go_by_the_new_configuration_and_old_ones_go_on() {
    let (one, two) = (server("one").await, server("two").await);
    let running = Running::start(to(&one)).await;
    let (mut before, name) = arrive(&running).await;
    assert_eq!(name, "one");
    // Those who come meanwhile are served by the one or the other, and nobody is sent away.
    let address = running.address;
    let (quit, mut quitting) = tokio::sync::oneshot::channel::<()>();
    let served = Arc::new(AtomicUsize::new(0));
    let count = served.clone();
    let comers = tokio::spawn(async move {
        while quitting.try_recv().is_err() {
            let mut socket = TcpStream::connect(address).await.expect("somebody listens");
            let mut name = [0; 3];
            socket.read_exact(&mut name).await.expect("somebody serves");
            assert!([b"one", b"two"].contains(&&name), "{name:?}");
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let addresses = running.control.reload(to(&two)).await.unwrap();
    assert_eq!(addresses, [address], "it was not let go of");
    let (mut after, name) = arrive(&running).await;
    assert_eq!(name, "two");
    assert_eq!(says(&mut before, b"still here").await, b"still here");
    assert_eq!(says(&mut after, b"here too").await, b"here too");
    until("more than ten come", || served.load(Ordering::Relaxed) > 10).await;
    quit.send(()).unwrap();
    comers.await.unwrap();
    // And back, with connections of two earlier configurations.
    running.control.reload(to(&one)).await.unwrap();
    assert_eq!(arrive(&running).await.1, "one");
    assert_eq!(says(&mut before, b"still here").await, b"still here");
    assert_eq!(says(&mut after, b"here too").await, b"here too");
    // All of them end when the proxy does.
    let ended = tokio::spawn(running.stop());
    assert_eq!((rest(&mut before).await, rest(&mut after).await), (Vec::new(), Vec::new()));
    tokio::time::timeout(Duration::from_secs(60), ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_cannot_be_served_changes_nothing() {
    let one = server("one").await;
    let running = Running::start(to(&one)).await;
    let (mut before, _) = arrive(&running).await;
    let refuses = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0))"#;
    let filter = config(running::service(one.clone(), Protocol::Tcp, &[refuses]), 1);
    let taken = TcpListener::bind(LOOPBACK).await.unwrap();
    let mut elsewhere = to(&one);
    elsewhere.services[0].listen = taken.local_addr().unwrap();
    let mut twice = to(&one);
    twice.services[0].listen = running.address;
    twice.services.push(twice.services[0].clone());
    for (wrong, filter) in [(filter, true), (elsewhere, false), (twice, false)] {
        let refused = running.control.reload(wrong).await;
        assert_eq!(matches!(refused, Err(StartError::Filter(..))), filter, "{refused:?}");
        assert!(refused.is_err());
        assert_eq!(arrive(&running).await.1, "one");
        assert_eq!(says(&mut before, b"still here").await, b"still here");
    }
    running.stop().await;
}

#[tokio::test]
async fn an_address_that_is_not_served_any_more_is_let_go_of() {
    let one = server("one").await;
    let running = Running::start(to(&one)).await;
    let (mut before, _) = arrive(&running).await;
    let (_kept, free) = reserved();
    let mut moved = to(&one);
    moved.services[0].listen = free;
    assert_eq!(running.control.reload(moved).await.unwrap(), [free]);
    until_nobody_listens(running.address).await;
    TcpStream::connect(free).await.expect("somebody listens here");
    assert_eq!(says(&mut before, b"still here").await, b"still here");
    running.stop().await;
}

#[tokio::test]
async fn only_so_many_earlier_configurations_are_kept() {
    let one = server("one").await;
    let mut config = to(&one);
    // Each counts its own.
    config.workers = 1;
    let running = Running::start(config).await;
    let (mut first, _) = arrive(&running).await;
    let (mut second, mut reloads) = (None, 0);
    while reloads < 9 {
        running.control.reload(to(&one)).await.unwrap();
        reloads += 1;
        if reloads == 1 {
            second = Some(arrive(&running).await.0);
        }
        // Without a connection an earlier configuration is not kept at all: each of them needs one.
        std::mem::forget(arrive(&running).await);
    }
    assert_eq!(rest(&mut first).await, b"", "of nine reloads ago");
    assert_eq!(says(&mut second.unwrap(), b"still here").await, b"still here");
    running.stop().await;
}

#[tokio::test]
async fn connections_of_http_end_with_their_request() {
    let service =
        || running::service(Target::Tcp(echo_http()), Protocol::Http(HttpOptions::default()), &[""]);
    let running = Running::start(config(service(), 1)).await;
    let mut socket = running.connect().await;
    let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    socket.write_all(request).await.unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 204");
    running.control.reload(config(service(), 1)).await.unwrap();
    let left = rest(&mut socket).await;
    assert!(left.starts_with(b" No Content"), "{left:?}");
    let mut again = running.connect().await;
    again.write_all(request).await.unwrap();
    again.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 204");
    running.stop().await;
}

/// A frame of HTTP/2 (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let size = u8::try_from(payload.len()).unwrap();
    [&[0, 0, size, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// Whether GOAWAY, a frame of type 7, is among these whole frames.
fn has_goaway(mut frames: &[u8]) -> bool {
    while let Some((head, rest)) = frames.split_at_checked(9) {
        let size = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let Some((_, next)) = rest.split_at_checked(size) else { return false };
        if head[3] == 7 {
            return true;
        }
        frames = next;
    }
    false
}

/// A client of HTTP/2 that knows nothing of going away: it answers no frame at all.
#[tokio::test]
async fn a_client_that_does_not_hear_goaway_ends_and_gets_nothing_more() {
    let service =
        || running::service(Target::Tcp(echo_http()), Protocol::Http(HttpOptions::default()), &[""]);
    let running = Running::start(config(service(), 1)).await;
    let mut socket = running.connect().await;
    // `:method: GET`, `:scheme: http`, `:path: /`, `:authority: x` (RFC 7541, appendix A); the request ends with its head.
    let get = |stream| frame(1, 5, stream, &[0x82, 0x86, 0x84, 0x41, 1, b'x']);
    let begin = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, &[]), get(1)].concat();
    socket.write_all(&begin).await.unwrap();
    // Head of the answer: type 1, stream 1, `:status: 204`.
    let mut heard = Vec::new();
    let head = |heard: &[u8]| heard.windows(7).any(|part| part == [1, 5, 0, 0, 0, 1, 0x89]);
    while !head(&heard) {
        let read = tokio::time::timeout(Duration::from_secs(30), socket.read_buf(&mut heard)).await;
        assert!(read.unwrap().unwrap() > 0, "{heard:?}");
    }
    assert_eq!(running.metrics.value("gatewright_requests_total"), Some(1));
    running.control.reload(config(service(), 1)).await.unwrap();
    while !has_goaway(&heard) {
        let read = tokio::time::timeout(Duration::from_secs(30), socket.read_buf(&mut heard)).await;
        assert!(read.unwrap().unwrap() > 0, "{heard:?}");
    }
    socket.write_all(&get(3)).await.unwrap();
    let left = tokio::time::timeout(Duration::from_secs(60), socket.read_to_end(&mut heard)).await;
    left.expect("the connection ends").unwrap_or_default();
    assert_eq!(running.metrics.value("gatewright_requests_total"), Some(1), "it passed no filter");
    assert_eq!(running.metrics.value("gatewright_requests_refused_total"), Some(1));
    // The client hears of its end a moment before it is counted.
    until("no connection is left", || running.metrics.value("gatewright_connections") == Some(0)).await;
    running.stop().await;
}

/// A server that answers every request.
fn echo_http() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind(LOOPBACK).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                while let Ok(1..) = socket.read(&mut request).await {
                    let _ = socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
                }
            });
        }
    });
    address
}
