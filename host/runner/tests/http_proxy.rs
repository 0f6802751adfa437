//! The data plane of HTTP, with real sockets and small filters.
#![allow(missing_docs, reason = "a test")]

#[path = "support/answer.rs"]
mod answer;
mod support;

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use gatewright_runner::proxy::{Config, HttpOptions, Protocol, Service, Target};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use support::running::{self, LOOPBACK, Running, reserved, until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const PATIENCE: Duration = Duration::from_secs(30);

/// Tells the head that it got, in a header for each field, and gives the body back.
async fn mirror(request: Request<Incoming>) -> Result<Response<Incoming>, Infallible> {
    let (head, body) = request.into_parts();
    let mut response = Response::builder()
        .header("got-method", head.method.as_str())
        .header("got-version", format!("{:?}", head.version))
        .header("got-path", head.uri.path_and_query().map_or("", |path| path.as_str()));
    if let Some(authority) = head.uri.authority() {
        response = response.header("got-host", authority.as_str());
    }
    for (name, value) in &head.headers {
        response = response.header(format!("got-{name}"), value);
    }
    Ok(response.body(body).expect("a response"))
}

/// A server of HTTP/1.1 and HTTP/2.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(TokioIo::new(socket), service_fn(mirror)).await;
            });
        }
    });
    address
}

fn service(upstream: SocketAddr, filters: &[&str], upstream_http2: bool) -> Service {
    running::service(Target::Tcp(upstream), Protocol::Http(HttpOptions { upstream_http2 }), filters)
}

async fn run(service: Service) -> Running {
    let drain = Duration::from_secs(5);
    Running::start(Config { services: vec![service], clusters: HashMap::new(), workers: 1, drain }).await
}

async fn start(filters: &[&str]) -> Running {
    run(service(server().await, filters, false)).await
}

/// What the proxy answers to the request that these bytes are.
async fn says(address: SocketAddr, text: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(text.as_bytes()).await.unwrap();
    answered(&mut socket, 1, !text.starts_with("HEAD ")).await
}

async fn heard(socket: &mut TcpStream) -> String {
    answered(socket, 1, true).await
}

/// What comes until so many answers are whole; `|` is the end of the connection, if it comes before that.
async fn answered(socket: &mut TcpStream, mut answers: usize, with_body: bool) -> String {
    let (mut all, mut at) = (Vec::new(), 0);
    while answers > 0 {
        if let Some((length, is_last)) = answer::length(&all[at..], with_body) {
            at += length;
            answers -= usize::from(is_last);
            continue;
        }
        let read = tokio::time::timeout(PATIENCE, socket.read_buf(&mut all)).await;
        let read = read.unwrap_or_else(|_| panic!("it goes on: {}", String::from_utf8_lossy(&all)));
        if !matches!(read, Ok(1..)) {
            all.push(b'|');
            return String::from_utf8(all).unwrap();
        }
    }
    let all = String::from_utf8(all).unwrap();
    assert_eq!(all.len(), at, "something is behind the answer: {all}");
    all
}

#[tokio::test]
async fn requests_pass_as_they_were_sent_and_connections_are_used_again() {
    for filters in [&[][..], &[""], &["", ""]] {
        let running = start(filters).await;
        let mut socket = TcpStream::connect(running.address).await.unwrap();
        for _ in 0..3 {
            let head = "GET /a/../%2e//b?c=%41;d HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 1.2.3.4\r\n\
                X-Forwarded-Proto: https\r\nX-Request-Id: mine\r\nX-Envoy-Internal: true\r\nKeep-Alive: 1\r\n\
                Connection: x-hop, keep-alive\r\nX-Hop: 1\r\nTE: gzip\r\nExpect: 100-continue\r\n\r\n";
            socket.write_all(head.as_bytes()).await.unwrap();
            let answer = heard(&mut socket).await;
            for expected in [
                "HTTP/1.1 200 OK\r\n",
                "got-path: /a/../%2e//b?c=%41;d\r\n",
                "got-host: shop.example\r\n",
                "got-x-forwarded-for: 1.2.3.4,127.0.0.1\r\n",
                "got-x-forwarded-proto: http\r\n",
                "got-version: HTTP/1.1\r\n",
                "content-length: 0\r\n",
            ] {
                assert!(answer.contains(expected), "{expected} is not in {answer}");
            }
            for field in
                ["x-hop", "got-te", "got-keep-alive", "got-connection", "got-expect", "x-envoy", "mine"]
            {
                assert!(!answer.contains(field), "{field} in {answer}");
            }
            let id = answer.split("got-x-request-id: ").nth(1).unwrap().split('\r').next().unwrap();
            assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'), "{id}");
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn bodies_of_any_framing_pass() {
    let running = start(&[""]).await;
    let chunked = "transfer-encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n";
    // Of two lengths the one by chunks counts, and the other does not go on (RFC 9112 section 6.3).
    let both = format!("content-length: 1\r\n{chunked}");
    for (post, framed) in [
        ("content-length: 4\r\n\r\nabcd", "got-content-length: 4"),
        (chunked, "got-transfer-encoding: chunked"),
        (&both, "got-transfer-encoding: chunked"),
    ] {
        let answer = says(running.address, &format!("POST / HTTP/1.1\r\nhost: h\r\n{post}")).await;
        assert!(answer.contains(framed) && answer.contains("ab") && answer.contains("cd"), "{answer}");
        assert_eq!(answer.matches("got-content-length").count() + answer.matches("got-transfer").count(), 1);
    }
    let head = says(running.address, "HEAD / HTTP/1.1\r\nhost: h\r\n\r\n").await;
    assert!(head.contains("got-method: HEAD") && head.ends_with("\r\n\r\n"), "{head}");
    // One is answered after the other.
    let get = "GET /1 HTTP/1.1\r\nhost: h\r\n\r\n";
    let mut socket = TcpStream::connect(running.address).await.unwrap();
    socket.write_all([get, &get.replace(" /1", " /2")].concat().as_bytes()).await.unwrap();
    let both = answered(&mut socket, 2, true).await;
    let places = ["got-path: /1", "got-path: /2"].map(|path| both.find(path).expect(&both));
    assert!(places[0] < places[1], "{both}");
    running.stop().await;
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused() {
    let running = start(&[
        "(func (export \"proxy_on_context_create\") (param i32 i32) (if (local.get 1) (then unreachable)))",
    ])
    .await;
    for (text, status) in [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: \r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", 400),
        ("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, gzip\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nhost: a\r\n\r\n", 426),
        ("CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", 403),
        ("GET *  HTTP/1.1\r\nhost: a\r\n\r\n", 400),
        ("OPTIONS x HTTP/1.1\r\nhost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nhost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: a\r\n folded\r\n\r\n", 400),
    ] {
        let answer = says(running.address, text).await;
        assert!(answer.contains(&format!(" {status} ")), "{text:?}: {answer}");
    }
    assert_eq!(running.metrics.value("gatewright_filter_failures_total{kind=\"trap\"}"), None);
    running.stop().await;
}

async fn http2(address: SocketAddr) -> hyper::client::conn::http2::SendRequest<Full<Bytes>> {
    let socket = TcpStream::connect(address).await.unwrap();
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    sender
}

#[tokio::test]
async fn http2_on_either_side() {
    for upstream in [false, true] {
        let running = run(service(server().await, &[""], upstream)).await;
        let mut sender = http2(running.address).await;
        let requests = (0..20).map(|number| {
            let request = Request::post(format!("http://shop.example/{number}?x"))
                .header("cookie", "a=1")
                .header("cookie", "b=2")
                .body(Full::new(Bytes::from(vec![b'x'; 100_000])));
            sender.send_request(request.unwrap())
        });
        let requests: Vec<_> = requests.collect();
        for (number, request) in requests.into_iter().enumerate() {
            let response = tokio::time::timeout(PATIENCE, request).await.unwrap().unwrap();
            let header = |name| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
            assert_eq!(header("got-path"), format!("/{number}?x"));
            assert_eq!(header("got-host"), "shop.example");
            assert_eq!(header("got-cookie"), "a=1; b=2");
            assert_eq!(header("got-version"), if upstream { "HTTP/2.0" } else { "HTTP/1.1" });
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 100_000);
        }
        if upstream {
            let answer = says(running.address, "GET / HTTP/1.1\r\nhost: h\r\n\r\n").await;
            assert!(answer.contains("got-version: HTTP/2.0") && answer.contains("got-host: h"), "{answer}");
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn more_than_the_buffers_hold_passes_and_waits_for_the_reader() {
    let running = start(&["", ""]).await;
    let (mut read, mut write) = TcpStream::connect(running.address).await.unwrap().into_split();
    let sent: Vec<u8> = (0..64_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let head = format!("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n", sent.len());
    let expected = sent.clone();
    let writing = tokio::spawn(async move {
        write.write_all(head.as_bytes()).await.unwrap();
        write.write_all(&sent).await.unwrap();
        write
    });
    // A reader that is slow at first, so that the buffers fill.
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(!writing.is_finished(), "somebody keeps it all");
    let (mut got, mut buffer, mut body) = (Vec::new(), vec![0; 1 << 20], None);
    while body.is_none_or(|at| got.len() < at + expected.len()) {
        let read = tokio::time::timeout(PATIENCE, read.read(&mut buffer)).await.unwrap().unwrap();
        assert!(read > 0, "it broke off after {} bytes", got.len());
        got.extend_from_slice(&buffer[..read]);
        body = body.or_else(|| got.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4));
    }
    drop(writing.await.unwrap());
    assert!(got[body.unwrap()..] == expected);
    running.stop().await;
}

/// Fails where the request's method has four letters.
const FRAGILE: &str = r#"(import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
    (data (i32.const 100) ":method")
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (drop (call $get (i32.const 0) (i32.const 100) (i32.const 7) (i32.const 0) (i32.const 4)))
        (if (i32.eq (i32.load (i32.const 4)) (i32.const 4)) (then unreachable))
        (i32.eqz (local.get 2)))
    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 1))"#;

#[tokio::test]
async fn a_filter_that_fails_fails_its_requests_and_starts_again() {
    let running = start(&[FRAGILE]).await;
    let mut waits = TcpStream::connect(running.address).await.unwrap();
    waits.write_all(b"PUT / HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\nab").await.unwrap();
    until("it is with the filter", || running.metrics.value("gatewright_requests") == Some(1)).await;
    let answer = says(running.address, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n").await;
    assert!(answer.contains(" 503 "), "{answer}");
    assert!(heard(&mut waits).await.contains(" 503 "), "the others of the worker fail, too");
    let restarts = || running.metrics.value("gatewright_filter_restarts_total");
    until("it starts again", || restarts() == Some(1)).await;
    let answer = says(running.address, "GET / HTTP/1.1\r\nhost: h\r\n\r\n").await;
    assert!(answer.contains(" 200 "), "{answer}");
    assert_eq!(running.metrics.value("gatewright_filter_failures_total{kind=\"trap\"}"), Some(1));
    until("no request is left", || running.metrics.value("gatewright_requests") == Some(0)).await;
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_or_breaks_off() {
    let (_kept, nobody) = reserved();
    let running = run(service(nobody, &[""], false)).await;
    let answer = says(running.address, "GET / HTTP/1.1\r\nhost: h\r\n\r\n").await;
    assert!(answer.contains(" 503 ") && answer.contains("upstream connect error"), "{answer}");
    running.stop().await;

    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for said in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", "nonsense"] {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 1024]).await;
            socket.write_all(said.as_bytes()).await.unwrap();
        }
    });
    let running = run(service(address, &[""], false)).await;
    let get = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";
    assert!(says(running.address, get).await.contains(" 503 "));
    let cut = says(running.address, get).await;
    assert!(cut.contains(" 200 ") && cut.ends_with("abc|"), "{cut}");
    assert!(says(running.address, get).await.contains(" 503 "));
    running.stop().await;
}

#[tokio::test]
async fn an_answer_before_the_request_has_ended_arrives() {
    let answers = r#"
        (import "env" "proxy_send_local_response" (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (drop (call $reply (i32.const 413) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const -1)))
            (i32.const 1))"#;
    let running = start(&[answers]).await;
    for _ in 0..20 {
        let mut socket = TcpStream::connect(running.address).await.unwrap();
        let head = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 4000000\r\n\r\n";
        socket.write_all(head).await.unwrap();
        let _ = socket.write_all(&vec![b'x'; 4_000_000]).await;
        let answer = heard(&mut socket).await;
        assert!(answer.contains(" 413 "), "{answer}");
    }
    running.stop().await;
}

/// Counts what ends, where one may look.
const COUNTS: &str = r#"(import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
    (data (i32.const 100) "over")
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))
    (func (export "proxy_on_log") (param i32)
        (drop (call $define (i32.const 0) (i32.const 100) (i32.const 4) (i32.const 0)))
        (drop (call $increment (i32.load (i32.const 0)) (i64.const 1))))"#;

#[tokio::test]
async fn filters_hear_of_clients_that_leave() {
    let running = start(&[COUNTS]).await;
    let mut socket = TcpStream::connect(running.address).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    let mut sender = http2(running.address).await;
    let request = sender.send_request(Request::get("http://h/").body(Full::default()).unwrap());
    let request = tokio::spawn(request);
    until("both wait", || running.metrics.value("gatewright_requests") == Some(2)).await;
    request.abort();
    let over = |wanted| running.metrics.value("over") == Some(wanted);
    until("one of HTTP/2 is over when nobody waits for it", || over(1)).await;
    drop(socket);
    until("one of HTTP/1.1 is over when its client leaves", || over(2)).await;
    until("no request is left", || running.metrics.value("gatewright_requests") == Some(0)).await;
    running.stop().await;
}

#[tokio::test]
async fn connections_that_are_idle_end_with_the_proxy() {
    let services = vec![service(server().await, &[""], false)];
    let drain = Duration::from_secs(300);
    let running = Running::start(Config { services, clusters: HashMap::new(), workers: 1, drain }).await;
    let mut socket = TcpStream::connect(running.address).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    assert!(heard(&mut socket).await.contains(" 200 "));
    let mut sender = http2(running.address).await;
    let request = || Request::get("http://h/").body(Full::default()).unwrap();
    assert_eq!(sender.send_request(request()).await.unwrap().status(), StatusCode::OK);
    let begun = tokio::time::Instant::now();
    running.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    assert_eq!(heard(&mut socket).await, "|");
}
